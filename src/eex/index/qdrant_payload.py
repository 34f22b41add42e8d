"""What a set becomes in Qdrant: vectors of length 1 by row, and a payload that can be filtered by.

    {"centre": {"lon": 11.2, "lat": 46.5}, "time": 1672531200000000, "day": 101, "cloud": 3.5,
     "columns": {"grid_cell": "454U_123R", "cloud_cover": 3.5}}

`time` is microseconds since 1970 in UTC, `day` month x 100 + day. What is unknown is left out.
Booleans are 0 and 1: in qdrant-edge-py 0.9 a condition on True is one on the number 1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError
from eex.index.asked import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.filters.columns import Slice

BATCH_BYTES = 2**20
"""Bytes of float32 vectors that are sent to a server at a time: about 5 MB of JSON, of which it
takes 32 MB."""

SHARD_BATCH_BYTES = 8 * 2**20
"""Bytes of float32 vectors that are written into a shard at a time."""

SAFE = 2**53
"""Whole numbers up to here are exact as float64, in which Qdrant compares ranges."""

ENDS = np.array([180.0, 90.0])
"""Where longitudes and latitudes end, degrees."""

RECORD = "uploaded.json"
"""File in the index's folder that says what was uploaded."""

LEFT_OUT = "left_out.npy"
"""File in the index's folder with the rows that were not, which never rank."""


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """What is known of the points in Qdrant."""

    lost: float = 0.0
    """Greatest distance between a vector of length 1 and what Qdrant stores of it."""
    placed: bool
    """Whether every place is either known there or not known at all."""
    named: bool
    """Whether `lon` and `lat` are those of the place in an expression: no column is called so."""
    time: bool
    """Whether times are there."""
    cloud: bool
    """Whether cloud cover is there."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column to text, integer, float, boolean or time."""

    def column(self, name: str) -> tuple[str, str] | None:
        """Return where a column of the set is in the payload, and what it holds."""
        if name in self.columns:
            return path_of(name), self.columns[name]
        if name in ("lon", "lat") and self.named and self.placed:
            return f"centre.{name}", "float"
        return None

    @property
    def fields(self) -> dict[str, str]:
        """Path in the payload to kind of index: geo, integer, float or keyword."""
        found = {"centre": "geo", "centre.lon": "float", "centre.lat": "float"}
        if self.time:
            found |= {"time": "integer", "day": "integer"}
        if self.cloud:
            found["cloud"] = "float"
        kinds = {"text": "keyword", "boolean": "integer", "time": "integer"}
        return found | {path_of(n): kinds.get(kind, kind) for n, kind in self.columns.items()}

    def write(self, folder: Path, left_out: NDArray[np.int64], **more: Any) -> None:  # noqa: ANN401
        """Write it into the index's folder."""
        text = json.dumps(asdict(self) | more, ensure_ascii=False, indent=1)
        (folder / RECORD).write_text(text, encoding="utf-8")
        np.save(folder / LEFT_OUT, left_out)

    @classmethod
    def read(cls, folder: Path, size: int) -> tuple[Uploaded, NDArray[np.int64], dict[str, Any]]:
        """Return what `write` wrote: the record, the rows left out of `size`, and more.

        Raises:
            DamagedSetError: If it is not what `write` writes.
        """
        try:
            record = json.loads((folder / RECORD).read_bytes())
            known = cls(**{name: record.pop(name) for name in cls.__dataclass_fields__})
            with (folder / LEFT_OUT).open("rb") as file:
                left_out = np.lib.format.read_array(file, allow_pickle=False)
            sound = known.sound and _rows_of(left_out, size)
        except Exception as error:  # numpy raises many kinds for damaged headers
            raise _damaged(folder, str(error)) from error
        if not sound:
            raise _damaged(folder, "it does not say what was uploaded")
        return known, left_out, record

    @property
    def sound(self) -> bool:
        """Whether all is of the kind it should be."""
        said = (self.placed, self.named, self.time, self.cloud)
        number = isinstance(self.lost, int | float) and 0 <= self.lost < np.inf
        texts = all(isinstance(text, str) for pair in self.columns.items() for text in pair)
        return number and texts and all(isinstance(one, bool) for one in said)


def _rows_of(rows: NDArray[Any], size: int) -> bool:
    """Return whether these are row numbers of so many rows, in order."""
    if rows.dtype != np.int64 or rows.ndim != 1:
        return False
    return bool((np.diff(rows) > 0).all() and (not rows.size or 0 <= rows[0] <= rows[-1] < size))


def _damaged(folder: Path, what: str) -> DamagedSetError:
    message = f"The index in {folder} is damaged: {what}."
    return DamagedSetError(message, hint="Build it again, with --force.")


def path_of(column: str) -> str:
    """Return where the payload has a column of the set, as Qdrant writes such a path."""
    return f'columns."{column}"'


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows that are next to each other, ready to be uploaded."""

    stop: int
    """The first row after them."""
    rows: NDArray[np.int64]
    """Those that can rank."""
    left_out: NDArray[np.int64]
    """Those that cannot."""
    units: NDArray[np.float32]
    """Their vectors at length 1, shape (len(rows), dim)."""
    lost: float
    """Greatest distance between a vector and what is stored of it."""
    payloads: list[dict[str, Any]]
    """What is known of them."""


def batches(
    embeddings: EmbeddingSet, known: Uploaded, *, half: bool, batch_bytes: int = BATCH_BYTES
) -> Iterator[Batch]:
    """Return a set in batches, in row order.

    Args:
        embeddings: The set; mapped, and read once.
        known: What is to be uploaded.
        half: Whether vectors are stored as float16; else as float32.
        batch_bytes: Of float32 vectors at a time.
    """
    step = max(1, batch_bytes // (4 * embeddings.header.dim))
    extra = _Known(embeddings, known)
    for low in range(0, len(embeddings), step):
        high = min(len(embeddings), low + step)
        ranks, units = _ranked(embeddings, low, high)
        rows = low + np.flatnonzero(ranks)
        stored = units.astype(np.float16 if half else np.float32).astype(np.float64)
        lost = np.linalg.norm(units - stored, axis=1).max(initial=0.0)
        yield Batch(
            stop=high,
            rows=rows,
            left_out=low + np.flatnonzero(~ranks),
            units=units.astype(np.float32),
            lost=float(lost),
            payloads=extra.payloads(low, high, rows - low),
        )


def _ranked(
    embeddings: EmbeddingSet, low: int, high: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which of some rows can rank, as the exact index says, and those at length 1.

    They are float64, from which it is told what storing them loses.
    """
    from eex.index.engines import Opening
    from eex.index.plain import open_exact
    from eex.index.stored import FloatRows, IntegerRows, Stored

    header, stored = embeddings.header, np.array(embeddings.vectors[low:high])
    first, last = np.searchsorted(embeddings.unusable, [low, high])
    unusable = np.asarray(embeddings.unusable[first:last]) - low
    some = replace(embeddings, vectors=stored, unusable=unusable)
    ranks = open_exact(Opening(embeddings=some)).rankable
    kind: Stored = FloatRows(stored.dtype)
    if stored.dtype.kind == "i":
        kind = IntegerRows(header.scale, header.offset)
    return ranks, unit_rows(kind.wide(stored[ranks]), header.dim)


class _Known:
    """What is known of rows, as Qdrant's payload."""

    def __init__(self, embeddings: EmbeddingSet, known: Uploaded) -> None:
        from eex.filters.columns import cloud_column, columns_of

        self._embeddings, self._known = embeddings, known
        self._kinds = columns_of(embeddings)
        self._cloud = cloud_column(self._kinds) if known.cloud else ""

    def payloads(self, low: int, high: int, among: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Return the payload of each of `among`, counted from `low`."""
        from eex.filters.columns import Slice

        rows = Slice(self._embeddings, self._kinds, low, high)
        found: list[dict[str, Any]] = [{} for _ in among]
        lonlat = np.asarray(rows.lonlat)[among]
        good = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat) <= ENDS).all(axis=1)
        for at in np.flatnonzero(good):
            found[at]["centre"] = {"lon": float(lonlat[at, 0]), "lat": float(lonlat[at, 1])}
        if self._known.time:
            _put_times(found, rows.times[among])
        if self._cloud:
            for one, value in zip(found, self._values(rows, self._cloud, among), strict=True):
                if value is not None:
                    one["cloud"] = float(value)
        for one in found if self._known.columns else ():
            one["columns"] = {}
        for name in self._known.columns:
            for one, value in zip(found, self._values(rows, name, among), strict=True):
                if value is not None:
                    one["columns"][name] = value
        return found

    def _values(self, rows: Slice, name: str, among: NDArray[np.int64]) -> list[Any]:
        import pyarrow as pa

        array = rows.column(name).take(pa.array(among))
        if pa.types.is_timestamp(array.type) or pa.types.is_boolean(array.type):
            array = array.cast(pa.int64())
        return list(array.to_pylist())


def _put_times(found: list[dict[str, Any]], times: NDArray[np.int64]) -> None:
    from eex.filters.instants import UNKNOWN, calendar

    _, month, day = calendar(np.where(times == UNKNOWN, 0, times))
    for at in np.flatnonzero(times != UNKNOWN):
        found[at]["time"] = int(times[at])
        found[at]["day"] = int(month[at] * 100 + day[at])
