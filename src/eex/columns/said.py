"""What is said of a table that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.errors import DamagedSetError

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = b"eex:file"
"""Key of a batch's metadata that says where it is from."""

_HINT = (
    "Make or download it again. Read are Parquet tables with a vector and a place in each row; "
    "columns of other names than the usual are named: --column embedding=NAME --column lon=NAME "
    "--column lat=NAME."
)


def damaged(path: Path | str, what: str, *, hint: str = _HINT) -> DamagedSetError:
    """Return the error for a table that is not an embedding set, or not a whole one."""
    return DamagedSetError(f"{path} {what}.", hint=hint)


def said_of(batch: pa.RecordBatch, path: Path | str) -> pa.RecordBatch:
    """Return a batch that knows which file it is from, where a set has several."""
    return batch.replace_schema_metadata({**(batch.schema.metadata or {}), _FILE: str(path)})


def file_of(batch: pa.RecordBatch, path: Path | str) -> Path | str:
    """Return the file that a batch is from; `path` where it does not know."""
    told = (batch.schema.metadata or {}).get(_FILE)
    return path if told is None else told.decode()


def reason(error: Exception) -> str:
    """Return the first line of an error, without its full stop."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
