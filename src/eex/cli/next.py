"""What can be asked of a set next, so that the first command after opening it has an answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from eex.errors import EexError

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.embeddings import EmbeddingSet
    from eex.encoders.base import EncoderSpec

WORDS = (
    ("text", '--text "a river delta"'),
    ("image", "--image tile.png"),
    ("place", '--place "48.9, 2.4"'),
)
"""How a model of each kind is asked; the first that it takes."""


def search_next(name: str, embeddings: EmbeddingSet, settings: Settings) -> list[str]:
    """Return the command that searches a set, and what more its model would take.

    Where the model cannot be used as it is, the command asks with a tile of the set, which needs
    no model.

    Args:
        name: Of the set.
        embeddings: The set.
        settings: Where weights are.
    """
    from eex.encoders.open import encoder_spec
    from eex.weights.store import get_command, installed

    header = embeddings.header
    search = f"eex search --set {name}"
    tile = f"{search} --row {_usable_row(embeddings)}"
    spec: EncoderSpec | None = None
    with suppress(EexError):
        spec = encoder_spec(header.model) if header.model else None
    asked = next((w for kind, w in WORDS if spec is not None and kind in spec.modalities), "")
    if spec is None or not asked or (header.weights and header.weights != spec.weights != ""):
        return [tile]
    if installed(spec, settings).ready:
        return [f"{search} {asked}"]
    kinds = " or ".join(kind for kind, _ in WORDS if kind in spec.modalities)
    return [tile, f"To ask with {kinds}: {get_command(spec.name)}"]


def _usable_row(embeddings: EmbeddingSet) -> int:
    """Return the first row whose vector can be asked with."""
    unusable = set(embeddings.unusable.tolist())
    return next(row for row in range(len(unusable) + 1) if row not in unusable)
