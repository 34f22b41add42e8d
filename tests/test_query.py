"""A query record says the same everywhere, and a wrong one is refused in words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.errors import BadPlaceError, BadQueryError
from eex.filters.record import Filter
from eex.search.fusion import Fusion
from eex.search.parts import (
    AreaPart,
    ImagePart,
    PlacePart,
    RowPart,
    RowsPart,
    TextPart,
    VectorPart,
)
from eex.search.place import parse_place
from eex.search.query import Query

finite = st.floats(-100, 100)
boxes = st.tuples(st.floats(-180, 180), st.floats(-90, 0), st.floats(-180, 180), st.floats(0, 90))
parts = st.one_of(
    st.builds(TextPart, st.text(min_size=1, max_size=50).filter(str.strip), finite),
    st.builds(ImagePart, st.binary(max_size=100), finite),
    st.builds(PlacePart, st.floats(-180, 180), st.floats(-90, 90), finite),
    st.builds(RowPart, st.integers(0, 10**6), finite),
    st.builds(RowsPart, st.lists(st.integers(0, 10**6), min_size=1, max_size=5), finite),
    st.builds(VectorPart, st.lists(st.floats(0.5, 9), min_size=1, max_size=5), finite),
    st.builds(AreaPart, st.builds(Filter, bbox=boxes), finite),
)
filters = st.builds(
    Filter,
    bbox=st.none() | boxes,
    cloud=st.none() | st.floats(0, 100),
    time=st.none() | st.just(("2020", "2021-03")),
    season=st.none() | st.just(("11-15", "02-10")),
    where=st.sampled_from(["", "cloud_cover < 20"]),
)
fusions = st.none() | st.builds(
    Fusion,
    method=st.sampled_from(["sum", "rrf"]),
    calibration=st.sampled_from(["z", "robust-z", "quantile", "min-max", "none"]),
)
queries = st.builds(
    Query,
    parts=st.lists(parts, min_size=1, max_size=4).map(tuple),
    k=st.none() | st.integers(1, 50_000),
    filter=filters,
    spread_km=st.none() | st.floats(0, 20_000),
    top_percent=st.none(),
    one_per_cell=st.none() | st.floats(0.01, 1_000),
    diversity=st.none() | st.floats(0, 1),
    repeats=st.none() | st.floats(0.01, 1),
    fusion=fusions,
    also=st.sampled_from([(), ("a", "b")]),
    prompts=st.booleans() | st.lists(st.sampled_from(["{}", "a photo of {}"]), max_size=3),
)


@given(st.floats(0.01, 100))
def test_a_percentage_survives_json(percent: float) -> None:
    query = Query(parts=(RowPart(1),), top_percent=percent)
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query


@given(queries)
def test_a_query_survives_json(query: Query) -> None:
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query


def test_short_forms_say_the_same_as_parts() -> None:
    short = {"text": "sand", "place": [2, 48], "row": 7, "weights": {"place": -0.5}}
    assert Query.from_json(short).parts == (
        TextPart("sand"),
        PlacePart(2, 48, -0.5),
        RowPart(7),
    )


def test_pictures_can_stay_out_of_the_record() -> None:
    entry = Query(parts=(ImagePart(b"abc"),)).to_json(pictures=False)["parts"][0]
    assert "data" not in entry
    assert entry["sha256"].startswith("ba7816bf")


WRONG: list[tuple[Any, str]] = [
    ([], "JSON object"),
    ({}, "1 to 16 parts"),
    ({"text": ""}, "empty"),
    ({"text": " \n "}, "empty"),
    ({"text": "x" * 10_000}, "10,000 characters"),
    ({"text": 5}, "empty"),
    ({"txt": "sand"}, "has no 'txt'"),
    ({"text": "sand", "k": 0}, "k must be"),
    ({"text": "sand", "k": 10**9}, "k must be"),
    ({"text": "sand", "k": 2.5}, "k must be"),
    ({"text": "sand", "k": True}, "k must be"),
    ({"text": "sand", "bbox": [0, 10, 5, 5]}, "upside down"),
    ({"text": "sand", "bbox": [0, 10, 5]}, "four numbers"),
    ({"text": "sand", "bbox": "0 1 2 3"}, "must be a list"),
    ({"text": "sand", "bbox": [0, 0, 500, 5]}, "not on the globe"),
    ({"text": "sand", "bbox": [0, 0, float("nan"), 5]}, "must be a number"),
    ({"text": "sand", "spread_km": -1}, "spread_km"),
    ({"text": "sand", "top_percent": 0}, "top_percent"),
    ({"text": "sand", "top_percent": 5, "fusion": "rrf"}, "best percent of ranks"),
    ({"text": "sand", "repeats": 0}, "repeats must be from 0.01"),
    ({"text": "sand", "one_per_cell": 0.001}, "one_per_cell must be from 0.01"),
    ({"text": "sand", "one_per_cell": 20_039}, "one_per_cell must be"),
    ({"text": "sand", "set": 5}, "name of a set"),
    ({"text": "sand", "sets": 5}, "sets must be a list"),
    ({"text": "sand", "sets": "world"}, "sets must be a list"),
    ({"text": "sand", "sets": ["a", 5]}, "name of a set"),
    ({"row": 2**70}, "whole number"),
    ({"parts": [{"kind": "rows", "rows": [-(2**70)]}]}, "whole number"),
    ({"parts": 5}, "parts must be a list"),
    ({"text": "sand", "top_percent": 101}, "top_percent"),
    ({"text": "sand", "match": ["all"]}, "match is"),
    ({"text": ", ".join("abcdefghijklmnopq"), "split": True}, "this one has 17"),
    ({"text": "sand", "prompts": "a {}"}, "prompts must be a list"),
    ({"text": "sand", "prompts": [5]}, "one {} for the words"),
    ({"text": "sand", "version": 9}, "version 9"),
    ({"text": "sand", "weights": {"text": 1e9}}, "weight"),
    ({"place": [200, 95]}, "not on the globe"),
    ({"place": [48.9]}, "lon, lat"),
    ({"place": ["a", "b"]}, "two numbers"),
    ({"image": "@@"}, "base64"),
    ({"row": "seven"}, "whole number"),
    ({"place": [10**400, 0]}, "two numbers"),
    ({"text": "sand", "spread_km": 10**400}, "must be a number"),
    ({"text": "desert \ud800"}, "not valid unicode"),
    ({"text": "sand", "set": "\ud800"}, "not valid unicode"),
    ({"text": "sand", "set": "x" * 5_000}, "name of a set"),
    ({"text": "sand", "weights": {"image": 2}}, "not a part of this query"),
    ({"parts": [{"kind": []}]}, "no kind of part"),
    ({"parts": [{"kind": "image", "data": ""}] * 5}, "at most 4 pictures"),
    ({"parts": [{"kind": "image", "sha256": "ab"}]}, "only the SHA-256"),
    ({"parts": [{"kind": "sound"}]}, "no kind of part"),
    ({"parts": [{"kind": "text"}]}, "needs 'text'"),
    ({"parts": ["sand"]}, "a part is an object"),
    ({"parts": [{"kind": "text", "text": "a", "wight": 2}]}, "has no 'wight'"),
]


@pytest.mark.parametrize(("record", "words"), WRONG)
def test_a_wrong_query_is_refused_in_words(record: object, words: str) -> None:
    with pytest.raises(BadQueryError, match=f"(?i){words}"):
        Query.from_json(record)


@pytest.mark.parametrize("long", ["x" * 10**6, ["x"] * 10**6])
@pytest.mark.parametrize("key", ["place", "k", "bbox", "weights", "version", "x" * 10**6])
def test_a_message_never_repeats_much(key: str, long: object) -> None:
    with pytest.raises(BadQueryError) as caught:
        Query.from_json({"text": "sand", key: long})
    assert len(str(caught.value)) < 300


def test_numbers_of_any_kind_become_plain_ones() -> None:
    query = Query(
        parts=(PlacePart(np.float32(7), np.float32(61)), RowPart(np.int64(5))),  # type: ignore[arg-type]
        k=np.int64(3),  # type: ignore[arg-type]
        filter=Filter(bbox=np.array([0, 1, 2, 3])),  # type: ignore[arg-type]
    )
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query


def test_parts_may_be_any_sequence_and_a_record_says_the_same() -> None:
    query = Query(parts=[TextPart("sand"), RowPart(5, -1)], fusion="minimum")  # type: ignore[arg-type]
    assert query.parts == (TextPart("sand"), RowPart(5, -1))
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query
    with pytest.raises(BadQueryError) as few:
        Query(parts=())
    with pytest.raises(BadQueryError) as many:
        Query(parts=query.parts * 9)
    assert "Give a text" in few.value.hint
    assert "split" in many.value.hint


@pytest.mark.parametrize("bbox", [(float("nan"), 0, 1, 1), (0, 0, 1)])
def test_a_box_is_checked_in_python_too(bbox: tuple[float, ...]) -> None:
    with pytest.raises(BadQueryError):
        Query(parts=(TextPart("sand"),), filter=Filter(bbox=bbox))  # type: ignore[arg-type]


def test_a_typo_in_a_name_gets_a_suggestion() -> None:
    with pytest.raises(BadQueryError) as caught:
        Query.from_json({"text": "sand", "spred_km": 5})
    assert "spread_km" in caught.value.hint


def test_swapped_coordinates_get_a_suggestion() -> None:
    with pytest.raises(BadPlaceError) as caught:
        PlacePart(30.0, 120.0)
    assert caught.value.hint.startswith("Swapped? Latitude 30, longitude 120 is.")


@pytest.mark.parametrize(
    ("text", "lonlat"),
    [
        ("48.9, 2.4", (2.4, 48.9)),
        ("48.9 2.4", (2.4, 48.9)),
        ("-33.5;151", (151, -33.5)),
        ("48.9N 2.4W", (-2.4, 48.9)),
        ("2.4° e, 48.9° s", (2.4, -48.9)),
        ("Paris", (2.33, 48.87)),
        ("paris", (2.33, 48.87)),
    ],
)
def test_places_are_read_as_people_type_them(text: str, lonlat: tuple[float, float]) -> None:
    place = parse_place(text)
    assert (place.lon, place.lat) == pytest.approx(lonlat, abs=0.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("120, 30", "not on the globe"),
        ("95 N, 10 E", "not on the globe"),
        ("", "not a place"),
        ("Qwxzyplace", "not a place"),
        ("48N 2N", "one latitude and one longitude"),
        ("nan, nan", "not a place"),
        ("a", "not a place"),
        ("San", "not a place"),
        ("1" + " " * 5_000 + "x", "not a place"),
    ],
)
def test_what_is_no_place_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(BadPlaceError, match=words):
        parse_place(text)
