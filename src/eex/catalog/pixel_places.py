"""Where the pixels of tiles are, by grid cell and product: a table that is looked up in batches.

In: batches with `grid_cell`, `product_id`, `parquet_url` and `parquet_row`, one row a tile, such as
`metadata.parquet` of Major TOM. Out: shard and row of any tile, told by both parts of its key; a
product covers several cells, so neither is enough.

A key is kept as two sums of its bytes times random weights, 64 bits each: two keys that differ have
the same sums with a probability below 2^-113, whatever they are. That takes 44 bytes a tile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

KEY = ("grid_cell", "product_id")
"""Columns that tell a tile."""

PLACE = ("parquet_url", "parquet_row")
"""Columns that tell where its pixels are."""

LONGEST = 512
"""Bytes of a cell's or a product's name; longer ones are no tile's."""

_ENTRY = np.dtype(
    [("key", "<u8"), ("check", "<u8"), ("number", "<i8"), ("row", "<i8"), ("url", "<i4")]
)


class PixelPlaces:
    """Shards and rows by key; grows by batches, in any order."""

    def __init__(self) -> None:
        """Begin with none."""
        rng = np.random.default_rng()
        self._weights = rng.integers(0, 2**64, (2, len(KEY), LONGEST), np.uint64)
        self._urls: dict[str, int] = {}
        self._new: list[NDArray[np.void]] = []
        self._sorted = np.zeros(0, _ENTRY)
        self._keys = np.zeros(0, np.uint64)

    def __len__(self) -> int:
        return len(self._sorted) + sum(map(len, self._new))

    @property
    def nbytes(self) -> int:
        """Bytes that they take, without the names of shards."""
        return self._sorted.nbytes + self._keys.nbytes + sum(part.nbytes for part in self._new)

    def add(self, batch: pa.RecordBatch, numbers: NDArray[np.int64]) -> None:
        """Take rows that tell places; those that lack a part are passed over.

        Args:
            batch: With the columns of `KEY` and `PLACE`.
            numbers: Number of each row in its file: of rows with one key the first counts.
        """
        import pyarrow as pa

        (key, check), whole = self._sums(batch)
        urls = batch["parquet_url"].cast(pa.string()).dictionary_encode()
        names = [name or "" for name in urls.dictionary.to_pylist()]
        codes = np.array([self._urls.setdefault(n, len(self._urls)) for n in names], np.int32)
        known = urls.indices.fill_null(0).to_numpy(zero_copy_only=False)
        row = batch["parquet_row"].cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        whole &= urls.is_valid().to_numpy(zero_copy_only=False) & (row >= 0)
        entries = np.zeros(batch.num_rows, _ENTRY)
        entries["key"], entries["check"] = key, check
        entries["number"], entries["row"] = numbers, row
        entries["url"] = codes[known] if len(codes) else 0
        self._new.append(entries[whole])

    def find(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        """Return `parquet_url` and `parquet_row` of each row; null where no place is told.

        Args:
            batch: With the columns of `KEY`.
        """
        import pyarrow as pa

        self._sort()
        (key, check), whole = self._sums(batch)
        at = np.searchsorted(self._keys, key)
        if len(self._keys):
            at[at == len(self._keys)] = 0
            entries = self._sorted[at]
            whole &= (entries["key"] == key) & (entries["check"] == check)
        else:
            entries = np.zeros(len(key), _ENTRY)
            whole[:] = False
        codes = pa.array(entries["url"], mask=~whole)
        urls = pa.DictionaryArray.from_arrays(codes, pa.array([*self._urls], pa.string()))
        return urls.cast(pa.string()), pa.array(entries["row"], mask=~whole)

    def _sort(self) -> None:
        if not self._new:
            return
        entries = np.concatenate([self._sorted, *self._new])
        self._new, self._sorted, self._keys = [], entries[:0], entries["key"][:0]
        order = np.lexsort((entries["number"], entries["key"]))
        self._sorted = entries[order]
        self._keys = np.ascontiguousarray(self._sorted["key"])

    def _sums(self, batch: pa.RecordBatch) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return both sums of each row's key, shape (2, rows), and which rows have a key."""
        found = np.zeros((2, batch.num_rows), np.uint64)
        whole = np.ones(batch.num_rows, np.bool_)
        for column, name in enumerate(KEY):
            sums, told = _sums(batch[name], self._weights[:, column])
            found += sums
            whole &= told
        return found, whole


def _sums(
    texts: pa.Array, weights: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return sums of the bytes of texts times weights, modulo 2^64, and which texts there are."""
    import pyarrow as pa

    told = texts.is_valid().to_numpy(zero_copy_only=False)
    plain = texts.cast(pa.large_string()).fill_null("")
    _, places, content = plain.buffers()
    begin, count = plain.offset, len(plain)
    if not count:
        return np.zeros((2, 0), np.uint64), told
    ends = np.frombuffer(places, np.int64)[begin : begin + count + 1]
    first, last = int(ends[0]), int(ends[-1])
    letters = np.zeros(0, np.uint8)
    if last > first:
        letters = np.frombuffer(content, np.uint8)[first:last]
    ends = ends - first
    lengths = np.diff(ends)
    told &= (lengths > 0) & (lengths <= LONGEST)
    at = np.minimum(np.arange(last - first) - np.repeat(ends[:-1], lengths), LONGEST - 1)
    terms = letters.astype(np.uint64) + np.uint64(1)
    sums = np.zeros((2, count), np.uint64)
    for number, some in enumerate(weights):
        running = np.zeros(len(terms) + 1, np.uint64)
        np.cumsum(terms * some[at], out=running[1:])
        sums[number] = running[ends[1:]] - running[ends[:-1]]
    return sums, told
