"""STAC items become references of scenes, whoever wrote them.

In: items as JSON, of an API, a file or a stac-geoparquet table. Out: `SceneRef`s: bands, grid,
footprint, time, clouds, which pass over the ground, which product and in which processing.

Source:
    STAC 1.0 and 1.1; items of Earth Search, Planetary Computer and the Copernicus Data Space.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from eex.errors import BadQueryError, EexError, SourceError
from eex.extent.periods import EPOCH, instant
from eex.files import user_path
from eex.sources.parquet import is_address
from eex.sources.refs import Affine, Listed, SceneRef
from eex.sources.stac_bands import SCL, asset_of, bands_of, is_sentinel2, raster_offset
from eex.sources.stac_products import (
    Processed,
    baseline_of,
    group_of,
    made_of,
    newest,
    product_of,
    strip_of,
    tile_of,
)
from eex.sources.wanted import Wanted, box_polygons, footprint_of
from eex.stopping import check_stopped

FIRST_WITH_OFFSET = 4.0
"""Processing baseline that first adds 1000 to every digital number."""

UNNUMBERED = 90.0
"""Baselines from here on, such as 99.99, are none: they carry no offset."""

COPERNICUS = "Contains modified Copernicus Sentinel data{year}"
"""Credit line that the terms of Copernicus ask for, with the year of the data."""

COPERNICUS_TERMS = "Copernicus Sentinel Data Legal Notice"
"""Licence of Sentinel data; SPDX has no name for it, and catalogues say proprietary or other."""

SAYS_NOTHING = ("", "proprietary", "other", "various")
"""Licences that only say that there is another one."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What is known of items beside themselves: their collection's record, and what is asked."""

    own: str = ""
    """Path or address of what the items are from: relative addresses are beside it."""
    bands: Mapping[str, str] = field(default_factory=dict)
    """Band -> asset, where they are not told by their usual names."""
    licence: str = ""
    """Of the collection."""
    providers: tuple[str, ...] = ()
    """Who is to be named."""

    @classmethod
    def of(cls, collection: Mapping[str, Any], *, own: str, bands: Mapping[str, str]) -> Catalogue:
        """Read the record of a collection."""
        return cls(
            own=own,
            bands=bands,
            licence=str(collection.get("license") or ""),
            providers=_named_providers(collection.get("providers")),
        )


def scenes_of(
    items: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
    wanted: Wanted,
    *,
    listed: Listed | None = None,
) -> list[SceneRef]:
    """Return the scenes of items that are wanted, each in its newest processing, in order of time.

    Args:
        items: As they come.
        catalogue: What is known of them.
        wanted: Which; a server may have passed over what it was asked.
        listed: Told how many were found.

    Raises:
        SourceError: If one is no STAC item, or none has the bands.
    """
    found: list[Processed] = []
    keys: set[str] = set()
    count = usable = 0
    for item in items:
        check_stopped()
        count += 1
        keys |= set(item.get("assets") or {})
        each = processed_of(item, catalogue)
        usable += each is not None
        if each is not None and wanted.takes(each.scene):
            found.append(each)
        if listed is not None:
            listed(len(found), 0)
    if count and not usable:
        raise _lacking(count, keys, catalogue.bands)
    return wanted.chosen(newest(found))


def processed_of(item: Mapping[str, Any], catalogue: Catalogue) -> Processed | None:
    """Return the scene of an item, None if it has none of the bands.

    Raises:
        SourceError: If it is no STAC item, or its files are of a kind that is not read.
    """
    told = item.get("properties")
    if not isinstance(told, Mapping) or not item.get("id") or item.get("type") != "Feature":
        message = "The catalogue has something that is no STAC item."
        raise SourceError(message, hint="Give an item, an ItemCollection, or a STAC API.")
    try:
        return _processed(_with_addresses(item, catalogue.own), told, catalogue)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, EexError):
            raise
        message = f"{item['id']!s:.80} is not as STAC has items: {error!s:.120}."
        raise SourceError(message, hint="Have its catalogue mended, or leave it out.") from error


def _processed(
    item: Mapping[str, Any], told: Mapping[str, Any], catalogue: Catalogue
) -> Processed | None:
    places = bands_of(item, catalogue.bands)
    if not places or set(places) == {SCL}:
        return None
    bands = {band: asset_of(item, *place, band=band) for band, place in places.items()}
    product = product_of(item)
    when = time_of_item(told)
    transform, size = _grid(item, places)
    scene = SceneRef(
        id=str(item["id"]),
        bands=bands,
        product_id=product or str(item["id"]),
        when=when,
        cloud_cover=clouds_of(told),
        footprint=footprint_of(item.get("geometry")),
        extent=_of_bbox(item.get("bbox")),
        crs=_crs(item, places),
        transform=transform,
        size=size,
        offset_removed=_offset_removed(item, places, product),
        group=group_of(told, product, when),
        licence=_licence(item, catalogue),
        attribution=_attribution(item, catalogue, when),
        href=_own_address(item),
    )
    return Processed(
        scene=scene,
        product=(scene.group, tile_of(told, product)),
        baseline=baseline_of(told, product),
        strip=strip_of(told),
        made=made_of(told, product),
    )


def _with_addresses(item: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return an item whose assets' addresses are whole: beside its own link, else beside `own`."""
    assets = item.get("assets")
    if not isinstance(assets, Mapping):
        return dict(item)
    self_link = _own_address(item)
    base = self_link if is_address(self_link) else own
    found = {}
    for key, asset in assets.items():
        href = str(asset.get("href") or "") if isinstance(asset, Mapping) else ""
        far = is_address(own)  # it names no files of this machine
        if far and href.lower().startswith("file:"):
            message = f"{item['id']!s:.80} of {own} names {href:.80}, a file of this machine."
            raise SourceError(message, hint="Leave the item out, or list it from a file of yours.")
        if href and "://" not in href and (far or not href.startswith("/")):
            href = urljoin(base, href) if is_address(base) else _beside(base, href)
            found[key] = {**asset, "href": href}
        else:
            found[key] = asset
    return {**item, "assets": found}


def time_of_item(told: Mapping[str, Any]) -> datetime | None:
    """Return when an item's scene was taken (UTC): `datetime`, else where its range begins."""
    value = told.get("datetime") or told.get("start_datetime")
    if value is None:
        return None
    if isinstance(value, datetime):
        value = value.isoformat()
    try:
        return EPOCH + timedelta(microseconds=instant(str(value))[0])
    except (BadQueryError, OverflowError):
        return None


def clouds_of(told: Mapping[str, Any]) -> float | None:
    """Return the share of clouds that an item says, percent."""
    value = told.get("eo:cloud_cover")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _offset_removed(
    item: Mapping[str, Any], places: Mapping[str, tuple[str, int]], product: str
) -> bool | None:
    """Return whether the provider took off the 1000 that new baselines add; None: not said.

    Earth Search says it in so many words; others by the offset that remains to be added.
    """
    told = item["properties"]
    applied = told.get("earthsearch:boa_offset_applied")
    if isinstance(applied, bool):
        return applied
    if not is_sentinel2(item):
        return None
    baseline = baseline_of(told, product)
    if not FIRST_WITH_OFFSET <= baseline < UNNUMBERED:
        return None
    said = {raster_offset(item, *place) for band, place in places.items() if band != SCL}
    said.discard(None)
    return None if len(said) != 1 else said == {0.0}


def _grid(
    item: Mapping[str, Any], places: Mapping[str, tuple[str, int]]
) -> tuple[Affine | None, tuple[int, int] | None]:
    """Return transform and size of the finest grid of the bands that says both."""
    told = item.get("properties") or {}
    found: list[tuple[float, Affine, tuple[int, int]]] = []
    for key in dict.fromkeys(key for key, _ in places.values()):
        asset = item["assets"][key]
        shape = _numbers(asset.get("proj:shape") or told.get("proj:shape"))
        affine = _numbers(asset.get("proj:transform") or told.get("proj:transform"))
        if len(shape) == 2 and len(affine) >= 6 and min(shape) >= 1:  # noqa: PLR2004
            a, b, c, d, e, f = affine[:6]
            if a * e - b * d:
                size = (int(shape[0]), int(shape[1]))
                found.append((abs(a * e - b * d), (a, b, c, d, e, f), size))
    if not found:
        return None, None
    _, affine_of, size = min(found, key=lambda grid: grid[0])
    return affine_of, size


def _crs(item: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> str:
    """Return the coordinate system, such as EPSG:32654; empty if the item does not say."""
    first = item["assets"][next(iter(places.values()))[0]]
    for told in (first, item.get("properties") or {}):
        if code := told.get("proj:code"):
            return str(code)
        epsg = told.get("proj:epsg")
        if isinstance(epsg, int | float) and epsg > 0:
            return f"EPSG:{int(epsg)}"
    return ""


def _licence(item: Mapping[str, Any], catalogue: Catalogue) -> str:
    own = str((item.get("properties") or {}).get("license") or "")
    licence = own if own not in SAYS_NOTHING else catalogue.licence
    if licence in SAYS_NOTHING and is_sentinel2(item):
        return COPERNICUS_TERMS
    return licence


def _attribution(item: Mapping[str, Any], catalogue: Catalogue, when: datetime | None) -> str:
    if is_sentinel2(item):
        return COPERNICUS.format(year=f" {when.year}" if when else "")
    own = _named_providers((item.get("properties") or {}).get("providers"))
    return ", ".join(own or catalogue.providers)


def _named_providers(providers: object) -> tuple[str, ...]:
    """Return who made or licenses data; who only hosts it is not named."""
    if not isinstance(providers, list):
        return ()
    names = [
        str(provider["name"])
        for provider in providers
        if isinstance(provider, Mapping)
        and provider.get("name")
        and set(provider.get("roles") or ["producer"]) & {"producer", "licensor", "processor"}
    ]
    return tuple(dict.fromkeys(names))


def _own_address(item: Mapping[str, Any]) -> str:
    for link in item.get("links") or ():
        if isinstance(link, Mapping) and link.get("rel") == "self" and link.get("href"):
            return str(link["href"])
    return ""


def _beside(own: str, href: str) -> str:
    return str(user_path(own).absolute().parent / href) if own else href


def _of_bbox(bbox: object) -> str:
    numbers = _numbers(bbox)
    box = [*numbers[:2], *numbers[3:5]] if len(numbers) == 6 else numbers  # noqa: PLR2004
    if len(box) != 4:  # noqa: PLR2004
        return ""
    return footprint_of({"type": "MultiPolygon", "coordinates": box_polygons(box)})


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list | tuple):
        return []
    good = [isinstance(n, int | float) and not isinstance(n, bool) for n in value]
    return [float(n) for n in value] if all(good) else []


def _lacking(items: int, seen: Iterable[str], bands: Mapping[str, str]) -> SourceError:
    """Return the error for items of which none has the bands."""
    listed = ", ".join(sorted(seen)) or "none"
    wanted = ", ".join(f"{band}={key}" for band, key in bands.items()) or "known bands"
    message = f"None of {items:,} items has {wanted}."
    hint = f"Name assets: --asset BAND=ASSET. Assets that are there: {listed[:400]}."
    return SourceError(message, hint=hint)
