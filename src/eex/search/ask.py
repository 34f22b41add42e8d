"""Arguments of a search in Python become parts of a query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.filters.record import Filter
from eex.search.fusion import Fusion
from eex.search.parts import (
    AreaPart,
    ImagePart,
    Part,
    Picture,
    PlacePart,
    RowPart,
    TextPart,
    VectorPart,
    image_bytes,
    lonlat_of,
)
from eex.search.place import parse_place
from eex.search.query import fusion_of
from eex.search.query import split as concept_parts
from eex.values import BBox, integer, sequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def parts_of(
    text: str | Sequence[str] | None,
    image: Picture | None,
    place: tuple[float, float] | str | None,
    row: int | Sequence[int] | None,
    *,
    vector: Sequence[float] | NDArray[np.floating] | None = None,
    area: Filter | Mapping[str, Any] | None = None,
    weights: Mapping[str, float],
    split: bool,
) -> tuple[Part, ...]:
    """Return the parts; arguments as for `OpenSet.search`.

    Raises:
        BadQueryError: If a weight is of no part, or something is not what it should be.
    """
    given = {
        "text": text,
        "image": image,
        "place": place,
        "row": row,
        "vector": vector,
        "area": area,
    }
    if unknown := set(weights) - {name for name, value in given.items() if value is not None}:
        message = f"weights has {min(unknown)!r}, which is not a part of this query."
        raise BadQueryError(message, hint=f"Parts: {', '.join(given)}.")
    parts: list[Part] = []
    if text is not None:
        texts = [text] if isinstance(text, str) else sequence(text, "text")
        for part in (TextPart(words, weights.get("text", 1.0)) for words in texts):
            parts += concept_parts(part) if split else [part]
    if image is not None:
        parts.append(ImagePart(image_bytes(image), weights.get("image", 1.0)))
    if isinstance(place, str):
        found = parse_place(place)
        place = (found.lon, found.lat)
    if place is not None:
        parts.append(PlacePart(*lonlat_of(place), weights.get("place", 1.0)))
    if row is not None:
        parts += [RowPart(one, weights.get("row", 1.0)) for one in _rows(row)]
    if vector is not None:
        parts.append(VectorPart(vector, weights.get("vector", 1.0)))  # type: ignore[arg-type]
    if area is not None:
        inside = area if isinstance(area, Filter) else Filter.from_json(area)
        parts.append(AreaPart(inside, weights.get("area", 1.0)))
    return tuple(parts)


def filter_of(given: Filter | Mapping[str, Any] | None, bbox: BBox | None) -> Filter:
    """Return what passes, with the box that is short for that of the filter."""
    made = given if isinstance(given, Filter) else Filter.from_json(given or {})
    if bbox is None:
        return made
    if made.bbox is not None:
        message = "bbox is short for that of the filter: give one of both."
        raise BadQueryError(message)
    return Filter.from_json({**made.to_json(), "bbox": bbox})


def joined_by(given: Fusion | Mapping[str, Any] | str | None, match: str | None) -> Fusion | None:
    """Return how parts are joined, by its own name or by `match`."""
    if given is not None and match is not None:
        message = "match is short for a fusion: give one of both."
        raise BadQueryError(message)
    if match is not None:
        return fusion_of(match)
    return None if given is None else Fusion.from_json(given)


def _rows(row: int | Sequence[int]) -> Sequence[int]:
    """Return rows of one or several; what is neither is refused where a part is made of it."""
    several = isinstance(row, Iterable) and not isinstance(row, str | bytes)
    return sequence(row, "row") if several and integer(row) is None else [row]  # type: ignore[list-item]
