"""Names to sets: the embedded world, prepared on first use, and files that the user has."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path

from eex.build import Progress, build_set
from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader, open_table
from eex.encoders.base import EncoderSpec, EncodesImage
from eex.errors import DamagedSetError, UnknownNameError
from eex.imagery.read import pixel_reader
from eex.registry import find, names
from eex.sources.base import Source, SourceSpec

BUILD_VERSION = 1
"""Raised when cutting or encoding changes, so that prepared sets are made again."""


def known_sets() -> tuple[SourceSpec, ...]:
    """Return what is known of each set that can be opened by name."""
    return tuple(_source(name).spec for name in names("eex.sources"))


def encoder_spec(name: str) -> EncoderSpec:
    """Return an encoder's spec by name.

    Raises:
        UnknownNameError: If no such encoder is installed.
    """
    spec = find("eex.encoders", name)
    if not isinstance(spec, EncoderSpec):
        message = f"{name!r} is registered as an encoder but is not an EncoderSpec."
        raise UnknownNameError(message, hint="Its entry point must name an EncoderSpec.")
    return spec


def open_embeddings(
    name: str | Path, *, settings: Settings, progress: Progress | None = None
) -> EmbeddingSet:
    """Open a set by name or by path, preparing it first when that was not done yet.

    Args:
        name: A name of `known_sets()`, a set's id, or the path of a GeoParquet file.
        settings: Where the cache is.
        progress: Called while a set is prepared.

    Raises:
        UnknownNameError: If it is neither a known name nor a path.
        SetError: If the file is missing or damaged.
        OutputError: If the cache cannot be written.
    """
    text = str(name)
    for spec in known_sets():
        if text in {spec.name, spec.set_id}:
            path = prepare(spec.name, settings=settings, progress=progress)
            try:
                return open_table(path, cache_dir=settings.cache_dir)
            except DamagedSetError as error:
                hint = f"Delete {path} and ask again: it is made anew."
                raise DamagedSetError(str(error), hint=hint) from error
    if isinstance(name, Path) or text.endswith((".parquet", ".geoparquet")) or "/" in text:
        return open_table(Path(name).expanduser(), cache_dir=settings.cache_dir)
    known = [spec.name for spec in known_sets()]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    message = f"There is no set called {text!r}."
    raise UnknownNameError(
        message, hint=f"{hint}Known: {', '.join(known)}; or give a .parquet file."
    )


def prepare(name: str, *, settings: Settings, progress: Progress | None = None) -> Path:
    """Return the file of a set that is made from a source, making it when it is not there."""
    source = _source(name)
    spec = encoder_spec(source.spec.encoder)
    stamp = f"{BUILD_VERSION}\n{source.spec.set_id}\n{source.count()}\n{spec.weights}"
    mark = hashlib.sha256(stamp.encode()).hexdigest()[:8]
    path = settings.cache_dir / "sets" / f"{source.spec.set_id}-{mark}.parquet"
    if path.is_file():
        return path
    encoder = spec.load("cpu")
    if not isinstance(encoder, EncodesImage):
        message = f"{spec.name} takes no pictures, so it cannot make a set."
        raise UnknownNameError(message)
    build_set(
        path,
        source=source,
        reader=pixel_reader(source.spec.pixels),
        encoder=encoder,
        header=_header(source.spec, spec),
        threads=settings.threads,
        progress=progress,
    )
    return path


def _header(source: SourceSpec, encoder: EncoderSpec) -> SetHeader:
    return SetHeader(
        id=source.set_id,
        title=source.title,
        model=encoder.name,
        dim=encoder.dim,
        weights=encoder.weights,
        bands=encoder.bands,
        preprocessing=f"{encoder.image_size} x {encoder.image_size} pixels",
        pixels=source.pixels,
        tile_km=source.tile_km,
        spread_km=source.spread_km,
        licence=source.licence,
        attribution=source.attribution,
        banner=source.banner,
        demo=source.demo,
        examples=source.examples,
    )


def _source(name: str) -> Source:
    make = find("eex.sources", name)
    if not callable(make):
        message = f"{name!r} is registered as a source but cannot be called."
        raise UnknownNameError(message)
    source: Source = make()
    return source
