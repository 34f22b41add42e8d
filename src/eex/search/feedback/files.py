"""Labels as GeoJSON: ours, with rounds, and points of other tools.

In ours a feature is the centre of a tile with `row`, `id`, `label` (1 or -1), `round`, and the
`set` and `key` that it is of; the member `feedback` keeps the rounds. The features count: where a
map tool has changed them, the rounds are made anew from the round of each label.

Of other tools, points or polygons are read that have a property `label` or `class`; each goes to
the tile whose centre is nearest, if that is no farther than a tile is wide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadPlaceError, BadQueryError, EexError
from eex.places import EARTH_RADIUS_KM
from eex.search.feedback.labels import (
    LISTED,
    MAX_LABELS,
    NEGATIVE,
    POSITIVE,
    Label,
    Labels,
    without_vector,
)
from eex.search.feedback.rounds import Round, rounds_from_json, rounds_of, rounds_to_json
from eex.values import check_place, integer, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.export import Credit
    from eex.search.query import Query

NAMES = ("label", "class")
"""Properties that say what a point is, in any case."""

WORDS = {
    "1": 1, "1.0": 1, "pos": 1, "positive": 1, "true": 1, "yes": 1,
    "-1": -1, "-1.0": -1, "neg": -1, "negative": -1, "false": -1, "no": -1,
    "0": 0, "0.0": 0,
}  # fmt: skip
"""What values mean; 0 is negative, unless a file has -1 for that: then it is no label."""

USUAL_KM = 10.0
"""Width of a tile where the set does not say."""

MOST_BYTES = 256 * 2**20
"""Largest file of labels that is read; those of other tools have vectors in them."""


@dataclass(frozen=True)
class ReadLabels:
    """What was read."""

    rounds: tuple[Round, ...]
    """The first is number 0, without labels."""
    at: int
    """Number of the current round."""
    start: Query | None
    """What was asked before any label, where the file says."""
    messages: tuple[str, ...]
    """What could not be taken over, and what was moved how far."""

    @property
    def labels(self) -> Labels:
        """Those of the current round."""
        return self.rounds[self.at].labels


def labels_to_geojson(
    rounds: Sequence[Round],
    at: int,
    start: Query | None,
    *,
    embeddings: EmbeddingSet,
    credit: Credit,
) -> dict[str, Any]:
    """Return labels as a GeoJSON FeatureCollection of their tiles' centres.

    Args:
        rounds: The first is number 0.
        at: Number of the current one, whose labels are written.
        start: The query asked before any label.
        embeddings: The set.
        credit: Licence and credit.

    Source:
        RFC 7946; what is not geometry is a foreign member: `feedback`, `credit`.
    """
    of = {"set": embeddings.header.id, "key": embeddings.key}
    features = []
    for label in rounds[at].labels.all:
        lon, lat = embeddings.lonlat[label.row].tolist()
        told = {"row": label.row, "id": str(embeddings.ids[label.row]), "label": label.value}
        features.append(
            {
                "type": "Feature",
                "id": label.row,
                "geometry": {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]},
                "properties": {**told, "round": label.round, **of},
            }
        )
    return {
        "type": "FeatureCollection",
        "features": features,
        "credit": credit.to_json(),
        "feedback": {**of, **rounds_to_json(rounds, at, start)},
    }


def read_file(path: Path) -> object:
    """Return the JSON of a file.

    Raises:
        BadQueryError: If there is none, or it is something else.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            message = f"{path} is larger than {MOST_BYTES / 1e6:,.0f} MB and is not read."
            raise BadQueryError(message, hint="Labels are points; leave vectors out.")
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        message = f"There is no file {path}."
        raise BadQueryError(
            message, hint="Labels are written with --save, or by save()."
        ) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is not GeoJSON: {str(error)[:80]}."
        raise BadQueryError(message, hint="Give a file of labels.") from error


def labels_from_geojson(record: object, embeddings: EmbeddingSet) -> ReadLabels:
    """Read labels for a set, of this or another version of it, or points of another tool.

    Args:
        record: A decoded FeatureCollection.
        embeddings: The set that the labels are for.

    Raises:
        BadQueryError: If it is no FeatureCollection, or has no labels at all.
    """
    features = record.get("features") if isinstance(record, Mapping) else None
    if not isinstance(record, Mapping) or not isinstance(features, list):
        message = "Labels are a GeoJSON FeatureCollection."
        raise BadQueryError(message, hint="Give a file that was saved with labels, or of points.")
    if len(features) > MAX_LABELS:
        message = f"At most {MAX_LABELS:,} labels are read, this file has {len(features):,}."
        raise BadQueryError(message)
    told = [f for f in features if isinstance(f, Mapping)]
    messages: list[str] = []
    read = _Features(embeddings, messages)
    labels = read.ours(told) if all(_is_ours(f) for f in told) else read.points(told)
    labels = _usable(labels, embeddings, messages)
    history = record.get("feedback")
    start: Query | None = None
    if isinstance(history, Mapping):
        try:
            known = rounds_from_json(history)
            start = known.start
            if history.get("key") == embeddings.key and known.rounds[known.at].labels.same(labels):
                messages += filter(None, [known.message])
                return ReadLabels(known.rounds, known.at, start, tuple(messages))
        except EexError as error:
            messages.append(f"The rounds are made anew from the labels: {error}")
    made = rounds_of(labels)
    messages += filter(None, [made.message])
    return ReadLabels(made.rounds, made.at, start, tuple(messages))


def _is_ours(feature: Mapping[str, Any]) -> bool:
    told = feature.get("properties")
    return isinstance(told, Mapping) and {"row", "id", "label", "key"} <= set(told)


@dataclass(frozen=True)
class _Features:
    """Makes labels of features."""

    embeddings: EmbeddingSet
    messages: list[str]

    def ours(self, features: Sequence[Mapping[str, Any]]) -> Labels:
        """Return labels of our own files: by row in the same version of the set, else by id."""
        known = _rows_by_id(self.embeddings, {str(f["properties"]["id"]) for f in features})
        found: list[tuple[int, int, int]] = []
        lost: list[str] = []
        moved = 0
        for feature in features:
            told = feature["properties"]
            row, rows = integer(told["row"]), known.get(str(told["id"]), [])
            same = told["key"] == self.embeddings.key
            if not rows or (value := _value(told["label"])) is None or not value:
                lost.append(str(told["id"]))
                continue
            if not same or row not in rows:
                row, moved = self._nearest_of(rows, feature), moved + 1
            found.append((int(row or 0), value, integer(told.get("round")) or 0))
        if moved:
            text = f"{moved:,} labels of another version of the set were taken over by their id."
            self.messages.append(text)
        if lost:
            listed = ", ".join(lost[:LISTED]) + (", …" if len(lost) > LISTED else "")
            text = f"{len(lost):,} labels were not found in this set: {listed}."
            self.messages.append(text)
        return self._joined(found)

    def points(self, features: Sequence[Mapping[str, Any]]) -> Labels:
        """Return labels of points of other tools: each goes to the nearest tile."""
        labelled = [(f, v) for f in features if (v := _label_of(f)) is not None]
        if not labelled:
            message = "No feature has a label."
            hint = "Each needs a property label or class: 1, 0, -1, pos or neg."
            raise BadQueryError(message, hint=hint)
        has_minus = any(value == NEGATIVE for _, value in labelled)
        kept = [(f, v or NEGATIVE) for f, v in labelled if v or not has_minus]
        if bare := len(features) - len(kept):
            self.messages.append(f"{bare:,} features have no label and are left out.")
        places = [_place(feature) for feature, _ in kept]
        lonlat = np.array([place or (np.nan, np.nan) for place in places]).reshape(-1, 2)
        rows, km = nearest_rows(self.embeddings.lonlat, lonlat)
        most = self.embeddings.header.tile_km or USUAL_KM
        inside = km <= most
        if inside.any():
            self.messages.append(
                f"{int(inside.sum()):,} points went to the nearest tile, "
                f"at most {km[inside].max():.1f} km away."
            )
        if (~inside).any():
            self.messages.append(
                f"{int((~inside).sum()):,} points are farther than {most:g} km from every tile "
                "and are left out."
            )
        values = [value for _, value in kept]
        return self._joined([(int(rows[i]), values[i], 0) for i in np.flatnonzero(inside)])

    def _joined(self, found: Iterable[tuple[int, int, int]]) -> Labels:
        """Return labels, the later one where a tile has two."""
        labels: dict[int, Label] = {}
        both = set()
        for row, value, number in found:
            if row in labels and labels[row].value != value:
                both.add(row)
            labels[row] = Label(row, value, number)
        if both:
            some = ", ".join(map(str, sorted(both)[:LISTED]))
            text = f"Both positive and negative, the later label counts: rows {some}"
            self.messages.append(f"{text}{', …' if len(both) > LISTED else ''}.")
        return Labels(tuple(sorted(labels.values())))

    def _nearest_of(self, rows: Sequence[int], feature: Mapping[str, Any]) -> int:
        """Return which of several rows of one id lies where the feature does."""
        place = _place(feature)
        if len(rows) == 1 or place is None:
            return rows[0]
        at, _ = nearest_rows(self.embeddings.lonlat[rows], np.array([place]))
        return rows[int(at[0])]


def nearest_rows(
    lonlat: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest tile of each place, and how far its centre is.

    Args:
        lonlat: Centres, shape (n, 2), degrees.
        places: Shape (m, 2), degrees; NaN is infinitely far from all.

    Returns:
        Rows and great-circle distances in kilometres, shape (m,) each; of equally near tiles the
        first.
    """
    rows, km = np.zeros(len(places), np.int64), np.full(len(places), np.inf)
    if not len(lonlat):
        return rows, km
    lon, lat = np.radians(lonlat).T
    cos_lat = np.cos(lat)
    for i in np.flatnonzero(np.isfinite(places).all(axis=1)):
        x, y = np.radians(places[i])
        half = np.sin((lat - y) / 2) ** 2 + cos_lat * np.cos(y) * np.sin((lon - x) / 2) ** 2
        rows[i] = np.argmin(half)
        km[i] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(min(1.0, half[rows[i]])))
    return rows, km


def _rows_by_id(embeddings: EmbeddingSet, wanted: set[str]) -> dict[str, list[int]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pc.cast(embeddings.ids, pa.string())
    found: dict[str, list[int]] = {}
    for row in pc.indices_nonzero(pc.is_in(ids, value_set=pa.array(sorted(wanted), pa.string()))):
        found.setdefault(str(ids[row.as_py()]), []).append(row.as_py())
    return found


def _label_of(feature: Mapping[str, Any]) -> int | None:
    """Return 1, 0 or -1; None where a feature has no label.

    Raises:
        BadQueryError: If it has one that means neither.
    """
    told = feature.get("properties")
    for name, value in told.items() if isinstance(told, Mapping) else ():
        if str(name).lower() in NAMES and value is not None and value != "":
            known = _value(value)
            if known is None:
                message = f"A label is 1, 0, -1, pos or neg, this file has {shown(value)}."
                raise BadQueryError(message, hint="One class and its opposite can be learned.")
            return known
    return None


def _value(value: object) -> int | None:
    return WORDS.get(str(value).strip().lower())


def _place(feature: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return longitude and latitude of a feature's middle; None where it has no place."""
    import shapely
    from shapely.geometry import shape

    try:
        middle = shapely.centroid(shape(feature.get("geometry")))
        return check_place(shapely.get_x(middle), shapely.get_y(middle))
    except (BadPlaceError, shapely.errors.ShapelyError):
        return None
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        return None


def _usable(labels: Labels, embeddings: EmbeddingSet, messages: list[str]) -> Labels:
    """Leave out labels of rows whose vector says nothing."""
    bare = without_vector(embeddings, labels.rows).tolist()
    if not bare:
        return labels
    messages.append(
        f"{len(bare):,} labels are of tiles without a usable vector; they are left out."
    )
    return labels.unmarked(bare)


def label_counts(labels: Labels) -> str:
    """Return how many labels there are, for people."""
    positive = int((labels.values == POSITIVE).sum())
    return f"{positive:,} positive, {len(labels) - positive:,} negative"
