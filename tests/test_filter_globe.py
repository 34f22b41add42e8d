"""Areas, boxes and distances on the globe, against the same worked out another way."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.extent.area import Area
from eex.extent.geojson import MOST_VERTICES
from eex.extent.globe import inside_bbox, inside_circle, inside_polygons
from eex.places import EARTH_RADIUS_KM

Places = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)
CLEAR = 1e-9
"""Degrees: nearer to an edge rounding decides."""


def inside(area: Area, places: Places) -> NDArray[np.bool_]:
    return inside_polygons(places, area.parts)


def polygon(*rings: Any) -> Area:
    return Area.of({"type": "Polygon", "coordinates": [np.asarray(r).tolist() for r in rings]})


def wrapped(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    return (lon + 180) % 360 - 180


def star(rng: np.random.Generator, width: float, lat: float) -> Places:
    """Return a closed ring around (0, lat) that does not cross itself, at most so wide."""
    corners = int(rng.integers(5, 30))  # and no gap of half a turn
    turn = np.sort(rng.uniform(0, 1, corners) * 0.9 + np.arange(corners)) / corners * 2 * np.pi
    far = rng.uniform(0.2, 1, corners)
    ring = np.column_stack([np.cos(turn) * far * width / 2, np.sin(turn) * far * 30 + lat])
    return np.vstack([ring, ring[:1]])


def some_places(rng: np.random.Generator, lon: float, lat: float, count: int = 400) -> Places:
    """Return places all over the globe, and more around one."""
    anywhere = np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-90, 90, count)])
    around = np.column_stack(
        [wrapped(lon + rng.normal(0, 40, count)), lat + rng.normal(0, 15, count)]
    )
    around[:, 1] = np.clip(around[:, 1], -90, 90)
    return np.vstack([anywhere, around, [[180, lat], [-180, lat]]])


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(-180, 180), st.floats(-55, 55), st.floats(1, 175), st.integers(0, 1))
def test_a_polygon_anywhere_holds_what_it_holds_where_nothing_is_cut(
    seed: int, lon: float, lat: float, width: float, holes: int
) -> None:
    """The oracle moves everything to the meridian of Greenwich and asks shapely there."""
    rng = np.random.default_rng(seed)
    shell = star(rng, width, lat)
    rings = [shell, shell * 0.5 + (0, lat / 2)] if holes else [shell]
    still = shapely.Polygon(rings[0], rings[1:])
    places = some_places(rng, lon, lat)
    moved = np.column_stack([wrapped(places[:, 0] - lon), places[:, 1]])
    expected = shapely.intersects_xy(still, moved)
    clear = shapely.distance(still.boundary, shapely.points(moved)) > CLEAR
    beyond = [ring + np.array([lon, 0]) for ring in rings]  # longitudes that go on beyond 180
    uncut = [np.column_stack([wrapped(ring[:, 0]), ring[:, 1]]) for ring in beyond]
    for written in (beyond, uncut, [ring[::-1] for ring in uncut]):
        area = polygon(*written)
        np.testing.assert_array_equal(inside(area, places)[clear], expected[clear])
        assert Area.of(json.dumps(area.to_geojson())) == area
        assert all(part.is_valid for part in area.parts)
        assert abs(sum(part.area for part in area.parts) - still.area) < 1e-6


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([1, -1]), st.sampled_from([1, -1]), st.integers(0, 1))
def test_a_ring_round_a_pole_holds_all_that_lies_poleward(
    seed: int, hemisphere: int, direction: int, doubled: int
) -> None:
    """The oracle reads the ring's latitude at each longitude from a periodic table."""
    rng = np.random.default_rng(seed)
    corners = int(rng.integers(4, 40))
    lon = np.sort((np.arange(corners) + rng.uniform(0, 0.9, corners)) * 360 / corners) - 180
    lat = hemisphere * rng.uniform(35, 85, corners)
    order = np.roll(np.arange(corners), int(rng.integers(corners)))[::direction]
    ring = np.column_stack([lon, lat])[order]
    if doubled:  # written with 180 on both sides of the cut, as some programs do
        at = float(np.interp(180, lon, lat, period=360))
        ring = np.vstack([[-180, at], np.column_stack([lon, lat]), [180, at]])[::direction]
    ring = np.vstack([ring, ring[:1]])
    places = some_places(rng, 0, hemisphere * 60)
    places = np.vstack([places, [[10, 90 * hemisphere], [-77, -90 * hemisphere]]])
    limit = np.interp(places[:, 0], lon, lat, period=360)
    expected = (places[:, 1] - limit) * hemisphere >= 0
    clear = np.abs(places[:, 1] - limit) > CLEAR
    area = polygon(ring)
    np.testing.assert_array_equal(inside(area, places)[clear], expected[clear])
    assert Area.of(area.to_geojson()) == area


@given(seeds, st.sampled_from([1, -1]))
@settings(max_examples=30, deadline=None)
def test_a_ring_round_the_globe_with_another_as_its_hole_is_the_belt_between(
    seed: int, direction: int
) -> None:
    rng = np.random.default_rng(seed)
    lon = np.arange(-170, 181, 20.0)
    north, south = rng.uniform(0, 60, len(lon)), rng.uniform(-60, -5, len(lon))
    rings = [np.column_stack([lon, lat])[::direction] for lat in (north, south)]
    rings = [np.vstack([ring, ring[:1]]) for ring in rings]
    places = some_places(rng, 0, 0)
    top, bottom = (np.interp(places[:, 0], lon, lat, period=360) for lat in (north, south))
    expected = (places[:, 1] <= top) & (places[:, 1] >= bottom)
    for outer, hole in (rings, rings[::-1]):
        np.testing.assert_array_equal(inside(polygon(outer, hole), places), expected)


def test_a_cap_with_a_hole_across_its_seam_lacks_that_hole() -> None:
    lon = np.arange(-180, 180, 30.0)
    cap = np.column_stack([lon, np.full(12, 50.0)])
    hole = [[170, 60], [-170, 60], [-170, 70], [170, 70], [170, 60]]
    for start in range(12):  # the seam lies at each place once
        ring = np.roll(cap, start, axis=0)
        area = polygon(np.vstack([ring, ring[:1]]), hole)
        places = np.array(
            [[180, 65], [-180, 65], [175, 65], [-175, 65], [165, 65], [0, 90], [0, 40]]
        )
        assert inside(area, places).tolist() == [False] * 4 + [True, True, False]


corner = st.integers(-36, 36).map(lambda n: n * 5.0)


@given(corner, corner, st.integers(-18, 17), st.integers(1, 36))
@settings(max_examples=100, deadline=None)
def test_a_box_and_its_polygon_hold_the_same_edges_included(
    west: float, east: float, south: int, height: int
) -> None:
    """Places lie on the very edges and corners, at the antimeridian and at the poles."""
    width = (east - west) % 360
    if not 0 < width <= 180 or east - west == -180:
        return  # wider ones would be read the short way round, half the globe as it is written
    low, high = south * 5.0, min(90.0, (south + height) * 5.0)
    ring = [[west, low], [east, low], [east, high], [west, high], [west, low]]
    lon, lat = np.meshgrid(np.arange(-180, 181, 5.0), np.arange(-90, 91, 5.0))
    places = np.column_stack([lon.ravel(), lat.ravel()])
    box = inside_bbox(places, (west, low, east, high))
    np.testing.assert_array_equal(inside(polygon(ring), places), box)
    from_west, over_edge = (places[:, 0] - west) % 360, np.abs(places[:, 0]) == 180
    between = (from_west <= width) | (over_edge & ((180 - west) % 360 <= width))
    between |= np.abs(places[:, 1]) == 90
    np.testing.assert_array_equal(box, between & (places[:, 1] >= low) & (places[:, 1] <= high))


def test_the_whole_world_is_the_whole_world() -> None:
    world = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    tropics = [[-180, -23], [180, -23], [180, 23], [-180, 23], [-180, -23]]
    places = some_places(np.random.default_rng(0), 0, 0)
    assert inside(polygon(world), places).all()
    np.testing.assert_array_equal(inside(polygon(tropics), places), np.abs(places[:, 1]) <= 23)
    for ring in (world, tropics):
        assert Area.of(polygon(ring).to_geojson()) == polygon(ring)


def test_antarctica_as_natural_earth_writes_it() -> None:
    coast = [
        [180, -84],
        [180, -90],
        [-180, -90],
        [-180, -84],
        [-90, -72],
        [0, -70],
        [90, -66],
        [180, -84],
    ]
    area = polygon(coast)
    places = np.array([[180, -85], [-180, -85], [0, -80], [33, -90], [0, -60], [180, -80]])
    assert inside(area, places).tolist() == [True, True, True, True, False, False]


def test_a_crossing_with_180_on_both_sides_is_one_crossing() -> None:
    ring = [
        [170, 0],
        [180, 0],
        [-180, 0],
        [-170, 0],
        [-170, 10],
        [-180, 10],
        [180, 10],
        [170, 10],
        [170, 0],
    ]
    area = polygon(ring)
    places = np.array([[175, 5], [-175, 5], [180, 5], [0, 5], [165, 5]])
    assert inside(area, places).tolist() == [True, True, True, False, False]


def test_all_kinds_of_geojson_with_polygons_are_read() -> None:
    one = [[[0, 0], [10, 0], [10, 10], [0, 0]]]
    two = [[[20, 0, 5], [30, 0, 5], [30, 10, 5], [20, 0, 5]]]  # heights are left out
    single = {"type": "Polygon", "coordinates": one}
    both = {"type": "MultiPolygon", "coordinates": [one, two]}
    feature = {"type": "Feature", "geometry": both, "properties": {"a": 1}}
    written = [
        both,
        feature,
        {
            "type": "GeometryCollection",
            "geometries": [single, {"type": "Polygon", "coordinates": two}],
        },
        {"type": "FeatureCollection", "features": [feature, {"type": "Feature", "geometry": None}]},
        json.dumps(feature),
        json.dumps(both).encode(),
        {**both, "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}},
    ]
    assert len({Area.of(value) for value in written}) == 1
    assert Area.of(both).bounds == (0, 0, 30, 10)
    assert Area.of(Area.of(single)) == Area.of(single)


def test_a_ring_that_crosses_itself_is_repaired() -> None:
    bow = polygon([[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]])
    assert inside(bow, np.array([[1, 5], [9, 5], [5, 1], [5, 9]])).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert all(part.is_valid for part in bow.parts)
    over = polygon([[175, 0], [-175, 10], [-175, 0], [175, 10], [175, 0]])
    assert inside(over, np.array([[176, 5], [-176, 5], [180, 1]])).tolist() == [True, True, False]


def test_overlapping_polygons_hold_what_either_holds() -> None:
    squares = [[[[a, a], [a + 10, a], [a + 10, a + 10], [a, a + 10], [a, a]]] for a in (0, 5)]
    area = Area.of({"type": "MultiPolygon", "coordinates": squares})
    assert inside(area, np.array([[2, 2], [7, 7], [12, 12], [2, 12]])).tolist() == [True] * 3 + [
        False
    ]


RING = [[0, 0], [10, 0], [10, 10], [0, 0]]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (3, "is GeoJSON", "Polygon"),
        ("nonsense", "not GeoJSON", "coordinates"),
        ("[" * 100_000, "not GeoJSON", "coordinates"),
        ({}, "no type", "coordinates"),
        ({"type": "LineString", "coordinates": RING}, "made of polygons", "Close lines"),
        ({"type": "Point", "coordinates": [1, 2]}, "made of polygons", "near"),
        ({"type": "FeatureCollection", "features": []}, "holds no polygon", "Such as"),
        ({"type": "FeatureCollection"}, "are a list", "Such as"),
        ({"type": "Polygon", "coordinates": []}, "list of rings", "Such as"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "3 positions", "repeat the first"),
        (
            {"type": "Polygon", "coordinates": [[*RING[:3], [1, 1]]]},
            "not closed",
            "repeat the first",
        ),
        ({"type": "Polygon", "coordinates": [[[x, "a"] for x, _ in RING]]}, "positions", "Such as"),
        (
            {"type": "Polygon", "coordinates": [[[x, math.nan] for x, _ in RING]]},
            "positions",
            "Such",
        ),
        ({"type": "Polygon", "coordinates": [7]}, "positions", "Such as"),
        (
            {"type": "Polygon", "coordinates": [[[y + 40, x + 100] for x, y in RING]]},
            "longitude 40, latitude 100",
            "Swapped?",
        ),
        (
            {"type": "Polygon", "coordinates": [[[x + 600_000, y + 5e6] for x, y in RING]]},
            "not on the globe",
            "Metres?",
        ),
        (
            {
                "type": "Polygon",
                "coordinates": [RING],
                "crs": {"properties": {"name": "EPSG:32631"}},
            },
            "another coordinate system",
            "EPSG:4326",
        ),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [9, 9], [0, 0], [0, 0]]]},
            "no inside",
            "missing",
        ),
        (
            {
                "type": "Polygon",
                "coordinates": [[[n * 100 % 360 - 180, n % 8] for n in range(9)] + [[-180, 0]]],
            },
            "more than once",
            "out of order",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[RING * (MOST_VERTICES // 4 + 1)]]},
            "more than 20,000 vertices",
            "simplify",
        ),
    ],
)
def test_what_is_no_area_is_refused_with_what_to_do(value: Any, message: str, hint: str) -> None:
    with pytest.raises(BadQueryError, match=message) as caught:
        Area.of(value)
    assert hint in caught.value.hint


def test_collections_without_end_are_refused() -> None:
    value: Any = {"type": "Polygon", "coordinates": [RING]}
    for _ in range(2_000):
        value = {"type": "GeometryCollection", "geometries": [value]}
    with pytest.raises(BadQueryError, match="too many collections") as caught:
        Area.of(value)
    assert "MultiPolygon" in caught.value.hint


def test_an_area_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [RING]}))
    assert Area.from_file(path) == polygon(RING)
    with pytest.raises(BadQueryError, match="cannot be read") as caught:
        Area.from_file(tmp_path / "none.geojson")
    assert "path" in caught.value.hint


def haversine_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    lon1, lat1, lon2, lat2 = map(math.radians, (*one, *other))
    a = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(a)))


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=40),
    st.tuples(st.floats(-180, 180), st.sampled_from([-90.0, -89.9, 0.0, 51.5, 89.99, 90.0])),
    st.floats(0.001, 20_015),
)
@settings(max_examples=150, deadline=None)
def test_a_circle_holds_what_is_near_by_the_great_circle(
    places: list[tuple[float, float]], centre: tuple[float, float], km: float
) -> None:
    apart = np.array([haversine_km(place, centre) for place in places])
    found = inside_circle(np.array(places), *centre, km)
    clear = np.abs(apart - km) > 1e-6
    np.testing.assert_array_equal(found[clear], (apart <= km)[clear])


def test_a_circle_reaches_over_the_pole_and_across_180_degrees() -> None:
    places = np.array([[179.9, 0], [-179.9, 0], [180, 89.9], [0, 89.9], [np.nan, 0], [0, -90]])
    assert inside_circle(places, 180, 0, 20).tolist() == [True, True, False, False, False, False]
    assert inside_circle(places, 77, 90, 12).tolist() == [False, False, True, True, False, False]
    assert inside_circle(places, 0, 0, 30_000).tolist() == [True] * 4 + [False, True]


def test_every_edge_that_is_written_is_read_as_it_is_meant() -> None:
    """No edge of what `to_geojson` gives spans more than half the globe."""
    lon = np.arange(-180, 180, 45.0)
    ring = np.column_stack([lon, np.full(8, -60.0)])
    told = polygon(np.vstack([ring, ring[:1]])).to_geojson()
    polygons = [told["coordinates"]] if told["type"] == "Polygon" else told["coordinates"]
    rings = [ring for rings in polygons for ring in rings]
    assert all(abs(b[0] - a[0]) <= 180 for ring in rings for a, b in pairwise(ring))
