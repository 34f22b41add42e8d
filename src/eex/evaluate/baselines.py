"""What anything better must beat: chance, colour rules by hand, colour alone, words alone.

Each gives scores of all tiles for a query, as the measured model does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eex.encoders.world_features import BINS
from eex.encoders.world_text import SHARPNESS, Phrases, WordTable

Scores = NDArray[np.float32]

MASSES = ("water", "white", "green", "tan", "red", "dark", "shallow")
"""Colour masses, in the order of `tile_features`."""

_PER_MASS = 6
_MEANS = slice(0, 9)
_FIRST_SLOPE = 24 + BINS**3 + 3
"""Mean slope of brightness at full resolution, after colours, histogram and moments."""

RULES: dict[str, dict[str, float]] = {
    "jungle": {"dark": 1.5, "green": 1, "rough": -0.5},
    "wood": {"dark": 0.7, "green": 1.2, "tan": -1},
    "north": {"green": 1, "dark": 0.5, "rough": 0.5},
    "dry": {"tan": 2, "green": -1, "white": -0.5},
    "ice": {"white": 2, "rough": -0.5},
    "peaks": {"rough": 2, "white": 0.5},
    "shore": {"edge": 1.5, "water": 0.7},
    "isle": {"water": 1.5, "edge": 0.7},
    "field": {"green": 0.4, "rough": -0.7, "dark": -0.5, "tan": -0.3},
    "bleak": {"white": 0.5, "green": -0.5, "tan": -0.5, "rough": 0.5},
    "plain": {"tan": 0.5, "green": 0.3, "rough": -0.7},
    "wet": {"dark": 0.7, "edge": 0.5},
    "pool": {"water": 0.6, "edge": 0.6, "green": 0.6},
    "shoal": {"shallow": 2, "water": 0.5},
    "crust": {"white": 0.7, "tan": 1},
    "ochre": {"red": 2},
}
"""Colour rules, written by hand knowing the queries: weights of standardised colour masses."""

LEXICON = {
    "jungle": "rainforest rain jungle lush tropical canopy amazon congo",
    "wood": "forest deciduous temperate trees",
    "north": "boreal taiga siberia",
    "dry": "desert sand dunes dry wasteland sahara",
    "ice": "ice sheet frozen white greenland antarctica",
    "peaks": "mountains peaks alpine snow capped himalaya andes fjords",
    "shore": "coastline seashore beach sea meeting",
    "isle": "island archipelago chain ocean",
    "field": "farmland wheat fields agriculture city suburbs skyscrapers mediterranean climate",
    "bleak": "tundra permafrost plateau tibet",
    "plain": "savanna grassland prairie bush scattered african",
    "wet": "swamp",
    "pool": "lake freshwater reservoir delta river",
    "shoal": "coral reef lagoon atoll",
    "crust": "salt flat",
    "ochre": "red australia",
}
"""Words that each rule answers to."""


def lexicon(texts: list[str], features: Scores) -> Scores:
    """Score by the rules whose words are in the text; no word known, no order.

    Args:
        texts: Queries.
        features: Of `tile_features`, shape (n, FEATURES).

    Returns:
        Shape (len(texts), n).
    """
    start = features.shape[1] - _PER_MASS * len(MASSES)
    simple = {name: features[:, start + _PER_MASS * i] for i, name in enumerate(MASSES)}
    simple["edge"] = features[:, start + 2]
    simple["rough"] = features[:, _FIRST_SLOPE]
    standard = {k: (v - v.mean()) / (v.std() + np.float32(1e-6)) for k, v in simple.items()}
    rule_of = {word: rule for rule, words in LEXICON.items() for word in words.split()}
    scores = np.zeros((len(texts), len(features)), np.float32)
    for number, text in enumerate(texts):
        words = text.lower().replace(",", " ").split()
        for rule in dict.fromkeys(rule_of[word] for word in words if word in rule_of):
            for name, weight in RULES[rule].items():
                scores[number] += np.float32(weight) * standard[name]
    return scores


def colour(features: Scores) -> Scores:
    """Return mean, deviation and root of the mean of each channel, standardised, and one."""
    plain = features[:, _MEANS]
    standard = (plain - plain.mean(axis=0)) / (plain.std(axis=0) + np.float32(1e-6))
    return np.hstack([standard, np.ones((len(plain), 1), np.float32)])


def overlap(texts: list[str], phrases: Phrases, words: WordTable) -> Scores:
    """Weigh concepts by words that text and phrase share, without a word table.

    Returns:
        Shape (len(texts), concepts); rows are zero where no word is shared.
    """
    known = [set(words.words(text)) for text in phrases.texts]
    weights = np.zeros((len(texts), len(phrases.is_kind)), np.float32)
    for number, text in enumerate(texts):
        asked = set(words.words(text))
        shared = np.array([len(asked & k) / max(1, len(asked | k)) for k in known], np.float32)
        if shared.any():
            best = np.zeros(weights.shape[1], np.float32)
            np.maximum.at(best, phrases.concept, shared)
            meant = np.exp((best - best.max()) / SHARPNESS)
            weights[number] = meant / meant.sum()
    return weights
