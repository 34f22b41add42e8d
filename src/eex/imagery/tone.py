"""Digital numbers become pictures: for models of pictures, and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFLECTANCE_SCALE = 10_000
"""Digital numbers per unit of surface reflectance."""


def true_colour(dn: NDArray[Any], *, gain: float = 2.5) -> NDArray[np.uint8]:
    """Render digital numbers as the 8-bit true-colour picture that models of pictures are fed.

    Args:
        dn: Shape (3, height, width), bands B04, B03, B02, as stored.
        gain: Brightness, a factor on dn / 10 000 before clipping to [0, 1].

    Returns:
        Shape (height, width, 3), 0 to 255: the fraction times 255 in float32, cut off, not rounded.

    Raises:
        ShapeError: If the first axis is not three bands.

    Source:
        How the published RGB embeddings were made, the offset of 1000 left in:
        ESA-PhiLab/Major-TOM, MajorTOM/embedder/models/SigLIP_S2RGB.py, normalize(); the 8 bits are
        those of OpenGeoScope/EarthEmbeddingExplorer, models/siglip_model.py.
    """
    shown = np.float32(gain) * (_rgb(dn) / np.float32(REFLECTANCE_SCALE))
    return _eight_bits(shown)


def thumbnail_tone(dn: NDArray[Any]) -> NDArray[np.uint8]:
    """Render digital numbers as Major TOM's thumbnails are: 1.3 (dn / 10 000) ** 0.6.

    It lightens dark land for people; models were not fed this. The thumbnails are JPEG files, which
    differ from it by 2 to 2.3 grey levels on average on two samples.

    Args:
        dn: Shape (3, height, width), bands B04, B03, B02, as stored.

    Returns:
        Shape (height, width, 3), 0 to 255.

    Raises:
        ShapeError: If the first axis is not three bands.

    Source:
        ESA-PhiLab/Major-TOM, MajorTOM/extras/thumbnail_s2.py.
    """
    fraction = np.maximum(_rgb(dn) / np.float32(REFLECTANCE_SCALE), 0)
    return _eight_bits(np.float32(1.3) * fraction ** np.float32(0.6))


def _rgb(dn: NDArray[Any]) -> NDArray[np.float32]:
    array = np.asarray(dn)
    if array.ndim != 3 or array.shape[0] != 3:  # noqa: PLR2004
        message = f"Expected (3, height, width), got {array.shape}."
        raise ShapeError(message, hint="Put B04, B03, B02 on the first axis.")
    return array.astype(np.float32)


def _eight_bits(fractions: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels = np.clip(fractions, 0, 1) * np.float32(255)
    return np.ascontiguousarray(levels.transpose(1, 2, 0)).astype(np.uint8)
