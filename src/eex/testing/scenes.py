"""What every source of scenes must keep, as tests to subclass.

    from eex.testing import SceneSourceContract

    class TestMySource(SceneSourceContract):
        area = (139.0, 35.0, 139.5, 35.5)      # some of what is listed, not all
        time = ("2024-01", "2024-01")

        @staticmethod
        def make(settings, wanted):
            return MySource(settings, wanted=wanted, path="two_scenes.json")

What is listed has two scenes or two samples at least.
"""

# The names of tests say what they promise; that is their documentation.
# ruff: noqa: D102

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import shapely

from eex.config import Settings
from eex.sources.asking import area_of
from eex.sources.refs import Ref, SceneRef, SceneSource, from_json, to_json
from eex.sources.wanted import Wanted

BEFORE_ALL = ("1901-01-01", "1901-12-31")
"""When no satellite flew."""

WIDEST = 180.0
"""Degrees of longitude that one polygon of a footprint may span."""


class SceneSourceContract:
    """What every source of scenes must keep. Subclasses give `make`, a static method."""

    area: ClassVar[tuple[float, float, float, float] | None] = None
    """West, south, east, north of a part of what is listed; None: the source takes no area."""
    time: ClassVar[tuple[str, str] | None] = None
    """First and last date of a part of what is listed; None: the source takes no dates."""
    cloud_cover: ClassVar[float | None] = None
    """Most clouds of a part of what is listed, percent; None: the source does not know clouds."""

    @staticmethod
    def make(settings: Settings, wanted: Wanted) -> SceneSource:
        """Return the source, asked for what is wanted of a listing that stays the same."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _settings(self, tmp_path: Path) -> None:
        self.settings = Settings(cache_dir=tmp_path / "eex", threads=1)

    def _made(self, **wanted: Any) -> SceneSource:  # noqa: ANN401
        return type(self).make(self.settings, Wanted(**self._everything() | wanted))

    def _everything(self) -> dict[str, Any]:
        """Return what lets everything pass; sources of whole catalogues want something asked."""
        return {"time": ("1970-01-01", "2100-12-31")} if self.time else {}

    def test_it_says_what_it_is(self) -> None:
        source = self._made()
        assert source.name
        assert source.title
        told = source.asked()
        assert json.loads(json.dumps(told)) == told == self._made().asked()

    def test_references_come_in_one_order(self) -> None:
        refs = self._made().refs()
        assert len(_units(refs)) > 1, "the listing under test needs two scenes or samples"
        assert self._made().refs() == refs
        source = self._made()
        assert source.refs() == source.refs() == refs

    def test_every_id_comes_once(self) -> None:
        ids = [ref.id for ref in self._made().refs()]
        assert all(ids)
        assert len(set(ids)) == len(ids)

    def test_references_become_json_and_come_back(self) -> None:
        refs = self._made().refs()
        text = json.dumps([to_json(ref) for ref in refs])
        back = [from_json(record) for record in json.loads(text)]
        assert json.dumps([to_json(ref) for ref in back]) == text
        assert [type(ref) for ref in back] == [type(ref) for ref in refs]

    def test_there_is_something_to_read(self) -> None:
        for ref in self._made().refs():
            if isinstance(ref, SceneRef):
                assert ref.bands
                assert all(asset.href and asset.index >= 1 for asset in ref.bands.values())
                assert all(asset.bytes >= 0 and asset.scale for asset in ref.bands.values())
                assert all(ref.bands)
            else:
                assert ref.href
                assert ref.rows > 0
                keep = ref.keep if ref.keep is not None else (0,)
                assert keep
                assert list(keep) == sorted(set(keep))
                assert 0 <= keep[0] <= keep[-1] < ref.rows

    def test_footprints_are_polygons_on_the_globe(self) -> None:
        for ref in self._made().refs():
            if not isinstance(ref, SceneRef) or not ref.footprint:
                continue
            for part in shapely.get_parts(shapely.from_wkt(ref.footprint)):
                assert part.geom_type == "Polygon"
                assert part.is_valid
                assert part.area > 0
                west, south, east, north = part.bounds
                assert -180 <= west < east <= 180  # noqa: PLR2004
                assert -90 <= south < north <= 90  # noqa: PLR2004
                assert east - west <= WIDEST

    def test_grids_are_whole_and_times_are_in_utc(self) -> None:
        for ref in self._made().refs():
            if not isinstance(ref, SceneRef):
                continue
            assert (ref.transform is None) == (ref.size is None)
            if ref.transform is not None and ref.size is not None:
                a, b, _, d, e, _ = ref.transform
                assert a * e - b * d
                assert min(ref.size) > 0
            assert ref.when is None or ref.when.utcoffset() == timedelta(0)
            assert ref.cloud_cover is None or 0 <= ref.cloud_cover <= 100  # noqa: PLR2004
            assert ref.product_id

    def test_progress_ends_with_what_was_found(self) -> None:
        said: list[tuple[int, int]] = []
        refs = self._made().refs(listed=lambda found, of: said.append((found, of)))
        assert said
        found = [count for count, _ in said]
        assert found == sorted(found)
        assert found[-1] >= len(refs)
        assert all(of == 0 or count <= of for count, of in said)

    def test_no_pixels_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rasterio = pytest.importorskip("rasterio")

        def read(*_: object, **__: object) -> None:
            pytest.fail("pixels were read")

        monkeypatch.setattr(rasterio.io.DatasetReader, "read", read)
        assert self._made().refs()

    def test_an_area_is_a_part(self) -> None:
        if self.area is None:
            pytest.skip("takes no area")
        west, south, east, north = self.area
        self._check_part(area=area_of(self.area)[1])
        far = (west + 90) % 360 - 180
        nowhere = area_of((far, south, min(180.0, far + abs(east - west)), north))[1]
        assert self._made(area=nowhere).refs() == []

    def test_dates_are_a_part(self) -> None:
        if self.time is None:
            pytest.skip("takes no dates")
        self._check_part(time=self.time)
        assert self._made(time=BEFORE_ALL).refs() == []

    def test_clouds_are_a_part(self) -> None:
        if self.cloud_cover is None:
            pytest.skip("does not know clouds")
        self._check_part(cloud_cover=self.cloud_cover)

    def test_so_many_are_so_many(self) -> None:
        every = _units(self._made().refs())
        for most in (1, len(every) - 1, len(every) + 1):
            some = _units(self._made(most=most).refs())
            assert len(some) == min(most, len(every))
            assert some == [unit for unit in every if unit in some]

    def _check_part(self, **wanted: Any) -> None:  # noqa: ANN401
        every = _units(self._made().refs())
        refs = self._made(**wanted).refs()
        part = _units(refs)
        assert 0 < len(part) < len(every)
        assert part == [unit for unit in every if unit in part]
        asked = Wanted(**wanted)
        assert all(asked.takes(ref) for ref in refs if isinstance(ref, SceneRef))


def _units(refs: list[Ref]) -> list[tuple[str, int]]:
    """Return scenes, and samples of shards, by id and row."""
    found: list[tuple[str, int]] = []
    for ref in refs:
        if isinstance(ref, SceneRef):
            found.append((ref.id, 0))
        else:
            found += [(ref.id, row) for row in (range(ref.rows) if ref.keep is None else ref.keep)]
    return found
