"""A published set says where its scenes are: opened from a hub, its tiles are looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("rasterio")

import eex
from build_world import asked
from eex.build import publish as publishing
from eex.build.items import Tiling
from eex.build.make import build
from eex.build.public import public_address, public_ref, whole_ref
from eex.build.publish import publish
from eex.build.scenes import KeptScenes
from eex.catalog.opened import open_here, opened_sets
from eex.config import Settings
from eex.errors import DamagedSetError, NoPixelsError
from eex.sources.beside import find_scenes, load_scenes, read_scenes, scenes_name, scenes_path
from eex.sources.refs import Asset, SceneRef, ShardRef, from_json, to_json
from loopback_hub import OTHER_COMMIT, Hub, running_hub
from published import at
from range_server import RangeServer, range_server
from scenes import write_tif

pytestmark = pytest.mark.usefixtures("quick_hub")

REPO = "me/kanto"
BANDS = ("B04", "B03", "B02")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def files() -> Iterator[RangeServer]:
    with range_server() as server:
        yield server


def numbers(seed: int) -> Any:
    return np.random.default_rng(seed).integers(200, 4_000, (3, 64, 64)).astype(np.uint16)


def scene(folder: Path, name: str, seed: int, files: RangeServer | None) -> SceneRef:
    """Return a scene of one file: at an address, or in a folder of this machine."""
    path = folder / "secret" / f"{name}.tif"
    write_tif(path, numbers(seed), left=500_000 + 10_000 * seed, top=5_000_000)
    href, listed = str(path), str(path)
    if files is not None:
        href, listed = files.put(f"/{name}.tif", path.read_bytes()), f"{files.address}/items/{name}"
    bands = {band: Asset(href=href, index=at) for at, band in enumerate(BANDS, 1)}
    about: dict[str, Any] = {"licence": "CC0-1.0", "attribution": f"by {name}"}
    return SceneRef(id=name, bands=bands, href=listed, group=name, **about)


def built(folder: Path, refs: list[SceneRef], *, keep: Path | None = None) -> Path:
    source: Any = SimpleNamespace(name="items", title="t", asked=dict, refs=lambda **_: refs)
    settings = own(folder)
    given = asked(tiling=Tiling(size=64, stride=64))
    if keep is not None:
        source = KeptScenes(source, keep, given, settings)
    (folder / "kanto.parquet").parent.mkdir(exist_ok=True)
    build(source, folder / "kanto.parquet", given, settings=settings)
    return folder / "kanto.parquet"


def own(folder: Path, hub: Hub | None = None) -> Settings:
    here = Settings(cache_dir=folder / "cache", threads=1) if hub is None else at(hub, folder)
    return replace(here, device="cpu", fetch_hosts=("127.0.0.1",))


def put(hub: Hub, folder: Path, **more: Any) -> None:
    content = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}
    hub.put_dataset(REPO, content, **more)


def shown(opened: Any) -> dict[str, Any]:
    """Return the pixels of each tile by its scene."""
    return {
        opened.embeddings.tile(row).scene: opened.pixels(row).values for row in range(len(opened))
    }


def test_pictures_of_a_published_set_are_read_from_the_scenes_by_range(
    tmp_path: Path, files: RangeServer, hub: Hub
) -> None:
    refs = [scene(tmp_path / "mine", name, seed, files) for seed, name in enumerate("ab")]
    path = built(tmp_path / "mine", refs)
    told = publish(path, REPO, settings=own(tmp_path), dry_run=True)
    made = publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    assert dict(told.files) == dict(made.files)
    assert "data/kanto.scenes.json" in dict(made.files)
    card = (tmp_path / "hub" / "README.md").read_text()
    assert "Where the scenes are is in `data/kanto.scenes.json`" in card
    put(hub, tmp_path / "hub")
    settings = own(tmp_path / "reader", hub)
    opened = eex.open_set(REPO, settings=settings)
    before = files.requests
    found = shown(opened)
    assert files.requests > before
    for seed, name in enumerate("ab"):
        np.testing.assert_array_equal(found[name], numbers(seed))
    again = eex.open_set(REPO, settings=replace(settings, offline=True))
    assert again.embeddings.header == opened.embeddings.header
    assert open_here(next(iter(opened_sets(settings))), settings) is not None


def test_scenes_of_this_machine_are_told_as_not_available(
    tmp_path: Path, files: RangeServer, hub: Hub
) -> None:
    refs = [scene(tmp_path / "mine", "a", 0, files), scene(tmp_path / "mine", "b", 1, None)]
    path = built(tmp_path / "mine", refs)
    publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    for file in (tmp_path / "hub").rglob("*.*"):
        assert b"secret" not in file.read_bytes(), file
        assert str(tmp_path).encode() not in file.read_bytes(), file
    put(hub, tmp_path / "hub")
    opened = eex.open_set(REPO, settings=own(tmp_path / "reader", hub))
    rows = {opened.embeddings.tile(row).scene: row for row in range(2)}
    np.testing.assert_array_equal(opened.pixels(rows["a"]).values, numbers(0))
    with pytest.raises(NoPixelsError, match="scene b is not available") as refused:
        opened.pixels(rows["b"])
    assert "searched" in refused.value.hint
    assert opened.search(row=rows["b"], k=2).results[0].score == pytest.approx(1, abs=1e-3)


def test_a_set_in_several_files_has_one_file_of_scenes(
    tmp_path: Path, files: RangeServer, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.geoparquet import write

    monkeypatch.setattr(write, "ROW_GROUP", 1)
    refs = [scene(tmp_path / "mine", name, seed, files) for seed, name in enumerate("abc")]
    path = built(tmp_path / "mine", refs)
    monkeypatch.setattr(publishing, "FILE_BYTES", 1)
    folder = tmp_path / "hub"
    publish(path, REPO, settings=own(tmp_path), to=folder)
    assert len(list((folder / "data").glob("*.parquet"))) == 3
    put(hub, folder)
    settings = own(tmp_path / "reader", hub)
    assert shown(eex.open_set(REPO, settings=settings)).keys() == {*"abc"}
    part = eex.open_set(REPO, shards=[2], called="part", settings=settings)
    assert len(shown(part)) == 1
    box = eex.open_set(REPO, rows=(1, 3), called="box", settings=settings)  # read by range
    assert len(shown(box)) == 2
    for place in (folder, folder / "data", next((folder / "data").glob("*-00001-*.parquet"))):
        assert shown(eex.open_set(place, settings=settings))


def test_a_set_that_is_open_under_a_name_shows_what_lies_beside_its_file(tmp_path: Path) -> None:
    path = built(tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, None)])
    settings = replace(own(tmp_path / "reader"), sets_dir=tmp_path / "sets")
    opened = eex.open_set(path, called="ours", settings=settings)
    np.testing.assert_array_equal(shown(opened)["a"], numbers(0))
    moved = tmp_path / "mine" / "elsewhere"
    (tmp_path / "mine" / "secret").rename(moved)
    text = scenes_path(path).read_text()
    scenes_path(path).write_text(text.replace(f"{tmp_path / 'mine' / 'secret'}", "elsewhere"))
    with pytest.raises(NoPixelsError, match="no longer at"):
        shown(opened)
    again = eex.open_set(path, called="ours", settings=settings)
    np.testing.assert_array_equal(shown(again)["a"], numbers(0))


def test_a_new_commit_brings_its_own_scenes(tmp_path: Path, files: RangeServer, hub: Hub) -> None:
    path = built(tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, files)])
    publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    put(hub, tmp_path / "hub")
    settings = own(tmp_path / "reader", hub)
    eex.open_set(REPO, settings=settings)
    there = tmp_path / "hub" / "data" / "kanto.scenes.json"
    there.write_text(there.read_text().replace("/a.tif", "/moved.tif"))
    files.put("/moved.tif", (tmp_path / "mine" / "secret" / "a.tif").read_bytes())
    put(hub, tmp_path / "hub", commit=OTHER_COMMIT)
    opened = eex.open_set(REPO, refresh=True, settings=settings)
    shown(opened)
    assert files.asked[-1].path == "/moved.tif"


def test_a_set_at_an_address_finds_its_scenes_beside_it(
    tmp_path: Path, files: RangeServer, caplog: pytest.LogCaptureFixture
) -> None:
    path = built(tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, files)])
    url = files.put("/sets/kanto.parquet", path.read_bytes())
    settings = replace(own(tmp_path / "reader"), sets_dir=tmp_path / "sets")
    without = eex.open_set(url, called="bare", settings=settings)
    assert "no pictures" in caplog.text
    assert len(without) == 1
    files.put("/sets/kanto.scenes.json", scenes_path(path).read_bytes())
    opened = eex.open_set(url, called="whole", settings=settings)
    np.testing.assert_array_equal(shown(opened)["a"], numbers(0))


def test_what_others_published_leads_to_no_file_of_this_machine(tmp_path: Path, hub: Hub) -> None:
    path = built(tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, None)])
    publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    evil = tmp_path / "hub" / "data" / "kanto.scenes.json"
    evil.write_bytes(scenes_path(path).read_bytes())  # as a stranger might write it
    assert "secret" in evil.read_text()
    put(hub, tmp_path / "hub")
    opened = eex.open_set(REPO, settings=own(tmp_path / "reader", hub))
    with pytest.raises(NoPixelsError, match="not available"):
        opened.pixels(0)


def test_scenes_that_were_kept_are_published_by_where_they_came_from(
    tmp_path: Path, files: RangeServer, hub: Hub
) -> None:
    path = built(
        tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, files)], keep=tmp_path / "kept"
    )
    (asset, *_) = load_scenes(path)["a"].bands.values()  # type: ignore[union-attr]
    assert Path(asset.href).is_relative_to(tmp_path / "kept")
    assert asset.origin == f"{files.address}/a.tif"
    publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    put(hub, tmp_path / "hub")
    opened = eex.open_set(REPO, settings=own(tmp_path / "reader", hub))
    np.testing.assert_array_equal(shown(opened)["a"], numbers(0))
    before = files.requests
    shown(eex.open_set(path, settings=own(tmp_path)))
    assert files.requests == before  # the copy is here
    Path(asset.href).unlink()
    np.testing.assert_array_equal(
        shown(eex.open_set(path, settings=own(tmp_path)))["a"], numbers(0)
    )
    assert files.requests > before


def test_scenes_that_rows_do_not_name_are_not_published(tmp_path: Path, files: RangeServer) -> None:
    path = built(tmp_path / "mine", [scene(tmp_path / "mine", "a", 0, files)])
    record = json.loads(scenes_path(path).read_text())
    record["scenes"].append({**record["scenes"][0], "id": "unused"})
    scenes_path(path).write_text(json.dumps(record))
    publish(path, REPO, settings=own(tmp_path), to=tmp_path / "hub")
    assert load_scenes(tmp_path / "hub" / "data" / "kanto.parquet").keys() == {"a"}
    assert set(pq.read_table(path)["scene"].to_pylist()) == {"a"}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": [1]},
        {"href": None},
        {"size": "ab"},
        {"size": [0, 5]},
        {"size": [10**12, 5]},
        {"transform": "x"},
        {"transform": [1.0, 0, 0, 0, -1.0, float("nan")]},
        {"bands": {"B04": {"href": 5}}},
        {"bands": {"B04": {"href": "https://example.org/a.tif", "index": 0}}},
        {"bands": {"B04": {"href": "https://example.org/a.tif", "scale": "1"}}},
    ],
)
def test_references_that_make_no_sense_are_damage_not_a_crash(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "set.scenes.json"
    record = to_json(SceneRef(id="a", bands={"B04": Asset(href="https://example.org/a.tif")}))
    path.write_text(json.dumps({"scenes": [record]}))
    assert set(read_scenes(path)) == {"a"}
    path.write_text(json.dumps({"scenes": [record | changed]}))
    with pytest.raises(DamagedSetError, match="does not hold"):
        read_scenes(path)


def test_records_too_deep_to_read_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "set.scenes.json"
    path.write_text('{"scenes": ' + 100_000 * "[" + 100_000 * "]" + "}")
    with pytest.raises(DamagedSetError):
        read_scenes(path)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://example.org/a.tif", "https://example.org/a.tif"),
        ("s3://bucket/a.tif", "s3://bucket/a.tif"),
        ("HTTPS://example.org/a.tif?page=2#x", "https://example.org/a.tif?page=2"),
        ("https://example.org/a.tif?X-Amz-Signature=1&X-Amz-Date=2", "https://example.org/a.tif"),
        ("https://example.org/a.tif?sv=1&sig=abc%3D", "https://example.org/a.tif"),
        ("https://example.org/a.tif?access_token=abc", "https://example.org/a.tif"),
        ("https://example.org/a.tif?subscription-key=abc", "https://example.org/a.tif"),
        ("https://example.org/a.tif?v=1;token=abc", "https://example.org/a.tif"),
        ("https://me:word@example.org/a.tif", ""),
        ("/home/me/a.tif", ""),
        ("file:///home/me/a.tif", ""),
        ("C:\\me\\a.tif", ""),
        ("a.tif", ""),
        ("http://[::1/a.tif", ""),
    ],
)
def test_addresses_are_published_without_secrets_and_paths_are_not(
    href: str, expected: str
) -> None:
    assert public_address(href) == expected
    asset = Asset(href=href)
    found = public_ref(SceneRef(id="a", bands={"B04": asset}, href=href))
    assert isinstance(found, SceneRef)
    assert found.href == expected
    assert [one.href for one in found.bands.values()] == ([expected] if expected else [])
    assert public_ref(ShardRef(id="a", href=href, rows=1)).href == expected


def test_where_the_file_of_scenes_lies(tmp_path: Path) -> None:
    names = [Path(f"data/a-0000{n}-of-00002.parquet") for n in range(2)]
    assert scenes_name(names) == Path("data/a.scenes.json")
    assert scenes_name([Path("data/a.parquet")]) == Path("data/a.scenes.json")
    assert scenes_name([Path("a.parquet"), Path("b.parquet")]) is None
    (tmp_path / "a.scenes.json").touch()
    for place in (tmp_path, *(tmp_path / name.name for name in names)):
        assert find_scenes(place) == tmp_path / "a.scenes.json"
    assert find_scenes(tmp_path / "b.parquet") is None
    (tmp_path / "b.scenes.json").touch()
    assert find_scenes(tmp_path) is None  # of which set?


def test_references_that_were_not_copied_are_written_as_before() -> None:
    ref = SceneRef(id="a", bands={"B04": Asset(href="a.tif")})
    assert "origin" not in to_json(ref)["bands"]["B04"]
    copy = replace(ref, bands={"B04": Asset(href="a.tif", origin="https://example.org/a.tif")})
    assert [from_json(to_json(one)) for one in (ref, copy)] == [ref, copy]
    found = whole_ref(ref, Path("/sets"))
    assert isinstance(found, SceneRef)
    assert found.bands["B04"].href == str(Path("/sets/a.tif"))
    assert whole_ref(ShardRef(id="a", href="", rows=1), Path("/sets")).href == ""
