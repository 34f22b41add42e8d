"""Processing baselines of Sentinel-2: old and new products are shown alike.

From baseline 04.00 on (January 2022, and every older product processed again) 1000 is added to all
digital numbers, so that dark pixels keep their noise. Pictures for people take it off first;
encoders get the numbers as stored, as they did when the published embeddings were made.

Source:
    ESA, Sentinel-2 Products Specification Document, RADIO_ADD_OFFSET; measured on tiles of
    Major TOM: sea of N0400 lies 1000 above sea of N9999.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFFSET = 1000
"""What new baselines add to every digital number but 0, which is no data."""

FIRST = 400
"""First baseline that adds it: N0400."""

UNNAMED = 9999
"""N9999: products made again without a baseline of their own; they carry no offset."""

WHITE_FROM = 240
"""Grey level of a thumbnail from which on its table runs straight to white.

What was brighter than white when a thumbnail was made cannot be told from it. Clouds and snow are
nearly always far brighter, so white stays white, and the levels before it lead there evenly.
"""

_BASELINE = re.compile(r"_N(\d{4})_")


def baseline_of(product_id: str) -> int | None:
    """Return the processing baseline that a product's name says, such as 400; None if none."""
    found = _BASELINE.search(product_id)
    return None if found is None else int(found[1])


def offset_of(product_id: str) -> int:
    """Return what was added to a product's digital numbers: 1000, or 0 if none or not known."""
    baseline = baseline_of(product_id)
    return OFFSET if baseline is not None and FIRST <= baseline < UNNAMED else 0


def without_offset(dn: NDArray[Any], product_id: str) -> NDArray[Any]:
    """Return digital numbers of one scale for all baselines; 0 stays no data, nothing is below.

    Args:
        dn: As stored, any shape.
        product_id: Says the baseline, such as S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_….
    """
    return less(dn, offset_of(product_id))


def less(dn: NDArray[Any], offset: int) -> NDArray[Any]:
    """Return digital numbers with an offset taken off; 0 stays no data, nothing is below."""
    if not offset:
        return dn
    return np.where(dn > offset, dn - np.minimum(dn, dn.dtype.type(offset)), dn.dtype.type(0))


def thumbnail_less(pixels: NDArray[np.uint8], offset: int) -> NDArray[np.uint8]:
    """Return a thumbnail as it would be without the offset of its product.

    Args:
        pixels: As stored, any shape: 255 * 1.3 (dn / 10 000) ** 0.6, cut at white.
        offset: What was added to the digital numbers, 1000 or 0.
    """
    return _table()[pixels] if offset else pixels


@cache
def _table() -> NDArray[np.uint8]:
    """Invert the tone of thumbnails, take the offset off, tone again; one level in, one out."""
    level = np.arange(256, dtype=np.float64)
    dn = 10_000 * ((level + 0.5) / 255 / 1.3) ** (1 / 0.6)  # levels are cut off, not rounded
    toned = 255 * 1.3 * (np.maximum(dn - OFFSET, 0) / 10_000) ** 0.6
    share = np.clip((level - WHITE_FROM) / (255 - WHITE_FROM), 0, 1)
    toned = np.where(share > 0, toned[WHITE_FROM] * (1 - share) + 255 * share, toned)
    return toned.astype(np.uint8)
