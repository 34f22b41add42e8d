"""What a built set says of itself: model, weights, preprocessing, sources, licences, credit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from eex.build.items import Tiling, Want
from eex.build.plan import Model
from eex.build.world import WORLD
from eex.embeddings import SetHeader
from eex.files import user_path
from eex.imagery.ranged import address_of
from eex.sources.refs import Ref, SceneRef, ShardRef
from eex.sources.world import SPEC

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.encoders.base import EncoderSpec

MOST_SOURCES = 1000
"""Scenes or shards that a header names."""

KM_PER_DEGREE = 111.32
"""Kilometres in a degree of latitude."""

UTM = ("EPSG:326", "EPSG:327")
"""Begin the names of systems in metres in which outlines are measured."""


_OFFSET = re.compile(r"; the offset of 1000.*?\.(?=\s|$)")
"""In the sentence of `eex.imagery.stretch.said` and `_numbers`: what became of the offset."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a header is made from."""

    id: str
    title: str
    model: Model
    spec: EncoderSpec
    dim: int
    want: Want
    tiling: Tiling
    refs: Sequence[Ref]
    weights: str = ""
    """Which weights, where they are not those that the spec names."""


def header_of(about: About, first: pa.Table | None) -> SetHeader:
    """Return the header of a set.

    Args:
        about: What was asked for, and what tiles came from.
        first: Some of its tiles, to measure them.
    """
    refs, spec = about.refs, about.spec
    credit = joined([*(ref.attribution for ref in refs), spec.attribution])
    km = tile_km(first)
    overlap = about.tiling.stride < about.tiling.size and not about.tiling.centre
    header = SetHeader(
        id=about.id,
        title=about.title,
        model=about.model.name,
        dim=about.dim,
        weights=about.weights or spec.weights,
        variant=spec.variant(about.model.variant).name,
        bands=about.want.bands,
        preprocessing=preprocessing(about),
        stretch="" if reader_of(refs) == SPEC.pixels else about.want.stretch,
        remove_offset=about.tiling.remove_offset,
        pixels=reader_of(refs),
        tile_km=km,
        spread_km=km if overlap else 0.0,
        licence=joined(ref.licence for ref in refs),
        attribution=credit,
        sources=tuple(dict.fromkeys(ref.id for ref in refs))[:MOST_SOURCES],
    )
    if header.pixels != SPEC.pixels:
        return header
    demo = spec.demo
    return replace(
        header,
        tile_km=SPEC.tile_km,
        spread_km=SPEC.spread_km,
        banner=SPEC.banner,
        demo=demo,
        examples=SPEC.examples if demo else (),
    )


def preprocessing(about: About) -> str:
    """Return in sentences what was done to stored numbers before the network."""
    scenes = [ref for ref in about.refs if ref.href != WORLD]
    steps = [] if len(scenes) < len(about.refs) else [_numbers(about, scenes)]
    return " ".join(f"{step.rstrip('.')}." for step in [*steps, about.spec.preprocessing] if step)


def _numbers(about: About, refs: Sequence[Ref]) -> str:
    from eex.imagery.stretch import said

    text = said(about.want.stretch, remove_offset=about.tiling.remove_offset)
    taken = [isinstance(ref, SceneRef) and ref.offset_removed for ref in refs]
    if any(taken) and not about.tiling.remove_offset:
        which = "" if all(taken) else f" of {sum(map(bool, taken))} of {len(taken)} scenes"
        text = f"{text.partition(';')[0]}; the offset of 1000{which} taken off by the provider"
    return text


def reader_of(refs: Sequence[Ref]) -> str:
    """Return the name of what reads the pixels of tiles again."""
    if refs and all(isinstance(ref, ShardRef) and address_of(ref.href) for ref in refs):
        return "majortom"
    if any(ref.href == WORLD for ref in refs):
        return SPEC.pixels
    return "scenes"


def tile_km(first: pa.Table | None) -> float:
    """Return height of a tile on the ground, kilometres, from its outline; 0 if not known."""
    if first is None or not first.num_rows:
        return 0.0
    outline: Any = first["utm_footprint"][0].as_py()
    if outline and first["utm_crs"][0].as_py().startswith(UTM):
        _, south, _, north = shapely.from_wkt(outline).bounds
        return round(float(north - south) / 1000, 4)
    _, south, _, north = shapely.from_wkb(first["geometry"][0].as_py()).bounds
    return round(float(north - south) * KM_PER_DEGREE, 2)


def essence(preprocessing: str) -> str:
    """Return what was done before the network, in which two sets that are compared agree.

    What became of the offset of new baselines is told of scenes by their number, and a set may
    hold scenes with it and without.
    """
    return _OFFSET.sub(".", preprocessing)


def weights_of(model: Model, spec: EncoderSpec) -> str:
    """Return which weights are run: as the spec pins them, or a file's or folder's name and sum."""
    if not model.weights:
        return spec.weights
    path = user_path(model.weights).absolute()
    if path.is_file():
        return f"{path.name}@sha256:{_sum(path, *_stamp(path))}"
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{f.relative_to(path).as_posix()} {_sum(f, *_stamp(f))}\n" for f in files]
    return (
        f"{path.name}@sha256:{sha256(''.join(lines).encode()).hexdigest()}" if lines else path.name
    )


def _stamp(file: Path) -> tuple[int, int]:
    told = file.stat()
    return told.st_size, told.st_mtime_ns


@lru_cache(maxsize=4096)
def _sum(file: Path, size: int, changed: int) -> str:  # noqa: ARG001 (a file of another content)
    from eex.weights.checksum import sha256_of

    return sha256_of(file)


def joined(texts: Iterable[str]) -> str:
    """Return texts, each once, in their order."""
    return "; ".join(dict.fromkeys(text for text in texts if text))
