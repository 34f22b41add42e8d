"""What a build will cost, before it: tiles, bytes, requests, hours, disk.

Rates are measured: by running a model on random pixels, or in earlier builds, whose rates are kept
in the cache. All else is arithmetic on what the listing says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Item, Tiling, Want
from eex.build.job import BATCH, Job
from eex.build.plan import Model
from eex.errors import OutputError
from eex.files import write_bytes
from eex.sources.refs import SceneRef, ShardRef

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder

ROW_BYTES = 230
"""Bytes of a row of a set besides its vector, packed: measured on sets of scenes."""

PART_BYTES = 4
"""Bytes of a number in a part: float32."""

BLOCK = 1024
"""Rows of a block of a Cloud Optimized GeoTIFF, as Earth Search has them."""

HEADERS = 2
"""Requests that opening a file takes."""

STORED_BYTES = 2
"""Bytes of a stored number before it is packed."""

SECONDS = 2.0
"""How long a model is run to measure it, at least two batches."""

LEAST_TILES = 500
"""Tiles of a build whose rate is remembered."""

SHARD_ROWS = 500
"""Samples in a shard of Major TOM Core-S2L2A."""

FOOTER_BYTES = 1_031_336
"""Of such a shard."""

SAMPLE_BYTES = {"picture": 5_700_000, "sentinel2-l2a": 10_940_000}
"""Bytes of one sample of it: B04, B03 and B02 lie side by side; or all bands.

Source: shards of Core-S2L2A, 1.7 to 2.2 MB a 10 m band, 10.94 MB a sample.
"""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a build will cost."""

    scenes: int
    """Scenes or shards."""
    items: int
    """Pieces of work."""
    tiles: int
    """At most; those without data or under clouds are left out on reading."""
    bytes: int
    """That will be read."""
    packed: bool
    """Whether listings say how large files are; else `bytes` is what they hold unpacked."""
    requests: int
    """For files far away, about."""
    parts_bytes: int
    """Disk that parts take until the set is written."""
    set_bytes: int
    """Disk that the sets take."""
    rates: Mapping[str, float]
    """Images a second of each model; empty where one was not measured."""
    seconds: float | None
    """That models need, one after the other in one process; None if a rate is not known."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        from dataclasses import asdict

        return asdict(self)


def estimate_of(
    items: Sequence[Item],
    tiling: Tiling,
    wants: Sequence[Want],
    specs: Sequence[EncoderSpec],
    *,
    rates: Mapping[str, float],
    dtype: str = "float16",
) -> Estimate:
    """Return what items cost.

    Args:
        items: The plan.
        tiling: Of it.
        wants: What each model takes.
        specs: The models.
        rates: Images a second of each model by its name, as far as known.
        dtype: Number format of the sets.
    """
    tiles = sum(item.tiles for item in items)
    bands = tuple(dict.fromkeys(band for want in wants for band in want.bands))
    reads = [_read(item, tiling, bands) for item in items]
    known = all(spec.name in rates for spec in specs)
    width = np.dtype(dtype).itemsize
    return Estimate(
        scenes=len({item.ref.id for item in items}),
        items=len(items),
        tiles=tiles,
        bytes=round(sum(size for size, _, _ in reads)),
        packed=all(packed for _, packed, _ in reads),
        requests=sum(requests for _, _, requests in reads),
        parts_bytes=sum(tiles * (PART_BYTES * spec.dim + ROW_BYTES) for spec in specs),
        set_bytes=sum(tiles * (width * spec.dim + ROW_BYTES) for spec in specs),
        rates=dict(rates),
        seconds=sum(tiles / rates[spec.name] for spec in specs) if known else None,
    )


def _read(item: Item, tiling: Tiling, bands: Sequence[str]) -> tuple[float, bool, int]:
    """Return bytes that an item reads, whether they are as packed, and requests."""
    if isinstance(item.ref, ShardRef):
        share = len(item.windows) / max(1, item.ref.rows)
        return item.ref.bytes * share, item.ref.bytes > 0, len(item.windows) + HEADERS
    if item.ref.size is None:
        return 0.0, True, 0
    wanted = [*bands, *(["SCL"] if tiling.max_cloud < 1 else [])]
    assets = [item.ref.bands[band] for band in wanted if band in item.ref.bands]
    tops = [window[0] for window in item.windows]
    height = max(tops) + tiling.size - min(tops)
    share = min(1.0, height / item.ref.size[0])
    strips = 1 + height // BLOCK
    known = all(asset.bytes for asset in assets)
    stored = STORED_BYTES * item.ref.size[0] * item.ref.size[1]
    sizes = {asset.href: asset.bytes or stored for asset in assets}
    return share * sum(sizes.values()), known, len(sizes) * (HEADERS + strips)


def planet_cost(
    tiles: int,
    spec: EncoderSpec,
    rate: float,
    *,
    fragments: int = 1,
    dtype: str = "float16",
) -> dict[str, Any]:
    """Return what a build from the shards of Major TOM Core-S2L2A costs.

    Args:
        tiles: Vectors.
        spec: The model.
        rate: Images a second of one GPU.
        fragments: Vectors of one sample: 1 for the centre, 25 for fragments of 224 pixels.
        dtype: Number format of the set.
    """
    samples = -(-tiles // fragments)
    shards = -(-samples // SHARD_ROWS)
    width = np.dtype(dtype).itemsize
    return {
        "tiles": tiles,
        "samples": samples,
        "shards": shards,
        "model": spec.name,
        "dim": spec.dim,
        "images_per_s": rate,
        "gpu_hours": tiles / rate / 3600,
        "requests": samples + shards,
        "bytes": samples * SAMPLE_BYTES[spec.pixels] + shards * FOOTER_BYTES,
        "bytes_per_s_at_this_rate": rate / fragments * SAMPLE_BYTES[spec.pixels],
        "parts_bytes": tiles * (PART_BYTES * spec.dim + ROW_BYTES),
        "set_bytes": tiles * (width * spec.dim + ROW_BYTES),
    }


def measured_rate(
    model: Model, spec: EncoderSpec, job: Job, *, encoder: Encoder | None = None
) -> float:
    """Return how many images of random pixels a model encodes in a second here.

    Raises:
        WeightsError: If it cannot be loaded.
    """
    from dataclasses import replace

    from eex.build.work import load_encoders

    if encoder is None:
        (encoder,) = load_encoders(replace(job, models=(model,)))
    rng, size = np.random.default_rng(0), job.tiling.size
    more: dict[str, Any] = {}
    if "when" in encoder.takes:
        more["when"] = [None] * BATCH
    if "lonlat" in encoder.takes:
        more["lonlat"] = np.zeros((BATCH, 2))
    images: Any
    if spec.pixels == "picture":
        images = rng.integers(0, 256, (BATCH, size, size, 3), np.uint8)
    else:
        images = rng.integers(1, 6000, (BATCH, len(spec.bands), size, size), np.uint16)
    encoder.encode_image(images[:2], **{name: value[:2] for name, value in more.items()})
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < SECONDS:
        encoder.encode_image(images, **more)
        count += BATCH
        if count == BATCH and took > SECONDS:
            break
    return count / (time.perf_counter() - began)


def remembered(settings: Settings) -> dict[str, float]:
    """Return rates of earlier builds, tiles a second of one process, by `rate_key`."""
    with suppress(OSError, ValueError):
        told = json.loads(_rates_file(settings).read_bytes())
        return {str(key): float(value) for key, value in told.items()}
    return {}


def remember(settings: Settings, key: str, rate: float) -> None:
    """Keep the rate of a build; a cache that cannot be written is no failure."""
    with suppress(OutputError, OSError):
        rates = remembered(settings) | {key: round(rate, 3)}
        _rates_file(settings).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(_rates_file(settings), json.dumps(rates, indent=1).encode())


def rate_key(models: Sequence[Model], tiling: Tiling, device: str) -> str:
    """Return what a rate was measured for."""
    names = "+".join(f"{m.name}:{m.variant}:{m.precision}" for m in models)
    return f"{names} {tiling.size} {device or 'auto'}"


def _rates_file(settings: Settings) -> Path:
    return settings.cache_dir / "build-rates.json"


def total_bytes(items: Sequence[Item]) -> int:
    """Return bytes of all files of the scenes, as far as known."""
    refs = {item.ref.id: item.ref for item in items}
    return sum(ref.bytes for ref in refs.values() if isinstance(ref, SceneRef | ShardRef))
