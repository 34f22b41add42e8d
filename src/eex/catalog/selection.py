"""Which part of a set is opened: a box, a stretch of rows, some of its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees; west > east crosses the antimeridian."""

HALF = 180.0
"""Degrees of longitude to either side."""

POLE = 90.0
"""Degrees of latitude to either side."""

DIGITS = 18
"""Most digits of a number of rows or files."""

_ROWS = re.compile(r"(\d{0,18}):(\d{0,18})")
_SHARDS = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A part of a set; all of it where nothing is said."""

    bbox: Box | None = None
    """Only tiles whose centre lies inside."""
    rows: tuple[int, int] | None = None
    """First row and the one after the last, counted over the files in the order of their names; -1
    as the latter is the end. The box is applied to what is left."""
    shards: tuple[int, ...] = ()
    """Numbers of files, from 1, in the order of their names; rows are then counted over these."""

    def __bool__(self) -> bool:
        return self.bbox is not None or self.rows is not None or bool(self.shards)

    @property
    def inside_files(self) -> bool:
        """Whether only a part of a file may be wanted."""
        return self.bbox is not None or self.rows is not None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; nothing for all of a set."""
        record: dict[str, Any] = {}
        if self.bbox is not None:
            record["bbox"] = list(self.bbox)
        if self.rows is not None:
            record["rows"] = list(self.rows)
        if self.shards:
            record["shards"] = list(self.shards)
        return record

    def words(self) -> str:
        """Return it for people."""
        said = []
        if self.bbox is not None:
            said.append("the box " + ", ".join(f"{edge:g}" for edge in self.bbox))
        if self.rows is not None:
            low, high = self.rows
            said.append(f"rows {low:,} to {'the end' if high < 0 else f'{high:,}'}")
        if self.shards:
            count = len(self.shards)
            said.append(f"{count} of its files" if count > 1 else f"file {self.shards[0]}")
        return ", ".join(said) or "all of it"


def selection_of(bbox: object = None, rows: object = None, shards: object = None) -> Selection:
    """Return what is meant by a box, rows and files, as people and programs write them.

    Args:
        bbox: Four numbers, or text such as "5.9,45.8,10.5,47.8".
        rows: Two numbers, a slice, or text such as "1000:2000", ":500" or "1000:".
        shards: Numbers from 1, or text such as "1,3-5".

    Raises:
        BadQueryError: If one is none of these; the hint shows how it is written.
    """
    return Selection(bbox=_box(bbox), rows=_rows(rows), shards=_shards(shards))


def inside(lonlat: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Return which places lie in a box, edges included; shape (n,)."""
    west, south, east, north = box
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    found = _between(lon, west, east)
    edge = np.abs(lon) == HALF
    if edge.any():  # 180 W and 180 E are one meridian
        found |= edge & _between(-lon, west, east)
    return found & (lat >= south) & (lat <= north)


def _between(lon: NDArray[np.float64], west: float, east: float) -> NDArray[np.bool_]:
    return (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)


def _box(value: object) -> Box | None:
    if value is None or (isinstance(value, str) and not value):
        return None
    parts: Sequence[Any] = ()
    if isinstance(value, str):
        parts = re.split(r"[,\s]+", value.strip())
    elif isinstance(value, Sequence | np.ndarray):
        parts = list(value)
    try:
        west, south, east, north = (float(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise _unread(value, "bbox", "four numbers: west,south,east,north") from error
    numbers = np.array([west, south, east, north])
    beyond = max(abs(west), abs(east)) > HALF or max(abs(south), abs(north)) > POLE
    if not np.isfinite(numbers).all() or beyond:
        raise _unread(value, "bbox", "degrees on the globe: west,south,east,north")
    if south > north:
        raise _unread(value, "bbox", "south before north; west > east crosses 180 degrees")
    return west, south, east, north


def _rows(value: object) -> tuple[int, int] | None:
    if value is None or (isinstance(value, str) and not value):
        return None
    low: Any
    high: Any
    match value:
        case str():
            told = _ROWS.fullmatch(value.strip())
            if told is None:
                raise _unread(value, "rows", "A:B, the first row and the one after the last")
            low, high = int(told[1] or 0), int(told[2]) if told[2] else -1
        case slice() if value.step in {None, 1}:
            low = 0 if value.start is None else value.start
            high = -1 if value.stop is None else value.stop
        case (first, last):
            low, high = first, last
        case _:
            raise _unread(value, "rows", "A:B, the first row and the one after the last")
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in (low, high))
    if not whole or low < 0 or (high != -1 and high <= low):
        raise _unread(value, "rows", "A:B with A below B, such as 0:100000")
    return int(low), int(high)


def _shards(value: object) -> tuple[int, ...]:
    if value is None or (isinstance(value, str | tuple | list) and not value):
        return ()
    wanted: set[int] = set()
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, int):
        parts = (parts,)
    if not isinstance(parts, Sequence | range | set | frozenset):
        raise _unread(value, "shards", "numbers of files, such as 1,3-5")
    for part in parts:
        told = _SHARDS.fullmatch(str(part).strip())
        if told is None:
            raise _unread(value, "shards", "numbers of files, such as 1,3-5")
        low = int(told[1])
        high = int(told[2] or low)
        if low < 1 or high < low or high - low >= 10**6:
            raise _unread(value, "shards", "numbers of files from 1, such as 1,3-5")
        wanted.update(range(low, high + 1))
    return tuple(sorted(wanted))


def _unread(value: object, what: str, wanted: str) -> BadQueryError:
    import reprlib

    message = f"{what} is {reprlib.repr(value)}, which is not understood."
    return BadQueryError(message, hint=f"Give {wanted}.")
