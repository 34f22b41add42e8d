"""FAISS chooses candidates among codes; the set's own vectors say which are the nearest, exactly.

Codes are mapped from the disk. Candidates, some tens for each row asked for, are scored again in
float64 from the set's map, so that scores are true cosines and equal ones rank by row.

A mask is pushed into FAISS, and a search that finds fewer than it should is widened: over lists
until it has them or has looked at all, over a graph, where that costs more than reading rows, twice
and only while it sees few nodes; what is missing then is answered exactly. A mask that leaves few
rows is answered exactly from these alone.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError
from eex.index.asked import checked_k, checked_mask, unit_rows
from eex.index.base import Hits
from eex.index.built_record import build_command
from eex.index.faiss_build import INDEX, LISTS, ROWS, faiss_module, joined_lists, told_in_words
from eex.index.faiss_rows import SPARSE, exact_among
from eex.index.npy import read_npy
from eex.index.picking import Picking
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eex.index.engines import Opening

EXACT_ROWS = 20_000
"""Rows of a mask up to which these are read and nothing else: quicker than codes, and exact."""

EXACT_SHARE = 0.5
"""Share of what can be found from which all of it is read instead."""

FEWEST, MOST = 200, 20_000
"""Candidates of one query: at least, however few rows are asked for; and at most, unless twice
the rows asked for are more."""

AT_ONCE = 2**20
"""Candidates of all queries that are held at a time."""

BLOCK_BYTES = 64 * 2**20
"""Bytes of rows that are copied at a time for being scored exactly."""

WIDER = 4
"""How much further a search goes that found too little."""

GRAPH_SHARE = 0.1
"""Share of the rows below which a mask is not pushed into a graph: most nodes on its way there are
then of no use, and of each it compares all links."""

GRAPH_ROUNDS, GRAPH_SEEN = 2, 0.05
"""Searches of a graph, each wider, for what is missing; and the share of the nodes kept in view
above which there is no second: reading the rows is quicker and exact."""


class FaissIndex:
    """Finds the nearest rows of one set by codes that were built for it."""

    def __init__(self, opening: Opening) -> None:
        """Map the index.

        Raises:
            MissingExtraError: If FAISS is not installed.
            DamagedSetError: If the file cannot be read.
        """
        assert opening.folder is not None
        self._faiss = faiss = faiss_module("faiss")
        folder, self._embeddings = opening.folder, opening.embeddings
        self._threads, options = opening.threads, opening.options
        with told_in_words(f"opening {folder / INDEX}", damaged=True):
            way = faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_READ_ONLY
            self._index = faiss.read_index(str(folder / INDEX), way)
            if self._index.d != self.dim:
                message = f"it has vectors of {self._index.d} numbers"
                raise RuntimeError(message)
            if (folder / LISTS).exists():
                base = faiss.extract_index_ivf(self._index)
                self._joined = joined_lists(faiss, base, folder)  # which the index does not keep
                base.replace_invlists(self._joined, False)  # noqa: FBT003 - SWIG knows no names
                base.ntotal = self._index.ntotal = int(self._joined.compute_ntotal())
        self._picking = Picking(self._embeddings.vectors)
        self._kept: NDArray[np.int64] | None = None
        if (folder / ROWS).exists():
            self._kept = read_npy(folder / ROWS, np.int64, (int(self._index.ntotal),))
        self._folder = folder
        inner = self._index
        self._is_turned = isinstance(inner, faiss.IndexPreTransform)
        if self._is_turned:
            inner = faiss.downcast_index(inner.index)
        self._lists = int(inner.nlist) if isinstance(inner, faiss.IndexIVF) else 0
        self._is_graph = isinstance(inner, faiss.IndexHNSW)
        self._rescore = max(1, int(options.get("rescore", 1)))
        self._probes = self._first_probes(int(options.get("nprobe", 0)))
        self._ef = max(1, int(options.get("efsearch", 1)))

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return len(self._embeddings)

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self._embeddings.header.dim

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query; see `FindsRows.search`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        allowed = int(self._index.ntotal)
        if mask is not None:
            allowed = min(allowed, int(np.count_nonzero(checked_mask(mask, self.size))))
        if not allowed:
            return _hits([], len(units))
        few = mask is not None and allowed <= self._few_rows
        if few or k >= EXACT_SHARE * allowed:
            rows = np.arange(self.size) if mask is None else np.flatnonzero(mask)
            return self._exact(units, rows, k)
        wanted = self._candidates(k, allowed)
        at_once = max(1, AT_ONCE // wanted)
        found: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        for low in range(0, len(units), at_once):
            some = units[low : low + at_once]
            for unit, rows in zip(some, self._near(some, wanted, k, mask, allowed), strict=True):
                check_stopped()
                best = self._exact(unit[None], rows, k)
                found.append((best.rows[0], best.scores[0]))
        return _hits(found, len(units))

    @property
    def _few_rows(self) -> int:
        """Rows of a mask up to which only these are read."""
        return max(EXACT_ROWS, int(GRAPH_SHARE * self.size) if self._is_graph else 0)

    def _candidates(self, k: int, allowed: int) -> int:
        return min(allowed, max(FEWEST, min(k * self._rescore, max(MOST, 2 * k))))

    def _first_probes(self, asked: int) -> int:
        """Return how many lists a search without a mask looks into."""
        return min(self._lists, asked) if asked else probes_for(self._lists)

    def _near(
        self,
        units: NDArray[np.float64],
        wanted: int,
        k: int,
        mask: NDArray[np.bool_] | None,
        allowed: int,
    ) -> list[NDArray[np.int64]]:
        """Return candidates of each query, at least `k`, rows in order."""
        asked = units.astype(np.float32)
        selected, kept_alive = self._selector(mask)
        probes, ef = self._widened(wanted, allowed), self._in_view(wanted, allowed)
        found: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(asked)
        waiting, rounds = np.arange(len(asked)), 0
        while waiting.size:
            check_stopped()
            self._faiss.omp_set_num_threads(self._threads)
            told = self._told(selected, probes, ef)
            _, labels = self._index.search(asked[waiting], wanted, params=told)
            for at, line in zip(waiting, labels, strict=True):
                found[at] = np.sort(self._rows(line[line >= 0]))
            waiting = np.array([at for at in waiting if found[at].size < k], np.int64)
            rounds, ef = rounds + 1, ef * WIDER
            if self._is_graph and (rounds >= GRAPH_ROUNDS or ef > GRAPH_SEEN * self.size):
                break
            if not self._is_graph and probes >= self._lists:  # all was looked at
                break
            probes = min(probes * WIDER, self._lists)
        del kept_alive
        if waiting.size:  # their rows are read, once for all of them
            rows = np.arange(self.size) if mask is None else np.flatnonzero(mask)
            best = self._exact(units[waiting], rows, k).rows
            for at, line in zip(waiting, best, strict=True):
                found[at] = np.sort(line)
        return found

    def _widened(self, wanted: int, allowed: int) -> int:
        """Return how many lists to look into first, so that they may hold twice what is wanted."""
        if not self._lists:
            return 0
        expected = 2 * wanted * self._lists / allowed
        return min(self._lists, max(self._probes, math.ceil(expected)))

    def _in_view(self, wanted: int, allowed: int) -> int:
        """Return how many nodes of a graph to keep in view first, those of a mask among them."""
        share = allowed / max(1, int(self._index.ntotal))
        return max(self._ef, wanted, math.ceil(min(wanted / share, GRAPH_SEEN * self.size)))

    def _told(self, selected: Any, probes: int, ef: int) -> Any:  # noqa: ANN401
        faiss = self._faiss
        if self._lists:
            told = faiss.SearchParametersIVF(nprobe=probes, **selected)
        elif self._is_graph:
            told = faiss.SearchParametersHNSW(efSearch=ef, **selected)
        else:
            told = faiss.SearchParameters(**selected)
        return faiss.SearchParametersPreTransform(index_params=told) if self._is_turned else told

    def _selector(self, mask: NDArray[np.bool_] | None) -> tuple[dict[str, Any], Any]:
        """Return what tells FAISS which codes to look at, and what it needs kept."""
        if mask is None:
            return {}, None
        if self._kept is not None:
            mask = mask[self._checked(np.asarray(self._kept))]
        bits = np.packbits(mask, bitorder="little")
        return {"sel": self._faiss.IDSelectorBitmap(bits)}, bits

    def _rows(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of codes, in the set."""
        if self._kept is not None:
            labels = np.asarray(self._kept[self._checked(labels, len(self._kept))])
        return self._checked(labels)

    def _checked(self, rows: NDArray[np.int64], size: int | None = None) -> NDArray[np.int64]:
        size = self.size if size is None else size
        if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= size):
            message = f"The index in {self._folder} is damaged: it names rows the set has not."
            hint = f"Build it again: {build_command(self._folder.name)} --force"
            raise DamagedSetError(message, hint=hint)
        return rows

    def _exact(self, units: NDArray[np.float64], rows: NDArray[np.int64], k: int) -> Hits:
        """Return the nearest of some rows, which are in order, by their own vectors."""
        itemsize = self._embeddings.vectors.dtype.itemsize
        step = max(1, BLOCK_BYTES // (self.dim * itemsize))
        parts = []
        for low in range(0, rows.size, step):
            check_stopped()
            some = rows[low : low + step]
            with self._picking if rows.size < SPARSE * self.size else nullcontext():
                index = exact_among(self._embeddings, some, threads=self._threads)
            best = index.search(units, k=k)
            parts.append((some[best.rows], best.scores))
        if len(parts) == 1:
            return Hits(*parts[0])
        joined = np.concatenate([part[0] for part in parts], axis=1)
        scores = np.concatenate([part[1] for part in parts], axis=1)
        order = np.lexsort((joined, -scores), axis=1)[:, :k]
        return Hits(
            np.take_along_axis(joined, order, axis=1), np.take_along_axis(scores, order, axis=1)
        )


def probes_for(lists: int) -> int:
    """Return how many lists a search looks into unless told; measured (docs/guide/indexes.md)."""
    return min(lists, max(16, round(4 * math.sqrt(lists))))


def _hits(found: list[tuple[NDArray[np.int64], NDArray[np.float32]]], count: int) -> Hits:
    if not found:
        return Hits(np.empty((count, 0), np.int64), np.empty((count, 0), np.float32))
    least = min(rows.size for rows, _ in found)
    rows = np.stack([rows[:least] for rows, _ in found])
    return Hits(rows, np.stack([scores[:least] for _, scores in found]))


def open_faiss(opening: Opening) -> FaissIndex:
    """Return what ranks rows by an index that `build_faiss` wrote."""
    return FaissIndex(opening)
