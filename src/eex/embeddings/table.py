"""Parquet files are opened: their memory-mapped form is made in the cache where it is not there."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from eex.embeddings.header import SetHeader
from eex.embeddings.opened import OPENED_VERSION, EmbeddingSet, open_folder
from eex.embeddings.write import Progress, write_opened
from eex.errors import DamagedSetError, SetNotFoundError
from eex.files import atomic_folder, guarded, making

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_BYTES = 2**25
"""Bytes of a batch of rows, about: tables may have pictures beside their vectors."""

READ_BYTES = 2**20
"""Bytes of a column read at a time, so that a row group is never in memory as a whole."""


def open_table(
    path: Path | Sequence[Path],
    *,
    cache_dir: Path,
    header: SetHeader | None = None,
    columns: Mapping[str, str] | None = None,
    dtype: str = "",
    transposed: bool = False,
    progress: Progress | None = None,
) -> EmbeddingSet:
    """Open a set of Parquet files, making its memory-mapped form in the cache where it is not.

    One process makes it while others wait; forms of the files as they were before are removed.

    Args:
        path: A file, several files of one set, or a folder of files.
        cache_dir: Where opened sets lie.
        header: What the set says of itself; by default what the file says under the key `emb`, and
            if it says nothing, the file's name and the length of its vectors.
        columns: Role to name of a column where names are not the usual ones, see
            `eex.columns.product`.
        dtype: float16 or float32 to convert vectors to; empty keeps them as they are.
        transposed: Put centres right that were written with rows and columns mixed up.
        progress: Called with rows done and rows in all while it is made.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If a file is not a whole embedding table; the hint says how to map columns.
        BadQueryError: If `columns` or `dtype` is nothing that can be asked for.
        OutputError: If the cache cannot be written.
    """
    options = [header and asdict(header), sorted((columns or {}).items()), dtype, transposed]
    given = json.dumps(options)
    paths = files_of(path)
    name, key = _name_and_key(paths, given)
    folder = cache_dir / "opened"
    with suppress(DamagedSetError):
        return open_folder(folder / f"{name}-{key}", key=key)
    with guarded(f"opening {paths[0].name}"), making(folder / name):
        name, key = _name_and_key(paths, given)  # changed while another process held it?
        opened = folder / f"{name}-{key}"
        with suppress(DamagedSetError):
            return open_folder(opened, key=key)
        for older in folder.glob(f"{glob.escape(name)}-{'?' * len(key)}"):
            shutil.rmtree(older, ignore_errors=True)  # who has it mapped keeps it
        with atomic_folder(opened) as fresh:
            _convert(
                paths,
                fresh,
                header=header,
                columns=columns or {},
                dtype=dtype,
                transposed=transposed,
                progress=progress,
            )
        return open_folder(opened, key=key)


def files_of(path: Path | Sequence[Path]) -> list[Path]:
    """Return the Parquet files that are meant: themselves, or those in a folder, by name.

    Raises:
        SetNotFoundError: If there is none.
    """
    if not isinstance(path, Path):
        if not path:
            message = "No file is given, so there is no embedding set."
            raise SetNotFoundError(message, hint="Give the path of a Parquet file.")
        return list(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        message = f"There is no embedding set at {path}."
        raise SetNotFoundError(message, hint="eex sets lists what is known.") from error
    if not S_ISDIR(mode):
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in {".parquet", ".geoparquet"} and not file.name.startswith(".")
    )
    if not found:
        message = f"{path} holds no .parquet file, so no embedding set."
        raise SetNotFoundError(message, hint="Give the path of a GeoParquet file.")
    return found


def _name_and_key(paths: Sequence[Path], options: str) -> tuple[str, str]:
    """Return what the opened forms of files begin with, and what tells them from each other."""
    place, stamp = hashlib.sha256(options.encode()), hashlib.sha256(f"{OPENED_VERSION}".encode())
    for path in paths:
        try:
            stat = path.stat()
        except OSError as error:
            message = f"There is no embedding set at {path}."
            raise SetNotFoundError(message, hint="eex sets lists what is known.") from error
        if not S_ISREG(stat.st_mode):
            message = f"{path} is not a file, so no embedding set."
            raise SetNotFoundError(message, hint="Give the path of a GeoParquet file.")
        place.update(b"\0" + os.fsencode(path.resolve()))
        stamp.update(f"\n{stat.st_size}\n{stat.st_mtime_ns}".encode())
    stamp.update(place.digest())
    return f"{paths[0].stem[:40]}-{place.hexdigest()[:8]}", stamp.hexdigest()[:16]


def _convert(
    paths: Sequence[Path],
    folder: Path,
    *,
    header: SetHeader | None,
    columns: Mapping[str, str],
    dtype: str,
    transposed: bool,
    progress: Progress | None,
) -> None:
    import pyarrow as pa

    from eex.columns.said import damaged, reason

    try:
        tables = [(path, _footer(path)) for path in paths]
        write_opened(
            folder,
            _batches(tables),
            header=header or _header(tables),
            columns=columns,
            schema=_schema(tables, columns),
            dtype=dtype,
            transposed=transposed,
            path_for_messages=paths[0],
            rows=sum(footer.num_rows for _, footer in tables),
            progress=progress,
        )
    except pa.ArrowException as error:
        raise damaged(paths[0], f"is not a whole GeoParquet file: {reason(error)}") from error


def _footer(path: Path) -> pq.FileMetaData:
    import pyarrow.parquet as pq

    from eex.columns.said import damaged, reason

    try:
        return pq.read_metadata(path)
    except OSError as error:
        raise damaged(path, f"is not a whole GeoParquet file: {reason(error)}") from error


def _schema(
    tables: Sequence[tuple[Path, pq.FileMetaData]], columns: Mapping[str, str]
) -> pa.Schema:
    """Return the columns of all files; each by its name, whatever their order."""
    from eex.columns.together import one_schema

    files = [(path, footer.schema.to_arrow_schema()) for path, footer in tables]
    hint = "Open the files one by one."
    return one_schema(files, columns, path=tables[0][0].parent, hint=hint)


def _header(tables: Sequence[tuple[Path, pq.FileMetaData]]) -> SetHeader:
    """Return what the first file says of the set, or what its name does."""
    path, footer = tables[0]
    metadata = footer.schema.to_arrow_schema().metadata or {}
    told = SetHeader.told_by(metadata[b"emb"]) if b"emb" in metadata else None
    return told or SetHeader(id=path.stem, title=path.stem, model="", dim=0)


def _batches(tables: Sequence[tuple[Path, pq.FileMetaData]]) -> Iterator[pa.RecordBatch]:
    """Read file after file; a column is never in memory as a whole."""
    import pyarrow.parquet as pq

    from eex.columns.said import damaged, reason, said_of
    from eex.embeddings.write import BATCH

    for path, footer in tables:
        groups = (footer.row_group(i) for i in range(footer.num_row_groups))
        each = sum(group.total_byte_size for group in groups) / max(1, footer.num_rows)
        rows = int(min(BATCH, max(1, BATCH_BYTES / max(1, each))))
        try:
            with pq.ParquetFile(
                path, metadata=footer, buffer_size=READ_BYTES, pre_buffer=False
            ) as file:
                for batch in file.iter_batches(batch_size=rows):
                    yield said_of(batch, path)
        except OSError as error:
            raise damaged(path, f"is not a whole GeoParquet file: {reason(error)}") from error
