"""Texts to the token ids of SigLIP: a SentencePiece vocabulary that lies beside the weights.

Its 32,000 pieces are read from `tokenizer.json` with the `tokenizers` library. A text gets the mark
of its end (`</s>`), and is filled with the same mark up to 64 tokens, all of which the model sees.

Source:
    X. Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023.
    T. Kudo, "Subword Regularization", ACL 2018 (unigram pieces).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.encoders.clip_tokens import cleaned
from eex.errors import DamagedWeightsError, MissingExtraError, MissingWeightsError
from eex.weights.read import config_beside

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOKENIZER_FILE = "tokenizer.json"
"""Has the vocabulary."""

CONFIG_FILE = "tokenizer_config.json"
"""Says which token fills texts up."""

PAD = 1
"""Id that fills SigLIP's texts up where nothing says otherwise: the mark of the end."""


UNKNOWN = "<unk>"
"""Stands for what the vocabulary has no piece for, such as another script."""

SPACE = "\u2581"
"""SentencePiece's sign for a space."""


class FileTokenizer:
    """Texts to ids, shape (n, context), with a vocabulary from a file."""

    def __init__(self, weights: Path, *, context: int = 64, clean: str = "canonicalize") -> None:
        """Read the vocabulary in the folder of the weights.

        Raises:
            MissingWeightsError: If it is not there.
            DamagedWeightsError: If it cannot be read.
            MissingExtraError: If `tokenizers` is not installed.
        """
        self.context = context
        self.clean = clean
        self._tokenizer = _read(weights)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.pad = self._pad(config_beside(weights, CONFIG_FILE))
        self.size = int(self._tokenizer.get_vocab_size())
        self._ending = tuple(self._tokenizer.encode("").ids)[-1:]
        nothing = (self._tokenizer.token_to_id(token) for token in (UNKNOWN, SPACE))
        self._says_nothing = {*self._ending, *(number for number in nothing if number is not None)}

    def ids(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the ids of texts; what is too long loses its end, but not the mark of the end."""
        rows = np.full((len(texts), self.context), self.pad, np.int64)
        for row, tokens in zip(rows, self._tokens(texts), strict=True):
            if len(tokens) > self.context:
                kept = self.context - len(self._ending)
                tokens = [*tokens[:kept], *self._ending]  # noqa: PLW2901
            row[: len(tokens)] = tokens
        return rows

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether it is too long."""
        return [len(tokens) > self.context for tokens in self._tokens(texts)]

    def known(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether the vocabulary has any piece of it."""
        return [bool(set(tokens) - self._says_nothing) for tokens in self._tokens(texts)]

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._tokenizer.encode(cleaned(text, self.clean)).ids for text in texts]

    def _pad(self, config: dict[str, Any]) -> int:
        token = config.get("pad_token")
        token = token.get("content") if isinstance(token, dict) else token
        number = self._tokenizer.token_to_id(token) if isinstance(token, str) else None
        return PAD if number is None else int(number)


def _read(weights: Path) -> Any:  # noqa: ANN401
    file = (weights if weights.is_dir() else weights.parent) / TOKENIZER_FILE
    if not file.is_file():
        message = f"Texts need {TOKENIZER_FILE}, which is not in {file.parent}."
        hint = "Get the whole model, or put its file there; pictures work without it."
        raise MissingWeightsError(message, hint=hint)
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        message = "Reading texts for this model needs tokenizers, which is not installed."
        hint = "pip install 'earth-embedding-explorer[models]'"
        raise MissingExtraError(message, hint=hint) from error
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        message = f"{file} is no vocabulary: {str(error)[:80]}."
        raise DamagedWeightsError(message, hint="Get the model again.") from error
