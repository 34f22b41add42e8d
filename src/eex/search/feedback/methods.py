"""From labels to a direction to rank by: mean, Rocchio, logistic regression.

All work on vectors of length one, in float64. The direction's length does not matter for ranking:
what is ranked by is the cosine with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from eex.errors import BadQueryError, MissingExtraError
from eex.values import number_of, set_fields, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.floating[Any]]

Method = Literal["mean", "rocchio", "logistic"]
"""How labels become a direction."""

METHODS: tuple[Method, ...] = get_args(Method)
"""Every method."""

ALPHA, BETA, GAMMA = 1.0, 0.75, 0.15
"""Shares of the query, the positive and the negative tiles in Rocchio's formula."""

C = 10.0
"""Inverse of the strength of regularisation of logistic regression, as in scikit-learn."""

MAX_C = 1e6
"""Largest; beyond it there is no regularisation to speak of."""

MAX_ITERATIONS = 10_000
"""Of the solver, which needs some tens."""

FEWEST = 1e-9
"""A sum of unit vectors shorter than this cancels itself out."""


NEAR_ONLY = (
    "Learned from labelled tiles only: what is said of land unlike all of them is a guess. "
    "Random tiles as further negative ones (background, such as 1000) tell it apart."
)
"""What a person should know of a classifier without random tiles."""


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Shares of Rocchio's formula."""

    alpha: float = ALPHA
    """Of the query."""
    beta: float = BETA
    """Of the mean of the positive tiles."""
    gamma: float = GAMMA
    """Of the mean of the negative tiles, which is taken off."""

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "gamma"):
            share = number_of(getattr(self, name), name)
            if not 0 <= share <= 100:  # noqa: PLR2004
                message = f"{name} is from 0 to 100, got {share:g}."
                raise BadQueryError(message, hint="Usual are 1, 0.75 and 0.15.")
            set_fields(self, **{name: share})


def mean_direction(positive: Vectors, negative: Vectors) -> NDArray[np.float64]:
    """Return 2 mean(positive) - mean(negative), or mean(positive) without negatives; (dim,).

    Args:
        positive: Unit vectors, shape (p, dim), p at least 1.
        negative: Unit vectors, shape (n, dim); n may be 0.

    Raises:
        BadQueryError: If there is no positive tile, or the sum is zero.

    Source:
        Earth Index (Earth Genome) and GeoVibes (github.com/cr458/geovibes) update their query this
        way. It is Rocchio's formula without the query, with weights 2 and 1.
    """
    _check_some(positive)
    towards = positive.mean(axis=0, dtype=np.float64)
    if len(negative):
        towards = 2 * towards - negative.mean(axis=0, dtype=np.float64)
    return _checked(towards)


def rocchio_direction(
    query: NDArray[np.floating[Any]],
    positive: Vectors,
    negative: Vectors,
    shares: Shares | None = None,
) -> NDArray[np.float64]:
    """Return alpha query + beta mean(positive) - gamma mean(negative), shape (dim,).

    Args:
        query: Direction of the query that was asked first, shape (dim,); taken at length one.
        positive: Unit vectors, shape (p, dim); p may be 0.
        negative: Unit vectors, shape (n, dim); n may be 0.
        shares: Of the formula.

    Raises:
        BadQueryError: If the sum is zero.

    Source:
        Rocchio, "Relevance Feedback in Information Retrieval", in Salton (ed.), The SMART Retrieval
        System, 1971. The shares are those of Salton and Buckley, "Improving Retrieval Performance
        by Relevance Feedback", JASIS 41 (1990), as Manning, Raghavan and Schütze, "Introduction to
        Information Retrieval", 2008, section 9.1.1, give them: alpha 1, beta 0.75, gamma 0.15.
    """
    shares = shares or Shares()
    start = np.asarray(query, np.float64)
    start = start / np.linalg.norm(start)
    return _checked(shares.alpha * start + rocchio_change(positive, negative, shares))


def rocchio_change(
    positive: Vectors, negative: Vectors, shares: Shares | None = None
) -> NDArray[np.float64]:
    """Return what Rocchio's formula adds to the query: beta mean(positive) - gamma mean(negative).

    Shape (dim,); zero without labels.
    """
    shares = shares or Shares()
    change = np.zeros(positive.shape[1])
    if len(positive):
        change += shares.beta * positive.mean(axis=0, dtype=np.float64)
    if len(negative):
        change -= shares.gamma * negative.mean(axis=0, dtype=np.float64)
    return change


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted logistic regression: probability = 1 / (1 + exp(-(vector . weights + bias)))."""

    weights: NDArray[np.float64]
    """Shape (dim,); also the direction to rank by: on unit vectors the order is the same."""
    bias: float
    """Log odds of a tile at right angles to the weights."""
    c: float
    """Inverse strength of regularisation that it was fitted with."""

    def margins(self, vectors: Vectors) -> NDArray[np.float64]:
        """Return the log odds of unit vectors, shape (n, dim) -> (n,)."""
        return vectors.astype(np.float64) @ self.weights + self.bias

    def margins_of_cosines(self, cosines: Vectors) -> NDArray[np.float64]:
        """Return the log odds of tiles from their cosines with `weights`, shape (n,)."""
        length = float(np.linalg.norm(self.weights))
        return cosines.astype(np.float64) * length + self.bias


def probability(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of log odds; NaN stays NaN."""
    return 0.5 * (1 + np.tanh(0.5 * margins))


def margin_of(chance: float) -> float:
    """Return the log odds of a probability; infinite at 0 and 1."""
    if chance <= 0 or chance >= 1:
        return -np.inf if chance <= 0 else np.inf
    return float(np.log(chance / (1 - chance)))


def fit_logistic(positive: Vectors, negative: Vectors, *, c: float = C) -> Logistic:
    """Fit a logistic regression that tells positive from negative tiles.

    Both kinds count alike however many there are of each (`class_weight="balanced"`), so a
    probability is that among as many tiles of one kind as of the other, not the share on Earth.

    Args:
        positive: Unit vectors, shape (p, dim), p at least 1.
        negative: Unit vectors, shape (n, dim), n at least 1.
        c: Inverse of the strength of L2 regularisation; 10 unless given: unit vectors have small
            numbers, so that scikit-learn's 1 would hardly let them count.

    Raises:
        BadQueryError: If a kind has no tile, or `c` is not above 0.
        MissingExtraError: If scikit-learn is not installed.

    Source:
        scikit-learn, `LogisticRegression` (L-BFGS). Balancing: King and Zeng, "Logistic Regression
        in Rare Events Data", Political Analysis 9 (2001).
    """
    _check_some(positive)
    if not len(negative):
        message = "Logistic regression needs negative tiles too."
        hint = "Mark some, or let random tiles stand for them (background)."
        raise BadQueryError(message, hint=hint)
    c = check_c(c)
    regression = scikit_learn("linear_model").LogisticRegression
    both = np.concatenate([positive, negative]).astype(np.float64)
    kind = np.repeat([1, 0], [len(positive), len(negative)])
    fitted = regression(C=c, class_weight="balanced", max_iter=MAX_ITERATIONS).fit(both, kind)
    weights = np.asarray(fitted.coef_[0], np.float64)
    if not np.linalg.norm(weights) > FEWEST:
        message = "The positive and the negative tiles cannot be told apart."
        raise BadQueryError(message, hint="Mark tiles that differ.")
    return Logistic(weights, float(fitted.intercept_[0]), c)


def check_c(c: object) -> float:
    """Return the inverse strength of regularisation as a number.

    Raises:
        BadQueryError: If it is not over 0 and at most 1,000,000.
    """
    number = number_of(c, "c")
    if not 0 < number <= MAX_C:
        message = f"c is over 0 and at most {MAX_C:,.0f}, got {number:g}."
        raise BadQueryError(message, hint="Smaller is smoother; 10 is usual here.")
    return number


def check_method(method: object) -> Method:
    """Return the name of a method.

    Raises:
        BadQueryError: If it is none.
    """
    for known in METHODS:
        if method == known:
            return known
    message = f"There is no method of feedback called {shown(method)}."
    raise BadQueryError(message, hint=f"Choose one of {', '.join(METHODS)}.")


def scikit_learn(module: str) -> Any:  # noqa: ANN401
    """Return a module of scikit-learn.

    Raises:
        MissingExtraError: If it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError as error:
        message = "A classifier from labels needs scikit-learn, which is not installed."
        hint = "pip install 'earth-embedding-explorer[feedback]'"
        raise MissingExtraError(message, hint=hint) from error


def _check_some(positive: Vectors) -> None:
    if not len(positive):
        message = "No tile is marked as positive, so there is nothing to look for."
        raise BadQueryError(message, hint="Mark at least one tile that is what you look for.")


def _checked(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.linalg.norm(direction) > FEWEST:
        message = "Positive and negative tiles cancel each other out, so nothing is asked."
        raise BadQueryError(message, hint="Mark other tiles, or leave the negative ones out.")
    return direction
