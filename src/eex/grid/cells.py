"""The Major TOM grid: cells of nearly equal size, by name, by position, vectorised.

Rows are circles of latitude `dist_km` apart, row 0U on the equator; each row is cut into the
whole number of columns nearest above `dist_km`, column 0R on the prime meridian. A cell is named
by the grid point at its bottom-left corner: `454U_120R` is 454 rows up and 120 columns right.

Source:
    Francis and Czerkawski, "Major TOM: Expandable Datasets for Earth Observation", IGARSS 2024,
    arXiv:2402.12095; golden values from published metadata in `tests/test_grid.py`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadPlaceError, BadQueryError

EARTH_RADIUS_KM = 6378.137
"""Radius that the grid is laid out with: the equatorial one of WGS 84."""

LEAST_KM, MOST_KM = 0.01, math.pi * EARTH_RADIUS_KM
"""Spacings that a grid can have: two million rows, and one."""

_NONE = 1e-9
"""Fraction of a column that is no distance: what rounding may add to a grid line."""

_NAME = re.compile(r"([0-9]{1,8})([UD])_([0-9]{1,8})([RL])")


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
            match = _NAME.fullmatch(name)
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
    """Distance between rows, and upper bound of that between columns, in kilometres.

    From 0.01 to half of the way round the globe; others raise `BadQueryError`.
    """

    def __post_init__(self) -> None:
        if not LEAST_KM <= self.dist_km <= MOST_KM:
            message = f"A grid cannot have cells of {self.dist_km:g} km."
            raise BadQueryError(message, hint="Major TOM's cells are 10 km; 0.01 to 20,037 work.")

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
        """Return how many columns each row has; at the very pole it is one."""
        phi = np.radians(self.latitudes[self._position(row)])
        around = 2 * np.pi * EARTH_RADIUS_KM * np.cos(phi) / self.dist_km
        return np.maximum(np.ceil(around), 1).astype(np.int64)

    def bottom_left(self, cells: Cells) -> NDArray[np.float64]:
        """Return each cell's grid point as lon, lat in degrees, shape (n, 2)."""
        lat = self.latitudes[self._position(cells.row)]
        count = self.column_count(cells.row)
        self._check_columns(cells, count)
        return np.column_stack([cells.col * (360.0 / count), lat])

    def centres(self, cells: Cells) -> NDArray[np.float64]:
        """Return each cell's middle as lon, lat in degrees, shape (n, 2).

        Half-way to the next column and the next row. Tiles of the 10 km grid are UTM squares whose
        own centre differs from this by up to a few hundred metres: use the stored one there.
        """
        position = self._position(cells.row)
        lat = self.latitudes[position]
        above = np.minimum(lat + 180.0 / self.row_count, 90.0)
        count = self.column_count(cells.row)
        self._check_columns(cells, count)
        width = 360.0 / count
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
        col = np.floor(lon * count / 360.0 + _NONE).astype(np.int64)
        first = _first_column(count)
        return Cells(row, (np.mod(col - first, count) + first).astype(np.int32))

    def neighbours(self, cells: Cells) -> tuple[Cells, NDArray[np.int64]]:
        """Return the cells around each cell: west, east, and three in each row above and below.

        Rows have other column counts, so cells above do not stand on those below: the three are the
        one on the meridian through the cell's middle and those beside it. Every cell that touches
        is among them, also near the poles, where that can be more than three. Columns go on across
        180 degrees; beyond the last row comes that same row on the other side of the pole. A cell
        is never its own neighbour, and none is given twice.

        Returns:
            The neighbours of all cells, one after the other, and for each the position in `cells`
            of the cell that it is beside.
        """
        position, count = self._position(cells.row), self.column_count(cells.row)
        self._check_columns(cells, count)
        of, rows, cols = [], [], []
        for step in (-1, 0, 1):
            there = position + step
            over = (there < 0) | (there >= self.row_count)
            row = (np.where(over, position, there) - self.equator).astype(np.int32)
            counts = self.column_count(row)
            west = cells.col * counts / count + np.where(over, counts / 2, 0)
            width = counts / count
            middle = np.floor(west + width / 2)
            first = np.minimum(np.ceil(west - _NONE) - 1, middle - 1).astype(np.int64)
            last = np.maximum(np.floor(west + width + _NONE), middle + 1).astype(np.int64)
            many = np.minimum(last - first + 1, counts)
            at = np.repeat(np.arange(len(row)), many)
            col = first[at] + np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
            lowest = _first_column(counts)[at]
            of.append(at)
            rows.append(row[at])
            cols.append(np.mod(col - lowest, counts[at]) + lowest)
        beside, r, c = (np.concatenate(part) for part in (of, rows, cols))
        kept = np.flatnonzero((r != cells.row[beside]) | (c != cells.col[beside]))
        kept = kept[np.argsort(beside[kept], kind="stable")]
        polar = (position == 0) | (position == self.row_count - 1)
        again = np.flatnonzero(polar[beside[kept]])  # only over a pole a cell comes twice
        if len(again):
            keys = np.column_stack([part[kept[again]] for part in (beside, r, c)])
            _, first_time = np.unique(keys, axis=0, return_index=True)
            kept = np.delete(kept, np.delete(again, first_time))
        return Cells(r[kept], c[kept].astype(np.int32)), beside[kept]

    def all_cells(self, *, max_abs_lat: float = 85.0) -> Cells:
        """Return every cell whose lower edge lies within `max_abs_lat`, rows south to north.

        Columns run west to east. 85 degrees is Major TOM's own limit; 90 is the whole globe.
        """
        keep = np.abs(self.latitudes) <= max_abs_lat
        rows = (np.flatnonzero(keep) - self.equator).astype(np.int32)
        counts = self.column_count(rows)
        row = np.repeat(rows, counts)
        first = np.repeat(_first_column(counts), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Cells(row, (first + within).astype(np.int32))

    def _check_columns(self, cells: Cells, count: NDArray[np.int64]) -> None:
        wrong = np.abs(cells.col) > count // 2
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            name = Cells(cells.row[i : i + 1], cells.col[i : i + 1]).names()[0]
            message = f"A grid of {self.dist_km:g} km has no cell {name}."
            hint = f"Columns of that row run from {count[i] // 2}L to {count[i] // 2}R."
            raise BadQueryError(message, hint=hint)

    def _position(self, row: NDArray[np.int32]) -> NDArray[np.int64]:
        position = np.asarray(row, np.int64) + self.equator
        if ((position < 0) | (position >= self.row_count)).any():
            message = f"A grid of {self.dist_km:g} km has no such row."
            raise BadQueryError(
                message,
                hint=f"Rows run from {self.equator}D to {self.row_count - 1 - self.equator}U.",
            )
        return position


def every(cells: Cells, step: int = 3, *, row: int = 0, col: int = 0) -> NDArray[np.bool_]:
    """Return which cells are in the even subsample of every `step`-th row and column.

    With a step of 3 that is one cell in nine, as the sets of 249 thousand tiles took theirs:
    921D_252L is in, its neighbours are out.

    Args:
        cells: Of one grid.
        step: Rows, and columns, from one to the next.
        row: First row, 0 to step - 1.
        col: First column, 0 to step - 1.

    Raises:
        BadQueryError: If the step is not at least 1.
    """
    if step < 1:
        message = f"A subsample takes every first, second or third row, not every {step}th."
        raise BadQueryError(message, hint="Give a step of 1 or more.")
    return (np.mod(cells.row - row, step) == 0) & (np.mod(cells.col - col, step) == 0)


def _first_column(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the westernmost column of rows with `count` columns.

    Where the count is even one grid point lies on the antimeridian. The reference code names it
    left or right by the rounding of this very sum, so the same sum decides here.
    """
    first = -(count // 2)
    antimeridian = (count // 2) * (360.0 / count) - 180.0
    return np.where((count % 2 == 0) & (antimeridian < 0), first + 1, first)
