"""A filter and a set become a mask of rows, before anything is ranked.

In: a `Filter` and an `EmbeddingSet`. Out: one boolean for each row. Rows are looked at in slices,
so that a set of many millions needs no more memory than its mask.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.filters.globe import inside_bbox, inside_circle, inside_polygons
from eex.filters.record import Filter

SLICE = 1 << 18
"""Rows looked at at a time."""


def mask_of(filter: Filter, embeddings: EmbeddingSet) -> NDArray[np.bool_]:  # noqa: A002
    """Return which rows meet all conditions, shape (rows,).

    What is asked about places holds for the centres of tiles.

    Raises:
        BadQueryError: If the set lacks what a condition asks about.
    """
    mask = np.empty(len(embeddings), np.bool_)
    polygons = filter.area.prepared() if filter.area else None
    for start in range(0, len(mask), SLICE):
        lonlat = embeddings.lonlat[start : start + SLICE]
        part = np.ones(len(lonlat), np.bool_)
        if filter.bbox is not None:
            part &= inside_bbox(lonlat, filter.bbox)
        if filter.near is not None:
            near = filter.near
            part &= inside_circle(lonlat, near.lon, near.lat, near.km)
        if polygons is not None:
            part &= inside_polygons(lonlat, polygons)
        mask[start : start + SLICE] = part
    return mask
