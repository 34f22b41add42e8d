"""Shapes on a globe that is cut at 180 degrees: none runs the wrong way round.

A shape that crosses the antimeridian becomes parts that meet there, as RFC 7946 (3.1.9) asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HALF = 180.0
"""Degrees from the prime meridian to the antimeridian; no tile is as wide."""


def on_globe(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return shapes within -180 to 180 degrees: those that cross the antimeridian in parts.

    A polygon that others drew across the whole map because its corners lie on both sides of the
    antimeridian is put right first: wider than half the globe as drawn, but not when its western
    corners are counted on from 180. Rings become counter-clockwise, a third coordinate is dropped.

    Args:
        shapes: Shapely geometries in degrees, shape (n,); None stays None.
    """
    import shapely

    shapes = shapely.force_2d(shapes)
    bounds = shapely.bounds(shapes)
    for i in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > HALF):
        counted_on = shapely.transform(shapes[i], _counted_on)
        west, _, east, _ = shapely.bounds(counted_on)
        if 0 < east - west < HALF:
            shapes[i] = counted_on
    bounds = shapely.bounds(shapes)
    for i in np.flatnonzero((bounds[:, 0] < -HALF) | (bounds[:, 2] > HALF)):
        shapes[i] = _cut(shapes[i])
    areal = np.isin(shapely.get_type_id(shapes), (3, 6, 7))
    shapes[areal] = shapely.orient_polygons(shapes[areal])
    return np.asarray(shapes)


def _counted_on(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]])


def _cut(shape: Any) -> Any:  # noqa: ANN401
    """Cut one shape at the antimeridian and move each part to where it lies."""
    import shapely
    from shapely.affinity import translate

    if shapely.get_dimensions(shape) == 0:
        return shapely.transform(
            shape, lambda xy: np.column_stack([np.mod(xy[:, 0] + HALF, 360) - HALF, xy[:, 1]])
        )
    parts = [
        translate(shapely.intersection(shape, shapely.box(low, -90, low + 360, 90)), -HALF - low)
        for low in (-540, -180, 180)
    ]
    same = shapely.get_dimensions(shape)
    whole = [
        part
        for part in shapely.get_parts(shapely.get_parts(parts))
        if shapely.get_dimensions(part) == same and not part.is_empty
    ]
    return shapely.union_all(whole) if len(whole) > 1 else whole[0]
