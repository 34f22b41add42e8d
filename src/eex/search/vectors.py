"""Parts of a query become unit vectors, the encoder loaded only if one of them needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from eex.embeddings.units import mean_direction
from eex.encoders.base import EncodesImage, EncodesPlace, EncodesText
from eex.encoders.inputs import TIFF, encode_inputs, image_input
from eex.errors import BadQueryError
from eex.filters.mask import mask_of
from eex.search.parts import (
    AreaPart,
    ImagePart,
    Part,
    PlacePart,
    RowPart,
    RowsPart,
    TextPart,
    VectorPart,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder
    from eex.filters.record import Filter


RASTERS = BoundedSemaphore(2)
"""Held while a GeoTIFF is read and encoded: one of some kilobytes may take gigabytes of memory."""

LEAST_MEAN = 1e-6
"""Length of a mean of unit vectors below which it points nowhere."""

MOST_SIDE = 1100
"""Pixels a side of a raster that is asked with; a tile of Major TOM has 1,068. Some kilobytes can
hold many more, and encoders of rasters look at every one."""


OF_SET = (RowPart, RowsPart, VectorPart, AreaPart)
"""Parts whose vectors are there already, without a model."""


def needs_encoder(parts: Iterable[Part]) -> bool:
    """Say whether any part is more than tiles of the set, whose vectors are there already."""
    return any(not isinstance(part, OF_SET) for part in parts)


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
    inside: Callable[[Filter], NDArray[np.bool_] | None] | None = None
    """From a filter to a mask that is kept; None makes it anew."""
    rows_here: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None
    """From rows of the first set of a query to rows of this one; None where they are the same."""

    def of(self, part: Part) -> NDArray[np.float32]:
        """Return the part's unit vector, shape (dim,).

        Raises:
            BadQueryError: If the encoder cannot take it, or there is no such row.
        """
        return _at_length_one(self._of(part))

    def _of(self, part: Part) -> NDArray[np.floating]:
        if isinstance(part, RowPart | RowsPart):
            asked = (part.row,) if isinstance(part, RowPart) else part.rows
            return self._of_rows(self._here(part, asked))
        if isinstance(part, VectorPart):
            return self._given(part)
        if isinstance(part, AreaPart):
            kept = None if self.inside is None else self.inside(part.inside)
            rows = np.flatnonzero(mask_of(part.inside, self.embeddings) if kept is None else kept)
            if not len(rows):
                message = "No tile lies in the area that was given as example."
                raise BadQueryError(message, hint="Give a larger area, or one that the set covers.")
            return self._of_rows(rows)
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

    def _here(self, part: RowPart | RowsPart, rows: Iterable[int]) -> NDArray[np.int64]:
        """Return the rows of this set that a part means."""
        asked = np.array(list(rows), np.int64)
        if self.rows_here is None or part.set:
            count = len(self.embeddings)
            if len(wrong := asked[(asked < 0) | (asked >= count)]):
                message = f"The set has rows 0 to {count - 1}; there is no row {wrong[0]}."
                raise BadQueryError(message)
            return asked
        here = self.rows_here(asked)
        if len(absent := asked[here < 0]):
            message = f"Tile {absent[0]} is not in every set that is asked."
            raise BadQueryError(message, hint="Choose another, or say of which set it is (`set`).")
        return here

    def _of_rows(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean direction of rows."""
        mean = mean_direction(self.embeddings, rows)
        if not np.isfinite(mean).all() or np.linalg.norm(mean) < LEAST_MEAN:
            if len(rows) == 1:
                message = f"Row {rows[0]} has no usable vector, so nothing is like it."
                raise BadQueryError(message, hint="Choose another tile.")
            message = "These tiles have no usable vectors, or cancel each other out."
            raise BadQueryError(message, hint="Choose others.")
        return mean

    def _given(self, part: VectorPart) -> NDArray[np.float64]:
        dim = self.embeddings.header.dim
        if len(part.vector) != dim:
            message = f"The vector has {len(part.vector)} numbers, those of this set have {dim}."
            raise BadQueryError(message, hint="Was it made by the set's model?")
        return np.array(part.vector)

    def _check_length(self, encoder: Encoder, spec: EncoderSpec) -> None:
        if encoder.dim != self.embeddings.header.dim:
            message = (
                f"{spec.name} makes vectors of {encoder.dim} numbers, this set has "
                f"{self.embeddings.header.dim}."
            )
            hint = "Ask with a tile of the set (row), or use the weights that made it."
            raise BadQueryError(message, hint=hint)


def _at_length_one(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    wide = vector.astype(np.float64)
    wide /= np.abs(wide).max(initial=0.0) or 1.0  # so that squares neither overflow nor vanish
    length = np.linalg.norm(wide)
    return np.asarray(wide / (length or 1.0), np.float32)


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
        if isinstance(part, OF_SET):
            continue
        made, have = embeddings.header.weights, spec.weights
        if made and have and made != have and not own_weights:
            message = f"This set was made with other weights of {spec.name} than installed."
            hint = "Ask with a tile of the set (row), or install the version that made it."
            raise BadQueryError(message, hint=hint, made_with=made)
        if part.kind not in spec.modalities:
            raise takes_no(spec, part.kind)
