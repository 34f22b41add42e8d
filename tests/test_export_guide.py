"""The examples of the guide run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from eex.export.formats import FORMATS
from eex.search.run import OpenSet

pytest.importorskip("rasterio")

GUIDE = (Path(__file__).parents[1] / "docs/guide/export.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def run(code: str, folder: Path, world: OpenSet) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def written(world: OpenSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first example writes."""
    folder = tmp_path_factory.mktemp("guide")
    run(blocks("python")[0], folder, world)
    with zipfile.ZipFile(folder / "fjords.zip") as archive:
        archive.extractall(folder / "fjords")
    return folder


def test_pystac_finds_pixels_in_the_archive(written: Path, world: OpenSet) -> None:
    _, href = run(blocks("python")[1], written, world).rsplit(None, 1)
    assert (written / "fjords" / href).is_file()


def test_duckdb_answers(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written)
    first, second = blocks("sql")
    rows = duckdb.sql(first.strip().rstrip(";")).fetchall()
    assert rows
    assert [rank for rank, _, _ in rows] == sorted(rank for rank, _, _ in rows)
    ((about,),) = duckdb.sql(second.strip().rstrip(";")).fetchall()
    assert json.loads(about)["recipe"]["parts"][0]["text"] == "fjords"


def test_commands_write_what_they_say(
    world: OpenSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    eex_command: Callable[..., tuple[int, str, str]],
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(world.settings.cache_dir))
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^    eex (search .*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        code, out, err = eex_command(*shlex.split(command))
        assert code == 0, err
        target = re.search(r"-o (\S+)", command)
        if target:
            assert (tmp_path / target[1]).stat().st_size > 0
            assert f"Wrote {target[1]}" in err
        else:
            assert "eex.ask" in out


def test_every_format_is_in_the_table() -> None:
    for form in FORMATS:
        assert re.search(rf"^\| .*`{form.name}`.*`{form.endings[0]}`", GUIDE, re.MULTILINE)
