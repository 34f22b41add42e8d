"""Stretches: how digital numbers become the 8 bits that models of pictures are fed, by name.

Each is a table of 65,536 levels, so that a whole strip of a scene is stretched at one stroke; the
name of the one that was used, and what it did, are written into the set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.imagery.tone import REFLECTANCE_SCALE, thumbnail_tone, true_colour
from eex.registry import unknown_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = 2**16
"""Digital numbers that a table has a level for."""

KEENKITE_WHITE = 3000
"""Digital number that becomes white: reflectance 0.3."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One way from digital numbers to 8 bits, the same for every band."""

    name: str
    """As users type it."""
    said: str
    """What it does, in words that follow "digital numbers"."""
    of: Callable[[NDArray[Any]], NDArray[np.uint8]]
    """Digital numbers of any shape -> levels of that shape."""

    @property
    def table(self) -> NDArray[np.uint8]:
        """The level of each digital number from 0 to 65,535, shape (65536,); not to be changed."""
        return _table(self.name)


def _as_picture(
    tone: Callable[[NDArray[Any]], NDArray[np.uint8]],
) -> Callable[[NDArray[Any]], NDArray[np.uint8]]:
    """Return a tone of three bands, bands first in and last out, for numbers of any shape."""

    def levels(dn: NDArray[Any]) -> NDArray[np.uint8]:
        flat = np.broadcast_to(dn.reshape(1, 1, -1), (3, 1, dn.size))
        return np.ascontiguousarray(tone(flat)[0, :, 0]).reshape(dn.shape)

    return levels


def _keenkite(dn: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 0 to 3000 as 0 to 255, cut off at both ends; levels are cut off, not rounded."""
    fraction = np.clip(dn.astype(np.float32) / np.float32(KEENKITE_WHITE), 0, 1)
    return (fraction * np.float32(255)).astype(np.uint8)


def _as_stored(dn: NDArray[Any]) -> NDArray[np.uint8]:
    """Return numbers that are levels already."""
    return np.clip(dn, 0, 255).astype(np.uint8)


STRETCHES = {
    stretch.name: stretch
    for stretch in (
        Stretch(
            name="majortom",
            said=f"times 2.5, 0 to {REFLECTANCE_SCALE} to 0 to 255, as Major TOM's models were fed",
            of=_as_picture(true_colour),
        ),
        Stretch(
            name="keenkite",
            said=f"0 to {KEENKITE_WHITE} to 0 to 255, as keenkite stretches Sentinel-2",
            of=_keenkite,
        ),
        Stretch(
            name="thumbnail",
            said="1.3 (dn / 10 000) ** 0.6 to 0 to 255, as Major TOM's thumbnails are toned",
            of=_as_picture(thumbnail_tone),
        ),
        Stretch(
            name="stored",
            said="0 to 255 as they are, for pictures of 8 bits",
            of=_as_stored,
        ),
    )
}
"""Stretches by name.

Source:
    majortom, thumbnail: see `eex.imagery.tone`. keenkite: the 0 to 3000 that keenkite, from which
    the scene builder of this project descends, maps to 0 to 255.
"""

DEFAULT = "majortom"
"""The one that models with published sets were fed."""


def stretch_of(name: str) -> Stretch:
    """Return a stretch by its name.

    Raises:
        UnknownNameError: If there is no such stretch.
    """
    if name not in STRETCHES:
        kind = "stretch"
        raise unknown_name(kind, name, tuple(STRETCHES))
    return STRETCHES[name]


def said(name: str, *, remove_offset: bool = False) -> str:
    """Return in one sentence what is done to the stored numbers; it goes into the set's header.

    Args:
        name: The stretch; empty where encoders are fed digital numbers.
        remove_offset: Whether the 1000 of processing baseline 04.00 is taken off first.

    Raises:
        UnknownNameError: If there is no such stretch.
    """
    what = f"Digital numbers {stretch_of(name).said}" if name else "Digital numbers as stored"
    if remove_offset:
        return f"{what}; the offset of 1000 of baseline 04.00 taken off first where it was there."
    return f"{what}; the offset of 1000 of baseline 04.00 left in where it was there."


@cache
def _table(name: str) -> NDArray[np.uint8]:
    table = STRETCHES[name].of(np.arange(LEVELS, dtype=np.uint16))
    table.setflags(write=False)
    return table
