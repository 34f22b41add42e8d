"""Words become weights of named concepts, by a static word table; no network, no torch.

A text is split into WordPiece pieces; each has a stored vector; their sum is compared with the
vectors of all known phrases. The softmax over the concepts' best phrases weighs the concepts.

The pieces' vectors are distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0):
`recipes/world/words.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eex.places import one_edit

SHARPNESS = 0.03
"""Temperature of the softmax over concepts, in cosine; chosen on the first split."""

UNDERSTOOD = 0.45
"""Cosine to the nearest phrase below which words are not understood. At this value about 90 % of
held-out synonyms pass and most unrelated words are refused; chosen on those same words."""

_STOP = """
a an the of in on with and to from show me satellite image view aerial photo picture seen space
near next that is are where at by for very some
"""

STOP = frozenset(_STOP.split())
"""Words that say nothing about the land; kept when there are no others."""

_COMMON = """
north south east west northern southern eastern western central great greater lesser upper lower
new old african republic democratic united states kingdom upland basin islands range highlands
cordillera peninsula rift real flats lands shield artesian
"""

COMMON = frozenset(_COMMON.split())
"""Words of names that name nothing by themselves."""

SHORTEST_TYPO = 5
"""Shorter words are never put right: too many words are one letter away."""

_WORD = re.compile(r"\w+")


_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d"})


def fold(text: str) -> str:
    """Return the text in lower case without accents."""
    apart = unicodedata.normalize("NFD", text.lower().translate(_PLAIN))
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")


@dataclass(frozen=True)
class WordTable:
    """The static word vectors."""

    pieces: dict[str, int]
    """WordPiece piece to its row; pieces inside a word begin with `##`."""
    table: NDArray[np.int8]
    """Shape (pieces, dim)."""
    scale: NDArray[np.float32]
    """Factor of each row, shape (pieces,)."""

    @cached_property
    def longest(self) -> int:
        """Length of the longest piece, so that no longer one is tried."""
        return max(map(len, self.pieces))

    def words(self, text: str) -> list[str]:
        """Return the words that matter, folded."""
        words = _WORD.findall(fold(text))
        return [word for word in words if word not in STOP] or words

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dim); zero where no piece is known."""
        vectors = np.zeros((len(texts), self.table.shape[1]), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            rows = [piece for word in self.words(text) for piece in self._split(word)]
            if rows:
                total = (self.table[rows] * self.scale[rows][:, None]).sum(axis=0)
                row[:] = total / max(float(np.linalg.norm(total)), 1e-9)
        return vectors

    def _split(self, word: str) -> list[int]:
        """Cut a word into the longest known pieces, from its start; nothing if that fails.

        Source: WordPiece as in BERT, Devlin et al. 2019, arXiv:1810.04805.
        """
        found: list[int] = []
        start = 0
        while start < len(word):
            lead = "##" if start else ""
            end = min(len(word), start + self.longest)
            while end > start and lead + word[start:end] not in self.pieces:
                end -= 1
            if end == start:
                return []
            found.append(self.pieces[lead + word[start:end]])
            start = end
        return found


@dataclass(frozen=True)
class Phrases:
    """What is known, in words.

    Kinds of land are found by meaning. Names are found by spelling: the phrase of a name counts
    only where one of its own words is in the text, since a word table knows no geography.
    """

    texts: tuple[str, ...]
    """Phrases, shape (m,)."""
    concept: NDArray[np.intp]
    """Concept that each phrase belongs to, shape (m,)."""
    is_kind: NDArray[np.bool_]
    """True where a concept is a kind of land, False where it is a name; shape (concepts,)."""
    vectors: NDArray[np.float32]
    """Unit vectors of the phrases, shape (m, dim)."""
    words: WordTable
    """What the vectors were made with."""

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        concept: Sequence[int],
        is_kind: NDArray[np.bool_],
        words: WordTable,
    ) -> Phrases:
        """Embed phrases."""
        return cls(tuple(texts), np.asarray(concept, np.intp), is_kind, words.encode(texts), words)

    @cached_property
    def kind_words(self) -> frozenset[str]:
        """Words of the phrases for kinds of land."""
        return frozenset(
            word
            for text, concept in zip(self.texts, self.concept, strict=True)
            if self.is_kind[concept]
            for word in self.words.words(text)
        )

    @cached_property
    def names(self) -> dict[str, list[int]]:
        """Words that only names have, and the phrases that have them."""
        found: dict[str, list[int]] = {}
        for row, (text, concept) in enumerate(zip(self.texts, self.concept, strict=True)):
            if not self.is_kind[concept]:
                for word in self.words.words(text):
                    if word not in self.kind_words and word not in COMMON:
                        found.setdefault(word, []).append(row)
        return found

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """Known words by their length."""
        found: dict[int, list[str]] = {}
        for word in sorted(self.kind_words | self.names.keys()):
            found.setdefault(len(word), []).append(word)
        return found

    def correct(self, text: str) -> str:
        """Return the text's words, those one letter away from a known word put right.

        Words that the table has whole are left alone, so that "dessert" stays no desert.
        """
        return " ".join(self._correct(word) for word in self.words.words(text))

    def similarity(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return cosines of texts to the phrases, shape (n, m).

        A text's names are compared with names, its other words with the words for kinds of land;
        -1 for names that are not in the text, and for kinds where there are only names.
        """
        parted = [self._part(text) for text in texts]
        kinds = self.words.encode([" ".join(other) for other, _ in parted]) @ self.vectors.T
        names = self.words.encode([" ".join(named) for _, named in parted]) @ self.vectors.T
        is_kind = self.is_kind[self.concept]
        cosines = np.full_like(kinds, -1)
        for row, (other, named) in enumerate(parted):
            if other:
                cosines[row, is_kind] = kinds[row, is_kind]
            for word in named:
                cosines[row, self.names[word]] = names[row, self.names[word]]
        return cosines

    def weights(
        self, similarity: NDArray[np.float32], *, sharpness: float = SHARPNESS
    ) -> NDArray[np.float32]:
        """Return how much each concept is meant, shape (n, concepts); rows sum to 1.

        Where a text has both a kind of land and a name, each gets half.

        Args:
            similarity: Cosines to the phrases, shape (n, m).
            sharpness: Temperature of the softmax.
        """
        best = np.full((len(similarity), len(self.is_kind)), -1, np.float32)
        for row, cosines in zip(best, similarity, strict=True):
            np.maximum.at(row, self.concept, cosines)
        meant = np.zeros_like(best)
        for part in (self.is_kind, ~self.is_kind):
            if part.any():
                top = best[:, part].max(axis=1, keepdims=True)
                likely = np.exp((best[:, part] - top) / sharpness)
                meant[:, part] = likely / likely.sum(axis=1, keepdims=True) * (top >= UNDERSTOOD)
        silent = ~meant.any(axis=1)
        meant[silent] = np.exp((best[silent] - best[silent].max(axis=1, keepdims=True)) / sharpness)
        return meant / meant.sum(axis=1, keepdims=True)

    def _part(self, text: str) -> tuple[list[str], list[str]]:
        """Return the words of a text that are no names, and those that are."""
        words = self.words.words(text)
        named = [word for word in words if word in self.names]
        return [word for word in words if word not in self.names], named

    def _correct(self, word: str) -> str:
        if len(word) < SHORTEST_TYPO or word in self.words.pieces or self._knows(word):
            return word
        for length in (len(word), len(word) + 1, len(word) - 1):
            for known in self.by_length.get(length, []):
                if one_edit(word, known):
                    return known
        return word

    def is_word(self, word: str) -> bool:
        """Whether every word of the text is in the word table whole, or among the phrases."""
        return all(w in self.words.pieces or self._knows(w) for w in word.split()) and bool(word)

    def _knows(self, word: str) -> bool:
        return word in self.kind_words or word in self.names
