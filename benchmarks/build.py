"""How fast a scene becomes tiles, beside reading it whole, and how long a model waits for them.

    python benchmarks/build.py [--quick] [--json] [--rounds N] [--side PIXELS] [--model-side PIXELS]
                               [--model NAME]

A made scene of three bands (uint16, deflate, predictor 2, blocks of 1024) is cut into tiles of 224
pixels every 112, stretched to 8 bits. Each contestant runs in a process of its own, which tells its
own time (without imports) and the most memory that it held; they take turns, ratios are medians of
paired ratios.

    eex            `plan_items` and `read_item`: rows of tiles with footprints and shares of missing
                   pixels, batches of 64 pictures
    whole read     rasterio reads the three bands whole; each is stretched once by the same table;
                   tiles are copied out of the picture into batches of 64
    naive          rasterio reads the bands whole; each tile is stretched by itself

The last two make pictures only: no footprints, no ids, no shares of missing pixels.

Then a network (ViT-B/32 of full size with random weights) is fed by the pipeline of a build, which
tells how long no network worked although there was work, part files written and all.

Keys of the JSON:

    tiles_per_s_ratio_vs_whole_read   our tiles per second / those of "whole read"
    tiles_per_s_ratio_vs_naive        the same beside "naive"
    peak_mb                           most memory that our process held, MB
    peak_mb_whole_read, peak_mb_naive theirs
    tiles_per_s                       ours
    model_wait_share                  share of the time that the network waited; None without torch
    model_tiles_per_s                 tiles per second from files to parts on the disk
    model_ratio_vs_bare               the same / the network's own rate on random pictures
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _measure import emit, machine, options, paired_ratio, say, take_turns

os.environ["HF_HUB_OFFLINE"] = "1"

SIZE, STRIDE, BATCH = 224, 112, 64
BANDS = ("B04", "B03", "B02")
CONTESTANTS = ("eex", "whole read", "naive")

NETWORK = "remoteclip-vit-b-32"
"""ViT-B/32."""


def make_scene(folder: Path, side: int) -> None:
    """Write three bands of smooth land with noise, and a wedge without data."""
    import rasterio
    from rasterio import Affine

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    for number, band in enumerate(BANDS):
        land = 1500 + 700 * np.sin(x * 40 + number) * np.cos(y * 31) + 200 * number
        land += rng.normal(0, 60, (side, side)).astype(np.float32)
        values = land.clip(1, 10_000).astype(np.uint16)
        values[x + y < 0.1] = 0
        with rasterio.open(
            folder / f"{band}.tif",
            "w",
            driver="GTiff",
            height=side,
            width=side,
            count=1,
            dtype="uint16",
            crs="EPSG:32654",
            transform=Affine(10, 0, 399_960, 0, -10, 4_000_020),
            nodata=0,
            compress="deflate",
            predictor=2,
            tiled=True,
            blockxsize=1024,
            blockysize=1024,
            num_threads="all_cpus",
        ) as file:
            file.write(values, 1)


def planned(folder: Path, side: int, *, piece: int = 10**9) -> tuple[Any, list[Any]]:
    """Return the tiling and the items of the made scene."""
    from eex.build.items import Tiling
    from eex.build.tiling import plan_items
    from eex.sources.refs import Asset, SceneRef

    ref = SceneRef(
        id="made",
        bands={band: Asset(href=str(folder / f"{band}.tif")) for band in BANDS},
        crs="EPSG:32654",
        transform=(10, 0, 399_960, 0, -10, 4_000_020),
        size=(side, side),
    )
    tiling = Tiling(size=SIZE, stride=STRIDE)
    return tiling, plan_items([ref], tiling, tiles_per_item=piece)


def cut_by_eex(folder: Path, side: int) -> int:
    from eex.build.items import Want
    from eex.build.reading import read_item
    from eex.config import Settings

    settings = Settings(cache_dir=folder / "cache", threads=1)
    want = Want(bands=BANDS, stretch="majortom")
    tiling, items = planned(folder, side)
    return sum(
        len(found.pixels[want])
        for item in items
        for found in read_item(item, tiling, [want], settings=settings, batch=BATCH)
    )


def cut_whole(folder: Path, *, naive: bool) -> int:
    """Read the bands whole, then copy tiles out; those without data are left out."""
    import rasterio

    from eex.imagery.stretch import stretch_of
    from eex.imagery.tone import true_colour

    layers = []
    for band in BANDS:
        with rasterio.open(folder / f"{band}.tif") as file:
            layers.append(file.read(1))
    side = len(layers[0])
    dn = np.stack(layers)
    del layers
    if not naive:
        table = stretch_of("majortom").table
        picture = np.empty((side, side, 3), np.uint8)
        for band in range(3):
            picture[..., band] = table[dn[band]]
    batch = np.empty((BATCH, SIZE, SIZE, 3), np.uint8)
    count = 0
    for top in range(0, side - SIZE + 1, STRIDE):
        for left in range(0, side - SIZE + 1, STRIDE):
            part = np.s_[top : top + SIZE, left : left + SIZE]
            if not dn[0][part].all():
                continue
            batch[count % BATCH] = true_colour(dn[:, *part]) if naive else picture[part]
            count += 1
    return count


def contest(name: str, folder: Path, side: int) -> None:
    """Run one contestant and tell its tiles, seconds and most memory as JSON."""
    import pyproj  # noqa: F401, imports are not what is measured
    import rasterio  # noqa: F401
    import shapely  # noqa: F401

    import eex.build.reading
    import eex.build.tiling  # noqa: F401

    start = time.perf_counter()
    ours = name == "eex"
    tiles = cut_by_eex(folder, side) if ours else cut_whole(folder, naive=name == "naive")
    seconds = time.perf_counter() - start
    print(json.dumps({"tiles": tiles, "seconds": seconds, "peak_mb": peak_bytes() / 1e6}))


def peak_bytes() -> int:
    """Return the most memory that this process held; `ru_maxrss` of Linux has its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def cutting(folder: Path, side: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return what each contestant told in each round."""
    told: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}

    def run(name: str) -> None:
        command = [sys.executable, __file__, "--contestant", name, "--folder", str(folder)]
        done = subprocess.run(
            [*command, "--side", str(side)], check=True, stdout=subprocess.PIPE, text=True
        )
        told[name].append(json.loads(done.stdout))

    take_turns({n: lambda _, n=n: run(n) for n in CONTESTANTS}, rounds=rounds)
    return {name: some[1:] for name, some in told.items()}  # the first one was for warmth


def feeding(folder: Path, side: int, network: str) -> dict[str, float] | None:
    """Return how a network was fed; None where torch or transformers is not installed."""
    if not all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
        return None
    import torch
    from encode import MODELS, TINY

    import eex
    from eex.build.items import Want
    from eex.build.job import Job
    from eex.build.plan import Model, part_path
    from eex.build.work import embed_items
    from eex.config import Settings

    made = MODELS.get(network, TINY)
    torch.manual_seed(0)
    weights = folder / "weights"
    made.make(made.config()).save_pretrained(weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = eex.encoder(
        made.reads.format(weights), weights=None if "{}" in made.reads else weights, device=device
    )
    want = Want(bands=BANDS, stretch="majortom")
    rng = np.random.default_rng(0)
    pictures: Any = rng.integers(0, 256, (BATCH, SIZE, SIZE, 3)).astype(np.uint8)

    def bare() -> float:
        start = time.perf_counter()
        encoder.encode_image(pictures)
        return BATCH / (time.perf_counter() - start)

    bare()
    before = bare()
    tiling, items = planned(folder, side, piece=4 * BATCH)
    model = Model(name=network)
    parts = folder / "parts"
    part_path(parts, model, "any").parent.mkdir(parents=True)
    job = Job(
        parts=str(parts),
        tiling=tiling,
        models=(model,),
        wants=(want,),
        settings=Settings(cache_dir=folder / "cache", threads=1),
        batch=BATCH,
    )
    start = time.perf_counter()
    done = list(embed_items(items, job, encoders=[encoder]))
    seconds = time.perf_counter() - start
    if any(one.state != "done" for one in done):
        raise RuntimeError(next(one.reason for one in done if one.state != "done"))
    tiles = sum(one.tiles for one in done)
    return {
        "model_wait_share": sum(one.idle for one in done) / seconds,
        "model_tiles_per_s": tiles / seconds,
        "model_ratio_vs_bare": tiles / seconds / statistics.mean([before, bare()]),
        "model_tiles": tiles,
    }


def main() -> None:
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, help="pixels of the scene, 10980 by default")
    parser.add_argument("--model-side", type=int, help="pixels of the scene that feeds the network")
    parser.add_argument(
        "--model", default=NETWORK, help="of encode.py; `tiny` to try this file out"
    )
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    side = asked.side or (2745 if asked.quick else 10_980)
    if asked.contestant:
        contest(asked.contestant, asked.folder, side)
        return
    rounds = asked.rounds or (1 if asked.quick else 3)
    model_side = asked.model_side or (1120 if asked.quick else 2745)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        say(f"making a scene of {side} x {side} pixels")
        make_scene(folder, side)
        say("cutting it")
        told = cutting(folder, side, rounds)
        say("feeding a network")
        small = folder / "small"
        small.mkdir()
        make_scene(small, model_side)
        fed = feeding(small, model_side, asked.model)
    per_tile = {n: [one["seconds"] / one["tiles"] for one in some] for n, some in told.items()}
    peak = {n: round(max(one["peak_mb"] for one in some), 1) for n, some in told.items()}
    rate = {n: round(1 / statistics.median(some), 1) for n, some in per_tile.items()}
    result = {
        "tiles_per_s_ratio_vs_whole_read": paired_ratio(per_tile, "whole read", "eex"),
        "tiles_per_s_ratio_vs_naive": paired_ratio(per_tile, "naive", "eex"),
        "peak_mb": peak["eex"],
        "peak_mb_whole_read": peak["whole read"],
        "peak_mb_naive": peak["naive"],
        "tiles_per_s": rate["eex"],
        "side": side,
        "tiles": {name: int(some[0]["tiles"]) for name, some in told.items()},
        "seconds": {name: [round(s["seconds"], 2) for s in some] for name, some in told.items()},
        "model_wait_share": None,
        **({} if fed is None else {name: round(value, 4) for name, value in fed.items()}),
        "machine": machine(),
    }
    rows = [["", "tiles/s", "seconds", "peak MB"]]
    rows += [
        [
            name,
            f"{rate[name]:.0f}",
            f"{statistics.median(one['seconds'] for one in told[name]):.1f}",
            str(peak[name]),
        ]
        for name in CONTESTANTS
    ]
    title = f"{side} x {side} pixels, 3 bands, tiles of {SIZE} every {STRIDE}"
    emit(result, as_json=asked.json, tables=[(title, rows)])


if __name__ == "__main__":
    sys.exit(main())
