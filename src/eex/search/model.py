"""The model that a set's header names; a set is of use without it, its tiles can be asked with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.open import ANY_CLIP, encoder_spec
from eex.errors import EexError, UnknownNameError

if TYPE_CHECKING:
    from eex.embeddings import SetHeader
    from eex.encoders.base import EncoderSpec


def model_of(header: SetHeader, weights: str | Path | None = None) -> EncoderSpec:
    """Return what is known of the model that made a set.

    Args:
        header: Of the set.
        weights: File or folder of the model's weights, where the user said.

    Raises:
        UnknownNameError: If it is a plug-in's that is not installed.
        MissingWeightsError: If it is `clip:PATH` and nothing is at that path, as on a machine that
            did not make the set.
        EexError: If it is there and cannot be used; of whatever kind, the hint says what to do.
    """
    if not header.model:
        message = "This set does not say which model made it, so only its tiles can be asked with."
        hint = "Ask with a tile of the set (row); eex set check finds out which model made a set."
        raise UnknownNameError(message, hint=hint)
    try:
        return encoder_spec(header.model, weights)
    except EexError as error:
        instead = "Or ask with a tile of the set (row)."
        if header.model.startswith(ANY_CLIP) and weights is None:
            where = "eex search --model-weights PATH, or weights=PATH in Python"
            hint = f"Say where the weights that made this set are: {where}."
        else:
            hint = error.hint or "Install what the model needs."
        message = f"This set's model cannot be used: {error.message}"
        raise type(error)(message, hint=f"{hint} {instead}", **error.details) from error
