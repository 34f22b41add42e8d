"""Dates as people and records write them become spans of time, and seasons days of the year.

In: ISO 8601 text. Out: microseconds since 1970 in UTC, half open; month and day as one number.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from datetime import UTC, date, datetime, timedelta

from eex.errors import BadQueryError
from eex.values import sequence, shown

OPEN = ".."
"""An end that is not given, as OGC APIs write it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where microseconds are counted from."""

FIRST, LAST = -(2**63) + 1, 2**63 - 1
"""Before and after all that there is, microseconds; the least number stands for an unknown time."""

LONGEST = 40
"""Most characters of a date."""

_DAY_LENGTH = 86_400_000_000

_ISO = re.compile(
    r"(?P<date>\d{4}(?:-\d\d(?:-\d\d)?|\d{4})?)"
    r"(?:[Tt ](?P<clock>\d\d(?:\d\d(?:\d\d)?|:\d\d(?::\d\d)?)?)"
    r"(?:[.,](?P<fraction>\d{1,9}))?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_SUCH = "Such as 2022, 2022-03, 2022-03-05 or 2022-03-05T10:30:00Z."


def check_time(value: object) -> tuple[str, str] | None:
    """Return the first and last date or instant as text; None if both are open.

    Args:
        value: Two texts, or one `START/END`; empty, `..` or None is open. One date alone is its own
            start and end.

    Raises:
        BadQueryError: If one is no date, or the last comes before the first.
    """
    start, end = _two(value, "time")
    low, high = span_of((start, end))
    if high <= low:
        message = f"The time ends with {end} before it starts with {start}."
        raise BadQueryError(message, hint="The order is first, last.")
    return (start, end) if start or end else None


def span_of(time: tuple[str, str]) -> tuple[int, int]:
    """Return a time as microseconds since 1970, half open: [start, end).

    Raises:
        BadQueryError: If one end is no date.
    """
    start, end = time
    return (instant(start)[0] if start else FIRST), (instant(end)[1] if end else LAST)


def instant(text: str) -> tuple[int, int]:
    """Return what a date or an instant covers, microseconds since 1970 in UTC, half open.

    `2022` covers the year, `2022-03-05T10` an hour, a full instant its second or fraction of one.

    Raises:
        BadQueryError: If it is neither.
    """
    match = _ISO.fullmatch(text) if len(text) <= LONGEST else None
    try:
        if match is None:
            raise ValueError  # noqa: TRY301
        return _covered(match)
    except (ValueError, OverflowError) as error:
        message = f"{shown(text)} is not a date or an instant."
        hint = f"{_SUCH} Times are in UTC where no zone is given."
        raise BadQueryError(message, hint=hint) from error


def _covered(match: re.Match[str]) -> tuple[int, int]:
    day = match["date"].replace("-", "")
    clock = (match["clock"] or "").replace(":", "")
    fraction = match["fraction"] or ""
    if (clock and len(day) < len("YYYYMMDD")) or (fraction and len(clock) < len("HHMMSS")):
        raise ValueError
    years, months, days = int(day[:4]), int(day[4:6] or 1), int(day[6:] or 1)
    hours, minutes, seconds = int(clock[:2] or 0), int(clock[2:4] or 0), int(clock[4:] or 0)
    leap = seconds == 60  # noqa: PLR2004
    moment = datetime(years, months, days, hours, minutes, seconds - leap, tzinfo=UTC)
    start = (moment - EPOCH) // timedelta(microseconds=1) + leap * 1_000_000
    start += int(fraction.ljust(6, "0")[:6] or 0)
    length = {
        "YYYY": (365 + isleap(years)) * _DAY_LENGTH,
        "YYYYMM": monthrange(years, months)[1] * _DAY_LENGTH,
        "YYYYMMDD": _DAY_LENGTH,
        "YYYYMMDDHH": 3_600_000_000,
        "YYYYMMDDHHMM": 60_000_000,
        "YYYYMMDDHHMMSS": 10 ** max(0, 6 - len(fraction)),
    }["YYYYMMDDHHMMSS"[: len(day + clock)]]
    shift = _zone(match["zone"])
    return start - shift, start - shift + length


def _zone(zone: str | None) -> int:
    """Return how far a zone is before UTC, microseconds."""
    if not zone or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004
        raise ValueError
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * 60_000_000


def check_season(value: object) -> tuple[str, str]:
    """Return the first and last day of the year as `MM-DD`; 29 February is one.

    Raises:
        BadQueryError: If one is no such day.
    """
    start, end = _two(value, "season")
    season_of((start, end))
    return start, end


def season_of(season: tuple[str, str]) -> tuple[int, int]:
    """Return the days of a season as month * 100 + day.

    Raises:
        BadQueryError: If one is no day.
    """
    first, last = (_day(text) for text in season)
    return first, last


def _day(text: str) -> int:
    match = _DAY.fullmatch(text)
    try:
        month, day = (int(number) for number in match.groups()) if match else (0, 0)
        date(2000, month, day)  # which has 29 February
    except ValueError as error:
        message = f"{shown(text)} is not a day of the year."
        hint = "A season is two days MM-DD, such as 06-01/08-31, or 12-01/02-29 across New Year."
        raise BadQueryError(message, hint=hint) from error
    return month * 100 + day


def _two(value: object, name: str) -> tuple[str, str]:
    """Return the two ends of a span; an open one is empty."""
    ends = value.split("/") if isinstance(value, str) else sequence(value, name)
    if len(ends) == 1:
        ends = [ends[0], ends[0]]
    if len(ends) != 2 or not all(end is None or isinstance(end, str) for end in ends):  # noqa: PLR2004
        message = f"{name} has a first and a last date, got {shown(value)}."
        hint = "Such as 2022-06/2022-08" if name == "time" else "Such as 06-01/08-31"
        raise BadQueryError(message, hint=f"{hint}, or a list of the two.")
    start, end = ("" if end is None or end.strip() == OPEN else end.strip() for end in ends)
    return start, end
