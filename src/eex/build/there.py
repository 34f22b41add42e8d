"""Tiles that a set holds already are not read and embedded again when it is added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.build.items import Item, Tiling
from eex.build.within import kept_of
from eex.sources.refs import SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("scene", "pixel_bbox")
"""What tells which pixels a row was made of."""

Box = tuple[int, ...]
"""Top, left, bottom, right in the scene's pixels, as `pixel_bbox` has them."""


def without_those_there(items: Sequence[Item], path: Path, tiling: Tiling) -> list[Item]:
    """Return items without the tiles that a set has of the same scene and the same pixels.

    They would be left out of the result in any case, once they were embedded. Tiles of Major TOM
    and of shards stay: which pixels they are of is known once they are read.

    Args:
        items: As they were planned; a scene is called as in the set only if it is the same.
        path: The set that is added to.
        tiling: Of the items.
    """
    scenes = [item.ref.id for item in items if isinstance(item.ref, SceneRef) and item.ref.bands]
    if tiling.grid != "scene" or not scenes:
        return [*items]
    there = _boxes(path, scenes)
    left: list[Item] = []
    for item in items:
        known = there.get(item.ref.id)
        if known is None or not isinstance(item.ref, SceneRef):
            left.append(item)
            continue
        rest = kept_of(item, tiling, lambda boxes: ~_among(boxes, known))  # noqa: B023
        if rest.windows:
            left.append(rest)
    return left


def _boxes(path: Path, scenes: Sequence[str]) -> dict[str, set[Box]]:
    """Return the boxes that a set has of some scenes."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not {*COLUMNS} <= {*pq.read_schema(path).names}:
        return {}
    mine = pc.is_in(pc.field("scene"), value_set=pa.array(sorted({*scenes})))
    table = pq.read_table(path, columns=[*COLUMNS], filters=mine)
    found: dict[str, set[Box]] = {}
    for name, box in zip(*(table[column].to_pylist() for column in COLUMNS), strict=True):
        found.setdefault(name, set()).add(tuple(box or ()))
    return found


def _among(boxes: NDArray[np.int64], known: set[Box]) -> NDArray[np.bool_]:
    """Return which boxes are among the known ones, shape (n,)."""
    return np.array([tuple(box) in known for box in boxes.tolist()], np.bool_)
