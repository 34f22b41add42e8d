"""Rings that cross themselves are mended, as long as that is little work; others are refused.

Whether a polygon is valid takes time with the pairs of its edges, and of its rings, whose boxes
touch; to mend it takes time, and makes vertices, with the crossings of its edges. A scribble of
2,000 vertices crosses itself half a million times. So both are counted before, only as far as is
allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.extent.geojson import MOST_VERTICES, Ring
from eex.stopping import check_stopped

TURN = 360.0

Boxes = NDArray[np.float64]
"""Shape (n, 4): west, south, east, north, degrees."""

SMALL = 64
"""Vertices of a polygon whose pairs need no counting."""

MOST_PAIRS = 1_000_000
"""Of edges, or rings, of one polygon whose boxes touch, in one area; each pair twice, each with
itself. A coast of 20,000 vertices has some 70,000."""

MOST_CROSSINGS = 5_000
"""Of edges that are mended in one area."""

TINY = 16
"""Vertices of a polygon whose crossings need no counting, since what comes out of it is counted."""

MOST_CUT = 500
"""Rings of polygons that cross 180 degrees or go round a pole, in one area."""

COUNTED = 1_000_000
"""Pairs that are counted at a time, at most."""

HINT = "Simplify it, or repair it, such as in QGIS with Fix geometries."


@dataclass
class Mender:
    """Looks at the polygons of one area; what may still be done."""

    pairs: int = MOST_PAIRS
    crossings: int = MOST_CROSSINGS
    vertices: int = MOST_VERTICES
    rings: int = MOST_CUT

    def look(self, rings: list[Ring]) -> None:
        """Refuse a polygon that it would take long to look at.

        Raises:
            BadQueryError: If it is too tangled.
        """
        if sum(len(ring) for ring in rings) <= SMALL:
            return
        edges = _edge_boxes(rings)
        self._count(_on_cylinder(edges))
        if len(rings) > 1:
            self._count(_on_cylinder(_ring_boxes(rings, edges)))

    def _count(self, boxes: NDArray[np.float64]) -> None:
        shapes = shapely.box(*boxes.T)
        tree = shapely.STRtree(shapes)
        some = max(1, COUNTED // len(shapes))
        for start in range(0, len(shapes), some):
            check_stopped()
            self.pairs -= tree.query(shapes[start : start + some]).shape[1]
            if self.pairs < 0:
                message = "The area is too tangled: too many of its edges lie across each other."
                raise BadQueryError(message, hint=HINT)

    def valid(self, polygon: Any) -> Any:  # noqa: ANN401
        """Mend a polygon whose rings cross or touch themselves or each other.

        Raises:
            BadQueryError: If they do so too often.
        """
        if polygon.is_valid:
            return polygon
        if shapely.get_num_coordinates(polygon) > TINY:
            self._cross(polygon)
        return self.made(shapely.make_valid(polygon, method="structure", keep_collapsed=False))

    def made(self, shape: Any) -> Any:  # noqa: ANN401
        """Return what has been mended, unless there is too much of it.

        Raises:
            BadQueryError: If all of it has more vertices than an area may have.
        """
        self.vertices -= int(shapely.get_num_coordinates(shape))
        if self.vertices < 0:
            message = f"Repaired, the area has more than {MOST_VERTICES:,} vertices."
            raise BadQueryError(message, hint=HINT)
        return shape

    def cut(self, rings: int) -> None:
        """Let a polygon of so many rings be cut at 180 degrees, or closed at a pole.

        Raises:
            BadQueryError: If there are too many.
        """
        self.rings -= rings
        if self.rings < 0:
            message = f"More than {MOST_CUT} rings of the area would have to be cut at 180 degrees."
            hint = "Cut its polygons at 180 degrees (RFC 7946, section 3.1.9), or simplify it."
            raise BadQueryError(message, hint=hint)

    def _cross(self, polygon: Any) -> None:  # noqa: ANN401
        """Count crossings."""
        lines = _lines(polygon)
        tree = shapely.STRtree(lines)
        some = max(1, COUNTED // max(1, len(lines)))
        self.crossings += len(lines)  # each meets the next
        for start in range(0, len(lines), some):
            check_stopped()
            met = tree.query(lines[start : start + some], predicate="intersects")
            self.crossings -= int(np.count_nonzero(met[1] > met[0] + start))
            if self.crossings < 0:
                message = f"The area crosses itself more than {MOST_CROSSINGS:,} times."
                raise BadQueryError(message, hint=HINT)


def _edge_boxes(rings: list[Ring]) -> Boxes:
    """Return a box round each edge, joined the short way, ring after ring; shape (edges, 4)."""
    start = np.concatenate([ring[:-1] for ring in rings])
    end = np.concatenate([ring[1:] for ring in rings])
    step = end[:, 0] - start[:, 0]
    short = np.where(np.abs(step) > TURN / 2, step - TURN * np.round(step / TURN), step)
    across = np.where(np.abs(step) == TURN, step, short)  # or round the globe
    west = start[:, 0] + np.minimum(across, 0)
    lat = np.stack([start[:, 1], end[:, 1]])
    return np.column_stack([west, lat.min(axis=0), west + np.abs(across), lat.max(axis=0)])


def _ring_boxes(rings: list[Ring], edges: Boxes) -> Boxes:
    """Return a box round each ring as it is written, so round the globe if it crosses 180."""
    first = np.cumsum([0, *(len(ring) - 1 for ring in rings[:-1])])
    low = np.minimum.reduceat(edges, first)
    high = np.maximum.reduceat(edges, first)
    return np.column_stack([low[:, :2], high[:, 2:]])


def _on_cylinder(boxes: Boxes) -> Boxes:
    """Return boxes that start within one turn, and those that reach beyond it twice."""
    low = boxes[:, 0] % TURN
    moved = np.column_stack([low, boxes[:, 1], low + boxes[:, 2] - boxes[:, 0], boxes[:, 3]])
    beyond = moved[moved[:, 2] >= TURN]
    return np.concatenate([moved, beyond - (TURN, 0, TURN, 0)])


def _lines(polygon: Any) -> NDArray[Any]:  # noqa: ANN401
    """Return the edges of a polygon that have a length."""
    places, ring = shapely.get_coordinates(shapely.get_rings(polygon), return_index=True)
    joined = (ring[1:] == ring[:-1]) & (places[1:] != places[:-1]).any(axis=1)
    rows = np.flatnonzero(joined)
    return np.asarray(shapely.linestrings(np.stack([places[rows], places[rows + 1]], axis=1)))
