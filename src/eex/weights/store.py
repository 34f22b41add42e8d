"""Where weights are on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.config import Settings
from eex.errors import MissingWeightsError
from eex.files import user_path

if TYPE_CHECKING:
    from eex.encoders.base import EncoderSpec


def find_weights(spec: EncoderSpec, given: str | Path | None, *, settings: Settings) -> Path:
    """Return the file or folder of a model's weights: the given one, else what was fetched.

    Raises:
        MissingWeightsError: If they are not here; the hint has the command that gets them.
    """
    if given is not None:
        path = user_path(given)
        if not path.exists():
            message = f"There are no weights at {path}."
            raise MissingWeightsError(message, hint="Check the path.")
        return path
    folder = (settings.models_dir or settings.cache_dir / "models") / spec.name
    if folder.is_dir():
        return folder
    message = f"The weights of {spec.name} are not on this machine."
    raise MissingWeightsError(message, hint=f"eex models get {spec.name}")
