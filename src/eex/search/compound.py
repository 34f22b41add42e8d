"""Texts of several things: split into their concepts, a part of the query each.

Splitting is by plain rules of English, meant to be seen and put right by who asks: the concepts are
parts of the query and of its recipe. What is in quotation marks stays whole. That a tile must fit
all of them is the fusion `minimum` (`eex.search.fusion`): a sum lets a very good desert stand in
for the missing lake.
"""

from __future__ import annotations

import re

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
