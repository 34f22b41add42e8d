"""Names to sets: the embedded world, prepared on first use, and files that the user has."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from eex.catalog.gather import catalogue
from eex.catalog.opened import OpenHere, find_open, is_current, map_open, opened_sets
from eex.catalog.targets import Target, target_of
from eex.catalog.wish import LARGE, Wish
from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader, open_table
from eex.encoders.base import EncoderSpec
from eex.encoders.open import Encoder, encoder, encoder_spec
from eex.errors import BadQueryError, DamagedSetError, NotOpenError, UnknownNameError
from eex.files import guarded, making
from eex.imagery.read import pixel_reader
from eex.registry import find, names
from eex.sources.base import Source, SourceSpec

if TYPE_CHECKING:
    from eex.build import Progress

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
    name: str | Path,
    *,
    settings: Settings,
    progress: Progress | None = None,
    fetch: bool = False,
    wish: Wish | None = None,
    called: str = "",
    source: str = "",
    large: bool = False,
    refresh: bool = False,
) -> EmbeddingSet:
    """Open a set by whatever it is called, preparing it first when that was not done yet.

    Args:
        name: A name of `known_sets()` or its id, of an opened set, of a record, `org/name` at a
            hub, an address, or the path of a table or of a folder with one.
        settings: Where sets are.
        progress: Called while a set is prepared or fetched.
        fetch: Whether a published set that is not here may be fetched.
        wish: Which part of it, and how; then it is opened under a name of its own.
        called: That name; by default the record's, or the file's.
        source: Where it is fetched from, see `open_named_set`.
        large: Whether more than 10 GB may be fetched.
        refresh: Whether to ask again what a published set is.

    Raises:
        UnknownNameError: If no set is called that.
        NotOpenError: If it is published and not here, and may not be fetched.
        SetError: If the file is missing or damaged.
        OutputError: If the cache cannot be written.
    """
    text, wish = str(name), wish or Wish()
    known = known_sets()
    plain = wish == Wish() and not called and not source
    for spec in known:
        if text in {spec.name, spec.set_id}:
            if not plain:
                message = f"{spec.name} is made here as a whole."
                raise BadQueryError(message, hint="Open it without a part, a format or a source.")
            return _open_known(spec.name, settings=settings, progress=progress)
    if text in names("eex.sources"):
        _source(text)  # raises what is wrong with it
    target = _target(name, settings, tuple(spec.name for spec in known))
    if plain:
        here = find_open(text, settings, identity=target.identity if target else "")
        if here is None and target is not None:
            here = _default_of(target, settings)
        if here is not None and not refresh and (target is None or is_current(here)):
            return map_open(here)
        own = here is None or not refresh
        if own and target is not None and target.kind == "path" and not target.known:
            path = Path(target.record.files[0].name)
            return open_table(path, cache_dir=settings.cache_dir, progress=progress)
    if not fetch and target is not None:
        raise not_open(target, text)
    report = progress or (lambda _done, _total: None)
    from eex.catalog.opening import open_named_set

    here = open_named_set(
        name,
        settings,
        wish=wish,
        name=called,
        source=source,
        large=large,
        refresh=refresh,
        progress=lambda _name, done, total: report(done, total),
        rows=report,
    )
    return map_open(here)


def _default_of(target: Target, settings: Settings) -> OpenHere | None:
    """Return what of a set is open under its own name, also if that is only a part of it."""
    here = find_open(target.record.name, settings)
    return here if here is not None and here.opened.identity == target.identity else None


def not_open(target: Target, text: str) -> NotOpenError:
    """Return the error for a published set that is not here, with its size."""
    record = target.record
    size = f" ({record.size / 1e9:.1f} GB)" if record.size else ""
    part = " Or a part of it: --bbox W,S,E,N." if record.size > LARGE else ""
    message = f"{text} is not open on this machine{size}."
    return NotOpenError(message, hint=f"eex open {text}{part}")


def _target(name: str | Path, settings: Settings, sources: tuple[str, ...]) -> Target | None:
    """Return what a word means; None if it is only the name of an opened set."""
    opened = tuple(opened_sets(settings)) if isinstance(name, str) else ()
    try:
        return target_of(name, catalogue(settings), others=(*sources, *opened))
    except (UnknownNameError, BadQueryError):
        if name in opened:
            return None
        raise


def prepare(name: str, *, settings: Settings, progress: Progress | None = None) -> Path:
    """Return the file of a set that is made from a source, making it when it is not there.

    One process makes it while others wait.

    Raises:
        UnknownNameError: If there is no such source, or its encoder takes no pictures.
        OutputError: If the cache cannot be written.
    """
    path = prepared_path(name, settings)
    if path.is_file():
        return path
    with guarded(f"writing {path}"), making(path):
        if not path.is_file():  # another process may have made it meanwhile
            source = _source(name)
            spec = encoder_spec(source.spec.encoder)
            _build(path, source=source, spec=spec, settings=settings, progress=progress)
    return path


def prepared_path(name: str, settings: Settings) -> Path:
    """Return where the file of a set that is made from a source lies, made or not.

    Raises:
        UnknownNameError: If there is no such source.
    """
    source = _source(name)
    spec = encoder_spec(source.spec.encoder)
    stamp = f"{BUILD_VERSION}\n{source.spec.set_id}\n{source.count()}\n{spec.weights}"
    mark = hashlib.sha256(stamp.encode()).hexdigest()[:8]
    return settings.cache_dir / "sets" / f"{source.spec.set_id}-{mark}.parquet"


def source_rows(name: str) -> int:
    """Return how many tiles a source has."""
    return _source(name).count()


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
    from eex.build import build_set

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
