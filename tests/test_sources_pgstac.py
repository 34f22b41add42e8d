"""Scenes of a STAC API that knows queries: the server chooses, and the same are listed."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from eex.config import Settings
from eex.errors import SourceError
from eex.extent.area import Area
from eex.sources import stac
from eex.sources.refs import Ref, SceneRef
from eex.sources.stac import StacSource
from eex.sources.wanted import Wanted
from pgstac_server import pgstac_server
from stac_world import StacWorld
from test_sources_stac import ALL, copies


@pytest.fixture(scope="module")
def api(stac_world: StacWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    items = [made.item for made in stac_world.scenes.values()]
    cloudy = copies(stac_world, 250)
    for item in cloudy:
        item["properties"]["eo:cloud_cover"] = 80.0
        item["properties"]["datetime"] = "2021-06-01T01:30:00Z"
    begun = time.monotonic()
    with pgstac_server([*items, *cloudy], tmp_path_factory.mktemp("pgstac")) as address:
        print(f"pgstac was ready after {time.monotonic() - begun:.1f} s")  # noqa: T201 - with -s
        yield address


def asked(world: StacWorld, settings: Settings, api: str, **wanted: Any) -> list[Ref]:
    wanted.setdefault("area", Area.of(world.area))
    return StacSource(settings, wanted=Wanted(**wanted), api=api, tries=0).refs()


def test_it_lists_what_the_other_server_lists(
    stac_world: StacWorld, settings: Settings, api: str
) -> None:
    from dataclasses import replace

    for wanted in (
        {"cloud_cover": 10},
        {"cloud_cover": 50},
        {"time": ("2024", "2024"), "season": ("03-01", "05-31")},
        {"time": ("2024-01", "2024-01"), "cloud_cover": 50, "most": 1},
    ):
        found = asked(stac_world, settings, api, **wanted)
        expected = asked(stac_world, settings, stac_world.api, **wanted)
        assert [replace(r, href="") for r in found if isinstance(r, SceneRef)] == [
            replace(r, href="") for r in expected if isinstance(r, SceneRef)
        ]
        assert found


def test_all_pages_are_read(stac_world: StacWorld, settings: Settings, api: str) -> None:
    refs = asked(stac_world, settings, api)
    assert [ref.id for ref in refs] == [*(f"scene-{n:04}" for n in range(250)), *ALL]


def test_clouds_are_asked_of_the_server(
    stac_world: StacWorld, settings: Settings, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 254 items only those come that are few enough: a page of two, not three of a hundred."""
    came: list[int] = []
    made = stac.processed_of

    def counted(item: Any, catalogue: Any) -> Any:
        came.append(1)
        return made(item, catalogue)

    monkeypatch.setattr(stac, "processed_of", counted)
    assert [ref.id for ref in asked(stac_world, settings, api, cloud_cover=10)] == ALL[:2]
    assert len(came) == 2


def test_a_server_that_only_has_filters_is_asked_with_a_filter(
    stac_world: StacWorld, settings: Settings, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pystac_client import Client

    conforms = Client.conforms_to
    monkeypatch.setattr(
        Client, "conforms_to", lambda self, name: name != "QUERY" and conforms(self, name)
    )
    came: list[int] = []
    made = stac.processed_of
    monkeypatch.setattr(stac, "processed_of", lambda *a: came.append(1) or made(*a))
    assert [ref.id for ref in asked(stac_world, settings, api, cloud_cover=10)] == ALL[:2]
    assert len(came) == 2


def test_collections_that_are_there_are_told(
    stac_world: StacWorld, settings: Settings, api: str
) -> None:
    with urllib.request.urlopen(f"{api}/collections") as answer:
        assert [c["id"] for c in json.load(answer)["collections"]] == ["sentinel-2-l2a"]
    wanted = Wanted(area=Area.of(stac_world.area))
    with pytest.raises(SourceError, match="no collection 'landsat'") as caught:
        StacSource(settings, wanted=wanted, api=api, collection="landsat", tries=0).refs()
    assert "sentinel-2-l2a" in caught.value.hint
