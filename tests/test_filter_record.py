"""A filter as a record and as JSON, and the masks that are kept of it."""

from __future__ import annotations

import json
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError
from eex.filters import mask
from eex.filters.mask import Masks, count, mask_of
from eex.filters.record import MOST_KM, Filter, Near

AREA = {
    "type": "Polygon",
    "coordinates": [[[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]],
}
FULL = {
    "bbox": [170.0, -20.0, -170.0, 20.0],
    "area": AREA,
    "near": {"lon": 179.5, "lat": 0.0, "km": 500.0},
    "time": ["2022", ""],
    "season": ["12-01", "02-29"],
    "cloud": 20.0,
    "where": "cloud_cover < 15",
}


def toy_set(rows: int = 1_000) -> EmbeddingSet:
    rng = np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-90, 90, rows)])
    table = pa.table(
        {"cloud_cover": rng.uniform(0, 100, rows), "timestamp": ["20220101T101010"] * rows}
    )
    about = SetHeader(id="toys", title="Toys", model="toy", dim=2)
    return EmbeddingSet(about, np.ones((rows, 2), np.float16), lonlat, table, "k")


angles = st.floats(0, 360, exclude_max=True).map(np.radians)


@st.composite
def areas(draw: st.DrawFn) -> dict[str, Any]:
    """Return a polygon anywhere, which may cross 180 degrees or lie round a pole."""
    lon, lat = draw(st.floats(-180, 180)), draw(st.floats(-60, 60))
    turns = np.arange(6) * np.pi / 3 + draw(st.floats(0, 1))
    far = draw(st.floats(0.5, 29))
    ring = [[(lon + far * 2 * np.cos(t) + 180) % 360 - 180, lat + far * np.sin(t)] for t in turns]
    if draw(st.booleans()):
        ring = [[n * 60.0 - 180, lat + n] for n in range(6)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


finite = st.floats(-180, 180)
filters = st.fixed_dictionaries(
    {},
    optional={
        "bbox": st.tuples(finite, st.floats(-90, 0), finite, st.floats(0, 90)),
        "area": areas(),
        "near": st.builds(Near, finite, st.floats(-90, 90), st.floats(1e-3, 1e6)),
        "time": st.sampled_from(
            [("2020", "2021-03"), ("", "2022-01-01T10:00:00Z"), "2022", ["..", ""]]
        ),
        "season": st.sampled_from([("12-01", "02-29"), "06-01/08-31"]),
        "cloud": st.floats(0, 100),
        "where": st.sampled_from(["", "  a = 1 ", "NOT b LIKE 'x%' AND c IN (1, 2)"]),
    },
)


@settings(max_examples=100, deadline=None)
@given(filters)
def test_json_of_a_filter_makes_the_same_filter(conditions: dict[str, Any]) -> None:
    made = Filter(**conditions)
    again = Filter.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
    assert again == made
    assert hash(again) == hash(made)
    assert again.key == made.key
    assert re.fullmatch("[0-9a-f]{64}", made.key)
    assert (made.key == Filter().key) == made.empty
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.empty == (made.to_json() == {}) == (made == Filter())


def test_a_filter_says_only_what_is_set() -> None:
    assert Filter().to_json() == {}
    assert Filter.from_json(None) == Filter.from_json({}) == Filter.from_json({"bbox": None})
    made = Filter.from_json(
        {**FULL, "area": json.dumps(AREA), "time": "2022/..", "bbox": (170, -20, -170, 20)}
    )
    told = made.to_json()
    assert list(told) == list(FULL)
    assert {k: v for k, v in told.items() if k != "area"} == {
        k: v for k, v in FULL.items() if k != "area"
    }
    assert told["area"]["type"] == "MultiPolygon"  # cut at 180 degrees
    assert Filter.from_json(FULL) == made


def test_zeros_have_no_sign() -> None:
    one = Filter(bbox=(-0.0, -0.0, 1, 1), near=Near(-0.0, -0.0, 5), cloud=-0.0)
    assert one.key == Filter(bbox=(0, 0, 1, 1), near=Near(0, 0, 5), cloud=0).key


@pytest.mark.parametrize(
    ("record", "message", "hint"),
    [
        (3, "record of conditions", "bbox"),
        ([1, 2, 3, 4], "record of conditions", "bbox"),
        ({"box": 3}, "has no 'box'", "bbox"),
        ({"polygon": {}}, "has no 'polygon'", "bbox, area, near"),
        ({"bbox": [1, 2, 3]}, "four numbers", ""),
        ({"bbox": [1, 20, 3, 4]}, "upside down", "west south east north"),
        ({"near": 3}, "lon, lat and km", '"km": 50'),
        ({"near": "Paris"}, "latitude, longitude and kilometres", "48.9, 2.4, 50"),
        ({"near": "48.9, 2.4"}, "latitude, longitude and kilometres", "48.9, 2.4, 50"),
        ({"near": "2.4, 148.9, nan"}, "must be a number", ""),
        ({"near": {"lon": 1, "km": 3}}, "lacks lat", '"lat"'),
        ({"near": {"lon": 1, "lat": 2, "m": 3}}, "has no 'm'", "km"),
        ({"near": {"lon": 1, "lat": 91, "km": 3}}, "not on the globe", "Latitudes"),
        ({"near": {"lon": 1, "lat": 9, "km": 0}}, "more than 0 km", "kilometres"),
        ({"near": {"lon": 1, "lat": 9, "km": "far"}}, "must be a number", ""),
        ({"where": 3}, "must be text", "CQL2"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_to_do(record: Any, message: str, hint: str) -> None:
    with pytest.raises(BadQueryError, match=message) as caught:
        Filter.from_json(record)
    assert hint in caught.value.hint


def test_a_circle_is_typed_with_the_latitude_first_as_on_maps() -> None:
    for text in ("48.9, 2.4, 50", " 48.9 2.4 50 km", "48.9;2.4;50"):
        assert Filter.from_json({"near": text}).near == Near(2.4, 48.9, 50)


def test_a_distance_beyond_the_globe_is_all_of_it() -> None:
    assert Near(0, 0, 1e9).km == MOST_KM
    assert mask_of(Filter(near=Near(0, 0, 1e9)), toy_set()).all()


@pytest.mark.parametrize("rows_at_a_time", [7, 1_000, 5_000])
def test_all_conditions_must_hold(monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int) -> None:
    monkeypatch.setattr(mask, "SLICE", rows_at_a_time)
    toys = toy_set()
    each = [mask_of(Filter.from_json({name: value}), toys) for name, value in FULL.items()]
    both = mask_of(Filter(bbox=(100, -60, -100, 60), cloud=50, where="lat > 0"), toys)
    parts = [{"bbox": (100, -60, -100, 60)}, {"cloud": 50}, {"where": "lat > 0"}]
    expected = np.logical_and.reduce([mask_of(Filter(**part), toys) for part in parts])
    np.testing.assert_array_equal(both, expected)
    assert 0 < count(Filter(bbox=(100, -60, -100, 60), cloud=50, where="lat > 0"), toys) < 300
    everything = mask_of(Filter.from_json(FULL), toys)
    np.testing.assert_array_equal(everything, np.logical_and.reduce(each))
    assert mask_of(Filter(), toys).all()


def test_a_set_of_no_rows_has_a_mask_of_none() -> None:
    empty = toy_set(0)
    assert mask_of(Filter.from_json(FULL), empty).shape == (0,)


def test_masks_are_made_once_though_many_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, everybody = [], threading.Barrier(8)
    slow = threading.Event()

    def counted(where: Filter, embeddings: EmbeddingSet, **given: Any) -> Any:
        made.append(where)
        slow.wait(0.2)
        return mask_of(where, embeddings, **given)

    monkeypatch.setattr(mask, "mask_of", counted)
    masks = Masks(toy_set())

    def ask(_: int) -> Any:
        everybody.wait()
        return masks.of(Filter(cloud=20))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len(made) == 1
    assert all(other is found[0] for other in found)
    assert not found[0].flags.writeable
    assert masks.of(None) is None
    assert masks.of(Filter()) is None


def test_masks_asked_for_last_are_kept_within_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float | None] = []

    def counted(where: Filter, embeddings: EmbeddingSet, **given: Any) -> Any:
        made.append(where.cloud)
        return mask_of(where, embeddings, **given)

    monkeypatch.setattr(mask, "mask_of", counted)
    masks = Masks(toy_set(), kept_bytes=2_500)
    for cloud in (1, 2, 1, 3, 1, 2):
        masks.of(Filter(cloud=cloud))
        assert masks.kept <= 2_500
    assert made == [1, 2, 3, 2]
    small = Masks(toy_set(), kept_bytes=10)
    assert small.of(Filter(cloud=1)) is not None
    assert small.kept == 0


def test_a_filter_that_cannot_be_asked_fails_for_each_who_asks() -> None:
    masks = Masks(toy_set())
    for _ in range(2):
        with pytest.raises(BadQueryError, match="no column 'clouds'"):
            masks.of(Filter(where="clouds < 3"))
    assert masks.of(Filter(cloud=3)) is not None


def test_masks_of_polygons_are_made_by_many_threads() -> None:
    toys = toy_set(20_000)
    where = Filter.from_json({"area": AREA})
    expected = mask_of(where, toys)
    assert 0 < expected.sum() < 1_000
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: mask_of(where, toys), range(8)):
            np.testing.assert_array_equal(found, expected)
