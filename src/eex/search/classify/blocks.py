"""How well labels predict labels elsewhere: folds of whole blocks of land, beside random folds.

Tiles near each other look alike, and may overlap, so that a classifier that is tested beside where
it was fitted seems better than it is elsewhere. Blocks are cells of a Major TOM grid, nearly equal
in area; all labels of a block are in one fold, and labels too near to a tested one are not fitted
on. The difference to random folds is how much of their figures is nearness.

Source:
    Roberts et al., "Cross-validation strategies for data with temporal, spatial, hierarchical, or
    phylogenetic structure", Ecography 40 (2017). Ploton et al., "Spatial validation reveals poor
    predictive performance of large-scale ecological mapping models", Nature Communications 11
    (2020).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError
from eex.grid import Grid
from eex.places import EARTH_RADIUS_KM
from eex.search.feedback.methods import C, fit_logistic, probability, scikit_learn
from eex.search.spread import unit_sphere
from eex.values import number_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Fold = tuple[NDArray[np.intp], NDArray[np.intp]]

FOLDS = 5
"""Parts that labels are dealt into, where there are as many blocks."""

BLOCK_KM = 100.0
"""Least side of a block unless given."""

BLOCK_TILES = 10
"""Least side of a block unless given, in tiles."""

MAX_BLOCK_KM = 20_037.0
"""Largest side of a block: half-way round the globe."""

HALF = 0.5
"""Threshold where none can be chosen."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How well probabilities of labels fit, each from a classifier that did not know the label."""

    auc: float
    """Chance that a positive tile has the higher probability than a negative one."""
    average_precision: float
    """Mean precision over the positive tiles, best first; the share of positives by chance."""
    precision: float
    """Share of positive tiles among those at or above the threshold; NaN if there are none."""
    recall: float
    """Share of the positive tiles at or above the threshold."""
    f1: float
    """Harmonic mean of both."""
    tested: int
    """Labels that were predicted."""
    positive: int
    """Of these, positive ones."""

    def to_json(self) -> dict[str, Any]:
        """Return them as a JSON-able record."""
        return {name: _told(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Figures by folds of blocks and by random folds."""

    threshold: float
    """Probability that precision and recall are told for."""
    chosen: bool
    """Whether it is the one with the best F1 on the folds of blocks."""
    block_km: float
    """Side of a block, kilometres."""
    buffer_km: float
    """Labels within this distance of a tested one were not fitted on, kilometres."""
    blocks: int
    """Blocks that have labels."""
    folds: int
    """Folds of blocks; 0 if there are too few."""
    blocked: Figures | None
    """By folds of blocks; None if that cannot be told."""
    random: Figures | None
    """By random folds; None if that cannot be told."""
    messages: tuple[str, ...]
    """What could not be told, and why."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON-able record."""
        record = {
            name: _told(getattr(self, name))
            for name in ("threshold", "chosen", "block_km", "buffer_km", "blocks", "folds")
        }
        for name, figures in (("blocked", self.blocked), ("random", self.random)):
            record[name] = None if figures is None else figures.to_json()
        return record | {"messages": list(self.messages)}

    def lines(self) -> list[str]:
        """Return it as a table for a terminal, and what to know of it."""
        names = ("auc", "average_precision", "precision", "recall", "f1", "tested")
        heads = ("AUC", "avg. prec.", "precision", "recall", "F1", "labels")
        lines = [f"{'folds':<18}" + "".join(f"{head:>11}" for head in heads)]
        of = {f"blocks of {self.block_km:g} km": self.blocked, "random": self.random}
        for name, figures in of.items():
            if figures is not None:
                shown = [getattr(figures, field) for field in names]
                cells = [f"{v:>11.3f}" if isinstance(v, float) else f"{v:>11,}" for v in shown]
                lines.append(f"{name:<18}" + "".join(cells))
        how = " (best F1 on blocks)" if self.chosen else ""
        if self.blocked is None and self.random is None:
            lines = []
        else:
            lines.append(f"Precision, recall and F1 at probability {self.threshold:.3f}{how}.")
        return lines + list(self.messages)


def validate(
    vectors: NDArray[np.float32],
    positive: NDArray[np.bool_],
    lonlat: NDArray[np.float64],
    *,
    tile_km: float,
    c: float = C,
    block_km: float | None = None,
    folds: int = FOLDS,
    threshold: float | None = None,
) -> Validation:
    """Fit and test the classifier on folds of blocks and on random folds.

    Probabilities of all folds are taken together. A fold whose other labels are all of one kind
    tests nothing.

    Args:
        vectors: Of the labelled tiles, at length one, shape (n, dim).
        positive: Which are, shape (n,).
        lonlat: Where they are, shape (n, 2), degrees.
        tile_km: Width of a tile; 0 if not known.
        c: Inverse of the strength of regularisation.
        block_km: Side of a block; 100 km or 10 tiles, whichever is more, unless given.
        folds: At most so many; never more than blocks with labels.
        threshold: Probability to tell precision and recall for; by default the one with the best
            F1 on the folds of blocks (a little optimistic: it is chosen on the labels that it is
            told for), 0.5 where there is none.

    Raises:
        BadQueryError: If block_km or threshold is out of range.
        MissingExtraError: If scikit-learn is not installed.
    """
    km, buffer = check_block(block_km, tile_km), tile_km * math.sqrt(2)
    blocks, messages = blocks_of(lonlat, km), []
    count = len(np.unique(blocks))
    by_block = list(block_folds(blocks, lonlat, folds=min(folds, count), buffer_km=buffer))
    chances = _out_of_fold(vectors, positive, by_block, c)
    can = _both(positive[np.isfinite(chances)])
    if count < 2:  # noqa: PLR2004
        messages.append(
            f"All labels lie in one block of {km:g} km, so that nothing can be said of other "
            "places: label tiles farther apart, or give smaller blocks."
        )
    elif not can:
        messages.append(
            f"Labels of one kind lie too near together for folds of blocks of {km:g} km "
            f"({count} blocks): label tiles farther apart, or give smaller blocks."
        )
    chosen = threshold is None and can
    if threshold is None:
        threshold = best_f1(chances, positive) if can else HALF
    by_chance = list(random_folds(positive, folds))
    dealt = _out_of_fold(vectors, positive, by_chance, c)
    if not _both(positive[np.isfinite(dealt)]):
        messages.append("There are too few labels of one kind for random folds.")
    return Validation(
        threshold=threshold,
        chosen=chosen,
        block_km=km,
        buffer_km=buffer,
        blocks=count,
        folds=len(by_block),
        blocked=figures_of(chances, positive, threshold) if can else None,
        random=figures_of(dealt, positive, threshold)
        if _both(positive[np.isfinite(dealt)])
        else None,
        messages=tuple(messages),
    )


def check_block(block_km: object, tile_km: float) -> float:
    """Return the side of a block in kilometres, the default filled in.

    Raises:
        BadQueryError: If it is not from 0.01 to 20,037.
    """
    if block_km is None:
        return min(max(BLOCK_KM, BLOCK_TILES * tile_km), MAX_BLOCK_KM)
    km = number_of(block_km, "block_km")
    if not 0.01 <= km <= MAX_BLOCK_KM:  # noqa: PLR2004
        message = f"Blocks have 0.01 to {MAX_BLOCK_KM:,.0f} km a side, not {km:g}."
        raise BadQueryError(message, hint="100 km, or ten tiles, is usual.")
    return km


def blocks_of(lonlat: NDArray[np.float64], km: float) -> NDArray[np.int64]:
    """Return the number of the block that each place lies in, from 0, shape (n,)."""
    cells = Grid(km).cells_at(lonlat)
    both = np.column_stack([cells.row, cells.col])
    return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def block_folds(
    blocks: NDArray[np.int64], lonlat: NDArray[np.float64], *, folds: int, buffer_km: float
) -> Iterable[Fold]:
    """Yield what is fitted on and what is tested: whole blocks, and none of what is near them.

    Args:
        blocks: Of each label, shape (n,).
        lonlat: Shape (n, 2), degrees.
        folds: How many; none with fewer than 2.
        buffer_km: Labels nearer than this to a tested one are left out of what is fitted on.
    """
    if folds < 2:  # noqa: PLR2004
        return
    points = unit_sphere(lonlat)
    limit = math.cos(min(buffer_km / EARTH_RADIUS_KM, math.pi))
    groups = scikit_learn("model_selection").GroupKFold(n_splits=folds)
    for fitted, tested in groups.split(points, groups=blocks):
        far = np.ones(len(fitted), np.bool_)
        if buffer_km > 0:
            for low in range(0, len(tested), 1024):
                some = points[fitted] @ points[tested[low : low + 1024]].T
                far &= (some <= limit).all(axis=1)
        yield fitted[far], tested


def random_folds(positive: NDArray[np.bool_], folds: int) -> Iterable[Fold]:
    """Yield random folds with as large a share of positives each; none with too few labels."""
    few = int(min(positive.sum(), (~positive).sum()))
    folds = min(folds, few)
    if folds < 2:  # noqa: PLR2004
        return
    dealer = scikit_learn("model_selection").StratifiedKFold(
        n_splits=folds, shuffle=True, random_state=0
    )
    yield from dealer.split(positive, positive)


def figures_of(
    chances: NDArray[np.float64], positive: NDArray[np.bool_], threshold: float
) -> Figures:
    """Return the figures of probabilities; NaN is not tested. Both kinds must be tested."""
    metrics = scikit_learn("metrics")
    told = np.isfinite(chances)
    chances, positive = chances[told], positive[told]
    taken = chances >= threshold
    right = int((taken & positive).sum())
    precision = right / int(taken.sum()) if taken.any() else math.nan
    recall = right / int(positive.sum())
    return Figures(
        auc=float(metrics.roc_auc_score(positive, chances)),
        average_precision=float(metrics.average_precision_score(positive, chances)),
        precision=precision,
        recall=recall,
        f1=2 * right / (int(taken.sum()) + int(positive.sum())),
        tested=len(chances),
        positive=int(positive.sum()),
    )


def best_f1(chances: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the threshold with the best F1: half-way down to the next lower probability.

    Of equally good ones the highest. NaN is left out.
    """
    told = np.isfinite(chances)
    chances, positive = chances[told], positive[told]
    order = np.argsort(-chances, kind="stable")
    falling = chances[order]
    right = np.cumsum(positive[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + positive.sum())
    ends = np.append(falling[1:] < falling[:-1], True)  # where a threshold can be
    at = int(np.argmax(np.where(ends, f1, -1)))
    lower = falling[at + 1] if at + 1 < len(falling) else 0.0
    return float((falling[at] + lower) / 2)


def _out_of_fold(
    vectors: NDArray[np.float32], positive: NDArray[np.bool_], folds: Iterable[Fold], c: float
) -> NDArray[np.float64]:
    """Return the probability of each label by the classifier that did not know it; NaN if none."""
    margins = np.full(len(positive), np.nan)
    for fitted, tested in folds:
        kind = positive[fitted]
        if _both(kind):
            some = vectors[fitted]
            margins[tested] = fit_logistic(some[kind], some[~kind], c=c).margins(vectors[tested])
    return probability(margins)


def _both(positive: NDArray[np.bool_]) -> bool:
    return bool(positive.any() and not positive.all())


def _told(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def check_threshold(threshold: object) -> float:
    """Return a probability to cut at.

    Raises:
        BadQueryError: If it is not from 0 to 1.
    """
    number = number_of(threshold, "threshold")
    if not 0 <= number <= 1:
        message = f"A threshold is a probability, 0 to 1, got {number:g}."
        raise BadQueryError(message, hint="0.5 is where both kinds are as likely.")
    return number
