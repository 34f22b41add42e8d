"""Which scene a place is read from where several have it.

Scenes are asked one after the other, the best first. What a scene is known to have data for is
taken; where that is not sure, it is read too, but a later scene may be read there as well, and the
result keeps the first (`eex.build.result.place_keys`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eex.build.lattice import DEGREES, Ground
from eex.errors import BadPlaceError, BadQueryError
from eex.grid.utm import project, unproject, utm_zones
from eex.sources.headers import outline
from eex.sources.refs import SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

Once = Literal["group", "place"]
"""How often a place is embedded: once in each group of scenes, or once over all of them."""

TOLERANCE = 8
"""Pixels by which a footprint may be too small: listings round it, and simplify its edges."""

STEP_DEGREES = 0.02
"""Length of an edge of a footprint that is straight in degrees and in UTM alike: 2 km, which bow
by a decimetre."""

ALL, SOME = 2, 1
"""How much of a tile a scene has data for, else 0."""

WIDEST_DEGREES = 20.0
"""Widest footprint of a scene in UTM; wider ones are of catalogues that err at 180 degrees."""

BESIDE_DEGREES = 0.5
"""What is kept of these around the scene."""

BLOCK = 64
"""Rows and columns of tiles that are noted together."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left of a scene of which some could not be read."""

    tiles: frozenset[tuple[int, int]]
    """Top and left, in the scene, of the tiles that it may have."""
    lost: tuple[tuple[int, int, int, int], ...]
    """Top, left, bottom, right of those that could not be read."""


class Claim:
    """One scene that wants places."""

    def __init__(self, ref: SceneRef, ground: Ground, left: Left | None = None) -> None:
        """Nothing is worked out before it is asked for; `left` is None where all can be read."""
        self.ref, self.ground, self.left = ref, ground, left

    @property
    def rank(self) -> tuple[float, float, str]:
        """Least for the best scene."""
        return self.ref.rank

    @property
    def sure(self) -> bool:
        """Whether it is known where the scene has data."""
        return self._told is not None

    @property
    def region(self) -> Any:  # noqa: ANN401
        """Where it has data as far as is known, in its own coordinate system: a shapely polygon.

        Raises:
            BadQueryError: If the footprint is not WKT.
        """
        return self._frame if self._told is None else self._wide

    @cached_property
    def _wide(self) -> Any:  # noqa: ANN401
        """Its footprint and what that may be too small by."""
        return self._widened(TOLERANCE)

    def _widened(self, pixels: int) -> Any:  # noqa: ANN401
        import shapely

        width = pixels * self.ground.transform[0]
        parts = shapely.buffer(shapely.get_parts(self._told), width, join_style="mitre")
        wide = shapely.union_all(parts)
        shapely.prepare(wide)
        return wide

    @cached_property
    def _frame(self) -> Any:  # noqa: ANN401
        """All of its raster."""
        import shapely

        a, _, c, _, e, f = self.ground.transform
        height, width = self.ground.size
        raster = shapely.box(c, f + e * height, c + a * width, f)
        shapely.prepare(raster)
        return raster

    @cached_property
    def _told(self) -> Any:  # noqa: ANN401
        """Its footprint in its own system; None where there is none, or one of another place."""
        import shapely

        if not self.ref.footprint:
            return None
        try:
            shape = shapely.make_valid(shapely.from_wkt(self.ref.footprint))
        except shapely.errors.ShapelyError as error:
            message = f"The footprint of {self.ref.id} is not a shape."
            raise BadQueryError(message, hint="It has to be WKT in degrees.") from error
        crs, pixel = self.ground.crs, self.ground.transform[0]
        if (
            _zone(crs)
            and np.ptp(shapely.bounds(shapely.get_parts(shape))[:, ::2], axis=1).max(initial=0)
            > WIDEST_DEGREES
        ):  # UTM is nonsense so far away
            own = outline(crs, self.ground.transform, self.ground.size)
            shape = shapely.intersection(shape, shapely.from_wkt(own).buffer(BESIDE_DEGREES))
        if not shape.area:
            return None
        fine = shapely.segmentize(shape, STEP_DEGREES)
        try:
            own = shapely.transform(fine, lambda xy: project(xy, np.full(len(xy), crs)))
        except BadPlaceError:
            return None
        parts = shapely.get_parts(own)
        if crs in DEGREES:  # its raster may go on beyond 180
            turns = [
                shapely.transform(parts, lambda xy, t=t: np.add(xy, (t, 0))) for t in (-360, 0, 360)
            ]
            parts = np.concatenate(turns)
        told = shapely.union_all(parts)
        return told if shapely.dwithin(told, self._frame, TOLERANCE * pixel) else None

    @cached_property
    def _doubtful(self) -> Any:  # noqa: ANN401
        """Where its data may end, in the raster, as exactly as its footprint is.

        Gaps of less than a pixel are of rounding.
        """
        import shapely

        empty = shapely.difference(self._frame, self._widened(1))
        wide = (TOLERANCE + 1) * self.ground.transform[0]
        around = shapely.buffer(empty, wide, join_style="mitre")
        shapely.prepare(around)
        return around

    def has(self, top: NDArray[np.int64], left: NDArray[np.int64], size: int) -> NDArray[np.int8]:
        """Return how much of tiles has data: `ALL`, `SOME` or 0; shape (rows, columns).

        Args:
            top: Rows of the scene where they begin.
            left: Columns where they begin.
            size: Height and width, pixels.
        """
        import shapely

        a, _, c, _, e, f = self.ground.transform
        x, y = np.meshgrid(c + a * left, f + e * top)
        boxes = shapely.box(x, y + e * size, x + a * size, y)
        there = self._there(top, left)
        if not self.sure:
            return np.where(there, ALL, 0).astype(np.int8)
        some = np.where(shapely.intersects(self.region, boxes), SOME, 0)
        whole = shapely.covers(self.region, boxes) & ~shapely.intersects(self._doubtful, boxes)
        return np.where(there, np.where(whole, ALL, some), 0).astype(np.int8)

    def _there(self, top: NDArray[np.int64], left: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which tiles the scene may have, shape (rows, columns)."""
        if self.left is None:
            return np.ones((len(top), len(left)), np.bool_)
        known = self.left.tiles
        may = [[(row, column) in known for column in left.tolist()] for row in top.tolist()]
        return np.array(may, np.bool_).reshape(len(top), len(left))

    def covers_places(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of some shapes lie in it, by their points; shape (n, points, 2) to (n,)."""
        import shapely

        found = np.zeros(len(lonlat), bool)
        own = project(lonlat, np.full(len(lonlat), self.ground.crs))
        west, south, east, north = shapely.bounds(self.region)
        near = ((own >= (west, south)) & (own <= (east, north))).all(axis=(1, 2))
        if near.any():
            points = own[near]
            inside = shapely.contains_xy(self.region, points[..., 0], points[..., 1])
            found[near] = inside.all(axis=1)
            if self._lost is not None:
                lost = shapely.contains_xy(self._lost, points[..., 0], points[..., 1])
                found[near] &= ~lost.any(axis=1)
        return found

    @cached_property
    def _lost(self) -> Any:  # noqa: ANN401
        """Where it could not be read, in its own system; None if it is whole."""
        import shapely

        if self.left is None:
            return None
        a, _, c, _, e, f = self.ground.transform
        top, left, bottom, right = np.array(self.left.lost, np.float64).T
        return shapely.union_all(
            shapely.box(c + a * left, f + e * bottom, c + a * right, f + e * top)
        )


def in_other_zones(
    claim: Claim, others: Sequence[Claim], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which tiles are left to scenes of another zone.

    Their centre lies in that zone, and one of these scenes covers them.

    Args:
        claim: The scene.
        others: Scenes that may cover them, of any zone.
        places: Top, left, bottom, right in the scene, shape (n, 4).
    """
    left_to_others = np.zeros(len(places), bool)
    own = _zone(claim.ground.crs)
    zones = {other: _zone(other.ground.crs) for other in others if other.sure}
    if not own or all(zone in {0, own} for zone in zones.values()):
        return left_to_others
    squares = claim.ground.squares(places)
    centre_zones = utm_zones(squares.centres())
    for zone in set(np.unique(centre_zones).tolist()) - {own}:
        foreign = np.flatnonzero(centre_zones == zone)
        west, south, east, north = squares.bounds[foreign].T
        corners = np.stack(
            [np.stack([x, y], axis=1) for x in (west, east) for y in (south, north)], axis=1
        )
        lonlat = unproject(corners, squares.crs[foreign])
        for other, its in zones.items():
            if its == zone:
                left_to_others[foreign] |= other.covers_places(lonlat)
    return left_to_others


class Noted:
    """Tiles of a lattice that are noted, wherever on the ground: a bitmap in blocks."""

    def __init__(self) -> None:
        """Note nothing."""
        self._blocks: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def has(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which are noted, for all rows with all columns, shape (rows, columns)."""
        found = np.zeros((len(rows), len(columns)), bool)
        for block, down, across in self._parts(rows, columns):
            if block in self._blocks:
                there = self._blocks[block][np.ix_(rows[down] % BLOCK, columns[across] % BLOCK)]
                found[np.ix_(down, across)] = there
        return found

    def add(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        which: NDArray[np.bool_],
    ) -> None:
        """Note those of all rows with all columns that are set in `which` (rows, columns)."""
        for key, down, across in self._parts(rows, columns):
            block = self._blocks.setdefault(key, np.zeros((BLOCK, BLOCK), bool))
            block[np.ix_(rows[down] % BLOCK, columns[across] % BLOCK)] |= which[
                np.ix_(down, across)
            ]

    @staticmethod
    def _parts(
        rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> list[tuple[tuple[int, int], NDArray[np.int64], NDArray[np.int64]]]:
        """Return blocks that are touched, with positions in `rows` and in `columns`."""
        parts: list[tuple[tuple[int, int], NDArray[np.int64], NDArray[np.int64]]] = []
        for i in np.unique(rows // BLOCK).tolist():
            down = np.flatnonzero(rows // BLOCK == i)
            parts += [
                ((i, j), down, np.flatnonzero(columns // BLOCK == j))
                for j in np.unique(columns // BLOCK).tolist()
            ]
        return parts


def _zone(crs: str) -> int:
    """Return the EPSG code of a UTM zone, such as 32633; 0 for other systems."""
    code = crs.removeprefix("EPSG:")
    known = code.isdecimal() and code[:3] in {"326", "327"} and len(code) == len("32633")
    return int(code) if known else 0
