"""Places of scenes that prove damaged are read from other scenes that have them.

A scene is damaged once one of its items is set aside. What it was to be read for there is planned
again among the scenes that share its places (`eex.build.tiling.scope_of`), as if the damaged one
did not have it. A scene of which nothing could be read is left out of that altogether, so the
result is that of a listing without it. What was read already stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.claims import Left, Once
from eex.build.items import Item, Tiling
from eex.build.lattice import ground_of, tile_pixels
from eex.build.plan import Plan
from eex.build.there import without_those_there
from eex.build.tiling import Windows, chosen, cut, scope_of, tiles_in
from eex.build.within import kept_of, within
from eex.extent.area import Area
from eex.sources.refs import SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.build.asked import Asked

Box = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels of a scene."""


def planned_around(plan: Plan, lost: AbstractSet[str], asked: Asked) -> Plan | None:
    """Return a plan in which others are read for what could not be read; None if it is one.

    The same plan and the same losses give the same plan, so it can be made again after a stop.

    Args:
        plan: What was worked off.
        lost: Keys of its items that were set aside.
        asked: What was asked of the build.
    """
    if not lost and not plan.around:
        return None
    bad = [item for item in plan.work if item.key(plan.tiling) in lost]
    around = tuple(sorted({item.key(plan.tiling) for item in bad}))
    if around == plan.around:
        return None
    more = _read_instead(plan, bad, asked)
    return replace(plan, instead=(*plan.instead, *more), around=around)


def _read_instead(plan: Plan, bad: Sequence[Item], asked: Asked) -> list[Item]:
    tiling, once = plan.tiling, _once(asked)
    scopes = {scope_of(item.ref, once) for item in bad if isinstance(item.ref, SceneRef)}
    every = {item.ref.id: item.ref for item in plan.work} | {ref.id: ref for ref in plan.spare}
    scenes = [ref for ref in every.values() if isinstance(ref, SceneRef)]
    scenes = [ref for ref in scenes if ref.size is not None and scope_of(ref, once) in scopes]
    if not scenes:
        return []
    left = _left(plan, bad)
    scenes = [ref for ref in scenes if ref.id not in left or left[ref.id].tiles]
    items: list[Item] = []
    planned: dict[str, list[Item]] = defaultdict(list)
    for item in plan.work:
        planned[item.ref.id].append(item)
    for ref, windows in chosen(scenes, tiling, once=once, left=left):
        new = _not_planned(ref, windows, planned[ref.id], tiling)
        items += cut(ref, new, tiling, asked.piece) if new and ref.id not in left else []
    if items and (area := plan.request.get("asked", {}).get("area")) is not None:
        items = within(items, Area.of(area), tiling)
    if items and asked.append is not None:
        items = without_those_there(items, asked.append, tiling)
    return items


def _once(asked: Asked) -> Once:
    return "place" if asked.once == "place" else "group"


def _left(plan: Plan, bad: Sequence[Item]) -> dict[str, Left]:
    """Return what is left of each scene of which something could not be read, by its id."""
    keys = {item.key(plan.tiling) for item in bad}
    lost: dict[str, set[Box]] = defaultdict(set)
    had: dict[str, set[Box]] = defaultdict(set)
    damaged = {item.ref.id for item in bad}
    for item in plan.work:
        if isinstance(item.ref, SceneRef) and item.ref.id in damaged:
            into = lost if item.key(plan.tiling) in keys else had
            into[item.ref.id] |= set(_boxes(item.ref, item.windows, plan.tiling))
    return {
        name: Left(
            tiles=frozenset((top, left) for top, left, _, _ in had[name]),
            lost=tuple(sorted(boxes)),
        )
        for name, boxes in lost.items()
    }


def _boxes(ref: SceneRef, windows: Windows, tiling: Tiling) -> Iterable[Box]:
    """Yield tiles of a scene's lattice, or whole tiles of Major TOM."""
    if tiling.grid == "majortom":
        wide = tile_pixels(ground_of(ref))
        yield from ((top, left, top + wide, left + wide) for top, left, *_ in windows)
        return
    for top, first, count in windows:
        for left in range(first, first + count * tiling.stride, tiling.stride):
            yield top, left, top + tiling.size, left + tiling.size


def _not_planned(
    ref: SceneRef, windows: Windows, planned: Sequence[Item], tiling: Tiling
) -> Windows:
    """Return windows without those that items of the scene read already."""
    if tiling.grid == "majortom":
        known = {window for item in planned for window in item.windows}
        return tuple(window for window in windows if window not in known)
    if not planned or not windows:
        return windows
    there = {box[:2] for item in planned for box in _boxes(ref, item.windows, tiling)}

    def new(boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        corners: Any = map(tuple, boxes[:, :2].tolist())
        return np.array([corner not in there for corner in corners], np.bool_)

    whole = Item(ref=ref, windows=windows, tiles=sum(map(tiles_in(ref, tiling), windows)))
    return kept_of(whole, tiling, new).windows
