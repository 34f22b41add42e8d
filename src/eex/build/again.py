"""A finished set that is asked for again: it takes a new title, and says what it keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eex.build.append import header_at
from eex.build.collection import collection_path
from eex.build.result import stored_format
from eex.errors import BadQueryError, DamagedSetError, SetNotFoundError
from eex.files import atomic_path, guarded, write_bytes

if TYPE_CHECKING:
    from eex.build.asked import Asked
    from eex.embeddings import SetHeader


def take_title(files: Sequence[Path], title: str) -> tuple[str, ...]:
    """Give finished sets a title, and their collections; rows and vectors stay.

    Args:
        files: The sets.
        title: What was asked for; empty: nothing.

    Returns:
        What was changed, in sentences.

    Raises:
        DamagedSetError: If a set does not say how it was made.
        OutputError: If the disk refuses; each file is the old or the new one.
    """
    said = []
    for file in files if title else ():
        header = header_at(file)
        if header.title != title:
            _rewrite(file, replace(header, title=title))
            said.append(f"{file} is now called {title}; it was {header.title}.")
        _name_collection(file, title)
    return tuple(said)


def as_it_is(files: Sequence[Path], asked: Asked) -> Asked:
    """Return what is asked of a set that is made again: title and format stay unless others are.

    Args:
        files: What an earlier run of the same build made.
        asked: What is asked now.
    """
    with suppress(SetNotFoundError, DamagedSetError, BadQueryError):
        title = asked.title or header_at(files[0]).title
        return replace(asked, title=title, dtype=asked.dtype or stored_format(files[0]))
    return asked


def format_kept(files: Sequence[Path], asked: Asked) -> tuple[str, ...]:
    """Return in sentences which sets have not the number format that was asked for.

    Args:
        files: Finished sets.
        asked: What was asked for.
    """
    said = []
    for file in files if asked.dtype else ():
        stored = stored_format(file)
        if stored == asked.dtype:
            continue
        if asked.append is not None:
            how = ", as the set that was added to has them"
        elif stored == "float32":
            how = f". For {asked.dtype}: eex set write {file} --dtype {asked.dtype} -o NEW.parquet"
        else:
            how = f". For {asked.dtype}, build it anew: the same command with --fresh or another -o"
        said.append(f"Vectors of {file} stay {stored}{how}.")
    return tuple(said)


def _rewrite(path: Path, header: SetHeader) -> None:
    """Write a set with another header, one row group at a time."""
    import pyarrow.parquet as pq

    from eex.geoparquet.write import ROW_GROUP, parquet_writer

    with (
        guarded(f"writing {path}"),
        atomic_path(path) as fresh,
        pq.ParquetFile(path) as file,
    ):
        metadata = {**(file.schema_arrow.metadata or {}), b"emb": header.to_json().encode()}
        schema = file.schema_arrow.with_metadata(metadata)
        geo = json.loads(metadata[b"geo"])["columns"]["geometry"]
        with parquet_writer(fresh, schema, geo["encoding"].lower()) as writer:
            for number in range(file.num_row_groups):
                group = file.read_row_group(number).replace_schema_metadata(metadata)
                writer.write_table(group, row_group_size=ROW_GROUP)


def _name_collection(path: Path, title: str) -> None:
    """Have the collection beside a set say its title and its size."""
    beside = collection_path(path)
    if not beside.is_file():
        return
    before = beside.read_bytes()
    record = json.loads(before)
    record["title"] = title
    record["assets"]["embeddings"] |= {"title": title, "file:size": path.stat().st_size}
    text = f"{json.dumps(record, ensure_ascii=False, indent=1)}\n".encode()
    if text != before:
        write_bytes(beside, text)
