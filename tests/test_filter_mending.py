"""Areas that are much work: what is mended, what is refused, and that the answer is read again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from eex.errors import BadQueryError, CancelledError
from eex.extent import mending
from eex.extent.area import Area
from eex.extent.geojson import MOST_VERTICES
from eex.extent.globe import inside_polygons
from eex.stopping import stopping


def area(*polygons: Any) -> Area:
    told = [[np.asarray(ring).tolist() for ring in polygon] for polygon in polygons]
    return Area.of({"type": "MultiPolygon", "coordinates": told})


def closed(ring: Any) -> Any:
    return np.vstack([ring, ring[:1]])


def scribble(vertices: int) -> Any:
    return closed(np.random.default_rng(0).uniform(0, 80, (vertices, 2)))


def comb(teeth: int) -> Any:
    """Return a valid ring of spikes that lean over each other."""
    x = np.linspace(0, 80, teeth)
    top = np.column_stack([x, np.where(np.arange(teeth) % 2, 80.0, 1.0)])
    ring = np.vstack([[0, 0], top, [80, 0]])
    return closed(np.column_stack([ring.mean(axis=1), ring[:, 1]]))


def square(lon: float, lat: float, half: float) -> Any:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half + (lon, lat)
    return np.column_stack([(corners[:, 0] + 180) % 360 - 180, corners[:, 1]])


BOW = np.array([[0.0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])


def bows(count: int) -> Any:
    return [[BOW + np.array([n % 60, n // 60])] for n in range(count)]


def test_a_scribble_is_mended_and_read_again() -> None:
    made = area([scribble(150)])
    assert len(made.parts) > 20
    assert all(part.is_valid for part in made.parts)
    assert Area.of(made.to_geojson()) == made


def test_crossings_are_mended_up_to_a_limit() -> None:
    """A zigzag of 19 teeth and its last edge cross the bar that closes it."""
    x = np.arange(20.0)
    zigzag = closed(np.column_stack([np.r_[x, 30, 30, -1, -1], np.r_[x % 2, 5, 0.5, 0.5, 5]]))
    bad = shapely.Polygon(zigzag)
    mended = mending.Mender(crossings=20).valid(bad)
    assert mended.is_valid
    with pytest.raises(BadQueryError, match="crosses itself more than"):
        mending.Mender(crossings=19).valid(bad)
    places = np.random.default_rng(0).uniform(-2, 31, (500, 2)) * (1, 0.2)
    expected = shapely.intersects_xy(mended, places)
    np.testing.assert_array_equal(inside_polygons(places, area([zigzag]).parts), expected)


@pytest.mark.parametrize(
    ("polygons", "message", "hint"),
    [
        ([[scribble(400)]], "crosses itself more than 5,000 times", "Fix geometries"),
        ([[scribble(2_000)]], "too tangled", "Fix geometries"),
        ([[scribble(19_000)]], "too tangled", "Simplify"),
        ([[comb(19_000)]], "too tangled", "Simplify"),
        (
            [[square(0, 0, 80), *(square(0, 0, half) for half in np.linspace(1, 50, 3_000))]],
            "too tangled",
            "Fix geometries",
        ),
        ([[scribble(60)] for _ in range(60)], "crosses itself more than", "Fix geometries"),
        (bows(3_900), "Repaired, the area has", "Simplify"),
        (
            [[square(180, n / 10 - 30, 0.04)] for n in range(501)],
            "More than 500 rings",
            "RFC 7946",
        ),
    ],
    ids=[
        "scribble", "large scribble", "huge scribble", "comb", "rings in rings",
        "many scribbles", "many bows", "many across 180",
    ],
)  # fmt: skip
def test_what_is_too_much_work_is_refused_before_it_is_done(
    polygons: Any, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended: list[int] = []
    make_valid = shapely.make_valid

    def counted(shape: Any, **given: Any) -> Any:
        mended.append(int(np.sum(shapely.get_num_coordinates(shape))))
        return make_valid(shape, **given)

    monkeypatch.setattr(shapely, "make_valid", counted)
    with pytest.raises(BadQueryError, match=message) as caught:
        area(*polygons)
    assert hint in caught.value.hint
    assert sum(mended) <= MOST_VERTICES


def test_no_more_vertices_come_out_than_are_read() -> None:
    """A ring of as many vertices as may be, cut at 180 degrees, has two more in each part."""
    turn = np.linspace(0, 2 * np.pi, MOST_VERTICES)
    ring = np.column_stack([(180 + 40 * np.cos(turn)) % 360, 40 * np.sin(turn)])
    ring[-1] = ring[0]
    with pytest.raises(BadQueryError, match="Cut and repaired, the area has more than 20,000"):
        area([ring])
    made = area([np.delete(ring, slice(2, 12), axis=0)])
    assert len(made.parts) == 2
    assert Area.of(made.to_geojson()) == made


def test_a_rough_coast_of_many_vertices_is_read() -> None:
    rng = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, MOST_VERTICES - 1)
    far = 30 + 3 * np.sin(40 * turn) + rng.uniform(0, 0.01, len(turn))
    ring = closed(np.column_stack([far * np.cos(turn), far * np.sin(turn)])[:-1])
    made = area([ring])
    assert len(made.parts) == 1
    assert Area.of(made.to_geojson()) == made


def test_polygons_read_together_are_those_read_alone() -> None:
    """Plain ones, with holes, mended, across 180 degrees, wide and round a pole, in their order."""
    cap = closed(np.column_stack([np.arange(-180, 180, 30.0), np.full(12, 70.0)]))
    wide = np.array([[-170, -60], [0, -60], [170, -60], [170, -50], [0, -50], [-170, -50.0]])
    polygons = [
        [square(10, 10, 5)],
        [BOW],
        [square(180, 0, 5), square(180, 0, 2)],
        [square(40, 10, 5), square(40, 10, 2), square(43.5, 10, 1)],
        [cap],
        [closed(wide)],
        [square(60, 10, 5)[::-1]],
        [scribble(70)],
        [square(80, 10, 5), square(84, 10, 2)],  # a hole over the edge
    ]
    alone = [part for polygon in polygons for part in area(polygon).parts]
    assert area(*polygons).parts == tuple(alone)
    assert len(alone) > len(polygons) + 2
    assert all(shapely.is_valid(alone))
    assert all(part.exterior.is_ccw for part in alone)


def test_reading_an_area_stops_with_its_search() -> None:
    with stopping(lambda: True), pytest.raises(CancelledError):
        area([scribble(150)])
