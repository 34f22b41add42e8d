"""open_set(): a set by name, hub id, address or path becomes one that answers queries.

sets() lists what is known and what of it is here; remove_set() frees the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from eex.catalog.gather import records_at
from eex.catalog.known import open_embeddings
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
from eex.encoders.pool import EncoderPool
from eex.errors import BadQueryError
from eex.files import user_path
from eex.search.hints import hints_for_python
from eex.search.run import OpenSet

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, 0 if that is not known."""


def open_set(
    name: str | Path = "world",
    *,
    bbox: Sequence[float] | str | None = None,
    rows: Sequence[int] | slice | str | None = None,
    shards: Sequence[int] | str | None = None,
    dtype: str = "",
    source: str = "",
    columns: Mapping[str, str] | None = None,
    file: str = "",
    model: str = "",
    variant: str = "",
    scale: float | None = None,
    offset: float | None = None,
    called: str = "",
    large: bool = False,
    refresh: bool = False,
    catalog: str | Path | Sequence[str | Path] = (),
    fetch: bool = True,
    settings: Settings | None = None,
    progress: Progress | None = None,
    pool: EncoderPool | None = None,
    weights: str | Path | None = None,
    offsets: str | Path | None = None,
    engine: str = "exact",
    options: Mapping[str, Any] | None = None,
) -> OpenSet:
    """Open an embedding set for searching; one that is published is fetched when it is not here.

    Args:
        name: `world` for the embedded one, a name of `eex sets`, a hub's `org/name`, the address of
            a Parquet file, or the path of a file or folder.
        bbox: West, south, east, north, degrees: only tiles whose centre lies inside; west > east
            crosses 180 degrees. Of a file far away only what is needed is read.
        rows: First row and the one after the last, over the files in the order of their names.
        shards: Numbers of files, from 1, in the order of their names.
        dtype: float16 or float32 to convert vectors to; by default they are kept as they are.
        source: huggingface, modelscope.cn, modelscope.ai, the address of a mirror, or a path of
            your own; by default `EEX_HUB`, and after it other hubs that have the set.
        columns: Role (embedding, geometry, lon, lat, id) to name of a column, where names are
            not the usual ones.
        file: Which of several tables of a repository.
        model: What made the vectors, if nothing says so: a name of `eex models`.
        variant: Way of running it that made them.
        scale: Stored integers times this, plus `offset`, are the vectors' numbers.
        offset: See `scale`.
        called: What to call it here; needed for a second part of one set.
        large: Fetch more than 10 GB.
        refresh: Ask again what the set is, and open it again if it has changed.
        catalog: Further records of sets: a TOML or JSON file, or several.
        fetch: False opens only what is here.
        settings: Where the cache is; read from the environment by default.
        progress: Called with bytes while files are fetched, with rows while a set is prepared.
        pool: Where its encoder is loaded, so that several sets share models and memory.
        weights: File or folder of its model's weights; by default those that were fetched.
        offsets: Side index of where the tiles' pixels lie (`eex set offsets`); by default the one
            in the set's folder, or beside its file.
        engine: What ranks the rows; see `eex index engines` and `eex.index.engines`.
        options: Of the engine, for searching.

    Raises:
        UnknownNameError: If there is no such set.
        NotOpenError: If it is not here and `fetch` is False.
        BadQueryError: If the part is none, or another part of it is open under this name; if
            nobody knows the model.
        BadCatalogError: If a catalogue that was given cannot be used.
        LargeSetError: If more than 10 GB would be fetched.
        DownloadError: If it cannot be fetched.
        SetError: If its file is missing or damaged.
        OutputError: If the cache cannot be written, or the disk has no room.
    """
    settings = _with(catalog, settings or Settings.from_env())
    wish = Wish(
        selection=selection_of(bbox, rows, shards),
        dtype=dtype,
        columns=dict(columns or {}),
        file=file,
        model=model,
        variant=variant,
        scale=scale,
        offset=offset,
    )
    if not fetch and (wish != Wish() or source or called or refresh):
        message = "A part of a set, or another format, can only be opened with fetch=True."
        raise BadQueryError(message, hint=f"eex open {name} makes it; then open it by its name.")
    with hints_for_python() if fetch else nullcontext():
        embeddings = open_embeddings(
            name,
            settings=settings,
            progress=progress,
            fetch=fetch,
            wish=wish,
            called=called,
            source=source,
            large=large,
            refresh=refresh,
        )
    beside = None if offsets is None else user_path(offsets)
    return OpenSet(
        called or str(name),
        embeddings,
        settings,
        pool=pool,
        weights=weights,
        offsets=beside,
        engine=engine,
        options=options,
    )


def sets(
    *, catalog: str | Path | Sequence[str | Path] = (), settings: Settings | None = None
) -> list[dict[str, Any]]:
    """Return what is known of each set, and what of it is here; as `eex sets --json` does.

    Args:
        catalog: Further records of sets: a TOML or JSON file, or several.
        settings: Where sets are; read from the environment by default.

    Returns:
        A record for each: `name`, `title`, `rows`, `size` (bytes), `model`, `licence`, `state`
        (open, part, begun, made, absent), `open` (rows, bytes and folder of what is open) and more.

    Raises:
        BadCatalogError: If a catalogue that was given cannot be used.
    """
    from eex.catalog.listing import set_records

    return set_records(_with(catalog, settings or Settings.from_env()))


def remove_set(name: str, *, settings: Settings | None = None) -> int:
    """Remove an opened set, or a download that was begun, with what was fetched for it alone.

    Args:
        name: What it is called here; of a download that was begun also the word for it.
        settings: Where sets are; read from the environment by default.

    Returns:
        Bytes that were freed.

    Raises:
        NotOpenError: If nothing of it is here.
        OutputError: If it cannot be removed.
    """
    from eex.catalog.removing import remove_named

    return sum(remove_named(name, settings or Settings.from_env()))


def _with(catalog: str | Path | Sequence[str | Path], settings: Settings) -> Settings:
    """Return settings with further catalogues, which are looked at first."""
    given = [catalog] if isinstance(catalog, str | Path) else list(catalog)
    paths = tuple(user_path(path) for path in given)
    for path in paths:
        records_at(path)
    return replace(settings, catalogs=(*settings.catalogs, *paths)) if paths else settings
