"""Items to tiles: the pixels of plain window reads, the geometry of rasterio's own transform."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.windows import Window, bounds  # noqa: E402

from eex.build.items import Item, TileBatch, Tiling, Want  # noqa: E402
from eex.build.layout import layout_opener  # noqa: E402
from eex.build.reading import read_item  # noqa: E402
from eex.build.rows import SCENE_TILES  # noqa: E402
from eex.build.tiling import plan_items  # noqa: E402
from eex.config import Settings  # noqa: E402
from eex.errors import BadPictureError, BadQueryError, ShapeError, UnknownNameError  # noqa: E402
from eex.imagery.tone import true_colour  # noqa: E402
from eex.sources.refs import Asset, SceneRef  # noqa: E402
from scenes import NUMBERS, RGB, make_scene, numbers, write_tif  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

TILING = Tiling(size=48, stride=24)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",))


def read_all(
    refs: list[Any],
    tiling: Tiling,
    wants: list[Want],
    settings: Settings,
    *,
    batch: int = 7,
    tiles_per_item: int = 1000,
) -> tuple[pa.Table, dict[Want, np.ndarray], list[TileBatch]]:
    items = plan_items(
        refs, tiling, open_layout=layout_opener(settings), tiles_per_item=tiles_per_item
    )
    batches = [
        found
        for item in items
        for found in read_item(item, tiling, wants, settings=settings, batch=batch)
    ]
    tiles = pa.concat_tables([found.tiles for found in batches])
    pixels = {want: np.concatenate([found.pixels[want] for found in batches]) for want in wants}
    return tiles, pixels, batches


def scene(folder: Path, **about: Any) -> SceneRef:
    bands = {f"B0{i}": numbers(170, 200, seed=i) for i in (2, 3, 4)}
    return make_scene(folder, bands, left=500_070.0, top=5_000_130.0, **about)


def plain(ref: SceneRef, band: str, box: list[int]) -> np.ndarray:
    """Read a window with rasterio alone."""
    top, left, bottom, right = box
    with rasterio.open(ref.bands[band].href) as file:
        return file.read(1, window=Window(left, top, right - left, bottom - top))


def test_every_tile_has_the_pixels_of_a_plain_window_read(
    tmp_path: Path, settings: Settings
) -> None:
    ref = scene(tmp_path)
    tiles, pixels, _ = read_all([ref], TILING, [RGB, NUMBERS], settings)
    assert len(tiles) == len({tuple(box) for box in tiles["pixel_bbox"].to_pylist()}) > 40
    for row, box in enumerate(tiles["pixel_bbox"].to_pylist()):
        dn = {band: plain(ref, band, box) for band in ("B02", "B03", "B04")}
        shown = true_colour(np.stack([dn[band] for band in RGB.bands]))
        np.testing.assert_array_equal(pixels[RGB][row], shown)
        np.testing.assert_array_equal(pixels[NUMBERS][row], np.stack([dn["B02"], dn["B04"]]))
    assert pixels[RGB].dtype == np.uint8
    assert pixels[NUMBERS].dtype == np.uint16
    assert tiles.schema == SCENE_TILES


@pytest.mark.parametrize(
    ("crs", "left", "top"),
    [
        ("EPSG:32633", 500_070.0, 5_000_130.0),
        ("EPSG:32733", 499_980.0, 6_190_000.0),  # south
        ("EPSG:32601", 371_500.0, 7_500_000.0),  # across 180 degrees
        ("EPSG:32660", 625_500.0, 7_500_000.0),
        ("EPSG:32632", 299_990.0, 8_900_010.0),  # near the pole
        ("EPSG:32731", 500_000.0, 10_000_300.0),  # over the equator
    ],
)
def test_geometry_is_that_of_the_files_own_transform(
    tmp_path: Path, settings: Settings, crs: str, left: float, top: float
) -> None:
    import shapely
    from pyproj import Transformer

    values = numbers(170, 300)
    ref = make_scene(tmp_path, {"B04": values}, left=left, top=top, crs=crs)
    want = Want(bands=("B04",))
    tiles, pixels, _ = read_all([ref], TILING, [want], settings)
    to_degrees = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
    with rasterio.open(ref.bands["B04"].href) as file:
        for row, record in enumerate(tiles.to_pylist()):
            t, left_column, b, r = record["pixel_bbox"]
            window = Window(left_column, t, r - left_column, b - t)
            np.testing.assert_array_equal(pixels[want][row, 0], file.read(1, window=window))
            west, south, east, north = bounds(window, file.transform)
            own = shapely.from_wkt(record["utm_footprint"])
            assert record["utm_crs"] == crs
            assert own.bounds == pytest.approx((west, south, east, north), abs=1e-6)
            lon, lat = to_degrees.transform((west + east) / 2, (south + north) / 2)
            assert record["centre_lon"] == pytest.approx(lon, abs=1e-9)
            assert record["centre_lat"] == pytest.approx(lat, abs=1e-9)
            shape = shapely.from_wkb(record["geometry"])
            assert shape.is_valid
            assert shapely.contains_xy(shape, lon, lat)
            corners = to_degrees.transform([west, east, east, west], [south, south, north, north])
            for x, y in zip(*corners, strict=True):
                near = min(
                    shapely.distance(shape, shapely.Point(x + turn, y)) for turn in (-360, 0, 360)
                )
                assert near < 1e-9
            w, _, e, _ = shape.bounds
            if shape.geom_type == "Polygon":
                assert e - w < 1
            else:  # two parts that meet at 180 degrees
                assert (w, e) == (-180, 180)
                assert all(np.ptp(part.bounds[::2]) < 1 for part in shape.geoms)
    crosses = any(shapely.from_wkb(g).geom_type != "Polygon" for g in tiles["geometry"].to_pylist())
    assert crosses == (crs in {"EPSG:32601", "EPSG:32660"})


def test_rows_say_product_time_cell_and_scene(tmp_path: Path, settings: Settings) -> None:
    from eex.grid import Grid

    when = datetime(2020, 7, 13, 9, 50, 31, tzinfo=UTC)
    ref = scene(tmp_path, when=when, cloud_cover=12.5)
    tiles, _, _ = read_all([ref], TILING, [RGB], settings)
    record = tiles.to_pylist()[3]
    assert record["timestamp"] == "20200713T095031"
    assert record["datetime"] == when
    assert record["cloud_cover"] == 12.5
    assert (record["scene"], record["product_id"]) == (ref.id, ref.product_id)
    lonlat = np.array([[record["centre_lon"], record["centre_lat"]]])
    cell = Grid(10.0).cells_at(lonlat)
    assert record["grid_cell"] == cell.names()[0]
    assert (record["grid_row_u"], record["grid_col_r"]) == (cell.row[0], cell.col[0])
    assert len(set(tiles["unique_id"].to_pylist())) == len(tiles)


def test_batches_are_full_and_the_same_every_time(tmp_path: Path, settings: Settings) -> None:
    ref = scene(tmp_path)
    once, pixels, batches = read_all([ref], TILING, [RGB], settings, batch=7)
    again, same, _ = read_all([ref], TILING, [RGB], settings, batch=7)
    other, others, _ = read_all([ref], TILING, [RGB], settings, batch=64, tiles_per_item=9)
    assert once.equals(again)
    assert once.equals(other.combine_chunks())
    assert {len(found.tiles) for found in batches[:-1]} == {7}
    np.testing.assert_array_equal(pixels[RGB], same[RGB])
    np.testing.assert_array_equal(pixels[RGB], others[RGB])


def test_limits_of_missing_pixels_and_clouds(tmp_path: Path, settings: Settings) -> None:
    b04, b03, b02 = (numbers(144, 144, seed=i) for i in range(3))
    for band in (b04, b03, b02):
        band[:, :36] = 0
    b04[60:90, 60:90] = 0  # dark in one band only: not missing
    scl = np.full((72, 72), 4, np.uint8)
    scl[:24, 36:] = 9
    scl[48:, 36:48] = 10
    scl[48:, 48:] = 3  # shadow does not count
    ref = make_scene(
        tmp_path,
        {"B04": b04, "B03": b03, "B02": b02, "SCL": scl},
        left=480 * 10.0,
        top=480 * 10.0,
        cloud_cover=1.0,
    )
    gone = np.zeros((144, 144), bool)
    gone[:, :36] = True
    cloudy = np.repeat(np.repeat(np.isin(scl, (8, 9, 10)), 2, axis=0), 2, axis=1)
    for nodata, cloud in ((0.0, 1.0), (0.5, 1.0), (0.5, 0.2), (1.0, 0.0)):
        tiling = Tiling(size=48, stride=24, max_nodata=nodata, max_cloud=cloud)
        tiles, _, _ = read_all([ref], tiling, [RGB], settings)
        expected = {}
        for top in range(0, 97, 24):
            for left in range(0, 97, 24):
                part = np.s_[top : top + 48, left : left + 48]
                lost = gone[part].mean()
                covered = cloudy[part][~gone[part]].mean()
                if lost <= nodata and (covered <= cloud or cloud == 1):
                    expected[top, left] = 100 * covered if cloud < 1 else 1.0
        found = {tuple(r["pixel_bbox"][:2]): r["cloud_cover"] for r in tiles.to_pylist()}
        assert found == pytest.approx(expected)


def test_a_tile_without_any_data_is_never_kept(tmp_path: Path, settings: Settings) -> None:
    values = numbers(96, 144)
    values[:, :72] = 0
    ref = make_scene(tmp_path, {"B04": values}, left=0.0, top=4800.0)
    tiling = Tiling(size=48, stride=24, max_nodata=1.0)
    tiles, _, _ = read_all([ref], tiling, [Want(bands=("B04",))], settings)
    assert {box[1] for box in tiles["pixel_bbox"].to_pylist()} == {48, 72, 96}


def test_coarse_bands_are_repeated_to_the_finest_grid(tmp_path: Path, settings: Settings) -> None:
    bands = {"B04": numbers(180, 180), "B11": numbers(90, 90, seed=1), "B01": numbers(30, 30)}
    ref = make_scene(tmp_path, bands, left=70.0, top=4870.0)
    want = Want(bands=("B01", "B11", "B04"))
    tiles, pixels, _ = read_all([ref], TILING, [want], settings)
    fine = np.stack(
        [
            np.kron(bands["B01"], np.ones((6, 6), np.uint16)),
            np.kron(bands["B11"], np.ones((2, 2), np.uint16)),
            bands["B04"],
        ]
    )
    for row, (top, left, bottom, right) in enumerate(tiles["pixel_bbox"].to_pylist()):
        np.testing.assert_array_equal(pixels[want][row], fine[:, top:bottom, left:right])


def test_scale_offset_and_nodata_of_the_files(tmp_path: Path, settings: Settings) -> None:
    dn = numbers(96, 96)
    dn[:10] = 0
    stored = np.where(dn == 0, 65535, dn + 1000).astype(np.uint16)
    fractions = np.where(dn == 0, np.nan, dn / 10_000).astype(np.float32)
    short = np.where(dn == 0, -9999, dn.astype(np.int32)).astype(np.int16)
    assets = {}
    for name, values, nodata in (
        ("plain", dn, None),
        ("moved", stored, 65535),
        ("fractions", fractions, np.nan),
        ("short", short, -9999),
    ):
        path = write_tif(tmp_path / f"{name}.tif", values, left=0, top=960, nodata=nodata)
        assets[name] = Asset(href=str(path))
    assets["moved"] = Asset(href=assets["moved"].href, offset=-1000.0)
    assets["fractions"] = Asset(href=assets["fractions"].href, scale=10_000.0)
    ref = SceneRef(id="mine", bands=assets)
    tiling = Tiling(size=96, stride=96, max_nodata=0.2)
    whole = [Want(bands=(name,)) for name in assets]
    _, pixels, _ = read_all([ref], tiling, whole, settings)
    for want in whole[:2] + whole[3:]:
        np.testing.assert_array_equal(pixels[want][0, 0], dn)
        assert pixels[want].dtype == np.uint16
    assert pixels[whole[2]].dtype == np.float32
    np.testing.assert_allclose(pixels[whole[2]][0, 0], dn, atol=1e-3)
    shown = Want(bands=("moved", "short", "plain"), stretch="keenkite")
    _, pixels, _ = read_all([ref], tiling, [shown], settings)
    level = (np.clip(dn.astype(np.float32) / np.float32(3000), 0, 1) * np.float32(255)).astype("u1")
    for band in range(3):
        np.testing.assert_array_equal(pixels[shown][0, ..., band], level)


@pytest.mark.parametrize(
    ("product", "about", "taken"),
    [
        ("S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_20220719T120000", {}, 1000),
        ("S2A_MSIL2A_20200223T095559_N0214_R122_T33TVF_20200223T120000", {}, 0),
        ("S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_20220719T120000", {"offset_removed": 1}, 0),
        ("S2A_33TVF_20240110_0_L2A", {"when": datetime(2024, 1, 10, tzinfo=UTC)}, 1000),
        ("S2A_33TVF_20200110_0_L2A", {"when": datetime(2020, 1, 10, tzinfo=UTC)}, 0),
        ("mine", {}, 0),
    ],
)
def test_the_offset_is_taken_off_where_it_is(
    tmp_path: Path, settings: Settings, product: str, about: dict[str, Any], taken: int
) -> None:
    dn = numbers(48, 48)
    dn[0, :3] = (0, 1000, 1001)
    ref = make_scene(tmp_path, {"B04": dn}, left=0.0, top=480.0, name=product, **about)
    want = Want(bands=("B04",))
    tiling = Tiling(size=48, stride=48, max_nodata=0.1, remove_offset=True)
    _, pixels, _ = read_all([ref], tiling, [want], settings)
    expected = np.clip(dn.astype(int) - taken, 0, None)
    np.testing.assert_array_equal(pixels[want][0, 0], expected)


def test_bands_of_one_file_striped_or_tiled(tmp_path: Path, settings: Settings) -> None:
    values = np.stack([numbers(150, 130, seed=i) for i in range(3)])
    want = Want(bands=("c", "a"))
    found = []
    for name, options in {
        "striped": {"tiled": False, "blockxsize": None, "blockysize": 1},
        "pixel": {"interleave": "pixel"},
        "band": {"interleave": "band"},
    }.items():
        told = {k: v for k, v in options.items() if v is not None}
        path = write_tif(tmp_path / f"{name}.tif", values, left=0, top=1500, **told)
        bands = {band: Asset(href=str(path), index=i + 1) for i, band in enumerate("abc")}
        tiles, pixels, _ = read_all([SceneRef(id="s", bands=bands)], TILING, [want], settings)
        for row, (top, left, bottom, right) in enumerate(tiles["pixel_bbox"].to_pylist()):
            expected = values[[2, 0], top:bottom, left:right]
            np.testing.assert_array_equal(pixels[want][row], expected)
        found.append(pixels[want])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_an_item_reads_only_its_own_tiles(tmp_path: Path, settings: Settings) -> None:
    ref = layout_opener(settings)(scene(tmp_path))
    item = Item(ref=ref, windows=((3, 5, 2), (3, 120, 1), (110, 7, 3)), tiles=6)
    found = list(read_item(item, TILING, [RGB], settings=settings))
    assert [box[:2] for box in found[0].tiles["pixel_bbox"].to_pylist()] == [
        [3, 5], [3, 29], [3, 120], [110, 7], [110, 31], [110, 55],
    ]  # fmt: skip
    for box, picture in zip(
        found[0].tiles["pixel_bbox"].to_pylist(), found[0].pixels[RGB], strict=True
    ):
        dn = np.stack([plain(ref, band, box) for band in RGB.bands])
        np.testing.assert_array_equal(picture, true_colour(dn))


def test_what_cannot_be_read_is_told(tmp_path: Path, settings: Settings) -> None:
    ref = layout_opener(settings)(scene(tmp_path))
    item = Item(ref=ref, windows=((0, 0, 1),), tiles=1)

    def read(wants: list[Want], item: Item = item, tiling: Tiling = TILING) -> None:
        list(read_item(item, tiling, wants, settings=settings))

    with pytest.raises(BadQueryError, match="No form"):
        read([])
    with pytest.raises(ShapeError, match="has no B08"):
        read([Want(bands=("B08",))])
    with pytest.raises(ShapeError, match="three bands"):
        read([Want(bands=("B04",), stretch="majortom")])
    with pytest.raises(UnknownNameError, match="stretch"):
        read([Want(bands=RGB.bands, stretch="lovely")])
    with pytest.raises(BadQueryError, match="0 pixels"):
        read([RGB], tiling=Tiling(size=0))
    with pytest.raises(BadQueryError, match="reach beyond"):
        read([RGB], Item(ref=ref, windows=((0, 150, 3),), tiles=3))
    Path(ref.bands["B03"].href).write_bytes(Path(ref.bands["B03"].href).read_bytes()[:3000])
    with pytest.raises(BadPictureError, match=r"B03 of .* is not a GeoTIFF"):
        read([RGB])
    Path(ref.bands["B03"].href).unlink()
    with pytest.raises(BadPictureError, match="cannot be read"):
        read([RGB])


def test_bands_that_lie_elsewhere_are_refused(tmp_path: Path, settings: Settings) -> None:
    ref = scene(tmp_path)
    write_tif(Path(ref.bands["B03"].href), numbers(170, 200), left=0.0, top=5_000_130.0)
    with pytest.raises(ShapeError, match="does not lie where"):
        read_all([ref], TILING, [RGB], settings)


def test_bands_of_another_zone_with_the_same_numbers_are_refused(
    tmp_path: Path, settings: Settings
) -> None:
    ref = scene(tmp_path)
    path = Path(ref.bands["B03"].href)
    with rasterio.open(path) as file:
        own, left, top = file.read(1), file.transform.c, file.transform.f
    write_tif(path, own, left=left, top=top, crs="EPSG:32633")
    assert read_all([ref], TILING, [RGB], settings)
    write_tif(path, own, left=left, top=top, crs="EPSG:32634")
    with pytest.raises(ShapeError, match=r"B03 of .* does not lie where"):
        read_all([ref], TILING, [RGB], settings)
