"""Labels become a classifier, its probability of every tile, and polygons of the likely ones.

The classifier is a logistic regression on vectors of length one, so that the probability of every
tile comes from one scan of the set: its cosine with the weights. Only these are kept in memory, not
the vectors. Tiles at the threshold are scored again exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.embeddings.units import unit_vectors
from eex.errors import BadQueryError
from eex.files import atomic_path, guarded, user_path, write_bytes
from eex.search.classify.blocks import FOLDS, HALF, Validation, check_threshold, validate
from eex.search.classify.polygons import PRECISION, Region, regions_of
from eex.search.feedback.labels import Labels, check_rows
from eex.search.feedback.methods import (
    NEAR_ONLY,
    C,
    Logistic,
    fit_logistic,
    margin_of,
    probability,
)
from eex.search.feedback.query import background_rows, vectors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.export import Credit
    from eex.filters.record import Filter
    from eex.search.run import OpenSet

SUFFIXES = (".geojson", ".json", ".parquet", ".geoparquet")
"""Endings of files that polygons are written to."""

DIGITS = 7
"""Decimals of a coordinate, as of `PRECISION`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Classified:
    """What a classifier says of a set."""

    classifier: Logistic
    """Weights and bias."""
    labels: Labels
    """What it was fitted on, without random tiles."""
    threshold: float
    """Tiles at or above this probability are taken."""
    probabilities: NDArray[np.float32]
    """Of every tile, shape (rows,); NaN where a tile has no usable vector. Both kinds are taken to
    be as common, see `fit_logistic`."""
    rows: NDArray[np.int64]
    """Tiles that are taken, rising."""
    regions: tuple[Region, ...]
    """These tiles as polygons, the largest first."""
    validation: Validation | None
    """How well the labels predict each other; None if that was not asked for."""
    recipe: dict[str, Any]
    """What it was made from, JSON-able."""
    credit: Credit
    """Licence and credit."""
    messages: tuple[str, ...]
    """What a person should know."""

    def __repr__(self) -> str:
        return f"<eex.Classified {self.summary()}>"

    @property
    def area_km2(self) -> float:
        """Of all polygons, which do not overlap."""
        return float(sum(region.area_km2 for region in self.regions))

    def summary(self) -> str:
        """Return what was found in one line."""
        polygons = f"{len(self.regions):,} polygon{'s' * (len(self.regions) != 1)}"
        tiles = f"{len(self.rows):,} tiles with probability {self.threshold:.3f} or more"
        return f"{tiles}, {polygons}, {self.area_km2:,.1f} km²"

    def to_geojson(self) -> dict[str, Any]:
        """Return the polygons as a GeoJSON FeatureCollection.

        Each has `area_km2`, `tiles` and `mean_probability`; `credit` and `recipe` are foreign
        members.

        Source:
            RFC 7946.
        """
        import json

        import shapely

        shapes = [
            shapely.transform(region.shape, lambda xy: np.round(xy, DIGITS))
            for region in self.regions
        ]
        features = [
            {
                "type": "Feature",
                "id": number,
                "geometry": json.loads(shapely.to_geojson(shape)),
                "properties": {
                    "area_km2": round(region.area_km2, 6),
                    "tiles": region.tiles,
                    "mean_probability": round(region.mean_probability, 6),
                },
            }
            for number, (region, shape) in enumerate(zip(self.regions, shapes, strict=True))
        ]
        return {
            "type": "FeatureCollection",
            "features": features,
            "credit": self.credit.to_json(),
            "recipe": self.recipe,
        }

    def save(self, path: str | Path) -> Path:
        """Write the polygons: `.geojson`, `.json`, or GeoParquet as `.parquet` or `.geoparquet`.

        Raises:
            BadQueryError: If the name ends otherwise.
            OutputError: If it cannot be written.
        """
        from eex.export import dumps

        file = check_name(user_path(path))
        if file.suffix.lower() in SUFFIXES[:2]:
            write_bytes(file, f"{dumps(self.to_geojson())}\n".encode())
        else:
            with guarded(f"writing {file}"), atomic_path(file) as fresh:
                self._write_parquet(fresh)
        return file

    def _write_parquet(self, path: Path) -> None:
        """Write GeoParquet 1.1; `credit` and `recipe` are in its metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from eex.export import dumps
        from eex.geoparquet.header import Extent, geo_record
        from eex.geoparquet.shapes import boxes_of, column_of

        shapes = np.array([region.shape for region in self.regions] or [None], object)
        shapes = shapes[: len(self.regions)]
        extent = Extent()
        extent.add(shapes)
        table = pa.table(
            {
                "area_km2": pa.array([r.area_km2 for r in self.regions], pa.float64()),
                "tiles": pa.array([r.tiles for r in self.regions], pa.int64()),
                "mean_probability": pa.array(
                    [r.mean_probability for r in self.regions], pa.float64()
                ),
                "geometry": column_of(shapes, "WKB"),
                "bbox": boxes_of(shapes),
            }
        )
        told = {"geo": geo_record(extent, "WKB")}
        told |= {"credit": dumps(self.credit.to_json()), "recipe": dumps(self.recipe)}
        pq.write_table(table.replace_schema_metadata(told), path, compression="zstd")


def classify(
    opened: OpenSet,
    labels: Labels,
    *,
    threshold: float | None = None,
    filter: Filter | None = None,  # noqa: A002
    c: float = C,
    background: int = 0,
    block_km: float | None = None,
    validated: bool | None = None,
    tile_km: float | None = None,
) -> Classified:
    """Fit a classifier on labels and merge the tiles that it finds likely into polygons.

    Args:
        opened: The set.
        labels: Positive and negative tiles.
        threshold: Least probability, 0 to 1; by default the one with the best F1 on labels of
            other blocks of land, 0.5 where blocks are too few.
        filter: Only these tiles.
        c: Inverse of the strength of regularisation.
        background: So many random tiles stand for further negative ones.
        block_km: Side of the blocks of validation; 100 km or 10 tiles unless given.
        validated: Whether figures of validation are made; where no threshold is given they are.
        tile_km: Width of a tile where its row has no footprint; what the set says unless given.

    Raises:
        BadQueryError: If a kind has no labels, a row cannot be used, the filter does not fit the
            set, or the set does not say how large its tiles are.
        MissingExtraError: If scikit-learn is not installed.
    """
    given = None if threshold is None else check_threshold(threshold)
    messages: list[str] = [] if background else [NEAR_ONLY]
    fitted, rows, positive, vectors = _fit(opened, labels, c=c, background=background)
    validation = None
    if given is None or validated:
        validation = validate(
            vectors,
            positive,
            opened.embeddings.lonlat[rows],
            tile_km=opened.embeddings.header.tile_km,
            c=c,
            block_km=block_km,
            threshold=given,
        )
        messages += validation.messages
    cut = given if given is not None else validation.threshold if validation else HALF
    chosen = validation is not None and validation.chosen
    if given is None and not chosen:
        messages.append(f"No threshold could be chosen; {HALF} is taken.")
    probabilities, margins = _probabilities(opened, fitted, cut)
    taken = margins >= margin_of(cut)
    if (mask := opened.masks.of(filter)) is not None:
        taken &= mask
    found = np.flatnonzero(taken)
    if not len(found):
        messages.append("No tile is as likely: there are no polygons.")
    recipe: dict[str, Any] = {
        "set": opened.name,
        "key": opened.embeddings.key,
        "labels": labels.to_json(),
        "method": "logistic",
        "c": fitted.c,
        "background": background,
        "threshold": cut,
        "threshold_by": "f1 on blocks" if chosen else "default" if given is None else "given",
        "filter": {} if filter is None else filter.to_json(),
        "validation": None if validation is None else validation.to_json(),
        "precision_degrees": PRECISION,
    }
    return Classified(
        classifier=fitted,
        labels=labels,
        threshold=cut,
        probabilities=probabilities,
        rows=found,
        regions=regions_of(opened.embeddings, found, probabilities[found], tile_km=tile_km),
        validation=validation,
        recipe=recipe,
        credit=opened.credit,
        messages=tuple(messages),
    )


def validate_labels(
    opened: OpenSet,
    labels: Labels,
    *,
    c: float = C,
    background: int = 0,
    block_km: float | None = None,
    folds: int = FOLDS,
    threshold: float | None = None,
) -> Validation:
    """Return how well a classifier from labels predicts labels of other blocks of land.

    Random tiles that stand for negative ones count as such in the figures.

    Args:
        opened: The set.
        labels: Positive and negative tiles.
        c: Inverse of the strength of regularisation.
        background: So many random tiles stand for further negative ones.
        block_km: Side of a block; 100 km or 10 tiles, whichever is more, unless given.
        folds: At most so many.
        threshold: Probability that precision and recall are told for; see `validate`.

    Raises:
        BadQueryError: If a kind has no labels, or a row cannot be used.
        MissingExtraError: If scikit-learn is not installed.
    """
    _, rows, positive, vectors = _fit(opened, labels, c=c, background=background)
    return validate(
        vectors,
        positive,
        opened.embeddings.lonlat[rows],
        tile_km=opened.embeddings.header.tile_km,
        c=c,
        block_km=block_km,
        folds=folds,
        threshold=None if threshold is None else check_threshold(threshold),
    )


def check_name(path: Path) -> Path:
    """Return the path if polygons can be written there by its ending.

    Raises:
        BadQueryError: If they cannot.
    """
    if path.suffix.lower() not in SUFFIXES:
        message = f"Polygons are not written as {path.suffix or 'a file without an ending'}."
        raise BadQueryError(message, hint=f"Choose one of {', '.join(SUFFIXES)}.")
    return path


def _fit(
    opened: OpenSet, labels: Labels, *, c: float, background: int
) -> tuple[Logistic, NDArray[np.int64], NDArray[np.bool_], NDArray[np.float32]]:
    """Return the classifier, and rows, kinds and vectors of what it was fitted on."""
    embeddings = opened.embeddings
    check_rows(labels, embeddings)
    others = background_rows(embeddings, labels, background)
    some, negative = vectors_of(embeddings, labels)
    away = np.concatenate([negative, unit_vectors(embeddings, others)])
    fitted = fit_logistic(some, away, c=c)
    rows = np.concatenate([labels.positive, labels.negative, others])
    return fitted, rows, np.arange(len(rows)) < len(some), np.concatenate([some, away])


def _probabilities(
    opened: OpenSet, fitted: Logistic, threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the probability and the log odds of every tile, exact near the threshold."""
    index, weights = opened.exact, fitted.weights
    margins = fitted.margins_of_cosines(index.scores(weights))
    blur = float(index.tolerance(weights)) * float(np.linalg.norm(weights)) + 1e-6
    near = np.flatnonzero(np.abs(margins - margin_of(threshold)) <= blur)
    if len(near):
        margins[near] = fitted.margins_of_cosines(index.score_rows(weights, near))
    return probability(margins).astype(np.float32), margins
