"""Builds of a part of the embedded world, for tests of how builds run: real tiles, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from eex.build.asked import Asked
from eex.build.items import Tiling
from eex.build.make import Made, build
from eex.build.plan import BuildFolder, Model
from eex.build.world import WorldScenes
from eex.config import Settings

DEMO = "demo-bluemarble-concepts"

SIZES = Tiling(size=32, stride=16)

BOX = (0.0, 40.0, 30.0, 60.0)
"""Some hundred cells of Europe."""


def asked(**more: Any) -> Asked:
    given: dict[str, Any] = {"models": (Model(name=DEMO),), "tiling": SIZES, "engine": "here"}
    return Asked(**given | more)


def made(output: Path, *, box: tuple[float, float, float, float] | None = BOX, **more: Any) -> Made:
    return build(WorldScenes(box), output, asked(**more), settings=Settings.from_env())


def small_pieces(monkeypatch: pytest.MonkeyPatch, cells: int = 40) -> None:
    """Cut the world into more items than it needs."""
    monkeypatch.setattr("eex.build.world.PIECE", cells)


def rows(path: Path) -> Any:
    return pq.read_table(path)


def parts(output: Path) -> dict[str, bytes]:
    folder = BuildFolder(output).parts
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*/[!.]*.parquet"))}
