"""An int8 first pass, and the exact answer all the same: half the bytes of float16 are read.

Rows lie as int8 codes beside the set (`int8_make`). With x a row's unit vector, x' its code, q the
query and q' the query as integers (`eex.index.integer_queries`),

    |q.x - q'.x'|  <=  |x - x'| |q| + |x'| |q - q'|       (Cauchy-Schwarz)
                   <=  e + (1 + e) lost

where e is kept for each row and `lost` is known for the query. So every row has a lower and an
upper bound. A row can be among the k best only if its upper bound reaches the k-th highest lower
bound; those rows, some hundreds, are scored exactly from the set's own vectors. The k best are then
provably those of the exact index, with the same scores. Where too many rows would have to be
scored, all are read exactly.

Scores of the other rows, which a map shows, are within `tolerance` of the cosine, some 0.012
(without llvmlite 0.02) for most sets; a fifth of that is seen at most.

Source:
    Bounds from stored errors of quantisation: vector approximation files, Weber, Schek and Blott,
    VLDB 1998.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError, SetNotFoundError, ShapeError
from eex.index.asked import checked_each, checked_k, checked_mask, checked_out, unit_row, unit_rows
from eex.index.base import Hits, Scan
from eex.index.built_record import build_command
from eex.index.engines import EngineSpec
from eex.index.exact import BATCH_BYTES, GATHER_SHARE, ExactIndex
from eex.index.int8_make import FILES, Codes, build_int8
from eex.index.integer_queries import IntegerQueries, checked_length
from eex.index.kernels import compiled_dots, over_rows
from eex.index.npy import read_npy
from eex.index.stored import BLOCK_BYTES, UNIT_ROUNDOFF
from eex.index.topk import kth_highest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from eex.index.engines import Opening

MOST_RESCORED = 0.1
"""Share of the rows from which reading all exactly is quicker than picking rows: see
`eex.index.exact.GATHER_SHARE`."""


class Int8Index:
    """Exact search whose first pass reads int8 codes."""

    def __init__(self, kept: Codes, vectors: NDArray[Any], *, threads: int | None = None) -> None:
        """Take the codes of `vectors`, both as they are; nothing is read before the first query.

        Args:
            kept: Made by `eex.index.int8_make.coded` of these vectors.
            vectors: Shape (N, dim), floats; see `ExactIndex`.
            threads: That scan at once; all processors of this process unless told.

        Raises:
            ShapeError: If the codes are not those of so many rows of this size, or too long.
        """
        shapes = [vectors.shape] + [vectors.shape[:1]] * 3
        if [part.shape for part in kept] != shapes or vectors.dtype.kind != "f":
            message = f"These are no codes of vectors of shape {vectors.shape}."
            raise ShapeError(message, hint="Build the index again.")
        checked_length(vectors.shape[1])
        self.exact = ExactIndex(vectors, threads=threads, inverse_lengths=kept.inverse_lengths)
        self._codes, self._scales = kept.codes.view(np.ndarray), kept.scales.view(np.ndarray)
        self._errors = kept.errors.view(np.ndarray)

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return self.exact.size

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self.exact.dim

    @cached_property
    def rankable(self) -> NDArray[np.bool_]:
        """Shape (N,): which rows can rank."""
        return ~np.isnan(self._scales)

    def tolerance(self, query: ArrayLike) -> float:
        """Return how far `scores` can be from the true cosine of any row, for this query.

        Of codes, or of the vectors where these are read instead, whichever is more.
        """
        lost = float(_asked(unit_row(query, self.dim)[None]).lost[0])
        by_codes = self._largest_error * (1 + lost) + lost + self._slack(lost)
        return max(by_codes, self.exact.tolerance(query))

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return every row's cosine, to within `tolerance`; see `VectorIndex.scores`."""
        out = checked_out(out, self.size)
        self._score_all(_asked(unit_row(query, self.dim)[None]), [out])
        return out

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query, exactly; see `FindsRows.search`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        if not len(units) or self._few(k, mask):
            return self.exact.search(queries, k=k, mask=mask)
        at_once = max(1, BATCH_BYTES // (4 * self.size))
        found: list[Hits] = []
        for low in range(0, len(units), at_once):
            some = units[low : low + at_once]
            scans = self._scans(some, [k] * len(some), [mask] * len(some))
            found.extend(scan.hits for scan in scans)
        return Hits(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        """Return every row's score and the `k` nearest, these exactly; see `VectorIndex.scan`."""
        return self._scans(unit_row(query, self.dim)[None], [checked_k(k)], [mask])[0]

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return a `scan` of each query, from one pass over the codes; see `VectorIndex`."""
        units = unit_rows(queries, self.dim)
        checked_each(units, k, masks)
        return self._scans(units, [checked_k(some) for some in k], masks)

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows, exact to float32; see `VectorIndex.score_rows`."""
        return self.exact.score_rows(query, rows)

    def candidates(self, query: ArrayLike, *, k: int) -> NDArray[np.int64]:
        """Return the rows that may be among the `k` best by their bounds, in order."""
        asked = _asked(unit_row(query, self.dim)[None])
        scores = np.empty(self.size, np.float32)
        self._score_all(asked, [scores])
        return self._near(scores, float(asked.lost[0]), checked_k(k))

    # What the public methods share.

    def _scans(
        self,
        units: NDArray[np.float64],
        ks: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        found = dict[int, Scan]()
        coarse = [i for i in range(len(units)) if not self._few(ks[i], masks[i])]
        lines = [np.empty(self.size, np.float32) for _ in coarse]
        if coarse:
            asked = _asked(units[coarse])
            self._score_all(asked, lines)
        for j, (i, scores) in enumerate(zip(coarse, lines, strict=True)):
            mask = masks[i]
            if mask is not None:
                scores[~mask] = np.nan
            near = self._near(scores, float(asked.lost[j]), ks[i])
            if near.size <= MOST_RESCORED * self.size:
                exact = self.exact.exact_scores(units[i], near)
                scores[near] = exact
                best = np.argsort(-exact, kind="stable")[: ks[i]]
                found[i] = Scan(scores, Hits(near[best][None], exact[best][None]))
        rest = [i for i in range(len(units)) if i not in found]
        scans = self.exact.scan_units(units[rest], [ks[i] for i in rest], [masks[i] for i in rest])
        found.update(zip(rest, scans, strict=True))
        return [found[i] for i in range(len(units))]

    def _near(self, scores: NDArray[np.float32], lost: float, k: int) -> NDArray[np.int64]:
        """Return the rows whose upper bound reaches the k-th lower bound; NaN does not."""
        spread = self._errors * np.float32(1 + lost)
        least = float(kth_highest(scores - spread, k)) - 2 * lost - 2 * self._slack(lost)
        spread += scores
        return np.flatnonzero(spread >= np.nextafter(np.float32(least), np.float32(-np.inf)))

    def _few(self, k: int, mask: NDArray[np.bool_] | None) -> bool:
        """Whether few rows remain, or nearly all are wanted: then codes are of no use."""
        if mask is not None:
            count = np.count_nonzero(checked_mask(mask, self.size))
            if count < GATHER_SHARE * self.size:
                return True
        return k > MOST_RESCORED * self.size

    def _score_all(self, asked: IntegerQueries, lines: Sequence[NDArray[np.float32]]) -> None:
        """Write every row's score with each query to its line, shape (N,)."""
        codes, scales, step = (
            self._codes,
            self._scales,
            max(1, BLOCK_BYTES // max(self.dim, 8 * len(lines))),
        )

        def work(first: int, last: int) -> None:
            for low in range(first, last, step):
                block = slice(low, min(low + step, last))
                dots = np.empty((len(lines), block.stop - low), np.float64)
                asked.dots(codes[block], list(dots))
                dots *= asked.steps[:, None]
                dots *= scales[block]
                np.clip(dots, -1, 1, out=dots)
                for line, made in zip(lines, dots, strict=True):
                    line[block] = made

        over_rows(work, self.size, row_bytes=self.dim, threads=self.exact.threads)

    @cached_property
    def _largest_error(self) -> float:
        return float(self._errors.max(initial=0.0))

    def _slack(self, lost: float) -> float:
        """Return what rounding can add: of scores to float32, of bounds, of the exact scores.

        Scores are joined in float64 and rounded once; bounds take two operations in float32 of
        numbers up to (1 + e) (1 + lost); exact scores are rounded once.
        """
        return 8 * UNIT_ROUNDOFF * (1 + self._largest_error) * (1 + lost)


def _asked(units: NDArray[np.float64]) -> IntegerQueries:
    """Return queries of length 1, shape (m, dim), as int16, where that takes no longer than int8.

    It does by numkong's kernels, which read the rows twice for it: wider bounds cost less then.
    """
    return IntegerQueries(units, narrow=compiled_dots(np.dtype(np.int8)) is None)


def open_int8(opening: Opening) -> Int8Index:
    """Return the index that was built for a set; files are mapped, nothing is read.

    Raises:
        SetNotFoundError: If it was not built.
        DamagedSetError: If its files are not whole.
    """
    command = build_command("int8")
    if opening.folder is None or not opening.folder.is_dir():
        message = "The index 'int8' has not been built for this set."
        raise SetNotFoundError(message, hint=f"Build it: {command}")
    vectors, again = opening.embeddings.vectors, f"Build it again: {command} --force"
    if vectors.dtype.kind != "f":
        message = f"The index in {opening.folder} is of other data than the set has now."
        raise DamagedSetError(message, hint=again)
    kept = [
        read_npy(
            opening.folder / name,
            np.float32 if at else np.int8,
            vectors.shape[:1] if at else vectors.shape,
            hint=again,
        )
        for at, name in enumerate(FILES)
    ]
    return Int8Index(Codes(*kept), vectors, threads=opening.threads)


INT8 = EngineSpec(
    name="int8",
    title="Int8 codes are read first, then the best rows exactly: half the bytes, the same answer.",
    exact=True,
    scores_all=True,
    open=open_int8,
    build=build_int8,
)
"""What is known of the int8 engine."""
