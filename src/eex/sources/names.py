"""What names of files and products say: the band, the product, when it was taken."""

from __future__ import annotations

import re
from datetime import UTC, datetime

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""Bands of Sentinel-2, in the usual order."""

_BAND = re.compile(r"B0*(\d{1,2}|8A)(?![0-9A-Za-z])", re.IGNORECASE)
"""B4, B04, B08A, "B4, central wavelength 665 nm"."""

_TAKEN = re.compile(r"S2[A-D]_MSIL[12][AC]_(\d{8}T\d{6})")
"""The beginning of a product's name, with when it was taken."""

PRODUCT = re.compile(
    r"(?P<unit>S2[A-D])_MSIL[12][AC]_(?P<start>\d{8}T\d{6})"
    r"(?:_N(?P<baseline>\d{4}))?(?:_R(?P<orbit>\d{3}))?(?:_T(?P<tile>\d{2}[A-Z]{3}))?"
    r"(?:_(?P<made>\d{8}T\d{6}))?"
)
"""A product's name, such as S2B_MSIL2A_20190629T212529_N0212_R043_T06VVN_20201006T080531; shorter
ones lack parts."""


def band_name(text: str) -> str:
    """Return the band of Sentinel-2 that a text begins with, such as B04; empty if with none."""
    found = _BAND.match(text.strip())
    if not found:
        return ""
    name = f"B{found[1].upper():0>2}"
    return name if name in BANDS else ""


def taken(text: str) -> datetime | None:
    """Return when the last Sentinel-2 product named in a text was taken (UTC), if any is."""
    found = _TAKEN.findall(text)
    return time_of(found[-1]) if found else None


def time_of(text: str) -> datetime | None:
    """Return what 20220706T085611 and 2022-07-06 08:56:11 mean (UTC); None for anything else."""
    for form in ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text[:19], form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def product_in(text: str) -> str:
    """Return the last Sentinel-2 product that a text names, without .SAFE; empty if none."""
    names = [match[0] for match in PRODUCT.finditer(text)]
    return names[-1] if names else ""


def pass_of(product: str) -> str:
    """Return what products of one pass over the ground share: S2B_20190629T212529; else empty."""
    found = PRODUCT.search(product)
    return f"{found['unit']}_{found['start']}" if found else ""
