"""A few hundred German, French, Spanish and Chinese words for kinds of land, put into English.

In: a word, folded. Out: English words that the concepts' phrases are made of. The list is our own
and small: whole sentences are beyond it, and names stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

FILE = "data/world-words.tsv"
"""File in this package: English, then a column per language, synonyms parted by |."""

CHINESE = ("\u4e00", "\u9fff")
"""First and last of the common Chinese characters."""

_FUNCTION = """
al am au aux avec con das de del dem den der des die du ein eine el en et im la las le les los
mit oder ou o sur und un una une unos von y zu zum zur
"""

FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""Words without meaning of their own, left out where another word was put into English."""


def into_english(words: Sequence[str]) -> list[str]:
    """Return the words with those that the list has put into English, one entry per word.

    An entry may be several words, or none where a function word of another language is left out.
    """
    found = [_english(word) for word in words]
    if not any(found):
        return list(words)
    return [
        new or ("" if word in FUNCTION_WORDS else word)
        for word, new in zip(words, found, strict=True)
    ]


def _english(word: str) -> str:
    """Return a word in English; empty if the list does not have it."""
    table = _table()
    if word in table or not any(CHINESE[0] <= c <= CHINESE[1] for c in word):
        return table.get(word, "")
    found = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            if word[start:end] in table:
                found.append(table[word[start:end]])
                start = end - 1
                break
        start += 1
    return " ".join(found)


@cache
def _table() -> dict[str, str]:
    raw = resources.files("eex.encoders").joinpath(FILE).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in raw.splitlines()[1:]]
    return {word: row[0] for row in rows for cell in row[1:] for word in cell.split("|") if word}
