"""`eex open` killed at any moment leaves nothing or a whole set, and the next one succeeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from eex.catalog.opened import map_open, open_here, opened_sets, sets_folder
from eex.catalog.opening import open_named_set
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from loopback_hub import running_hub
from published import at, parquet, table, vectors

KILLS = 20
REPO = "Org/Crash"
TABLES = [table(3_000, seed, dim=32) for seed in (1, 2)]

CODE = """
import os, signal, sys, time
from pathlib import Path
from eex.catalog import writing
from eex.catalog.opening import open_named_set
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
import eex.embeddings, eex.remote.parquet

watched = writing._watched
def slowly(*arguments):  # so that kills fall into the writing too
    for batch in watched(*arguments):
        time.sleep(0.004)
        yield batch
writing._watched = slowly
folder, address, bbox = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
settings = Settings(
    cache_dir=folder / "cache", sets_dir=folder / "sets", threads=1, hub_endpoint=address
)
print("ready", flush=True)
sys.stdin.readline()
wish = Wish(selection=selection_of(bbox))
open_named_set("Org/Crash", settings, wish=wish, name="crash")
print("done", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("bbox", ["", "-90,-60,90,60"], ids=["whole", "part"])
def test_a_killed_opening_leaves_nothing_or_a_whole_set(tmp_path: Path, bbox: str) -> None:
    rng = np.random.default_rng(0)
    ended = 0
    with running_hub() as hub:
        hub.put_dataset(REPO, {f"part_{i}.parquet": parquet(t) for i, t in enumerate(TABLES)})
        hub.pause, hub.chunk = 0.002, 16_384
        shared = tmp_path / "shared"
        longest = 0.8 if bbox else 0.4
        for kill in range(KILLS // 2):
            folder = tmp_path / f"own-{kill}" if kill % 2 else shared
            process = subprocess.Popen(
                [sys.executable, "-c", CODE, str(folder), hub.address, bbox],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            with process:
                assert process.stdout.readline() == "ready\n"
                process.stdin.write("\n")
                process.stdin.flush()
                time.sleep(float(rng.uniform(0, longest)))
                process.send_signal(signal.SIGKILL)
                ended += process.stdout.read() == "done\n"
            settings = at(hub, folder)
            here = open_here("crash", settings)
            if here is not None:
                assert len(map_open(here)) == here.counts["rows"]
        hub.pause = 0.0
        wish = Wish(selection=selection_of(bbox or None))
        for folder in (shared, *tmp_path.glob("own-*")):
            settings = at(hub, folder)
            here = open_named_set(REPO, settings, wish=wish, name="crash")
            found = map_open(here)
            wanted = np.concatenate([vectors(t) for t in TABLES])
            if bbox:
                lon = np.concatenate([t["centre_lon"].to_numpy() for t in TABLES])
                lat = np.concatenate([t["centre_lat"].to_numpy() for t in TABLES])
                wanted = wanted[(np.abs(lon) <= 90) & (np.abs(lat) <= 60)]
            np.testing.assert_array_equal(found.vectors, wanted)
            assert list(opened_sets(settings)) == ["crash"]
            places = [p.name for p in (sets_folder(settings) / "open" / "crash").iterdir()]
            assert [name for name in places if not name.startswith(".")] == [here.opened.key]
            assert not [name for name in places if ".eex-" in name]
    assert ended < KILLS // 2, "no kill came in time"
