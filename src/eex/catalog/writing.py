"""The rows of found files that are wanted become an opened set, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from eex.catalog.fetching import FileProgress
from eex.catalog.finding import Found
from eex.catalog.header import header_for
from eex.catalog.joining import Join
from eex.catalog.notes import check_scaled
from eex.catalog.opened import (
    Opened,
    Source,
    folder_of,
    map_open,
    open_here,
    write_opened_note,
)
from eex.catalog.scene_refs import SceneRefs
from eex.catalog.selection import Selection
from eex.catalog.tables import Chosen, Table, batches_of, check_rows, nothing_there
from eex.catalog.targets import Target
from eex.catalog.wish import LARGE, Wish, too_large
from eex.errors import DamagedSetError
from eex.files import atomic_folder
from eex.sources.beside import save_scenes

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.config import Settings
    from eex.embeddings import SetHeader

RowProgress = Callable[[int, int], None]
"""Called with rows done and rows in all, 0 if not known."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a set, ready to be read."""

    found: Found
    """Where they are from."""
    tables: Sequence[Table]
    """Themselves."""
    sources: tuple[Source, ...]
    """What is written down of them."""
    stamp: str = ""
    """Of files of the user's own: sizes and times."""
    contents: str = ""
    """Which content those far away have."""
    downloads: str = ""
    """Folder of those that were fetched."""
    join: Join | None = None
    """What tells where pixels are, if the rows do not."""
    scenes: SceneRefs | None = None
    """Where the scenes are that rows were cut from."""
    counted: Callable[[], int] | None = None
    """Tells how many bytes have come by range."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be made of them."""

    name: str
    """What the set is called here."""
    text: str
    """What the user typed."""
    target: Target
    """What it means."""
    wish: Wish
    """Which part of it, and how."""
    request: str
    """Digest of both."""
    keep: bool
    """Whether fetched files are kept."""
    large: bool
    """Whether more than 10 GB may be fetched."""
    progress: FileProgress
    """Told how much of each file is here."""
    rows: RowProgress
    """Told how many rows are written."""
    settings: Settings
    """For folders."""


def write_set(files: Files, order: Order, *, started: float) -> Opened:
    """Write the opened form and what it was made from; what is there already stays.

    Args:
        files: Where rows come from.
        order: What is to be made.
        started: When opening began, by `time.perf_counter()`.

    Raises:
        BadQueryError: If no row is wanted.
        LargeSetError: If too much would come.
        DamagedSetError: If a file is no embedding table.
        OutputError: If the disk has no room or refuses.
    """
    from eex.embeddings import write_opened

    record, selection = files.found.record, order.wish.selection
    check_rows(files.tables, selection, order.name)
    columns = {**record.columns, **order.wish.columns}
    header = header_for(order.target, order.wish, files.tables[0].schema, name=order.name)
    if (order.wish.scale, order.wish.offset) != (None, None):
        check_scaled(order.wish, _format(files.tables[0].schema, columns, order.name), order.name)
    key = _key(files, order, header, columns)
    place = folder_of(order.name, order.settings) / key
    same = _there(order, key)
    if same is not None:
        return same
    shutil.rmtree(place, ignore_errors=True)
    chosen = Chosen()
    batches = batches_of(
        files.tables, selection, columns=columns, transposed=record.transposed, chosen=chosen
    )
    schema, watched = _schema(files.tables, columns, order.name), _watched(batches, files, order)
    if (join := files.join) is not None:
        schema, watched = join.schema(schema), map(join.add, watched)
    total = sum(table.metadata.num_rows for table in files.tables)
    with atomic_folder(place) as fresh:
        write_opened(
            fresh,
            watched,
            header=header,
            columns=columns,
            schema=schema,
            dtype=order.wish.dtype,
            transposed=record.transposed,
            path_for_messages=order.name,
            rows=_expected(selection, total),
            variable="EEX_SETS_DIR",
            progress=order.rows,
        )
        home = files.found.home
        opened = Opened(
            name=order.name,
            target=_again(order),
            identity=order.target.identity,
            request=order.request,
            key=key,
            wish=order.wish.to_json(),
            source=_source_name(files.found),
            repo=home.repo if home is not None else "",
            commit=files.found.commit,
            selection=selection.to_json(),
            files=files.sources,
            stamp=files.stamp,
            downloads=files.downloads if order.keep else "",
            bytes_read=files.counted() if files.counted else 0,
            places=join.note(keep=order.keep) if join is not None else {},
            rows_of=chosen.of,
            seconds=round(time.perf_counter() - started, 2),
            date=datetime.now(UTC).isoformat(),
        )
        if files.scenes is not None:
            save_scenes(fresh / "set", files.scenes.refs)
        write_opened_note(fresh, opened)
    return opened


def _key(files: Files, order: Order, header: SetHeader, columns: Mapping[str, str]) -> str:
    """Return what changes whenever the data does, or what is known of it."""
    from eex.embeddings.opened import OPENED_VERSION

    sources = [asdict(source) for source in files.sources]
    told = [order.request, files.found.commit, files.stamp, files.contents, OPENED_VERSION]
    if files.join is not None:
        told.append(files.join.mark)
    if files.scenes is not None:
        told.append(files.scenes.mark)
    known = [header.to_json(), sorted(columns.items()), files.found.record.transposed]
    return hashlib.sha256(json.dumps([told, known, sources]).encode()).hexdigest()[:16]


def _there(order: Order, key: str) -> Opened | None:
    """Return what is open already of the same data, if it is whole."""
    same = open_here(order.name, order.settings)
    if same is None or same.opened.key != key or same.opened.places.get("problem"):
        return None
    try:
        map_open(same)
    except DamagedSetError:
        return None
    return same.opened


def _watched(
    batches: Iterator[pa.RecordBatch], files: Files, order: Order
) -> Iterator[pa.RecordBatch]:
    """Refuse a part that is empty, or for which too much would come."""
    first = next(batches, None)
    if first is None:
        raise nothing_there(order.wish.selection, order.name)
    for batch in chain([first], batches):
        yield batch
        if files.counted is not None:
            came = files.counted()
            order.progress(f"{order.name} (by range)", came, 0)
            if came > LARGE and not order.large:
                raise too_large(order.name, came, "already")


def _again(order: Order) -> str:
    """Return the word by which the same set is found again, from any folder."""
    if order.target.known:
        return order.target.record.name
    if order.target.kind == "path":
        return order.target.record.files[0].name
    here = open_here(order.text, order.settings) if "/" not in order.text else None
    return order.text if here is None else here.opened.target


def _source_name(found: Found) -> str:
    if found.paths:
        one = found.paths[0].absolute()
        return str(one if len(found.paths) == 1 else one.parent)
    if found.home is None:
        return found.files[0].name
    return found.source.name if found.source is not None else found.home.hub


def _expected(selection: Selection, total: int) -> int:
    """Return how many rows there will be; 0 where only reading tells."""
    if selection.bbox is not None:
        return 0
    first, last = selection.rows or (0, -1)
    return (total if last < 0 else min(last, total)) - first


def _format(schema: pa.Schema, columns: Mapping[str, str], label: str) -> str:
    """Return the number format of the stored vectors."""
    from eex.columns.product import product_of
    from eex.columns.vectors import number_format

    name = product_of(schema, columns, path=label).embedding
    return number_format(schema.field(name).type, name, label).name


def _schema(tables: Sequence[Table], columns: Mapping[str, str], label: str) -> pa.Schema:
    """Return the columns of all files; each by its name, whatever their order."""
    from eex.columns.together import one_schema

    files = [(table.label, table.schema) for table in tables]
    hint = "Open them one by one: --file NAME, --shards N."
    return one_schema(files, columns, path=label, hint=hint)
