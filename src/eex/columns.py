"""Columns of a table of tiles become arrays, or one sentence says why they cannot.

In: Arrow batches of tables that anybody may have written. Out: unit vectors, tile centres, values
that JSON can hold.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eex.errors import DamagedSetError, ShapeError

_HINT = "Make or download the set again; sets are written by eex, columns as in Major TOM."


def damaged(path: Path, what: str) -> DamagedSetError:
    """Return the error for a file that is not an embedding set, or not a whole one."""
    return DamagedSetError(f"{path} {what}.", hint=_HINT)


def unit_rows(vectors: NDArray[np.number[Any]]) -> NDArray[np.float32]:
    """Scale rows to unit length; rows that are zero or not finite become zero.

    Args:
        vectors: Shape (n, dim).
    """
    if vectors.ndim != 2:  # noqa: PLR2004
        message = f"Expected (rows, dim), got {vectors.shape}."
        raise ShapeError(message)
    rows = vectors.astype(np.float64)
    rows[~np.isfinite(rows).all(axis=1)] = 0
    if vectors.dtype == np.float64:  # by powers of two, so that no square overflows or vanishes
        _, exponent = np.frexp(np.abs(rows).max(axis=1, initial=0, keepdims=True))
        rows = np.ldexp(rows, -exponent)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0).astype(np.float32)


def vectors_of(batch: pa.RecordBatch, dim: int, path: Path) -> NDArray[np.number[Any]]:
    """Return the column `embedding`, shape (rows, dim), as stored; null numbers become NaN.

    Raises:
        DamagedSetError: If it does not hold `dim` numbers for every row of the file at `path`.
    """
    import pyarrow.compute as pc

    column, kind = batch["embedding"], batch["embedding"].type
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_list(kind) for is_list in lists) or not _is_number(kind.value_type):
        raise damaged(path, f"has {kind} in `embedding`, where lists of numbers belong")
    lengths = pc.list_value_length(column)
    if lengths.null_count or not pc.all(pc.equal(lengths, dim)).as_py():
        raise damaged(path, f"has vectors that are not of length {dim}")
    flat: NDArray[np.number[Any]] = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), dim)


def lonlat_of(batch: pa.RecordBatch, path: Path) -> NDArray[np.float64]:
    """Return the columns `centre_lon` and `centre_lat`, shape (rows, 2), degrees.

    Raises:
        DamagedSetError: If one is missing or not on the globe for a row of the file at `path`.
    """
    columns = []
    for name, most in (("centre_lon", 180), ("centre_lat", 90)):
        if not _is_number(batch[name].type):
            raise damaged(path, f"has {batch[name].type} in `{name}`, where degrees belong")
        degrees = batch[name].to_numpy(zero_copy_only=False).astype(np.float64)  # NaN where null
        if not (np.abs(degrees) <= most).all():
            raise damaged(path, f"has tiles whose `{name}` is missing or beyond {most} degrees")
        columns.append(degrees)
    return np.column_stack(columns)


def record_of(table: pa.Table, row: int) -> dict[str, Any]:
    """Return one row as values that JSON can hold, without those that are empty or binary."""
    record = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        value = column.slice(row, 1)
        if pa.types.is_temporal(column.type):
            value = value.cast(pa.string())
        record[name] = _json_value(value[0].as_py())
    return {name: value for name, value in record.items() if value is not None}


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _json_value(value: object) -> object:
    if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, dict):
        return {str(key): _json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
