"""Columns of times become microseconds since 1970 in UTC, without a Python object for any row.

In: an Arrow array of timestamps, dates or text. Out: int64 of shape (n,), `UNKNOWN` where there is
no time that can be read. Text is ISO 8601, extended or basic (`20220101T101010`), as
`eex.extent.periods` reads it; or a product's name that has a date in it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN = np.iinfo(np.int64).min
"""Stands for no time."""

DAY = 86_400_000_000
"""Microseconds."""

WIDTH = 40
"""Characters of a text that is read as a time; a longer one is none."""

NAME_WIDTH = 96
"""Characters of a product's name in which a date is looked for."""

MOST_FRACTION = 9
"""Digits of a fraction of a second that are read."""

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FAR = 2**62

Chars = NDArray[np.uint8]
"""Shape (n, width): the bytes of a text in each row, 0 after its end."""

Numbers = NDArray[np.int64]


def instants(array: pa.Array, *, names: bool = False) -> Numbers:
    """Return when each row is, microseconds since 1970 in UTC; a date is its first moment.

    Args:
        array: Timestamps (of UTC where they have no zone), dates, or text, also dictionary-encoded.
        names: Texts are names of products, in which the first date counts:
            `S2A_MSIL2A_20220101T101010_...`.
    """
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        told = np.append(instants(array.dictionary, names=names), UNKNOWN)
        return told[_filled(array.indices.cast(pa.int64()), len(told) - 1)]
    if pa.types.is_timestamp(kind):
        return _scaled(array, _PER_SECOND[kind.unit])
    if pa.types.is_date32(kind):
        days = _filled(array.cast(pa.int32()).cast(pa.int64()), UNKNOWN)
        return np.where(days == UNKNOWN, UNKNOWN, days * DAY)
    if pa.types.is_date64(kind):
        return _scaled(array, _PER_SECOND["ms"])
    chars, length = _characters(array, NAME_WIDTH if names else WIDTH)
    return _in_names(chars, length) if names else _of_texts(chars, length)


def _filled(array: pa.Array, instead: int) -> Numbers:
    return np.asarray(array.fill_null(instead).to_numpy(zero_copy_only=False), np.int64)


def _scaled(array: pa.Array, per_second: int) -> Numbers:
    import pyarrow as pa

    counts = _filled(array.cast(pa.int64()), UNKNOWN)
    if per_second > 10**6:
        scaled = counts // (per_second // 10**6)
    else:
        factor = 10**6 // per_second
        scaled = np.where(np.abs(counts) < _FAR // factor, counts, 0) * factor
        counts = np.where(np.abs(counts) < _FAR // factor, counts, UNKNOWN)
    return np.where(counts == UNKNOWN, UNKNOWN, scaled)


def _characters(array: pa.Array, width: int) -> tuple[Chars, Numbers]:
    """Return texts as bytes in rows, and how long each is: 0 where there is none."""
    import pyarrow as pa

    if not pa.types.is_string(array.type) and not pa.types.is_large_string(array.type):
        array = array.cast(pa.string())
    count = len(array)
    _, ends, data = array.buffers()
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    offsets: NDArray[Any] = np.zeros(1, np.int64)
    if count:
        offsets = np.frombuffer(ends, kind)[array.offset : array.offset + count + 1]
    start = offsets[:-1].astype(np.int64)
    length = np.diff(offsets).astype(np.int64)
    if array.null_count:
        length[array.is_null().to_numpy(zero_copy_only=False)] = 0
    size = int(offsets[-1])
    if not size or not length.any():
        return np.zeros((count, width), np.uint8), length
    text = np.frombuffer(data, np.uint8, size)
    places = np.zeros((width, count), np.uint8)  # one after another, since they are read that way
    each = int(length[0])
    if 0 < each <= width and size - start[0] == each * count and (length == each).all():
        places[:each] = text[start[0] :].reshape(count, each).T
    else:
        for place in range(min(width, int(length.max()))):
            there = length > place
            places[place] = np.where(there, text[np.where(there, start + place, 0)], 0)
    return places.T, length


def _of_texts(chars: Chars, length: Numbers) -> Numbers:
    """Read ISO 8601; each of four layouts has its digits at fixed places."""
    times = np.full(len(chars), UNKNOWN)
    dashed = chars[:, 4] == ord("-")
    colons = np.where(dashed, chars[:, 13], chars[:, 11]) == ord(":")
    for dash in (False, True):
        for colon in (False, True):
            rows = np.flatnonzero((dashed == dash) & (colons == colon) & (length <= WIDTH))
            if len(rows) == len(chars):
                return _of_layout(chars, length, dash=dash, colon=colon)
            if len(rows):
                times[rows] = _of_layout(chars[rows], length[rows], dash=dash, colon=colon)
    return times


def _of_layout(chars: Chars, length: Numbers, *, dash: bool, colon: bool) -> Numbers:
    """Read texts of one layout.

    Args:
        chars: Shape (n, width).
        length: Shape (n,).
        dash: Dates are 2022-01-01, else 20220101.
        colon: Times are 10:10:10, else 101010.
    """
    digits = chars - np.uint8(ord("0"))
    hour_at = 11 if dash else 9
    minute_at = hour_at + 2 + colon
    second_at = minute_at + 2 + colon
    dot_at = second_at + 2
    end, shift = _without_zone(chars, length, hour_at + 2)
    known = np.ones(len(chars), np.bool_)

    def number(at: int, *, sign: str = "", default: int = 0) -> NDArray[np.uint8]:
        """Read two digits after a sign; texts that end before them have none."""
        nonlocal known
        tens, ones = digits[:, at], digits[:, at + 1]
        good = (end >= at + 2) & (tens < 10) & (ones < 10)  # noqa: PLR2004
        if sign:
            good &= chars[:, at - 1] == ord(sign)
        absent = end <= at - len(sign)
        known &= good | absent
        return np.where(absent, np.uint8(default), tens * np.uint8(10) + ones)

    dashes, colons = "-" * dash, ":" * colon
    century, year = number(0), number(2)
    month = number(4 + dash, sign=dashes, default=1)
    day = number(6 + 2 * dash, sign=dashes, default=1)
    if not dash:
        known &= end != 6  # noqa: PLR2004 - 202203 could as well be 20-22-03
    hour = number(hour_at)
    separator = chars[:, hour_at - 1]
    known &= (
        (separator == ord("T"))
        | (separator == ord(" "))
        | (separator == ord("t"))
        | (end <= hour_at - 1)
    )
    known &= end != hour_at
    minute, second = number(minute_at, sign=colons), number(second_at, sign=colons)
    fraction, good = _fraction(chars, digits, end, dot_at)
    known &= good & (end >= 4)  # noqa: PLR2004
    known &= (hour < 24) & (minute < 60) & (second <= 60)  # noqa: PLR2004 - 60 is a leap second
    days, there = _days(century.astype(np.int32) * 100 + year, month, day)
    seconds = (hour.astype(np.int32) * 60 + minute) * 60 + second
    moment = days * DAY + seconds.astype(np.int64) * 1_000_000 + fraction - shift
    return np.where(known & there & (shift != UNKNOWN), moment, UNKNOWN)


def _without_zone(chars: Chars, length: Numbers, least: int) -> tuple[Numbers, Numbers]:
    """Return where each text ends before its zone, and how far that is before UTC, microseconds."""
    rows = np.arange(len(chars))
    end, shift = length.copy(), np.zeros(len(chars), np.int64)
    tail = chars[:, least : max(least, int(length.max(initial=0)))]
    if not ((tail == ord("+")) | (tail == ord("-")) | ((tail | 32) == ord("z"))).any():
        return end, shift
    zulu = (length > least) & np.isin(chars[rows, np.maximum(length - 1, 0)], (ord("Z"), ord("z")))
    end[zulu] -= 1
    for size, colon in ((6, True), (5, False), (3, False)):
        at = length - size
        sign = chars[rows, np.maximum(at, 0)]
        there = np.flatnonzero((at >= least) & ((sign == ord("+")) | (sign == ord("-"))))
        if not len(there):
            continue
        zone = chars[there[:, None], at[there, None] + np.arange(size)]
        numbers = zone - np.uint8(ord("0"))
        kept = [1, 2] if size == 3 else [1, 2, 3 + colon, 4 + colon]  # noqa: PLR2004
        good = (numbers[:, kept] < 10).all(axis=1)  # noqa: PLR2004
        if colon:
            good &= zone[:, 3] == ord(":")
        wide = numbers[:, kept].astype(np.int64)
        hours = wide[:, 0] * 10 + wide[:, 1]
        minutes = wide[:, 2] * 10 + wide[:, 3] if len(kept) > 2 else 0 * hours  # noqa: PLR2004
        good &= (hours < 24) & (minutes < 60)  # noqa: PLR2004
        before = (hours * 60 + minutes) * 60_000_000 * np.where(zone[:, 0] == ord("-"), -1, 1)
        end[there] = at[there]
        shift[there] = np.where(good, before, UNKNOWN)
    return end, shift


def _fraction(
    chars: Chars, digits: Chars, end: Numbers, dot_at: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the microseconds after a full second, and where what stands there is a fraction."""
    fraction, good = np.zeros(len(chars), np.int64), np.ones(len(chars), np.bool_)
    rows = np.flatnonzero(end > dot_at)
    if not len(rows):
        return fraction, good
    last = end[rows]
    dot = chars[rows, dot_at]
    fine = ((dot == ord(".")) | (dot == ord(","))) & (last > dot_at + 1)
    fine &= last <= dot_at + 1 + MOST_FRACTION
    value = np.zeros(len(rows), np.int64)
    for place in range(MOST_FRACTION):
        at = dot_at + 1 + place
        read = at < last
        digit = digits[rows, at] if at < chars.shape[1] else np.zeros(len(rows), np.uint8)
        fine &= ~read | (digit < 10)  # noqa: PLR2004
        if place < 6:  # noqa: PLR2004 - microseconds
            value += np.where(read, digit, 0).astype(np.int64) * 10 ** (5 - place)
    fraction[rows], good[rows] = value, fine
    return fraction, good


def _in_names(chars: Chars, length: Numbers) -> Numbers:
    """Find the first `20220101T101010` in each name, or else the first day `_20220101_`."""
    times = np.full(len(chars), UNKNOWN)
    if not len(chars):
        return times
    digit = np.zeros((chars.shape[1] + 7, len(chars)), np.bool_).T  # none after the end
    digit[:, : chars.shape[1]] = (chars - np.uint8(ord("0"))) < 10  # noqa: PLR2004
    run = np.zeros(len(chars), np.uint8)  # digits in a row before this place
    moment, day = np.full(len(chars), -1), np.full(len(chars), -1)
    for place in range(min(chars.shape[1], int(length.max()) + 1)):
        rows = np.flatnonzero(run == 8)  # noqa: PLR2004
        if len(rows):
            new = rows[moment[rows] < 0]
            clock = chars[new, place] == ord("T")
            clock &= digit[new, place + 1 : place + 7].all(axis=1)
            moment[new[clock]] = place - 8
            alone = rows[~digit[rows, place] & (day[rows] < 0)]
            day[alone] = place - 8
        run = np.where(digit[:, place], np.minimum(run, 254) + np.uint8(1), np.uint8(0))
    for found, size in ((moment, 15), (day, 8)):
        rows = np.flatnonzero((found >= 0) & (times == UNKNOWN))
        if len(rows):
            text = np.zeros((len(rows), WIDTH), np.uint8)
            text[:, :size] = chars[rows[:, None], found[rows, None] + np.arange(size)]
            sizes = np.full(len(rows), size, np.int64)
            times[rows] = _of_layout(text, sizes, dash=False, colon=False)
    return times


@cache
def _first_days() -> NDArray[np.int64]:
    """Return the first day of each month of the years 1 to 9999, and of one more; since 1970."""
    months = np.arange(np.datetime64("0001-01"), np.datetime64("10000-02"))
    return months.astype("M8[D]").astype(np.int64)


def _days(
    year: NDArray[np.int32], month: NDArray[np.uint8], day: NDArray[np.uint8]
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return days since 1970, and which of them there are (proleptic Gregorian)."""
    first = _first_days()
    there = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004
    at = np.where(there, (year - 1) * 12 + month - 1, 0)
    start = first[at]
    there &= day <= first[at + 1] - start
    return start + day - 1, there


def calendar(times: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return year, month and day of known times, in UTC."""
    days = times // DAY
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    if last - first > len(days):  # else each day is worked out once, and looked up
        return _calendar(days)
    year, month, day = _calendar(np.arange(first, last + 1))
    days -= first
    return year[days], month[days], day[days]


def _calendar(days: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    dates: Any = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    since = months.astype(np.int64)
    day = (dates - months.astype("M8[D]")).astype(np.int64) + 1
    return 1970 + since // 12, since % 12 + 1, day
