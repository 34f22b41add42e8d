"""What may be ranked, as one record: conditions that a tile must all meet.

In: the fields, or the JSON of them as a query carries it. Out: a `Filter`, checked and in one form,
so that equal filters are equal records with the same key.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from eex.errors import BadQueryError
from eex.extent.area import Area
from eex.extent.periods import check_season, check_time
from eex.places import EARTH_RADIUS_KM
from eex.values import BBox, check_keys, check_place, number_of, read_bbox, set_fields, shown

MOST_KM = math.pi * EARTH_RADIUS_KM
"""The farthest two places can be from each other, kilometres."""

MOST_CLOUD = 100.0
"""Cloud cover of a picture that shows nothing else, percent."""


@dataclass(frozen=True)
class Near:
    """Places at most so far from one, by the great circle."""

    lon: float
    """Degrees."""
    lat: float
    """Degrees."""
    km: float
    """Greatest distance, kilometres, itself included."""

    def __post_init__(self) -> None:
        lon, lat = check_place(self.lon, self.lat)
        km = number_of(self.km, "near.km")
        if km <= 0:
            message = f"A distance must be more than 0 km, got {km:g}."
            raise BadQueryError(message, hint="Give kilometres, such as 50.")
        set_fields(self, lon=lon + 0.0, lat=lat + 0.0, km=min(km, MOST_KM))  # 0.0: no minus zero

    @classmethod
    def of(cls, value: object) -> Near:
        """Read what `to_json` writes, or text as people type it: `LAT, LON, KM`.

        Raises:
            BadQueryError: If it is something else.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls._typed(value)
        names = [field.name for field in fields(cls)]
        if not isinstance(value, Mapping):
            message = f"near must be a record of lon, lat and km, got {shown(value)}."
            raise BadQueryError(message, hint='Such as {"lon": 2.4, "lat": 48.9, "km": 50}.')
        check_keys(value, names, "near")
        missing = [name for name in names if name not in value]
        if missing:
            message = f"near lacks {' and '.join(missing)}."
            raise BadQueryError(message, hint='Such as {"lon": 2.4, "lat": 48.9, "km": 50}.')
        return cls(**value)

    @classmethod
    def _typed(cls, text: str) -> Near:
        numbers = re.split(r"[\s,;]+", text[:200].strip().removesuffix("km").strip())
        try:
            lat, lon, km = (float(number) for number in numbers)
        except ValueError as error:
            message = f"near is latitude, longitude and kilometres, got {shown(text)}."
            raise BadQueryError(message, hint='Such as "48.9, 2.4, 50".') from error
        return cls(lon, lat, km)

    def to_json(self) -> dict[str, float]:
        """Return the record that `of` reads."""
        return {"lon": self.lon, "lat": self.lat, "km": self.km}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which tiles may be ranked; all conditions must hold, and none holds for what is unknown.

    Whatever a field takes as JSON it also takes when the record is made.

    Raises:
        BadQueryError: If a condition cannot be asked; the hint says what can.
    """

    bbox: BBox | None = None
    """West, south, east, north, degrees, edges included; west > east crosses 180 degrees."""
    area: Area | None = None
    """Polygons; from GeoJSON."""
    near: Near | None = None
    """Places within a distance."""
    time: tuple[str, str] | None = None
    """First and last date or instant, ISO 8601, UTC; each includes all that it names, so that
    `2022` ends with the year. Empty or `..` is open."""
    season: tuple[str, str] | None = None
    """First and last day of the year, `MM-DD`, both included; across New Year if first > last."""
    cloud: float | None = None
    """Greatest cloud cover, percent."""
    where: str = ""
    """CQL2 Text over the columns of the set."""

    def __post_init__(self) -> None:
        set_fields(
            self,
            bbox=None if self.bbox is None else _bbox(self.bbox),
            area=None if self.area is None else Area.of(self.area),
            near=None if self.near is None else Near.of(self.near),
            time=None if self.time is None else check_time(self.time),
            season=None if self.season is None else check_season(self.season),
            cloud=None if self.cloud is None else _cloud(self.cloud),
            where=_where(self.where),
        )

    @classmethod
    def from_json(cls, record: object) -> Filter:
        """Read what `to_json` writes; GeoJSON may also be its text, and time `START/END`.

        Raises:
            BadQueryError: If a key is unknown or a condition cannot be asked.
        """
        if isinstance(record, cls):
            return record
        if record is None:
            return cls()
        if not isinstance(record, Mapping):
            message = f"A filter is a record of conditions, got {shown(record)}."
            raise BadQueryError(message, hint='Such as {"bbox": [5, 45, 11, 48], "cloud": 20}.')
        check_keys(record, [field.name for field in fields(cls)], "A filter")
        return cls(**{name: value for name, value in record.items() if value is not None})

    def to_json(self) -> dict[str, Any]:
        """Return the conditions that are set, as JSON; the same for equal filters."""
        told: dict[str, Any] = {}
        if self.bbox is not None:
            told["bbox"] = list(self.bbox)
        if self.area is not None:
            told["area"] = self.area.to_geojson()
        if self.near is not None:
            told["near"] = self.near.to_json()
        if self.time is not None:
            told["time"] = list(self.time)
        if self.season is not None:
            told["season"] = list(self.season)
        if self.cloud is not None:
            told["cloud"] = self.cloud
        if self.where:
            told["where"] = self.where
        return told

    @property
    def empty(self) -> bool:
        """Whether it lets every tile through."""
        return not self.where and all(
            condition is None
            for condition in (
                self.bbox, self.area, self.near, self.time, self.season, self.cloud
            )
        )  # fmt: skip

    @cached_property
    def key(self) -> str:
        """SHA-256 of its JSON in one form, hexadecimal, the same for equal filters; for caches."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _bbox(value: object) -> BBox:
    west, south, east, north = (number + 0.0 for number in read_bbox(value))
    return west, south, east, north


def _cloud(value: object) -> float:
    cloud = number_of(value, "cloud")
    if not 0 <= cloud <= MOST_CLOUD:
        message = f"Cloud cover is from 0 to 100 percent, got {cloud:g}."
        raise BadQueryError(message, hint="Such as 20 for tiles with at most 20 % of clouds.")
    return cloud + 0.0


def _where(value: object) -> str:
    if not isinstance(value, str):
        message = f"where must be text, got {shown(value)}."
        raise BadQueryError(message, hint='CQL2 Text, such as "cloud_cover < 20".')
    text = value.strip()
    if text:
        from eex.filters.cql2 import parse

        parse(text)
    return text
