"""What a file of weights says of itself, compared with what is published.

Any sizes load, so that small models of one's own do; a user who did not mean that is told.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from eex.errors import DamagedWeightsError

if TYPE_CHECKING:
    from pathlib import Path

Sizes = Mapping[str, int]
"""Sizes by what they are of, in words, such as {"width": 1024, "depth": 24}."""

_log = logging.getLogger("eex")


def check_sizes(found: Sizes, published: Mapping[str, Sizes], *, model: str, path: Path) -> None:
    """Warn, once, of sizes other than the published ones; refuse another published model.

    Args:
        found: Sizes of the tensors; what is not there is not compared.
        published: Those of models of one family, by name.
        model: What was asked for; a name that is not published has any sizes.
        path: The file.

    Raises:
        DamagedWeightsError: If the sizes are exactly those of another published model.
    """
    if model not in published:
        return
    mine = published[model]
    other = [
        f"{what} {size}, not {mine[what]}" for what, size in found.items() if size != mine[what]
    ]
    if not other:
        return
    for name, sizes in published.items():
        if all(size == sizes[what] for what, size in found.items()):
            message = f"{path} holds weights of {name}, not of {model}."
            raise DamagedWeightsError(message, hint=f"Use the encoder {name}, or another file.")
    _log.warning("%s has other sizes than the published %s: %s.", path, model, "; ".join(other))


def heads_of(width: int, told: object, rule: int | None, *, path: Path, parts: int = 1) -> int:
    """Return how many attention heads share a width.

    Args:
        width: Channels of a token.
        told: What a configuration says, None if there is none that does.
        rule: How many the family has at this width, None if that is not known.
        path: The file, for errors.
        parts: What the width of a head must be a multiple of besides.

    Raises:
        DamagedWeightsError: If neither tells, or the width cannot be shared so.
    """
    heads = rule if told is None else told
    if heads is None:
        message = f"{path}: how many attention heads a width of {width} has is not known."
        raise DamagedWeightsError(message, hint="Put the model's configuration beside it.")
    if not isinstance(heads, int) or heads < 1 or width % (parts * heads):
        message = f"{path}: a width of {width} cannot be shared among {heads!r} attention heads."
        raise DamagedWeightsError(message, hint="Check that file and configuration fit together.")
    return heads


def told_in(config: object, *names: str) -> object:
    """Return what stands at the end of these names in a configuration, None if nothing does."""
    for name in names:
        config = config.get(name) if isinstance(config, Mapping) else None
    return config or None
