"""Pixels of the best tiles, some read side by side; what cannot be had is told, not raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context, copy_context

from eex.errors import (
    BadPictureError,
    CancelledError,
    DamagedRemoteError,
    EexError,
    MissingExtraError,
    NoPixelsError,
    OfflineError,
    RemoteError,
    ShapeError,
    StoppedError,
    UnavailableError,
    UnknownNameError,
)
from eex.export.records import Result
from eex.ordered import in_order
from eex.stopping import check_stopped

SIDE_BY_SIDE = 4
"""Tiles that are read at once; two are written meanwhile."""

REASONS: tuple[tuple[tuple[type[EexError], ...], str], ...] = (
    ((OfflineError,), "The pixels are not here, and none are fetched now."),
    ((UnavailableError, StoppedError), "Where the pixels lie, nobody answers in time."),
    ((DamagedRemoteError, BadPictureError, ShapeError), "What lies there is not this tile."),
    ((RemoteError,), "The pixels cannot be had from where they lie."),
    ((NoPixelsError,), "The set does not say where the pixels of this tile are."),
    ((UnknownNameError,), "The set does not say how pixels are read."),
    ((MissingExtraError,), "GeoTIFFs need rasterio, which is not installed."),
)
"""What is said of a tile that is missing: addresses may be those of a network inside."""

Read = Callable[[Result], bytes]
"""Reads one tile into the bytes of a file."""


def read_chips(results: Sequence[Result], read: Read) -> Iterator[tuple[Result, bytes | EexError]]:
    """Yield the file of each tile in its turn, or why there is none.

    Raises:
        CancelledError: If nobody waits any more.
    """
    given = ((result, copy_context()) for result in results)

    def chip(one: tuple[Result, Context]) -> tuple[Result, bytes | EexError]:
        result, context = one
        return result, context.run(_read, read, result)

    yield from in_order(chip, given, threads=SIDE_BY_SIDE, ahead=SIDE_BY_SIDE + 1, name="eex-chips")


def reason(error: EexError) -> str:
    """Return in general words why a tile is missing."""
    told = (words for kinds, words in REASONS if isinstance(error, kinds))
    return next(told, "The pixels cannot be read.")


def chip_name(result: Result, count: int) -> str:
    """Return what a tile's file is called, in the order of ranks.

    Args:
        result: The tile.
        count: How many tiles there are.
    """
    called = re.sub(r"[^A-Za-z0-9_-]+", "_", result.id)[:60].strip("_") or f"row{result.row}"
    return f"{result.rank:0{max(3, len(str(count)))}d}-{called}.tif"


def _read(read: Read, result: Result) -> bytes | EexError:
    check_stopped()
    try:
        return read(result)
    except CancelledError:
        raise
    except EexError as error:
        return error
