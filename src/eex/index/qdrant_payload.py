"""What a set becomes in Qdrant: vectors of length 1 by row, and a payload that can be filtered by.

    {"centre": {"lon": 11.2, "lat": 46.5}, "time": 1672531200000000, "day": 101, "cloud": 3.5,
     "columns": {"grid_cell": "454U_123R", "cloud_cover": 3.5}}

`time` is microseconds since 1970 in UTC, `day` month x 100 + day. What is unknown is left out.
Booleans are 0 and 1: in qdrant-edge-py 0.9 a condition on True is one on the number 1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa
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

LONG_TEXT = 100
"""Columns whose texts have more bytes than this on average, such as addresses, are left out unless
they are asked for."""

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
    def read(cls, folder: Path) -> tuple[Uploaded, NDArray[np.int64], dict[str, Any]]:
        """Return what `write` wrote: the record, the rows left out, and more."""
        record = json.loads((folder / RECORD).read_bytes())
        known = {name: record.pop(name) for name in cls.__dataclass_fields__}
        return cls(**known), np.load(folder / LEFT_OUT), record


def path_of(column: str) -> str:
    """Return where the payload has a column of the set, as Qdrant writes such a path."""
    return f'columns."{column}"'


def to_upload(embeddings: EmbeddingSet, columns: str) -> Uploaded:
    """Return what of a set is to be uploaded.

    Args:
        embeddings: The set.
        columns: `auto` for numbers, booleans, times and short texts; `all`, `none`, or names with
            commas between.

    Raises:
        BadQueryError: If a column that is asked for is not there or cannot be uploaded.
    """
    from eex.filters.columns import VIRTUAL, Slice, cloud_column, columns_of, time_column

    kinds = columns_of(embeddings)
    virtual = [name for name in VIRTUAL if name not in embeddings.rows.column_names]
    whole = Slice(embeddings, kinds, 0, len(embeddings))
    offered = {
        name: kind
        for name, kind in kinds.items()
        if kind in ("number", "text", "boolean", "time") and name not in virtual
    }
    cloud = cloud_column(kinds)
    return Uploaded(
        placed=placed(embeddings.lonlat),
        named="lon" in virtual and "lat" in virtual,
        time=bool(time_column(kinds)) and _safe(whole.times),
        cloud=bool(cloud) and bool(_kind(whole.column(cloud), kinds[cloud])),
        columns=_chosen(whole, offered, columns),
    )


def _chosen(whole: Slice, offered: Mapping[str, str], asked: str) -> dict[str, str]:
    """Return which columns are uploaded, and what they hold."""
    names = list(offered)
    if asked not in ("auto", "all", "none"):
        names = [name.strip() for name in asked.split(",") if name.strip()]
    found: dict[str, str] = {}
    for name in names if asked != "none" else ():
        kind = ""
        if name in offered and '"' not in name and "\\" not in name:  # which paths cannot say
            kind = _kind(whole.column(name), offered[name])
        if kind and not (asked == "auto" and kind == "text" and _long(whole.column(name))):
            found[name] = kind
        elif asked not in ("auto", "all"):
            message = f"The column {name!r} cannot be uploaded."
            raise BadQueryError(message, hint=f"The set has: {', '.join(offered)}.")
    return found


def placed(lonlat: NDArray[np.float64]) -> bool:
    """Return whether Qdrant takes every place, shape (n, 2), that is known."""
    known = np.isfinite(lonlat).all(axis=1)
    outside = (np.abs(lonlat) > ENDS).any(axis=1)
    half = np.isfinite(lonlat).any(axis=1) & ~known
    return not ((known & outside) | half).any()


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
    from eex.index.engines import Opening
    from eex.index.plain import open_exact

    rankable = open_exact(Opening(embeddings=embeddings)).rankable
    step = max(1, batch_bytes // (4 * embeddings.header.dim))
    extra = _Known(embeddings, known)
    for low in range(0, len(embeddings), step):
        high = min(len(embeddings), low + step)
        ranks = rankable[low:high]
        rows = low + np.flatnonzero(ranks)
        wide = _wide(embeddings, low, high)[ranks]
        units = _at_length_one(wide)
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


def _wide(embeddings: EmbeddingSet, low: int, high: int) -> NDArray[np.float64]:
    wide = np.asarray(embeddings.vectors[low:high]).astype(np.float64)
    if embeddings.vectors.dtype.kind == "i":
        wide = wide * embeddings.header.scale + embeddings.header.offset
    return wide


def _at_length_one(wide: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return np.asarray(wide / lengths[:, None])


def _kind(array: pa.Array, kind: str) -> str:
    """Return text, integer, float, boolean or time; nothing for what Qdrant compares inexactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind in ("text", "boolean"):
        return kind
    if pa.types.is_floating(array.type):
        return "" if pc.any(pc.is_inf(array)).as_py() else "float"
    if not (pa.types.is_integer(array.type) or pa.types.is_timestamp(array.type)):
        return ""
    ends = pc.min_max(array.cast(pa.int64())).as_py()
    if ends["min"] is not None and max(abs(ends["min"]), abs(ends["max"])) >= SAFE:
        return ""
    return "integer" if pa.types.is_integer(array.type) else "time"


def _safe(times: NDArray[np.int64]) -> bool:
    from eex.filters.instants import UNKNOWN

    return bool((np.abs(times[times != UNKNOWN]) < SAFE).all())


def _long(array: pa.Array) -> bool:
    import pyarrow.compute as pc

    return bool((pc.mean(pc.binary_length(array)).as_py() or 0) > LONG_TEXT)
