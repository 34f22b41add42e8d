"""What is left of openings that failed, were interrupted or killed, and how it is removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eex.catalog import writing
from eex.catalog.opened import downloads_folder, open_here, sets_folder
from eex.catalog.opening import open_named_set
from eex.catalog.removing import remove_named
from eex.cli import main
from eex.config import Settings
from eex.errors import DownloadError, NotOpenError
from eex.files import _host
from eex.weights import fetch, part
from loopback_hub import Fault, Hub, running_hub
from published import at, parquet, table

REPO = "Org/Tiles"
CONTENT = parquet(table(3_000))

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(fetch, "PAUSES", (0.0,))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with running_hub() as hub:
        hub.put_dataset(REPO, {"embeddings/tiles.parquet": CONTENT})
        yield hub


@pytest.fixture
def own(hub: Hub, tmp_path: Path) -> Settings:
    return at(hub, tmp_path)


@pytest.fixture
def run(own: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(own.cache_dir))
    monkeypatch.setenv("EEX_SETS_DIR", str(own.sets_dir))
    monkeypatch.setenv("HF_ENDPOINT", own.hub_endpoint)
    monkeypatch.setenv("HF_HOME", str(own.cache_dir / "hf"))

    def call(*arguments: str) -> tuple[int, str]:
        code = 0
        try:
            main(list(arguments))
        except SystemExit as left:
            code = int(left.code or 0)
        return code, capfd.readouterr().err

    return call


def interrupt(*_: Any) -> Any:
    raise KeyboardInterrupt


def folders(settings: Settings) -> list[str]:
    """Return the folders below those of opened sets and of downloads."""
    root = sets_folder(settings)
    return sorted(p.relative_to(root).as_posix() for p in root.glob("*/**/") if p.parent != root)


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupted_opening_says_what_is_kept(
    run: Run, own: Settings, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    if kept:
        monkeypatch.setattr(part.Part, "finish", interrupt)
        code, told = run("open", REPO)
    else:
        monkeypatch.setattr(writing, "_watched", interrupt)
        code, told = run("open", REPO, "--rows", "0:10")
    assert code == 130
    last = told.strip().splitlines()[-1]
    assert last.startswith("Stopped.")  # no bar is painted after it
    assert ("is kept" in last) is kept
    assert ("starts over" in last) is not kept
    assert any(downloads_folder(own).rglob("*.part")) is kept if kept else folders(own) == []


def test_a_bar_of_rows_ends_before_what_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = writing._watched

    def some(*arguments: Any) -> Iterator[Any]:
        batches = watched(*arguments)
        yield next(batches).slice(0, 100)
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_watched", some)
    code, told = run("open", REPO)
    assert code == 130
    assert "writing" in told
    assert told.strip().splitlines()[-1].startswith("Stopped.")


def test_a_download_that_was_begun_is_removed(hub: Hub, own: Settings, run: Run) -> None:
    hub.fail(None, None, *[Fault(cut=50_000), Fault(status=500)] * 3)
    with pytest.raises(DownloadError):
        open_named_set(REPO, own)
    begun = list(downloads_folder(own).rglob("*.part"))
    assert begun
    code, _ = run("set", "remove", REPO)
    assert code == 0
    assert folders(own) == []
    with pytest.raises(NotOpenError):
        remove_named(REPO, own)


def test_what_an_open_set_was_opened_from_is_not_a_download_that_was_begun(own: Settings) -> None:
    here = open_named_set(REPO, own, name="mine")
    with pytest.raises(NotOpenError):
        remove_named(REPO, own)
    assert (downloads_folder(own) / here.opened.downloads).is_dir()
    assert remove_named("mine", own)[1] >= len(CONTENT)


def test_a_failed_opening_leaves_no_empty_folders(hub: Hub, own: Settings) -> None:
    hub.fail(None, None, *[Fault(status=404)] * 9)
    with pytest.raises(DownloadError):
        open_named_set(REPO, own)
    with pytest.raises(DownloadError):
        open_named_set("Org/Nothing", own)
    assert folders(own) == []


@pytest.mark.skipif(os.name != "posix", reason="asks whether a process is there")
def test_any_opening_clears_what_killed_ones_left(own: Settings) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    name = f".key.eex-{_host()}-{process.pid}-{'0' * 16}"
    left = sets_folder(own) / "open" / "other" / name
    left.mkdir(parents=True)
    (left / "vectors.npy").write_bytes(b"x")
    open_named_set(REPO, own)
    assert not left.exists()
    assert open_here("tiles", own) is not None
