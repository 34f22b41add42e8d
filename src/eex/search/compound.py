"""Texts of several things: split into their concepts, and fused so that a tile must fit them all.

Splitting is by plain rules of English, meant to be seen and put right by who asks: the concepts are
parts of the query and of its recipe. What is in quotation marks stays whole.

Fusing is the fuzzy AND: the lowest of the parts' standardised scores (z-scores over the set), so
that one part that fits badly cannot be made up for by another. A sum lets a very good desert stand
in for the missing lake.

Source:
    L. A. Zadeh, "Fuzzy Sets", Information and Control 8, 1965 (intersection is the minimum).
    R. Fagin, "Combining Fuzzy Information from Multiple Systems", PODS 1996 (the minimum is the
    only monotone rule under which queries that mean the same logically get the same answer).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_SPREAD = 1e-9
"""Standard deviation below which a part tells no tiles apart; its z-scores are 0."""

COLOURS = frozenset(
    "black white grey gray red green blue yellow brown orange pink purple dark light".split()  # noqa: SIM905
)
"""Words that "and" joins to one description: black and white."""

_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|«([^»]*)»')
_MARKS = re.compile(r",(?!\d)|(?<!\d),|[，、;；+&\n]")  # noqa: RUF001, Chinese and Japanese commas
_JOINING = "together with|as well as|next to|close to|and|with|beside|besides|near"
_WORDS = re.compile(rf"(?<![\w-])(?:{_JOINING})(?![\w-])", re.IGNORECASE)
_EDGES = " \t.,;:!?"


def concepts_in(text: str) -> tuple[str, ...]:
    """Split a text into the things it names, in their order, none twice.

    It is cut at commas, semicolons, line breaks, `+`, `&` and at the words and, with, near, next
    to, close to, beside, besides, as well as, together with. Not cut: what is in quotation marks,
    numbers such as 1,000, words joined by hyphens, and two colours joined by "and". It does not
    know what belongs together: "sand and gravel" become two.

    Returns:
        At least one; the text itself where there is nothing to split.
    """
    found: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(text):
        found += _pieces(text[end : quoted.start()])
        found.append(next(filter(None, quoted.groups()), ""))
        end = quoted.end()
    found += _pieces(text[end:])
    trimmed = (" ".join(piece.strip(_EDGES).split()) for piece in found)
    return tuple(dict.fromkeys(piece for piece in trimmed if piece)) or (text.strip(),)


def _pieces(text: str) -> list[str]:
    cuts = [match.span() for match in _MARKS.finditer(text)]
    cuts += [m.span() for m in _WORDS.finditer(text) if not _joins_colours(text, m)]
    pieces, end = [], 0
    for low, high in sorted(cuts):
        if low >= end:
            pieces.append(text[end:low])
            end = high
    return [*pieces, text[end:]]


def _joins_colours(text: str, word: re.Match[str]) -> bool:
    before, after = text[: word.start()].split(), text[word.end() :].split()
    if word[0].lower() != "and" or not before or not after:
        return False
    return all(side.strip(_EDGES).lower() in COLOURS for side in (before[-1], after[0]))


def moments(scores: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and standard deviation of a part's scores over the set, NaN left out."""
    some = scores[np.isfinite(scores)].astype(np.float64)
    return (float(some.mean()), float(some.std())) if len(some) else (0.0, 0.0)


def lowest(
    scores: Sequence[NDArray[np.float32]],
    standards: Sequence[tuple[float, float]],
    signs: Sequence[float],
) -> NDArray[np.float64]:
    """Return the lowest z-score of the parts, shape (n,); NaN where a part has none.

    Args:
        scores: Of each part, shape (n,).
        standards: `moments` of each part over the whole set.
        signs: 1, or -1 for a part to be away from, which counts as minus its z-score.
    """
    out = np.full(len(scores[0]), np.inf)
    for score, (mean, spread), sign in zip(scores, standards, signs, strict=True):
        wide = score.astype(np.float64)
        z = (wide - mean) / spread if spread > MIN_SPREAD else 0 * wide
        np.minimum(out, sign * z, out=out)
    return out
