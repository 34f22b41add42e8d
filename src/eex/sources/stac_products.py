"""Which pass, which product, which processing: what STAC items of Sentinel-2 say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eex.sources.names import PRODUCT, pass_of, product_in
from eex.sources.refs import SceneRef

_DATATAKE = re.compile(r"GS2(?P<unit>[A-D])_(?P<start>\d{8}T\d{6})_(?P<orbit>\d+)_N[\d.]+")
"""Of one pass; the baseline at its end is that of the processing, not of the pass."""

_STRIP = re.compile(r"_S(\d{8}T\d{6})_N")
"""When the sensing of a data strip began, in its id."""

_TILE = re.compile(r"\d{1,2}[C-X][A-Z]{2}")


@dataclass(frozen=True, kw_only=True)
class Processed:
    """One scene and which processing of which product it is."""

    scene: SceneRef
    product: tuple[str, str] = ("", "")
    """Pass and tile; empty if not known."""
    baseline: float = 0.0
    strip: str = ""
    """When the sensing of its data strip began."""
    made: str = ""
    """When it was processed, as text of one format."""


def product_of(item: Mapping[str, Any]) -> str:
    """Return the name of an item's Sentinel-2 product, without .SAFE; empty if it has none."""
    told = item.get("properties") or {}
    own = told.get("_private") if isinstance(told.get("_private"), Mapping) else {}
    for text in (told.get("s2:product_uri"), (own or {}).get("product_name"), item.get("id")):
        if product := product_in(str(text or "")):
            return product
    return ""


def baseline_of(told: Mapping[str, Any], product: str) -> float:
    """Return the processing baseline, such as 5.09; 0 if not known."""
    found = PRODUCT.search(product)
    texts = (
        told.get("s2:processing_baseline"),
        told.get("processing:version"),
        f"{found['baseline'][:2]}.{found['baseline'][2:]}" if found and found["baseline"] else "",
    )
    for text in texts:
        if re.fullmatch(r"\d{1,2}\.\d{1,2}", str(text or "")):
            return float(str(text))
    return 0.0


def group_of(told: Mapping[str, Any], product: str, when: datetime | None) -> str:
    """Return what scenes of one pass share: unit and start of its data take, else orbit and day."""
    for name in ("s2:datatake_id", "eopf:datatake_id"):
        if match := _DATATAKE.fullmatch(str(told.get(name) or "")):
            return f"S2{match['unit']}_{match['start']}"
    if (group := pass_of(product)) or when is None:
        return group
    platform = str(told.get("platform") or "")
    day = f"{when:%Y%m%d}"
    if platform and told.get("sat:absolute_orbit") is not None:
        return f"{platform}_{told['sat:absolute_orbit']}"
    orbit = told.get("sat:relative_orbit")
    parts = (platform, day, "" if orbit is None else f"R{orbit}")
    return "_".join(part for part in parts if part)


def tile_of(told: Mapping[str, Any], product: str) -> str:
    """Return the tile of the Sentinel-2 grid, such as 54SUE; empty if not known."""
    found = PRODUCT.search(product)
    parts = (
        told.get("mgrs:utm_zone"),
        told.get("mgrs:latitude_band"),
        told.get("mgrs:grid_square"),
    )
    texts = (
        str(told.get("grid:code") or "").removeprefix("MGRS-"),
        str(told.get("s2:mgrs_tile") or ""),
        "".join(str(part) for part in parts) if all(parts) else "",
        (found["tile"] or "") if found else "",
    )
    for text in texts:
        if _TILE.fullmatch(text):
            return text.lstrip("0")
    return ""


def strip_of(told: Mapping[str, Any]) -> str:
    """Return when the sensing of an item's data strip began; empty if not known."""
    for name in ("s2:datastrip_id", "eopf:datastrip_id"):
        if match := _STRIP.search(str(told.get(name) or "")):
            return match[1]
    return ""


def made_of(told: Mapping[str, Any], product: str) -> str:
    """Return when a product was processed; the time at the end of a product's name tells it too."""
    text = told.get("s2:generation_time") or told.get("processing:datetime")
    found = PRODUCT.search(product)
    return str(text or (found["made"] if found else "") or told.get("created") or "")


def newest(found: Iterable[Processed]) -> list[SceneRef]:
    """Return scenes without those of which there is a newer processing.

    Of one pass over one tile the highest baseline stays. Two products of one baseline both stay,
    since a tile may be in two data strips of a pass, unless both are of the same strip: then the
    one that was made last stays. An id that comes twice stays once.
    """
    best: dict[tuple[str, str], float] = {}
    last: dict[tuple[Any, ...], tuple[str, str]] = {}
    all_of = {each.scene.id: each for each in found}
    for each in all_of.values():
        if all(each.product):
            best[each.product] = max(best.get(each.product, 0.0), each.baseline)
        if all(each.product) and each.strip:
            key = (each.product, each.baseline, each.strip)
            last[key] = max(last.get(key, ("", "")), (each.made, each.scene.id))
    kept = []
    for each in all_of.values():
        if all(each.product) and each.baseline < best[each.product]:
            continue
        key = (each.product, each.baseline, each.strip)
        if key in last and last[key] != (each.made, each.scene.id):
            continue
        kept.append(each.scene)
    return kept
