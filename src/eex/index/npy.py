"""Arrays of numpy that an engine wrote, read again: what does not fit is damaged, in words."""

from __future__ import annotations

from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

MAGIC = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
"""Versions of the format that numpy writes for plain numbers, and what reads their headers."""

BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, TypeError, KeyError)
BROKEN += (SyntaxError, TokenError, OverflowError, MemoryError, RecursionError)
"""What numpy and the parser of Python that it asks raise about headers that are none."""


def read_npy(
    path: Path, dtype: DTypeLike, shape: tuple[int, ...], *, hint: str = ""
) -> NDArray[Any]:
    """Return the array of a file, mapped, read-only.

    Args:
        path: Of a file in the format of numpy (NEP 1).
        dtype: Of its numbers.
        shape: It must have.
        hint: Of the error; the index is to be built again unless told.

    Raises:
        DamagedSetError: If it is not such a file, or holds less than it says.
    """
    wanted = np.dtype(dtype)
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            found, fortran, kind = MAGIC[version](file)
            begin = file.tell()
        if (found, kind, fortran and len(shape) > 1) != (shape, wanted, False):
            message = f"it holds {kind} of shape {found}, not {wanted} of shape {shape}"
            raise ValueError(message)
        if path.stat().st_size != begin + wanted.itemsize * int(np.prod(shape, dtype=object)):
            message = "it is not as long as it says"
            raise ValueError(message)
        if 0 in shape:  # nothing cannot be mapped
            return np.empty(shape, wanted)
        return np.memmap(path, wanted, "r", begin, shape)
    except BROKEN as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        message = f"{path} is damaged: {why or type(error).__name__}."
        raise DamagedSetError(
            message, hint=hint or "Build the index again, with --force."
        ) from error
