"""Names to sets: the embedded world, prepared on first use, and files that the user has."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from eex.build import Progress, build_set
from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader, open_table
from eex.encoders.base import EncoderSpec
from eex.encoders.open import Encoder, encoder, encoder_spec
from eex.errors import DamagedSetError, UnknownNameError
from eex.files import guarded, making, user_path
from eex.imagery.read import pixel_reader
from eex.registry import find, names, unknown_name
from eex.sources.base import Source, SourceSpec

BUILD_VERSION = 2
"""Raised when cutting or encoding changes, so that prepared sets are made again."""


_LOGGER = logging.getLogger("eex")


def known_sets() -> tuple[SourceSpec, ...]:
    """Return what is known of each set that can be opened by name; broken plug-ins are logged."""
    specs = []
    for name in names("eex.sources"):
        try:
            specs.append(_source(name).spec)
        except Exception as error:  # noqa: BLE001, what a plug-in raises must not stop the others
            _LOGGER.warning("The source %r is left out: %s", name, error)
    return tuple(specs)


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
    known = known_sets()
    for spec in known:
        if text in {spec.name, spec.set_id}:
            return _open_known(spec.name, settings=settings, progress=progress)
    if isinstance(name, Path) or text.endswith((".parquet", ".geoparquet")) or "/" in text:
        return open_table(user_path(name), cache_dir=settings.cache_dir)
    if text in names("eex.sources"):
        _source(text)  # raises what is wrong with it
    error = unknown_name("set", text, tuple(spec.name for spec in known))
    hint = f"{error.hint} Or give the path of a .parquet file."
    raise UnknownNameError(str(error), hint=hint, **error.details)


def prepare(name: str, *, settings: Settings, progress: Progress | None = None) -> Path:
    """Return the file of a set that is made from a source, making it when it is not there.

    One process makes it while others wait.

    Raises:
        UnknownNameError: If there is no such source, or its encoder takes no pictures.
        OutputError: If the cache cannot be written.
    """
    source = _source(name)
    spec = encoder_spec(source.spec.encoder)
    stamp = f"{BUILD_VERSION}\n{source.spec.set_id}\n{source.count()}\n{spec.weights}"
    mark = hashlib.sha256(stamp.encode()).hexdigest()[:8]
    path = settings.cache_dir / "sets" / f"{source.spec.set_id}-{mark}.parquet"
    if path.is_file():
        return path
    with guarded(f"writing {path}"), making(path):
        if not path.is_file():  # another process may have made it meanwhile
            _build(path, source=source, spec=spec, settings=settings, progress=progress)
    return path


def _open_known(name: str, *, settings: Settings, progress: Progress | None) -> EmbeddingSet:
    path = prepare(name, settings=settings, progress=progress)
    try:
        return open_table(path, cache_dir=settings.cache_dir)
    except DamagedSetError:
        with guarded(f"removing {path}"):
            path.unlink(missing_ok=True)  # it is only a cache
        path = prepare(name, settings=settings, progress=progress)
        return open_table(path, cache_dir=settings.cache_dir)


def _build(
    path: Path,
    *,
    source: Source,
    spec: EncoderSpec,
    settings: Settings,
    progress: Progress | None,
) -> None:
    if "image" not in spec.modalities or spec.pixels != "picture":
        message = f"{spec.name} takes no pictures, so it cannot make a set."
        raise UnknownNameError(message)
    made_with = encoder(spec.name, settings=settings)
    build_set(
        path,
        source=source,
        reader=pixel_reader(source.spec.pixels, settings=settings),
        encoder=made_with,
        header=_header(source.spec, made_with),
        threads=settings.threads,
        progress=progress,
    )


def _header(source: SourceSpec, made_with: Encoder) -> SetHeader:
    encoder = made_with.spec
    return SetHeader(
        id=source.set_id,
        title=source.title,
        model=encoder.name,
        dim=made_with.dim,
        weights=encoder.weights,
        variant=made_with.variant.name,
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
