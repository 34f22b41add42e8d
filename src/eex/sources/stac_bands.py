"""Which file of a STAC item is which band, and what its numbers mean.

Providers call the same file `red` (Earth Search), `B04` (Planetary Computer) and `B04_10m`
(Copernicus Data Space). Bands are told by these keys, then by the bands that an asset lists
(`bands` of STAC 1.1, `eo:bands` before), by name and by common name.

Source:
    STAC 1.0 and 1.1, item and common metadata; extensions eo 1.1 and 2.0, raster 1.1 and 2.0,
    projection 1.2 and 2.0, file 2.1; items of the three providers (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eex.errors import BadQueryError, SourceError
from eex.sources.names import band_name
from eex.sources.refs import Asset

SCL = "SCL"
"""Scene classification of Sentinel-2 L2A."""

KEYS: dict[str, tuple[str, ...]] = {
    "B01": ("coastal", "B01", "B01_60m", "B01_20m"),
    "B02": ("blue", "B02", "B02_10m"),
    "B03": ("green", "B03", "B03_10m"),
    "B04": ("red", "B04", "B04_10m"),
    "B05": ("rededge1", "B05", "B05_20m"),
    "B06": ("rededge2", "B06", "B06_20m"),
    "B07": ("rededge3", "B07", "B07_20m"),
    "B08": ("nir", "B08", "B08_10m"),
    "B8A": ("nir08", "B8A", "B8A_20m"),
    "B09": ("nir09", "B09", "B09_60m"),
    "B10": ("cirrus", "B10", "B10_60m"),
    "B11": ("swir16", "B11", "B11_20m"),
    "B12": ("swir22", "B12", "B12_20m"),
    SCL: ("scl", "SCL", "SCL_20m"),
}
"""Usual keys of Sentinel-2's bands, the finest grid first."""

COMMON = {
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "nir": "B08",
    "nir08": "B8A",
    "nir09": "B09",
    "cirrus": "B10",
    "swir16": "B11",
    "swir22": "B12",
}
"""Common names that mean one band of Sentinel-2; `rededge` means four."""

REFLECTANCE = 10_000
"""Digital numbers a unit of reflectance."""

OFFSETS = (0.0, -1000.0)
"""What is added to the digital numbers of products for reflectances times 10,000: before and from
baseline 04.00 on."""

UNREADABLE = ("jp2", "jpeg2000")
"""In media types of files that are no GeoTIFFs, though pixels."""

NOT_PIXELS = ("thumbnail", "overview", "metadata", "visual")
"""Roles of files that are not measurements."""


def is_sentinel2(item: Mapping[str, Any]) -> bool:
    """Whether an item is of Sentinel-2."""
    told = item.get("properties") or {}
    names = (told.get("constellation"), told.get("platform"), item.get("collection"))
    return any(
        str(name or "").lower().replace(" ", "-").startswith(("sentinel-2", "sentinel-s2", "s2-"))
        for name in names
    )


def bands_of(
    item: Mapping[str, Any], asked: Mapping[str, str] | None = None
) -> dict[str, tuple[str, int]]:
    """Return the asset and the number in its file, from 1, of each band of an item.

    Args:
        item: As JSON.
        asked: Band -> key of an asset, or key:number for one of several bands in a file. Those
            that the item lacks are left out. Of Sentinel-2 the others are found as usual.
    """
    assets = {key: asset for key, asset in (item.get("assets") or {}).items() if asset}
    found: dict[str, tuple[str, int]] = {}
    if asked:
        for band, text in asked.items():
            key, number = _key(text, assets)
            if key in assets:
                found[band] = (key, number)
    if not is_sentinel2(item):
        return found if asked else _own_names(assets)
    for band in KEYS if found or not asked else (SCL,):
        if band not in (asked or ()) and (there := _usual(band, assets)) is not None:
            found[band] = there
    return found


def asset_of(item: Mapping[str, Any], key: str, number: int, *, band: str) -> Asset:
    """Return one band of an item.

    Raises:
        SourceError: If the file is of a kind that is not read.
    """
    asset = item["assets"][key]
    href = _address(asset)
    kind = str(asset.get("type") or "").lower()
    if any(word in kind for word in UNREADABLE) or href.lower().partition("?")[0].endswith(".jp2"):
        message = f"{key} of {item.get('id')} is JPEG 2000, which is not read."
        hint = (
            "Ask a catalogue that has GeoTIFFs, such as "
            "https://earth-search.aws.element84.com/v1, or name other assets: --asset B04=red."
        )
        raise SourceError(message, hint=hint)
    raster = _raster(asset, number)
    size = asset.get("file:size")
    scale, offset = (1.0, 0.0) if band == SCL else _meaning(raster, asset)
    nodata = raster.get("nodata", asset.get("nodata"))
    return Asset(
        href=href,
        index=number,
        scale=scale,
        offset=offset,
        nodata=_number(nodata),
        bytes=int(size) if isinstance(size, int | float) and size > 0 else 0,
    )


def raster_offset(item: Mapping[str, Any], key: str, number: int) -> float | None:
    """Return what is said to be added to stored numbers for reflectances; None if nothing is."""
    asset = item["assets"][key]
    raster = _raster(asset, number)
    if _number(raster.get("scale")) is None:
        return None
    return _number(raster.get("offset"))


def read_bands(given: Mapping[str, str] | str) -> dict[str, str]:
    """Return band -> asset: from a record, or from `B04=red,B03=green`; `B04` alone is `B04=B04`.

    Raises:
        BadQueryError: If a band is named twice or not at all.
    """
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, str] = {}
    for part in (part.strip() for part in given.split(",") if given.strip()):
        band, equals, key = (piece.strip() for piece in part.partition("="))
        key = key if equals else band
        if not band or not key or band in found:
            message = f"{part!r} does not say which asset is a band of its own."
            raise BadQueryError(message, hint="Such as B04=red,B03=green,B02=blue.")
        found[band] = key
    return found


def _key(text: str, assets: Mapping[str, Any]) -> tuple[str, int]:
    """Read key or key:number; keys with colons are taken whole where they are there."""
    key, colon, number = text.rpartition(":")
    if text in assets or not colon or not number.isdecimal() or int(number) < 1:
        return text, 1
    return key, int(number)


def _usual(band: str, assets: Mapping[str, Any]) -> tuple[str, int] | None:
    for key in KEYS[band]:
        if key in assets:
            return key, 1
    for test in (_named, _commonly):
        for key, asset in assets.items():
            for number, entry in enumerate(_listed(asset), start=1):
                if _measured(asset) and test(entry, band):
                    return key, number
    return None


def _named(entry: Mapping[str, Any], band: str) -> bool:
    return band_name(str(entry.get("name") or "")) == band


def _commonly(entry: Mapping[str, Any], band: str) -> bool:
    common = entry.get("common_name") or entry.get("eo:common_name")
    return COMMON.get(str(common)) == band


def _own_names(assets: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Return bands of other satellites by the names that their assets give."""
    found: dict[str, tuple[str, int]] = {}
    for key, asset in assets.items():
        kind = str(asset.get("type") or "").lower()
        if not _measured(asset) or (kind and "tiff" not in kind):
            continue
        listed = _listed(asset)
        if len(listed) > 1:
            for number, entry in enumerate(listed, start=1):
                found.setdefault(str(entry.get("name") or f"{key}:{number}"), (key, number))
        else:
            found[key] = (key, 1)
    return found


def _measured(asset: Mapping[str, Any]) -> bool:
    kind = str(asset.get("type") or "").lower()
    if any(word in kind for word in UNREADABLE):
        return False
    return not any(role in NOT_PIXELS for role in asset.get("roles") or ())


def _listed(asset: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what an asset says of its bands."""
    listed = asset.get("bands") or asset.get("eo:bands") or ()
    return [entry for entry in listed if isinstance(entry, Mapping)]


def _raster(asset: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return scale, offset, nodata and number format of a band: its own, else its asset's.

    STAC 1.1 has them as `raster:scale` or, in drafts, `scale`; 1.0 in `raster:bands`.
    """
    told: dict[str, Any] = {}
    lists = [asset.get("raster:bands"), asset.get("bands")]
    own = [some[number - 1] for some in lists if isinstance(some, list) and len(some) >= number]
    for record in (*own, asset):
        for name in ("scale", "offset", "nodata", "data_type"):
            for key in (f"raster:{name}", name):
                if isinstance(record, Mapping) and record.get(key) is not None:
                    told.setdefault(name, record[key])
    return told


def _meaning(raster: Mapping[str, Any], asset: Mapping[str, Any]) -> tuple[float, float]:
    """Return scale and offset of `Asset`: products' own digital numbers are left as they are."""
    scale, offset = _number(raster.get("scale")), _number(raster.get("offset")) or 0.0
    if scale is None or (scale == 1 and not offset):  # said of numbers that mean themselves
        fractions = str(raster.get("data_type") or "").startswith("float")
        reflectance = "reflectance" in (asset.get("roles") or ())
        return (float(REFLECTANCE) if fractions and reflectance else 1.0), 0.0
    times, added = round(scale * REFLECTANCE, 9), round(offset * REFLECTANCE, 6)
    if times == 1 and added in OFFSETS:
        return 1.0, 0.0
    return times, added


def _address(asset: Mapping[str, Any]) -> str:
    """Return where a file is: of one in object storage another address over HTTP, if there is one.

    Source:
        STAC extension alternate-assets 1.1 and 1.2.
    """
    href = str(asset.get("href") or "")
    others = asset.get("alternate")
    if href.startswith(("http://", "https://")) or not isinstance(others, Mapping):
        return href
    hrefs = [str(o.get("href") or "") for o in others.values() if isinstance(o, Mapping)]
    return next((other for other in hrefs if other.startswith(("http://", "https://"))), href)


def _number(value: object) -> float | None:
    """Return a number as it is; texts of STAC for NaN and infinity too; None for others."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}.get(str(value).lower())
