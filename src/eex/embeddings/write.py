"""Batches of any patch product become the opened form, streamed, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from eex.embeddings.header import Counts, SetHeader
from eex.embeddings.opened import NPY_HEADER, describe
from eex.errors import BadQueryError

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.columns.product import Product

BATCH = 4096
"""Rows converted at a time."""

KEPT_TOGETHER, KEPT_BYTES = 32_768, 2**25
"""Rows in a batch of `rows.arrow`, and bytes if they are many, at least."""

DTYPES = ("", "float16", "float32")
"""Formats that vectors can be kept in; empty is their own."""

LEAST, MOST = 1e-15, 1e15
"""Lengths of vectors that are kept as they are; others are multiplied by a power of two, so that
the squares of none are too small or too large for a search."""

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all, 0 if not known."""


def write_opened(
    folder: Path,
    batches: Iterable[pa.RecordBatch],
    *,
    header: SetHeader,
    columns: Mapping[str, str] | None = None,
    schema: pa.Schema | None = None,
    dtype: str = "",
    transposed: bool = False,
    path_for_messages: Path | str = "The table",
    rows: int = 0,
    variable: str = "EEX_CACHE_DIR",
    progress: Progress | None = None,
) -> Counts:
    """Write the opened form of a table; memory does not grow with the number of rows.

    Args:
        folder: There, empty; the caller makes it appear whole (`files.atomic_folder`).
        batches: Of any patch product, all with the columns of `schema`, in any order.
        header: Of the set; its `dim` may be 0, then the vectors say.
        columns: Role to name of a column, see `eex.columns.product`.
        schema: Of all batches, with the metadata `geo` if there is such; that of the first batch
            unless given.
        dtype: float16 or float32 to convert vectors to; a narrower format takes them at length
            one. Empty keeps them as they are.
        transposed: Put centres right that were written with rows and columns mixed up.
        path_for_messages: What the table is called in errors.
        rows: How many are expected, where that is known: room on the disk is then checked first.
        variable: Environment variable by which the folder is chosen, for the hint of that; empty
            where the user named it.
        progress: Called after each batch.

    Returns:
        How many rows there are, and how many can rank.

    Raises:
        DamagedSetError: If a column cannot be used; the hint says what to do.
        BadQueryError: If `columns` or `dtype` is nothing that can be asked for.
        OutputError: If the disk has no room.
    """
    if dtype not in DTYPES:
        message = f"Vectors cannot be kept as {dtype!r}."
        raise BadQueryError(message, hint="Choose float16 or float32, or none for their own.")
    from eex.columns.product import product_of
    from eex.columns.said import damaged

    stream = iter(batches)
    first = next(stream, None)
    if first is None:
        raise damaged(path_for_messages, "is empty: it holds no tiles")
    schema = first.schema if schema is None else schema
    product = product_of(schema, columns, path=path_for_messages)
    job = _Job(
        folder=folder,
        header=header,
        schema=schema,
        product=product,
        dtype=dtype,
        transposed=transposed,
        path=path_for_messages,
        expected=rows,
        variable=variable,
    )
    with job:
        for batch in _chained(first, stream):
            for low in range(0, batch.num_rows, BATCH):
                job.add(batch.slice(low, BATCH))
                if progress is not None:
                    progress(job.rows, rows)
    return job.finish()


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


class _Npy:
    """A .npy file whose number of rows is known at the end."""

    def __init__(self, path: Path, descr: str) -> None:
        self.file: BinaryIO = path.open("wb")
        self.descr = descr
        self.file.write(bytes(NPY_HEADER))

    def add(self, values: NDArray[Any]) -> None:
        self.file.write(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)

    def finish(self, shape: tuple[int, ...]) -> None:
        layout = {"descr": self.descr, "fortran_order": False, "shape": shape}
        start = np.lib.format.magic(1, 0) + (NPY_HEADER - 10).to_bytes(2, "little")
        text = repr(layout).encode().ljust(NPY_HEADER - len(start) - 1) + b"\n"
        self.file.seek(0)
        self.file.write(start + text)


class _Job:
    """One conversion under way."""

    def __init__(
        self,
        *,
        folder: Path,
        header: SetHeader,
        schema: pa.Schema,
        product: Product,
        dtype: str,
        transposed: bool,
        path: Path | str,
        expected: int,
        variable: str,
    ) -> None:
        import pyarrow as pa

        from eex.columns.rows import plain_type
        from eex.columns.vectors import number_format

        self.folder, self.header, self.product, self.path = folder, header, product, path
        self.transposed, self.expected, self.variable = transposed, expected, variable
        column = schema.field(product.embedding)
        self.stored = number_format(column.type, product.embedding, path)
        self.kept = np.dtype(dtype).newbyteorder("<") if dtype else self.stored
        self.dim, self.rows = header.dim, 0
        self.zero_number = _zero_number(header) if self.stored.kind == "i" else None
        self.counted = {"null": 0, "zero": 0, "not_finite": 0}
        rest = [f.with_type(plain_type(f.type)) for f in schema if f.name != product.embedding]
        geo = (schema.metadata or {}).get(b"geo")  # says which system the geometry is in
        self.rest = pa.schema(rest, metadata={b"geo": geo} if geo else None)
        self.waiting: list[pa.RecordBatch] = []
        self.unplaced = 0

    def __enter__(self) -> Self:
        import pyarrow as pa

        with ExitStack() as stack:
            folder = self.folder
            self.vectors = _Npy(folder / "vectors.npy", self.kept.str)
            stack.callback(self.vectors.file.close)
            self.lonlat = _Npy(folder / "lonlat.npy", "<f8")
            stack.callback(self.lonlat.file.close)
            self.unusable = _Npy(folder / "unusable.npy", "<i8")
            stack.callback(self.unusable.file.close)
            self.table = stack.enter_context(pa.ipc.new_file(folder / "rows.arrow", self.rest))
            self.open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self.open:  # closes all, whatever happens
            if kind is None:
                self._write_rest()
                self.vectors.finish((self.rows, self.dim))
                self.lonlat.finish((self.rows, 2))
                self.unusable.finish((sum(self.counted.values()),))

    def add(self, batch: pa.RecordBatch) -> None:
        """Convert one batch."""
        from eex.columns.places import centres
        from eex.columns.said import damaged, file_of
        from eex.columns.vectors import vectors_of

        name, path = self.product.embedding, file_of(batch, self.path)
        lonlat = centres(batch, self.product, path, start=self.rows)
        values, missing = vectors_of(batch[name], name, path, dim=self.dim)
        if values.dtype != self.stored:
            if not np.can_cast(values.dtype, self.stored):
                what = f"has vectors of {values.dtype} beside vectors of {self.stored}"
                raise damaged(path, what, hint="Open the files one by one.")
            values = values.astype(self.stored)
        if not self.dim and values.shape[1]:
            self.dim = values.shape[1]
            self._check_room(batch)
            self.vectors.add(np.zeros((self.unplaced, self.dim), self.kept))
        elif not self.rows and self.dim:
            self._check_room(batch)
        values, left_out = self._usable(values, missing)
        self.lonlat.add(self._put_right(lonlat, batch))
        if self.dim:
            self.vectors.add(self._converted(values, left_out))
        else:
            self.unplaced += len(values)
        self.rows += len(values)
        self._keep_rest(batch)

    def finish(self) -> Counts:
        """Write what the set says of itself."""
        from eex.columns.said import damaged

        counts = Counts(rows=self.rows, **self.counted)
        if not counts.rows:
            raise damaged(self.path, "is empty: it holds no tiles")
        if not counts.usable:
            raise damaged(self.path, f"holds no usable vector. {counts.message()}".rstrip("."))
        header = replace(self.header, dim=self.dim)
        if self.kept != self.stored:
            made = f"{self.kept.name} on opening, from {self.stored.name}"
            header = replace(header, quantization=made, scale=1.0, offset=0.0)
        product = self.product
        roles = {r: getattr(product, r) for r in ("geometry", "lon", "lat", "id")}
        describe(self.folder, header, counts, {r: n for r, n in roles.items() if n}, self.kept.str)
        return counts

    def _usable(
        self, values: NDArray[Any], missing: NDArray[np.bool_]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Count rows that cannot rank and make them zero; others get a length that can."""
        if self.stored.kind == "i":
            number = self.zero_number
            zero = np.zeros(len(values), np.bool_) if number is None else _all_are(values, number)
            not_finite, odd = np.zeros_like(zero), np.zeros_like(zero)
        else:
            with np.errstate(all="ignore"):
                wide = values if values.dtype != np.float16 else values.astype(np.float32)
                lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
                odd = ~((lengths > LEAST) & (lengths < MOST))
            zero, not_finite = np.zeros_like(odd), np.zeros_like(odd)
            zero[odd] = ~values[odd].any(axis=1)
            not_finite[odd] = ~np.isfinite(values[odd]).all(axis=1)
        not_finite &= ~missing
        zero &= ~missing & ~not_finite
        for name, some in (("null", missing), ("zero", zero), ("not_finite", not_finite)):
            self.counted[name] += int(some.sum())
        left_out = missing | zero | not_finite
        odd &= ~left_out
        if left_out.any() or odd.any():
            values = values.copy()
            values[left_out] = 0
            if odd.any() and values.dtype != np.float16:
                largest = np.abs(values[odd]).max(axis=1, keepdims=True)
                values[odd] = np.ldexp(values[odd], -np.frexp(largest)[1])
        self.unusable.add(np.flatnonzero(left_out) + self.rows)
        return values, left_out

    def _converted(self, values: NDArray[Any], left_out: NDArray[np.bool_]) -> NDArray[Any]:
        if self.kept == self.stored:
            return values
        if self.stored.kind == "i":
            values = values * self.header.scale + self.header.offset
            values[left_out] = 0
        if self.kept.itemsize < self.stored.itemsize or self.kept == np.float16:
            wide = values.astype(np.float32)  # of moderate length by now
            lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
            values = np.divide(wide, lengths, out=wide, where=lengths > 0)
        return values.astype(self.kept)

    def _put_right(self, lonlat: NDArray[np.float64], batch: pa.RecordBatch) -> NDArray[np.float64]:
        if not self.transposed:
            return lonlat
        from eex.columns.said import damaged

        lacking = {"pixel_bbox", "utm_crs"} - set(batch.schema.names)
        if lacking:
            what = f"lacks {', '.join(sorted(lacking))}, by which its footprints are put right"
            raise damaged(self.path, what)
        from eex.tiles import true_centres

        boxes, systems = batch["pixel_bbox"], batch["utm_crs"]
        if boxes.null_count or systems.null_count:
            raise damaged(self.path, "lacks the pixel_bbox or utm_crs of some of its tiles")
        return true_centres(lonlat, np.array(boxes.to_pylist(), np.int64), systems.to_pylist())

    def _keep_rest(self, batch: pa.RecordBatch) -> None:
        self.waiting.append(_conformed(batch, self.rest, self.path))
        rows = sum(part.num_rows for part in self.waiting)
        if rows >= KEPT_TOGETHER or sum(part.nbytes for part in self.waiting) >= KEPT_BYTES:
            self._write_rest()

    def _write_rest(self) -> None:
        import pyarrow as pa

        if self.waiting:
            table = pa.Table.from_batches(self.waiting, self.rest).combine_chunks()
            self.table.write_table(table)
            self.waiting = []

    def _check_room(self, batch: pa.RecordBatch) -> None:
        """Refuse before anything large is written if the disk has no room for all of it."""
        from eex.weights.part import check_room

        rest = sum(
            c.nbytes
            for c, f in zip(batch.columns, batch.schema, strict=True)
            if f.name != self.product.embedding
        )
        each = self.dim * self.kept.itemsize + 16 + rest / max(1, batch.num_rows)
        needed, what = int(self.expected * each), f"Opening {self.path}"
        check_room(self.folder.parent, needed, what, variable=self.variable)


def _conformed(batch: pa.RecordBatch, rest: pa.Schema, path: Path | str) -> pa.RecordBatch:
    """Return the columns of `rest` in their kept types, null where the batch lacks one."""
    import pyarrow as pa

    from eex.columns.said import damaged, reason

    columns = []
    for field in rest:
        if field.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch[field.name]
        while isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except pa.ArrowException as error:
            what = f"has {column.type} in `{field.name}`, not {field.type}: {reason(error)}"
            raise damaged(path, what) from error
    return pa.RecordBatch.from_arrays(columns, schema=rest)


def _zero_number(header: SetHeader) -> int | None:
    """Return the stored integer that means zero; None if there is none."""
    if not header.offset:
        return 0
    number = -header.offset / header.scale if header.scale else np.inf
    near = abs(number - round(number)) < 1e-6 if abs(number) < 129 else False  # noqa: PLR2004
    return round(number) if near else None


def _all_are(values: NDArray[Any], number: int) -> NDArray[np.bool_]:
    return np.asarray((values == number).all(axis=1))
