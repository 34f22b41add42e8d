"""A process that is killed while it opens a set leaves nothing, or all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eex.embeddings import open_table

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")

ROWS, DIM, KILLS = 30_000, 192, 20

KILLER = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path

import pyarrow.compute, pyarrow.parquet  # imported once, before processes part

from eex.embeddings import open_folder, open_table
from eex.errors import DamagedSetError

path, cache, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
opened = cache / "opened"
rng = random.Random(0)


def started():
    child = os.fork()
    if not child:
        open_table(path, cache_dir=cache)
        os._exit(0)
    return child


def seen():
    names = [p.name for p in opened.iterdir()] if opened.is_dir() else []
    whole = [n for n in names if not n.startswith(".")]
    begun = [n for n in names if n.startswith(".") and not n.endswith(".lock")]
    return whole, begun


began = time.monotonic()
os.waitpid(started(), 0)
lasts = time.monotonic() - began
(first,), _ = seen()
shutil.rmtree(opened / first)
found = []
for turn in range(kills):
    child = started()
    time.sleep((turn + rng.random()) / kills * lasts * 1.1)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    whole, begun = seen()
    damaged = []
    for name in whole:
        try:
            some = open_folder(opened / name, key="")
            some.rows, some.vectors.sum(), some.lonlat.sum()
        except DamagedSetError as error:
            damaged.append(str(error))
        shutil.rmtree(opened / name)
    killed = os.WIFSIGNALED(status)
    found.append(dict(killed=killed, whole=len(whole), begun=len(begun), damaged=damaged))
print(json.dumps(found))
"""


def test_an_opening_killed_at_any_moment_leaves_nothing_or_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(ROWS, DIM)).astype(np.float32)
    table = pa.table(
        {
            "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM),
            "lon": rng.uniform(-180, 180, ROWS),
            "lat": rng.uniform(-90, 90, ROWS),
            "name": [f"tile {i}" for i in range(ROWS)],
        }
    )
    path, cache = tmp_path / "set.parquet", tmp_path / "cache"
    pq.write_table(table, path)
    command = [sys.executable, "-c", KILLER, str(path), str(cache), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == KILLS
    assert [one["damaged"] for one in found] == [[]] * KILLS
    assert all(one["whole"] <= 1 for one in found)
    midway = [one for one in found if one["killed"] and one["begun"] and not one["whole"]]
    assert len(midway) >= KILLS // 4, found  # otherwise nothing was shown
    some = open_table(path, cache_dir=cache)
    np.testing.assert_array_equal(some.vectors, vectors)
    assert some.rows["name"].to_pylist() == table["name"].to_pylist()
    left = {p.name for p in (cache / "opened").iterdir() if not p.name.endswith(".lock")}
    assert some.folder is not None
    assert left == {some.folder.name}


REFUSED = """
import resource, sys
from pathlib import Path

from eex.embeddings import open_table
from eex.errors import OutputError

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    open_table(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [300_000, 40_000])
def test_a_disk_that_refuses_midway_is_told_and_nothing_is_left(limit: int, tmp_path: Path) -> None:
    """The larger limit stops the vectors, the smaller one whatever is written first."""
    pytest.importorskip("resource")
    rows = 20_000
    table = pa.table(
        {
            "embedding": pa.FixedSizeListArray.from_arrays(pa.array(np.ones(rows * 8)), 8),
            "lon": np.zeros(rows),
            "lat": np.zeros(rows),
            "name": [f"tile number {i}" for i in range(rows)],
        }
    )
    path, cache = tmp_path / "set.parquet", tmp_path / "cache"
    pq.write_table(table, path)
    command = [sys.executable, "-c", REFUSED, str(path), str(cache), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Stopped opening set.parquet: the file would be too large." in done.stdout
    assert {p.name for p in (cache / "opened").iterdir() if not p.name.endswith(".lock")} == set()
    assert len(open_table(path, cache_dir=cache)) == rows
