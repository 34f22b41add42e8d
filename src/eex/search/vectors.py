"""Parts of a query become unit vectors, the encoder loaded only if one of them needs it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from eex.encoders.base import EncodesImage, EncodesPlace, EncodesText
from eex.encoders.inputs import TIFF, encode_inputs, image_input
from eex.errors import BadQueryError
from eex.search.parts import ImagePart, Part, PlacePart, RowPart, TextPart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder


RASTERS = BoundedSemaphore(2)
"""Held while a GeoTIFF is read and encoded: one of some kilobytes may take gigabytes of memory."""

MOST_SIDE = 1100
"""Pixels a side of a raster that is asked with; a tile of Major TOM has 1,068. Some kilobytes can
hold many more, and encoders of rasters look at every one."""


def needs_encoder(parts: Iterable[Part]) -> bool:
    """Say whether any part is more than a tile of the set, whose vector is there already."""
    return any(not isinstance(part, RowPart) for part in parts)


@dataclass(frozen=True)
class Vectors:
    """Makes vectors for one query."""

    embeddings: EmbeddingSet
    """The set that is asked."""
    spec: EncoderSpec | None
    """What is known of the set's encoder; None if it is not here, then no part may need it."""
    encoder: Encoder | None
    """The set's encoder; None if no part needs it."""
    prompts: tuple[str, ...] = ()
    """Sentences that texts are put into."""
    messages: list[str] = field(default_factory=list)
    """What a person should know of the vectors that were made."""

    def of(self, part: Part) -> NDArray[np.float32]:
        """Return the part's unit vector, shape (dim,).

        Raises:
            BadQueryError: If the encoder cannot take it, or there is no such row.
        """
        if isinstance(part, RowPart):
            return self._of_row(part.row)
        encoder, spec = self.encoder, self.spec
        if encoder is None or spec is None:
            message = "The set's model is needed for this part."
            raise BadQueryError(message, hint="Ask with a tile of the set (row).")
        loaded = encoder.loaded
        if part.kind in spec.modalities:
            self._check_length(encoder, spec)
            if isinstance(part, TextPart) and isinstance(loaded, EncodesText):
                return encoder.encode_text([part.text], templates=self.prompts, warn=False)[0]
            if isinstance(part, ImagePart) and isinstance(loaded, EncodesImage):
                with RASTERS if part.data.startswith(TIFF) else nullcontext():
                    given = image_input(part.data, spec, name="The picture", most=MOST_SIDE)
                    self.messages.extend([given.cut] if given.cut else ())
                    return encode_inputs(encoder, [given])[0]
            if isinstance(part, PlacePart) and isinstance(loaded, EncodesPlace):
                return encoder.encode_place(np.array([[part.lon, part.lat]]))[0]
        raise takes_no(spec, part.kind)

    def _of_row(self, row: int) -> NDArray[np.float32]:
        count = len(self.embeddings)
        if not 0 <= row < count:
            message = f"The set has rows 0 to {count - 1}; there is no row {row}."
            raise BadQueryError(message)
        vector = self.embeddings.vector(row)
        if not np.isfinite(vector).all() or not vector.any():
            message = f"Row {row} has no usable vector, so nothing is like it."
            raise BadQueryError(message, hint="Choose another tile.")
        return vector

    def _check_length(self, encoder: Encoder, spec: EncoderSpec) -> None:
        if encoder.dim != self.embeddings.header.dim:
            message = (
                f"{spec.name} makes vectors of {encoder.dim} numbers, this set has "
                f"{self.embeddings.header.dim}."
            )
            hint = "Ask with a tile of the set (row), or use the weights that made it."
            raise BadQueryError(message, hint=hint)


def takes_no(spec: EncoderSpec, kind: str) -> BadQueryError:
    """Return the refusal of a kind of part."""
    message = f"The model {spec.name} takes no {kind}."
    return BadQueryError(message, hint=f"It takes: {', '.join(spec.modalities)}, row.")


def check_kinds(
    parts: Iterable[Part], embeddings: EmbeddingSet, spec: EncoderSpec, *, own_weights: bool
) -> None:
    """Refuse what the model cannot answer before it is loaded.

    Args:
        parts: Of the query.
        embeddings: The set.
        spec: Of the set's encoder.
        own_weights: Whether the user said which weights to use.

    Raises:
        BadQueryError: If a part is of a kind that the model does not take, or the set was made with
            other weights than those installed.
    """
    for part in parts:
        if isinstance(part, RowPart):
            continue
        made, have = embeddings.header.weights, spec.weights
        if made and have and made != have and not own_weights:
            message = f"This set was made with other weights of {spec.name} than installed."
            hint = "Ask with a tile of the set (row), or install the version that made it."
            raise BadQueryError(message, hint=hint, made_with=made)
        if part.kind not in spec.modalities:
            raise takes_no(spec, part.kind)
