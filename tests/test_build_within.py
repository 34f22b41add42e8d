"""Tiles outside the area are left out of plans: each one beside shapely's own answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from eex.build.items import Item, Tiling
from eex.build.tiling import plan_items
from eex.build.within import within
from eex.extent.area import Area
from eex.sources.refs import Asset, SceneRef, ShardRef

SCENE = SceneRef(
    id="s",
    bands={"B04": Asset(href="/B04.tif")},
    crs="EPSG:32654",
    transform=(10.0, 0.0, 380_000.0, 0.0, -10.0, 3_980_000.0),
    size=(3000, 3000),
)
TO_DEGREES = Transformer.from_crs("EPSG:32654", "EPSG:4326", always_xy=True)


def area(*box: float) -> Area:
    return Area.of(shapely.geometry.mapping(shapely.box(*box)))


def tiles_of(items: list[Item], tiling: Tiling) -> set[tuple[int, int]]:
    return {
        (top, left + i * tiling.stride)
        for item in items
        for top, left, count in item.windows
        for i in range(count)
    }


def outline(top: int, left: int, size: int) -> Any:
    x, y = 380_000 + 10 * left, 3_980_000 - 10 * top
    corners = [(x, y), (x + 10 * size, y), (x + 10 * size, y - 10 * size), (x, y - 10 * size)]
    return shapely.Polygon([TO_DEGREES.transform(*corner) for corner in corners])


def test_runs_are_cut_to_the_tiles_that_touch() -> None:
    tiling = Tiling(size=224, stride=112)
    items = plan_items([SCENE], tiling, tiles_per_item=100)
    where = area(139.72, 35.85, 139.80, 35.90)
    found = within(items, where, tiling)
    shape = shapely.union_all(list(where.parts))
    expected = {
        (top, left)
        for top, left in tiles_of(items, tiling)
        if shape.intersects(outline(top, left, 224))
    }
    assert tiles_of(found, tiling) == expected
    assert 0 < len(expected) < len(tiles_of(items, tiling))
    assert sum(item.tiles for item in found) == len(expected)
    assert all(item.windows for item in found)


def test_holes_part_runs() -> None:
    tiling = Tiling(size=224, stride=224)
    items = plan_items([SCENE], tiling)
    two = shapely.union_all(
        [shapely.box(139.68, 35.8, 139.70, 35.9), shapely.box(139.9, 35.8, 140, 35.9)]
    )
    found = within(items, Area.of(shapely.geometry.mapping(two)), tiling)
    lefts = {left for _, left in tiles_of(found, tiling)}
    assert max(np.diff(sorted(lefts))) > 224


def test_cells_stay_whole_and_shards_as_they_are() -> None:
    tiling = Tiling(size=384, grid="majortom", centre=True)
    items = plan_items([SCENE], tiling)
    found = within(items, area(139.72, 35.85, 139.725, 35.855), tiling)
    assert 0 < sum(item.tiles for item in found) < sum(item.tiles for item in items)
    shard = Item(ref=ShardRef(id="p", href="/p", rows=3), windows=((0,), (2,)), tiles=2)
    assert within([shard], area(0, 0, 1, 1), tiling) == [shard]
    assert within(items, area(0, 0, 1, 1), tiling) == []


@pytest.mark.parametrize("grid", ["scene", "majortom"])
def test_all_stays_where_the_area_holds_all(grid: Any) -> None:
    tiling = Tiling(size=384, stride=384, grid=grid)
    items = plan_items([SCENE], tiling)
    assert within(items, area(139, 35, 141, 37), tiling) == items
