"""open_set(): a set by name, hub id, address or path becomes one that answers queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eex.catalog.known import open_embeddings
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
from eex.encoders.pool import EncoderPool
from eex.errors import BadQueryError
from eex.files import user_path
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
    called: str = "",
    large: bool = False,
    fetch: bool = True,
    settings: Settings | None = None,
    progress: Progress | None = None,
    pool: EncoderPool | None = None,
    weights: str | Path | None = None,
    offsets: str | Path | None = None,
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
        called: What to call it here; needed for a second part of one set.
        large: Fetch more than 10 GB.
        fetch: False opens only what is here.
        settings: Where the cache is; read from the environment by default.
        progress: Called with bytes while files are fetched, with rows while a set is prepared.
        pool: Where its encoder is loaded, so that several sets share models and memory.
        weights: File or folder of its model's weights; by default those that were fetched.
        offsets: Side index of where the tiles' pixels lie (`eex set offsets`); by default the one
            in the set's folder, or beside its file.

    Raises:
        UnknownNameError: If there is no such set.
        NotOpenError: If it is not here and `fetch` is False.
        BadQueryError: If the part is none, or another part of it is open under this name.
        LargeSetError: If more than 10 GB would be fetched.
        DownloadError: If it cannot be fetched.
        SetError: If its file is missing or damaged.
        OutputError: If the cache cannot be written, or the disk has no room.
    """
    settings = settings or Settings.from_env()
    wish = Wish(
        selection=selection_of(bbox, rows, shards), dtype=dtype, columns=dict(columns or {})
    )
    if not fetch and (wish != Wish() or source or called):
        message = "A part of a set, or another format, can only be opened with fetch=True."
        raise BadQueryError(message, hint=f"eex open {name} makes it; then open it by its name.")
    embeddings = open_embeddings(
        name,
        settings=settings,
        progress=progress,
        fetch=fetch,
        wish=wish,
        called=called,
        source=source,
        large=large,
    )
    beside = None if offsets is None else user_path(offsets)
    return OpenSet(
        called or str(name), embeddings, settings, pool=pool, weights=weights, offsets=beside
    )
