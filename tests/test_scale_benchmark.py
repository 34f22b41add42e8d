"""The benchmark of growth runs and says what it promises to say; how quick it is is not tested."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "scale.py"


def bench(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), "--quick", "--json", "--folder", str(folder)]
    command += ["--sizes", "500", "4000", "--dim", "32", "--rounds", "3", "--seconds", "0.05"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    assert list(folder.iterdir()) == []
    return result


def is_ratio(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0


def test_growth_and_clients_give_the_named_figures(tmp_path: Path) -> None:
    result = bench(tmp_path, "--without", "ray")
    for name in ("cost_ratio", "stream_ratio", "shared_speedup_8", "shared_speedup_32"):
        assert is_ratio(result[name]), name
    assert result["ray_ratio"] is None
    assert set(result["sizes"]) == {"500", "4000"}
    assert result["largest_rows"] == 4_000
    one = result["sizes"]["4000"]
    assert one["mb"] == pytest.approx(4_000 * 32 * 2 / 1e6, abs=0.1)
    for name in ("stream_ms", "scan_ms", "masked_ms", "int8_ms", "int8_speedup"):
        assert is_ratio(one[name]), name
    assert one["scan_us_per_1000_rows"] == pytest.approx(one["scan_ms"] * 250, rel=0.01)
    assert list(result["clients"]) == ["1", "2", "4", "8", "16", "32"]
    for some in result["clients"].values():
        for way in ("one by one", "shared reads"):
            assert some[way]["per_s"] > 0
            assert some[way]["p95_ms"] >= some[way]["p50_ms"] > 0
    assert result["machine"]["processors"] >= 1


def test_time_and_disk_bound_what_is_measured_and_it_is_told(tmp_path: Path) -> None:
    result = bench(
        tmp_path, "--limit", "0", "--sizes", "500", "900000000000", "--without", "int8", "ray"
    )
    assert result["sizes"] == {}
    assert result["clients"] == {}
    told = " ".join(result["left_out"])
    assert "900,000,000,000 rows: no room" in told
    assert "500 rows: time" in told
    assert "clients: time" in told


def test_workers_of_ray_are_measured_where_it_is_installed(tmp_path: Path) -> None:
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    result = bench(tmp_path, "--without", "clients", "int8")
    assert is_ratio(result["ray_ratio"])
    assert result["ray"]["identical"] == 1
    kills, late = result["ray"]["kills"], result["ray"]["kills_late"]
    assert (kills, late) in {(1, 0), (1, 1), (1, 2), (1, 3), (0, 4)}
    assert result["ray"]["killed_identical"] == (1 if kills else None)


def test_only_a_worker_killed_before_the_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    one_kill = import_module("scale_ray").one_kill
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    for takes, after, late in ((1.0, 0.01, False), (0.0, 0.3, True)):
        workers = [subprocess.Popen(sleeper) for _ in range(2)]

        def in_turn(workers: list[subprocess.Popen[bytes]] = workers) -> Iterator[int]:
            yield workers[0].pid
            workers[0].wait(10)
            yield workers[1].pid

        def search(takes: float = takes) -> str:
            time.sleep(takes)
            return "answer"

        try:
            kill = one_kill(search, in_turn().__next__, after)
            assert workers[0].poll() == -signal.SIGKILL
            assert workers[1].poll() is None
        finally:
            for some in workers:
                some.kill()
                some.wait()
        assert (kill.hits, kill.late) == ("answer", late)
        assert kill.seconds >= max(takes, after)


def test_a_table_is_printed_without_json(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--folder", str(tmp_path), "--sizes", "500"]
    command += ["--dim", "16", "--rounds", "1", "--without", "ray", "clients"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "scan_us_per_1000_rows" in done.stdout
    assert "largest_rows: 500" in done.stdout
