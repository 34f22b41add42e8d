"""Published sets are opened from a hub, an address or a path: fetched once, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

import eex
from eex.catalog import gather
from eex.catalog.known import open_embeddings
from eex.catalog.opened import (
    OpenHere,
    downloads_folder,
    map_open,
    open_here,
    opened_sets,
    remove_open,
    sets_folder,
)
from eex.catalog.opening import open_named_set
from eex.catalog.records import SetFile, SetRecord
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
from eex.embeddings import SetHeader
from eex.errors import (
    BadQueryError,
    DamagedSetError,
    DownloadError,
    LargeSetError,
    NotOpenError,
    OutputError,
    SetNotFoundError,
    UnknownNameError,
)
from eex.server.app import create_app
from eex.server.state import State
from eex.weights import hubs, part
from eex.weights.records import Home
from loopback_hub import COMMIT, OTHER_COMMIT, Fault, Hub, running_hub
from published import DIM, at, parquet, table, vectors

TABLE = table(600)
CONTENT = parquet(TABLE)
REPO = "Org/Tiles"
RECORD = SetRecord(
    name="tiles",
    title="Tiles",
    model="clay-v1.5",
    variant="eee",
    dim=DIM,
    rows=600,
    homes=(
        Home(hub="huggingface", repo=REPO, kind="dataset"),
        Home(hub="modelscope.cn", repo=REPO, kind="dataset"),
    ),
    licence="CC-BY-SA-4.0",
    attribution="Somebody",
    tile_km=3.84,
)


pytestmark = pytest.mark.usefixtures("quick_hub")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        hub.put_dataset(REPO, {"tiles.parquet": CONTENT, "README.md": b"# Tiles"})
        yield hub


@pytest.fixture
def own(hub: Hub, tmp_path: Path) -> Settings:
    return at(hub, tmp_path)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[[SetRecord], None]:
    """Let the catalogue have one more record."""

    def add(record: SetRecord) -> None:
        ours = gather._ours()
        monkeypatch.setattr(gather, "_ours", lambda: {**ours, record.name: record})

    add(RECORD)
    return add


def left(settings: Settings) -> list[str]:
    """Return the names of all that lies in the folder of sets, locks apart."""
    folder = sets_folder(settings)
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p.relative_to(folder).as_posix() for p in paths if p.suffix != ".lock")


def check_whole(here: OpenHere, wanted: Any = TABLE) -> None:
    found = map_open(here)
    np.testing.assert_array_equal(found.vectors, vectors(wanted))
    np.testing.assert_array_equal(found.lonlat[:, 0], wanted["centre_lon"].to_numpy())
    assert found.rows["grid_cell"].to_pylist() == wanted["grid_cell"].to_pylist()


@pytest.mark.usefixtures("known")
def test_a_set_is_fetched_checked_and_says_what_its_record_says(hub: Hub, own: Settings) -> None:
    seen: list[tuple[str, int, int]] = []
    here = open_named_set("tiles", own, progress=lambda *told: seen.append(told))
    check_whole(here)
    header = map_open(here).header
    assert (header.id, header.model, header.variant) == ("tiles", "clay-v1.5", "eee")
    assert (header.licence, header.attribution, header.tile_km) == (
        "CC-BY-SA-4.0",
        "Somebody",
        3.84,
    )
    note = here.opened
    assert (note.repo, note.source, note.commit) == (REPO, "huggingface", COMMIT)
    (file,) = note.files
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert file.checked
    assert seen[-1] == ("tiles.parquet", len(CONTENT), len(CONTENT))
    assert all(f"/resolve/{COMMIT}/" in a.path for a in hub.asked if "resolve" in a.path)


@pytest.mark.usefixtures("known")
def test_opening_again_asks_nobody(hub: Hub, own: Settings) -> None:
    before = open_named_set("tiles", own)
    asked = len(hub.asked)
    for word in ("tiles", REPO, f"hf://datasets/{REPO}"):
        assert open_named_set(word, replace(own, offline=True)).folder == before.folder
        assert len(open_embeddings(word, settings=own)) == 600
    shutil.rmtree(own.cache_dir, ignore_errors=True)  # it is only a cache
    check_whole(open_named_set("tiles", own))
    assert len(hub.asked) == asked
    assert eex.open_set("tiles", settings=own).search(row=5, k=3).results[0].row == 5


@pytest.mark.usefixtures("known")
def test_a_set_that_is_not_open_is_told_with_its_size(
    known: Callable[[SetRecord], None], own: Settings, hub: Hub
) -> None:
    known(replace(RECORD, size=824_000_000))
    with pytest.raises(NotOpenError, match=r"not open on this machine \(0.8 GB\)") as told:
        eex.open_set("tiles", fetch=False, settings=own)
    assert told.value.hint == "eex open tiles"
    with pytest.raises(NotOpenError):
        open_embeddings("Some/Other", settings=own)
    with pytest.raises(UnknownNameError):
        open_embeddings("tile", settings=own)
    assert not hub.asked
    assert len(eex.open_set("tiles", settings=own)) == 600


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_repository_of_many_files_is_one_set(hub: Hub, own: Settings, page: int) -> None:
    hub.page = page
    tables = [table(50, seed) for seed in range(5)]
    files = {f"embeddings/part_{i:05d}.parquet": parquet(t) for i, t in enumerate(tables)}
    hub.put_dataset("Org/Many", files)
    here = open_named_set("Org/Many", own)
    found = map_open(here)
    np.testing.assert_array_equal(found.vectors, np.concatenate([vectors(t) for t in tables]))
    some = open_named_set(
        "Org/Many", own, name="some", wish=Wish(selection=selection_of(shards="2,4-5"))
    )
    wanted = np.concatenate([vectors(tables[i]) for i in (1, 3, 4)])
    np.testing.assert_array_equal(map_open(some).vectors, wanted)
    with pytest.raises(BadQueryError, match="5 files, no file 6"):
        open_named_set("Org/Many", own, name="x", wish=Wish(selection=selection_of(shards="6")))


def test_a_repository_of_several_tables_asks_which(hub: Hub, own: Settings) -> None:
    hub.put_dataset("Org/Two", {"a.parquet": CONTENT, "b.parquet": parquet(table(30, 3))})
    with pytest.raises(BadQueryError, match=r"has 2 tables: a\.parquet") as told:
        open_named_set("Org/Two", own)
    assert "--file 'a.parquet'" in told.value.hint
    here = open_named_set("Org/Two", own, wish=Wish(file="b.parquet"))
    assert here.counts["rows"] == 30
    with pytest.raises(BadQueryError, match=r"no file c\.parquet") as told:
        open_named_set("Org/Two", own, name="c", wish=Wish(file="c.parquet"))
    assert "a.parquet, b.parquet" in told.value.hint
    word = "hf://datasets/Org/Two/a.parquet"
    with pytest.raises(NotOpenError):
        open_embeddings(word, settings=own)
    assert open_named_set(word, own).counts["rows"] == 600
    assert len(open_embeddings(word, settings=own)) == 600
    hub.put_dataset("Org/None", {"README.md": b"x"})
    with pytest.raises(BadQueryError, match="no Parquet file"):
        open_named_set("Org/None", own)


def test_a_download_that_broke_goes_on_where_it_stopped(hub: Hub, own: Settings) -> None:
    hub.fail(None, None, *[Fault(cut=20_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError, match="HTTP 500"):
        open_named_set(REPO, own)
    assert any(name.endswith("tiles.parquet.part") for name in left(own))
    assert not opened_sets(own)
    hub.faults.clear()
    asked = len(hub.asked)
    check_whole(open_named_set(REPO, own))
    ranges = [a.headers.get("range", "") for a in hub.asked[asked:] if "resolve" in a.path]
    assert ranges == ["bytes=20000-"]
    assert not any(name.endswith((".part", ".part.json")) for name in left(own))


def test_another_content_than_the_hub_tells_is_no_set(hub: Hub, own: Settings) -> None:
    hub.fail(None, None, *[Fault(flip=True)] * 5)
    with pytest.raises(DownloadError, match="SHA-256"):
        open_named_set(REPO, own)
    assert not opened_sets(own)


def test_another_content_than_the_record_tells_is_no_set(
    hub: Hub, own: Settings, known: Callable[[SetRecord], None]
) -> None:
    known(replace(RECORD, files=(SetFile(name="*.parquet", sha256="0" * 64),)))
    with pytest.raises(BadQueryError, match="its checksum is another one"):
        open_named_set("tiles", own)
    assert not any("resolve" in asked.path for asked in hub.asked)


def test_a_full_disk_is_told_before_anything_is_fetched(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(own.cache_dir.parent)
    room = part.SPARE_BYTES + len(CONTENT) + 1_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=room))
    with pytest.raises(OutputError, match="Opening tiles needs") as told:
        open_named_set(REPO, own)
    assert "EEX_SETS_DIR" in told.value.hint
    assert "EEX_MODELS_DIR" not in told.value.hint
    assert "0.00 GB" not in str(told.value)
    assert not any("resolve" in asked.path for asked in hub.asked)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10 * room))
    check_whole(open_named_set(REPO, own))


@pytest.mark.usefixtures("known")
def test_offline_says_so_and_takes_what_the_cache_of_hugging_face_has(
    hub: Hub, own: Settings, tmp_path: Path
) -> None:
    cache = tmp_path / "hf"
    offline = replace(own, offline=True, hub_cache=cache)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids"):
        open_named_set("tiles", offline)
    repository = cache / "datasets--Org--Tiles"
    snapshot = repository / "snapshots" / COMMIT
    (repository / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    blob = repository / "blobs" / hashlib.sha256(CONTENT).hexdigest()
    blob.write_bytes(CONTENT)
    (snapshot / "tiles.parquet").symlink_to(blob)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    check_whole(open_named_set("tiles", offline))
    assert not hub.asked
    remove_open("tiles", offline)
    check_whole(open_named_set("tiles", replace(offline, offline=False)))
    assert not any("resolve" in asked.path for asked in hub.asked)
    assert blob.read_bytes() == CONTENT


@pytest.mark.usefixtures("known")
def test_hubs_are_chosen_and_the_next_one_is_asked(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running_hub() as other:
        other.put_dataset(REPO, {"tiles.parquet": CONTENT})
        monkeypatch.setitem(hubs.MODELSCOPES, "modelscope.cn", other.address)  # type: ignore[index]
        here = open_named_set("tiles", own, source="modelscope.cn", name="cn")
        assert (here.opened.source, here.opened.files[0].checked) == ("modelscope.cn", True)
        assert any(f"/datasets/{REPO}/resolve/master/" in asked.path for asked in other.asked)
        assert not hub.asked
        hub.listings.clear()
        here = open_named_set("tiles", own)
        assert here.opened.source == "modelscope.cn"
        assert "huggingface: 127.0.0.1 has no data set" in caplog.text
        with pytest.raises(DownloadError, match="has no data set"):
            open_named_set("tiles", own, source="huggingface", name="hf")
    with pytest.raises(DownloadError, match=r"No repository of tiles is known at modelscope.ai"):
        open_named_set("tiles", own, source="modelscope.ai", name="ai")
    with pytest.raises(BadQueryError, match="no source"):
        open_named_set("tiles", own, source="nowhere", name="x")


def test_a_mirror_is_asked_and_the_token_stays_at_its_hub(
    hub: Hub, own: Settings, tmp_path: Path
) -> None:
    hub.token = "secret"
    with pytest.raises(DownloadError, match="accepted its licence") as told:
        open_named_set(REPO, own)
    assert f"{hub.address}/datasets/{REPO}" in told.value.hint
    check_whole(open_named_set(REPO, replace(own, hub_token="secret")))
    with running_hub() as mirror:
        mirror.put_dataset(REPO, {"tiles.parquet": CONTENT})
        mine = at(hub, tmp_path / "mine", hub_token="secret")
        here = open_named_set(REPO, mine, source=mirror.address)
        assert here.opened.source == mirror.address
        assert mirror.asked
        assert not any("authorization" in asked.headers for asked in mirror.asked)
    for path in sets_folder(own).rglob("*.json"):
        assert "secret" not in path.read_text(encoding="utf-8")


def test_files_of_ones_own_are_opened_where_they_are(
    own: Settings, tmp_path: Path, known: Callable[[SetRecord], None]
) -> None:
    path = tmp_path / "Own Tiles.parquet"
    path.write_bytes(CONTENT)
    here = open_named_set(path, own, wish=Wish(model="dinov2-large", dtype="float16"))
    assert here.opened.name == "own-tiles"
    found = map_open(here)
    assert (found.header.model, found.vectors.dtype.name) == ("dinov2-large", "float16")
    assert not downloads_folder(own).exists()
    path.write_bytes(parquet(table(70, 9)))
    assert open_named_set(path, own).counts["rows"] == 70
    path.unlink()
    assert len(open_embeddings("own-tiles", settings=own)) == 70
    (tmp_path / "tiles.parquet").write_bytes(CONTENT)
    from_own = open_named_set("tiles", own, source=str(tmp_path / "tiles.parquet"))
    assert map_open(from_own).header.licence == "CC-BY-SA-4.0"
    known(replace(RECORD, files=(SetFile(name="*.parquet", sha256="1" * 64),)))
    with pytest.raises(DamagedSetError, match="not the file expected"):
        open_named_set("tiles", own, source=str(tmp_path / "tiles.parquet"), refresh=True)
    with pytest.raises(SetNotFoundError):
        open_named_set(tmp_path / "none.parquet", own)
    (tmp_path / "bad.parquet").write_bytes(CONTENT[:5_000])
    with pytest.raises(DamagedSetError, match="not a whole Parquet file"):
        open_named_set(tmp_path / "bad.parquet", own)
    assert {"own-tiles", "tiles"} == set(opened_sets(own))


def test_a_table_that_names_nothing_is_mapped(own: Settings, tmp_path: Path) -> None:
    strange = TABLE.select(["embedding", "centre_lon", "centre_lat"])
    strange = strange.rename_columns(["vec", "x", "y"])
    path = tmp_path / "strange.parquet"
    pq.write_table(strange, path)
    with pytest.raises(DamagedSetError) as told:
        open_named_set(path, own)
    assert "--column embedding=vec" in told.value.hint
    columns = {"embedding": "vec", "lon": "x", "lat": "y"}
    found = map_open(open_named_set(path, own, wish=Wish(columns=columns)))
    np.testing.assert_array_equal(found.vectors, vectors(TABLE))


def test_a_header_in_the_file_counts_and_the_user_has_the_last_word(
    own: Settings, tmp_path: Path
) -> None:
    header = SetHeader(id="theirs", title="Theirs", model="clay-v1.5", dim=DIM, licence="MIT")
    path = tmp_path / "t.parquet"
    pq.write_table(TABLE.replace_schema_metadata({"emb": header.to_json()}), path)
    header = replace(header, pixels="majortom")  # its rows say where their pixels are
    assert map_open(open_named_set(path, own)).header == header
    mine = open_named_set(path, own, name="mine", wish=Wish(model="olmoearth-base", variant="eee"))
    assert map_open(mine).header == replace(header, model="olmoearth-base", variant="eee")
    bare = tmp_path / "bare.parquet"
    pq.write_table(TABLE.drop_columns(["parquet_url"]), bare)
    assert map_open(open_named_set(bare, own)).header.pixels == ""


def test_an_address_is_fetched_and_kept(hub: Hub, own: Settings) -> None:
    hub.files["/some/place/My.parquet"] = CONTENT
    url = f"{hub.address}/some/place/My.parquet"
    here = open_named_set(url, own)
    assert here.opened.name == "my"
    check_whole(here)
    asked = len(hub.asked)
    check_whole(open_named_set(url, own, name="again"))
    assert len(hub.asked) == asked
    hub.files["/some/place/My.parquet"] = parquet(table(40, 4))
    assert open_named_set(url, own, refresh=True).counts["rows"] == 40
    with pytest.raises(DownloadError, match="no file"):
        open_named_set(f"{hub.address}/none.parquet", own)
    hub.files["/page.parquet"] = b"<!doctype html><p>log in"
    with pytest.raises(DownloadError, match="web page"):
        open_named_set(f"{hub.address}/page.parquet", own)


def test_refresh_takes_the_new_commit_and_only_then(hub: Hub, own: Settings) -> None:
    first = open_named_set(REPO, own)
    newer = table(80, 5)
    hub.put_dataset(REPO, {"tiles.parquet": parquet(newer)}, commit=OTHER_COMMIT)
    assert open_named_set(REPO, own).folder == first.folder
    fresh = open_named_set(REPO, own, refresh=True)
    check_whole(fresh, newer)
    assert fresh.opened.commit == OTHER_COMMIT
    assert not first.folder.exists()
    assert open_named_set(REPO, own, refresh=True).opened.date == fresh.opened.date


def test_two_at_once_fetch_once(hub: Hub, own: Settings) -> None:
    from concurrent.futures import ThreadPoolExecutor

    hub.pause = 0.05
    waited: list[int] = []

    def opened(number: int) -> OpenHere:
        return open_named_set(REPO, own, waiting=lambda: waited.append(number))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(opened, range(2))
    assert first.folder == second.folder
    assert len(waited) == 1
    assert len([asked for asked in hub.asked if "resolve" in asked.path]) == 1


def test_one_name_is_one_set(own: Settings, tmp_path: Path) -> None:
    open_named_set(REPO, own)
    path = tmp_path / "tiles.parquet"
    path.write_bytes(CONTENT)
    with pytest.raises(BadQueryError, match="name of another set that is open") as told:
        open_named_set(path, own)
    assert "--as" in told.value.hint
    with pytest.raises(BadQueryError, match="open already, in another way"):
        open_named_set(REPO, own, wish=Wish(dtype="float16"))
    half = open_named_set(REPO, own, wish=Wish(dtype="float16"), name="half")
    assert map_open(half).vectors.dtype == np.float16
    again = open_named_set("half", own, refresh=True)
    assert map_open(again).vectors.dtype == np.float16
    with pytest.raises(BadQueryError, match="cannot be called 'No Name'"):
        open_named_set(REPO, own, name="No Name")


def test_large_sets_are_not_fetched_unasked(
    hub: Hub, own: Settings, known: Callable[[SetRecord], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eex.catalog.opening.LARGE", 10_000)
    known(replace(RECORD, size=223_100_000_000))
    with pytest.raises(LargeSetError, match=r"fetches 0\.0 GB") as told:
        open_named_set("tiles", own)
    assert "--bbox W,S,E,N" in told.value.hint
    assert not any("resolve" in asked.path for asked in hub.asked)
    check_whole(open_named_set("tiles", own, large=True))


def test_removing_frees_the_disk_and_leaves_what_others_need(hub: Hub, own: Settings) -> None:
    open_named_set(REPO, own)
    open_named_set(REPO, own, name="half", wish=Wish(dtype="float16"))
    freed, fetched = remove_open("tiles", own)
    assert freed > vectors(TABLE).nbytes
    assert fetched == 0
    assert open_here("tiles", own) is None
    assert len(open_embeddings("half", settings=own)) == 600
    assert remove_open("half", own)[1] >= len(CONTENT)
    assert left(own) == []
    with pytest.raises(NotOpenError):
        remove_open("half", own)
    assert len(hub.asked) > 0


def test_fetched_files_can_be_discarded(hub: Hub, own: Settings) -> None:
    check_whole(open_named_set(REPO, own, keep=False))
    assert not any("parquet" in name for name in left(own))
    assert len(hub.asked) > 0


def test_a_damaged_set_is_opened_again(own: Settings) -> None:
    here = open_named_set(REPO, own)
    (here.folder / "vectors.npy").write_bytes(b"x")
    with pytest.raises(DamagedSetError) as told:
        open_embeddings("tiles", settings=own)
    assert told.value.hint == f"eex open {REPO} --as tiles --refresh"
    check_whole(open_named_set(REPO, own))


def test_the_server_serves_what_is_open_and_fetches_nothing(
    hub: Hub, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    state = State(own)
    assert list(state.names) == ["world"]
    with pytest.raises(UnknownNameError):
        state.open("clay-249k")
    open_named_set(REPO, own)
    bad = open_named_set(REPO, own, name="bad")
    (bad.folder / "rows.arrow").unlink()
    asked = len(hub.asked)
    assert state.refresh() == ("world", "bad", "tiles")
    assert len(state.open("tiles")) == 600
    state._given.clear()  # the world takes seconds to make
    assert [opened.name for opened in state.all_open()] == ["tiles"]
    assert "bad is left out" in caplog.text
    remove_open("tiles", own)
    with TestClient(create_app(own)) as client:
        client.app.state.eex = state  # type: ignore[attr-defined]
        gone = client.get("/api/v1/sets/tiles")  # that was open, and nobody listed the sets since
    assert gone.status_code == 404
    assert gone.json()["hint"]
    assert "tiles" not in state.names
    with pytest.raises(UnknownNameError):
        state.open("tiles")
    assert len(hub.asked) == asked


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(own: Settings, monkeypatch: pytest.MonkeyPatch, eex_command: Run) -> Run:
    for name, value in (
        ("EEX_CACHE_DIR", own.cache_dir),
        ("EEX_SETS_DIR", own.sets_dir),
        ("HF_ENDPOINT", own.hub_endpoint),
        ("HF_HOME", own.cache_dir / "hf"),
    ):
        monkeypatch.setenv(name, str(value))

    return eex_command


@pytest.mark.usefixtures("known")
def test_the_command_line_opens_lists_searches_and_removes(run: Run) -> None:
    code, out, told = run("search", "--set", "tiles", "--row", "0")
    assert code == 1
    assert "tiles is not open" in told
    assert "eex open tiles" in told
    code, out, told = run("open", "tiles")
    assert code == 0
    assert "600 usable" in out
    assert "CC-BY-SA-4.0" in out
    assert "credit     Somebody" in out
    assert "Next: eex search --set tiles --row 0\n" in told
    assert "eex models get clay-v1.5" in told
    assert "MB, kept" in out
    out = run("open", "tiles", "--dtype", "float16", "--as", "half")[1]
    assert ("MB, kept" in out, "MB, already here" in out) == (False, True)
    assert run("set", "remove", "half", "--yes")[0] == 0
    code, out, _ = run("open", "tiles")
    assert out.startswith("tiles is open: 600 rows")
    code, out, _ = run("search", "--set", "tiles", "--row", "3", "--k", "2", "--format", "json")
    assert json.loads(out)["results"][0]["row"] == 3
    code, out, _ = run("search", "--set", REPO, "--row", "3", "--format", "json")
    assert (code, json.loads(out)["count"]) == (0, 10)
    code, out, _ = run("open", "tiles", "--bbox", "170,-60,-170,60", "--as", "pacific", "--json")
    record = json.loads(out)
    assert record["selection"] == {"bbox": [170, -60, -170, 60]}
    code, out, _ = run("sets")
    listed = {line.split()[0]: line for line in out.splitlines()}
    assert listed["tiles"].endswith("open")
    assert f"part open ({record['counts']['rows']} rows)" in listed["pacific"]
    code, out, _ = run("sets", "tiles", "--json")
    assert json.loads(out)["open"]["rows"] == 600
    assert '"rows": 600' in run("info", "tiles", "--json")[1]
    assert run("set", "remove", "tiles")[0] == 1
    code, out, _ = run("set", "remove", "tiles", "--yes")
    assert (code, out.startswith("Removed tiles")) == (0, True)
    assert run("search", "--set", "tiles", "--row", "0")[0] == 1


@pytest.mark.usefixtures("known")
def test_typos_on_the_command_line_are_met_with_what_was_meant(run: Run) -> None:
    assert "Did you mean 'tiles'" in run("open", "tilez")[2]
    assert "Did you mean 'world'" in run("open", "wrold")[2]
    assert "Did you mean 'tiles'" in run("sets", "tilse")[2]
    assert "west,south,east,north" in run("open", "tiles", "--bbox", "1,2,3")[2]
    assert "--column embedding=vector" in run("open", "tiles", "--column", "vector")[2]
    code, _, told = run("open", "tiles", "--dtype", "int8")
    assert (code, "''" in told, "float16" in told) == (2, False, True)


def test_python_opens_a_part_under_its_own_name(own: Settings) -> None:
    seen: list[tuple[int, int]] = []
    part = eex.open_set(
        REPO, rows=(10, 50), called="some", settings=own, progress=lambda *told: seen.append(told)
    )
    assert (len(part), part.name) == (40, "some")
    np.testing.assert_array_equal(part.embeddings.vectors, vectors(TABLE)[10:50])
    assert seen
    assert len(eex.open_set("some", settings=own)) == 40
    with pytest.raises(BadQueryError, match="fetch=True"):
        eex.open_set(REPO, rows=(10, 50), fetch=False, settings=own)
    with pytest.raises(BadQueryError, match="made here as a whole"):
        eex.open_set("world", rows=(0, 5), settings=own)
