"""Codes of every row, written by FAISS: trained on a sample, added in batches.

What is trained: the centres of the lists by k-means on the sphere, and the codes. Both come from a
sample of rows drawn with a seed, so that the same set and options give the same index. Lists of
more than `SHARD_BYTES` are written as they fill and joined on the disk, so that building takes
little memory however many rows there are; a graph (HNSW) and flat codes are built in memory.

Sources:
    IVF and PQ: Jegou et al., Product Quantization for Nearest Neighbor Search, TPAMI 33 (2011).
    RaBitQ: Gao and Long, SIGMOD 2024; of several bits: Gao et al., SIGMOD 2025.
    HNSW: Malkov and Yashunin, TPAMI 42 (2020).
    FAISS: Douze et al., The Faiss library, arXiv 2401.08281.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError, DamagedSetError, MissingExtraError, OutputError
from eex.index.faiss_lists import centres_of, nearest_centres
from eex.index.faiss_rows import sampled_units, unit_batches
from eex.index.npy import read_npy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.index.engines import Building

INDEX, ROWS, LISTS, SIZES = "index.faiss", "rows.npy", "lists.bin", "lists.npy"
"""Files: the index; the row of each code, where codes are numbered and rows were left out; where
lists were joined on the disk, they and their sizes."""

FEWEST_LISTED = 256
"""Rows below which there are no lists, and no graph, and every code is float16."""

ROWS_PER_LIST = 39
"""Fewest rows of a list that k-means should have: what FAISS asks for."""

SAMPLE_BYTES = 2**30
"""Most bytes of float32 that are trained with."""

CODES_SAMPLE = 32_768
"""Most rows that codes are trained with; lists are trained with more."""

SHARD_BYTES = 2**30
"""Bytes of codes in memory from which lists are written to the disk."""

BLAS_FROM = 20
"""Vectors from which FAISS multiplies matrices while codes are trained. Measured: its own loops,
which it prefers for short sub-vectors, take 20 to 50 times as long."""


def faiss_module(engine: str) -> Any:  # noqa: ANN401
    """Return the package.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        message = f"The index {engine!r} needs the package faiss-cpu, which is not installed."
        hint = "pip install 'earth-embedding-explorer[faiss]'"
        raise MissingExtraError(message, hint=hint, missing="faiss") from error
    return faiss


def build_faiss(building: Building, kind: str) -> None:
    """Write an index of one kind: flat, rabitq, sq8, pq (these three in lists), or hnsw.

    Raises:
        MissingExtraError: If FAISS is not installed.
        BadQueryError: If an option is out of its range.
        OutputError: If the disk refuses.
    """
    faiss = faiss_module(f"faiss-{kind}")
    options, embeddings = building.options, building.embeddings
    usable, dim = embeddings.counts.usable, embeddings.header.dim
    codes = codes_of(kind, options, dim)
    seed = _whole(options, "seed", 0, 2**31 - 1)
    lists = 0
    if kind in {"rabitq", "sq8", "pq"} and usable >= FEWEST_LISTED:
        lists = lists_for(usable, _whole(options, "nlist", 0, 2**24))
    links = _whole(options, "links", 2, 512) if kind == "hnsw" else 0
    asked = _whole(options, "sample", 0, 2**40)
    building.progress(0, len(embeddings))
    sample = sampled_units(embeddings, sample_for(lists, dim, asked), seed=seed)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(building.threads)
    try:
        index = _trained(faiss, codes, sample, dim=dim, lists=lists, links=links, seed=seed)
        del sample
        if isinstance(index, faiss.IndexHNSW):
            index.hnsw.efConstruction = _whole(options, "efconstruction", 1, 10_000)
        _add_all(faiss, index, building)
    finally:
        faiss.omp_set_num_threads(before)


def codes_of(kind: str, options: Any, dim: int) -> str:  # noqa: ANN401
    """Return what FAISS calls the codes of a kind of index.

    Raises:
        BadQueryError: If there are none for these options.
    """
    if kind == "pq":
        return f"PQ{_parts(options, dim)}x8"
    if kind in {"sq8", "hnsw"}:
        return "SQ8"
    bits = _whole(options, "bits", 1, 16)
    known = {1: "RaBitQ", 2: "RaBitQ2", 3: "RaBitQ3", 4: "RaBitQ4", 8: "SQ8", 16: "SQfp16"}
    if kind == "rabitq":
        known = {bits: code for bits, code in known.items() if code.startswith("Ra")}
    if bits not in known:
        message = f"There are no codes of {bits} bits."
        raise BadQueryError(message, hint=f"Choose one of {', '.join(map(str, known))}.")
    return known[bits]


def lists_for(rows: int, asked: int = 0) -> int:
    """Return how many lists an index of so many rows has: about 4 sqrt(rows), unless asked.

    Never so many that lists have fewer rows than k-means should have.
    """
    return max(1, min(asked or round(4 * math.sqrt(rows)), rows // ROWS_PER_LIST))


def sample_for(lists: int, dim: int, asked: int = 0) -> int:
    """Return how many rows are trained with: `ROWS_PER_LIST` for each, within `SAMPLE_BYTES`."""
    most = max(FEWEST_LISTED, SAMPLE_BYTES // (4 * dim))
    return min(most, asked or max(ROWS_PER_LIST * lists, CODES_SAMPLE))


def _parts(options: Any, dim: int) -> int:  # noqa: ANN401
    """Return into how many parts a vector is cut, one byte each."""
    asked = _whole(options, "parts", 0, dim)
    if asked and dim % asked:
        fitting = [n for n in range(1, dim + 1) if dim % n == 0]
        message = f"Vectors of {dim} numbers cannot be cut into {asked} equal parts."
        raise BadQueryError(message, hint=f"Choose one of {', '.join(map(str, fitting))}.")
    return asked or max(n for n in range(1, max(1, dim // 4) + 1) if dim % n == 0)


def _whole(options: Any, name: str, least: int, most: int) -> int:  # noqa: ANN401
    value = int(options.get(name, least))
    if not least <= value <= most:
        message = f"The option {name} must be from {least} to {most}, got {value}."
        raise BadQueryError(message, hint="Leave it away for its default.")
    return value


def _trained(
    faiss: Any,  # noqa: ANN401
    codes: str,
    sample: NDArray[np.float32],
    *,
    dim: int,
    lists: int,
    links: int,
    seed: int,
) -> Any:  # noqa: ANN401
    """Return an index that vectors can be added to."""
    metric = faiss.METRIC_INNER_PRODUCT
    if len(sample) < FEWEST_LISTED:
        index = faiss.index_factory(dim, "SQfp16", metric)
        index.train(np.zeros((1, dim), np.float32))  # float16 learns nothing
        return index
    few = sample[:: max(1, len(sample) // CODES_SAMPLE)][:CODES_SAMPLE]
    if not lists:
        index = faiss.index_factory(dim, f"HNSW{links}_{codes}" if links else codes, metric)
        turned = _turned(faiss, index, codes, seed)
        with _multiplying(faiss):
            turned.train(few)
        return turned
    lists = min(lists, len(sample))
    index = faiss.index_factory(dim, f"IVF{lists},{codes}", metric)
    turned = _turned(faiss, index, codes, seed)
    turn = turn_of(faiss, turned)
    if turn is not None:
        sample, few = sample @ turn, few @ turn
    index.quantizer.add(centres_of(sample, lists, np.random.default_rng(seed)))
    if hasattr(index, "do_polysemous_training"):  # most of the time, for a filter we do not use
        index.do_polysemous_training = False
    with _multiplying(faiss):
        index.train(few)
    turned.is_trained = True
    return turned


def _turned(faiss: Any, index: Any, codes: str, seed: int) -> Any:  # noqa: ANN401
    """Return an index whose vectors are turned at random first, which RaBitQ's codes need."""
    if not codes.startswith("RaBitQ"):
        return index
    turn = faiss.RandomRotationMatrix(index.d, index.d)
    turn.init(seed)
    return faiss.IndexPreTransform(turn, index)


def turn_of(faiss: Any, index: Any) -> NDArray[np.float32] | None:  # noqa: ANN401
    """Return what rows are multiplied with before an index takes them, shape (dim, dim)."""
    if not isinstance(index, faiss.IndexPreTransform):
        return None
    turn = faiss.downcast_VectorTransform(index.chain.at(0))
    return np.ascontiguousarray(faiss.vector_to_array(turn.A).reshape(index.d, index.d).T)


class Adder:
    """Adds rows to lists, which numpy finds."""

    def __init__(self, faiss: Any, index: Any) -> None:  # noqa: ANN401
        """Take an index with lists that is trained."""
        self._faiss, self._index = faiss, index
        self._base = faiss.extract_index_ivf(index)
        self._turn = turn_of(faiss, index)
        self._centres = self._base.quantizer.reconstruct_n(0, self._base.nlist)

    def add(self, units: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """Add vectors of length 1, shape (n, dim), and what their rows are called."""
        if self._turn is not None:
            units = units @ self._turn
        if len(rows):
            numbers, _ = nearest_centres(units, self._centres)
            pointers = [self._faiss.swig_ptr(array) for array in (units, rows, numbers)]
            self._base.add_core(len(rows), *pointers)
        self._index.ntotal = self._base.ntotal


def _add_all(faiss: Any, index: Any, building: Building) -> None:  # noqa: ANN401
    """Add every row that can rank, and write the index."""
    folder, size = building.folder, len(building.embeddings)
    kept: list[NDArray[np.int64]] = []
    shards: list[Path] = []
    count = 0
    base = faiss.try_extract_index_ivf(index)
    adder = None if base is None else Adder(faiss, index)
    for rows, units, done in unit_batches(building.embeddings):
        count += len(rows)
        if adder is not None:
            adder.add(units, rows)
            if index.ntotal * (base.code_size + 8) >= SHARD_BYTES:
                shards.append(folder / f"shard-{len(shards)}.faiss")
                _write(faiss, index, shards[-1])
                index.reset()
        else:
            index.add(units)
            kept.append(rows)
        building.progress(done, size)
    if base is not None and shards:
        shards.append(folder / f"shard-{len(shards)}.faiss")
        _write(faiss, index, shards[-1])
        index.reset()
        _join(faiss, shards, folder)
    _write(faiss, index, folder / INDEX)
    if kept and count < size:
        np.save(folder / ROWS, np.concatenate(kept))


def _join(faiss: Any, shards: list[Path], folder: Path) -> None:  # noqa: ANN401
    """Write the lists of shards into one file, each with its codes and then its rows.

    FAISS can do so itself (`merge_from_multiple`), but writes to standard output while it does.
    """
    flags = faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_READ_ONLY
    with told_in_words(f"writing {folder / LISTS}"):
        read = [faiss.read_index(str(shard), flags) for shard in shards]
        parts = [faiss.extract_index_ivf(shard).invlists for shard in read]
        width = int(parts[0].code_size)
        sizes = [[part.list_size(i) for part in parts] for i in range(parts[0].nlist)]
        with (folder / LISTS).open("wb") as file:
            for i, each in enumerate(sizes):
                held = [(part, size) for part, size in zip(parts, each, strict=True) if size]
                for part, size in held:
                    file.write(faiss.rev_swig_ptr(part.get_codes(i), size * width))
                for part, size in held:
                    file.write(faiss.rev_swig_ptr(part.get_ids(i), size))
        np.save(folder / SIZES, np.array([sum(each) for each in sizes], np.int64))
        del read
    for shard in shards:
        shard.unlink()


def joined_lists(faiss: Any, base: Any, folder: Path) -> Any:  # noqa: ANN401
    """Return the lists that `_join` wrote, mapped.

    Raises:
        DamagedSetError: If their sizes cannot be read.
        RuntimeError: If they are not of these sizes.
    """
    sizes = np.array(read_npy(folder / SIZES, np.int64, (base.nlist,)))
    width, path = int(base.code_size) + 8, folder / LISTS
    total = sum(sizes.tolist())  # which does not overflow
    if (sizes < 0).any() or path.stat().st_size != total * width:
        message = f"{LISTS} does not fit"
        raise RuntimeError(message)
    lists = faiss.OnDiskInvertedLists(base.nlist, base.code_size, str(path))
    lists.read_only = True
    lists.set_all_lists_sizes(faiss.swig_ptr(sizes.view(np.uint64)))  # which places them, too
    lists.totsize = path.stat().st_size
    lists.do_mmap()
    return lists


def _write(faiss: Any, index: Any, path: Path) -> None:  # noqa: ANN401
    with told_in_words(f"writing {path}"):
        faiss.write_index(index, str(path))


@contextmanager
def told_in_words(doing: str, *, damaged: bool = False) -> Iterator[None]:
    """Turn FAISS's errors about files into ours.

    Raises:
        OutputError: In place of a RuntimeError; DamagedSetError if `damaged`.
    """
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][-200:]
        if damaged:
            message = f"Stopped {doing}: the file is damaged ({reason})."
            raise DamagedSetError(message, hint="Build the index again, with --force.") from error
        message = f"Stopped {doing}: {reason}."
        raise OutputError(message, hint="Is the disk full?") from error


@contextmanager
def _multiplying(faiss: Any) -> Iterator[None]:  # noqa: ANN401
    """Have FAISS compare vectors by products of matrices; see `BLAS_FROM`."""
    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = BLAS_FROM
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before
