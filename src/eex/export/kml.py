"""The best tiles as KML, which Google Earth opens: a placemark each, coloured by score.

Source:
    OGC KML 2.2 (07-147r2); elements come in the order of its schema.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from eex.export.colours import colour_ramp
from eex.export.geojson import flat
from eex.export.records import Result, latlon

if TYPE_CHECKING:
    from datetime import datetime

    from eex.export.taken import Taken

STEPS = 24
"""Colours between the lowest and the highest score of the tiles."""

FILLED = 0x80
"""Opacity of a footprint, of 255."""

ICON = 0.7
"""Size of a pin, of Google Earth's own."""

ABOUT = ("set", "model", "licence", "attribution", "notice")
"""What of the credit the file says of itself, besides what a score is and the query."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def kml_pieces(taken: Taken) -> Iterator[str]:
    """Yield the text of a KML file.

    A tile is the polygon of its footprint, at 180 degrees several; where that is not known it is a
    point. The time that it was seen, if known, moves Google Earth's slider.
    """
    credit = taken.credit.to_json()
    told = [(name, str(credit[name])) for name in ABOUT if credit.get(name)]
    lines = [f"Score: {taken.score_kind}", *(f"{name}: {text}" for name, text in told)]
    data = [("score_kind", taken.score_kind), *told]
    data.append(("recipe", json.dumps(taken.recipe, ensure_ascii=False)))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
    yield f"<name>{_text(taken.title)}</name>\n"
    yield f"<description>{_html(lines)}</description>\n"
    yield from _styles()
    yield _data(data)
    levels = _levels(taken.results)
    each = zip(taken.results, levels, taken.footprints, taken.times, strict=True)
    for result, level, shape, when in each:
        yield _placemark(result, level, shape, when, taken.score_kind)
    yield "</Document>\n</kml>\n"


def _styles() -> Iterator[str]:
    for number, (red, green, blue) in enumerate(colour_ramp(np.linspace(0, 1, STEPS)).tolist()):
        colour = f"{blue:02x}{green:02x}{red:02x}"  # KML has them the other way round
        yield (
            f'<Style id="s{number}"><IconStyle><color>ff{colour}</color><scale>{ICON}</scale>'
            f"</IconStyle><LineStyle><color>ff{colour}</color><width>2</width></LineStyle>"
            f"<PolyStyle><color>{FILLED:02x}{colour}</color></PolyStyle></Style>\n"
        )


def _levels(results: Sequence[Result]) -> list[int]:
    """Return which of the colours each tile has."""
    scores = np.array([result.score for result in results], np.float64)
    if not len(scores):
        return []
    low, high = scores.min(), scores.max()
    level = (scores - low) / (high - low) if high > low else np.ones(len(scores))
    return np.rint(level * (STEPS - 1)).astype(int).tolist()


def _placemark(
    result: Result,
    level: int,
    shape: Any,  # noqa: ANN401
    when: datetime | None,
    score_kind: str,
) -> str:
    where = latlon(result.lon, result.lat)
    told = [f"Score {result.score:.4f} ({score_kind})", where]
    if when is not None:
        told.append(f"Seen {when:%Y-%m-%d %H:%M} UTC")
    data = [
        (name, " ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in flat(result).items()
    ]
    time = "" if when is None else f"<TimeStamp><when>{instant(when)}</when></TimeStamp>\n"
    return (
        f'<Placemark id="tile-{result.row}">\n'
        f"<name>{_text(f'{result.rank}. {result.id}')}</name>\n"
        f"<description>{_html(told)}</description>\n{time}"
        f"<styleUrl>#s{level}</styleUrl>\n{_data(data)}{_geometry(result, shape)}</Placemark>\n"
    )


def instant(when: datetime) -> str:
    """Return a time as RFC 3339 has it, in UTC."""
    return when.isoformat(timespec="auto").replace("+00:00", "Z")


def _geometry(result: Result, shape: Any) -> str:  # noqa: ANN401
    if shape is None:
        return f"<Point><coordinates>{result.lon:.6f},{result.lat:.6f}</coordinates></Point>\n"
    import shapely

    polygons = [_polygon(part) for part in shapely.get_parts(shape).tolist()]
    if len(polygons) == 1:
        return polygons[0]
    return f"<MultiGeometry>\n{''.join(polygons)}</MultiGeometry>\n"


def _polygon(polygon: Any) -> str:  # noqa: ANN401
    rings = [("outer", polygon.exterior), *(("inner", ring) for ring in polygon.interiors)]
    bounds = "".join(
        f"<{kind}BoundaryIs><LinearRing><coordinates>{_coordinates(ring)}</coordinates>"
        f"</LinearRing></{kind}BoundaryIs>"
        for kind, ring in rings
    )
    return f"<Polygon><tessellate>1</tessellate>{bounds}</Polygon>\n"


def _coordinates(ring: Any) -> str:  # noqa: ANN401
    import shapely

    return " ".join(f"{x:.7f},{y:.7f}" for x, y in shapely.get_coordinates(ring).tolist())


def _data(pairs: Sequence[tuple[str, str]]) -> str:
    each = "".join(
        f"<Data name={quoteattr(_plain(name))}><value>{_text(value)}</value></Data>\n"
        for name, value in pairs
    )
    return f"<ExtendedData>\n{each}</ExtendedData>\n"


def _html(lines: Sequence[str]) -> str:
    """Return lines as a description, which is HTML within XML."""
    return _text("<br/>".join(html.escape(line, quote=False) for line in lines))


def _text(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
