"""Killed at any moment, a write leaves the old file or the whole new one, and no litter."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eex.embeddings import SetHeader, open_folder, open_table
from eex.files import _beside
from eex.geoparquet import write_set

ROWS, DIM, KILLS = 60_000, 32, 20

# Writes the opened set at argv[1] to argv[2] once told to; says when it is ready and done.
WRITER = """
import sys
from pathlib import Path
from eex.embeddings import open_folder
from eex.files import _beside
from eex.geoparquet import write_set
import pyarrow, pyarrow.parquet, pyproj, shapely
embeddings = open_folder(Path(sys.argv[1]), key="")
print("ready", flush=True)
sys.stdin.readline()
write_set(embeddings, Path(sys.argv[2]))
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "id": [f"t{i}" for i in range(ROWS)],
            "centre_lon": rng.uniform(-180, 180, ROWS),
            "centre_lat": rng.uniform(-90, 90, ROWS),
            "embedding": pa.FixedSizeListArray.from_arrays(
                pa.array(rng.normal(size=ROWS * DIM).astype(np.float32)), DIM
            ),
        }
    )
    path = folder / "source.parquet"
    header = SetHeader(id="t", title="", model="", dim=DIM)
    pq.write_table(table.replace_schema_metadata({"emb": header.to_json()}), path)
    opened = open_table(path, cache_dir=folder / "cache")
    assert opened.folder is not None
    return opened.folder


def start(source: Path, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(source), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by signal")
def test_a_killed_write_leaves_the_old_file_or_the_new_one(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    began = time.perf_counter()
    write_set(open_folder(source, key=""), path)
    took = time.perf_counter() - began
    new = digest(path)
    moments = np.random.default_rng().uniform(0, took * 1.1, KILLS)
    old_kept, new_there, litter = 0, 0, 0
    waiting = [start(source, path) for _ in range(2)]
    for moment in moments:
        path.write_bytes(b"the old file")
        process = waiting.pop(0)
        go(process)
        time.sleep(moment)
        finish(process)
        if len(waiting) < 2:
            waiting.append(start(source, path))
        if path.read_bytes() == b"the old file":
            old_kept += 1
        else:
            assert digest(path) == new, f"half a file after {moment:.3f} of {took:.3f} s"
            new_there += 1
        litter += any(child != path for child in tmp_path.iterdir())
    for process in waiting:
        finish(process)
    # Kills fell into writes, or this test saw nothing; and the next write clears what they left.
    assert old_kept
    assert litter
    assert old_kept + new_there == KILLS
    write_set(open_folder(source, key=""), path)
    assert [child.name for child in tmp_path.iterdir()] == ["out.parquet"]
    assert digest(path) == new


def test_a_write_that_fails_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    path = tmp_path / "out.parquet"
    path.write_bytes(b"the old file")
    with pytest.raises(KeyboardInterrupt):
        write_set(open_folder(source, key=""), path, progress=stop)
    assert path.read_bytes() == b"the old file"
    assert [child.name for child in tmp_path.iterdir()] == ["out.parquet"]


def test_litter_is_cleared_where_a_link_leads(source: Path, tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "out.parquet"
    there.mkdir()
    link.symlink_to(there / "out.parquet")
    process = start(source, link)
    finish(process)  # a process that is gone for certain
    host = _beside(there / "x").name.split(".eex-")[1].split("-")[0]
    litter = there / f".out.eex-{host}-{process.pid}-0123456789abcdef.parquet"
    litter.write_bytes(b"half")
    write_set(open_folder(source, key=""), link)
    assert link.is_symlink()
    assert [child.name for child in there.iterdir()] == ["out.parquet"]
