"""The shipped files are the ones that the recipe lists, and the recipe makes them again."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from eex.encoders.world import DEMO_BLUEMARBLE_CONCEPTS

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes" / "world"
SHIPPED = (
    "src/eex/encoders/data/demo-bluemarble-concepts.safetensors",
    "src/eex/sources/data/world-cells.safetensors",
    "src/eex/data/world-truth.safetensors",
    "src/eex/data/places.tsv",
)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_have_the_listed_sums(name: str) -> None:
    listed = dict(
        re.findall(r"`(src/[^`]+)` \| `([0-9a-f]{64})`", (RECIPE / "README.md").read_text())
    )
    assert listed[name] == hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def test_sets_are_stamped_with_the_weights_that_are_shipped() -> None:
    digest = hashlib.sha256((ROOT / SHIPPED[0]).read_bytes()).hexdigest()
    assert DEMO_BLUEMARBLE_CONCEPTS.weights.endswith(f"@sha256:{digest}")


def test_the_weights_are_small() -> None:
    assert sum((ROOT / name).stat().st_size for name in SHIPPED) < 5_500_000


def test_held_out_words_are_in_the_shipped_weights_and_not_in_the_measured_fit() -> None:
    with safe_open(ROOT / SHIPPED[0], framework="numpy") as file:
        shipped = {c["name"]: c["phrases"] for c in json.loads(file.metadata()["concepts"])}
    with safe_open(ROOT / SHIPPED[2], framework="numpy") as file:
        measured = json.loads(file.metadata()["truth"])["concepts"]
    for concept in measured:
        assert set(concept["held_out"]) <= set(shipped[concept["name"]])
        assert not set(concept["held_out"]) & set(concept["phrases"])


def test_the_recipe_makes_the_shipped_weights_again() -> None:
    data, minilm = os.environ.get("EEX_RECIPE_DATA"), os.environ.get("EEX_RECIPE_MINILM")
    if not (data and minilm):
        pytest.skip("set EEX_RECIPE_DATA and EEX_RECIPE_MINILM to the recipe's sources")
    for package in ("rasterio", "scipy", "shapely"):
        pytest.importorskip(package)
    command = [sys.executable, str(RECIPE / "make.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
