"""Queries that work at one click on any set, also where its model is not here: tiles of the set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACES = (
    ("Like the Nile delta", 31.0, 30.9),
    ("Like the Amazon rainforest", -60.0, -4.0),
    ("Like the Sahara", 5.0, 25.0),
    ("Like Tokyo", 139.7, 35.7),
    ("Like the Alps", 10.5, 46.6),
    ("Like fields of Kansas", -99.0, 38.5),
    ("Like the Siberian taiga", 98.0, 61.0),
    ("Like the Ganges delta", 89.5, 22.6),
)
"""Titles and places, lon and lat in degrees."""

NEAR_KM = 60.0
"""How far the tile that stands for a place may be, kilometres: Major TOM's subsample of one cell in
nine has one every 30."""

FEWEST = 3
"""Fewer places than this in a set, and some of its own tiles are shown instead."""

LOOKED_AT = 1_000_000
"""Rows that are looked at, about; of larger sets every so many."""

OWN = 4
"""How many of these."""

EARTH_KM = 6371.0


def examples_of(
    lonlat: NDArray[np.float64],
    ids: Any,  # noqa: ANN401
) -> list[tuple[str, dict[str, Any]]]:
    """Return titles and queries of tiles near well-known places, else of tiles spread evenly.

    Args:
        lonlat: Tile centres, shape (rows, 2), degrees.
        ids: What the rows are called.
    """
    step = 1 + len(lonlat) // LOOKED_AT
    points = _on_sphere(lonlat[::step])
    found: list[tuple[str, dict[str, Any]]] = []
    for title, lon, lat in PLACES:
        near = np.nan_to_num(points @ _on_sphere(np.array([[lon, lat]]))[0], nan=-1)
        best = int(np.argmax(near))
        if near[best] >= np.cos(NEAR_KM / EARTH_KM):
            found.append((title, {"row": best * step}))
    if len(found) >= FEWEST:
        return found
    rows = np.unique(np.linspace(0, len(lonlat) - 1, OWN + 2).astype(int)[1:-1])
    return found + [(f"Like tile {ids[int(row)]}", {"row": int(row)}) for row in rows]


def _on_sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
    lon, lat = np.radians(lonlat).T
    flat = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    return np.stack(flat, axis=1).astype(np.float32)
