"""The README's examples run, and what it names exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from eex.search.run import OpenSet

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [
    line.partition("#")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("eex ")
]


AFAR = [
    command
    for command in COMMANDS
    if command.startswith(("eex open", "eex search --set", "eex tile", "eex set write"))
]
"""What needs sets that are published elsewhere."""


@pytest.fixture
def environment(world: OpenSet) -> dict[str, str]:
    return {**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)}


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_example_runs(code: str, tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sand.png").stat().st_size > 10_000


@pytest.mark.parametrize("command", AFAR)
def test_examples_of_published_sets_are_understood(
    command: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eex.cli", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1  # 2 is wrong usage
    said = (
        "HF_HUB_OFFLINE forbids",
        "No set is called 'swiss'",
        "no embedding set at",
        "is not open on this machine",
    )
    assert any(text in done.stderr for text in said), done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in AFAR])
def test_the_shell_examples_run(command: str, tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eex.cli", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in re.findall(r"(?:-o|--map) (\S+)", command):
        assert (tmp_path / name).stat().st_size > 100


def test_there_are_examples_to_run() -> None:
    assert len(COMMANDS) >= 6
    assert len(blocks("python")) == 1


def test_every_make_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z]+)", texts)) - {"it"}
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_figures_stand_where_they_are_announced() -> None:
    assert "<!--" not in README
    for method in ("this model", "ridge from mean colours", "colour rules by hand", "random"):
        assert method in README
