"""Every source of scenes keeps what `eex.testing` promises of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import rustac

from eex.config import Settings
from eex.sources.folder import FolderSource
from eex.sources.items import ItemsSource
from eex.sources.refs import SceneSource
from eex.sources.shards import ShardsSource
from eex.sources.stac import StacSource
from eex.sources.wanted import Wanted
from eex.testing import SceneSourceContract
from range_server import range_server
from stac_world import StacWorld
from test_sources_folder import write
from test_sources_shards import metadata
from test_sources_shards import write as write_shards


class OfTheWorld(SceneSourceContract):
    """Listings of the four scenes of Kanto: two tiles, two dates."""

    area = (139.66, 35.91, 139.67, 35.92)  # of the western tile alone
    time = ("2024-01", "2024-02")
    cloud_cover = 10.0

    world: ClassVar[StacWorld]
    place: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def served(self, stac_world: StacWorld, tmp_path: Path) -> Iterator[None]:
        type(self).world = stac_world
        with self.put(stac_world, tmp_path):
            yield

    def put(self, world: StacWorld, folder: Path) -> Any:
        """Have the listing somewhere; nothing to do for an API."""
        from contextlib import nullcontext

        return nullcontext((world, folder))


class TestStac(OfTheWorld):
    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        return StacSource(settings, wanted=wanted, api=cls.world.api)


class TestItemsOfJson(OfTheWorld):
    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        return ItemsSource(settings, wanted=wanted, path=str(cls.world.items_file))


class TestItemsOfGeoparquet(OfTheWorld):
    def put(self, world: StacWorld, folder: Path) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def serve() -> Iterator[None]:
            items = [made.item for made in world.scenes.values()]
            path = folder / "items.parquet"
            rustac.write_sync(str(path), {"type": "FeatureCollection", "features": items})
            with range_server() as server:
                type(self).place = server.put("/items.parquet", path.read_bytes())
                yield

        return serve()

    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        return ItemsSource(settings, wanted=wanted, path=cls.place)


class TestFolder(SceneSourceContract):
    area = (14.99, 45.1, 15.01, 45.2)
    time = ("2024-01", "2024-01")
    folder: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def made(self, tmp_path: Path) -> None:
        write(tmp_path / "near_2024-01-01.tif", bands=12)
        write(tmp_path / "far_2024-02-01.tif", bands=12, left=700_000.0)
        write(tmp_path / "far_2024-03-01_B04.tif", left=720_000.0)
        type(self).folder = tmp_path

    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        return FolderSource(settings, wanted=wanted, paths=cls.folder)


class TestShards(SceneSourceContract):
    area = (13.9, 40.6, 14.6, 41.1)
    time = ("2023", "2023")
    folder: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def made(self, tmp_path: Path) -> None:
        write_shards(tmp_path / "images")
        metadata(tmp_path / "metadata.parquet")
        type(self).folder = tmp_path

    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        return ShardsSource(settings, wanted=wanted, paths=cls.folder / "images")


class TestShardsByMetadata(TestShards):
    cloud_cover = 15.0

    @classmethod
    def make(cls, settings: Settings, wanted: Wanted) -> SceneSource:  # type: ignore[override]
        table = str(cls.folder / "metadata.parquet")
        return ShardsSource(settings, wanted=wanted, paths=cls.folder, metadata=table)


class Wrong:
    """A source that breaks promises one by one; each must be noticed."""

    name = "wrong"
    title = "Wrong"

    def __init__(self, source: SceneSource, fault: str, wanted: Wanted) -> None:
        self.source, self.fault, self.wanted = source, fault, wanted
        self.calls = 0

    def asked(self) -> dict[str, Any]:
        return {"when": object()} if self.fault == "asked" else self.source.asked()

    def refs(self, *, listed: Any = None) -> list[Any]:
        from dataclasses import replace

        refs: list[Any] = self.source.refs(listed=None if self.fault == "silent" else listed)
        self.calls += 1
        if self.fault == "order" and self.calls > 1:
            return refs[::-1]
        if self.fault == "twice":
            return [*refs, refs[0]]
        if self.fault == "empty":
            return [replace(ref, bands={}) for ref in refs]
        if self.fault == "wide":
            wide = "POLYGON ((-179 0, 179 0, 179 1, -179 1, -179 0))"
            return [replace(ref, footprint=wide) for ref in refs]
        if self.fault == "local":
            return [replace(ref, when=ref.when.replace(tzinfo=None)) for ref in refs]
        return refs


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("asked", "test_it_says_what_it_is"),
        ("order", "test_references_come_in_one_order"),
        ("twice", "test_every_id_comes_once"),
        ("empty", "test_there_is_something_to_read"),
        ("wide", "test_footprints_are_polygons_on_the_globe"),
        ("local", "test_grids_are_whole_and_times_are_in_utc"),
        ("silent", "test_progress_ends_with_what_was_found"),
        ("unfiltered", "test_an_area_is_a_part"),
        ("unfiltered", "test_dates_are_a_part"),
        ("unfiltered", "test_clouds_are_a_part"),
        ("unfiltered", "test_so_many_are_so_many"),
    ],
)
def test_what_breaks_a_promise_is_noticed(
    stac_world: StacWorld, settings: Settings, fault: str, test: str
) -> None:
    class Broken(OfTheWorld):
        @staticmethod
        def make(settings: Settings, wanted: Wanted) -> SceneSource:
            asked = Wanted() if fault == "unfiltered" else wanted
            source = ItemsSource(settings, wanted=asked, path=str(stac_world.items_file))
            return Wrong(source, fault, wanted)

    broken = Broken()
    broken.settings = settings
    with pytest.raises((AssertionError, TypeError, AttributeError, ValueError)):
        getattr(broken, test)()
