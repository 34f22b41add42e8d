"""Tiles lie where published ones do: in UTM to a millimetre, on the globe to a microdegree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from eex.errors import BadPlaceError, BadQueryError
from eex.grid import Cells, Grid, fragment_boxes, tile_footprints, true_centres, utm_zones
from eex.grid.edges import on_globe
from eex.grid.utm import codes, project, unproject
from shared_data import SHARED, needs_shared

# Cell: EPSG code, left and bottom of the tile in metres, centre (lat, lon), as published.
PUBLISHED = {
    "922D_249L": (32701, 477797.3568, 803626.7103, -82.770666, -178.200331),
    "922D_242L": (32701, 547868.8414, 802480.8888, -82.766864, -173.212021),
    "454U_120R": (32633, 435017.4201, 4514104.8788, 40.82386055223662, 14.29270867998482),
    "455U_120R": (32633, 436687.5399, 4524061.9362, 40.913671, 14.311585),
    "455U_119R": (32633, 426678.5685, 4524154.1467, 40.913731, 14.19273),
    "0U_199R": (32633, 819627.364339148, -340.0, 0.045177, 17.919128),
    "199U_1099R": (32648, 362612.19685932994, 1976408.206431803, 17.919742, 103.753293),
    "860D_312L": (32709, 551028.7501, 1424578.0937, -77.199072, -126.720404),
}
BY_RULE = {"922D_242L": 32702}  # published in the zone of its satellite product, which is the next

# Published patches of tiles: pixels from the tile's top left (x, y), left and bottom in metres.
PATCHES = {
    "282D_485L": (32722, (792, 792), 790236.0403820039, 7195799.252334285),
    "38D_378R": (32736, (528, 792), 617301.8198784497, 9622858.22745184),
    "609U_541L": (32616, (792, 0), 694874.9493058195, 6073454.017304195),
    "637U_59R": (32632, (264, 792), 549892.6970314482, 6341837.6142594535),
}

GRID = Grid(10)


def tile(name: str, crs: str = "") -> Any:
    return tile_footprints(GRID, Cells.parse([name]), crs=[crs])


@pytest.mark.parametrize("name", PUBLISHED)
def test_tiles_are_the_published_ones(name: str) -> None:
    epsg, left, bottom, lat, lon = PUBLISHED[name]
    assert utm_zones(GRID.bottom_left(Cells.parse([name]))).tolist() == [BY_RULE.get(name, epsg)]
    found = tile(name, f"EPSG:{epsg}")
    wanted = [[left, bottom, left + 10_680, bottom + 10_680]]
    np.testing.assert_allclose(found.bounds, wanted, atol=1e-3)
    np.testing.assert_allclose(found.centres(), [[lon, lat]], atol=1e-6)


def test_a_stored_system_goes_before_the_rule() -> None:
    assert tile("922D_242L").crs.tolist() == ["EPSG:32702"]
    assert tile("922D_242L", "EPSG:32701").crs.tolist() == ["EPSG:32701"]


@pytest.mark.parametrize("name", PATCHES)
def test_windows_of_tiles_are_where_published_patches_are(name: str) -> None:
    epsg, (x, y), left, bottom = PATCHES[name]
    found = tile(name).windows(np.array([y, x, y + 224, x + 224]))
    assert found.crs.tolist() == [f"EPSG:{epsg}"]
    wanted = [left, bottom, left + 2240, bottom + 2240]
    np.testing.assert_allclose(found.bounds[0], wanted, atol=1e-3)


@needs_shared
def test_all_published_values_hold() -> None:
    assert SHARED is not None
    file = SHARED / "facts" / "majortom-grid-golden.json"
    golden = json.loads(Path(file).read_text(encoding="utf-8"))
    for cell in golden["cells"]:
        cells = Cells.parse([cell["cell"]])
        corner = GRID.bottom_left(cells)
        wanted = [[cell["bottom_left_lon"], cell["bottom_left_lat"]]]
        np.testing.assert_allclose(corner, wanted, atol=1e-9)
        assert GRID.column_count(cells.row).tolist() == [cell["cols_in_row"]]
        assert utm_zones(corner).tolist() == [cell["epsg_rule"]]
        epsg = cell["epsg_observed"] or cell["epsg_rule"]
        found = tile_footprints(GRID, cells, crs=[f"EPSG:{epsg}"])
        np.testing.assert_allclose(found.bounds, [cell["utm_bounds"]], atol=1e-3)
        if cell["observed_bounds"]:
            np.testing.assert_allclose(found.bounds, [cell["observed_bounds"]], atol=1e-6)
        centre = [cell["centre_lon"], cell["centre_lat"]]
        np.testing.assert_allclose(found.centres(), [centre], atol=1e-6)
    for place in golden["latlon_to_cell"]:
        assert GRID.cells_at(np.array([[place["lon"], place["lat"]]])).names() == [place["cell"]]
    for patch in golden["terramesh_patches"]:
        x, y = patch["px_offset_xy"]
        window = tile(patch["id"].rsplit("_", 2)[0]).windows(np.array([y, x, y + 224, x + 224]))
        assert window.crs.tolist() == [f"EPSG:{patch['epsg']}"]
        np.testing.assert_allclose(window.bounds, [patch["bounds"]], atol=1e-3)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (5.3, 60.4, 32632),  # Bergen, which 31 would hold
        (2.9, 60.4, 32631),
        (12.0, 60.4, 32633),
        (5.3, 55.99, 32631),
        (5.3, 64.0, 32631),
        (8.9, 78.0, 32631),  # Svalbard has no even zones
        (9.0, 78.0, 32633),
        (20.9, 78.0, 32633),
        (21.0, 78.0, 32635),
        (33.0, 78.0, 32637),
        (42.0, 78.0, 32638),
        (-0.1, 78.0, 32630),
        (15.0, 84.5, 32633),
        (8.0, 84.5, 32632),  # north of it zones are even again
        (0.0, -60.0, 32731),
        (5.3, -60.4, 32731),
        (180.0, 10.0, 32601),
        (-180.0, -10.0, 32701),
        (179.99, 10.0, 32660),
        (0.0, 90.0, 32631),
        (0.0, -90.0, 32731),
    ],
)
def test_zones_are_those_of_maps(lon: float, lat: float, epsg: int) -> None:
    assert utm_zones(np.array([[lon, lat]])).tolist() == [epsg]


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_place_in_its_own_zone_comes_back(lon: float, lat: float) -> None:
    place = np.array([[lon, lat]])
    crs = codes(utm_zones(place))
    again = unproject(project(place, crs), crs)
    np.testing.assert_allclose(again[0, 1], lat, atol=1e-7)
    away = (again[0, 0] - lon + 180) % 360 - 180
    assert abs(away) * np.cos(np.radians(lat)) < 1e-7


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from([2.0, 10.0, 50.0]))
def test_a_tile_holds_its_own_grid_point(lon: float, lat: float, dist_km: float) -> None:
    grid = Grid(dist_km)
    cells = grid.cells_at(np.array([[lon, lat]]))
    shape = tile_footprints(grid, cells).polygons()[0]
    west, south, east, north = shape.bounds
    assert -180 <= west <= east <= 180
    assert -90 <= south <= north <= 90
    assert shape.is_valid
    assert all(part.exterior.is_ccw for part in shapely.get_parts(shape))
    corner = grid.bottom_left(cells)[0]
    inside = [shape.covers(shapely.Point(corner[0] + turn, corner[1])) for turn in (-360, 0, 360)]
    assert any(inside)


@given(st.floats(-180, 180), st.floats(-30, 30))
def test_tiles_of_the_cells_around_leave_no_place_out(lon: float, lat: float) -> None:
    # Cells are cut by longitude and tiles are squares, so a place is in a tile of its cell's or in
    # one beside it. Far north, at the edges of zones, squares are turned by more than their margin
    # makes good: there Major TOM's tiles leave slivers out.
    cells = GRID.cells_at(np.array([[lon, lat]]))
    around, _ = GRID.neighbours(cells)
    both = Cells(np.append(cells.row, around.row), np.append(cells.col, around.col))
    shapes = tile_footprints(GRID, both).polygons()
    assert shapely.covers(shapes, shapely.Point(lon, lat)).any()


def test_the_area_of_a_tile_is_that_of_its_square() -> None:
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for name in ("454U_120R", "0U_2004R", "922D_249L", "1002D_0R", "1001U_0R"):
        shape = tile(name).polygons()[0]
        area = sum(abs(geod.geometry_area_perimeter(p)[0]) for p in shapely.get_parts(shape))
        assert area == pytest.approx(10_680**2, rel=0.01), name


def test_a_tile_at_180_degrees_is_two_that_meet_there() -> None:
    cells = GRID.cells_at(np.array([[179.99, -16.5]]))
    shape = tile_footprints(GRID, cells).polygons()[0]
    assert shape.geom_type == "MultiPolygon"
    bounds = sorted(part.bounds for part in shape.geoms)
    assert bounds[0][0] == -180
    assert bounds[-1][2] == 180
    assert all(east - west < 0.2 for west, _, east, _ in bounds)


def test_utm_outlines_are_the_bounds() -> None:
    found = tile("454U_120R")
    shape = shapely.from_wkt(found.utm_wkt()[0])
    assert shape.bounds == tuple(found.bounds[0])


def test_other_margins_and_spacings() -> None:
    found = tile_footprints(Grid(2), Cells.parse(["0U_0R"]), margin_m=60)
    west, south, east, north = found.bounds[0]
    assert east - west == north - south == pytest.approx(2120)
    assert south == pytest.approx(-60, abs=1e-6)


@pytest.mark.parametrize(("size", "count", "stride"), [(224, 25, 211), (384, 9, 342), (1068, 1, 0)])
def test_fragments_are_those_of_the_full_sets(size: int, count: int, stride: int) -> None:
    boxes = fragment_boxes(size)
    assert len(boxes) == count
    assert boxes[0].tolist() == [0, 0, size, size]
    assert boxes[-1].tolist() == [1068 - size, 1068 - size, 1068, 1068]
    if count > 1:
        assert boxes[1].tolist() == [0, stride, size, stride + size]  # along a row first


def test_fragments_by_stride() -> None:
    assert len(fragment_boxes(224, tile=384, stride=80)) == 9
    for bad in ((0, None), (1069, None), (224, 0)):
        with pytest.raises(BadQueryError, match="no windows"):
            fragment_boxes(bad[0], stride=bad[1])


def test_the_published_transposition_is_undone() -> None:
    cells = Cells.parse(["454U_120R"] * 25 + ["860D_312L"] * 25)
    boxes = np.tile(fragment_boxes(224), (2, 1))
    tiles = tile_footprints(GRID, cells)
    mirrored = tiles.windows(boxes[:, [1, 0, 3, 2]]).centres()
    true = tiles.windows(boxes).centres()
    found = true_centres(mirrored, boxes, tiles.crs.tolist())
    np.testing.assert_allclose(found, true, atol=1e-9)
    moved = np.abs(mirrored - true).max(axis=1) > 1e-3
    assert moved.tolist() == [(i // 5) != (i % 5) for i in range(25)] * 2
    np.testing.assert_array_equal(found[~moved], mirrored[~moved])


def test_unknown_systems_and_lists_of_other_lengths_are_refused() -> None:
    with pytest.raises(BadPlaceError, match="not a coordinate system"):
        tile("0U_0R", "EPSG:1")
    with pytest.raises(BadQueryError, match="1 cells and 2"):
        tile_footprints(GRID, Cells.parse(["0U_0R"]), crs=["EPSG:32631"] * 2)


def test_shapes_drawn_across_the_whole_map_are_put_right() -> None:
    wrapped = shapely.box(-179.9, 10, 179.9, 10.2)
    beyond = shapely.box(179.9, 10, 180.1, 10.2)
    right, split = on_globe(np.array([wrapped, beyond]))
    for shape, size in ((right, 0.2), (split, 0.2)):
        assert shape.geom_type == "MultiPolygon"
        assert shape.area == pytest.approx(size * 0.2)
        assert [part.bounds[0] for part in shape.geoms].count(-180) == 1
    assert on_globe(np.array([shapely.Point(190, 5, 3)]))[0].wkt == "POINT (-170 5)"
    globe = shapely.box(-180, -90, 180, 90)
    kept = on_globe(np.array([globe, None]))
    assert kept[0].bounds == globe.bounds
    assert kept[1] is None
