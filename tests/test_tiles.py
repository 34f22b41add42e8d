"""Footprints have the promised size on the ground and never wrap round the globe."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from eex.tiles import SCHEMA, tile_id, tile_table, window_footprints


@given(st.floats(-180, 180), st.floats(-84, 84))
def test_a_footprint_is_as_large_as_its_window(lon: float, lat: float) -> None:
    shape = shapely.from_wkb(window_footprints(np.array([[lon, lat]]), window_km=200)[0])
    west, south, east, north = shape.bounds
    assert -180 <= west <= east <= 180
    np.testing.assert_allclose(north - south, 200 / 111.32, rtol=1e-6)
    assert shape.is_valid
    assert all(part.exterior.is_ccw for part in shapely.get_parts(shape))
    # Area on the sphere by the trapezoid rule over strips of latitude.
    strips = np.linspace(south, north, 201)
    middles = (strips[1:] + strips[:-1]) / 2
    lines = [shape.intersection(shapely.LineString([(-180, y), (180, y)])).length for y in middles]
    area = np.sum(np.array(lines) * np.cos(np.radians(middles))) * (north - south) / 200
    assert area * 111.32**2 == pytest.approx(200 * 200, rel=0.02)


def test_a_footprint_across_the_antimeridian_is_two_polygons_that_meet_there() -> None:
    shape = shapely.from_wkb(window_footprints(np.array([[179.9, 10.0]]), window_km=200)[0])
    assert shape.geom_type == "MultiPolygon"
    bounds = sorted(part.bounds for part in shape.geoms)
    assert bounds[0][0] == -180
    assert bounds[1][2] == 180
    assert all(east - west < 3 for west, _, east, _ in bounds)


def test_a_footprint_whose_corners_alone_cross_the_antimeridian_is_whole() -> None:
    shape = shapely.from_wkb(
        window_footprints(np.array([[180 - 100 / 111.32, 0.0]]), window_km=200)[0]
    )
    assert shape.is_valid
    assert shape.geom_type == "MultiPolygon"


def test_ids_depend_on_cell_and_product() -> None:
    ids = {tile_id(cell, product) for cell in ("1U_1R", "1U_2R") for product in ("a", "b")}
    assert len(ids) == 4
    assert all(len(each) == 64 for each in ids)


def test_columns_that_are_not_given_are_null() -> None:
    table = tile_table({"grid_cell": ["1U_1R"], "centre_lon": [1.0]})
    assert table.schema == SCHEMA
    assert table["utm_crs"].null_count == 1
