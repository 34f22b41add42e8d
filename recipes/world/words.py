"""A static word table: every vocabulary piece alone through all-MiniLM-L6-v2, made small.

In: the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0). Out: one vector of 128
numbers per piece, int8 with a scale each. A text's vector is then the sum of its pieces'.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""Of sentence-transformers/all-MiniLM-L6-v2, revision 1110a243."""

DIM = 128
"""Principal components that are kept."""

KEPT = re.compile(r"(##)?[a-z]+|[0-9]{1,4}")
"""Pieces that are kept: Latin letters without accents, and short numbers."""

START, END = 101, 102
HEADS, LAYERS, BATCH = 12, 6, 512


@dataclass(frozen=True)
class WordTable:
    """The static table."""

    pieces: list[str]
    """WordPiece vocabulary, pieces inside a word with `##`, most frequent first."""
    table: NDArray[np.int8]
    """Shape (pieces, 128)."""
    scale: NDArray[np.float16]
    """Factor of each row, shape (pieces,)."""


def distil(folder: Path) -> WordTable:
    """Run every kept piece through the network and shorten what comes out.

    Pieces are centred, projected on their principal components and weighted by the logarithm of
    their rank in the vocabulary, which makes rare words count more than common ones.

    Args:
        folder: Has `model.safetensors` and `vocab.txt`.
    """
    for name, expected in SHA256.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            message = f"{folder / name} is not the file of all-MiniLM-L6-v2"
            raise ValueError(message)
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    kept = [i for i, piece in enumerate(vocabulary) if KEPT.fullmatch(piece)]
    weights = load_file(folder / "model.safetensors")
    alone = np.concatenate(
        [_embed(weights, kept[i : i + BATCH]) for i in range(0, len(kept), BATCH)]
    ).astype(np.float64)
    alone /= np.linalg.norm(alone, axis=1, keepdims=True)
    alone -= alone.mean(axis=0)
    _, components = np.linalg.eigh(alone.T @ alone)
    components = components[:, ::-1][:, :DIM]
    components *= np.sign(components[np.abs(components).argmax(axis=0), np.arange(DIM)])
    short = alone @ components * np.log(2 + np.arange(len(kept)))[:, None]
    scale = (np.abs(short).max(axis=1) / 127).astype(np.float16)
    table = np.clip(np.round(short / scale.astype(np.float64)[:, None]), -127, 127)
    return WordTable([vocabulary[i] for i in kept], table.astype(np.int8), scale)


def _embed(weights: dict[str, NDArray[np.float32]], pieces: list[int]) -> NDArray[np.float32]:
    """Return the mean of the last layer over [CLS] piece [SEP], shape (n, 384)."""
    ids = np.array([[START, piece, END] for piece in pieces])
    prefix = "embeddings."
    state = weights[prefix + "word_embeddings.weight"][ids]
    state = state + weights[prefix + "position_embeddings.weight"][:3]
    state = state + weights[prefix + "token_type_embeddings.weight"][0]
    state = _norm(weights, state, prefix + "LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}."
        seen = _linear(weights, _attend(weights, state, name), name + "attention.output.dense")
        state = _norm(weights, state + seen, name + "attention.output.LayerNorm")
        hidden = _gelu(_linear(weights, state, name + "intermediate.dense"))
        out = _linear(weights, hidden, name + "output.dense")
        state = _norm(weights, state + out, name + "output.LayerNorm")
    return state.mean(axis=1)


def _attend(
    weights: dict[str, NDArray[np.float32]], state: NDArray[np.float32], name: str
) -> NDArray[np.float32]:
    n, length, width = state.shape
    query, key, value = (
        _linear(weights, state, f"{name}attention.self.{part}")
        .reshape(n, length, HEADS, width // HEADS)
        .transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    score = query @ key.transpose(0, 1, 3, 2) / np.sqrt(width // HEADS)
    score = np.exp(score - score.max(axis=-1, keepdims=True))
    score /= score.sum(axis=-1, keepdims=True)
    return (score @ value).transpose(0, 2, 1, 3).reshape(n, length, width)


def _linear(
    weights: dict[str, NDArray[np.float32]], state: NDArray[np.float32], name: str
) -> NDArray[np.float32]:
    return state @ weights[name + ".weight"].T + weights[name + ".bias"]


def _norm(
    weights: dict[str, NDArray[np.float32]], state: NDArray[np.float32], name: str
) -> NDArray[np.float32]:
    off = state - state.mean(axis=-1, keepdims=True)
    spread = np.sqrt((off**2).mean(axis=-1, keepdims=True) + 1e-12)
    return off / spread * weights[name + ".weight"] + weights[name + ".bias"]


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.special import erf

    return x * 0.5 * (1 + erf(x / np.sqrt(2)))
