"""Sets are opened by name or path, prepared once; a broken plug-in or cache is no obstacle."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eex.catalog import known as catalog
from eex.catalog.known import known_sets, open_embeddings, prepare
from eex.config import Settings
from eex.errors import BadQueryError, OutputError, SetNotFoundError, UnknownNameError
from eex.sources import world
from eex.sources.base import Source
from eex.sources.world import WorldSource


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the world have ten tiles."""
    every = WorldSource().cells
    few = replace(every, row=every.row[:10], col=every.col[:10])
    monkeypatch.setattr(WorldSource, "cells", few)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a source that fails when it is made."""
    source = catalog._source

    def failing(name: str) -> Source:
        if name == "broken":
            message = "no luck"
            raise ZeroDivisionError(message)
        return source(name)

    monkeypatch.setattr(catalog, "_source", failing)
    monkeypatch.setattr(catalog, "names", lambda _: ("broken", "world"))


@pytest.mark.usefixtures("broken")
def test_a_broken_plug_in_is_left_out_and_told(
    caplog: pytest.LogCaptureFixture, own: Settings
) -> None:
    with caplog.at_level(logging.WARNING, logger="eex"):
        assert [spec.name for spec in known_sets()] == ["world"]
    assert caplog.messages == ["The source 'broken' is left out: no luck"]
    with pytest.raises(ZeroDivisionError):
        open_embeddings("broken", settings=own)


def test_an_unknown_name_suggests_the_nearest(own: Settings) -> None:
    with pytest.raises(UnknownNameError, match="No set is called 'wrold'") as caught:
        open_embeddings("wrold", settings=own)
    assert "Did you mean 'world'? Known: world, siglip-249k, " in caught.value.hint
    assert caught.value.hint in caught.value.__notes__
    assert caught.value.details["nearest"] == "world"


@pytest.mark.parametrize("path", ["~nouserofthisname/a.parquet", "a\0.parquet"])
def test_what_cannot_be_a_path_is_told(own: Settings, path: str) -> None:
    with pytest.raises(BadQueryError, match="cannot be a path"):
        open_embeddings(path, settings=own)
    with pytest.raises(SetNotFoundError):
        open_embeddings("none.parquet", settings=own)


@pytest.mark.usefixtures("small")
def test_a_cache_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("the work began")

    monkeypatch.setattr(world.WorldSource, "tiles", never)
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", Path("/proc/eex")):
        with pytest.raises(OutputError, match="Stopped writing"):
            prepare("world", settings=Settings(cache_dir=folder, threads=1))


@pytest.mark.usefixtures("small")
def test_a_damaged_prepared_file_is_made_again(own: Settings) -> None:
    before = np.array(open_embeddings("world", settings=own).vectors)
    path = prepare("world", settings=own)
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(open_embeddings("world", settings=own).vectors, before)


def test_two_processes_prepare_a_set_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from eex.catalog import known as catalog\n"
        "from eex.config import Settings\n"
        "def slowly(path, **_):\n"
        "    print('made'); time.sleep(0.5); path.write_text('whole')\n"
        "catalog._build = slowly\n"
        "settings = Settings(cache_dir=Path(sys.argv[1]), threads=1)\n"
        "print(catalog.prepare('world', settings=settings).read_text())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].split() for process in both]
    assert sorted(said) == [["made", "whole"], ["whole"]]
