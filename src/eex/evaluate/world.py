"""`eex evaluate world`: the encoder's method, fitted anew without the tiles asked for.

In: Blue Marble, the world's cells, and the truth of the map layers (`truth.py`). Out: a
`WorldReport`. Five times a fifth of the globe's 10 degree blocks is kept back; the maps are fitted
on the rest, less all tiles whose window could touch a block that is kept back, with the words of
the concepts less the held-out ones; then the tiles kept back are ranked for 52 queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.encoders.world import WorldEncoder
from eex.encoders.world_features import tile_features
from eex.encoders.world_fit import fit, ridge
from eex.encoders.world_maps import Maps, lift
from eex.encoders.world_text import UNDERSTOOD, Phrases
from eex.evaluate import baselines, truth
from eex.evaluate.metrics import agreement, auc, far_from, precision, sphere
from eex.evaluate.report import KINDS, MEASURES, WorldReport
from eex.grid import Grid
from eex.imagery.bluemarble import BlueMarble
from eex.places import EARTH_RADIUS_KM
from eex.sources.world import GRID_KM, WorldSource

PURGE_KM = 205.0
"""Tiles this near to one that is kept back are not fitted on: their windows might touch."""

MIN_ANSWERS = 10
"""A query with fewer right tiles among those kept back is not scored in that split."""

NEIGHBOUR_QUERIES = 400
"""Tiles and places whose nearest tiles are looked at in each split."""

COLOUR_RIDGE = 30.0
"""Penalty of the baseline that knows mean colours only."""

CUT = 512
"""Tiles cut from the mosaic at once."""

AGREEMENTS = ("climate", "climate_group", "land_cover")
"""Classes that neighbours should share."""

Scores = NDArray[np.float32]
Rows = NDArray[np.bool_]
Figures = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _World:
    """What is the same in every split."""

    lonlat: NDArray[np.float64]
    features: Scores
    truth: truth.Truth
    is_kind: NDArray[np.bool_]
    phrases: Phrases
    texts: list[str]
    encoder: WorldEncoder

    @classmethod
    def open(cls) -> _World:
        """Cut and describe the tiles, and take the words that a held-out fit may use."""
        known = truth.read()
        encoder = WorldEncoder.open()
        lonlat = Grid(GRID_KM).centres(WorldSource().cells)
        mosaic = BlueMarble.open()
        features = np.concatenate(
            [tile_features(mosaic.cut(lonlat[i : i + CUT])) for i in range(0, len(lonlat), CUT)]
        )
        is_kind = np.array([concept.kind for concept in known.concepts])
        pairs = [(text, i) for i, c in enumerate(known.concepts) for text in c.phrases]
        phrases = Phrases.of([t for t, _ in pairs], [i for _, i in pairs], is_kind, encoder.words)
        texts = [query.text for query in known.queries]
        return cls(lonlat, features, known, is_kind, phrases, texts, encoder)

    def measure(self, scores: NDArray[np.floating[Any]], held_out: Rows) -> Figures:
        """Return AUC, P@10 and P@50 of each query among the tiles kept back, (queries, 3)."""
        figures = np.full((len(self.texts), len(MEASURES)), np.nan)
        for row, score, answer in zip(figures, scores, self.truth.answer.T, strict=True):
            here, right = score[held_out], answer[held_out]
            if (right == 1).sum() >= MIN_ANSWERS:
                row[:] = auc(here, right), precision(here, right, 10), precision(here, right, 50)
        return figures

    def asked(self) -> Scores:
        """Return the concepts that each query means, shape (queries, concepts)."""
        right = [self.phrases.correct(text) for text in self.texts]
        return self.phrases.weights(self.phrases.similarity(right))


@dataclass(frozen=True)
class _Split:
    """One held-out fit."""

    world: _World
    number: int
    held_out: Rows
    fitted_on: Rows
    maps: Maps
    points: Scores
    """Where all tiles lie, shape (n, DIM)."""

    @classmethod
    def fit(cls, world: _World, number: int, *, shuffled: bool = False) -> _Split:
        """Fit on what is far enough from what is kept back; `shuffled` deals the truth out anew."""
        held_out = world.truth.held_out[number]
        globe = sphere(world.lonlat)
        fitted_on = ~held_out & far_from(globe, globe[held_out], PURGE_KM)
        known = world.truth.concept[fitted_on]
        if shuffled:
            known = known[np.random.default_rng(0).permutation(len(known))]
        maps = fit(
            world.features[fitted_on],
            world.lonlat[fitted_on],
            known,
            is_kind=world.is_kind,
            columns=world.encoder.maps.looks.columns,
        )
        points = maps.of_features(world.features)
        return cls(world, number, held_out, fitted_on, maps, points)

    def queries(self) -> Figures:
        """Return the figures of this fit."""
        scores = self.world.asked() @ self.maps.concept @ self.points.T
        return self.world.measure(scores, self.held_out)

    def baselines(self) -> dict[str, Figures]:
        """Return the figures of simpler ways; where one has no answer, the order is chance."""
        world = self.world
        rng = np.random.default_rng(self.number)
        chance = rng.random((len(world.texts), len(self.points)), np.float32)
        by_hand = baselines.lexicon(world.texts, world.features)
        by_hand = np.where(by_hand.any(axis=1, keepdims=True), by_hand, chance)
        words = baselines.overlap(world.texts, world.phrases, world.encoder.words)
        by_words = words @ self.maps.concept @ self.points.T
        by_words = np.where(words.any(axis=1, keepdims=True), by_words, chance)
        colours = baselines.colour(world.features)
        target = np.nan_to_num(world.truth.concept[self.fitted_on])
        target = (target - target.mean(axis=0)) / (target.std(axis=0) + np.float32(0.01))
        to_score = ridge(colours[self.fitted_on], target, COLOUR_RIDGE).astype(np.float32)
        score = colours @ to_score
        by_colour = world.asked() @ (score / (score.std(axis=0) + np.float32(1e-9))).T
        ways = {
            "random": chance,
            "colour_lexicon": by_hand,
            "mean_colour_ridge": by_colour,
            "word_overlap_text": by_words,
        }
        return {name: world.measure(scores, self.held_out) for name, scores in ways.items()}

    def images(self) -> dict[str, list[float]]:
        """Return how well the nearest tiles of pictures agree."""
        asked, rows = self._sample(), np.flatnonzero(self.fitted_on)
        colour = self.world.features[:, :3] - self.world.features[rows, :3].mean(axis=0)
        colour /= np.linalg.norm(colour, axis=1, keepdims=True) + np.float32(1e-9)
        ways = {
            "this_model": lift(self.points, self.maps.radius),
            "mean_colour": colour,
            "random": self._noise(),
        }
        classes = self._classes(asked, rows)
        return {name: agreement(v[asked], v[rows], classes)[0] for name, v in ways.items()}

    def places(self) -> dict[str, list[float]]:
        """Return how well the nearest tiles of places agree, and their median distance."""
        asked, rows = self._sample(), np.flatnonzero(self.fitted_on)
        globe = sphere(self.world.lonlat)
        there = lift(self.maps.of_places(self.world.lonlat[asked]), self.maps.radius)
        noise = self._noise()
        ways: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
            "this_model": (there, lift(self.points[rows], self.maps.radius)),
            "nearest_tiles": (globe[asked], globe[rows]),
            "random": (noise[asked], noise[rows]),
        }
        found = {}
        for name, (queries, gallery) in ways.items():
            shares, nearest = agreement(queries, gallery, self._classes(asked, rows))
            apart = np.einsum("qd,qkd->qk", globe[asked], globe[rows][nearest])
            km = np.median(np.arccos(np.clip(apart, -1, 1))) * EARTH_RADIUS_KM
            found[name] = [*shares, float(km)]
        return found

    def _noise(self) -> Figures:
        return np.random.default_rng(self.number).normal(size=(len(self.points), 8))

    def _sample(self) -> NDArray[np.intp]:
        rows = np.flatnonzero(self.held_out)
        count = min(NEIGHBOUR_QUERIES, len(rows))
        return np.random.default_rng(self.number).choice(rows, count, replace=False)

    def _classes(
        self, asked: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], ...]:
        known = self.world.truth
        return tuple((c[asked], c[rows]) for c in (known.climate, known.climate_group, known.cover))


def evaluate_world(*, splits: int | None = None, progress: Progress | None = None) -> WorldReport:
    """Measure the embedded encoder's method; about a minute on one core, no network.

    Args:
        splits: How many of the five ways of holding out are gone through; all by default.
        progress: Called with steps done and steps in all.
    """
    tell = progress or (lambda _done, _total: None)
    tell(0, 1)
    world = _World.open()
    count = len(world.truth.held_out[:splits])
    total = count + 2
    of_queries, of_baselines, images, places = [], [], [], []
    for number in range(count):
        tell(number + 1, total)
        split = _Split.fit(world, number)
        of_queries.append(split.queries())
        of_baselines.append(split.baselines())
        images.append(split.images())
        places.append(split.places())
    tell(count + 1, total)
    shuffled = _Split.fit(world, 0, shuffled=True).queries()
    tell(total, total)
    each = [_summed(world, figures) for figures in of_queries]
    return WorldReport(
        figures=_mean_and_deviation(each),
        baselines=_by_way(world, of_baselines, shuffled),
        image=_mean_of(images, AGREEMENTS),
        place_to_tile=_mean_of(places, (*AGREEMENTS, "median_km")),
        refusal=_refusal(world),
        splits=[{key: _round(value) for key, value in split.items()} for split in each],
        queries=_per_query(world, np.array(of_queries)),
    )


def _summed(world: _World, figures: Figures) -> dict[str, float]:
    """Return means over the queries of each kind."""
    kinds = np.array([query.kind for query in world.truth.queries])
    return {
        f"{measure}_{kind}": float(np.nanmean(figures[kinds == kind, column]))
        for column, measure in enumerate(MEASURES)
        for kind in KINDS
    }


def _mean_and_deviation(splits: list[dict[str, float]]) -> dict[str, float]:
    figures = {}
    for key in splits[0]:
        values = [split[key] for split in splits]
        figures[key] = _round(np.mean(values))
        figures[f"{key}_sd"] = _round(np.std(values))
    return figures


def _by_way(
    world: _World, splits: list[dict[str, Figures]], shuffled: Figures
) -> dict[str, dict[str, float]]:
    """Return, for each figure, the mean of each baseline."""
    ways = {name: [_summed(world, split[name]) for split in splits] for name in splits[0]}
    ways["shuffled_labels"] = [_summed(world, shuffled)]
    return {
        key: {name: _round(np.mean([split[key] for split in each])) for name, each in ways.items()}
        for key in ways["random"][0]
    }


def _per_query(world: _World, of_queries: NDArray[np.float64]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for column, query in enumerate(world.truth.queries):
        each = of_queries[:, column]
        scored = each[~np.isnan(each[:, 0])]
        mean = [_round(v) for v in scored.mean(axis=0)] if len(scored) else [None] * len(MEASURES)
        base = _round((world.truth.answer[:, column] == 1).mean())
        listed.append(
            {"text": query.text, "kind": query.kind, "share_right": base, "splits": len(scored)}
            | dict(zip(MEASURES, mean, strict=True))
        )
    return listed


def _refusal(world: _World) -> dict[str, float]:
    kept_back = [text for concept in world.truth.concepts for text in concept.held_out]
    right = world.phrases.similarity(kept_back).max(axis=1)
    foreign = world.phrases.similarity(list(world.truth.foreign)).max(axis=1)
    return {
        "auroc": _round((right[:, None] > foreign).mean()),
        "threshold": UNDERSTOOD,
        "accepted_of_held_out_words": _round((right >= UNDERSTOOD).mean()),
        "refused_of_foreign_words": _round((foreign < UNDERSTOOD).mean()),
    }


def _mean_of(
    splits: list[dict[str, list[float]]], names: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    return {
        way: {
            name: _round(np.mean([split[way][i] for split in splits]))
            for i, name in enumerate(names)
        }
        for way in splits[0]
    }


def _round(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
