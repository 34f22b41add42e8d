"""Sentinel-2 rasters are read as what they are, or refused in one sentence."""

from __future__ import annotations

import builtins
import io
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from eex.encoders.inputs import image_input
from eex.encoders.open import encoder_spec
from eex.errors import (
    BadPictureError,
    BadQueryError,
    EexError,
    MissingExtraError,
    ShapeError,
    UnknownNameError,
)
from eex.imagery.geotiff import read_raster
from eex.imagery.sentinel2 import (
    L1C,
    L2A,
    Scene,
    read_major_tom_folder,
    read_major_tom_row,
    read_scene,
    thumbnail_tone,
    true_colour,
)
from shared_data import SHARED, needs_shared

rasterio = pytest.importorskip("rasterio")

PRODUCT = "S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_20220719T120000"
TAKEN = datetime(2022, 7, 19, 9, 55, 59, tzinfo=UTC)
TRANSFORM = (10.0, 0.0, 435017.0, 0.0, -10.0, 4524784.0)


def numbers(bands: int, height: int, width: int, dtype: Any = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 9000, (bands, height, width)).astype(dtype)


def geotiff(values: np.ndarray, *, names: tuple[str, ...] = (), **more: Any) -> bytes:
    profile = {
        "driver": "GTiff",
        "count": values.shape[0],
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": "EPSG:32633",
        "transform": rasterio.Affine(*TRANSFORM),
        **more,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.io.MemoryFile() as memory:
            with memory.open(**profile) as file:
                file.write(values)
                for index, name in enumerate(names):
                    file.set_band_description(index + 1, name)
            return bytes(memory.read())


def written(path: Path, values: np.ndarray, **more: Any) -> Path:
    path.write_bytes(geotiff(values, **more))
    return path


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A product of Major TOM, 48 pixels instead of 1068: 10, 20 and 60 m bands."""
    folder = tmp_path / PRODUCT
    folder.mkdir()
    for band in L2A:
        step = {"B01": 6, "B09": 6, "B02": 1, "B03": 1, "B04": 1, "B08": 1}.get(band, 2)
        a, b, c, d, e, f = TRANSFORM
        coarse = rasterio.Affine(a * step, b, c, d, e * step, f)
        written(folder / f"{band}.tif", numbers(1, 48 // step, 48 // step), transform=coarse)
    (folder / "cloud_mask.tif").write_bytes((folder / "B02.tif").read_bytes())
    return folder


@pytest.mark.parametrize(("count", "order"), [(12, L2A), (13, L1C)])
def test_bands_without_names_have_the_usual_order(
    tmp_path: Path, count: int, order: tuple[str, ...]
) -> None:
    values = numbers(count, 20, 30)
    scene = read_scene(written(tmp_path / "a.tif", values))
    assert scene.bands == order
    assert scene.dn.dtype == np.uint16
    np.testing.assert_array_equal(scene.dn, values)
    np.testing.assert_array_equal(scene.take(("B8A", "B02"))[1], values[1])
    assert (scene.crs, scene.transform) == ("EPSG:32633", TRANSFORM)


def test_bands_with_names_are_found_by_them(tmp_path: Path) -> None:
    values = numbers(4, 16, 16)
    names = ("B8A", "B4, central wavelength 665 nm", "SCL", "b03")
    scene = read_scene(written(tmp_path / "a.tif", values, names=names))
    assert scene.bands == ("B8A", "B04", "B03")
    np.testing.assert_array_equal(scene.take(("B03", "B04")), values[[3, 1]])
    with pytest.raises(ShapeError, match="has no B02, B12") as caught:
        scene.take(("B02", "B04", "B12"))
    assert "B03, B04, B8A" in caught.value.hint


def test_names_that_are_given_count_before_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", numbers(5, 16, 16))
    with pytest.raises(ShapeError, match="5 bands and does not say which"):
        read_scene(path)
    assert read_scene(path, bands=("B04", "B03", "B02", "B08", "SCL")).bands[4] == "SCL"
    with pytest.raises(ShapeError, match="5 bands; 3 were named"):
        read_scene(path, bands=("B04", "B03", "B02"))
    with pytest.raises(ShapeError, match="B04 more than once"):
        read_scene(path, bands=("B04", "B04", "B02", "B08", "SCL"))


def test_the_centre_is_where_the_published_crops_are(tmp_path: Path) -> None:
    """The central 384 of 1068 pixels begin at 342; map coordinates move along."""
    values = numbers(1, 1068, 1068)
    path = written(tmp_path / "a.tif", values, names=("B04",))
    cut = read_scene(path, centre=384)
    np.testing.assert_array_equal(cut.dn, values[:, 342:726, 342:726])
    again = read_scene(path).centre(384)
    np.testing.assert_array_equal(cut.dn, again.dn)
    assert cut.transform == again.transform
    assert cut.transform[2] == TRANSFORM[2] + 3420
    assert cut.transform[5] == TRANSFORM[5] - 3420
    np.testing.assert_allclose(cut.lonlat or (), read_scene(path).lonlat or (), atol=1e-9)
    for wrong in (0, 1069):
        with pytest.raises(ShapeError, match=f"no square of {wrong}"):
            read_scene(path, centre=wrong)


def test_the_centre_has_a_longitude_and_a_latitude(tmp_path: Path) -> None:
    """Major TOM's metadata says 40.82386055223662 N 14.29270867998482 E for cell 454U_120R."""
    transform = rasterio.Affine(10, 0, 435017.4201253632, 0, -10, 4524784.8788007)
    path = written(tmp_path / "a.tif", numbers(1, 1068, 1068), names=("B04",), transform=transform)
    lonlat = read_scene(path).lonlat
    np.testing.assert_allclose(lonlat or (), (14.29270867998482, 40.82386055223662), atol=1e-8)
    nowhere = written(tmp_path / "b.tif", numbers(12, 9, 9), crs=None, transform=None)
    assert read_scene(nowhere).lonlat is None


@pytest.mark.parametrize(
    "where",
    [
        {"crs": rasterio.crs.CRS.from_wkt('LOCAL_CS["field",UNIT["metre",1]]')},
        {"transform": rasterio.Affine(10, 0, 5e12, 0, -10, 5e16)},
    ],
)
def test_map_coordinates_that_are_nowhere_on_the_globe(
    tmp_path: Path, where: dict[str, Any]
) -> None:
    scene = read_scene(written(tmp_path / "a.tif", numbers(12, 9, 9), **where))
    assert scene.lonlat is None


def test_a_small_file_that_announces_many_bands_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tif"
    sparse = {"tiled": True, "blockxsize": 2048, "blockysize": 2048, "SPARSE_OK": "TRUE"}
    shape = {"count": 90, "height": 6000, "width": 6000, "dtype": "uint8", "interleave": "band"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        rasterio.open(path, "w", driver="GTiff", compress="deflate", **shape, **sparse).close()
    assert path.stat().st_size < 100_000
    with pytest.raises(BadPictureError, match="90 x 6000 x 6000 pixels; at most"):
        read_raster(path.read_bytes(), lambda texts: [(text, i) for i, text in enumerate(texts)])
    with pytest.raises(ShapeError, match="90 bands and does not say which"):
        image_input(path.read_bytes(), encoder_spec("dinov2-large"))
    one = shape | {"count": 13, "height": 2_000, "width": 20_000, "dtype": "float32"}
    one |= {"interleave": "pixel", "blockysize": 2_000, "SPARSE_OK": "TRUE"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        rasterio.open(path, "w", driver="GTiff", compress="deflate", **one).close()
    monkeypatch.setattr("eex.imagery.geotiff.MOST_BYTES", 2**30)
    with pytest.raises(BadPictureError, match="stored in pieces over 1,024 MiB"):
        image_input(path.read_bytes(), encoder_spec("dinov2-large"), most=100)


def test_only_the_bands_that_are_needed_are_read(tmp_path: Path) -> None:
    values = numbers(13, 20, 30, np.float32)
    values[9:11] = np.nan
    path = written(tmp_path / "a.tif", values)
    given = image_input(path, encoder_spec("dinov2-large"))
    np.testing.assert_array_equal(given.pixels, true_colour(values[[3, 2, 1]]))
    assert image_input(path, encoder_spec("galileo-nano")).pixels.shape == (10, 20, 30)
    with pytest.raises(ShapeError, match="NaN"):
        read_scene(path)


def test_missing_pixels_are_zero_and_numbers_keep_their_kind(tmp_path: Path) -> None:
    values = numbers(12, 9, 9, np.int16)
    values[3, 4, 5] = -9999
    scene = read_scene(written(tmp_path / "a.tif", values, nodata=-9999))
    assert (scene.dn[3, 4, 5], scene.dn.dtype) == (0, np.uint16)
    with pytest.raises(ShapeError, match="from -9999"):
        read_scene(written(tmp_path / "b.tif", values))
    holes = numbers(12, 9, 9, np.float32)
    holes[3, 4, 5] = np.nan
    scene = read_scene(written(tmp_path / "d.tif", holes, nodata=np.nan))
    assert (scene.dn[3, 4, 5], scene.dn[0, 0, 0]) == (0, holes[0, 0, 0])
    values[3, 4, 5] = -250  # the offset of baseline 04.00 taken off
    assert read_scene(written(tmp_path / "c.tif", values)).dn[3, 4, 5] == -250


@pytest.mark.parametrize(
    ("value", "told"),
    [(np.nan, "NaN or infinity"), (np.inf, "NaN or infinity"), (1e6, "no digital numbers")],
)
def test_values_that_are_no_digital_numbers_are_refused(
    tmp_path: Path, value: float, told: str
) -> None:
    values = numbers(12, 9, 9, np.float32)
    assert read_scene(written(tmp_path / "good.tif", values)).dn.dtype == np.float32
    values[11, 8, 8] = value
    with pytest.raises(ShapeError, match=told):
        read_scene(written(tmp_path / "a.tif", values))


def test_reflectances_are_told_from_digital_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", numbers(12, 9, 9, np.float32) / 10_000)
    with pytest.raises(ShapeError, match="reflectances") as caught:
        read_scene(path)
    assert "10 000" in caught.value.hint


def test_what_is_no_geotiff_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(tmp_path / "whole.tif", numbers(12, 200, 200)).read_bytes()
    short, none = tmp_path / "short.tif", tmp_path / "none.tif"
    short.write_bytes(whole[: len(whole) // 2])
    none.write_bytes(b"GIF89a, or so")
    for path in (short, none):
        with pytest.raises(BadPictureError, match="not a GeoTIFF"):
            read_scene(path)
    for address in (tmp_path / "missing.tif", "/vsicurl/http://127.0.0.1:1/a.tif", "/dev/null"):
        with pytest.raises(BadPictureError, match="cannot be read"):
            read_scene(address)
    monkeypatch.setattr("eex.imagery.geotiff.MAX_PICTURE_PIXELS", 30_000)
    large = written(tmp_path / "large.tif", numbers(12, 200, 200))
    with pytest.raises(BadPictureError, match="200 x 200") as caught:
        read_scene(large)
    assert "centre" in caught.value.hint
    assert read_scene(large, centre=64).dn.shape == (12, 64, 64)
    assert capfd.readouterr() == ("", "")


def test_without_rasterio_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.tif", numbers(12, 9, 9))
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("rasterio"):
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught:
        read_scene(path)
    assert caught.value.hint == "pip install 'earth-embedding-explorer[raster]'"


def test_a_major_tom_folder_is_one_scene_at_ten_metres(product: Path) -> None:
    scene = read_scene(product)
    assert (scene.bands, scene.dn.shape) == (L2A, (12, 48, 48))
    assert (scene.when, scene.name) == (TAKEN, PRODUCT)
    assert (scene.crs, scene.transform) == ("EPSG:32633", TRANSFORM)
    coarse = numbers(1, 8, 8)[0]
    np.testing.assert_array_equal(scene.take(("B09",))[0], np.kron(coarse, np.ones((6, 6))))
    assert read_major_tom_folder(product, bands=("B8A", "B12")).dn.shape == (2, 24, 24)


def test_a_folder_with_bands_missing_or_elsewhere_is_refused(product: Path) -> None:
    elsewhere = rasterio.Affine(20, 0, TRANSFORM[2] + 20, 0, -20, TRANSFORM[5])
    written(product / "B12.tif", numbers(1, 24, 24), transform=elsewhere)
    with pytest.raises(ShapeError, match=r"B12 of .* does not lie where"):
        read_scene(product)
    (product / "B11.tif").unlink()
    (product / "B8A.tif").unlink()
    with pytest.raises(ShapeError, match=r"has no B8A, B11\."):
        read_scene(product)


@pytest.fixture
def shard(product: Path, tmp_path: Path) -> Path:
    """An image shard of Major TOM: one sample to a row group, whole GeoTIFFs in its columns."""
    cells = ["922D_249L", "454U_120R", "455U_120R", "455U_120R"]
    bands = {band: [(product / f"{band}.tif").read_bytes()] * 4 for band in L2A}
    b04 = [geotiff(numbers(1, 48, 48) + np.uint16(i)) for i in range(4)]
    path = tmp_path / "part_00001.parquet"
    columns = {
        "grid_cell": cells,
        "product_id": [PRODUCT, PRODUCT, PRODUCT, "S2A_other"],
        "timestamp": ["20220719T095559"] * 4,
        **bands,
        "B04": b04,
    }
    pq.write_table(pa.table(columns), path, row_group_size=1)
    return path


def test_a_row_of_a_shard_is_found_by_its_cell(shard: Path) -> None:
    scene = read_major_tom_row(shard, "454U_120R")
    assert (scene.bands, scene.dn.shape, scene.when) == (L2A, (12, 48, 48), TAKEN)
    np.testing.assert_array_equal(scene.take(("B04",)), numbers(1, 48, 48) + 1)
    other = read_major_tom_row(shard, "455U_120R", product_id="S2A_other", bands=("B04",))
    np.testing.assert_array_equal(other.dn, numbers(1, 48, 48) + 3)


def test_what_is_not_in_a_shard_is_told(shard: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        read_major_tom_row(shard, "454U_121R")
    assert "454U_120R" in caught.value.hint
    with pytest.raises(UnknownNameError):
        read_major_tom_row(shard, "454U_120R", product_id="S2A_other")
    with pytest.raises(BadQueryError, match="2 products") as several:
        read_major_tom_row(shard, "455U_120R")
    assert "S2A_other" in several.value.hint
    with pytest.raises(ShapeError, match="has no B10"):
        read_major_tom_row(shard, "454U_120R", bands=("B04", "B10"))
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(shard.read_bytes()[:1000])
    for path in (broken, tmp_path / "missing.parquet", tmp_path):
        with pytest.raises(BadPictureError, match="Parquet"):
            read_major_tom_row(path, "454U_120R")
    empty = pq.read_table(shard).set_column(
        6, "B04", pa.array([b"", b"II*", None, None], pa.binary())
    )
    pq.write_table(empty.drop_columns("B04").append_column("B04", empty["B04"]), broken)
    for cell in ("922D_249L", "454U_120R"):
        with pytest.raises(BadPictureError, match="B04 of"):
            read_major_tom_row(broken, cell)


def test_true_colour_cuts_off_as_the_published_tables_did() -> None:
    """400 is 25.5 levels and cut to 25; above 4000 all is white. 800 is 51 levels exactly, but
    50.999996 in float32 in the order of the published code, where it becomes 50."""
    dn = np.array([[[0, 400, 800, 3999, 4000, 9000]]] * 3, np.uint16)
    assert true_colour(dn)[0, :, 0].tolist() == [0, 25, 50, 254, 255, 255]
    assert true_colour(dn, gain=1.0)[0, 4].tolist() == [102] * 3
    assert true_colour(dn[:, :, ::-1]).shape == (1, 6, 3)
    order = np.zeros((3, 2, 2), np.uint16)
    order[0] = 4000
    assert true_colour(order)[0, 0].tolist() == [255, 0, 0]
    for wrong in (dn[:2], dn[0]):
        with pytest.raises(ShapeError):
            true_colour(wrong)


def test_the_tone_of_thumbnails_lightens_the_dark() -> None:
    """Reflectances 0.1 and 0.3 come out at 0.33 and 0.63, where true colour has 0.25 and 0.75."""
    dn = np.array([[[0, 1000, 3000, 9000]]] * 3, np.uint16)
    shown = thumbnail_tone(dn)[0, :, 1]
    assert shown.tolist() == [0, int(1.3 * 0.1**0.6 * 255), int(1.3 * 0.3**0.6 * 255), 255]
    np.testing.assert_allclose(shown[1:3] / 255, (0.33, 0.63), atol=0.005)
    assert thumbnail_tone(np.full((3, 1, 1), -200.0)).max() == 0


def test_every_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EexError) as caught:
        read_scene(tmp_path)
    assert "B01" in caught.value.message
    assert caught.value.hint == "Bands that are there: none."


@needs_shared
def test_a_real_sample_lies_where_major_tom_says_and_looks_like_its_thumbnail() -> None:
    assert SHARED is not None
    for cell in ("199U/199U_1099R", "0U/0U_199R"):
        (folder,) = (SHARED / "data/majortom" / cell).iterdir()
        scene = read_scene(folder)
        assert scene.dn.shape == (12, 1068, 1068)
        assert scene.when is not None
        assert folder.name[11:26] == scene.when.strftime("%Y%m%dT%H%M%S")
        stored = np.asarray(Image.open(io.BytesIO((folder / "thumbnail.png").read_bytes())))
        apart = np.abs(thumbnail_tone(scene.take(("B04", "B03", "B02"))) - stored.astype(float))
        assert apart.mean() < 3
        wrong = true_colour(scene.take(("B04", "B03", "B02"))) - stored.astype(float)
        assert np.abs(wrong).mean() > 5


@needs_shared
def test_real_patches_of_several_makers_are_read() -> None:
    assert SHARED is not None
    folder = SHARED / "data/sentinel2"
    scenes: list[Scene] = [
        read_scene(path) for path in sorted([*folder.glob("*/*.tif"), *folder.glob("Boa*.tif")])
    ]
    assert len(scenes) == 14
    assert {scene.bands for scene in scenes} == {L2A}
    assert {scene.dn.dtype for scene in scenes} == {np.dtype(np.uint16)}
    with (folder / "satclip/index.csv").open() as file:
        rows = [line.strip().split(",") for line in list(file)[1:]]
    for lat, lon, _, name in rows:
        found = read_scene(folder / "satclip" / name).lonlat
        np.testing.assert_allclose(found or (), (float(lon), float(lat)), atol=0.02)
    bolzano = read_scene(folder / "bolzano_l2a_10m.tif", bands=("B04", "B03", "B02", "B08", "SCL"))
    assert true_colour(bolzano.take(("B04", "B03", "B02"))).shape == (705, 935, 3)
