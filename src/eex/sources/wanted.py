"""Which scenes are asked for: where, when, how cloudy. Asked of servers, and again of each answer.

Servers may pass over what they do not know (a query, an order), so that whatever they say is looked
at once more here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.extent.area import Area
from eex.extent.periods import EPOCH, FIRST, LAST, check_season, check_time, season_of, span_of

if TYPE_CHECKING:
    import shapely

    from eex.sources.refs import SceneRef

YEARS = 60
"""Most years of which each is asked for its season apart."""

HALF_TURN = 180.0
"""Degrees of longitude of the widest single box."""

WHOLE_YEAR = (101, 1231)
"""First and last day of a season that is all of the year, month * 100 + day."""

ROUNDING = 1e-9
"""Share of an area that is lost in arithmetic."""

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees; west <= east."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for; each part that is not given lets everything pass."""

    area: Area | None = None
    """Where: scenes that have a part of it."""
    place: str = ""
    """What the user called the area."""
    time: tuple[str, str] | None = None
    """First and last date, as `eex.extent.periods` reads them; an empty one is open."""
    season: tuple[str, str] | None = None
    """First and last day of every year, MM-DD; across New Year if the last comes first."""
    cloud_cover: float | None = None
    """Most clouds, percent; scenes that do not say are left out."""
    most: int | None = None
    """Most scenes: the least cloudy ones, the earlier of equals."""
    _span: tuple[int, int] = field(init=False, repr=False, compare=False, default=(FIRST, LAST))

    def __post_init__(self) -> None:
        """Read the dates.

        Raises:
            BadQueryError: If something makes no sense.
        """
        if self.time is not None:
            object.__setattr__(self, "time", check_time(self.time))
            object.__setattr__(self, "_span", span_of(self.time or ("", "")))
        if self.season is not None:
            object.__setattr__(self, "season", check_season(self.season))
        if self.cloud_cover is not None and not 0 <= self.cloud_cover <= 100:  # noqa: PLR2004
            message = f"Cloud cover goes from 0 to 100 percent, got {self.cloud_cover:g}."
            raise BadQueryError(message, hint="Such as 20.")
        if self.most is not None and self.most < 1:
            message = f"At least one scene must be wanted, got {self.most}."
            raise BadQueryError(message, hint="Leave the limit out to have all.")

    def takes(self, scene: SceneRef) -> bool:
        """Whether a scene is asked for, `most` aside."""
        return (
            self.takes_clouds(scene.cloud_cover)
            and self.takes_time(scene.when)
            and self.takes_place(scene.footprint or scene.extent)
        )

    def takes_clouds(self, percent: float | None) -> bool:
        """Whether so many clouds are few enough."""
        return self.cloud_cover is None or (percent is not None and percent <= self.cloud_cover)

    def takes_time(self, when: datetime | None) -> bool:
        """Whether a time is within the dates and the season; an unknown one is not, if asked."""
        if self.time is None and self.season is None:
            return True
        if when is None:
            return False
        first, end = self._span
        moment = (when - EPOCH) // timedelta(microseconds=1)
        day = when.astimezone(UTC).month * 100 + when.astimezone(UTC).day
        return first <= moment < end and self._in_season(day)

    def takes_place(self, footprint: str) -> bool:
        """Whether a footprint (WKT, degrees) has a part of the area; an unknown one passes."""
        if self.area is None or not footprint:
            return True
        import shapely

        return self.takes_shape(shapely.from_wkt(footprint))

    def takes_shape(self, shape: Any) -> bool:  # noqa: ANN401
        """Whether a shape of shapely has a part of the area; an edge alone is none."""
        if self.area is None:
            return True
        if not self._shape.intersects(shape):
            return False
        return not self._shape.area or not shape.area or not self._shape.touches(shape)

    def takes_point(self, lon: float, lat: float) -> bool:
        """Whether a place lies in the area."""
        import shapely

        return self.area is None or bool(self._shape.intersects(shapely.Point(lon, lat)))

    def boxes(self) -> list[Box]:
        """Return boxes that hold the area: one, or one for its west and one for its east.

        So parts on both sides of 180 degrees come into two small boxes.
        """
        if self.area is None:
            return []
        whole = self.area.bounds
        if whole[2] - whole[0] <= HALF_TURN:
            return [whole]
        boxes: list[Box] = []
        for side in (False, True):
            parts = [p.bounds for p in self.area.parts if (p.bounds[0] + p.bounds[2] < 0) == side]
            if parts:
                west, south, east, north = zip(*parts, strict=True)
                boxes.append((min(west), min(south), max(east), max(north)))
        return boxes

    @property
    def is_box(self) -> bool:
        """Whether the area is made of its boxes alone."""
        if self.area is None:
            return False
        whole = sum((east - west) * (north - south) for west, south, east, north in self.boxes())
        return bool(abs(sum(part.area for part in self.area.parts) - whole) <= ROUNDING * whole)

    def spans(self) -> list[str]:
        """Return stretches of time that hold what is wanted, as STAC has them; none: any time.

        A season of several years is one stretch a year, if the dates have both ends.
        """
        first, end = self._span
        if (first, end) == (FIRST, LAST):
            return []
        whole = f"{_text(first)}/{_text(end - 1 if end != LAST else end)}"
        if self.season is None or first == FIRST or end == LAST:
            return [whole]
        low, high = season_of(self.season)
        if (low, high) == WHOLE_YEAR:
            return [whole]
        years = range(_year(first) - (low > high), _year(end - 1) + 1)
        if len(years) > YEARS:
            return [whole]
        found = []
        for year in years:
            opens = _day(year, low, last=False)
            closes = _day(year + (low > high), high, last=True)
            if max(first, opens) < min(end, closes):
                found.append(f"{_text(max(first, opens))}/{_text(min(end, closes) - 1)}")
        return found or [whole]

    def chosen(self, scenes: Sequence[SceneRef]) -> list[SceneRef]:
        """Return scenes in order of time, then name: `most` of them, the least cloudy."""
        ordered = sorted(scenes, key=_order)
        if self.most is None or len(ordered) <= self.most:
            return ordered
        clear = sorted(ordered, key=lambda s: 101.0 if s.cloud_cover is None else s.cloud_cover)
        return sorted(clear[: self.most], key=_order)

    def asked(self) -> dict[str, Any]:
        """Return what is asked for, as JSON; what is not asked is left out."""
        told = {
            "place": self.place or None,
            "area": self.area.to_geojson() if self.area else None,
            "time": list(self.time) if self.time else None,
            "season": list(self.season) if self.season else None,
            "cloud_cover": self.cloud_cover,
            "most": self.most,
        }
        return {name: value for name, value in told.items() if value is not None}

    def _in_season(self, day: int) -> bool:
        if self.season is None:
            return True
        low, high = season_of(self.season)
        return low <= day <= high if low <= high else day >= low or day <= high

    @cached_property
    def _shape(self) -> Any:  # noqa: ANN401
        import shapely

        assert self.area is not None
        shape = shapely.unary_union(list(self.area.parts))
        shapely.prepare(shape)
        return shape


def footprint_of(geometry: object) -> str:
    """Return the footprint of a GeoJSON geometry as WKT, cut at 180 degrees; empty for none."""
    if not geometry:
        return ""
    try:
        parts = Area.of(geometry).parts
    except BadQueryError:
        return ""
    return wkt_of(parts)


def wkt_of(parts: Sequence[shapely.Polygon]) -> str:
    """Return polygons as one WKT."""
    import shapely

    shape = parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return str(shapely.to_wkt(shape, rounding_precision=7))


def box_polygons(box: Sequence[float]) -> list[list[list[list[float]]]]:
    """Return a box as coordinates of a MultiPolygon; west > east crosses 180 degrees."""
    west, south, east, north = box
    sides = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return [[[[w, south], [e, south], [e, north], [w, north], [w, south]]] for w, e in sides]


def _order(scene: SceneRef) -> tuple[bool, datetime, str]:
    return scene.when is None, scene.when or EPOCH, scene.id


def _text(moment: int) -> str:
    """Return microseconds since 1970 as STAC has them; an open end is `..`."""
    if moment in {FIRST, LAST}:
        return ".."
    when = EPOCH + timedelta(microseconds=moment)
    precise = "milliseconds" if when.microsecond else "seconds"
    return when.isoformat(timespec=precise).replace("+00:00", "Z")


def _year(moment: int) -> int:
    return (EPOCH + timedelta(microseconds=moment)).year


def _day(year: int, day: int, *, last: bool) -> int:
    """Return where a day begins, or ends, microseconds since 1970; 29 February may be 1 March."""
    month, number = divmod(day, 100)
    try:
        start = datetime(year, month, number, tzinfo=UTC)
    except ValueError:
        start = datetime(year, 3, 1, tzinfo=UTC) - timedelta(days=int(last))
    return (start + timedelta(days=int(last)) - EPOCH) // timedelta(microseconds=1)
