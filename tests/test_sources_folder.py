"""Scenes of folders and lists of GeoTIFFs: named, brought together, refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

from eex.config import Settings
from eex.errors import BadQueryError, OfflineError, SourceError
from eex.extent.area import Area
from eex.sources.folder import FolderSource
from eex.sources.refs import SceneRef
from eex.sources.wanted import Wanted
from range_server import range_server
from shared_data import SHARED
from stac_world import StacWorld, cog

PRODUCT = "S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"
DATA = SHARED / "data" if SHARED else Path("none")


def write(
    path: Path,
    *,
    bands: int = 1,
    names: tuple[str, ...] = (),
    crs: str | None = "EPSG:32633",
    left: float = 500_000.0,
    top: float = 5_000_000.0,
    size: tuple[int, int] = (16, 20),
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = size
    values = np.ones((bands, height, width), np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=bands, dtype="uint16", crs=crs,
        transform=rasterio.Affine(10, 0, left, 0, -10, top),
    ) as file:  # fmt: skip
        file.write(values)
        if names:
            file.descriptions = names
    return path


def listed(settings: Settings, *paths: Path | str, **options: Any) -> list[SceneRef]:
    found = FolderSource(settings, paths=[str(path) for path in paths], **options).refs()
    assert all(isinstance(ref, SceneRef) for ref in found)
    return [ref for ref in found if isinstance(ref, SceneRef)]


def files_of(scene: SceneRef) -> dict[str, tuple[str, int]]:
    return {band: (Path(a.href).name, a.index) for band, a in scene.bands.items()}


def test_one_file_a_band_is_brought_together_by_name(settings: Settings, tmp_path: Path) -> None:
    for stem in (
        "T33UWP_20250330T100051_B02_10m", "T33UWP_20250330T100051_B02_20m",
        "T33UWP_20250330T100051_B8A_20m", "T33UWP_20250330T100051_SCL_20m",
        "T33UWP_20250402T100051_B02_10m",
    ):  # fmt: skip
        write(tmp_path / "R" / f"{stem}.tif")
    for band in ("b4", "b03", "B2"):
        write(tmp_path / f"own.{band}.TIF")
    found = listed(settings, tmp_path)
    assert [scene.id for scene in found] == [
        "T33UWP_20250330T100051", "T33UWP_20250402T100051", "own",
    ]  # fmt: skip
    first, second, own = found
    assert files_of(first) == {
        "B02": ("T33UWP_20250330T100051_B02_10m.tif", 1),
        "B8A": ("T33UWP_20250330T100051_B8A_20m.tif", 1),
        "SCL": ("T33UWP_20250330T100051_SCL_20m.tif", 1),
    }
    assert (first.when, first.group) == (datetime(2025, 3, 30, 10, 0, 51, tzinfo=UTC), "20250330")
    assert list(second.bands) == ["B02"]
    assert list(own.bands) == ["B02", "B03", "B04"]
    assert (own.when, own.group, own.crs, own.size) == (None, "", "", None)
    size = (tmp_path / "R" / "T33UWP_20250402T100051_B02_10m.tif").stat().st_size
    assert second.bands["B02"].bytes == second.bytes == size


def test_major_toms_folders_are_scenes(settings: Settings, tmp_path: Path) -> None:
    """One product covers several cells, so that its name alone is no id."""
    for cell in ("0U_199R", "0U_200R"):
        for band in ("B01", "B04", "B8A", "cloud_mask"):
            write(tmp_path / "0U" / cell / PRODUCT / f"{band}.tif")
        (tmp_path / "0U" / cell / PRODUCT / "thumbnail.png").write_bytes(b"no GeoTIFF")
    found = listed(settings, tmp_path)
    assert [scene.id for scene in found] == [f"0U_199R/{PRODUCT}", f"0U_200R/{PRODUCT}"]
    for scene in found:
        assert list(scene.bands) == ["B01", "B04", "B8A", "cloud_mask"]
        assert scene.product_id == PRODUCT
        assert scene.group == "S2A_20220706T085611"
        assert scene.when == datetime(2022, 7, 6, 8, 56, 11, tzinfo=UTC)
        assert scene.attribution == "Contains modified Copernicus Sentinel data 2022"
    assert listed(settings, tmp_path / "0U" / "0U_199R")[0].id == PRODUCT


def test_no_path_of_the_machine_is_in_an_id(settings: Settings, tmp_path: Path) -> None:
    for name in ("a.tif", "a.tiff"):
        write(tmp_path / "one" / name, bands=3, names=("B4", "B3", "B2"))
    assert [scene.id for scene in listed(settings, tmp_path)] == ["a.tif", "a.tiff"]


def test_files_of_several_bands_are_scenes(settings: Settings, tmp_path: Path) -> None:
    described = write(tmp_path / "a_2020-01-13.tif", bands=3, names=("B4, red", "B3", "my own"))
    twelve = write(tmp_path / "b.tiff", bands=12)
    thirteen = write(tmp_path / "c.tif", bands=13)
    first, second, third = listed(settings, tmp_path)
    assert files_of(first) == {n: (described.name, i) for n, i in
                               (("B04", 1), ("B03", 2), ("my own", 3))}  # fmt: skip
    assert first.when == datetime(2020, 1, 13, tzinfo=UTC)
    assert first.bytes == described.stat().st_size  # once, though three bands are in it
    assert list(second.bands)[-3:] == ["B09", "B11", "B12"]
    assert second.bands["B12"].index == 12
    assert Path(second.bands["B12"].href) == twelve
    assert list(third.bands)[-3:] == ["B10", "B11", "B12"]
    assert Path(third.bands["B10"].href) == thirteen
    five = write(tmp_path / "five" / "d.tif", bands=5)
    with pytest.raises(SourceError, match="5 bands and does not say which") as caught:
        listed(settings, five)
    assert "--bands" in caught.value.hint
    (named,) = listed(settings, five, bands="B04,B03,,B08")
    assert files_of(named) == {n: ("d.tif", i) for n, i in (("B04", 1), ("B03", 2), ("B08", 3))}


def test_where_a_file_lies_is_what_pyproj_says(settings: Settings, tmp_path: Path) -> None:
    from pyproj import Transformer

    near, far = write(tmp_path / "near.tif", bands=12), write(tmp_path / "far.tif", bands=12)
    write(far, bands=12, left=700_000.0)
    ring = [[14.99, 45.1], [15.01, 45.1], [15.01, 45.2], [14.99, 45.2], [14.99, 45.1]]
    area = Area.of({"type": "Polygon", "coordinates": [ring]})
    (scene,) = listed(settings, tmp_path, wanted=Wanted(area=area))
    assert Path(scene.bands["B02"].href) == near
    assert (scene.crs, scene.size) == ("EPSG:32633", (16, 20))
    assert scene.transform == (10, 0, 500_000, 0, -10, 5_000_000)
    to_degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    corner = to_degrees.transform(500_200, 4_999_840)
    shape = shapely.from_wkt(scene.extent)
    assert min(np.hypot(*(np.array(p) - corner)) for p in shape.exterior.coords) < 1e-6
    assert listed(settings, tmp_path, wanted=Wanted(time=("2020", ""))) == []


def test_a_raster_across_180_degrees_is_cut(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "x.tif", bands=12, crs="EPSG:32601", left=166_021.0 - 100, top=1000)
    area = Area.of({"type": "Polygon", "coordinates":
                    [[[-180, -1], [-179, -1], [-179, 1], [-180, 1], [-180, -1]]]})  # fmt: skip
    (scene,) = listed(settings, tmp_path, wanted=Wanted(area=area))
    parts = shapely.get_parts(shapely.from_wkt(scene.extent))
    assert sorted(round(part.centroid.x) for part in parts) == [-180, 180]
    assert all(part.bounds[2] - part.bounds[0] < 0.01 for part in parts)


def test_addresses_are_read_by_their_first_bytes(stac_world: StacWorld, settings: Settings) -> None:
    files = stac_world.scenes["S2A_54SUE_20240110_0_L2A"].files
    wanted = Wanted(area=Area.of(stac_world.area))
    with range_server() as server:
        urls = [server.put(f"/s/x_{band}.tif", files[band]) for band in ("B04", "B03")]
        (scene,) = listed(settings, *urls)
        assert server.requests == 0
        assert [a.href for a in scene.bands.values()] == [urls[1], urls[0]]
        (scene,) = listed(settings, *urls, wanted=wanted)
        assert (scene.crs, scene.size) == ("EPSG:32654", (600, 600))
        assert server.body_bytes <= 2**16 + 1
        page = server.put("/s/page.tif", b"<html>" * 100)
        with pytest.raises(SourceError, match="no GeoTIFF"):
            listed(settings, page)


def test_a_header_is_read_of_a_whole_scene_by_its_first_bytes(settings: Settings) -> None:
    """The index of a band of 10980 x 10980 pixels, in 1,849 blocks, is within the first bytes."""
    content = cog(np.zeros((10980, 10980), np.uint8), 0, 0, 10)
    with range_server() as server:
        url = server.put("/x.tif", content + bytes(2**20))
        (scene,) = listed(settings, url, bands=["B04"], wanted=Wanted(
            area=Area.of({"type": "Polygon", "coordinates":
                          [[[136, -1], [137, -1], [137, 1], [136, 1], [136, -1]]]})))  # fmt: skip
        assert scene.size == (10980, 10980)


def test_what_is_no_geotiff_is_told_or_left_out(settings: Settings, tmp_path: Path) -> None:
    good = write(tmp_path / "good.tif", bands=12)
    for name in ("notes.txt", "good.tif.aux.xml", ".hidden.tif", "preview.png"):
        (tmp_path / name).write_text("something")
    (tmp_path / "broken.tif").write_bytes(b"II*\0" + bytes(40))
    with pytest.raises(SourceError, match=r"broken\.tif is no GeoTIFF") as caught:
        listed(settings, tmp_path)
    assert "--skip" in caught.value.hint
    (tmp_path / "other.jp2").write_bytes(b"\0\0\0\x0cjP  ")
    with pytest.raises(SourceError, match=r"other\.jp2 is no GeoTIFF"):
        listed(settings, tmp_path)
    assert [s.id for s in listed(settings, tmp_path, skip=True)] == ["good"]
    assert [s.id for s in listed(settings, good)] == ["good"]


def test_lists_of_files_are_read(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.tif", bands=12)
    write(tmp_path / "in" / "b.tif", bands=12)
    text = "# mine\nin/b.tif\n\nin\nhttp://127.0.0.1:9/c_B04.tif\n"
    (tmp_path / "mine.txt").write_text(text)
    found = listed(settings, tmp_path / "mine.txt")
    assert [scene.id for scene in found] == ["a", "b", "c"]


def test_names_that_come_twice_are_told_apart(settings: Settings, tmp_path: Path) -> None:
    for folder in ("x/one", "x/two"):
        write(tmp_path / folder / "scene.tif", bands=12)
    write(tmp_path / "x" / "other.tif", bands=12)
    found = listed(settings, tmp_path)
    assert [scene.id for scene in found] == ["one/scene", "other", "two/scene"]
    write(tmp_path / "x" / "s_B4.tif")
    write(tmp_path / "x" / "s_B04.tif")
    with pytest.raises(SourceError, match="same band of one scene"):
        listed(settings, tmp_path)


def test_what_cannot_be_listed_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file or folder"):
        listed(settings, tmp_path / "absent")
    with pytest.raises(SourceError, match="no GeoTIFF in"):
        listed(settings, tmp_path)
    with pytest.raises(BadQueryError, match="No folder"):
        FolderSource(settings, paths=[])
    with pytest.raises(BadQueryError, match="named twice"):
        FolderSource(settings, paths=["x"], bands="B04,B04")
    twice = write(tmp_path / "twice.tif", bands=2, names=("B04", "B4"))
    with pytest.raises(SourceError, match="several bands called B04"):
        listed(settings, twice)


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, offline=True)
    with pytest.raises(OfflineError):
        listed(settings, "https://example.org/scene.tif")


@pytest.mark.skipif(not DATA.is_dir(), reason="real scenes are not here (EEX_SHARED)")
def test_real_files_are_listed(settings: Settings) -> None:
    dates = listed(settings, *(DATA / "sentinel2").glob("Boadella*.tif"))
    assert [scene.group for scene in dates] == ["20200113", "20200128"]
    assert all(len(scene.bands) == 12 for scene in dates)
    (scene,) = listed(settings, DATA / "sentinel2" / "bolzano_l2a_10m.tif", bands="a,b,c,d,e")
    assert list(scene.bands) == list("abcde")
    samples = listed(settings, *(DATA / "majortom" / row for row in ("0U", "199U")))
    assert [len(scene.bands) for scene in samples] == [13, 13]
    assert {scene.product_id[:3] for scene in samples} == {"S2A", "S2B"}
