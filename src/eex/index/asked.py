"""What was asked, checked: every index refuses the same things in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sized

    from numpy.typing import ArrayLike, NDArray


def unit_rows(queries: ArrayLike, dim: int) -> NDArray[np.float64]:
    """Return queries at length 1, float64, shape (n, dim).

    Raises:
        ShapeError: If `queries` has not the shape (n, dim).
        BadQueryError: If one is zero or not finite.
    """
    wide = np.asarray(queries, np.float64)
    if wide.ndim != 2 or wide.shape[1] != dim:  # noqa: PLR2004
        message = f"Queries must have shape (n, {dim}), got {wide.shape}."
        raise ShapeError(message, hint="Were they made by the model that made these vectors?")
    largest = np.abs(wide).max(axis=1, initial=0.0, keepdims=True)
    if not np.isfinite(largest).all() or not largest.all():
        message = "A query vector is zero or not finite, so nothing is near to it."
        raise BadQueryError(message, hint="Do the parts of the query cancel each other out?")
    scaled = wide / largest  # so that squares neither overflow nor vanish
    return np.asarray(scaled / np.linalg.norm(scaled, axis=1, keepdims=True))


def unit_row(query: ArrayLike, dim: int) -> NDArray[np.float64]:
    """Return one query at length 1, float64, shape (dim,); raises as `unit_rows`."""
    if np.shape(query) != (dim,):
        message = f"A query must have shape ({dim},), got {np.shape(query)}."
        raise ShapeError(message, hint="Was it made by the model that made these vectors?")
    unit: NDArray[np.float64] = unit_rows(np.asarray(query)[None], dim)[0]
    return unit


def checked_k(k: int) -> int:
    """Return `k`; raise BadQueryError if it is not a whole number of at least 1."""
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        message = f"k must be a whole number of at least 1, got {k!r}."
        raise BadQueryError(message, hint="Try k=10.")
    return int(k)


def checked_mask(mask: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Return `mask`; raise ShapeError if it is not `size` booleans."""
    if mask.shape != (size,) or mask.dtype != np.bool_:
        message = f"A mask must be {size} booleans, got {mask.dtype} of shape {mask.shape}."
        raise ShapeError(message, hint="Give one True or False for each row.")
    return mask


def checked_out(out: NDArray[np.float32] | None, size: int) -> NDArray[np.float32]:
    """Return where scores go, made here if None; raise ShapeError if it is not `size` float32."""
    if out is None:
        return np.empty(size, np.float32)
    if out.shape != (size,) or out.dtype != np.float32:
        message = f"The result must be float32 of shape ({size},), got {out.shape}."
        raise ShapeError(message, hint="Leave `out` away to have one made.")
    return out


def checked_rows(rows: ArrayLike, size: int) -> NDArray[np.int64]:
    """Return rows, int64, shape (n,); raise ShapeError if one is none of `size` rows."""
    wanted = np.atleast_1d(np.asarray(rows))
    if wanted.size == 0:
        return np.empty(0, np.int64)
    outside = wanted.dtype.kind not in "iu" or wanted.min() < 0 or wanted.max() >= size
    if wanted.ndim != 1 or outside:
        message = f"Rows must be whole numbers from 0 to {size - 1}, one after another."
        raise ShapeError(message, hint="Use the rows that a search of this set returned.")
    return wanted.astype(np.int64)


def checked_each(units: Sized, k: Sized, masks: Sized) -> None:
    """Raise ShapeError if there is not one `k` and one mask for each query."""
    if not len(units) == len(k) == len(masks):
        message = f"{len(units)} queries came with {len(k)} numbers k and {len(masks)} masks."
        raise ShapeError(message, hint="Give one k and one mask, or None, for each query.")
