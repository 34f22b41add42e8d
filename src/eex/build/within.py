"""Of scenes that reach beyond the area that was asked for, only the tiles that touch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Item, Tiling
from eex.build.lattice import boxes_in_tile, ground_of, tile_pixels
from eex.extent.area import Area
from eex.sources.refs import SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Keep = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
    """From boxes to which stay."""


def within(items: Sequence[Item], area: Area, tiling: Tiling) -> list[Item]:
    """Return items without the tiles that have no part of an area; those of shards as they are.

    Args:
        items: As they were planned.
        area: Tiles that touch it stay.
        tiling: Of the items.
    """
    import shapely

    shape = shapely.unary_union(list(area.parts))
    shapely.prepare(shape)
    kept = []
    for item in items:
        if not isinstance(item.ref, SceneRef):
            kept.append(item)
            continue
        cut = (_cells if tiling.grid == "majortom" else _runs)(item, item.ref, shape, tiling)
        if cut.windows:
            kept.append(cut)
    return kept


def _touch(ref: SceneRef, boxes: NDArray[np.int64], shape: Any) -> NDArray[np.bool_]:  # noqa: ANN401
    import shapely

    tiles = ground_of(ref).squares(boxes).polygons()
    return np.asarray(shapely.intersects(shape, tiles) & ~shapely.touches(shape, tiles))


def _runs(item: Item, ref: SceneRef, shape: Any, tiling: Tiling) -> Item:  # noqa: ANN401
    """Cut runs of tiles in a row."""
    return kept_of(item, tiling, lambda boxes: _touch(ref, boxes, shape))


def kept_of(item: Item, tiling: Tiling, keep: Keep) -> Item:
    """Return an item of a scene's grid with some of its tiles, in runs of as many as are together.

    Args:
        item: Of runs: top, left, count.
        tiling: How far tiles are apart, and how large.
        keep: From boxes, shape (n, 4), top, left, bottom, right, to which stay, shape (n,).
    """
    windows: list[tuple[int, ...]] = []
    starts = [(top, left + tiling.stride * np.arange(count)) for top, left, count in item.windows]
    boxes = np.concatenate(
        [
            np.column_stack([np.full(len(left), top), left, np.full(len(left), top), left])
            for top, left in starts
        ]
    )
    boxes[:, 2:] += tiling.size
    stay, done = keep(boxes), 0
    for top, left in starts:
        mine = left[stay[done : done + len(left)]]
        done += len(left)
        if len(mine):
            apart = np.split(mine, np.flatnonzero(np.diff(mine) != tiling.stride) + 1)
            windows += [(top, int(run[0]), len(run)) for run in apart]
    return replace(item, windows=tuple(windows), tiles=sum(count for *_, count in windows))


def _cells(item: Item, ref: SceneRef, shape: Any, tiling: Tiling) -> Item:  # noqa: ANN401
    """Leave out tiles of Major TOM as a whole."""
    wide = tile_pixels(ground_of(ref))
    corners = np.array([window[:2] for window in item.windows], np.int64)
    stay = _touch(ref, np.column_stack([corners, corners + wide]), shape)
    windows = tuple(w for w, here in zip(item.windows, stay.tolist(), strict=True) if here)
    each = len(boxes_in_tile(tiling, wide, wide))
    return replace(item, windows=windows, tiles=len(windows) * each)
