"""Classifiers from labels: probabilities, folds of land, and polygons with their area."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError
from eex.filters.record import Filter
from eex.grid import Cells, Footprints, Grid, tile_footprints
from eex.places import EARTH_RADIUS_KM
from eex.search.classify.blocks import (
    Figures,
    best_f1,
    block_folds,
    blocks_of,
    figures_of,
    random_folds,
    validate,
)
from eex.search.classify.polygons import Region, area_km2, footprints_of, regions_of
from eex.search.classify.run import Classified, classify, validate_labels
from eex.search.feedback.labels import Labels
from eex.search.run import OpenSet
from eex.testing import TOY
from toy_sets import embedding_set

GEOD = Geod(ellps="WGS84")
WHOLE_KM2 = 510_065_621.7
"""Surface of WGS 84."""


def area_of_box(west: float, south: float, east: float, north: float) -> float:
    """Return the area between two meridians and two parallels of WGS 84, square kilometres."""
    a, f = 6378.137, 1 / 298.257223563
    b, e = a * (1 - f), np.sqrt(f * (2 - f))

    def up_to(lat: float) -> float:
        s = np.sin(np.radians(lat))
        return float(b * b / 2 * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e))

    return np.radians(east - west) * (up_to(north) - up_to(south))


def boxes_set(boxes: Sequence[Any], **header: Any) -> EmbeddingSet:
    """Return a set whose tiles are these shapes, or boxes of degrees."""
    shapes = [shapely.box(*b) if isinstance(b, tuple) else b for b in boxes]
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(shapes), 4)).astype(np.float32)
    middles = shapely.centroid(shapes)
    lonlat = np.column_stack([shapely.get_x(middles), shapely.get_y(middles)])
    table = pa.table(
        {
            "grid_cell": [f"cell{i}" for i in range(len(shapes))],
            "geometry": pa.array(shapely.to_wkb(shapes), pa.binary()),
        }
    )
    about = SetHeader(id="boxes", title="Boxes", model="toy", dim=4, **header)
    return EmbeddingSet(about, vectors, lonlat, table, "key", roles={"geometry": "geometry"})


def merged(boxes: Sequence[Any], **header: Any) -> tuple[Region, ...]:
    embeddings = boxes_set(boxes, **header)
    count = len(embeddings)
    return regions_of(embeddings, np.arange(count), np.linspace(0.5, 1, count))


def toys(rows: int = 2000, **header: Any) -> OpenSet:
    made = embedding_set(TOY, rows=rows, **header)
    return OpenSet("toys", made, Settings(cache_dir=Path("none"), threads=1))


# --- polygons


def test_tiles_that_touch_or_overlap_are_one_polygon_and_count_once() -> None:
    touching = [(0, 0, 1, 1), (1, 0, 2, 1), (1.5, 0, 2.5, 1), (5, 5, 6, 6)]
    one, other = merged(touching)
    assert (one.tiles, other.tiles) == (3, 1)
    assert shapely.equals(one.shape, shapely.box(0, 0, 2.5, 1))
    assert shapely.equals(other.shape, shapely.box(5, 5, 6, 6))
    ring = shapely.get_coordinates(one.shape)
    area, _ = GEOD.polygon_area_perimeter(*ring.T)
    assert one.area_km2 == pytest.approx(area / 1e6, rel=1e-12)
    assert one.area_km2 == pytest.approx(area_of_box(0, 0, 2.5, 1), rel=1e-4)
    assert one.mean_probability == pytest.approx(np.mean([0.5, 2 / 3, 5 / 6]))
    assert other.mean_probability == 1


def test_a_hole_stays_a_hole_and_is_no_area() -> None:
    ring = [(x, y, x + 1, y + 1) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    (one,) = merged(ring)
    assert one.tiles == 8
    assert shapely.get_num_interior_rings(one.shape) == 1
    expected = area_of_box(0, 0, 3, 3) - area_of_box(1, 1, 2, 2)
    assert one.area_km2 == pytest.approx(expected, rel=2e-4)
    exterior, interior = shapely.get_rings(one.shape)
    assert shapely.is_ccw(exterior)
    assert not shapely.is_ccw(interior)


def test_corners_that_touch_make_two_polygons() -> None:
    assert [region.tiles for region in merged([(0, 0, 1, 1), (1, 1, 2, 2)])] == [1, 1]


def test_edges_that_differ_in_the_last_digits_touch() -> None:
    (one,) = merged([(0, 0, 1, 1), (1 + 2e-9, 0, 2, 1)])
    assert one.tiles == 2
    assert one.shape.geom_type == "Polygon"


def test_across_180_degrees_it_is_one_polygon_in_two_parts() -> None:
    split = shapely.multipolygons(
        [[shapely.box(179.5, 0, 180, 1), shapely.box(-180, 0, -179.5, 1)]]
    )[0]
    apart = [(178, 0, 179, 1), (179, 0, 180, 1), (-180, 0, -179, 1), (-178, 5, -177, 6)]
    one, other = merged([*apart, split])
    assert (one.tiles, other.tiles) == (4, 1)
    assert one.shape.geom_type == "MultiPolygon"
    west, _, east, _ = shapely.bounds(one.shape)
    assert (west, east) == (-180, 180)
    assert one.area_km2 == pytest.approx(area_of_box(178, 0, 181, 1), rel=1e-4)
    for part in one.shape.geoms:
        assert np.ptp(shapely.get_coordinates(part)[:, 0]) <= 2


def test_at_180_degrees_only_what_meets_is_joined() -> None:
    regions = merged([(179, 0, 180, 1), (-180, 1, -179, 2), (-180, 3, -179, 4)])
    assert [region.tiles for region in regions] == [1, 1, 1]


@pytest.mark.parametrize(("utm", "laea"), [("EPSG:32633", 6931), ("EPSG:32733", 6932)])
def test_polygons_at_the_poles_have_the_area_of_the_ground(utm: str, laea: int) -> None:
    """Squares in UTM over and round the pole, against an equal-area projection of the pole."""
    to_utm = Transformer.from_crs(4326, utm, always_xy=True)
    to_laea = Transformer.from_crs(utm, laea, always_xy=True)
    pole = to_utm.transform(0, 90 if laea == 6931 else -90)

    def check(squares: Sequence[tuple[int, ...]]) -> tuple[Region, ...]:
        bounds = 1000.0 * np.array(squares) + [*pole, *pole]
        plain = shapely.segmentize(shapely.box(*bounds.T), 1000)
        there = shapely.transform(plain, to_laea.transform, interleaved=False)
        parts = shapely.get_parts(shapely.union_all(there))
        regions = merged(list(Footprints(np.full(len(bounds), utm), bounds).polygons()))
        areas = sorted((shapely.area(parts) / 1e6).tolist(), reverse=True)
        assert [region.area_km2 for region in regions] == pytest.approx(areas, rel=1e-4)
        return regions

    over = [(-100, -100, 100, 100), (50, -50, 250, 50), (-400, 300, -300, 400)]
    assert [region.tiles for region in check(over)] == [2, 1]
    around = [(x, y, x + 101, y + 101) for x in (-150, -50, 50) for y in (-150, -50, 50)]
    assert [region.tiles for region in check(around[:4] + around[5:])] == [8]


def test_areas_of_large_shapes_are_those_of_the_ellipsoid() -> None:
    assert area_km2(shapely.box(-180, -90, 180, 90)) == pytest.approx(WHOLE_KM2, rel=1e-9)
    most = shapely.box(-180, -90, 180, 90) - shapely.box(10, 10, 11, 11)
    hole, _ = GEOD.geometry_area_perimeter(shapely.orient_polygons(shapely.box(10, 10, 11, 11)))
    assert area_km2(most) == pytest.approx(WHOLE_KM2 - hole / 1e6, rel=1e-9)
    half = shapely.box(-180, 0, 180, 90)
    assert area_km2(half) == pytest.approx(WHOLE_KM2 / 2, rel=1e-9)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=24))
def test_polygons_are_the_union_of_their_tiles(places: list[tuple[int, int]]) -> None:
    """Against shapely's own union, and against counting squares of a board."""
    boxes = [(x / 2, y / 2, x / 2 + 1, y / 2 + 1) for x, y in places]
    regions = merged(boxes)
    union = shapely.union_all([shapely.box(*box) for box in boxes])
    assert sum(region.tiles for region in regions) == len(boxes)
    assert len(regions) == shapely.get_num_geometries(union)
    together = shapely.union_all([region.shape for region in regions])
    assert shapely.area(shapely.symmetric_difference(together, union)) < 1e-9
    board = {(x + i, y + j) for x, y in places for i in (0, 1) for j in (0, 1)}
    squares = sum(area_of_box(x / 2, y / 2, x / 2 + 0.5, y / 2 + 0.5) for x, y in board)
    assert sum(region.area_km2 for region in regions) == pytest.approx(squares, rel=1e-3)
    areas = [region.area_km2 for region in regions]
    assert areas == sorted(areas, reverse=True)


def test_footprints_come_from_utm_or_the_width_of_a_tile_where_there_is_no_geometry() -> None:
    grid = Grid(10.0)
    cells = Cells.parse(["454U_120R", "100D_77L"])
    true = tile_footprints(grid, cells)
    lonlat = true.centres()
    about = SetHeader(id="t", title="T", model="toy", dim=4, tile_km=10.68)
    vectors = np.ones((2, 4), np.float32)
    named = pa.table({"utm_footprint": [*true.utm_wkt()], "utm_crs": pa.array(true.crs.tolist())})
    bare = pa.table({"grid_cell": ["a", "b"]})
    points = bare.append_column("geometry", pa.array(shapely.to_wkb(shapely.points(lonlat))))
    for table in (named, bare, points):
        made = footprints_of(EmbeddingSet(about, vectors, lonlat, table, "k"), np.arange(2))
        shared = shapely.area(shapely.intersection(made, true.polygons()))
        assert (shared / shapely.area(shapely.union(made, true.polygons())) > 1 - 1e-6).all()
    unknown = EmbeddingSet(
        SetHeader(id="t", title="T", model="toy", dim=4), vectors, lonlat, bare, "k"
    )
    with pytest.raises(BadQueryError, match="how large"):
        footprints_of(unknown, np.arange(2))
    assert len(footprints_of(unknown, np.arange(2), tile_km=5)) == 2


def test_nothing_is_no_polygon() -> None:
    assert regions_of(boxes_set([(0, 0, 1, 1)]), np.empty(0, np.int64), np.empty(0)) == ()


# --- folds of land


def test_folds_share_no_block_and_nothing_near() -> None:
    rng = np.random.default_rng(3)
    lonlat = np.column_stack([rng.uniform(-180, 180, 900), rng.uniform(-85, 85, 900)])
    blocks = blocks_of(lonlat, 1500.0)
    cells = Grid(1500.0).cells_at(lonlat)
    names = cells.names()
    assert len(set(zip(blocks.tolist(), names, strict=True))) == len(set(names))
    lon, lat = np.radians(lonlat).T
    points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    km = np.arccos(np.clip(points @ points.T, -1, 1)) * EARTH_RADIUS_KM
    tested = []
    for fitted, held in block_folds(blocks, lonlat, folds=5, buffer_km=250.0):
        assert not set(blocks[fitted]) & set(blocks[held])
        assert km[np.ix_(fitted, held)].min() >= 250
        others = np.setdiff1d(np.arange(900), np.concatenate([fitted, held]))
        assert (km[np.ix_(others, held)].min(axis=1) < 250 + 1e-6).all()
        tested += held.tolist()
    assert sorted(tested) == list(range(900))
    dealt = [held for _, held in random_folds(rng.random(900) < 0.3, 5)]
    assert sorted(np.concatenate(dealt).tolist()) == list(range(900))


@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30).filter(
        lambda some: 0 < sum(kind for _, kind in some) < len(some)
    )
)
def test_the_threshold_has_the_best_f1(some: list[tuple[int, bool]]) -> None:
    chances = np.array([value / 7 for value, _ in some])
    positive = np.array([kind for _, kind in some])

    def f1(threshold: float) -> float:
        taken = chances >= threshold
        return float(2 * (taken & positive).sum() / (taken.sum() + positive.sum()))

    cut = best_f1(np.append(chances, np.nan), np.append(positive, True))
    assert f1(cut) == max(f1(value) for value in chances)
    told = figures_of(chances, positive, cut)
    assert told.f1 == pytest.approx(f1(cut))
    assert told.auc == pytest.approx(roc_auc_score(positive, chances))
    assert told.average_precision == pytest.approx(average_precision_score(positive, chances))
    taken = chances >= cut
    assert told.precision == pytest.approx((taken & positive).sum() / taken.sum())
    assert told.recall == pytest.approx((taken & positive).sum() / positive.sum())


def place_memory(seed: int = 0) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.float64]]:
    """Return vectors that say only in which block a tile is; kinds are dealt to blocks."""
    rng = np.random.default_rng(seed)
    places = np.array([(lon, lat) for lon in range(-175, 175, 20) for lat in range(-60, 60, 20)])
    which = np.repeat(np.arange(len(places)), 6)
    lonlat = places[which] + rng.uniform(-0.2, 0.2, (len(which), 2))
    own = rng.normal(size=(len(places), 150))
    vectors = own[which] + 0.3 * rng.normal(size=(len(which), 150))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), (rng.random(len(places)) < 0.5)[which], lonlat


def test_random_folds_flatter_where_nearness_is_all_that_is_learned() -> None:
    vectors, positive, lonlat = place_memory()
    told = validate(vectors, positive, lonlat, tile_km=10.0, block_km=500.0)
    assert told.blocked is not None
    assert told.random is not None
    assert told.random.auc > 0.95
    assert abs(told.blocked.auc - 0.5) < 0.1
    assert (told.folds, told.block_km, told.messages) == (5, 500.0, ())
    assert told.blocked.tested == told.random.tested == len(positive)
    table = told.lines()
    assert table[1].startswith("blocks of 500 km")
    assert f"{told.random.auc:.3f}" in table[2]


def test_too_few_blocks_are_told() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    positive = np.arange(20) < 8
    here = np.column_stack([rng.uniform(10.1, 10.2, 20), rng.uniform(1, 1.1, 20)])
    told = validate(vectors, positive, here, tile_km=1.0)
    assert (told.blocked, told.blocks, told.folds) == (None, 1, 0)
    assert told.random is not None
    assert "All labels lie in one block of 100 km" in told.messages[0]
    assert (told.threshold, told.chosen) == (0.5, False)

    there = here + np.where(positive, 0, 30)[:, None]  # each kind in a block of its own
    told = validate(vectors, positive, there, tile_km=1.0)
    assert (told.blocked, told.blocks) == (None, 2)
    assert "one kind lie too near together" in told.messages[0]

    lone = validate(vectors[7:], positive[7:], here[7:], tile_km=1.0)
    assert (lone.blocked, lone.random) == (None, None)
    assert "too few labels of one kind" in lone.messages[1]
    assert lone.lines() == list(lone.messages)
    json.dumps(lone.to_json(), allow_nan=False)
    with pytest.raises(BadQueryError, match="Blocks have"):
        validate(vectors, positive, here, tile_km=1.0, block_km=0)


def test_folds_are_no_more_than_blocks() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(40, 8)).astype(np.float32)
    lonlat = np.column_stack([np.repeat([0.0, 40.0, 80.0, 120.0], 10), rng.uniform(0, 0.3, 40)])
    told = validate(vectors, np.arange(40) % 2 == 0, lonlat, tile_km=0.0)
    assert (told.blocks, told.folds) == (4, 4)
    assert isinstance(told.blocked, Figures)
    assert told.buffer_km == 0


# --- the whole


@pytest.fixture(scope="module")
def labels() -> Labels:
    rng = np.random.default_rng(4)
    chosen = rng.choice(2000, 60, replace=False)
    return Labels.of(chosen[:25], chosen[25:])


def test_probabilities_are_those_of_scikit_learn(labels: Labels) -> None:
    opened = toys(tile_km=50.0)
    vectors = np.asarray(opened.embeddings.vectors, np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fitted = LogisticRegression(C=10.0, class_weight="balanced", max_iter=10_000)
    rows = np.concatenate([labels.positive, labels.negative])
    fitted.fit(vectors[rows], np.arange(len(rows)) < len(labels.positive))
    expected = fitted.predict_proba(vectors)[:, 1]
    found = classify(opened, labels, threshold=0.7)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-3)
    clear = np.abs(expected - 0.7) > 1e-4
    taken = np.zeros(2000, np.bool_)
    taken[found.rows] = True
    assert (taken == (expected >= 0.7))[clear].all()
    assert sum(region.tiles for region in found.regions) == len(found.rows)
    assert found.validation is None
    assert found.recipe["threshold_by"] == "given"


def test_only_tiles_that_pass_the_filter_become_polygons(labels: Labels) -> None:
    opened = toys(tile_km=50.0)
    within = Filter(bbox=(0, 0, 90, 60))
    everything = classify(opened, labels, threshold=0.5)
    found = classify(opened, labels, threshold=0.5, filter=within)
    lon, lat = opened.embeddings.lonlat[everything.rows].T
    inside = (lon >= 0) & (lon <= 90) & (lat >= 0) & (lat <= 60)
    assert found.rows.tolist() == everything.rows[inside].tolist()
    assert found.recipe["filter"] == within.to_json()


def test_the_threshold_is_chosen_on_blocks_and_everything_is_in_the_recipe(
    labels: Labels,
) -> None:
    opened = toys(tile_km=50.0, licence="CC0", attribution="Somebody")
    found = classify(opened, labels, background=100)
    told = validate_labels(opened, labels, background=100)
    assert found.validation == told
    assert told.chosen
    assert found.threshold == told.threshold
    record = json.loads(json.dumps(found.to_geojson(), allow_nan=False))
    recipe = record["recipe"]
    assert recipe["labels"] == labels.to_json()
    assert recipe["threshold_by"] == "f1 on blocks"
    assert (recipe["method"], recipe["c"], recipe["background"]) == ("logistic", 10.0, 100)
    assert recipe["validation"]["blocked"]["tested"] == len(labels) + 100
    assert record["credit"]["licence"] == "CC0"
    assert all(found.probabilities[found.rows] >= found.threshold - 1e-6)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_at_the_ends(labels: Labels, threshold: float) -> None:
    opened = toys(tile_km=50.0)
    found = classify(opened, labels, threshold=threshold)
    assert len(found.rows) == (0 if threshold else 2000)
    assert bool(found.regions) is not bool(threshold)
    assert any("no polygons" in message for message in found.messages) is bool(threshold)


def test_what_cannot_be_classified_is_refused(labels: Labels) -> None:
    opened = toys(tile_km=50.0)
    for bad, told in (
        (Labels.of([1]), "negative tiles too"),
        (Labels.of((), [1]), "positive"),
        (Labels.of([1], [5000]), "no row 5000"),
    ):
        with pytest.raises(BadQueryError, match=told):
            classify(opened, bad)
    for options in ({"threshold": 2}, {"c": -1}, {"block_km": 1e9}):
        with pytest.raises(BadQueryError):
            classify(opened, labels, **options)  # type: ignore[arg-type]
    with pytest.raises(BadQueryError, match="how large"):
        classify(toys(), labels, threshold=0.5)
    with pytest.raises(BadQueryError, match="not written as"):
        classify(opened, labels, threshold=0.5).save("x.shp")


def saved(found: Classified, path: Path) -> gpd.GeoDataFrame:
    found.save(path)
    return gpd.read_file(path) if path.suffix == ".geojson" else gpd.read_parquet(path)


def test_files_are_read_by_other_tools(world: OpenSet, tmp_path: Path) -> None:
    best = world.search(text="ice sheet", k=30).results
    worst = world.search(text="ice sheet", weights={"text": -1}, k=40).results
    marked = Labels.of([r.row for r in best], [r.row for r in worst])
    found = classify(world, marked, threshold=0.9)
    assert len(found.regions) > 1
    frames = [saved(found, tmp_path / name) for name in ("a.geojson", "a.parquet")]
    for frame in frames:
        assert frame.crs.to_epsg() in {4326, None}
        assert frame.geometry.is_valid.all()
        assert frame["area_km2"].sum() == pytest.approx(found.area_km2, rel=1e-6)
        assert frame["tiles"].sum() == len(found.rows)
        west, south, east, north = frame.total_bounds
        assert (west >= -180, south >= -90, east <= 180, north <= 90) == (True,) * 4
    geojson, parquet = (frame.geometry.to_numpy() for frame in frames)
    assert shapely.area(shapely.symmetric_difference(geojson, parquet)).max() < 1e-4
    # tiles of 200 km lie 100 km apart: their own areas would count everything several times
    alone = [area_km2(shape) for shape in footprints_of(world.embeddings, found.rows)]
    assert sum(alone) > 2 * found.area_km2
    for region in found.regions:
        covered = shapely.union_all(footprints_of(world.embeddings, found.rows)).intersection(
            region.shape
        )
        assert shapely.area(covered) == pytest.approx(shapely.area(region.shape), rel=1e-6)


def test_an_empty_answer_is_a_file_too(labels: Labels, tmp_path: Path) -> None:
    found = classify(toys(tile_km=50.0), labels, threshold=1.0)
    assert len(saved(found, tmp_path / "none.parquet")) == 0
    record = json.loads(found.save(tmp_path / "none.geojson").read_text(encoding="utf-8"))
    assert record["features"] == []
