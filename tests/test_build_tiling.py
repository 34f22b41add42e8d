"""Which tiles scenes are cut into: no place twice, edges covered, Major TOM's own cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eex.build.items import Item, Tiling
from eex.build.lattice import Ground, boxes_in_tile, cells_of, ground_of, starts
from eex.build.tiling import plan_items
from eex.errors import BadPictureError, BadQueryError, EexError
from eex.sources.refs import Ref, SceneRef, ShardRef

SMALL = Tiling(size=20, stride=10)


def scene(name: str, left: int, top: int, height: int, width: int, **about: Any) -> SceneRef:
    """Return a scene of 10 m pixels whose corner is given in pixels of the coordinate system."""
    crs = about.pop("crs", "EPSG:32633")
    transform = (10.0, 0.0, 10.0 * left, 0.0, -10.0, 10.0 * top)
    return SceneRef(id=name, crs=crs, transform=transform, size=(height, width), **about)


def places(items: Sequence[Item], tiling: Tiling) -> list[tuple[str, int, int]]:
    """Return scene, and column and row on the ground of each tile, rows counted upwards."""
    found = []
    for item in items:
        ref = item.ref
        assert isinstance(ref, SceneRef)
        assert ref.transform is not None
        left0, top0 = round(ref.transform[2] / 10), round(ref.transform[5] / 10)
        for top, left, count in item.windows:
            assert 0 <= top <= ref.size[0] - tiling.size  # type: ignore[index]
            for n in range(count):
                assert 0 <= left + n * tiling.stride <= ref.size[1] - tiling.size  # type: ignore[index]
                found.append((ref.id, left0 + left + n * tiling.stride, top0 - top))
        assert item.tiles == sum(window[2] for window in item.windows)
    return found


def covered(tiles: Sequence[tuple[str, int, int]], size: int) -> set[tuple[int, int]]:
    """Return all pixels of the ground in tiles."""
    return {(x + i, y - 1 - j) for _, x, y in tiles for i in range(size) for j in range(size)}


def outline(left: int, top: int, height: int, width: int, crs: str = "EPSG:32633") -> str:
    """Return a rectangle of pixels as WKT in degrees."""
    import shapely
    from pyproj import Transformer

    box = shapely.segmentize(
        shapely.box(10 * left, 10 * (top - height), 10 * (left + width), 10 * top), 200
    )
    to_degrees = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
    return str(
        shapely.transform(box, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))
    )


def test_tiles_begin_at_whole_strides_of_the_ground_and_at_the_edges() -> None:
    assert starts(0, 40, SMALL).tolist() == [0, 10, 20]
    assert starts(3, 40, SMALL).tolist() == [3, 10, 20, 23]
    assert starts(-13, 40, SMALL).tolist() == [-13, -10, 0, 7]
    assert starts(3, 20, SMALL).tolist() == [3]
    assert starts(3, 19, SMALL).tolist() == []
    assert starts(3, 60, Tiling(size=10, stride=20)).tolist() == [20, 40]  # samples


def test_a_scene_alone_is_covered_to_its_edges() -> None:
    ref = scene("a", 50_003, 500_007, 73, 58)
    tiles = places(plan_items([ref], SMALL), SMALL)
    assert len(tiles) == len(set(tiles)) == 7 * 6
    ground = covered(tiles, 20)
    assert len(ground) == 73 * 58


def test_scenes_of_one_zone_share_tiles_and_none_is_there_twice() -> None:
    a = scene("a", 50_003, 500_007, 80, 80, cloud_cover=5.0, group="pass")
    b = scene("b", 50_043, 500_007, 80, 80, cloud_cover=2.0, group="pass")
    refs = [
        replace(a, footprint=outline(50_003, 500_007, 80, 80)),
        replace(b, footprint=outline(50_043, 500_007, 80, 80)),
    ]
    tiles = places(plan_items(refs, SMALL), SMALL)
    where = [(x, y) for _, x, y in tiles]
    assert len(where) == len(set(where))
    assert len(covered(tiles, 20)) == 80 * 120
    shared = {name for name, x, _ in tiles if 50_050 <= x <= 50_060}
    assert shared == {"b"}  # less cloudy
    inner_edges = [x for _, x, y in tiles if x % 10 and x not in {50_003, 50_103}]
    assert not inner_edges  # where a scene ends inside its neighbour, nothing is added
    assert {name for name, _, _ in tiles} == {"a", "b"}
    assert plan_items(refs, SMALL) == plan_items(refs[::-1], SMALL)


def test_once_in_each_group_or_once_over_all() -> None:
    foot = outline(50_000, 500_000, 40, 40)
    about = {"footprint": foot, "cloud_cover": 1.0}
    days = [scene(f"s{day}", 50_000, 500_000, 40, 40, group=f"g{day}", **about) for day in range(3)]
    assert len(places(plan_items(days, SMALL), SMALL)) == 3 * 9
    best = places(plan_items(days, SMALL, once="place"), SMALL)
    assert {name for name, _, _ in best} == {"s0"}
    later = replace(days[1], when=datetime(2024, 1, 2, tzinfo=UTC))
    early = replace(days[0], when=datetime(2024, 1, 1, tzinfo=UTC))
    best = places(plan_items([early, later], SMALL, once="place"), SMALL)
    assert {name for name, _, _ in best} == {"s1"}
    clear = replace(days[2], cloud_cover=0.5)
    best = places(plan_items([early, later, clear], SMALL, once="place"), SMALL)
    assert {name for name, _, _ in best} == {"s2"}
    unsaid = replace(days[0], cloud_cover=None)
    best = places(plan_items([unsaid, later], SMALL, once="place"), SMALL)
    assert {name for name, _, _ in best} == {"s1"}


def test_a_scene_gets_only_tiles_where_it_has_data() -> None:
    west = scene("west", 50_000, 500_000, 100, 200, cloud_cover=0.0)
    west = replace(west, footprint=outline(50_000, 500_000, 100, 101))
    whole = scene("whole", 50_000, 500_000, 100, 200, cloud_cover=9.0)
    whole = replace(whole, footprint=outline(50_000, 500_000, 100, 200))
    tiles = places(plan_items([whole, west], SMALL, once="place"), SMALL)
    by_name = {name: {x - 50_000 for n, x, _ in tiles if n == name} for name in ("west", "whole")}
    # Footprints are exact to 8 pixels: tiles that far within are sure; others are read in both.
    assert max(by_name["west"]) == 100
    assert min(by_name["whole"]) == 80
    assert len({(x, y) for _, x, y in tiles}) == 9 * 19


@pytest.mark.parametrize(("missing", "again"), [(0, 200), (5, 170)])
def test_where_data_ends_just_before_the_raster_does_another_scene_is_read_too(
    missing: int, again: int
) -> None:
    west = scene("west", 50_000, 500_000, 100, 200, cloud_cover=0.0)
    west = replace(west, footprint=outline(50_000, 500_000, 100, 200 - missing))
    east = scene("east", 50_100, 500_000, 100, 200, cloud_cover=9.0)
    east = replace(east, footprint=outline(50_100, 500_000, 100, 200))
    tiles = places(plan_items([west, east], SMALL, once="place"), SMALL)
    by_name = {name: {x - 50_000 for n, x, _ in tiles if n == name} for name in ("west", "east")}
    assert max(by_name["west"]) == 180
    assert min(by_name["east"]) == min(again, 190)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((-180 -90, 180 -90, 180 90, -180 90, -180 -90))",
        "POLYGON ((-179.9 40, 179.9 40, 179.9 50, -179.9 50, -179.9 40))",
        "POLYGON ((100 10, 101 10, 101 11, 100 11, 100 10))",
        "POINT (15 45)",
        "POLYGON EMPTY",
    ],
)
def test_a_footprint_of_another_place_loses_no_tile(wkt: str) -> None:
    """Catalogues err at 180 degrees, swap axes, or give a point."""
    ref = scene("a", 50_000, 500_000, 60, 60)
    alone = places(plan_items([ref], SMALL), SMALL)
    assert places(plan_items([replace(ref, footprint=wkt)], SMALL), SMALL) == alone


@pytest.mark.parametrize("west", [179.985, -180.025])
def test_scenes_in_degrees_that_go_on_beyond_180_are_whole(west: float) -> None:
    import shapely

    size = (40, 60)
    ref = SceneRef(
        id="a",
        crs="EPSG:4326",
        transform=(0.001, 0.0, west, 0.0, -0.001, 10.0),
        size=size,
        footprint="MULTIPOLYGON (((179.9 9, 180 9, 180 11, 179.9 11, 179.9 9)), "
        "((-180 9, -179.9 9, -179.9 11, -180 11, -180 9)))",
    )
    items = plan_items([ref], SMALL)
    assert sum(item.tiles for item in items) == 3 * 6  # four of the lattice, two at the edges
    boxes = np.array([[0, 0, 20, 20], [0, 40, 20, 60]])
    squares = ground_of(ref).squares(boxes)
    lon, lat = squares.centres().T
    expected = (west + np.array([0.01, 0.05]) + 180) % 360 - 180
    np.testing.assert_allclose(lon, expected, atol=1e-9)
    assert shapely.contains_xy(squares.polygons(), lon, lat).all()


def test_unknown_footprints_leave_a_place_to_others_too() -> None:
    refs = [
        scene("a", 50_000, 500_000, 40, 40, cloud_cover=0.0),
        scene("b", 50_000, 500_000, 40, 40, cloud_cover=1.0),
    ]
    tiles = places(plan_items(refs, SMALL, once="place"), SMALL)
    assert [name for name, _, _ in tiles] == ["a"] * 9 + ["b"] * 9


def test_a_tile_in_another_zone_is_left_to_a_scene_of_that_zone() -> None:
    from pyproj import Transformer

    to_32 = Transformer.from_crs("OGC:CRS84", "EPSG:32632", always_xy=True)
    to_33 = Transformer.from_crs("OGC:CRS84", "EPSG:32633", always_xy=True)
    (x32, y32), (x33, y33) = to_32.transform(12, 45), to_33.transform(12, 45)
    a = scene("z32", int(x32 / 10) - 100, int(y32 / 10) + 100, 200, 200, crs="EPSG:32632")
    b = scene("z33", int(x33 / 10) - 100, int(y33 / 10) + 100, 200, 200, crs="EPSG:32633")
    a, b = (
        replace(one, group="g", footprint=outline(x, y, 200, 200, one.crs))
        for one, x, y in (
            (a, int(x32 / 10) - 100, int(y32 / 10) + 100),
            (b, int(x33 / 10) - 100, int(y33 / 10) + 100),
        )
    )
    alone = places(plan_items([a], SMALL), SMALL)
    both = places(plan_items([a, b], SMALL), SMALL)
    middle = {}
    for ref, back in ((a, to_32), (b, to_33)):
        mine = [(x, y) for name, x, y in both if name == ref.id]
        lon, _ = back.transform(
            [10 * x + 100 for x, _ in mine], [10 * y - 100 for _, y in mine], direction="INVERSE"
        )
        middle[ref.id] = np.array(lon)
    assert len(alone) > 300
    # West of 12 degrees is zone 32: there z33 keeps only what z32 does not cover, and vice versa.
    assert (middle["z32"] < 12).mean() > 0.3
    strays = (middle["z33"] < 12).sum() + (middle["z32"] >= 12).sum()
    assert strays < 0.15 * len(both)
    one_zone = [replace(b, group="other"), a]
    assert len(places(plan_items(one_zone, SMALL), SMALL)) > len(both) * 1.5


def test_scenes_that_do_not_say_where_they_have_data_are_all_read() -> None:
    """What one of them lacks another may have; the result drops what is there twice."""
    a, b = (replace(scene(n, 50_003, 500_007, 80, 80), group="g", footprint="") for n in "ab")
    alone = {(x, y) for _, x, y in places(plan_items([a], SMALL), SMALL)}
    both = places(plan_items([a, b], SMALL), SMALL)
    for name in "ab":
        assert {(x, y) for one, x, y in both if one == name} == alone
    elsewhere = replace(scene("z", 50_003, 500_007, 80, 80, crs="EPSG:32632"), group="g")
    kept = places(plan_items([a, replace(elsewhere, footprint="")], SMALL), SMALL)
    assert {(x, y) for one, x, y in kept if one == "a"} == alone


def test_pixels_between_whole_multiples_are_counted_alike_in_all_scenes() -> None:
    grounds = [
        Ground(crs="EPSG:32633", transform=(30.0, 0, x, 0, -30.0, y), size=(9, 9))
        for x, y in ((560_385.0, 4_000_005.0), (560_415.0, 4_000_035.0), (560_445.0, 4_000_065.0))
    ]
    rows, columns = zip(*(ground.origin for ground in grounds), strict=True)
    assert np.diff(columns).tolist() == [1, 1]
    assert np.diff(rows).tolist() == [-1, -1]


def test_items_are_rows_of_tiles_and_nearly_alike() -> None:
    ref = scene("a", 50_000, 500_000, 400, 400)
    items = plan_items([ref], SMALL, tiles_per_item=400)
    assert sum(item.tiles for item in items) == 39 * 39
    assert len(items) == 4
    assert max(item.tiles for item in items) <= 400 + 39
    tops = [[window[0] for window in item.windows] for item in items]
    assert all(max(one) < min(two) for one, two in pairwise(tops))


def test_a_scene_that_cannot_be_planned_is_set_aside() -> None:
    good = scene("a", 50_000, 500_000, 40, 40)
    turned = replace(good, id="turned", transform=(10.0, 1.0, 0.0, 1.0, -10.0, 0.0))
    unknown = replace(good, id="unknown", transform=None)
    broken = replace(good, id="broken", footprint="POLYGON ((")
    set_aside: list[tuple[str, str]] = []

    def failed(ref: Ref, error: EexError) -> None:
        set_aside.append((ref.id, str(error)))

    refs = [turned, unknown, good, broken]
    items = plan_items(refs, SMALL, failed=failed)
    assert [item.ref.id for item in items] == ["a"]
    assert [name for name, _ in set_aside] == ["turned", "unknown", "broken"]
    with pytest.raises(BadPictureError, match="not north up"):
        plan_items([turned], SMALL)
    with pytest.raises(BadQueryError, match="does not say where"):
        plan_items([unknown], SMALL)
    with pytest.raises(BadQueryError, match="not a shape"):
        plan_items([broken], SMALL)
    with pytest.raises(BadQueryError, match="nodata"):
        plan_items([good], replace(SMALL, max_nodata=1.5))


def napoli(**about: Any) -> SceneRef:
    """Return the scene T33TVF, in which 454U_120R lies, as its metadata has it."""
    transform = (10.0, 0.0, 399_960.0, 0.0, -10.0, 4_600_020.0)
    return SceneRef(
        id="T33TVF", crs="EPSG:32633", transform=transform, size=(10_980, 10_980), **about
    )


def test_cells_of_major_tom_are_those_of_its_metadata() -> None:
    ground = ground_of(napoli())
    cells, corners = cells_of(ground)
    names = cells.names()
    assert {"454U_120R", "455U_120R", "455U_119R"} <= set(names)
    assert len(names) == len(set(names)) > 80
    # left and top of 454U_120R, from its published rasters, in pixels of the scene
    exact = (4_600_020 - 4_524_784.8788007) / 10, (435_017.4201253632 - 399_960) / 10
    corner = corners[names.index("454U_120R")]
    assert corner.tolist() == [round(exact[0]), round(exact[1])]
    assert np.abs(corner - exact).max() <= 0.5
    assert (corners >= 0).all()
    assert (corners + 1068 <= 10_980).all()


def test_major_tom_windows_are_cut_as_its_sets_are() -> None:
    full = boxes_in_tile(Tiling(size=224, grid="majortom"), 1068, 1068)
    assert len(full) == 25
    assert full[:, 0].reshape(5, 5)[:, 0].tolist() == [0, 211, 422, 633, 844]
    nine = boxes_in_tile(Tiling(size=384, grid="majortom"), 1068, 1068)
    assert (len(nine), nine[-1].tolist()) == (9, [684, 684, 1068, 1068])
    centre = boxes_in_tile(Tiling(size=384, grid="majortom", centre=True), 1068, 1068)
    assert centre.tolist() == [[342, 342, 726, 726]]
    lattice = boxes_in_tile(Tiling(size=224, stride=112), 1068, 1068)
    assert sorted({*lattice[:, 0].tolist()}) == [0, 112, 224, 336, 448, 560, 672, 784, 844]


def test_a_cell_goes_to_one_scene_of_its_own_zone_if_there_is_one() -> None:
    tiling = Tiling(size=384, grid="majortom", centre=True)
    foot = outline(39_996, 460_002, 10_980, 10_980)
    mine = napoli(footprint=foot, cloud_cover=9.0, group="g")
    again = replace(mine, id="again", cloud_cover=1.0)
    items = plan_items([mine, again], tiling)
    assert {item.ref.id for item in items} == {"again"}
    cells = [window[2:] for item in items for window in item.windows]
    assert len(cells) == len(set(cells)) == len(cells_of(ground_of(mine))[1])
    assert sum(item.tiles for item in items) == len(cells)
    with pytest.raises(BadPictureError, match="UTM"):
        plan_items([replace(mine, crs="EPSG:3857")], tiling)
    with pytest.raises(BadQueryError, match="windows of 2000"):
        plan_items([mine], Tiling(size=2000, grid="majortom"))


def test_rows_of_shards_become_items() -> None:
    refs: list[Ref] = [
        ShardRef(id="p1", href="a.parquet", rows=500),
        ShardRef(id="p2", href="b.parquet", rows=500, keep=(3, 7, 499)),
    ]
    tiling = Tiling(size=224, grid="majortom")
    items = plan_items(refs, tiling, tiles_per_item=2500)
    assert [item.ref.id for item in items] == ["p1"] * 5 + ["p2"]
    assert items[0].windows == tuple((row,) for row in range(100))
    assert items[-1].windows == ((3,), (7,), (499,))
    assert sum(item.tiles for item in items) == 25 * 503
    once = plan_items(refs, replace(tiling, centre=True), tiles_per_item=2500)
    assert sum(item.tiles for item in once) == 503


def test_a_scene_smaller_than_a_tile_has_none() -> None:
    small = scene("a", 50_000, 500_000, 19, 40)
    assert plan_items([small], SMALL) == []
