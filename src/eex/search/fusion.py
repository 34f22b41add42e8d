"""How the scores of several parts, or of several sets, become one.

    {"method": "sum", "calibration": "quantile"}

`vector`: no scores are joined but vectors: one direction, the weighted sum of the parts' unit
vectors, each divided by the spread of its scores (or taken as it is: `"calibration": "none"`, the
arithmetic a - b). The score is a cosine. For parts in one set only.

`sum`: the mean of the parts' calibrated scores by their weights. Also over several sets.

`minimum`: the lowest calibrated score of the parts (AND); a part to be away from counts by its
complement (NOT): minus its z-score, or 1 minus its quantile.

`rrf`: the sum of weight / (constant + rank) over the parts' rankings, of which the best `window`
rows each take part; a part to be away from gives its ranking from the other end.

What scores are calibrated by (mean, quantiles, ...) is taken from a fixed sample of the whole set,
whatever is filtered, so that the same tile gets the same number in every area.

Sources:
    Sum of calibrated scores: Fox and Shaw, "Combination of Multiple Searches", TREC-2, 1994
    (CombSUM); z-scores: Montague and Aslam, "Relevance Score Normalization for Metasearch", CIKM
    2001. For inner products in one space it is, up to a constant, one query vector.
    Robust z-score, 0.6745 (x - median) / MAD: Iglewicz and Hoaglin, "How to Detect and Handle
    Outliers", 1993.
    Quantiles: the probability integral transform by the empirical distribution, as for combining
    ranks over collections of other shape; Fernandez, Vallet and Castells, "Probabilistic Score
    Normalization for Rank Aggregation", ECIR 2006.
    Min-max (Lee, "Analyses of Multiple Evidence Combination", SIGIR 1997) is what the original
    EarthEmbeddingExplorer sums; it follows two outliers of each set and is here to compare with.
    Minimum: Zadeh, "Fuzzy Sets", 1965; Fagin, "Combining Fuzzy Information from Multiple Systems",
    PODS 1996.
    Reciprocal rank fusion, constant 60: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion
    Outperforms Condorcet and Individual Rank Learning Methods", SIGIR 2009.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from eex.errors import BadQueryError
from eex.values import check_keys, integer, number_of, set_fields, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["vector", "sum", "minimum", "rrf"]
"""How parts are joined."""

Calibration = Literal["z", "robust-z", "quantile", "min-max", "none"]
"""What makes scores of different parts comparable."""

RRF_CONSTANT = 60.0
"""Of the paper."""

MAX_CONSTANT = 10_000
"""Largest of them: beyond, ranks hardly count."""

RRF_WINDOW = 10_000
"""Rows of each ranking that take part."""

MAX_WINDOW = 1_000_000
"""Most of them."""

MIN_SPREAD = 1e-9
"""Spread of scores below which a part tells no tiles apart; its calibrated scores are all one."""

MAD_TO_DEVIATION = 0.6745
"""Median absolute deviation of a normal distribution, in standard deviations."""

NAMES: dict[Calibration, str] = {
    "z": "z-score",
    "robust-z": "robust z-score",
    "quantile": "quantile",
    "min-max": "min-max score",
    "none": "cosine",
}
"""What a calibrated score is called."""

_KEYS = ("method", "calibration", "constant", "window")


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """How parts are joined."""

    method: Method = "vector"
    """See the module."""
    calibration: Calibration = "z"
    """Of `vector` ("z" or "none"), `sum` and `minimum`."""
    constant: float = RRF_CONSTANT
    """Of `rrf`, from 0: how little the very first ranks stand out."""
    window: int = RRF_WINDOW
    """Of `rrf`: how many rows of each ranking take part."""

    def __post_init__(self) -> None:
        for name, known in (("method", Method), ("calibration", Calibration)):
            if getattr(self, name) not in get_args(known):
                message = f"There is no {name} of fusion called {shown(getattr(self, name))}."
                raise BadQueryError(message, hint=f"Choose one of {', '.join(get_args(known))}.")
        if self.method == "vector" and self.calibration not in {"z", "none"}:
            message = f"Vectors are not added up by {self.calibration}."
            hint = 'Choose calibration "z" or "none", or method "sum", which joins scores.'
            raise BadQueryError(message, hint=hint)
        constant, window = number_of(self.constant, "constant"), integer(self.window)
        if not 0 <= constant <= MAX_CONSTANT or window is None or not 1 <= window <= MAX_WINDOW:
            message = "The constant of rrf is from 0, its window a whole number from 1."
            hint = f"At most {MAX_WINDOW:,} rows take part, the constant is at most {MAX_CONSTANT}."
            raise BadQueryError(message, hint=hint)
        if self.method == "rrf":  # what a method does not look at is the same for all
            set_fields(self, constant=constant, window=window, calibration="none")
        else:
            set_fields(self, constant=RRF_CONSTANT, window=RRF_WINDOW)

    @classmethod
    def from_json(cls, record: object) -> Fusion:
        """Read it from a decoded JSON object, or from the name of a method.

        Raises:
            BadQueryError: If something in it is unknown or out of range.
        """
        if isinstance(record, Fusion):
            return record
        if isinstance(record, str):
            record = {"method": record}
        if not isinstance(record, Mapping):
            message = f"fusion is an object or the name of a method, got {shown(record)}."
            raise BadQueryError(message, hint='Such as {"method": "sum", "calibration": "z"}.')
        check_keys(record, _KEYS, "fusion")
        return cls(**{name: value for name, value in record.items() if value is not None})

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON-able record, with what its method looks at."""
        if self.method == "rrf":
            return {"method": self.method, "constant": self.constant, "window": self.window}
        return {"method": self.method, "calibration": self.calibration}

    @property
    def score_kind(self) -> str:
        """What a score is, for people."""
        name = NAMES[self.calibration]
        return {
            "vector": "cosine",
            "sum": f"weighted mean of the parts' {name}s",
            "minimum": f"lowest {name} of the parts",
            "rrf": f"reciprocal rank fusion, constant {self.constant:g}",
        }[self.method]


@dataclass(frozen=True)
class Scale:
    """Calibrates the scores of one part; never falling, so that better stays better."""

    kind: Calibration
    low: float = 0.0
    """What is taken off: the mean, the median, or the least score."""
    spread: float = 1.0
    """What is divided by; 0 where the part tells no tiles apart."""
    steps: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    """Of quantiles: scores from -1 to 1, rising, and the quantile of each."""

    @classmethod
    def of(cls, kind: Calibration, sample: NDArray[np.float32]) -> Scale:
        """Make it from the part's scores of the sample, shape (n,); NaN is left out."""
        some = sample[np.isfinite(sample)].astype(np.float64)
        if kind == "none":
            return cls(kind)
        if not some.size:
            return cls(kind, spread=0.0)
        if kind == "quantile":
            return cls(kind, steps=_steps(some))
        if kind == "z":
            low, spread = some.mean(), some.std()
        elif kind == "robust-z":
            low = np.median(some)
            spread = np.median(np.abs(some - low)) / MAD_TO_DEVIATION
        else:
            low = some.min()
            spread = some.max() - low
        return cls(kind, float(low), float(spread) if spread > MIN_SPREAD else 0.0)

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return calibrated scores, float64, of the same shape; NaN stays NaN."""
        wide = scores.astype(np.float64)
        if self.steps is not None:
            return np.interp(wide, *self.steps)
        if not self.spread:
            return 0 * wide
        wide -= self.low
        wide /= self.spread
        return wide

    def complement(self, calibrated: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what stands for "not" this part."""
        if self.kind in {"quantile", "min-max"}:
            return 1 - calibrated
        return -calibrated


def joined(
    fusion: Fusion,
    scores: Sequence[NDArray[np.floating]],
    scales: Sequence[Scale],
    weights: Sequence[float],
) -> NDArray[np.float64]:
    """Return the fused score of every row by `sum` or `minimum`; NaN where a part has none.

    Args:
        fusion: Its method is "sum" or "minimum".
        scores: Cosines of each part, shape (n,).
        scales: Of each part.
        weights: Of each part; for "minimum" only their signs count.
    """
    out = np.full(len(scores[0]), np.inf if fusion.method == "minimum" else 0.0)
    total = sum(map(abs, weights)) or 1.0
    for score, scale, weight in zip(scores, scales, weights, strict=True):
        calibrated = scale(score)
        if fusion.method == "minimum":
            np.minimum(out, calibrated if weight >= 0 else scale.complement(calibrated), out=out)
        else:
            calibrated *= weight / total
            out += calibrated
    return out


def bounds(
    fusion: Fusion,
    scores: Sequence[NDArray[np.floating]],
    errors: Sequence[float],
    scales: Sequence[Scale],
    weights: Sequence[float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return below and above what the fused score of every row lies, if scores are off by `errors`.

    Every method rises with each part, or falls with one to be away from, so the ends are those of
    the parts' scores.
    """
    ends = []
    for side in (-1, 1):
        moved = [
            score + np.float64(side * error * (1 if weight >= 0 else -1))
            for score, error, weight in zip(scores, errors, weights, strict=True)
        ]
        ends.append(joined(fusion, moved, scales, weights))
    return ends[0], ends[1]


def reciprocal_ranks(
    rankings: Sequence[NDArray[np.int64]],
    weights: Sequence[float],
    size: int,
    *,
    constant: float = RRF_CONSTANT,
) -> NDArray[np.float64]:
    """Return the sum of weight / (constant + rank) of every row, 0 where no ranking has it.

    Args:
        rankings: Rows of each part, best first; of a part to be away from, worst first.
        weights: Of each part; their size counts.
        size: Rows in all.
        constant: See `Fusion`.

    Returns:
        Shape (size,), float64.
    """
    out = np.zeros(size)
    for rows, weight in zip(rankings, weights, strict=True):
        out[rows] += abs(weight) / (constant + np.arange(1, len(rows) + 1))
    return out


def _steps(sample: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the empirical distribution as a line that rises everywhere from -1 to 1.

    The i-th of n scores stands at i / (n + 1) (Weibull's plotting positions), equal ones at their
    mean; in between and at both ends it is straight, so that rows better than all of the sample
    still differ.
    """
    values, counts = np.unique(np.clip(sample, -1, 1), return_counts=True)
    last = np.cumsum(counts)
    places = (last - (counts - 1) / 2) / (sample.size + 1)
    inner = (values > -1) & (values < 1)
    return (
        np.concatenate([[-1.0], values[inner], [1.0]]),
        np.concatenate([[0.0], places[inner], [1.0]]),
    )
