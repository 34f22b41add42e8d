"""What a set can be filtered by: its columns, brought to four kinds, a slice of rows at a time.

In: an `EmbeddingSet`. Out: names and kinds; Arrow arrays of int64 or float64, string, bool and
timestamp[us, UTC]. What is not a number (NaN) is taken for no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.filters.instants import UNKNOWN, calendar, instants
from eex.filters.times import Times

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["number", "text", "boolean", "time", "nothing", "other"]
"""What is in a column; `nothing` if it has no value at all, `other` can only be asked for NULL."""

TIMES = (
    "datetime",
    "timestamp",
    "time",
    "date",
    "acquired",
    "acquisition_time",
    "acquisition_date",
    "start_datetime",
)
"""Columns that say when a tile was seen; the first that is there counts."""

NAMES = ("product_id", "s2_product_id", "product_name")
"""Columns of names with a date in them, for sets without such a column."""

CLOUDS = (
    "cloud_cover",
    "eo:cloud_cover",
    "cloudcover",
    "cloud_coverage",
    "cloudy_pixel_percentage",
    "cloud_percentage",
)
"""Columns that say how much is covered by clouds, percent; the first that is there counts."""

VIRTUAL: dict[str, Kind] = {"lon": "number", "lat": "number", "year": "number", "month": "number"}
"""What every set has although no column says so: centres, and when there is a time, its parts."""

DEEPEST = 4
"""Structs within structs that are looked into."""


def columns_of(embeddings: EmbeddingSet) -> dict[str, Kind]:
    """Return what a set can be filtered by: name to kind; fields of structs as `struct.field`."""
    kinds: dict[str, Kind] = {}
    for each in embeddings.rows.schema:
        _add(kinds, each.name, each.type, 0)
    timed = bool(time_column(kinds))
    for name, kind in VIRTUAL.items():
        if timed or name in ("lon", "lat"):
            kinds.setdefault(name, kind)
    return kinds


def time_column(kinds: Mapping[str, Kind]) -> str:
    """Return the column that says when tiles were seen; empty if none does."""
    dated = _usual(kinds, TIMES, ("time", "text")) or _usual(kinds, NAMES, ("text",))
    return dated or _usual(kinds, TIMES + NAMES, ("nothing",))


def cloud_column(kinds: Mapping[str, Kind]) -> str:
    """Return the column of cloud cover; empty if there is none."""
    return _usual(kinds, CLOUDS, ("number", "nothing"))


def _usual(kinds: Mapping[str, Kind], names: tuple[str, ...], good: tuple[Kind, ...]) -> str:
    folded: dict[str, str] = {}
    for name, kind in kinds.items():
        if kind in good:
            folded.setdefault(name.casefold().removeprefix("properties."), name)
    return next((folded[name] for name in names if name in folded), "")


def _add(kinds: dict[str, Kind], name: str, kind: pa.DataType, depth: int) -> None:
    import pyarrow as pa

    kinds.setdefault(name, kind_of(kind))
    if pa.types.is_struct(kind) and depth < DEEPEST:
        for each in kind:
            _add(kinds, f"{name}.{each.name}", each.type, depth + 1)


def kind_of(kind: pa.DataType) -> Kind:
    """Return the kind of an Arrow type."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return kind_of(kind.value_type)
    tests: tuple[tuple[Kind, bool], ...] = (
        ("boolean", types.is_boolean(kind)),
        ("number", types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)),
        (
            "text",
            types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
        ),
        ("time", types.is_timestamp(kind) or types.is_date(kind)),
        ("nothing", types.is_null(kind)),
    )
    return next((name for name, is_it in tests if is_it), "other")


@dataclass(frozen=True)
class Slice:
    """Some rows of a set, read when they are asked for."""

    embeddings: EmbeddingSet
    kinds: Mapping[str, Kind]
    """Of all columns, as `columns_of` tells."""
    start: int
    stop: int
    chosen: NDArray[np.int64] | None = None
    """Numbers within the slice of the rows that are meant, in order; all if None."""
    kept: Times | None = None
    """Where times that were read from text are kept."""
    _columns: dict[str, pa.Array] = field(default_factory=dict, init=False, compare=False)

    def __len__(self) -> int:
        return self.stop - self.start if self.chosen is None else len(self.chosen)

    def narrowed(self, chosen: NDArray[np.int64]) -> Slice:
        """Return fewer rows of the slice, by their numbers within it."""
        return replace(self, chosen=chosen)

    @property
    def all(self) -> Slice:
        """The slice that the rows were picked from."""
        return replace(self, chosen=None)

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """Centres, shape (rows, 2), degrees."""
        lonlat = self.embeddings.lonlat[self.start : self.stop]
        return lonlat if self.chosen is None else lonlat[self.chosen]

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """When tiles were seen, microseconds since 1970 in UTC; `UNKNOWN` where nothing says so."""
        if self.kept is not None and self.kinds.get(time_column(self.kinds)) == "text":
            return self.kept.of(self)
        return self.read_times()

    def read_times(self) -> NDArray[np.int64]:
        """Read `times` from their column."""
        name = time_column(self.kinds)
        if not name:
            return np.full(len(self), UNKNOWN)
        named = name.casefold().removeprefix("properties.") in NAMES
        return instants(self.raw(name), names=named)

    def raw(self, name: str) -> pa.Array:
        """Return a column as it is stored, one array; fields of structs by `struct.field`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = self.embeddings.rows
        head, rest = name, ""
        while head not in rows.column_names:
            head, _, last = head.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
        column = rows[head].slice(self.start, self.stop - self.start)
        array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # of no rows, in some versions
            array = pa.concat_arrays(array.chunks) if array.chunks else pa.array([], array.type)
        if self.chosen is not None:
            array = array.take(pa.array(self.chosen))
        while rest:
            fields = [each.name for each in array.type]
            part = next(f for f in fields if rest == f or rest.startswith(f"{f}."))
            array, rest = pc.struct_field(array, [fields.index(part)]), rest[len(part) + 1 :]
        return array

    def column(self, name: str) -> pa.Array:
        """Return a column brought to the array of its kind, once."""
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def _column(self, name: str) -> pa.Array:
        import pyarrow as pa

        if name in VIRTUAL and name not in self.embeddings.rows.column_names:
            return self._virtual(name)
        array = self.raw(name)
        kind = self.kinds[name]
        if kind == "time":
            return time_array(instants(array))
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if kind == "number":
            return _numbers(array)
        if kind == "text" and pa.types.is_string_view(array.type):
            array = array.cast(pa.string())
        return array

    def _virtual(self, name: str) -> pa.Array:
        import pyarrow as pa

        if name in ("lon", "lat"):
            values = self.lonlat[:, 0 if name == "lon" else 1]
            return pa.array(np.ascontiguousarray(values), mask=np.isnan(values))
        unknown = self.times == UNKNOWN
        year, month, _ = calendar(np.where(unknown, 0, self.times))
        return pa.array(year if name == "year" else month, mask=unknown)


def time_array(times: NDArray[np.int64]) -> pa.Array:
    """Return microseconds since 1970 as timestamps in UTC, null where they are unknown."""
    import pyarrow as pa

    return pa.array(times, mask=times == UNKNOWN).cast(pa.timestamp("us", "UTC"))


def _numbers(array: pa.Array) -> pa.Array:
    """Bring numbers to int64 where that holds them all, else to float64 without NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(array.type) and array.type != pa.uint64():
        return array.cast(pa.int64())
    array = array.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
