"""Scenes of files of STAC items: JSON and stac-geoparquet, as three providers write items."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rustac
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eex.config import Settings
from eex.errors import OfflineError, SourceError
from eex.extent.area import Area
from eex.sources.items import ItemsSource
from eex.sources.refs import Ref, SceneRef, to_json
from eex.sources.stac import StacSource
from eex.sources.stac_items import Catalogue, processed_of
from eex.sources.stac_products import newest
from eex.sources.wanted import Wanted
from range_server import range_server
from stac_world import StacWorld

TIFF = "image/tiff; application=geotiff; profile=cloud-optimized"

PLANETARY: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531",
    "collection": "sentinel-2-l2a",
    "bbox": [-148.86876, 60.33630032, -146.81763, 61.33432013],
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[-148.86876, 61.32159126], [-146.81763, 61.33432013], [-146.82315, 60.34852729],
             [-148.81212, 60.33630032], [-148.86876, 61.32159126]]
        ],
    },
    "links": [{"rel": "self", "href": "https://planetarycomputer.microsoft.com/api/stac/v1/x"}],
    "properties": {
        "datetime": "2019-06-29T21:25:29.024000Z",
        "platform": "Sentinel-2B",
        "constellation": "Sentinel 2",
        "proj:epsg": 32606,
        "s2:mgrs_tile": "06VVN",
        "eo:cloud_cover": 0.314306,
        "s2:datatake_id": "GS2B_20190629T212529_012081_N02.12",
        "s2:product_uri": "S2B_MSIL2A_20190629T212529_N0212_R043_T06VVN_20201006T080531.SAFE",
        "s2:datastrip_id": "S2B_OPER_MSI_L2A_DS_ESRI_20201006T080533_S20190629T212530_N02.12",
        "s2:generation_time": "2020-10-06T08:05:31.830Z",
        "s2:processing_baseline": "02.12",
        "sat:relative_orbit": 43,
    },
    "assets": {
        "AOT": {"href": "https://sentinel2l2a01.blob.core.windows.net/AOT_10m.tif", "type": TIFF,
                "proj:shape": [10980, 10980], "roles": ["data"],
                "proj:transform": [10.0, 0.0, 399960.0, 0.0, -10.0, 6800040.0]},
        **{
            band: {
                "href": f"https://sentinel2l2a01.blob.core.windows.net/{band}_{metres}m.tif",
                "type": TIFF, "gsd": metres, "roles": ["data"],
                "eo:bands": [{"name": band, "common_name": common}],
                "proj:shape": [109800 // metres, 109800 // metres],
                "proj:transform": [float(metres), 0.0, 399960.0, 0.0, -float(metres), 6800040.0],
            }
            for band, metres, common in (
                ("B01", 60, "coastal"), ("B02", 10, "blue"), ("B03", 10, "green"),
                ("B04", 10, "red"), ("B05", 20, "rededge"), ("B8A", 20, "rededge"),
            )
        },
        "SCL": {"href": "https://sentinel2l2a01.blob.core.windows.net/SCL_20m.tif", "type": TIFF,
                "proj:shape": [5490, 5490], "roles": ["data"],
                "proj:transform": [20.0, 0.0, 399960.0, 0.0, -20.0, 6800040.0]},
        "visual": {"href": "https://sentinel2l2a01.blob.core.windows.net/TCI_10m.tif",
                   "type": TIFF, "roles": ["data"],
                   "eo:bands": [{"name": "B04", "common_name": "red"},
                                {"name": "B03", "common_name": "green"}]},
        "preview": {"href": "https://sentinel2l2a01.blob.core.windows.net/x.tif", "type": TIFF,
                    "roles": ["thumbnail"]},
    },
}  # fmt: skip
"""After an item of Planetary Computer, with fewer bands."""

CDSE: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "S2C_MSIL2A_20250330T100051_N0511_R122_T33UWP_20250330T145914",
    "collection": "sentinel-2-l2a",
    "bbox": [14.999727904106205, 47.75581864580811, 16.4932694755772, 48.7530130044756],
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[14.9997, 48.7530], [14.9997, 47.7652], [16.4635, 47.7558], [16.4933, 48.7433],
             [14.9997, 48.7530]]
        ],
    },
    "links": [],
    "properties": {
        "datetime": "2025-03-30T10:00:51.024000Z",
        "platform": "sentinel-2c",
        "constellation": "sentinel-2",
        "grid:code": "MGRS-33UWP",
        "eo:cloud_cover": 83.41,
        "eopf:datatake_id": "GS2C_20250330T100051_002952_N05.11",
        "eopf:datastrip_id": "S2C_OPER_MSI_L2A_DS_2CPS_20250330T145914_S20250330T100435_N05.11",
        "processing:version": "05.11",
        "processing:datetime": "2025-03-30T14:59:14.000000Z",
        "_private": {
            "product_name": "S2C_MSIL2A_20250330T100051_N0511_R122_T33UWP_20250330T145914.SAFE",
        },
    },
    "assets": {
        key: {
            "href": f"s3://eodata/Sentinel-2/{key}.tif", "type": TIFF, "file:size": size,
            "bands": [{"name": key[:3], "eo:common_name": common}] if common else [],
            "proj:code": "EPSG:32633", "nodata": 0, "data_type": "uint16",
            "proj:shape": [109800 // metres] * 2,
            "proj:transform": [metres, 0, 499980, 0, -metres, 5400000, 0, 0, 1],
            "raster:scale": 0.0001, "raster:offset": -0.1, "roles": ["data", "reflectance"],
        }
        for key, metres, size, common in (
            ("B02_10m", 10, 118933074, "blue"), ("B02_20m", 20, 33380847, "blue"),
            ("B03_10m", 10, 120000000, "green"), ("B04_10m", 10, 121000000, "red"),
            ("SCL_20m", 20, 2000000, ""),
        )
    },
}  # fmt: skip
"""After an item of the Copernicus Data Space; its files are JPEG 2000 there."""

OTHER: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "ca_m_3712213_se_10_060_20220518",
    "collection": "naip",
    "bbox": [-122.1, 37.6, -122.0, 37.7],
    "geometry": None,
    "links": [],
    "properties": {
        "datetime": None, "start_datetime": "2022-05-18T16:00:00+02:00",
        "end_datetime": "2022-05-19T00:00:00Z", "proj:code": "EPSG:26910", "license": "PDDL-1.0",
        "providers": [{"name": "USDA Farm Service Agency", "roles": ["producer", "licensor"]},
                      {"name": "Microsoft", "roles": ["host"]}],
        "proj:shape": [12, 10], "proj:transform": [0.6, 0, 500, 0, -0.6, 700],
    },
    "assets": {
        "image": {"href": "image.tif", "type": TIFF, "roles": ["data"],
                  "bands": [{"name": "Red"}, {"name": "Green"}, {"name": "Blue"}, {"name": "NIR"}]},
        "reflect": {"href": "/r.tif", "type": TIFF, "roles": ["data", "reflectance"],
                    "raster:bands": [{"data_type": "float32", "nodata": "nan"}]},
        "landsat": {"href": "l.tif", "type": TIFF, "roles": ["data"],
                    "raster:bands": [{"scale": 0.0000275, "offset": -0.2, "nodata": 0}]},
        "metadata": {"href": "m.txt", "type": "text/plain", "roles": ["metadata"]},
    },
}  # fmt: skip


def scene_of(item: dict[str, Any], **bands: str) -> SceneRef:
    each = processed_of(copy.deepcopy(item), Catalogue(bands=bands))
    assert each is not None
    return each.scene


def test_items_of_planetary_computer() -> None:
    scene = scene_of(PLANETARY)
    assert list(scene.bands) == ["B01", "B02", "B03", "B04", "B05", "B8A", "SCL"]
    assert scene.bands["B04"].href.endswith("/B04_10m.tif")  # not the picture that has red too
    assert scene.product_id == "S2B_MSIL2A_20190629T212529_N0212_R043_T06VVN_20201006T080531"
    assert scene.group == "S2B_20190629T212529"
    assert scene.offset_removed is None  # which this baseline does not add
    assert scene.crs == "EPSG:32606"
    assert scene.transform == (10, 0, 399960, 0, -10, 6800040)
    assert scene.size == (10980, 10980)
    assert scene.attribution == "Contains modified Copernicus Sentinel data 2019"
    assert scene.bytes == 0


def test_items_of_the_copernicus_data_space() -> None:
    scene = scene_of(CDSE)
    assert list(scene.bands) == ["B02", "B03", "B04", "SCL"]
    assert scene.bands["B02"].href.endswith("B02_10m.tif")
    assert scene.group == "S2C_20250330T100051"
    assert scene.offset_removed is False
    assert scene.transform == (10, 0, 499980, 0, -10, 5400000)
    assert scene.bytes == 118933074 + 120000000 + 121000000 + 2000000
    for asset in scene.bands.values():
        assert (asset.scale, asset.offset, asset.nodata) == (1, 0, 0)


def test_files_that_are_not_read_are_refused_by_name() -> None:
    item = json.loads(json.dumps(CDSE).replace(".tif", ".jp2").replace(TIFF, "image/jp2"))
    with pytest.raises(SourceError, match=r"B02_10m of S2C_MSIL2A_.* is JPEG 2000") as caught:
        scene_of(item)
    assert "earth-search" in caught.value.hint


def test_other_satellites_have_their_own_names() -> None:
    scene = scene_of(OTHER)
    assert {b: a.index for b, a in scene.bands.items()} == {
        "Red": 1, "Green": 2, "Blue": 3, "NIR": 4, "reflect": 1, "landsat": 1,
    }  # fmt: skip
    assert scene.when == datetime(2022, 5, 18, 14, tzinfo=UTC)
    assert scene.product_id == scene.id
    assert scene.group == "20220518"
    assert (scene.licence, scene.attribution) == ("PDDL-1.0", "USDA Farm Service Agency")
    assert shapely.from_wkt(scene.extent).bounds == (-122.1, 37.6, -122.0, 37.7)
    assert (scene.size, scene.transform) == ((12, 10), (0.6, 0, 500, 0, -0.6, 700))
    assert scene.bands["reflect"].scale == 10_000
    assert str(scene.bands["reflect"].nodata) == "nan"
    landsat = scene.bands["landsat"]
    assert landsat.scale * 20_000 + landsat.offset == pytest.approx(
        (20_000 * 0.0000275 - 0.2) * 10_000
    )


def test_the_offset_is_known_from_what_remains_to_be_added() -> None:
    item = copy.deepcopy(CDSE)
    for asset in item["assets"].values():
        asset["raster:offset"] = 0
    assert scene_of(item).offset_removed is True
    item["assets"]["B02_10m"]["raster:offset"] = -0.1  # they contradict each other
    assert scene_of(item).offset_removed is None
    item["properties"]["earthsearch:boa_offset_applied"] = False
    assert scene_of(item).offset_removed is False


def test_items_without_the_bands_are_no_scenes() -> None:
    item = copy.deepcopy(PLANETARY)
    item["assets"] = {key: item["assets"][key] for key in ("AOT", "SCL", "preview")}
    assert processed_of(item, Catalogue()) is None
    assert processed_of(PLANETARY, Catalogue(bands={"B04": "rot"})) is None


def test_an_id_that_comes_twice_is_listed_once() -> None:
    each = processed_of(PLANETARY, Catalogue())
    assert each is not None
    assert [scene.id for scene in newest([each, each])] == [PLANETARY["id"]]


def same(refs: list[Ref], others: list[Ref]) -> bool:
    """Whether scenes are the same but for where their items are."""
    from dataclasses import replace

    def bare(refs: list[Ref]) -> list[Ref]:
        return [replace(r, href="", licence="") for r in refs if isinstance(r, SceneRef)]

    return bare(refs) == bare(others) and len(refs) == len(others) > 0


def as_geoparquet(path: Path, items: list[dict[str, Any]]) -> Path:
    """Write stac-geoparquet by another implementation."""
    rustac.write_sync(str(path), {"type": "FeatureCollection", "features": items})
    return path


def test_a_file_lists_what_the_api_lists(
    stac_world: StacWorld, settings: Settings, tmp_path: Path
) -> None:
    wanted = Wanted(area=Area.of(stac_world.area), cloud_cover=20)
    expected = StacSource(settings, wanted=wanted, api=stac_world.api).refs()
    of_json = ItemsSource(settings, path=str(stac_world.items_file), wanted=wanted)
    assert same(of_json.refs(), expected)
    items = [made.item for made in stac_world.scenes.values()]
    path = as_geoparquet(tmp_path / "items.parquet", items)
    assert same(ItemsSource(settings, path=str(path), wanted=wanted).refs(), expected)
    with range_server() as server:
        there = server.put("/items.parquet", path.read_bytes())
        assert same(ItemsSource(settings, path=there, wanted=wanted).refs(), expected)
        there = server.put("/items.json", stac_world.items_file.read_bytes())
        assert same(ItemsSource(settings, path=there, wanted=wanted).refs(), expected)
    one = tmp_path / "one.json"
    one.write_text(json.dumps(items[0]))
    assert [ref.id for ref in ItemsSource(settings, path=str(one)).refs()] == [items[0]["id"]]


def test_items_of_several_kinds_are_in_one_table(settings: Settings, tmp_path: Path) -> None:
    """Their assets and properties differ, so that most columns are null in most rows."""
    path = as_geoparquet(tmp_path / "mixed.parquet", [PLANETARY, CDSE])
    listed = ItemsSource(settings, path=str(path)).refs()
    assert same(listed, [scene_of(PLANETARY), scene_of(CDSE)])


def test_relative_addresses_are_beside_the_item(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "items" / "item.json"
    path.parent.mkdir()
    path.write_text(json.dumps(OTHER))
    (scene,) = ItemsSource(settings, path=str(path)).refs()
    assert isinstance(scene, SceneRef)
    assert scene.bands["Red"].href == str(path.parent / "image.tif")
    assert scene.bands["reflect"].href == "/r.tif"
    with range_server() as server:
        there = server.put("/a/item.json", path.read_bytes())
        (scene,) = ItemsSource(settings, path=there).refs()
        assert isinstance(scene, SceneRef)
        assert scene.bands["Red"].href == f"{server.address}/a/image.tif"
        assert scene.bands["reflect"].href == f"{server.address}/r.tif"  # no path of this machine
        local = json.dumps(OTHER).replace("/r.tif", "file:///etc/r.tif")
        there = server.put("/a/local.json", local.encode())
        with pytest.raises(SourceError, match="a file of this machine"):
            ItemsSource(settings, path=there).refs()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"not json", "is not JSON"),
        ("a.json", b'{"type": "FeatureCollection", "features": [1]}', "no STAC item"),
        ("a.json", b'{"type": "Feature", "id": "x"}', "no STAC item"),
        ("a.parquet", b"PAR1", "not a whole Parquet file"),
    ],
)
def test_what_is_no_file_of_items_is_said(
    settings: Settings, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        ItemsSource(settings, path=str(tmp_path / name)).refs()
    assert caught.value.hint


def test_other_tables_and_absent_files_are_said(settings: Settings, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(SourceError, match="not stac-geoparquet"):
        ItemsSource(settings, path=str(tmp_path / "other.parquet")).refs()
    for name in ("absent.json", "absent.parquet"):
        with pytest.raises(SourceError, match="absent"):
            ItemsSource(settings, path=str(tmp_path / name)).refs()


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, offline=True)
    for name in ("items.json", "items.parquet"):
        with pytest.raises(OfflineError):
            ItemsSource(settings, path=f"https://example.org/{name}").refs()


def test_files_in_object_storage_are_taken_over_http() -> None:
    item = copy.deepcopy(CDSE)
    for key, asset in item["assets"].items():
        asset["alternate"] = {"https": {"href": f"https://example.org/{key}.tif"}}
    assert scene_of(item).bands["B04"].href == "https://example.org/B04_10m.tif"
    assert scene_of(CDSE).bands["B04"].href == "s3://eodata/Sentinel-2/B04_10m.tif"


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)  # fmt: skip


@st.composite
def odd_items(draw: st.DrawFn) -> dict[str, Any]:
    """Return a real item with up to four values, anywhere in it, put in place of others."""
    item: dict[str, Any] = copy.deepcopy(draw(st.sampled_from([PLANETARY, CDSE, OTHER])))
    for _ in range(draw(st.integers(1, 4))):
        at: Any = item
        while True:
            keys: list[Any] = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and draw(st.integers(0, 3)):
                at = at[key]
                continue
            at[key] = draw(ODD)
            break
    return item


@given(item=odd_items())
@hypothesis_settings(max_examples=200, deadline=None)
def test_odd_items_are_scenes_or_said(item: dict[str, Any]) -> None:
    try:
        each = processed_of(item, Catalogue(own="/folder/item.json"))
    except SourceError:
        return
    if each is not None:
        assert isinstance(json.dumps(to_json(each.scene)), str)
        Wanted(cloud_cover=50, time=("2019", "2025")).takes(each.scene)
        newest([each])
