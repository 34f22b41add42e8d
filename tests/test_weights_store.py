"""A model's weights: found where they are, got once, checked, removed; the licence asked once."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eex import registry
from eex.config import Settings
from eex.encoders import open as opening
from eex.encoders.base import EncoderSpec
from eex.errors import (
    BadQueryError,
    DamagedWeightsError,
    DownloadError,
    LicenceError,
    MissingWeightsError,
    OutputError,
)
from eex.weights import fetch, get, part
from eex.weights.get import get_weights, needs_licence
from eex.weights.hubs import Source
from eex.weights.receipts import RECEIPT, read_receipt
from eex.weights.records import Home, WeightFile
from eex.weights.store import find_weights, forget, installed, model_folder, verify
from loopback_hub import COMMIT, OTHER_COMMIT, Fault, Hub, closed_port, running_hub

MODEL = bytes(range(256)) * 4000
CONFIG = b'{"size": 3}'
DIGEST = hashlib.sha256(MODEL).hexdigest()

SPEC = EncoderSpec(
    name="small-model",
    title="A small model",
    dim=4,
    modalities=("text",),
    licence="MIT",
    attribution="Its makers",
    files=(
        WeightFile(name="v1/model.bin", size=len(MODEL), or_else=("v1/other.bin",)),
        WeightFile(name="config.json"),
        WeightFile(name="extra.txt", optional=True),
    ),
    homes=(
        Home(hub="huggingface", repo="org/model"),
        Home(hub="modelscope.cn", repo="copy/model", revision="master"),
    ),
    load=lambda _device: None,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        for revision in ("main", COMMIT):
            hub.put("org/model", "v1/model.bin", MODEL, revision)
            hub.put("org/model", "config.json", CONFIG, revision)
        yield hub


@pytest.fixture
def settings(tmp_path: Path, hub: Hub) -> Settings:
    return Settings(
        cache_dir=tmp_path / "cache",
        models_dir=tmp_path / "models",
        hub_cache=tmp_path / "hub",
        hub_endpoint=hub.address,
        threads=1,
    )


def fill_cache(cache: Path, *, commit: str = COMMIT, **files: bytes) -> Path:
    """Lay files out as Hugging Face's tools do; `__` in a name is a slash, `_` a dot."""
    repository = cache / "models--org--model"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    folder = repository / "snapshots" / commit
    for key, content in files.items():
        name = key.replace("__", "/").replace("_", ".")
        blob = repository / "blobs" / hashlib.sha256(content).hexdigest()
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(blob)
    return folder


def test_missing_weights_say_the_command(settings: Settings) -> None:
    assert installed(SPEC, settings).state == "missing"
    with pytest.raises(MissingWeightsError, match="not on this machine") as told:
        find_weights(SPEC, None, settings=settings)
    assert told.value.hint == "eex models get small-model"
    assert not (settings.models_dir or Path()).exists()


def test_a_given_path_is_taken_and_needs_no_licence(settings: Settings, tmp_path: Path) -> None:
    assert find_weights(SPEC, tmp_path, settings=settings) == tmp_path
    with pytest.raises(MissingWeightsError, match="no weights at"):
        find_weights(SPEC, tmp_path / "none", settings=settings)


def test_what_is_got_is_written_down_and_found(settings: Settings, hub: Hub) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}
    folder = get_weights(
        SPEC,
        settings,
        accept=True,
        progress=lambda name, *done: seen.setdefault(name, []).append(done),
    )
    assert folder == model_folder("small-model", settings)
    assert find_weights(SPEC, None, settings=settings) == folder
    assert (folder / "v1" / "model.bin").read_bytes() == MODEL
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {
        "model.bin",
        "config.json",
        RECEIPT,
    }
    receipt = json.loads((folder / RECEIPT).read_text())
    assert receipt["source"] == "huggingface"
    assert (receipt["repo"], receipt["revision"]) == ("org/model", "main")
    assert receipt["commit"] == COMMIT
    assert receipt["licence"] == "MIT"
    assert receipt["accepted"] <= receipt["date"]
    assert receipt["files"]["v1/model.bin"] == {
        "name": "v1/model.bin",
        "sha256": DIGEST,
        "size": len(MODEL),
        "source": f"{hub.address}/org/model/resolve/main/v1/model.bin",
        "commit": COMMIT,
        "checked": True,
    }
    assert seen["v1/model.bin"][-1] == (len(MODEL), len(MODEL))
    paths = [asked.path for asked in hub.asked]
    assert paths[1] == f"/org/model/resolve/{COMMIT}/config.json"  # the same commit as the first
    get_weights(SPEC, settings)
    assert len(hub.asked) == len(paths)


def test_the_licence_is_accepted_once_and_again_when_it_changes(
    settings: Settings, hub: Hub
) -> None:
    with pytest.raises(LicenceError, match="come under MIT") as told:
        get_weights(SPEC, settings)
    assert told.value.hint == "eex models get small-model --accept-licence"
    assert "Its makers" in told.value.details["licence"]
    assert not hub.asked
    get_weights(SPEC, settings, accept=True)
    forget(SPEC, settings)
    get_weights(SPEC, settings)
    forget(SPEC, settings)
    assert needs_licence(replace(SPEC, licence="Apache-2.0"), settings)
    assert not needs_licence(SPEC, settings)
    with pytest.raises(LicenceError):
        get_weights(replace(SPEC, licence="Apache-2.0"), settings)


def test_a_file_under_another_name_is_kept_under_that(settings: Settings, hub: Hub) -> None:
    content = hub.files.pop("/org/model/resolve/main/v1/model.bin")
    hub.put("org/model", "v1/other.bin", content)
    folder = get_weights(SPEC, settings, accept=True)
    assert (folder / "v1" / "other.bin").read_bytes() == MODEL
    assert installed(SPEC, settings).state == "here"
    assert [c.state for c in verify(SPEC, settings)] == ["right", "right"]


def test_a_file_that_is_nowhere_is_named(settings: Settings, hub: Hub) -> None:
    hub.files.clear()
    with pytest.raises(DownloadError, match=r"org/model at .* has no file v1/model\.bin"):
        get_weights(SPEC, settings, accept=True)


def test_a_second_try_fetches_only_what_is_missing(settings: Settings, hub: Hub) -> None:
    config = hub.files.pop(f"/org/model/resolve/{COMMIT}/config.json")
    with pytest.raises(DownloadError):
        get_weights(SPEC, settings, accept=True)
    assert installed(SPEC, settings).state == "partial"
    with pytest.raises(MissingWeightsError, match="only partly on"):
        find_weights(SPEC, None, settings=settings)
    hub.put("org/model", "config.json", config, COMMIT)
    hub.asked.clear()
    get_weights(SPEC, settings)
    assert hub.asked[0].path.endswith("config.json")
    assert installed(SPEC, settings).ready


def test_another_record_of_the_model_means_other_files(settings: Settings) -> None:
    get_weights(SPEC, settings, accept=True)
    newer = replace(SPEC, files=(replace(SPEC.files[0], sha256="0" * 64), *SPEC.files[1:]))
    assert not installed(newer, settings).ready
    same = replace(SPEC, files=(replace(SPEC.files[0], sha256=DIGEST), *SPEC.files[1:]))
    assert installed(same, settings).ready


def test_a_folder_that_a_user_filled_counts(settings: Settings) -> None:
    folder = model_folder("small-model", settings)
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "model.bin").write_bytes(MODEL)
    assert installed(SPEC, settings).state == "partial"
    (folder / "config.json").write_bytes(CONFIG)
    assert installed(SPEC, settings).state == "here"
    assert [c.state for c in verify(SPEC, settings)] == ["unknown", "unknown"]
    (folder / RECEIPT).write_text("{")
    assert read_receipt(folder) is None
    assert installed(SPEC, settings).state == "here"


@pytest.mark.parametrize("name", ["../../elsewhere.bin", "/etc/x", "a\\..\\b", "c:x", ""])
def test_no_file_leads_out_of_its_folder(settings: Settings, name: str) -> None:
    wrong = replace(SPEC, files=(WeightFile(name=name),))
    with pytest.raises(BadQueryError):
        get_weights(wrong, settings, accept=True)


def test_files_of_the_hubs_own_cache_are_used_where_they_lie(
    settings: Settings, hub: Hub, tmp_path: Path
) -> None:
    kept = fill_cache(tmp_path / "hub", v1__model_bin=MODEL)
    assert installed(SPEC, settings).state == "missing"
    fill_cache(tmp_path / "hub", config_json=CONFIG)
    assert installed(SPEC, settings).state == "cached"
    assert find_weights(SPEC, None, settings=settings) == kept
    assert [c.state for c in verify(SPEC, settings)] == ["right", "right"]
    assert not hub.asked
    folder = get_weights(SPEC, replace(settings, offline=False), accept=True)
    assert [asked.path for asked in hub.asked] == ["/org/model/resolve/main/extra.txt"]
    assert (folder / "v1" / "model.bin").samefile(kept / "v1" / "model.bin")
    receipt = read_receipt(folder)
    assert receipt is not None
    assert receipt.commit == COMMIT
    forget(SPEC, settings)
    assert (kept / "v1" / "model.bin").read_bytes() == MODEL


def test_what_hugging_faces_own_tool_fetched_is_found(
    settings: Settings, hub: Hub, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    code = """
import sys
from huggingface_hub import hf_hub_download
for name in sys.argv[3:]:
    hf_hub_download("org/model", name, endpoint=sys.argv[1], cache_dir=sys.argv[2])
"""
    command = [sys.executable, "-c", code, hub.address, str(tmp_path / "hub")]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    subprocess.run([*command, "v1/model.bin", "config.json"], check=True, env=clean)
    found = installed(SPEC, settings)
    assert (found.state, found.size) == ("cached", len(MODEL) + len(CONFIG))
    assert [c.state for c in verify(SPEC, settings)] == ["right", "right"]


def test_the_pinned_commit_of_the_cache_counts_not_another(
    settings: Settings, tmp_path: Path
) -> None:
    fill_cache(tmp_path / "hub", v1__model_bin=MODEL, config_json=CONFIG)
    homes = (Home(hub="huggingface", repo="org/model", revision=OTHER_COMMIT),)
    assert not installed(replace(SPEC, homes=homes), settings).ready
    homes = (Home(hub="huggingface", repo="org/model", revision=COMMIT),)
    assert installed(replace(SPEC, homes=homes), settings).ready
    pinned = (replace(SPEC.files[0], sha256="0" * 64), *SPEC.files[1:])
    assert not installed(replace(SPEC, files=pinned), settings).ready


def test_a_spoilt_blob_of_the_cache_is_not_taken(
    settings: Settings, tmp_path: Path, hub: Hub
) -> None:
    kept = fill_cache(tmp_path / "hub", v1__model_bin=MODEL)
    (kept / "v1" / "model.bin").resolve().write_bytes(MODEL[::-1])
    folder = get_weights(SPEC, settings, accept=True)
    assert (folder / "v1" / "model.bin").read_bytes() == MODEL
    assert hub.asked


def test_offline_nothing_is_asked(settings: Settings, hub: Hub, tmp_path: Path) -> None:
    offline = replace(settings, offline=True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids") as told:
        get_weights(SPEC, offline, accept=True)
    assert "--from" in told.value.hint
    assert not hub.asked
    own = tmp_path / "own"
    (own / "v1").mkdir(parents=True)
    (own / "v1" / "model.bin").write_bytes(MODEL)
    (own / "config.json").write_bytes(CONFIG)
    get_weights(SPEC, offline, source=str(own))
    assert installed(SPEC, offline).state == "here"


def test_a_mirror_is_asked_like_the_hub_and_never_sees_the_token(
    settings: Settings, hub: Hub
) -> None:
    with running_hub("localhost") as mirror:
        mirror.files = dict(hub.files)
        trusted = replace(settings, hub_token="hf_secret")
        get_weights(SPEC, trusted, source=mirror.address, accept=True)
        assert not any("authorization" in asked.headers for asked in mirror.asked)
    assert not hub.asked
    receipt = read_receipt(model_folder("small-model", settings))
    assert receipt is not None
    assert receipt.source == mirror.address


def test_modelscope_has_its_own_repository(
    settings: Settings, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tells_sha256 = False
    for name, content in (("v1/model.bin", MODEL), ("config.json", CONFIG)):
        hub.put("models/copy/model", name, content, "master")
    source = Source(name="modelscope.cn", layout="modelscope", endpoint=hub.address)
    monkeypatch.setattr(get, "source_of", lambda _text, _settings: source)
    get_weights(SPEC, settings, source="modelscope.cn", accept=True)
    assert verify(SPEC, settings)[0].sha256 == DIGEST
    receipt = read_receipt(model_folder("small-model", settings))
    assert receipt is not None
    assert (receipt.repo, receipt.commit) == ("copy/model", "")


def test_a_hub_without_the_model_is_told(settings: Settings) -> None:
    with pytest.raises(DownloadError, match=r"No repository of small-model .* modelscope\.ai") as e:
        get_weights(SPEC, settings, source="modelscope.ai", accept=True)
    assert "It is at huggingface, modelscope.cn" in e.value.hint


def test_a_file_at_home_elsewhere_is_fetched_from_there(settings: Settings, hub: Hub) -> None:
    other = Home(hub="huggingface", repo="text/tokens", revision=OTHER_COMMIT)
    hub.put("text/tokens", "tokens.json", b"{}", OTHER_COMMIT)
    hub.commit = ""
    spec = replace(SPEC, files=(*SPEC.files, WeightFile(name="tokens.json", home=other)))
    folder = get_weights(spec, settings, accept=True)
    assert (folder / "tokens.json").read_bytes() == b"{}"
    receipt = read_receipt(folder)
    assert receipt is not None
    assert receipt.files["tokens.json"].commit == OTHER_COMMIT


def test_ones_own_file_or_folder(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.bin").write_bytes(MODEL)
    with pytest.raises(MissingWeightsError, match=r"has no file v1/model\.bin"):
        get_weights(SPEC, settings, source=str(own))
    with pytest.raises(MissingWeightsError, match=r"has no file config\.json"):
        get_weights(SPEC, settings, source=str(own / "mine.bin"))
    (own / "config.json").write_bytes(CONFIG)
    folder = get_weights(SPEC, settings, source=str(own / "mine.bin"))
    assert (folder / "v1" / "model.bin").read_bytes() == MODEL
    assert (own / "mine.bin").read_bytes() == MODEL
    receipt = read_receipt(folder)
    assert receipt is not None
    assert (receipt.accepted, receipt.source) == ("", str(own / "mine.bin"))


def test_another_file_of_ones_own_is_refused(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "model.bin"
    pinned = replace(SPEC, files=(replace(SPEC.files[0], sha256="0" * 64),))
    for content, said in ((MODEL, DIGEST), (b"", "empty file"), (b"<html>", "web page")):
        own.write_bytes(content)
        with pytest.raises(DamagedWeightsError, match=said):
            get_weights(pinned, settings, source=str(own))
    assert not installed(pinned, settings).ready
    assert not list(model_folder("small-model", settings).rglob("*.bin"))
    before = model_folder("small-model", settings) / "v1" / "model.bin"
    before.parent.mkdir(parents=True, exist_ok=True)
    before.write_bytes(b"before")
    own.write_bytes(MODEL)
    with pytest.raises(DamagedWeightsError, match=DIGEST):
        get_weights(pinned, settings, source=str(own))
    assert before.read_bytes() == b"before"  # what is wrong never had its name


def test_models_with_weights_in_the_package_have_nothing_to_get(settings: Settings) -> None:
    packaged = replace(SPEC, files=())
    assert installed(packaged, settings).ready
    with pytest.raises(BadQueryError, match="in the package"):
        get_weights(packaged, settings)
    with pytest.raises(MissingWeightsError) as told:
        forget(packaged, settings)
    assert told.value.hint == "They are in the package."


def test_room_for_everything_is_seen_before(
    settings: Settings, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "SPARE_BYTES", 10**18)
    with pytest.raises(OutputError, match="small-model needs"):
        get_weights(SPEC, settings, accept=True)
    assert not hub.asked


def test_a_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(OutputError):
        get_weights(SPEC, settings, accept=True)


def test_names_that_are_no_file_names_have_folders_of_their_own(settings: Settings) -> None:
    names = ("clip:hf-hub:org/name", "clip:hf-hub:org--name", "clip:hf-hub:Org/name", "..", "a/b")
    folders = {model_folder(name, settings) for name in names}
    assert len(folders) == len(names)
    assert {folder.parent for folder in folders} == {settings.models_dir}
    assert model_folder("small-model", settings).name == "small-model"


def test_damage_is_found(settings: Settings) -> None:
    folder = get_weights(SPEC, settings, accept=True)
    changed = bytearray(MODEL)
    changed[5] ^= 1
    (folder / "v1" / "model.bin").write_bytes(changed)
    assert [c.state for c in verify(SPEC, settings)] == ["wrong", "right"]
    (folder / "config.json").unlink()
    assert [c.state for c in verify(SPEC, settings)] == ["wrong", "missing"]
    assert not installed(SPEC, settings).ready
    forget(SPEC, settings)
    with pytest.raises(MissingWeightsError):
        verify(SPEC, settings)


GETTING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_weights_store import SPEC
from eex.config import Settings
from eex.weights.get import get_weights
root = Path(sys.argv[2])
settings = Settings(
    cache_dir=root, models_dir=root / "models", hub_endpoint=sys.argv[3], threads=1
)
print(get_weights(SPEC, settings, accept=True, waiting=lambda: print("waits")))
"""


def started(root: Path, hub: Hub) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", GETTING, str(Path(__file__).parent), str(root), hub.address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_two_processes_fetch_once(settings: Settings, hub: Hub, tmp_path: Path) -> None:
    hub.pause, hub.chunk = 0.05, 32768
    first = started(tmp_path, hub)
    assert hub.begun.wait(30)
    second = started(tmp_path, hub)
    said = [process.communicate(timeout=60)[0].splitlines() for process in (first, second)]
    assert first.returncode == second.returncode == 0
    folder = str(model_folder("small-model", settings))
    assert said[0] == [folder]
    assert said[1][-1] == folder
    assert [asked.path for asked in hub.asked].count("/org/model/resolve/main/v1/model.bin") == 1


def test_a_killed_get_goes_on(settings: Settings, hub: Hub, tmp_path: Path) -> None:
    hub.pause, hub.chunk = 0.05, 65536
    part_file = model_folder("small-model", settings) / "v1" / "model.bin.part"
    process = started(tmp_path, hub)
    end = time.monotonic() + 30
    while not (part_file.exists() and part_file.stat().st_size) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert installed(SPEC, settings).state == "partial"
    hub.pause = 0.0
    get_weights(SPEC, settings)
    assert [c.state for c in verify(SPEC, settings)] == ["right", "right"]
    assert any(asked.headers.get("range") for asked in hub.asked)


# The command line.


@pytest.fixture
def run(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    eex_command: Run,
) -> Run:
    monkeypatch.setenv("EEX_MODELS_DIR", str(settings.models_dir))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_ENDPOINT", settings.hub_endpoint)
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "EEX_HUB"):
        monkeypatch.delenv(name, raising=False)
    known = {"small-model": SPEC}
    find = opening.find
    monkeypatch.setattr(opening, "find", lambda group, name: known.get(name) or find(group, name))
    names = registry.names
    monkeypatch.setattr(opening, "names", lambda group: (*names(group), "small-model"))

    return eex_command


def test_the_list_says_what_is_here(run: Run, settings: Settings) -> None:
    lines = run("models")[1].splitlines()
    line = next(line for line in lines if line.startswith("small-model"))
    assert line.split()[:4] == ["small-model", "4", "text", "-"]
    assert run("models", "get", "small-model", "--accept-licence")[0] == 0
    line = next(line for line in run("models")[1].splitlines() if line.startswith("small-model"))
    assert line.split()[3] == "here"
    records = json.loads(run("models", "--json")[1])["models"]
    record = next(r for r in records if r["name"] == "small-model")
    assert (record["installed"], record["state"], record["get"]) == (True, "here", "")
    assert str(settings.models_dir) not in json.dumps(records)


def test_get_needs_the_licence_where_nobody_can_be_asked(run: Run) -> None:
    code, out, err = run("models", "get", "small-model")
    assert (code, out) == (1, "")
    assert "Licence: MIT" in err
    assert "Credit: Its makers" in err
    assert "https://huggingface.co/org/model" in err
    assert err.rstrip().endswith("eex models get small-model --accept-licence")


def test_get_asks_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    asked: list[Any] = []

    def confirm(*given: Any, **_: Any) -> None:
        asked.append(given)
        if len(asked) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.confirm", confirm)
    assert run("models", "get", "small-model")[0] == 130
    assert not installed(SPEC, settings).ready
    code, out, err = run("models", "get", "small-model")
    assert (code, out.strip()) == (0, str(model_folder("small-model", settings)))
    assert "v1/model.bin" in err  # the bar
    assert len(asked) == 2
    code, out, err = run("models", "get", "small-model")
    assert (code, len(asked)) == (0, 2)
    assert "Licence" not in err


def test_info_tells_everything(run: Run, settings: Settings) -> None:
    told = run("models", "info", "small-model")[1]
    assert "https://modelscope.cn/models/copy/model (master, not pinned)" in told
    assert "v1/model.bin, 1.02 MB, or v1/other.bin" in told
    assert "not on this machine; eex models get small-model" in told
    run("models", "get", "small-model", "--accept-licence")
    told = run("models", "info", "small-model")[1]
    assert f"commit {COMMIT}" in told
    record = json.loads(run("models", "info", "small-model", "--json")[1])
    assert record["path"] == str(model_folder("small-model", settings))
    assert record["receipt"]["files"]["config.json"]["size"] == len(CONFIG)


def test_verify_and_remove(run: Run, settings: Settings) -> None:
    run("models", "get", "small-model", "--accept-licence")
    code, out, _ = run("models", "verify", "small-model")
    assert code == 0
    assert out.splitlines()[0] == f"right    v1/model.bin  {DIGEST}"
    (model_folder("small-model", settings) / "config.json").write_bytes(CONFIG[::-1])
    code, out, err = run("models", "verify", "small-model")
    assert code == 1
    assert "Not as they came: config.json." in err
    code, _, err = run("models", "remove", "small-model")
    assert (code, "Removed" in err) == (0, True)
    code, _, err = run("models", "remove", "small-model")
    assert (code, "No weights of small-model" in err) == (1, True)


def test_errors_come_as_one_line(run: Run, hub: Hub) -> None:
    hub.fail(Fault(401, {"X-Error-Code": "GatedRepo"}))
    code, out, err = run("models", "get", "small-model", "--accept-licence")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("Error: 127.0.0.1 gives org/model only to those who")
    code, _, err = run("models", "get", "small-model", "--from", "nowhere")
    assert (code, "is no source of weights" in err) == (1, True)
    refusing = f"http://127.0.0.1:{closed_port()}"
    code, _, err = run("models", "get", "small-model", "--from", refusing)
    assert (code, "refuses connections" in err) == (1, True)
    code, _, err = run("models", "get", "smal-model")
    assert (code, "No encoder is called 'smal-model'" in err) == (1, True)
    code, _, err = run("models", "gett")
    assert (code, "Did you mean 'get'?" in err) == (2, True)


def test_any_clip_of_the_hub_can_be_got(run: Run, hub: Hub) -> None:
    hub.put("some/clip", "config.json", b"{}")
    hub.put("some/clip", "model.safetensors", MODEL, COMMIT)
    code, out, err = run("models", "get", "clip:hf-hub:some/clip", "--accept-licence")
    assert code == 0, err
    assert (Path(out.strip()) / "model.safetensors").read_bytes() == MODEL
    assert run("models", "verify", "clip:hf-hub:some/clip")[0] == 0


def test_listing_loads_neither_networks_nor_torch() -> None:
    code = """
import sys
from eex.cli import main
try:
    main(["models"])
except SystemExit as done:
    assert not done.code
heavy = {"torch", "transformers", "requests", "urllib.request", "http.client"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
