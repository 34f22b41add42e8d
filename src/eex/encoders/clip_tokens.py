"""Texts to the token ids of OpenAI's CLIP: byte-pair encoding of cleaned, lower-case words.

The vocabulary is in the package (`data/clip-merges.txt.gz`, see `data/CLIP-VOCABULARY.txt`), so a
file of weights alone is enough to encode texts.

Source:
    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021, section 2.4. R. Sennrich et al., "Neural Machine Translation of Rare Words with
    Subword Units", ACL 2016.
"""

from __future__ import annotations

import gzip
import html
import string
from collections.abc import Sequence
from functools import lru_cache
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MERGES = Path(__file__).parent / "data" / "clip-merges.txt.gz"
"""Pairs that are joined, the most frequent first, one a line."""

VOCABULARY = 49408
"""Ids: 256 bytes, 256 bytes that end a word, 48,894 joined pairs, two marks."""

START, END = VOCABULARY - 2, VOCABULARY - 1
"""Ids of the marks before and after a text."""

WORD_END = "</w>"
"""Written after the last letter of a word."""

PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
"""A text is cut into short forms, words, single digits, and runs of other signs."""

PUNCTUATION = str.maketrans("_", " ", string.punctuation.replace("_", ""))
"""What SigLIP's cleaning drops; an underscore is a space."""


def cleaned(text: str, how: str = "lower") -> str:
    """Return a text as the tokenizers of the references see it.

    Args:
        text: Any text.
        how: "whitespace" mends broken Unicode and HTML entities and makes one space of many;
            "lower" makes it lower case besides (CLIP); "canonicalize" drops punctuation, too
            (SigLIP).

    Raises:
        MissingExtraError: If ftfy is not installed.
    """
    text = text.encode(errors="replace").decode()  # half letters, of which no bytes can be made
    text = html.unescape(html.unescape(_needed("ftfy").fix_text(text)))
    if how == "canonicalize":
        text = text.translate(PUNCTUATION)
    if how in {"canonicalize", "lower"}:
        text = " ".join(text.split()).lower()
    return " ".join(text.split())


class ClipTokenizer:
    """Texts to ids, shape (n, context), zeros after the end."""

    def __init__(self, context: int = 77, *, clean: str = "lower") -> None:
        """Make one for texts of at most `context` tokens, both marks included."""
        self.context = context
        self.clean = clean

    def ids(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the ids of texts; what is too long loses its end, the last id stays END."""
        rows = np.zeros((len(texts), self.context), np.int64)
        for row, text in zip(rows, texts, strict=True):
            tokens = [START, *self._tokens(text), END][: self.context]
            row[: len(tokens)] = tokens
            if len(tokens) == self.context:
                row[-1] = END
        return rows

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether it is too long."""
        return [len(self._tokens(text)) + 2 > self.context for text in texts]

    def _tokens(self, text: str) -> list[int]:
        ids, ranks, pieces = _vocabulary()
        letters = _letters()
        tokens: list[int] = []
        for piece in pieces.findall(cleaned(text, self.clean)):
            spelled = "".join(letters[byte] for byte in piece.encode())
            tokens += (ids[part] for part in _joined(spelled, ranks))
        return tokens


def _joined(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Return the parts of a word: again and again, its most frequent pair becomes one part.

    Pairs wait in a heap, so that a word of 10,000 letters takes no longer than its letters.
    """
    parts = [*word[:-1], word[-1] + WORD_END]
    count = len(parts)
    after, before = list(range(1, count + 1)), list(range(-1, count - 1))
    waiting: list[tuple[int, int, str, str]] = []

    def wait(left: int, right: int) -> None:
        if left >= 0 and right < count:
            rank = ranks.get((parts[left], parts[right]))
            if rank is not None:
                heappush(waiting, (rank, left, parts[left], parts[right]))

    for left in range(count - 1):
        wait(left, left + 1)
    while waiting:
        _, left, first, second = heappop(waiting)
        right = after[left]
        if right >= count or parts[left] != first or parts[right] != second:
            continue  # one of them is part of another pair by now
        parts[left], parts[right] = first + second, ""
        after[left] = after[right]
        if after[left] < count:
            before[after[left]] = left
        wait(before[left], left)
        wait(left, after[left])
    return [part for part in parts if part]


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[dict[str, int], dict[tuple[str, str], int], Any]:
    pieces = _needed("regex").compile(PIECES, _needed("regex").IGNORECASE)
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    pairs = [(first, second) for first, _, second in (line.partition(" ") for line in lines)]
    letters = sorted(_letters().values())
    names = [*letters, *(letter + WORD_END for letter in letters), *(a + b for a, b in pairs)]
    ids = {name: number for number, name in enumerate(names)}
    return ids, {pair: rank for rank, pair in enumerate(pairs)}, pieces


@lru_cache(maxsize=1)
def _letters() -> dict[int, str]:
    """Return a visible letter for every byte: itself where it has one, else one from U+0100 on."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {
        byte: chr(256 + number) for number, byte in enumerate(hidden)
    }


def _needed(module: str) -> Any:  # noqa: ANN401
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        message = f"Reading texts for this model needs {module}, which is not installed."
        hint = "pip install 'earth-embedding-explorer[models]'"
        raise MissingExtraError(message, hint=hint) from error
