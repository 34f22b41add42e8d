"""Vectors of parts become scores of every tile and the best rows.

How parts are joined is said in `fusion`. All ways but ranks are exact on an engine that scores
every row: rows that rounding could put among the best are scored again in float64. Ranks are those
of exact searches. Equal scores rank by row.

An engine that finds only the best rows answers one direction (`vector`) and ranks (`rrf`) as such;
for sums and minima the best of each part are candidates, which are then scored exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError
from eex.index.base import FiltersItself, Hits, VectorIndex
from eex.index.topk import rank_of_percent, top_rows
from eex.search.diversity import Arrangement, arrange, first_look
from eex.search.fusion import Fusion, Scale, bounds, joined, reciprocal_ranks
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.filters.record import Filter
    from eex.search.member import Member

CANDIDATES = 20
"""Rows of each part for each result that is wanted, where an engine finds only the best."""

BLOCK = 2**17
"""Rows whose scores are joined at a time."""

LEAST_CANDIDATES = 2_000
"""Fewest of them."""


@dataclass(frozen=True, eq=False)
class Voice:
    """One part of a query in one set."""

    part: int
    """Which part."""
    weight: float
    """Its weight."""
    vector: NDArray[np.float32]
    """Of length one, shape (dim,)."""
    member: Member
    """The set."""

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        """The part's scores of the sample of its set."""
        return self.member.sample.scores(self.vector)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a ranking is wanted."""

    embeddings: EmbeddingSet
    """The first set, whose tiles are ranked."""
    arrangement: Arrangement
    """How many rows, and what is asked of their list."""
    percent: float | None = None
    """Only the best of those ranked, this many percent."""
    mask: NDArray[np.bool_] | None = None
    """Which tiles may be ranked; None for all, or where the engine takes `where` itself."""
    where: Filter | None = None
    """The filter, where the engine takes it itself."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Scores of every tile and the best rows."""

    scores: NDArray[np.float32]
    """Shape (rows,), NaN where a tile has no usable vector or was not looked at; exact for the
    best."""
    rows: NDArray[np.int64]
    """The best, best first."""
    ranked: NDArray[np.bool_]
    """Which tiles could be a result, shape (rows,)."""
    groups: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    """Rows that only repeat a result, best first."""
    messages: tuple[str, ...] = ()
    """What a person should know of the list."""


Best = Callable[[int], "NDArray[np.int64]"]
"""How many rows -> the best so many, best first."""


def rank(voices: Sequence[Voice], fusion: Fusion, wanted: Wanted) -> Ranking:
    """Rank the tiles of the first set.

    Args:
        voices: Parts in sets; for `vector` all in one set.
        fusion: How they are joined.
        wanted: What is wanted of the ranking.

    Raises:
        BadQueryError: If the parts cancel each other out, or the engine lacks the scores that
            are asked for.
        CancelledError: If the search should stop.
    """
    if not any(voice.weight for voice in voices):
        message = "All parts have weight 0, so nothing is asked."
        raise BadQueryError(message, hint="Give a part another weight.")
    every = all(isinstance(voice.member.index, VectorIndex) for voice in voices)
    if wanted.percent is not None and not every:
        message = "The best percent of all tiles needs every tile's score, and this engine has few."
        raise BadQueryError(message, hint="Leave top_percent out, or use the engine exact.")
    if fusion.method == "vector":
        return _by_vector(voices, fusion, wanted)
    if fusion.method == "rrf":
        return _by_ranks(voices, fusion, wanted)
    return _by_scores(voices, fusion, wanted) if every else _of_candidates(voices, fusion, wanted)


def direction(voices: Sequence[Voice], fusion: Fusion) -> NDArray[np.float64]:
    """Return the unit vector that the parts add up to, shape (dim,).

    Each is divided by the standard deviation of its scores over the set's sample, unless the
    calibration is "none"; a single part is taken as it is.

    Raises:
        BadQueryError: If the parts cancel each other out.
    """
    shares = np.array([voice.weight for voice in voices], np.float64)
    if len(voices) > 1 and fusion.calibration != "none":
        spreads = [float(np.nanstd(voice.sample)) for voice in voices]
        shares /= np.maximum(spreads, 1e-6)
    total = shares @ np.stack([voice.vector for voice in voices]).astype(np.float64)
    length = float(np.linalg.norm(total))
    if length <= 1e-9 * float(np.abs(shares).sum()):
        message = "The parts of the query cancel each other out, so nothing is asked."
        raise BadQueryError(message, hint="Change a weight.")
    return np.asarray(total / length)


def _by_vector(voices: Sequence[Voice], fusion: Fusion, wanted: Wanted) -> Ranking:
    towards, member = direction(voices, fusion), voices[0].member
    first = _first(wanted)
    if isinstance(member.index, VectorIndex):
        scores, hits = member.index.scan(towards, k=first, mask=wanted.mask)
        member.note(hits)
    else:
        scores = np.full(len(wanted.embeddings), np.nan, np.float32)
        hits = _found(member, towards, first, wanted)
        scores[hits.rows[0]] = hits.scores[0]
    looked = first

    def best(count: int) -> NDArray[np.int64]:
        nonlocal hits, looked
        if count > looked:
            hits, looked = _found(member, towards, count, wanted), count
            scores[hits.rows[0]] = hits.scores[0]  # as exact in the map as in the ranking
        return hits.rows[0]

    return _ranking(scores, best, wanted)


def _found(member: Member, towards: NDArray[np.float64], count: int, wanted: Wanted) -> Hits:
    """Return the best rows by an engine, which may filter itself."""
    index = member.index
    if wanted.where is not None and isinstance(index, FiltersItself):
        hits = index.search_where(towards[None], k=count, where=wanted.where)
    else:
        hits = index.search(towards[None], k=count, mask=wanted.mask)
    member.note(hits)
    return hits


def _by_ranks(voices: Sequence[Voice], fusion: Fusion, wanted: Wanted) -> Ranking:
    rankings = [
        voice.member.best(
            voice.vector if voice.weight >= 0 else -voice.vector, fusion.window, wanted.mask
        )
        for voice in voices
    ]
    weights = [voice.weight for voice in voices]
    size = len(wanted.embeddings)
    out = reciprocal_ranks(rankings, weights, size, constant=fusion.constant).astype(np.float32)
    out[out == 0] = np.nan
    for partner in {id(v.member): v.member.partner for v in voices}.values():
        if partner is not None:  # a tile that a set lacks does not rank
            out[partner < 0] = np.nan
    return _ranking(out, lambda count: top_rows(out, count), wanted)


def scales_of(voices: Sequence[Voice], fusion: Fusion) -> list[Scale]:
    """Return what calibrates each part."""
    return [Scale.of(fusion.calibration, voice.sample) for voice in voices]


def _by_scores(voices: Sequence[Voice], fusion: Fusion, wanted: Wanted) -> Ranking:
    scales, weights = scales_of(voices, fusion), [voice.weight for voice in voices]
    scores = _scores(voices, wanted.mask)
    errors = [voice.member.error(voice.vector) for voice in voices]
    size = len(wanted.embeddings)
    out, (low, high) = np.empty(size, np.float32), np.empty((2, size))
    for start in range(0, size, BLOCK):  # what is in between takes some rows at a time
        check_stopped()
        some = slice(start, start + BLOCK)
        own = [score[some] for score in scores]
        out[some] = joined(fusion, own, scales, weights)
        low[some], high[some] = bounds(fusion, own, errors, scales, weights)
    del scores
    if wanted.mask is not None:
        low[~wanted.mask] = high[~wanted.mask] = np.nan

    def best(count: int) -> NDArray[np.int64]:
        ranked = low[~np.isnan(low)]
        if not ranked.size:
            return np.empty(0, np.int64)
        least = float(np.partition(ranked, -count)[-count] if count < ranked.size else ranked.min())
        near = np.flatnonzero(high >= least - 1e-12 * max(1.0, abs(least)))
        return _in_order(out, near, _exact(voices, fusion, scales, near))[:count]

    return _ranking(out, best, wanted)


def _of_candidates(voices: Sequence[Voice], fusion: Fusion, wanted: Wanted) -> Ranking:
    """Rank the best rows of each part, where not every row has a score."""
    scales = scales_of(voices, fusion)
    out = np.full(len(wanted.embeddings), np.nan, np.float32)

    def best(count: int) -> NDArray[np.int64]:
        pool = max(LEAST_CANDIDATES, CANDIDATES * count)
        found = [
            v.member.best(v.vector if v.weight >= 0 else -v.vector, pool, wanted.mask)
            for v in voices
        ]
        rows = np.unique(np.concatenate(found))
        return _in_order(out, rows, _exact(voices, fusion, scales, rows))[:count]

    return _ranking(out, best, wanted)


def _scores(voices: Sequence[Voice], mask: NDArray[np.bool_] | None) -> list[NDArray[np.float32]]:
    """Return each part's scores of the first set's rows, each set read once."""
    found: dict[int, NDArray[np.float32]] = {}
    for member in dict.fromkeys(voice.member for voice in voices):
        some = [i for i, voice in enumerate(voices) if voice.member is member]
        scores = member.scores([voices[i].vector for i in some], mask)
        found |= dict(zip(some, scores, strict=True))
    return [found[i] for i in range(len(voices))]


def _exact(
    voices: Sequence[Voice], fusion: Fusion, scales: Sequence[Scale], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return joined scores of some rows, each part's cosine exact to float32."""
    exact = [voice.member.score_rows(voice.vector, rows) for voice in voices]
    return joined(fusion, exact, scales, [voice.weight for voice in voices])


def _in_order(
    out: NDArray[np.float32], rows: NDArray[np.int64], exact: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Note exact scores, and return the rows that have one, best first, equal ones by row.

    The order is that of float64: joined scores can differ by less than float32 shows.
    """
    out[rows] = exact
    has = ~np.isnan(exact)
    rows, exact = rows[has], exact[has]
    return rows[np.lexsort((rows, -exact))]


def _first(wanted: Wanted) -> int:
    """Return how many rows are looked at first."""
    first = first_look(wanted.arrangement, wanted.embeddings.header.dim)
    if wanted.percent is None:
        return first
    return max(first, rank_of_percent(len(wanted.embeddings), wanted.percent))


def _ranking(scores: NDArray[np.float32], best: Best, wanted: Wanted) -> Ranking:
    """Make the list of the best rows, looking further down as needed."""
    limit = len(scores)
    if wanted.percent is not None:
        limit = rank_of_percent(int(np.count_nonzero(_among(scores, wanted))), wanted.percent)
    arranged = arrange(
        best,
        wanted.arrangement,
        first=_first(wanted),
        limit=limit,
        scores=scores,
        embeddings=wanted.embeddings,
    )
    ranked = _among(scores, wanted)
    if wanted.percent is not None:
        ranked = np.zeros(len(scores), np.bool_)
        ranked[arranged.order] = True
    return Ranking(
        scores=scores,
        rows=arranged.rows,
        ranked=ranked,
        groups=arranged.groups,
        messages=arranged.messages,
    )


def _among(scores: NDArray[np.float32], wanted: Wanted) -> NDArray[np.bool_]:
    """Return which tiles have a score and pass the filter."""
    finite = np.isfinite(scores)
    return finite if wanted.mask is None else finite & wanted.mask


def part_scores(
    kinds: Sequence[str], voices: Sequence[Voice], rows: NDArray[np.int64]
) -> dict[str, NDArray[np.float32]]:
    """Return each part's own cosines of the rows by its name; nothing for a query of one.

    A part is called by its kind, with its number where there are several of the kind, and with
    `@` and the set where several are asked.
    """
    if len(voices) == 1:
        return {}
    several = len({id(voice.member) for voice in voices}) > 1
    out = {}
    for voice in voices:
        kind = kinds[voice.part]
        name = kind if kinds.count(kind) == 1 else f"{kind}_{voice.part + 1}"
        if several:
            name = f"{name}@{voice.member.name}"
        out[name] = voice.member.score_rows(voice.vector, rows)
    return out
