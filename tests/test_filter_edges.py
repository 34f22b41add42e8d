"""Places in many polygons at once, against GEOS asked about each polygon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eex.errors import CancelledError
from eex.extent import edges as edges_module
from eex.extent.edges import Edges
from eex.stopping import stopping

Floats = NDArray[np.float64]

CLEAR = 1e-9
"""Degrees: nearer to an edge rounding decides."""


def comb(teeth: int, lean: float) -> Any:
    """Return a polygon of spikes as high as it is wide, upright or leaning."""
    x = np.linspace(0, 80, teeth)
    top = np.column_stack([x, np.where(np.arange(teeth) % 2, 80.0, 1.0)])
    ring = np.vstack([[0, 0], top, [80, 0], [0, 0]])
    ring[:, 0] = ring[:, 0] * (1 - lean) + ring[:, 1] * lean
    return shapely.Polygon(ring)


def boxes(rng: np.random.Generator, count: int, size: float) -> Any:
    corner = rng.uniform(0, 80 - size, (count, 2))
    far = corner + rng.uniform(0.01, size, (count, 2))
    return shapely.box(corner[:, 0], corner[:, 1], far[:, 0], far[:, 1])


def rings(rng: np.random.Generator, count: int) -> Any:
    """Return discs with holes, some of them within other discs' holes."""
    wide = shapely.buffer(
        shapely.points(rng.uniform(20, 60, (count, 2))), rng.uniform(5, 20, count)
    )
    return shapely.difference(wide, shapely.buffer(shapely.centroid(wide), 4))


def slivers(rng: np.random.Generator, count: int) -> Any:
    west, east = rng.uniform(0, 80, (2, count))
    zero = np.zeros(count)
    ring = np.stack([[west, zero], [west + 0.1, zero], [east, zero + 80], [west, zero]])
    return shapely.polygons(ring.transpose(2, 0, 1))


SHAPES: dict[str, Any] = {
    "comb": lambda _: [comb(301, 0)],
    "leaning comb": lambda _: [comb(301, 0.5)],
    "fallen comb": lambda _: [shapely.transform(comb(301, 0), lambda xy: xy[:, ::-1])],
    "nearly fallen comb": lambda _: [shapely.transform(comb(301, 0.3), lambda xy: xy[:, ::-1])],
    "small boxes": lambda rng: boxes(rng, 400, 2),
    "boxes over each other": lambda rng: boxes(rng, 60, 70),
    "discs with holes": lambda rng: rings(rng, 9),
    "slivers": lambda rng: slivers(rng, 100),
    "a box": lambda rng: boxes(rng, 1, 80),
}


def expected(polygons: Any, places: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what GEOS says of each, and where it is clear."""
    points = shapely.points(places)
    inside, clear = np.zeros(len(places), np.bool_), np.ones(len(places), np.bool_)
    for polygon in polygons:
        inside |= shapely.intersects_xy(polygon, places)
        clear &= shapely.distance(polygon.boundary, points) > CLEAR
    return inside, clear


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 40, 6_000])
def test_places_are_inside_where_geos_says_so(shape: str, count: int) -> None:
    rng = np.random.default_rng(count)
    polygons = SHAPES[shape](rng)
    places = rng.uniform(-5, 85, (count, 2))
    places[::7, 1] = places[0, 1]  # many on one parallel, and on one meridian
    places[3::7, 0] = places[0, 0]
    inside, clear = expected(polygons, places)
    edges = Edges.of(polygons)
    np.testing.assert_array_equal(edges.inside(places)[clear], inside[clear])
    backwards = Edges.of(shapely.reverse(np.asarray(polygons)))
    np.testing.assert_array_equal(backwards.inside(places)[clear], inside[clear])


whole = st.integers(0, 12).map(float)
place = st.tuples(whole, whole)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(place, place, place), min_size=1, max_size=12),
    st.integers(1, 3),
)
def test_on_corners_and_edges_geos_says_the_same(triangles: Any, step: int) -> None:
    """Places and corners lie on one lattice, where cross products are exact."""
    polygons = [shapely.Polygon(corners) for corners in triangles]
    polygons = [polygon for polygon in polygons if polygon.is_valid and polygon.area]
    x, y = np.meshgrid(np.arange(0, 12.5, step / 2), np.arange(0, 12.5, step / 2))
    places = np.column_stack([x.ravel(), y.ravel()])
    inside = np.zeros(len(places), np.bool_)
    for polygon in polygons:
        inside |= shapely.intersects_xy(polygon, places)
    np.testing.assert_array_equal(Edges.of(polygons).inside(places), inside)


def test_no_places_no_polygons_and_what_is_no_place() -> None:
    box = Edges.of([shapely.box(0, 0, 1, 1)])
    assert Edges.of([]).inside(np.zeros((2, 2))).tolist() == [False, False]
    assert box.inside(np.zeros((0, 2))).shape == (0,)
    bad = np.array([[np.nan, 0.5], [0.5, np.nan], [np.inf, 0.5], [0.5, 0.5]])
    assert box.inside(bad).tolist() == [False, False, False, True]


def test_neighbours_leave_nothing_out_between_them() -> None:
    """A square of triangles holds all that the square does, their common edges included."""
    rng = np.random.default_rng(2)
    points = shapely.MultiPoint(np.vstack([rng.uniform(0, 80, (200, 2)), [[0, 0], [80, 0]]]))
    triangles = shapely.get_parts(shapely.delaunay_triangles(points))
    corners = shapely.get_coordinates(triangles)
    middles = (corners[1:] + corners[:-1]) / 2
    hull = shapely.convex_hull(points)
    shapely.prepare(hull)
    middles = middles[shapely.contains_xy(hull, middles)]
    assert len(middles) > 500
    assert Edges.of(triangles).inside(middles).all()


def test_a_search_that_should_stop_stops_among_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges_module, "BLOCK", 1_000)
    edges, places = Edges.of([comb(301, 0.5)]), np.random.default_rng(0).uniform(0, 80, (5_000, 2))
    asked = []

    def third() -> bool:
        asked.append(1)
        return len(asked) == 3

    with stopping(third), pytest.raises(CancelledError):
        edges.inside(places)


def test_what_is_compared_stays_few_for_every_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs of places and edges, counted: far fewer than each with each."""
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 80, (8_000, 2))
    counted: list[int] = []
    pairs = edges_module._pairs

    def counting(*given: Any) -> Any:
        for at, edge in pairs(*given):
            counted.append(len(at))
            yield at, edge

    monkeypatch.setattr(edges_module, "_pairs", counting)
    shapes = [
        [comb(2_001, 0)],
        [comb(2_001, 0.5)],
        boxes(rng, 500, 1),
        slivers(rng, 600),
        boxes(rng, 500, 70),
    ]
    for polygons in shapes:
        counted.clear()
        edges = Edges.of(polygons)
        edges.inside(places)
        assert sum(counted) < len(places) * len(edges.start) / 20
