"""The best tiles as a STAC ItemCollection.

An item must say when it is. Where the set does not, `datetime` is null and the item covers `SPAN`,
so that no search by time leaves it out; `eex:time_known` says so.

Source:
    STAC 1.1.0, https://github.com/radiantearth/stac-spec/tree/v1.1.0 (item-spec, commons).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eex.export.geojson import flat, geometry
from eex.export.kml import instant
from eex.export.records import json_pieces

if TYPE_CHECKING:
    from datetime import datetime

    from eex.export.records import Result
    from eex.export.taken import Taken

VERSION = "1.1.0"
"""Of STAC."""

SPAN = ("1900-01-01T00:00:00Z", "2099-12-31T23:59:59Z")
"""When an item of unknown time is: between these; readers with nanoseconds know no year 1600."""

HALF = 180.0
"""Degrees; what is wider meets itself across the antimeridian, or has a pole in it."""

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
"""Media type of a tile's pixels."""

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def to_stac(taken: Taken, chips: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Return the best tiles as a STAC ItemCollection.

    Args:
        taken: The answer.
        chips: Row to where the tile's pixels lie: they become the asset `rgb`.
    """
    items = list(_items(taken, chips or {}))
    return {**_head(taken), "features": items}


def stac_pieces(taken: Taken, chips: Mapping[int, str] | None = None) -> Iterator[str]:
    """Yield the text of a STAC ItemCollection, a line for each item; see `to_stac`."""
    return json_pieces(_head(taken), "features", _items(taken, chips or {}))


def _head(taken: Taken) -> dict[str, Any]:
    return {"type": "FeatureCollection", "stac_version": VERSION, **taken.about()}


def _items(taken: Taken, chips: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    for number, result in enumerate(taken.results):
        yield _item(taken, number, chips.get(result.row))


def _item(taken: Taken, number: int, chip: str | None) -> dict[str, Any]:
    result, shape = taken.results[number], taken.footprints[number]
    when, product = taken.times[number], taken.products[number]
    credit = taken.credit
    told: dict[str, Any] = {"title": f"{result.rank}. {result.id}", **_time(when)}
    told["license"] = credit.licence if _SPDX.fullmatch(credit.licence) else "other"
    if credit.attribution:
        told["providers"] = [{"name": credit.attribution, "roles": ["licensor", "producer"]}]
    told |= {f"eex:{name}": value for name, value in flat(result).items()}
    told |= {f"eex:{name}": value for name, value in credit.to_json().items()}
    told["eex:score_kind"] = taken.score_kind
    if product:
        told["eex:product"] = product
    assets = {} if chip is None else {"rgb": _asset(chip)}
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": f"{_plain(credit.set_id)}-{result.row}",
        "geometry": geometry(result, shape),
        "bbox": _bbox(result, shape),
        "properties": told,
        "links": [],
        "assets": assets,
    }


def _time(when: datetime | None) -> dict[str, Any]:
    if when is None:
        start, end = SPAN
        time = {"datetime": None, "start_datetime": start, "end_datetime": end}
        return {**time, "eex:time_known": False}
    return {"datetime": instant(when)}


def _bbox(result: Result, shape: Any) -> list[float]:  # noqa: ANN401
    """Return west, south, east, north; west is greater than east across 180 (RFC 7946, 5.2)."""
    if shape is None:
        lon, lat = round(result.lon, 6), round(result.lat, 6)
        return [lon, lat, lon, lat]
    bounds = list(shape.bounds)
    if bounds[2] - bounds[0] > HALF:
        import numpy as np

        from eex.geoparquet.header import Extent

        extent = Extent()
        extent.add(np.array([shape], object))
        bounds = extent.bbox()
    return [round(edge, 7) for edge in bounds]


def _asset(href: str) -> dict[str, Any]:
    return {"href": href, "type": COG, "title": "Red, green, blue", "roles": ["data", "visual"]}


def _plain(name: str) -> str:
    """Return a name without what ids of items may not have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "tile"
