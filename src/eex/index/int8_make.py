"""Rows of floats become int8 codes, and it is noted how far each moved.

A row's unit vector x is kept as `scale * code`, with |code| <= 127, and the length of what that
leaves of x. 12 bytes a row come on top of the codes: the scale, the error, and 1 / length of the
stored row, so that whoever scores it exactly need not read every row for that.

Source:
    Symmetric uniform quantisation by the largest component, as for signals (Gersho and Gray, Vector
    Quantization and Signal Compression, 1992, section 5.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eex.errors import BadQueryError
from eex.index.exact import ExactIndex
from eex.index.integer_queries import checked_length
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eex.index.engines import Building

LARGEST = 127
"""Of a code's numbers; -128 is not used, so that both signs are alike."""

BATCH_BYTES = 8 * 2**20
"""Bytes of float64 made at a time."""

FLOAT64_SLACK = 2.0**-40
"""More than what arithmetic in float64 can move a length of about one."""

FILES = ("codes.npy", "scales.npy", "errors.npy", "inverse_lengths.npy")
"""In the order of `Codes`."""


class Codes(NamedTuple):
    """Rows as int8; row i is `scales[i] * codes[i]`, of length about 1."""

    codes: NDArray[np.int8]
    """Shape (N, dim)."""
    scales: NDArray[np.float32]
    """Shape (N,); NaN where a row cannot rank."""
    errors: NDArray[np.float32]
    """Shape (N,): the length of (unit vector - coded vector), rounded up; 0 where none can rank."""
    inverse_lengths: NDArray[np.float32]
    """Shape (N,), as `ExactIndex.inverse_lengths` of the stored rows."""


def coded(vectors: NDArray[Any]) -> Codes:
    """Return the codes of rows of floats, shape (n, dim); takes 30 times their float16 size."""
    inverse_lengths = ExactIndex(vectors, threads=1).inverse_lengths
    good = ~np.isnan(inverse_lengths)
    with np.errstate(all="ignore"):  # damaged rows
        wide = np.where(good[:, None], vectors.astype(np.float64), 0.0)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    units = wide / np.where(good, lengths, 1.0)[:, None]
    scales = (np.abs(units).max(axis=1, initial=0.0) / LARGEST).astype(np.float32)
    steps = np.where(good, scales, np.float32(1)).astype(np.float64)[:, None]
    codes = np.clip(np.rint(units / steps), -LARGEST, LARGEST)
    left = units - steps * codes
    errors = np.sqrt(np.einsum("ij,ij->i", left, left)) + FLOAT64_SLACK
    return Codes(
        codes.astype(np.int8),
        np.where(good, scales, np.float32(np.nan)),
        np.where(good, np.nextafter(errors.astype(np.float32), np.float32(np.inf)), np.float32(0)),
        inverse_lengths,
    )


def build_int8(building: Building) -> None:
    """Write the codes of a set into the folder, a few megabytes at a time.

    Raises:
        BadQueryError: If the set's vectors are int8 already.
        ShapeError: If they are too long.
        CancelledError: If the search should stop, see `eex.stopping`.
    """
    vectors = building.embeddings.vectors
    if vectors.dtype.kind == "i":
        message = "The vectors of this set are int8 already: codes of them would gain nothing."
        raise BadQueryError(message, hint="Search it with the index 'exact'.")
    rows, dim = vectors.shape
    checked_length(dim)
    shapes = ((rows, dim), (rows,), (rows,), (rows,))
    kept = [_made(building.folder / n, shape) for n, shape in zip(FILES, shapes, strict=True)]
    step = max(1, BATCH_BYTES // (8 * dim))
    for low in range(0, rows, step):
        check_stopped()
        some = coded(np.asarray(vectors[low : low + step]))
        parts = (some.codes, some.scales, some.errors, some.inverse_lengths)
        for whole, part in zip(kept, parts, strict=True):
            whole[low : low + step] = part
        building.progress(min(low + step, rows), rows)
    for whole in kept:
        if isinstance(whole, np.memmap):
            whole.flush()


def _made(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the numbers of a new file, mapped: int8 for a matrix, otherwise float32."""
    dtype = np.int8 if len(shape) > 1 else np.float32
    if not shape[0]:  # nothing cannot be mapped
        np.save(path, np.empty(shape, dtype))
        return np.empty(shape, dtype)
    mapped: NDArray[Any] = np.lib.format.open_memmap(path, "w+", dtype, shape)
    return mapped
