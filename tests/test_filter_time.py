"""Times and seasons, against Python's datetime row by row."""

from __future__ import annotations

import random
import re
from calendar import isleap
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError
from eex.extent.periods import EPOCH, instant
from eex.filters.instants import UNKNOWN, calendar, instants
from eex.filters.mask import mask_of
from eex.filters.record import Filter

SEEDS = (
    "2022",
    "2022-03",
    "2022-03-05",
    "20220305",
    "202203",
    "2022-03-05T10",
    "20220305T1030",
    "2022-03-05T10:30",
    "2022-03-05 10:30:15.25+02:00",
    "2022-03-05T103015.123456789-0530",
    "20220305T103015Z",
    "2022-03-05T10:30:60z",
    "2024-02-29",
    "2023-02-29",
    "2022-13-01",
    "0000-01-01",
    "2022-03Z",
    "",
    "9999-12-31T23:59:59,5+01",
)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001
US = timedelta(microseconds=1)


def set_of(**columns: Any) -> EmbeddingSet:
    table = pa.table(columns)
    rows = table.num_rows
    about = SetHeader(id="toys", title="Toys", model="toy", dim=2)
    lonlat = np.zeros((rows, 2))
    return EmbeddingSet(about, np.ones((rows, 2), np.float16), lonlat, table, "k")


def matching(embeddings: EmbeddingSet, **conditions: Any) -> list[int]:
    return np.flatnonzero(mask_of(Filter(**conditions), embeddings)).tolist()


def since_1970(moment: datetime) -> int:
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH) // US


def written(moment: datetime, layout: int) -> str:
    """Write a moment in one of the ways that tables have it."""
    if layout == 0:
        return moment.isoformat()
    if layout == 1:
        return moment.replace(tzinfo=UTC).isoformat(" ")
    if layout == 2:
        return f"{moment:%Y}".rjust(4, "0") + f"{moment:%m%dT%H%M%S}"
    zone = timezone(timedelta(hours=layout - 5, minutes=30))
    return moment.replace(tzinfo=UTC).astimezone(zone).isoformat()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(moments, st.integers(0, 9)), min_size=1, max_size=30))
def test_text_in_any_layout_is_the_instant_it_was_written_from(
    rows: list[tuple[datetime, int]],
) -> None:
    expected = [
        since_1970(moment.replace(microsecond=0) if layout == 2 else moment)
        for moment, layout in rows
    ]
    texts = [written(*row) for row in rows]
    assert instants(pa.array(texts)).tolist() == expected
    assert instants(pa.array([None, *texts, ""]).slice(1, len(texts))).tolist() == expected
    assert instants(pa.array(texts, pa.large_string())).tolist() == expected
    assert instants(pa.array(texts).dictionary_encode()).tolist() == expected
    assert [instant(text)[0] for text in texts] == expected


def test_text_that_is_nearly_a_time_is_read_by_columns_as_by_queries() -> None:
    """Twenty thousand texts with a slip or three: both readers take the same ones."""
    rng = random.Random(0)
    texts = list(SEEDS)
    for _ in range(20_000):
        text = list(rng.choice(SEEDS))
        for _ in range(rng.randint(0, 3)):
            at = rng.randint(0, len(text))
            text[at : at + rng.randint(0, 1)] = rng.choice(["", *"0123456789-:TZ+. ,"])
        texts.append("".join(text))

    def read(text: str) -> int:
        try:
            return instant(text)[0]
        except BadQueryError:
            return UNKNOWN

    expected = [read(text) for text in texts]
    assert instants(pa.array(texts)).tolist() == expected
    assert 3_000 < sum(moment != UNKNOWN for moment in expected) < 15_000


def test_text_that_is_no_time_is_unknown() -> None:
    texts = [
        None,
        "",
        "soon",
        "x" * 5_000,
        "2022-02-30",
        "\uff12\uff10\uff12\uff12",
        "2022-01-01T25:00:00",
    ]
    assert instants(pa.array(texts)).tolist() == [UNKNOWN] * len(texts)
    assert instants(pa.array([], pa.string())).tolist() == []
    assert instants(pa.array([None, None], pa.string())).tolist() == [UNKNOWN] * 2


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_timestamps_of_all_units_are_in_utc(unit: str, zone: str | None) -> None:
    moments = [datetime(2022, 3, 5, 10, 30, 15, tzinfo=UTC), None, datetime(1969, 1, 1, tzinfo=UTC)]
    array = pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, "UTC"))
    array = array.cast(pa.int64()).cast(pa.timestamp(unit, zone))
    expected = [UNKNOWN if moment is None else since_1970(moment) for moment in moments]
    assert instants(array).tolist() == expected


def test_moments_beyond_all_years_are_unknown_not_turned_round() -> None:
    far = pa.array([2**62, -(2**62), 0]).cast(pa.timestamp("s"))
    assert instants(far).tolist() == [UNKNOWN, UNKNOWN, 0]


def test_dates_are_their_first_moment() -> None:
    days = [date(2022, 3, 5), None, date(1, 1, 1)]
    expected = [UNKNOWN if d is None else (d - date(1970, 1, 1)) // US for d in days]
    assert instants(pa.array(days, pa.date32())).tolist() == expected
    assert instants(pa.array(days, pa.date64())).tolist() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S2A_MSIL2A_20220101T101010_N0301_R051_T05CMT_20220101T203010", "2022-01-01T10:10:10"),
        (
            "S1A_IW_GRDH_1SDV_20210630T235959_20210701T000024_038561_048CC5_1A2B",
            "2021-06-30T23:59:59",
        ),
        ("LC08_L2SP_191028_20200229_20200822_02_T1", "2020-02-29"),
        ("20220101T101010", "2022-01-01T10:10:10"),
        ("S2A_MSIL2A_20220231T101010", None),
        ("S2A_MSIL2A_120220101T101010", None),
        ("S2A_MSIL2A_20220101", "2022-01-01"),
        ("nothing", None),
        (None, None),
    ],
)
def test_the_first_date_in_a_products_name_counts(name: str | None, expected: str | None) -> None:
    moment = UNKNOWN if expected is None else instant(expected)[0]
    assert instants(pa.array([name, "x"], pa.string()), names=True).tolist() == [moment, UNKNOWN]


@given(st.lists(moments, min_size=1, max_size=50))
def test_years_months_and_days_are_those_of_datetime(rows: list[datetime]) -> None:
    year, month, day = calendar(np.array([since_1970(moment) for moment in rows]))
    told = list(zip(year.tolist(), month.tolist(), day.tolist(), strict=True))
    assert told == [(m.year, m.month, m.day) for m in rows]


def numbers(text: str) -> list[int]:
    return [int(part) for part in re.split(r"\D", text)]


def ends_after(text: str) -> datetime:
    """Return the moment after all that a date names, by Python's own calendar."""
    parts = numbers(text)
    moment = datetime(*[*parts, 1, 1][: max(3, len(parts))], tzinfo=UTC)
    if len(parts) == 1:
        return moment.replace(year=moment.year + 1)
    if len(parts) == 2:
        return (moment + timedelta(days=31)).replace(day=1)
    names = ("days", "hours", "minutes", "seconds")
    return moment + timedelta(**{names[len(parts) - 3]: 1})


seeds = st.integers(0, 2**32 - 1)
near = st.datetimes(datetime(2019, 12, 1), datetime(2021, 2, 1))  # noqa: DTZ001
lengths = st.sampled_from([4, 7, 10, 13, 16, 19])


@settings(max_examples=150, deadline=None)
@given(st.tuples(near, near).map(sorted), st.tuples(lengths, lengths), seeds, st.integers(0, 3))
def test_a_time_holds_what_lies_between_its_ends_both_whole(
    ends: list[datetime], length: tuple[int, int], seed: int, opened: int
) -> None:
    start, end = (m.isoformat()[:size] for m, size in zip(ends, length, strict=True))
    first = since_1970(datetime(*[*numbers(start), 1, 1][: max(3, len(numbers(start)))]))  # noqa: DTZ001
    last = since_1970(ends_after(end))
    rng = random.Random(seed)
    edges = [first - 1, first, last - 1, last]
    rows = edges + [first + rng.randint(-(10**13), 2 * 10**13) for _ in range(30)]
    table = set_of(datetime=pa.array([*rows, None]).cast(pa.timestamp("us")))
    time = ("" if opened & 1 else start, ".." if opened & 2 else end)
    expected = [
        i for i, t in enumerate(rows) if (opened & 1 or t >= first) and (opened & 2 or t < last)
    ]
    if opened == 3:
        assert Filter(time=time).empty
        return
    assert matching(table, time=time) == expected
    assert matching(table, time="/".join(time)) == expected


def test_a_date_alone_is_its_own_start_and_end() -> None:
    table = set_of(
        timestamp=["20211231T235959", "20220101T000000", "20221231T235959", "2023-01-01"]
    )
    assert matching(table, time="2022") == [1, 2]
    assert matching(table, time=["2022", "2022"]) == [1, 2]
    assert matching(table, time=["2022", None]) == [1, 2, 3]
    assert matching(table, time="../2021") == [0]


def test_a_zone_moves_the_ends() -> None:
    table = set_of(datetime=["2022-01-01T00:30:00Z", "2022-01-01T01:30:00Z"])
    assert matching(table, time="2022-01-01T02:00+01:00/..") == [1]


days = st.dates(date(2020, 1, 1), date(2020, 12, 31)).map(lambda d: f"{d:%m-%d}")


@settings(max_examples=150, deadline=None)
@given(days, days, st.lists(st.dates(date(1, 1, 1), date(9999, 12, 31)), max_size=40))
def test_a_season_holds_its_days_of_every_year(first: str, last: str, rows: list[date]) -> None:
    rows += [date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 1), date(2023, 12, 31)]
    expected = []
    for row, day in enumerate(rows):
        of_year = f"{day:%m-%d}"
        whole = first <= of_year <= last if first <= last else not last < of_year < first
        expected += [row] if whole else []
    table = set_of(date=pa.array([*rows, None], pa.date32()))
    assert matching(table, season=(first, last)) == expected
    assert matching(table, season=f"{first}/{last}") == expected


def test_a_season_of_the_29th_of_february_is_in_leap_years_only() -> None:
    leap = [year for year in range(1896, 1913) if isleap(year)]
    rows = [date(year, 2, 29) if isleap(year) else date(year, 3, 1) for year in range(1896, 1913)]
    table = set_of(date=pa.array(rows))
    assert matching(table, season="02-29") == [year - 1896 for year in leap]
    assert 1900 not in leap


def test_the_columns_of_a_time_are_found_in_order() -> None:
    product = ["S2A_MSIL2A_20220101T101010_x", "S2A_MSIL2A_20210101T101010_x"]
    assert matching(set_of(product_id=product), time="2022") == [0]
    assert matching(set_of(product_id=product, timestamp=["2021", "2022"]), time="2022") == [1]
    assert matching(set_of(timestamp=[1, 2], product_id=product), time="2022") == [0]  # numbers
    nested = [{"datetime": "2022-05-05"}, {"datetime": None}]
    assert matching(set_of(properties=nested), time="2022") == [0]
    moment = pa.array([0, 1], pa.int64()).cast(pa.timestamp("s"))
    assert matching(set_of(Datetime=moment, date=["2022", "2022"]), time="1970") == [0, 1]


def test_a_set_without_times_or_clouds_says_so() -> None:
    for conditions, said in (({"time": "2022"}, "when"), ({"season": "01-01/02-01"}, "when"),
                             ({"cloud": 5}, "cloudy")):  # fmt: skip
        with pytest.raises(BadQueryError, match=f"does not say .*{said}") as caught:
            matching(set_of(name=["x"]), **conditions)
        assert "`where`" in caught.value.hint
        assert "name, lon, lat" in caught.value.hint


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0.0, 20.0, 20.5, None, float("nan"), 100.0]),
        pa.array([0, 20, 21, None, None, 100], pa.int8()),
        pa.array([0, 20, 20.5, None, float("nan"), 100], pa.float32()),
    ],
)
@pytest.mark.parametrize("name", ["cloud_cover", "eo:cloud_cover", "CLOUDY_PIXEL_PERCENTAGE"])
def test_clouds_are_at_most_what_is_asked_for(column: pa.Array, name: str) -> None:
    assert matching(set_of(**{name: column}), cloud=20) == [0, 1]
    assert matching(set_of(**{name: column}), cloud=100) == [0, 1, 2, 5]
    assert matching(set_of(**{name: pa.nulls(3)}), cloud=100) == []


@pytest.mark.parametrize(
    ("conditions", "message", "hint"),
    [
        ({"time": ("soon", "")}, "'soon' is not a date", "Such as 2022"),
        ({"time": ("2022-02-30", "")}, "not a date", "Such as 2022"),
        ({"time": ("202203", "")}, "not a date", "2022-03"),
        ({"time": ("2022-03-05T10:30+25:00", "")}, "not a date", "UTC"),
        ({"time": ("2022", "2021")}, "before it starts", "first, last"),
        ({"time": ("1", "2", "3")}, "a first and a last", "2022-06/2022-08"),
        ({"time": 2022}, "must be a list", ""),
        ({"time": (2022, 2023)}, "a first and a last", "2022-06/2022-08"),
        ({"season": ("13-01", "02-01")}, "not a day of the year", "12-01/02-29"),
        ({"season": ("02-30", "03-01")}, "not a day of the year", "12-01/02-29"),
        ({"season": ("..", "03-01")}, "not a day of the year", "12-01/02-29"),
        ({"season": "summer"}, "not a day of the year", "MM-DD"),
        ({"season": "06-01/07-01/08-01"}, "a first and a last", "06-01/08-31"),
        ({"cloud": 101}, "from 0 to 100", "at most 20 %"),
        ({"cloud": "few"}, "must be a number", ""),
    ],
)
def test_what_is_no_time_season_or_cover_is_refused_with_what_to_do(
    conditions: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(BadQueryError, match=message) as caught:
        Filter(**conditions)
    assert hint in caught.value.hint
