"""Scenes of STAC APIs: a real server on loopback, items as three providers write them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

from eex.config import Settings
from eex.errors import BadQueryError, EexError, OfflineError, RefusedAddressError, SourceError
from eex.extent.area import Area
from eex.sources.refs import SceneRef, from_json, to_json
from eex.sources.stac import StacSource
from eex.sources.wanted import Wanted
from loopback_hub import closed_port
from range_server import Fault, RangeServer, range_server
from stac_world import CORNERS, StacWorld, collection_of, item_of, numbers_of, rustac_server

ALL = [
    "S2A_54SUE_20240110_0_L2A",
    "S2A_54SVE_20240110_0_L2A",
    "S2B_54SUE_20240318_0_L2A",
    "S2B_54SVE_20240318_0_L2A",
]


def source(world: StacWorld, settings: Settings, **wanted: Any) -> StacSource:
    wanted.setdefault("area", Area.of(world.area))
    return StacSource(
        settings, wanted=Wanted(**wanted), api=world.api, collection=world.collection, tries=0
    )


def ids(refs: list[Any]) -> list[str]:
    return [ref.id for ref in refs]


def test_scenes_are_listed_in_order_of_time(stac_world: StacWorld, settings: Settings) -> None:
    seen: list[int] = []
    before = stac_world.files.requests  # other tests share the server
    refs = source(stac_world, settings).refs(listed=lambda found, _of: seen.append(found))
    assert ids(refs) == ALL
    assert seen[-1] == 4
    assert stac_world.files.requests == before  # nothing of any file is read
    assert [from_json(json.loads(json.dumps(to_json(ref)))) for ref in refs] == refs


def test_a_scene_says_what_its_item_and_its_files_say(
    stac_world: StacWorld, settings: Settings, tmp_path: Path
) -> None:
    scene = source(stac_world, settings).refs()[0]
    assert isinstance(scene, SceneRef)
    assert list(scene.bands) == ["B02", "B03", "B04", "SCL"]
    assert scene.product_id == "S2A_MSIL2A_20240110T013049_N0510_R074_T54SUE_20240110T043012"
    assert scene.when == datetime(2024, 1, 10, 1, 37, 29, tzinfo=UTC)
    assert scene.cloud_cover == 3.25
    assert (scene.crs, scene.size) == ("EPSG:32654", (600, 600))
    assert scene.transform == (10, 0, 380_000, 0, -10, 3_980_000)
    assert scene.offset_removed is True
    assert scene.group == "S2A_20240110T013049"
    assert scene.licence == "Copernicus Sentinel Data Legal Notice"
    assert scene.attribution == "Contains modified Copernicus Sentinel data 2024"
    assert scene.href.endswith("/collections/sentinel-2-l2a/items/S2A_54SUE_20240110_0_L2A")
    made = stac_world.scenes[scene.id]
    for band, asset in scene.bands.items():
        assert (asset.index, asset.scale, asset.offset, asset.nodata) == (1, 1, 0, 0)
        assert asset.bytes == len(made.files[band])
        path = tmp_path / f"{band}.tif"
        path.write_bytes(made.files[band])
        with rasterio.open(path) as file:
            np.testing.assert_array_equal(file.read(1), made.numbers[band])
            if band != "SCL":
                assert tuple(file.transform)[:6] == scene.transform
    assert scene.bytes == sum(map(len, made.files.values()))


def test_footprints_are_where_the_data_is(stac_world: StacWorld, settings: Settings) -> None:
    whole, wedge = source(stac_world, settings).refs()[:2]
    assert isinstance(whole, SceneRef)
    assert isinstance(wedge, SceneRef)
    a, b = shapely.from_wkt(whole.footprint), shapely.from_wkt(wedge.footprint)
    share = (stac_world.scenes[wedge.id].numbers["B04"] > 0).mean()
    assert share == pytest.approx(1 - 0.35 / 2, abs=0.002)
    assert b.area / a.area == pytest.approx(share, rel=0.01)
    assert a.intersects(b)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"cloud_cover": 10}, ALL[:2]),  # which rustac does not know
        ({"time": ("2024-02", "2024-12")}, ALL[2:]),
        ({"time": ("2024-01-10", "2024-01-10")}, ALL[:2]),
        ({"time": ("2024-01-11", "2024-03-17")}, []),
        ({"time": ("2020", "2026"), "season": ("03-01", "05-31")}, ALL[2:]),
        ({"time": ("2020", "2026"), "season": ("12-01", "02-29")}, ALL[:2]),
        ({"season": ("03-18", "03-18")}, ALL[2:]),
        ({"most": 3}, [*ALL[:2], ALL[2]]),
        ({"most": 1, "time": ("2024-03", "2024-03")}, [ALL[2]]),
    ],
)
def test_what_is_asked_for_is_listed(
    stac_world: StacWorld, settings: Settings, wanted: dict[str, Any], expected: list[str]
) -> None:
    assert ids(source(stac_world, settings, **wanted).refs()) == expected


def test_the_footprint_counts_not_the_box_round_it(
    stac_world: StacWorld, settings: Settings
) -> None:
    """The wedge without data lies within the box of the second tile."""
    from pyproj import Transformer

    left, top = CORNERS["54SVE"]
    to_degrees = Transformer.from_crs("EPSG:32654", "EPSG:4326", always_xy=True)
    corners = [(5_800, 100), (5_950, 100), (5_950, 300), (5_800, 300), (5_800, 100)]
    ring = [list(to_degrees.transform(left + x, top - y)) for x, y in corners]
    area = Area.of({"type": "Polygon", "coordinates": [ring]})
    item = stac_world.scenes[ALL[1]].item
    assert shapely.box(*item["bbox"]).contains(shapely.unary_union(area.parts))
    assert source(stac_world, settings, area=area).refs() == []


def copies(world: StacWorld, count: int) -> list[dict[str, Any]]:
    found = []
    for number in range(count):
        item = copy.deepcopy(world.scenes[ALL[0]].item)
        item["id"] = f"scene-{number * 7919 % count:04}"
        item["properties"]["grid:code"] = ""
        item["properties"]["mgrs:grid_square"] = ""
        item["properties"]["s2:product_uri"] = ""
        found.append(item)
    return found


def test_all_pages_are_read(stac_world: StacWorld, settings: Settings, tmp_path: Path) -> None:
    with rustac_server(copies(stac_world, 230), tmp_path) as api:  # three pages of 100
        listed = StacSource(settings, wanted=Wanted(area=Area.of(stac_world.area)), api=api)
        assert ids(listed.refs()) == [f"scene-{number:04}" for number in range(230)]


def test_a_newer_processing_takes_the_place_of_the_older(
    stac_world: StacWorld, settings: Settings, tmp_path: Path
) -> None:
    old = stac_world.scenes[ALL[0]].item
    new = json.loads(
        json.dumps(old).replace("_N0510_", "_N0511_").replace("N05.10", "N05.11")
        .replace("05.10", "05.11").replace("_0_L2A", "_1_L2A")
    )  # fmt: skip
    again = copy.deepcopy(new) | {"id": "S2A_54SUE_20240110_2_L2A"}
    again["properties"]["s2:generation_time"] = "2024-05-01T00:00:00Z"
    strip = copy.deepcopy(new) | {"id": "S2A_54SUE_20240110_3_L2A"}
    strip["properties"]["s2:datastrip_id"] = new["properties"]["s2:datastrip_id"].replace(
        "_S20240110T013049_", "_S20240110T013312_"
    )
    other = stac_world.scenes[ALL[1]].item
    with rustac_server([old, again, new, strip, other], tmp_path) as api:
        listed = StacSource(settings, wanted=Wanted(area=Area.of(stac_world.area)), api=api).refs()
    assert ids(listed) == [again["id"], strip["id"], other["id"]]
    assert {ref.group for ref in listed if isinstance(ref, SceneRef)} == {"S2A_20240110T013049"}


def test_an_area_across_180_degrees_is_one_area(settings: Settings, tmp_path: Path) -> None:
    """Taveuni and Rabi, Fiji: one item west of 180 degrees, one east, one across it uncut."""
    base = item_of("54SUE", "20240110", numbers_of("54SUE", "20240110"),
                   dict.fromkeys(("B04", "B03", "B02", "SCL"), "http://127.0.0.1:9/x.tif"),
                   dict.fromkeys(("B04", "B03", "B02", "SCL"), 1))  # fmt: skip

    def at(name: str, *rings: list[list[float]]) -> dict[str, Any]:
        item = copy.deepcopy(base) | {"id": name}
        lons = [p[0] for ring in rings for p in ring]
        item["bbox"] = [min(lons), -17, max(lons), -16]
        item["geometry"] = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
        for key in ("grid:code", "mgrs:grid_square", "s2:product_uri"):
            item["properties"][key] = ""
        return item

    def box(west: float, east: float) -> list[list[float]]:
        return [[west, -17], [east, -17], [east, -16], [west, -16], [west, -17]]

    items = [at("west", box(179.2, 179.9)), at("east", box(-179.9, -179.2)),
             at("far", box(0, 1)), at("cut", box(179.5, 180), box(-180, -179.5))]  # fmt: skip
    area = Area.of({"type": "MultiPolygon", "coordinates": [[box(179, 180)], [box(-180, -179)]]})
    with rustac_server(items, tmp_path) as api:
        listed = StacSource(settings, wanted=Wanted(area=area), api=api).refs()
    assert ids(listed) == ["cut", "east", "west"]
    for ref in listed:
        assert isinstance(ref, SceneRef)
        for part in shapely.get_parts(shapely.from_wkt(ref.footprint)):
            assert part.bounds[2] - part.bounds[0] < 1


def test_what_is_not_there_is_said(stac_world: StacWorld, settings: Settings) -> None:
    area = Wanted(area=Area.of(stac_world.area))
    with pytest.raises(SourceError, match="no collection 'sentinel-3'") as caught:
        StacSource(settings, wanted=area, api=stac_world.api, collection="sentinel-3").refs()
    assert "sentinel-2-l2a" in caught.value.hint
    with pytest.raises(SourceError, match="None of 4 items has B04=rot") as caught:
        StacSource(settings, wanted=area, api=stac_world.api, bands={"B04": "rot"}).refs()
    assert "blue, green, red, scl, thumbnail" in caught.value.hint


def test_bands_are_named_by_their_assets(stac_world: StacWorld, settings: Settings) -> None:
    wanted = Wanted(area=Area.of(stac_world.area))
    bands = {"B04": "green", "own": "red:1", "B99": "absent"}
    listed = StacSource(settings, wanted=wanted, api=stac_world.api, bands=bands)
    for ref in listed.refs():
        assert isinstance(ref, SceneRef)
        assert set(ref.bands) == {"B04", "own", "B02", "B03", "SCL"}  # others as usual
        assert ref.bands["B04"].href.endswith("/B03.tif")
        assert ref.bands["own"].href.endswith("/B04.tif")
    assert listed.asked()["bands"] == bands


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("status", code=503), "does not answer now"),
        (Fault("status", code=401), "without a login"),
        (Fault("status", code=404), "no STAC API"),
        (Fault("status", code=400, body=b"bad bbox"), "does not accept the question"),
        (Fault("page"), "is not a STAC API's"),
        (Fault("reset"), "cannot be reached"),
        (Fault("garbage"), "cannot be reached"),
        (Fault("redirect", location="http://10.0.0.1/stac"), "not a public address"),
        (Fault("redirect", location="http://169.254.169.254/"), "not a public address"),
    ],
)
def test_faults_are_said_in_words(settings: Settings, fault: Fault, said: str) -> None:
    wanted = Wanted(time=("2024", "2024"))
    with range_server() as server:
        server.fail("*", fault, times=None)
        with pytest.raises(EexError, match=said) as caught:
            StacSource(settings, wanted=wanted, api=server.address, tries=0).refs()
        assert caught.value.hint
        assert server.requests == 1


def test_busy_servers_are_asked_again(settings: Settings) -> None:
    with range_server() as server:
        server.put("/", b"{}")
        server.fail("/", Fault("status", code=503, headers={"Retry-After": "0"}), times=2)
        with pytest.raises(SourceError):
            wanted = Wanted(time=("2024", "2024"))
            StacSource(settings, wanted=wanted, api=server.address).refs()
        assert server.requests >= 3


def serve(server: RangeServer, item: dict[str, Any], following: str) -> Wanted:
    """Have an API that only answers GET, with one page that names the next; return a question."""
    link = {"rel": "next", "href": following, "method": "GET"}
    page = {"type": "FeatureCollection", "features": [item], "links": [link]}
    root = {
        "type": "Catalog", "id": "root", "stac_version": "1.0.0", "description": "-",
        "conformsTo": ["https://api.stacspec.org/v1.0.0/core",
                       "https://api.stacspec.org/v1.0.0/collections",
                       "https://api.stacspec.org/v1.0.0/item-search"],
        "links": [{"rel": "search", "href": f"{server.address}/search", "method": "GET"}],
    }  # fmt: skip
    server.put("/", json.dumps(root).encode())
    server.put("/collections/sentinel-2-l2a", json.dumps(collection_of([item])).encode())
    query = "/search?limit=100&datetime=2024-01-01T00%3A00%3A00Z%2F2024-12-31T23%3A59%3A59.999"
    server.put(f"{query}Z&collections=sentinel-2-l2a", json.dumps(page).encode())
    server.put("/search?page=2", json.dumps(page).encode())
    return Wanted(time=("2024", "2024"))


def test_a_page_that_leads_into_a_network_is_not_followed(
    stac_world: StacWorld, settings: Settings
) -> None:
    item = stac_world.scenes[ALL[0]].item
    with range_server() as server:
        wanted = serve(server, item, "http://192.168.0.7/search?page=2")
        with pytest.raises(RefusedAddressError, match=r"192\.168\.0\.7 is not a public address"):
            StacSource(settings, wanted=wanted, api=server.address, tries=0).refs()


def test_pages_that_go_round_come_to_an_end(stac_world: StacWorld, settings: Settings) -> None:
    item = stac_world.scenes[ALL[0]].item
    with range_server() as server:
        wanted = serve(server, item, f"{server.address}/search?page=2")
        with pytest.raises(SourceError, match="do not come to an end"):
            StacSource(settings, wanted=wanted, api=server.address, tries=0).refs()
        assert server.requests < 40


def test_a_relative_address_is_beside_the_item(stac_world: StacWorld, settings: Settings) -> None:
    item = copy.deepcopy(stac_world.scenes[ALL[0]].item)
    item["assets"]["red"]["href"] = "../files/red.tif"
    with range_server() as server:
        home = f"{server.address}/collections/sentinel-2-l2a/items/x"
        item["links"] = [{"rel": "self", "href": home}]
        wanted = serve(server, item, "")
        page = {"type": "FeatureCollection", "features": [item], "links": []}
        query = "/search?limit=100&datetime=2024-01-01T00%3A00%3A00Z%2F2024-12-31T23%3A59%3A59.999"
        server.put(f"{query}Z&collections=sentinel-2-l2a", json.dumps(page).encode())
        (scene,) = StacSource(settings, wanted=wanted, api=server.address, tries=0).refs()
        assert isinstance(scene, SceneRef)
        assert scene.bands["B04"].href == (
            f"{server.address}/collections/sentinel-2-l2a/files/red.tif"
        )


def test_nothing_is_asked_without_a_network(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, offline=True)
    with range_server() as server:
        with pytest.raises(OfflineError, match="nothing may be fetched"):
            StacSource(settings, wanted=Wanted(time=("2024", "")), api=server.address).refs()
        assert server.requests == 0


def test_nobody_there_is_said(settings: Settings) -> None:
    api = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(SourceError, match="cannot be reached"):
        StacSource(settings, wanted=Wanted(time=("2024", "")), api=api, tries=0).refs()


@pytest.mark.parametrize(
    "api", ["earth-search", "file:///etc/passwd", "ftp://example.org", "http://[::1"]
)
def test_what_is_no_address_is_refused(settings: Settings, api: str) -> None:
    with pytest.raises(BadQueryError, match="not the address of a STAC API"):
        StacSource(settings, wanted=Wanted(time=("2024", "")), api=api)


def test_a_whole_catalogue_is_not_listed(settings: Settings) -> None:
    with pytest.raises(BadQueryError, match="whole catalogue"):
        StacSource(settings, wanted=Wanted(cloud_cover=10))


def test_an_area_of_many_corners_is_asked_by_its_box(
    stac_world: StacWorld, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And looked at here: a ring of 1,000 corners round the second tile leaves the first out."""
    from pystac_client import Client

    left, top = CORNERS["54SVE"]
    ring = shapely.Point(left + 3_000, top - 3_000).buffer(900, quad_segs=250)
    from pyproj import Transformer

    to_degrees = Transformer.from_crs("EPSG:32654", "EPSG:4326", always_xy=True)
    corners = [list(to_degrees.transform(*place)) for place in ring.exterior.coords]
    asked: list[dict[str, Any]] = []
    search = Client.search

    def noted(self: Client, **told: Any) -> Any:
        asked.append(told)
        return search(self, **told)

    monkeypatch.setattr(Client, "search", noted)
    area = Area.of({"type": "Polygon", "coordinates": [corners]})
    assert ids(source(stac_world, settings, area=area).refs()) == [ALL[1], ALL[3]]
    assert "intersects" not in asked[0]
    np.testing.assert_allclose(asked[0]["bbox"], area.bounds)
