"""The Major TOM grid: cells of nearly equal size, by name, by position, vectorised.

Rows are circles of latitude `dist_km` apart, row 0U on the equator; each row is cut into the
whole number of columns nearest above `dist_km`, column 0R on the prime meridian. A cell is named
by the grid point at its bottom-left corner: `454U_120R` is 454 rows up and 120 columns right.

Source:
    Francis and Czerkawski, "Major TOM: Expandable Datasets for Earth Observation", IGARSS 2024,
    arXiv:2402.12095; golden values from published metadata in `tests/test_grid.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadPlaceError, BadQueryError

EARTH_RADIUS_KM = 6378.137
"""Radius that the grid is laid out with: the equatorial one of WGS 84."""

_NAME = re.compile(r"^(\d+)([UD])_(\d+)([RL])$")


@dataclass(frozen=True)
class Cells:
    """Many cells, one entry each, in the order of the arrays."""

    row: NDArray[np.int32]
    """Rows up from the equator; negative is down. Shape (n,)."""
    col: NDArray[np.int32]
    """Columns right of the prime meridian; negative is left. Shape (n,)."""

    def names(self) -> list[str]:
        """Return the cells' names, such as `454U_120R`."""
        return [
            f"{abs(r)}{'U' if r >= 0 else 'D'}_{abs(c)}{'R' if c >= 0 else 'L'}"
            for r, c in zip(self.row.tolist(), self.col.tolist(), strict=True)
        ]

    @classmethod
    def parse(cls, names: list[str]) -> Cells:
        """Read cells from their names.

        Raises:
            BadQueryError: If a name is not of the form `454U_120R`.
        """
        rows, cols = [], []
        for name in names:
            match = _NAME.match(name)
            if match is None:
                message = f"{name!r} is not the name of a Major TOM cell."
                raise BadQueryError(message, hint="Cells are named like 454U_120R.")
            row, up, col, right = match.groups()
            rows.append(int(row) if up == "U" else -int(row))
            cols.append(int(col) if right == "R" else -int(col))
        return cls(np.array(rows, np.int32), np.array(cols, np.int32))


@dataclass(frozen=True)
class Grid:
    """A Major TOM grid of one spacing."""

    dist_km: float
    """Distance between rows, and upper bound of that between columns, in kilometres."""

    @cached_property
    def row_count(self) -> int:
        """Number of rows from pole to pole."""
        return int(np.ceil(np.pi * EARTH_RADIUS_KM / self.dist_km))

    @cached_property
    def latitudes(self) -> NDArray[np.float64]:
        """Latitude of each row's lower edge, south to north, degrees."""
        south_to_north = np.linspace(-90, 90, self.row_count + 1)[:-1]
        return np.sort(np.mod(south_to_north, 180) - 90)

    @cached_property
    def equator(self) -> int:
        """Position of row 0U in `latitudes`."""
        return int(np.searchsorted(self.latitudes, 0.0))

    def column_count(self, row: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return how many columns each row has."""
        phi = np.radians(self.latitudes[self._position(row)])
        around = 2 * np.pi * EARTH_RADIUS_KM * np.cos(phi) / self.dist_km
        return np.maximum(np.ceil(around), 1).astype(np.int64)

    def bottom_left(self, cells: Cells) -> NDArray[np.float64]:
        """Return each cell's grid point as lon, lat in degrees, shape (n, 2)."""
        lat = self.latitudes[self._position(cells.row)]
        return np.column_stack([cells.col * (360.0 / self.column_count(cells.row)), lat])

    def centres(self, cells: Cells) -> NDArray[np.float64]:
        """Return each cell's middle as lon, lat in degrees, shape (n, 2).

        Half-way to the next column and the next row. Tiles of the 10 km grid are UTM squares whose
        own centre differs from this by up to a few hundred metres: use the stored one there.
        """
        position = self._position(cells.row)
        lat = self.latitudes[position]
        step = self.latitudes[1] - self.latitudes[0]
        above = np.where(
            position + 1 < self.row_count,
            self.latitudes[np.minimum(position + 1, self.row_count - 1)],
            lat + step,
        )
        width = 360.0 / self.column_count(cells.row)
        lon = np.mod((cells.col + 0.5) * width + 180, 360) - 180
        return np.column_stack([lon, (lat + above) / 2])

    def cells_at(self, lonlat: NDArray[np.float64]) -> Cells:
        """Return the cell that holds each place; the cap south of the first row belongs to it.

        Args:
            lonlat: Shape (n, 2), degrees; longitudes are taken round the globe.

        Raises:
            BadPlaceError: If a latitude is beyond a pole or a number is not finite.
        """
        lonlat = np.atleast_2d(np.asarray(lonlat, np.float64))
        if not np.isfinite(lonlat).all() or (np.abs(lonlat[:, 1]) > 90).any():  # noqa: PLR2004
            message = "A place needs a longitude and a latitude from -90 to 90."
            raise BadPlaceError(message, hint="Give lon, lat in degrees.")
        position = np.searchsorted(self.latitudes, lonlat[:, 1], side="right") - 1
        row = (np.maximum(position, 0) - self.equator).astype(np.int32)
        count = self.column_count(row)
        lon = np.mod(lonlat[:, 0] + 180, 360) - 180
        col = np.floor(lon * count / 360.0 + 1e-9).astype(np.int64)
        first = _first_column(count)
        return Cells(row, (np.mod(col - first, count) + first).astype(np.int32))

    def all_cells(self, *, max_abs_lat: float = 85.0) -> Cells:
        """Return every cell whose lower edge lies within `max_abs_lat`, rows south to north.

        Columns run west to east. 85 degrees is Major TOM's own limit.
        """
        keep = np.abs(self.latitudes) <= max_abs_lat
        rows = (np.flatnonzero(keep) - self.equator).astype(np.int32)
        counts = self.column_count(rows)
        row = np.repeat(rows, counts)
        first = np.repeat(_first_column(counts), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Cells(row, (first + within).astype(np.int32))

    def _position(self, row: NDArray[np.int32]) -> NDArray[np.int64]:
        position = np.asarray(row, np.int64) + self.equator
        if ((position < 0) | (position >= self.row_count)).any():
            message = f"A grid of {self.dist_km:g} km has no such row."
            raise BadQueryError(
                message,
                hint=f"Rows run from {self.equator}D to {self.row_count - 1 - self.equator}U.",
            )
        return position


def _first_column(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the westernmost column of rows with `count` columns.

    Where the count is even one grid point lies on the antimeridian. The reference code names it
    left or right by the rounding of this very sum, so the same sum decides here.
    """
    first = -(count // 2)
    antimeridian = (count // 2) * (360.0 / count) - 180.0
    return np.where((count % 2 == 0) & (antimeridian < 0), first + 1, first)
