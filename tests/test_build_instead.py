"""What cannot be read of a damaged scene is read from others, as if it had never been listed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from build_world import asked
from eex import files
from eex.build.append import header_at
from eex.build.instead import planned_around
from eex.build.items import Item, Tiling
from eex.build.make import Made, build
from eex.build.plan import BuildFolder, Model, Plan
from eex.build.tiling import plan_items
from eex.config import Settings
from eex.errors import UnavailableError
from eex.sources.beside import load_scenes
from eex.sources.refs import Asset, SceneRef, ShardRef
from scenes import write_tif
from test_build_tiling import SMALL, covered, outline, places, scene

CELLS = Tiling(size=224, stride=112, grid="majortom", centre=True)


class KilledError(BaseException):
    """Stands for a signal that nothing catches."""


def plan_of(refs: Sequence[Any], tiling: Tiling = SMALL, once: Any = "group") -> Plan:
    items = tuple(plan_items(refs, tiling, tiles_per_item=15, once=once))
    read = {item.ref.id for item in items}
    spare = tuple(ref for ref in refs if ref.id not in read)
    models = (Model(name="m"),)
    return Plan(request={}, tiling=tiling, models=models, items=items, spare=spare)


def keys_of(items: Sequence[Item], tiling: Tiling = SMALL) -> set[str]:
    return {item.key(tiling) for item in items}


def around(plan: Plan, lost: set[str], **more: Any) -> Plan:
    more = {"tiling": plan.tiling, "piece": 15, **more}
    found = planned_around(plan, lost, asked(**more))
    assert found is not None
    return found


def good(plan: Plan, lost: set[str]) -> list[Item]:
    return [item for item in plan.work if item.key(plan.tiling) not in lost]


def some_scenes(seed: int) -> list[SceneRef]:
    """Return two to five scenes that overlap somehow, with footprints, half ones and without."""
    rng = np.random.default_rng(seed)
    refs = []
    for number in range(int(rng.integers(2, 6))):
        height, width = (int(side) for side in rng.integers(40, 110, 2))
        left, top = 50_000 + int(rng.integers(0, 80)), 500_000 + int(rng.integers(0, 80))
        about = {"cloud_cover": float(rng.integers(0, 4)), "group": f"g{rng.integers(0, 2)}"}
        ref = scene(f"s{number}", left, top, height, width, **about)
        if (kind := rng.integers(0, 3)) < 2:
            wide = width if kind else width // 2
            ref = replace(ref, footprint=outline(left, top, height, wide))
        refs.append(ref)
    return refs


@pytest.mark.parametrize("once", ["group", "place"])
@pytest.mark.parametrize("seed", range(12))
def test_tiles_are_those_of_a_listing_without_the_damaged_scene(seed: int, once: str) -> None:
    refs = some_scenes(seed)
    plan = plan_of(refs, once=once)
    for ref in refs:
        lost = keys_of([item for item in plan.items if item.ref is ref])
        if not lost:
            continue
        then = around(plan, lost, once=once)
        found = places(good(then, lost), SMALL)
        without = [other for other in refs if other is not ref]
        assert len(found) == len(set(found))
        assert set(found) == set(places(plan_items(without, SMALL, once=once), SMALL))  # type: ignore[arg-type]
        assert planned_around(then, lost, asked(tiling=SMALL, once=once)) is None
        assert Plan.from_json(then.to_json()) == then
        assert [item.ref.rank for item in then.work if isinstance(item.ref, SceneRef)] == sorted(  # type: ignore[union-attr]
            item.ref.rank
            for item in then.work  # type: ignore[union-attr]
        )


def two_of_a_place(**more: Any) -> list[SceneRef]:
    foot = outline(50_000, 500_000, 100, 100)
    clear = scene("clear", 50_000, 500_000, 100, 100, cloud_cover=0.0, footprint=foot, **more)
    return [clear, replace(clear, id="cloudy", cloud_cover=9.0)]


def test_what_was_read_of_a_damaged_scene_stays_and_only_the_rest_is_read_elsewhere() -> None:
    plan = plan_of(two_of_a_place(), once="place")
    assert {item.ref.id for item in plan.items} == {"clear"}
    assert [ref.id for ref in plan.spare] == ["cloudy"]
    bad = plan.items[2]
    lost = keys_of([bad])
    then = around(plan, lost, once="place")
    assert then.items == plan.items
    assert {item.ref.id for item in then.instead} == {"cloudy"}
    of_bad, of_others = (
        {(x, y) for _, x, y in places(items, SMALL)} for items in ([bad], then.instead)
    )
    assert of_others == of_bad
    assert len(covered(places(good(then, lost), SMALL), 20)) == 100 * 100
    again = around(then, lost | keys_of(then.instead), once="place")  # there is no third
    assert again.instead == then.instead
    assert len(again.around) == len(then.around) + len(then.instead)


def test_another_pass_is_not_read_instead_where_each_pass_gives_its_own_tiles() -> None:
    first, other = two_of_a_place()
    plan = plan_of([replace(first, group="a"), replace(other, group="b")])
    lost = keys_of([item for item in plan.items if item.ref.id == "clear"])
    assert around(plan, lost).instead == ()


def test_cells_of_major_tom_go_to_the_next_scene() -> None:
    foot = outline(50_000, 500_000, 4_000, 4_000)
    first = scene("clear", 50_000, 500_000, 4_000, 4_000, cloud_cover=0.0, footprint=foot)
    other = replace(first, id="cloudy", cloud_cover=9.0)
    plan = plan_of([first, other], CELLS, once="place")
    assert {item.ref.id for item in plan.items} == {"clear"}
    lost = keys_of(plan.items, CELLS)
    then = around(plan, lost, once="place")
    windows = [window for item in then.instead for window in item.windows]
    assert {item.ref.id for item in then.instead} == {"cloudy"}
    assert sorted(windows) == sorted(w for item in plan.items for w in item.windows)
    part = keys_of(plan.items[:1], CELLS)
    if len(plan.items) > 1:
        then = around(plan, part, once="place")
        assert [w for item in then.instead for w in item.windows] == [*plan.items[0].windows]


def test_a_scene_of_the_next_zone_is_read_where_the_one_of_the_own_zone_is_damaged() -> None:
    """At 18 degrees east, where zone 33 ends: tiles beyond are left to the scene of zone 34."""
    from pyproj import Transformer

    size = 100
    x33, y33 = Transformer.from_crs("OGC:CRS84", "EPSG:32633", always_xy=True).transform(18, 48)
    x34, y34 = Transformer.from_crs("OGC:CRS84", "EPSG:32634", always_xy=True).transform(18, 48)
    left33, top33 = int(x33 / 10) - 50, int(y33 / 10) + 50
    left34, top34 = int(x34 / 10) - 80, int(y34 / 10) + 80
    west = scene("west", left33, top33, size, size, cloud_cover=9.0)
    west = replace(west, footprint=outline(left33, top33, size, size))
    east = scene("east", left34, top34, 160, 160, crs="EPSG:32634", cloud_cover=0.0)
    east = replace(east, footprint=outline(left34, top34, 160, 160, "EPSG:32634"))
    plan = plan_of([west, east], once="place")
    of_east = [item for item in plan.items if item.ref.id == "east"]
    before = {p for p in places(plan.items, SMALL) if p[0] == "west"}
    alone = set(places(plan_items([west], SMALL), SMALL))
    assert before < alone
    lost = keys_of(of_east)
    assert set(places(good(around(plan, lost, once="place"), lost), SMALL)) == alone
    part = keys_of(of_east[len(of_east) // 2 :][:1])
    then = places(good(around(plan, part, once="place"), part), SMALL)
    assert before < {p for p in then if p[0] == "west"} < alone


def test_shards_have_no_places_in_common() -> None:
    shards = [ShardRef(id=name, href=f"/{name}.parquet", rows=3) for name in ("a", "b")]
    plan = plan_of(shards, CELLS)
    lost = keys_of(plan.items[:1], CELLS)
    then = around(plan, lost)
    assert (then.instead, then.work, then.around) == ((), plan.items, tuple(lost))


# Builds, from files.

TILES = Tiling(size=64, stride=32)

LEFT, TOP, SIDE = 50_016, 500_000, 256


def listed(folder: Path, *names: str) -> list[SceneRef]:
    """Return scenes side by side that overlap by half, each of a GeoTIFF, the first the best."""
    refs = []
    for number, name in enumerate(("a", "b", "c")):
        path, left = folder / f"{name}.tif", LEFT + 128 * number
        if not path.exists():
            numbers = np.random.default_rng(number).integers(200, 4_000, (3, SIDE, SIDE))
            place = {"left": 10.0 * left, "top": 10.0 * TOP, "interleave": "pixel"}
            write_tif(path, numbers.astype(np.uint16), **place)  # blocks from top to bottom
        bands = {
            band: Asset(href=str(path), index=at)
            for at, band in enumerate(("B04", "B03", "B02"), 1)
        }
        about: dict[str, Any] = {"licence": f"of {name}", "attribution": f"by {name}"}
        ref = scene(name, left, TOP, SIDE, SIDE, bands=bands, cloud_cover=float(number), **about)
        refs.append(replace(ref, footprint=outline(left, TOP, SIDE, SIDE)))
    return [ref for ref in refs if ref.id in names]


def make(folder: Path, output: str, *names: str, **more: Any) -> Made:
    refs = listed(folder / "in", *names)
    source: Any = SimpleNamespace(
        name="items", title="t", asked=lambda: {"of": names}, refs=lambda **_: refs
    )
    own = {"tiling": TILES, "once": "place", "piece": 4096}
    (folder / output).parent.mkdir(exist_ok=True)
    settings = Settings(cache_dir=folder / "cache", threads=1, device="cpu")
    return build(source, folder / output, asked(**own | more), settings=settings)


def damage(folder: Path, name: str, share: float = 0.02) -> bytes:
    """Cut off all but the beginning of a file; return what it was."""
    listed(folder / "in", name)
    path = folder / "in" / f"{name}.tif"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return content


def by_id(path: Path) -> Any:
    return pq.read_table(path).sort_by("unique_id")


def same_rows(path: Path, other: Path) -> None:
    """Compare sets of which tiles were embedded in other batches."""
    one, two = by_id(path), by_id(other)
    assert one.drop(["embedding"]).equals(two.drop(["embedding"]))
    vectors = [np.stack(table["embedding"].to_numpy()).astype(float) for table in (one, two)]
    np.testing.assert_allclose(*vectors, atol=2**-10)


@pytest.mark.parametrize("more", [{}, {"engine": "local", "workers": 2}])
def test_a_damaged_scene_leaves_the_set_that_others_give(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    damage(tmp_path, "a")
    path = tmp_path / "set.parquet"
    found = make(tmp_path, "set.parquet", "a", "b", "c", **more)
    never = make(tmp_path, "never.parquet", "b", "c")
    assert {one.ref for one in found.aside} == {"a"}
    assert found.rows == never.rows
    assert found.tiles == found.rows[0]
    same_rows(path, tmp_path / "never.parquet")
    assert {"b", "c"} == set(by_id(path)["scene"].to_pylist())
    stamp = path.stat().st_mtime_ns
    again = make(tmp_path, "set.parquet", "a", "b", "c")
    assert (again.before, again.aside, again.rows) == (True, found.aside, found.rows)
    assert path.stat().st_mtime_ns == stamp


def test_scenes_that_prove_damaged_one_after_the_other_leave_the_last(tmp_path: Path) -> None:
    damage(tmp_path, "a")
    damage(tmp_path, "b")
    found = make(tmp_path, "set.parquet", "a", "b", "c")
    assert {one.ref for one in found.aside} == {"a", "b"}
    never = make(tmp_path, "never.parquet", "c")
    assert found.rows == never.rows == (49,)  # 7 x 7 tiles of 64 pixels, 32 apart, in 256
    same_rows(tmp_path / "set.parquet", tmp_path / "never.parquet")


def test_what_can_be_read_of_a_damaged_scene_is_kept(tmp_path: Path) -> None:
    damage(tmp_path, "a", 0.7)
    found = make(tmp_path, "set.parquet", "a", "b", piece=14)
    whole = plan_items(listed(tmp_path / "in", "a", "b"), TILES, once="place")
    tiles = places(whole, TILES)
    table = by_id(tmp_path / "set.parquet")
    assert {"a", "b"} == set(table["scene"].to_pylist())
    assert {one.ref for one in found.aside} == {"a"}
    boxes = zip(table["scene"].to_pylist(), table["pixel_bbox"].to_pylist(), strict=True)
    had = {
        (LEFT + (128 if name == "b" else 0) + left, TOP - top) for name, (top, left, _, _) in boxes
    }
    assert len(had) == len(table)
    lost = {(x, y) for _, x, y in tiles} - had
    assert lost  # the west of it is of no other scene
    assert all(x + 64 <= LEFT + SIDE and x < LEFT + 128 for x, _ in lost)


def test_once_it_is_mended_the_set_is_as_if_it_had_been_whole(tmp_path: Path) -> None:
    content = damage(tmp_path, "a")
    path = tmp_path / "set.parquet"
    broken = make(tmp_path, "set.parquet", "a", "b")
    again = make(tmp_path, "set.parquet", "a", "b", retry=True)  # it still is
    assert (again.rows, again.aside, again.tiles) == (broken.rows, broken.aside, 0)
    (tmp_path / "in" / "a.tif").write_bytes(content)
    found = make(tmp_path, "set.parquet", "a", "b", retry=True)
    make(tmp_path, "whole.parquet", "a", "b")
    assert not found.aside
    assert pq.read_table(path).equals(pq.read_table(tmp_path / "whole.parquet"))
    assert sorted(p.name for p in BuildFolder(path).path.iterdir()) == [".lock", "done.json"]


def test_a_build_killed_before_any_of_its_writes_ends_in_the_same_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(tmp_path, "a", 0.7)
    make(tmp_path, "undisturbed.parquet", "a", "b", piece=24)
    expected = (tmp_path / "undisturbed.parquet").read_bytes()
    seen: set[int] = set()
    for last in range(1, 100):
        name = f"k{last}/undisturbed.parquet"
        with monkeypatch.context() as patch:
            patch.setattr(files, "put_in_place", Killing(last))
            with suppress(KilledError):
                make(tmp_path, name, "a", "b", piece=24)
                break
        plan = BuildFolder(tmp_path / name).plan()
        seen.add(0 if plan is None else 1 + bool(plan.around))
        make(tmp_path, name, "a", "b", piece=24)
        assert (tmp_path / name).read_bytes() == expected, last
    assert last > 12
    assert seen == {0, 1, 2}  # before the plan, and in both rounds


def test_a_network_that_fails_leaves_the_second_round_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.build import work

    damage(tmp_path, "a")
    make(tmp_path, "never.parquet", "b")
    real, bad = work.read_tiles, {"b"}

    def read(item: Item, *given: Any) -> Any:
        if item.ref.id in bad:
            message = "No answer."
            raise UnavailableError(message)
        return real(item, *given)

    monkeypatch.setattr(work, "read_tiles", read)
    with pytest.raises(UnavailableError):
        make(tmp_path, "set.parquet", "a", "b")
    bad.clear()
    make(tmp_path, "set.parquet", "a", "b")
    same_rows(tmp_path / "set.parquet", tmp_path / "never.parquet")


def test_a_set_that_is_added_to_is_read_from_others_too(tmp_path: Path) -> None:
    make(tmp_path, "set.parquet", "c")
    before = pq.read_table(tmp_path / "set.parquet").num_rows
    damage(tmp_path, "a")
    found = make(tmp_path, "set.parquet", "a", "b", append=tmp_path / "set.parquet", once="place")
    make(tmp_path, "never.parquet", "c", "b")
    assert found.rows[0] > before
    ids = [
        set(by_id(tmp_path / f"{n}.parquet")["utm_footprint"].to_pylist()) for n in ("set", "never")
    ]
    assert ids[0] == ids[1]


def test_plans_of_older_versions_have_nothing_to_read_instead() -> None:
    plan = plan_of(two_of_a_place(), once="place")
    record = json.loads(plan.to_json())
    for name in ("spare", "instead", "around"):
        del record[name]
    assert Plan.from_json(json.dumps(record)) == replace(plan, spare=())


def test_only_scenes_that_gave_tiles_are_named(tmp_path: Path) -> None:
    damage(tmp_path, "a")
    path = tmp_path / "set.parquet"
    found = make(tmp_path, "set.parquet", "a", "b", "c")
    never = make(tmp_path, "never.parquet", "b", "c")
    assert (found.empty, never.empty) == (("a",), ())
    for suffix in (".json", ".scenes.json"):
        texts = [(tmp_path / f"{name}{suffix}").read_text() for name in ("set", "never")]
        sizes = [
            f'"file:size": {(tmp_path / f"{n}.parquet").stat().st_size}' for n in ("set", "never")
        ]
        one = (
            texts[0]
            .replace("./set.parquet", "./never.parquet")
            .replace('"id": "set"', '"id": "never"')
        )
        assert one.replace(sizes[0], sizes[1]) == texts[1]
    header = header_at(path)
    assert header == replace(header_at(tmp_path / "never.parquet"), id="set")
    assert header.sources == ("b", "c")
    assert header.licence == "of b; of c"
    assert "by a" not in header.attribution
    assert load_scenes(path).keys() == {"b", "c"}
    note = json.loads((tmp_path / "set.build" / "done.json").read_text())
    assert note["empty"] == ["a"]


def test_scenes_whose_places_others_have_are_named_nowhere(tmp_path: Path) -> None:
    """All of the third lies in the first, which is better."""
    refs = listed(tmp_path / "in", "a", "b")
    inner = replace(refs[0], id="inner", cloud_cover=50.0, licence="none")
    day = datetime(2024, 5, 1, 10, tzinfo=UTC)
    refs = [replace(refs[0], when=day), replace(refs[1], when=day.replace(month=6)), inner]
    refs[2] = replace(inner, when=day.replace(year=2020))
    source: Any = SimpleNamespace(name="items", title="t", asked=dict, refs=lambda **_: refs)
    path = tmp_path / "set.parquet"
    settings = Settings(cache_dir=tmp_path / "cache", threads=1, device="cpu")
    found = build(source, path, asked(tiling=TILES, once="place"), settings=settings)
    assert found.empty == ("inner",)
    assert header_at(path).licence == "of a; of b"
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["extent"]["temporal"]["interval"] == [
        ["2024-05-01T10:00:00Z", "2024-06-01T10:00:00Z"]
    ]
    assert "inner" not in path.with_suffix(".json").read_text()


def test_what_is_added_names_what_it_gave(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    make(tmp_path, "set.parquet", "a")
    old = header_at(path)
    again = make(tmp_path, "set.parquet", "a", "b", append=path)
    assert again.empty == ()
    assert header_at(path).sources == ("a", "b")
    assert header_at(path).licence == "of a; of b"
    assert load_scenes(path).keys() == {"a", "b"}
    nothing = make(tmp_path, "other.parquet", "b", append=path)
    assert nothing.rows == again.rows
    assert header_at(tmp_path / "other.parquet") == header_at(path)
    assert (header_at(path).title, header_at(path).id) == (old.title, "set")


def test_an_added_to_set_takes_a_new_title_if_one_is_given(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    make(tmp_path, "set.parquet", "a", title="First")
    make(tmp_path, "set.parquet", "a", "b", append=path)
    assert header_at(path).title == "First"
    make(tmp_path, "set.parquet", "a", "b", "c", append=path, title="Second")
    assert header_at(path).title == "Second"
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["title"] == record["assets"]["embeddings"]["title"] == "Second"


def test_a_second_try_killed_before_any_of_its_writes_ends_in_the_same_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = damage(tmp_path, "a")
    make(tmp_path, "set.parquet", "a", "b")
    make(tmp_path, "broken.parquet", "a", "b")
    for name, mended in (("set", False), ("set", True)):
        if mended:
            (tmp_path / "in" / "a.tif").write_bytes(content)
            make(tmp_path, "whole.parquet", "a", "b")
        expected = rows_of(tmp_path / ("whole.parquet" if mended else "broken.parquet"))
        kept = {p: p.read_bytes() for p in tmp_path.glob(f"{name}.*/**/*") if p.is_file()}
        kept |= {p: p.read_bytes() for p in tmp_path.glob(f"{name}.*") if p.is_file()}
        for last in range(1, 100):
            restore(tmp_path, name, kept)
            with monkeypatch.context() as patch:
                killing = Killing(last)
                patch.setattr(files, "put_in_place", killing)
                patch.setattr(BuildFolder, "reopen", killing.before(BuildFolder.reopen))
                with suppress(KilledError):
                    make(tmp_path, "set.parquet", "a", "b", retry=True)
                    break
            make(tmp_path, "set.parquet", "a", "b")  # may find all there, as it was
            make(tmp_path, "set.parquet", "a", "b", retry=True)
            assert rows_of(tmp_path / "set.parquet").equals(expected), (mended, last)
        assert last > 4
        restore(tmp_path, name, kept)


class Killing:
    """Puts files in their places until it is killed."""

    def __init__(self, last: int) -> None:
        self.last, self.writes, self.real = last, 0, self.before(files.put_in_place)

    def __call__(self, *given: Any) -> None:
        self.real(*given)

    def before(self, act: Callable[..., None]) -> Callable[..., None]:
        """Return something that changes the folder, before which this may be the end."""

        def changed(*given: Any) -> None:
            self.writes += 1
            if self.writes == self.last:
                raise KilledError
            act(*given)

        return changed


def rows_of(path: Path) -> Any:
    return pq.read_table(path).replace_schema_metadata(None)


def restore(folder: Path, name: str, kept: dict[Path, bytes]) -> None:
    shutil.rmtree(folder / f"{name}.build")
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
