"""Which columns of a set go into Qdrant: those that it compares exactly as we do.

They are looked at a slice of rows at a time, and no further than to the first proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError
from eex.index.qdrant_payload import ENDS, SAFE, Uploaded
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.filters.columns import Slice

SLICE = 1 << 16
"""Rows looked at at a time."""

LONG_TEXT = 100
"""Columns whose texts have more bytes than this on average, such as addresses, are left out unless
they are asked for."""


def to_upload(embeddings: EmbeddingSet, columns: str) -> Uploaded:
    """Return what of a set is to be uploaded.

    Args:
        embeddings: The set.
        columns: `auto` for numbers, booleans, times and short texts; `all`, `none`, or names with
            commas between.

    Raises:
        BadQueryError: If a column that is asked for is not there or cannot be uploaded.
        CancelledError: If the work should stop.
    """
    from eex.filters.columns import VIRTUAL, cloud_column, columns_of, time_column

    kinds = columns_of(embeddings)
    virtual = [name for name in VIRTUAL if name not in embeddings.rows.column_names]
    looked = _Looked(embeddings, kinds)
    offered = {
        name: kind
        for name, kind in kinds.items()
        if kind in ("number", "text", "boolean", "time") and name not in virtual
    }
    cloud = cloud_column(kinds)
    return Uploaded(
        placed=all(placed(np.asarray(rows.lonlat)) for rows in looked.slices()),
        named="lon" in virtual and "lat" in virtual,
        time=bool(time_column(kinds)) and all(_safe(rows.times) for rows in looked.slices()),
        cloud=bool(cloud) and bool(looked.kind(cloud)),
        columns=_chosen(looked, offered, columns),
    )


def _chosen(looked: _Looked, offered: Mapping[str, str], asked: str) -> dict[str, str]:
    """Return which columns are uploaded, and what they hold."""
    names = list(offered)
    if asked not in ("auto", "all", "none"):
        names = [name.strip() for name in asked.split(",") if name.strip()]
    found: dict[str, str] = {}
    for name in names if asked != "none" else ():
        kind = ""
        if name in offered and '"' not in name and "\\" not in name:  # which paths cannot say
            kind = looked.kind(name)
        if kind and not (asked == "auto" and kind == "text" and looked.long(name)):
            found[name] = kind
        elif asked not in ("auto", "all"):
            message = f"The column {name!r} cannot be uploaded."
            raise BadQueryError(message, hint=f"The set has: {', '.join(offered)}.")
    return found


class _Looked:
    """The columns of a set, looked at in slices."""

    def __init__(self, embeddings: EmbeddingSet, kinds: Mapping[str, str]) -> None:
        self._embeddings, self._kinds = embeddings, kinds

    def slices(self) -> Iterator[Slice]:
        """Yield all rows, some at a time; at least one slice, which may have none."""
        from eex.filters.columns import Slice, columns_of

        kinds, size = columns_of(self._embeddings), len(self._embeddings)
        for start in range(0, max(1, size), SLICE):
            check_stopped()
            yield Slice(self._embeddings, kinds, start, min(start + SLICE, size))

    def kind(self, name: str) -> str:
        """Return text, integer, float, boolean or time; nothing for what compares inexactly."""
        found = ""
        for rows in self.slices():
            array = rows.column(name)
            found = _kind(array.type, self._kinds[name])
            if found in ("", "text", "boolean"):
                return found
            if not _exact(array):
                return ""
        return found

    def long(self, name: str) -> bool:
        """Return whether the texts of a column are long, on average."""
        import pyarrow.compute as pc

        size = known = 0
        for rows in self.slices():
            array = rows.column(name)
            size += pc.sum(pc.binary_length(array)).as_py() or 0
            known += len(array) - array.null_count
            if size > LONG_TEXT * len(self._embeddings):  # whatever the rest is
                return True
        return size > LONG_TEXT * known


def placed(lonlat: NDArray[np.float64]) -> bool:
    """Return whether Qdrant takes every place, shape (n, 2), that is known."""
    known = np.isfinite(lonlat).all(axis=1)
    outside = (np.abs(lonlat) > ENDS).any(axis=1)
    half = np.isfinite(lonlat).any(axis=1) & ~known
    return not ((known & outside) | half).any()


def _kind(stored: pa.DataType, kind: str) -> str:
    """Return text, integer, float, boolean or time; nothing for another."""
    from pyarrow import types

    if kind in ("text", "boolean"):
        return kind
    if types.is_floating(stored):
        return "float"
    if types.is_integer(stored):
        return "integer"
    return "time" if types.is_timestamp(stored) else ""


def _exact(array: pa.Array) -> bool:
    """Return whether all these numbers or times are such as Qdrant compares exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(array.type):
        return not pc.any(pc.is_inf(array)).as_py()
    ends = pc.min_max(array.cast(pa.int64())).as_py()
    return ends["min"] is None or max(abs(ends["min"]), abs(ends["max"])) < SAFE


def _safe(times: NDArray[np.int64]) -> bool:
    from eex.filters.instants import UNKNOWN

    return bool((np.abs(times[times != UNKNOWN]) < SAFE).all())
