"""Labels become a query, which web, command line, Python and HTTP ask alike.

    {"set": "world", "method": "rocchio", "query": {"text": "sand desert"},
     "positive": [10, 11], "negative": [200], "k": 20}

Means of tiles are parts of the query (`rows`), so that the recipe says what was learned from; their
weights make up for parts being taken at length one. A classifier is a `vector`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eex.embeddings.units import unit_vectors
from eex.errors import BadQueryError
from eex.search.answer import members_of, resolved
from eex.search.feedback.labels import Labels, check_rows
from eex.search.feedback.methods import (
    C,
    Shares,
    check_method,
    fit_logistic,
    mean_direction,
    rocchio_change,
    rocchio_direction,
)
from eex.search.fusion import Fusion
from eex.search.parts import MAX_ROWS, Part, RowsPart, VectorPart
from eex.search.query import MAX_PARTS, Query
from eex.search.rank import Voice, direction
from eex.search.vectors import Vectors, needs_encoder
from eex.values import MAX_WEIGHT, check_keys, integer, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.search.feedback.methods import Method
    from eex.search.run import OpenSet

ARITHMETIC = Fusion(method="vector", calibration="none")
"""Parts are added up as they are: a - b."""

MAX_BACKGROUND = 100_000
"""Most random tiles that stand for negative ones."""

LEAST_LENGTH = 1e-3
"""Length of a mean below which it is not told as rows, whose direction rounding would blur."""

_OWN = ("method", "positive", "negative", "query", "alpha", "beta", "gamma", "c", "background")
_RESULTS = (
    "set",
    "k",
    "bbox",
    "filter",
    "spread_km",
    "one_per_cell",
    "diversity",
    "repeats",
    "top_percent",
)


def feedback_query(
    opened: OpenSet,
    labels: Labels,
    *,
    method: Method = "mean",
    start: Query | None = None,
    shares: Shares | None = None,
    c: float = C,
    background: int = 0,
) -> Query:
    """Return the query that labels ask.

    Args:
        opened: The set that they are of.
        labels: Of its tiles.
        method: "mean" (2 mean(positive) - mean(negative)), "rocchio" (alpha query +
            beta mean(positive) - gamma mean(negative)) or "logistic" (the direction of a logistic
            regression); sources are in `eex.search.feedback.methods`.
        start: The query that was asked first. Its filter and how results are listed are kept by
            every method, its parts by "rocchio".
        shares: Alpha, beta and gamma of "rocchio".
        c: Inverse of the strength of regularisation of "logistic".
        background: For "logistic": so many random tiles without a label stand for further negative
            ones; the same each time.

    Raises:
        BadQueryError: If there is no positive label (for "rocchio": no label at all or no query), a
            row is not in the set or has no usable vector, or everything cancels out.
        MissingExtraError: If "logistic" is asked for and scikit-learn is not installed.
    """
    method = check_method(method)
    check_rows(labels, opened.embeddings)
    if start is not None and start.also:
        message = "Feedback is for one set, and this query asks several."
        raise BadQueryError(message, hint="Ask one of them first.")
    positive, negative = vectors_of(opened.embeddings, labels)
    if method == "rocchio":
        parts = _rocchio(opened, labels, positive, negative, start=start, shares=shares or Shares())
    elif method == "mean":
        towards = mean_direction(positive, negative)
        share = 2.0 if len(negative) else 1.0
        parts = _of_rows(
            [(labels.positive, positive, share), (labels.negative, negative, -1.0)], towards
        )
    else:
        rows = background_rows(opened.embeddings, labels, background)
        others = unit_vectors(opened.embeddings, rows)
        fitted = fit_logistic(positive, np.concatenate([negative, others]), c=c)
        parts = (_vector(fitted.weights),)
    if start is None:
        return Query(parts=parts, set=opened.name, fusion=ARITHMETIC)
    prompts = start.prompts if method == "rocchio" else ()
    return start.replaced(parts=parts, set=opened.name, fusion=ARITHMETIC, prompts=prompts)


def feedback_from_json(record: object, opened: OpenSet) -> Query:
    """Return the query of a decoded JSON object, see the module.

    Keys: `positive` and `negative` (rows), `method`, `query` (the first one, a record; its filter
    and so on are kept), `alpha`, `beta`, `gamma`, `c`, `background`; and of a query `set`, `k`,
    `bbox`, `filter`, `spread_km`, `one_per_cell`, `diversity`, `repeats` and `top_percent`, which
    go before those of `query`.

    Args:
        record: What is asked.
        opened: The set that it names.

    Raises:
        BadQueryError: If something in it is missing, unknown or out of range.
    """
    if not isinstance(record, Mapping):
        message = "Feedback is a JSON object."
        raise BadQueryError(message, hint='Such as {"positive": [10, 11], "negative": [200]}.')
    check_keys(record, (*_OWN, *_RESULTS), "Feedback")
    first = record.get("query")
    if first is not None and not isinstance(first, Mapping):
        message = f"query is the record of the query asked first, got {shown(first)}."
        raise BadQueryError(message, hint='Such as {"text": "sand desert"}.')
    said = {name: record[name] for name in _RESULTS if record.get(name) is not None}
    before = dict(first) if first is not None else {"row": 0}
    if {"bbox", "filter"} & set(said):
        before = {k: v for k, v in before.items() if k not in {"bbox", "filter"}}
    asked = Query.from_json({**before, **said})
    method = check_method(record.get("method") or ("mean" if first is None else "rocchio"))
    if first is None and method == "rocchio":
        raise _no_query()
    names = ("alpha", "beta", "gamma")
    given = {name: record[name] for name in names if record.get(name) is not None}
    return feedback_query(
        opened,
        Labels.of(record.get("positive") or (), record.get("negative") or ()),
        method=method,
        start=asked,
        shares=Shares(**given),
        c=C if record.get("c") is None else record["c"],
        background=record.get("background") or 0,
    )


def vectors_of(
    embeddings: EmbeddingSet, labels: Labels
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the unit vectors of the positive and of the negative tiles, shape (n, dim) each."""
    return unit_vectors(embeddings, labels.positive), unit_vectors(embeddings, labels.negative)


def background_rows(embeddings: EmbeddingSet, labels: Labels, count: object) -> NDArray[np.int64]:
    """Return random rows without a label and with a usable vector, the same each time, rising.

    Args:
        embeddings: The set.
        labels: Rows that are left out.
        count: How many; fewer where there are not so many.

    Raises:
        BadQueryError: If count is not from 0 to 100,000.

    Source:
        Unlabelled tiles as negative ones: Elkan and Noto, "Learning Classifiers from Only Positive
        and Unlabeled Data", KDD 2008. Where few of them are positive, the order is that of a
        classifier with true negatives; a probability is too low by a constant factor.
    """
    number = integer(count)
    if number is None or not 0 <= number <= MAX_BACKGROUND:
        message = f"background is from 0 to {MAX_BACKGROUND:,} tiles, got {shown(count)}."
        raise BadQueryError(message, hint="1000 is usual.")
    if not number:
        return np.empty(0, np.int64)
    free = np.ones(len(embeddings), np.bool_)
    free[labels.rows] = False
    free[embeddings.unusable] = False
    rows = np.flatnonzero(free)
    chosen = np.random.default_rng(0).choice(rows, min(number, len(rows)), replace=False)
    return np.sort(chosen).astype(np.int64)


def _rocchio(
    opened: OpenSet,
    labels: Labels,
    positive: NDArray[np.float32],
    negative: NDArray[np.float32],
    *,
    start: Query | None,
    shares: Shares,
) -> tuple[Part, ...]:
    """Return the parts of Rocchio's formula: those of the query, and the means of tiles."""
    if start is None:
        raise _no_query()
    first, query = _weighed(opened, start, shares.alpha)
    # looked at before it is asked: parts may cancel each other out
    towards = rocchio_direction(query, positive, negative, shares)
    change = rocchio_change(positive, negative, shares)
    if not np.linalg.norm(change):
        return first if shares.alpha else (_vector(towards),)
    means = _of_rows(
        [(labels.positive, positive, shares.beta), (labels.negative, negative, -shares.gamma)],
        change,
    )
    parts = (*(first if shares.alpha else ()), *means)
    fits = len(parts) <= MAX_PARTS and all(abs(part.weight) <= MAX_WEIGHT for part in parts)
    return parts if fits else (_vector(towards),)


def _weighed(
    opened: OpenSet, start: Query, alpha: float
) -> tuple[tuple[Part, ...], NDArray[np.float64]]:
    """Return a query's parts with weights that add up to length alpha, and its unit vector.

    Raises:
        BadQueryError: If its parts are not joined to one direction.
    """
    asked = resolved(start, (opened,))
    if len(asked.parts) > 1 and asked.joined_by.method != "vector":
        message = "Rocchio's formula needs a query with one direction, and this one has several."
        hint = 'Ask with match "sum" first, or take the method "mean" or "logistic".'
        raise BadQueryError(message, hint=hint)
    opened.check(asked)
    prompts = asked.prompts if isinstance(asked.prompts, tuple) else ()
    with opened.encoding() if needs_encoder(asked.parts) else nullcontext() as encoder:
        make = Vectors(opened.embeddings, opened.known_spec, encoder, prompts)
        member = members_of((opened,))[0]
        voices = [Voice(i, p.weight, make.of(p), member) for i, p in enumerate(asked.parts)]
    towards = direction(voices, asked.joined_by)
    if len(asked.parts) == 1:
        share = alpha if asked.parts[0].weight >= 0 else -alpha
        return (replace(asked.parts[0], weight=share),), towards
    # The shares that `direction` took: what solves shares @ vectors = towards.
    vectors = np.stack([voice.vector for voice in voices]).astype(np.float64)
    shares = np.linalg.lstsq(vectors.T, alpha * towards, rcond=None)[0]
    if not np.allclose(shares @ vectors, alpha * towards, atol=1e-6):
        return (_vector(alpha * towards),), towards
    if np.abs(shares).max() > MAX_WEIGHT:
        return (_vector(alpha * towards),), towards
    parts = tuple(
        replace(part, weight=float(share)) for part, share in zip(asked.parts, shares, strict=True)
    )
    return parts, towards


def _of_rows(
    means: list[tuple[NDArray[np.int64], NDArray[np.float32], float]],
    towards: NDArray[np.float64],
) -> tuple[Part, ...]:
    """Return means of tiles as parts: rows, their vectors, and the share of their mean.

    One vector, `towards`, stands for them where there are too many rows or a mean is too short.
    """
    parts: list[Part] = []
    for rows, vectors, share in means:
        if not len(rows) or not share:
            continue
        length = float(np.linalg.norm(vectors.mean(axis=0, dtype=np.float64)))
        if len(rows) > MAX_ROWS or length < LEAST_LENGTH or length * abs(share) > MAX_WEIGHT:
            return (_vector(towards),)
        parts.append(RowsPart(tuple(rows.tolist()), weight=share * length))
    return tuple(parts)


def _vector(towards: NDArray[np.float64]) -> VectorPart:
    """Return a direction as a part: eight digits each, its length as the weight."""
    length = float(np.linalg.norm(towards))
    numbers = tuple(float(f"{number:.8g}") for number in (towards / length).tolist())
    return VectorPart(numbers, weight=min(length, MAX_WEIGHT))


def _no_query() -> BadQueryError:
    message = "Rocchio's formula moves a query, and there is none."
    return BadQueryError(message, hint='Give one, such as words, or take the method "mean".')
