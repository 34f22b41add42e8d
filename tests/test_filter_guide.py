"""The guide's examples: its conditions are read, and its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from eex.embeddings import EmbeddingSet, SetHeader
from eex.extent.geojson import MOST_VERTICES
from eex.extent.mending import MOST_CROSSINGS, MOST_CUT
from eex.filters import columns
from eex.filters.cql2 import DEEPEST, LONGEST, MOST_NESTED
from eex.filters.mask import KEPT_BYTES, SLICE
from eex.filters.record import Filter
from eex.filters.times import KEPT_TIMES_BYTES, ROW_BYTES

GUIDE = (Path(__file__).parent.parent / "docs/guide/filters.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found[1]


def test_the_python_of_the_guide_runs() -> None:
    table = pa.table({"cloud_cover": [10.0, 30.0, 5.0], "timestamp": ["20220101T101010"] * 3})
    about = SetHeader(id="toys", title="Toys", model="toy", dim=2)
    places = np.array([[8.0, 47], [8, 47], [0, 0]])
    embeddings = EmbeddingSet(about, np.ones((3, 2), np.float16), places, table, "k")
    names: dict[str, Any] = {"embeddings": embeddings}
    exec(block("python"), names)
    assert names["mask"].tolist() == [True, False, False]


def test_the_conditions_of_the_guide_are_conditions() -> None:
    read = {"bbox": lambda text: text.split(","), "cloud": float}
    seen = set()
    for line in block("sh").splitlines():
        words = shlex.split(line)
        for option, text in zip(words[2::2], words[3::2], strict=True):
            name = option.removeprefix("--")
            if name in ("bbox", "cloud", "time", "season", "where"):
                value = read.get(name, str)(text)
                value = [float(number) for number in value] if name == "bbox" else value
                assert Filter.from_json({name: value}).to_json()
                seen.add(name)
    assert seen == {"bbox", "cloud", "time", "season", "where"}


def test_the_guide_names_the_columns_and_limits_there_are() -> None:
    names = (*columns.TIMES, *columns.CLOUDS, *columns.VIRTUAL)
    assert not [name for name in names if f"`{name}`" not in GUIDE]
    assert f"{LONGEST:,} characters, {DEEPEST} operators and {MOST_NESTED} parentheses" in GUIDE
    assert f"{SLICE:,} at a time" in GUIDE
    assert KEPT_BYTES == 256 * 2**20
    assert KEPT_TIMES_BYTES == 64 * 2**20
    assert f"up to {KEPT_TIMES_BYTES // ROW_BYTES:,} rows" in GUIDE
    assert f"at most {MOST_VERTICES:,} vertices" in GUIDE
    assert f"up to {MOST_CROSSINGS:,} crossings" in GUIDE
    assert f"more than {MOST_CUT} rings" in GUIDE
