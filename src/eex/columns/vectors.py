"""A column of vectors becomes an array, in the number format that it is stored in.

Read are lists of any kind, of fixed length or not, nested (flattened, row-major), and tensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eex.columns.said import damaged
from eex.errors import DamagedSetError, ShapeError

FORMATS: dict[Any, np.dtype[Any]] = {
    pa.float16(): np.dtype("<f2"),
    pa.float32(): np.dtype("<f4"),
    pa.float64(): np.dtype("<f8"),
    pa.int8(): np.dtype("i1"),
}
"""Number formats that vectors are stored in."""


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


def number_format(kind: pa.DataType, name: str, path: Path | str) -> np.dtype[Any]:
    """Return the number format of a column of vectors.

    Args:
        kind: Type of the column.
        name: Of the column, for messages.
        path: Of the table, for messages.

    Raises:
        DamagedSetError: If it holds no lists of float16, float32, float64 or int8.
    """
    number = kind
    while (inner := _inside(number)) is not None:
        number = inner
    if number is kind or not (pa.types.is_floating(number) or pa.types.is_integer(number)):
        raise damaged(path, f"has {kind} in `{name}`, where lists of numbers belong")
    if number not in FORMATS:
        hint = "Convert them to int8 and say scale and offset, or to float32."
        raise damaged(path, f"has vectors of {number} in `{name}`, which are not read", hint=hint)
    return FORMATS[number]


def vectors_of(
    column: pa.Array, name: str, path: Path | str, *, dim: int = 0
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the vectors of a column as stored, and which rows lack theirs, or a number of it.

    Args:
        column: Of a batch.
        name: Of the column, for messages.
        path: Of the table, for messages.
        dim: Length of a vector; 0 if it is not known yet.

    Returns:
        Shape (rows, dim), read-only where nothing had to be copied, and shape (rows,). Rows that
        lack theirs are zero. dim is 0 if it is not known and every row lacks its vector.

    Raises:
        DamagedSetError: If they are not lists of numbers of one length, `dim` where it is given.
    """
    dtype = number_format(column.type, name, path)
    missing = np.asarray(column.is_null())
    rows = len(column)
    column = _storage(column)
    lengths = np.where(missing, 0, _lengths(column))
    missing |= lengths == 0
    column = column.filter(pa.array(~missing)) if missing.any() else column
    flat, share = column, 1
    while _inside(flat.type) is not None:
        before = len(flat)
        flat = _storage(flat).flatten()
        if before and len(flat) % before:
            raise _uneven(path, dim, lengths)
        share *= len(flat) // before if before else 1
    here = len(column)
    if not here:
        return np.zeros((rows, dim), dtype), missing
    if share * here != len(flat) or (dim and share != dim) or _differ(column):
        raise _uneven(path, dim, lengths)
    whole, holes = _numbers(flat, dtype)
    values = whole.reshape(here, share)
    if here == rows and holes is None:
        return values, missing
    out = np.zeros((rows, share), dtype)
    out[~missing] = values
    if holes is not None:
        lacking = np.flatnonzero(~missing)[holes.reshape(here, share).any(axis=1)]
        out[lacking] = 0
        missing[lacking] = True
    return out, missing


def _storage(column: pa.Array) -> pa.Array:
    while isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_list_view(column.type) or pa.types.is_large_list_view(column.type):
        return column.cast(pa.large_list(column.type.value_type))
    return column


def _inside(kind: pa.DataType) -> pa.DataType | None:
    """Return what a list holds; None for what is no list."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    ):
        return kind.value_type
    return None


def _lengths(column: pa.Array) -> NDArray[np.int64]:
    import pyarrow.compute as pc

    found = pc.list_value_length(column)
    return np.asarray(pc.fill_null(found, 0).to_numpy(zero_copy_only=False), np.int64)


def _differ(column: pa.Array) -> bool:
    """Whether lists of one level have several lengths, or one is missing inside a vector."""
    while _inside(column.type) is not None:
        column = _storage(column)
        lengths = _lengths(column)
        if column.null_count or (lengths.size and lengths.min() != lengths.max()):
            return True
        column = column.flatten()
    return False


def _numbers(flat: pa.Array, dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the numbers of an array, and where they are null (None if nowhere)."""
    holes = np.asarray(flat.is_null()) if flat.null_count else None
    values = np.frombuffer(flat.buffers()[1], dtype, len(flat), flat.offset * dtype.itemsize)
    return values, holes


def _uneven(path: Path | str, dim: int, lengths: NDArray[np.int64]) -> DamagedSetError:
    found = sorted(set(lengths[lengths > 0].tolist()))
    if dim:
        return damaged(path, f"has vectors that are not of length {dim}")
    shown = ", ".join(map(str, found[:5]))
    return damaged(path, f"has vectors that are not of one length: {shown}")
