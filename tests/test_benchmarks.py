"""The benchmarks run and say what they promise to say; how quick they are is not tested here."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chromium import find_chromium

from eex.server.app import STATIC

if TYPE_CHECKING:
    from eex.search.run import OpenSet

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def bench(name: str, *options: str, **environ: str) -> dict[str, Any]:
    """Run a benchmark and return the one JSON object on its standard output."""
    command = [sys.executable, str(BENCHMARKS / name), "--quick", "--json", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def is_positive(value: object) -> bool:
    """A finite number over zero; whole milliseconds come back from JSON as ``int``."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 < value < math.inf


def test_search_gives_the_named_ratios_for_each_dim() -> None:
    result = bench("search.py", "--rows", "5000", "--dims", "32", "48", "--rounds", "3")
    assert result["rows"] == 5_000
    ratios = ("stream_ratio_f16", "speedup_vs_numpy_f32", "filtered_speedup", "batch8_speedup")
    for name in (*ratios, "filtered_speedup_box", "int8_speedup"):
        assert is_positive(result[name]), name
    for name in ("speedup_vs_torch", "whole_speedup_vs_torch", "anon_mb"):
        assert result[name] is None or is_positive(result[name]), name
    assert result["top100_identical"] == 1
    assert result["int8_exact_top100"] == 1
    assert set(result["dims"]) == {"32", "48"}
    memory = result["dims"]["32"]["memory_mb"]
    assert {"eex f16 map", "eex int8 map", "numpy f32"} <= set(memory)
    for size in memory.values():
        assert size is None or (is_positive(size["anonymous"]) and is_positive(size["file"]))
    assert result["dims"]["32"]["stream_ratio_f16"] == result["stream_ratio_f16"]
    assert result["machine"]["processors"] >= 1


def test_search_prints_a_table_without_json() -> None:
    command = [sys.executable, str(BENCHMARKS / "search.py"), "--rows", "2000", "--dims", "32"]
    command += ["--qdrant-rows", "0"]
    done = subprocess.run([*command, "--rounds", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "of the limit" in done.stdout
    assert "eex f16 map: scores + top 100" in done.stdout


def test_start_gives_the_named_figures(world: OpenSet) -> None:
    cache = str(world.settings.cache_dir)
    result = bench("start.py", "--rounds", "1", EEX_CACHE_DIR=cache)
    for name in ("import_ratio_vs_numpy", "search_ms", "serve_first_answer_ms", "install_mb"):
        assert is_positive(result[name]), name
    assert result["torch_in_base"] is False
    assert "torch" not in result["distributions"]
    assert {"numpy", "numkong", "pyarrow"} <= set(result["distributions"])
    assert result["install_mb"] == pytest.approx(sum(result["distributions"].values()), abs=0.1)


def test_opening_gives_the_named_figures() -> None:
    pytest.importorskip("pandas")
    result = bench("open.py", "--rows", "3000", "--dim", "32", "--rounds", "1")
    assert (result["rows"], result["dim"]) == (3_000, 32)
    for name in ("reopen_ms", "reopen_anon_mb", "speedup", "first_speedup", "first_s", "pandas_s"):
        assert is_positive(result[name]), name
    assert result["speedup"] == pytest.approx(
        result["pandas_s"] * 1e3 / result["reopen_ms"], rel=0.1
    )


def test_encoding_gives_the_named_ratios_and_equals_transformers() -> None:
    pytest.importorskip("transformers")
    result = bench("encode.py", "--rounds", "1", "--batch", "1", "--models", "tiny")
    figures = result["models"]["tiny"]["float32"]
    for name in ("picture_ratio", "text_ratio", "share_of_matrix_rate"):
        assert is_positive(figures[name]), name
    assert figures["agreement"] < 1e-4
    assert result["places_per_s"] > 0


def test_pixels_gives_the_named_ratios() -> None:
    pytest.importorskip("aiohttp")
    result = bench("pixels.py", "--rounds", "1", "--line", "2", "200")
    for job in ("thumbnail", "rgb"):
        assert 1 <= result[f"{job}_bytes_ratio"] <= 1.05
        for name in ("speedup", "cold_speedup", "index_speedup"):
            assert is_positive(result[f"{job}_{name}"])
    told = result["layouts"]["249k"]["jobs"]
    assert [told[job]["eex"]["requests"] for job in ("thumbnail", "rgb")] == [1, 5]
    assert [told[job]["eex, side index"]["requests"] for job in ("thumbnail", "rgb")] == [1, 5]
    assert [told[job]["eex, cold"]["requests"] for job in ("thumbnail", "rgb")] == [2, 10]


@pytest.mark.browser
def test_web_gives_the_named_figures(world: OpenSet, tmp_path: Path) -> None:
    pytest.importorskip("playwright")
    if find_chromium() is None:
        pytest.skip("no Chromium: apt-get install chromium, or name one in CHROMIUM_PATH")
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built: pip install -e . without EEX_SKIP_WEB")
    cache = str(world.settings.cache_dir)
    asked = ("--rounds", "1", "--rows", "4000", "--cache", str(tmp_path))
    result = bench("web.py", *asked, EEX_CACHE_DIR=cache)
    assert result["rows"] == 4_000
    for name in ("enter_to_map_ms", "enter_to_picture_ms", "slider_ms", "open_ms"):
        assert is_positive(result[name]), name
    assert result["bytes_per_query"] > 2 * 4_000  # two bytes for each tile, and the answer
    assert result["open_bytes"] > result["bytes_per_query"]
    for name in ("enter_to_map_speedup", "peer_ms"):
        assert result[name] is None or is_positive(result[name]), name
    assert (tmp_path / "tiles-4000.parquet").is_file()


def test_building_gives_the_named_figures() -> None:
    pytest.importorskip("rasterio")
    result = bench("build.py", "--side", "1100", "--model-side", "260", "--model", "tiny")
    for name in ("tiles_per_s_ratio_vs_whole_read", "tiles_per_s_ratio_vs_naive", "peak_mb"):
        assert is_positive(result[name]), name
    # ours has the tiles at the edges too
    assert result["tiles"]["eex"] > result["tiles"]["whole read"] == result["tiles"]["naive"] > 50
    share = result["model_wait_share"]
    assert share is None or 0 <= share <= 1
