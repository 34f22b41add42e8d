"""References become items: which tiles each scene is cut into, none twice, edges covered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eex.build.claims import ALL, Claim, Left, Noted, Once, in_other_zones
from eex.build.items import Item, Tiling
from eex.build.lattice import (
    GRID_KM,
    boxes_in_tile,
    cells_of,
    check_tiling,
    ground_of,
    starts,
    tile_pixels,
)
from eex.errors import EexError
from eex.grid import Grid
from eex.grid.utm import codes, utm_zones
from eex.sources.refs import Ref, SceneRef, ShardRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILES_PER_ITEM = 4096
"""Tiles of an item by default: fewer are redone after a stop, but where two items of a scene meet,
up to two rows of blocks are read twice."""

SHARD_WINDOWS = 25
"""Windows of a tile of Major TOM, about, before it is read; its size is known then."""

Windows = tuple[tuple[int, ...], ...]
"""See `Item.windows`."""

OpenLayout = Callable[[SceneRef], SceneRef]
"""Returns a reference that says where its pixels lie; see `eex.build.layout`."""

Failed = Callable[[Ref, EexError], None]
"""Called with a reference that is set aside, and why."""


def plan_items(
    refs: Sequence[Ref],
    tiling: Tiling,
    *,
    tiles_per_item: int = TILES_PER_ITEM,
    open_layout: OpenLayout | None = None,
    once: Once = "group",
    failed: Failed | None = None,
) -> list[Item]:
    """Cut references into items; the same references give the same items in the same order.

    A place goes to the best scene that has data for all of the tile: least cloudy, then latest,
    then by id. Scenes come in that order, then shards in the order of `refs`. Tiles at the edges of
    a scene are added as `eex.build.lattice.starts` has it, unless neighbours cover them. Across UTM
    zones, a tile whose centre lies in another zone is left out where a scene of that zone has it.
    On Major TOM's grid a cell goes to one scene, before others to one of its grid point's zone.

    Args:
        refs: Scenes and shards.
        tiling: How scenes become tiles.
        tiles_per_item: Tiles of an item at most, about: items are whole rows of tiles.
        open_layout: Looks into scenes that do not say where their pixels lie.
        once: Whether a place is taken once in each group of scenes, or once over all.
        failed: Called with a scene that cannot be planned, which is then left out; without it,
            its error is raised.

    Raises:
        BadQueryError: If the tiling makes no sense, or a scene does not say where it lies.
        BadPictureError: If a scene cannot be opened, or its pixels are not north up.
    """
    refs = laid_out(refs, tiling, open_layout=open_layout, failed=failed)
    scenes = [ref for ref in refs if isinstance(ref, SceneRef)]
    items = [
        item
        for ref, windows in chosen(scenes, tiling, once=once)
        for item in cut(ref, windows, tiling, tiles_per_item)
    ]
    for ref in refs:
        if isinstance(ref, ShardRef):
            rows = range(ref.rows) if ref.keep is None else ref.keep
            each = 1 if tiling.centre else SHARD_WINDOWS
            items += _cut(ref, tuple((row,) for row in rows), lambda _: each, tiles_per_item)  # noqa: B023
    return items


def laid_out(
    refs: Sequence[Ref],
    tiling: Tiling,
    *,
    open_layout: OpenLayout | None = None,
    failed: Failed | None = None,
) -> list[Ref]:
    """Return references that say where their pixels lie, without those that cannot be planned.

    Args:
        refs: Scenes and shards.
        tiling: How scenes become tiles.
        open_layout: Looks into scenes that do not say where their pixels lie.
        failed: Called with a scene that is left out; without it, its error is raised.

    Raises:
        BadQueryError: If the tiling makes no sense, or a scene does not say where it lies.
        BadPictureError: If a scene cannot be opened, or its pixels are not north up.
    """
    check_tiling(tiling)
    known: list[Ref] = []
    for ref in refs:
        if not isinstance(ref, SceneRef):
            known.append(ref)
            continue
        try:
            known.append(_claim(ref, tiling, open_layout).ref)
        except EexError as error:
            if failed is None:
                raise
            failed(ref, error)
    return known


def chosen(
    refs: Sequence[SceneRef],
    tiling: Tiling,
    *,
    once: Once = "group",
    left: Mapping[str, Left] | None = None,
) -> list[tuple[SceneRef, Windows]]:
    """Return which windows each scene is read for, the best scene first; see `Item.windows`.

    Args:
        refs: Scenes that say where they lie.
        tiling: How scenes become tiles.
        once: Whether a place is taken once in each group of scenes, or once over all.
        left: By id, what scenes have of which some could not be read.
    """
    scopes: dict[str, list[Claim]] = defaultdict(list)
    for ref in refs:
        claim = Claim(ref, ground_of(ref), (left or {}).get(ref.id))
        scopes[scope_of(ref, once)].append(claim)
    given: dict[str, Windows] = {}
    for claims in scopes.values():
        ranked = sorted(claims, key=lambda claim: claim.rank)
        windows = (_cells if tiling.grid == "majortom" else _lattice)(ranked, tiling)
        given.update({c.ref.id: found for c, found in zip(ranked, windows, strict=True)})
    every = sorted((c for claims in scopes.values() for c in claims), key=lambda c: c.rank)
    return [(claim.ref, given[claim.ref.id]) for claim in every]


def scope_of(ref: SceneRef, once: Once) -> str:
    """Return what scenes share among which a place is taken once."""
    return "" if once == "place" else ref.group or ref.id


def cut(ref: SceneRef, windows: Windows, tiling: Tiling, most: int = TILES_PER_ITEM) -> list[Item]:
    """Cut what a scene is read for into items of about `most` tiles at most."""
    return _cut(ref, windows, tiles_in(ref, tiling), most)


def _claim(ref: SceneRef, tiling: Tiling, open_layout: OpenLayout | None) -> Claim:
    known = ref.crs and ref.transform is not None and ref.size is not None
    ref = ref if known or open_layout is None else open_layout(ref)
    claim = Claim(ref, ground_of(ref))
    if tiling.grid == "majortom":
        wide = tile_pixels(claim.ground)
        boxes_in_tile(tiling, wide, wide)
    _ = claim.region  # a footprint that is none is told here
    return claim


@dataclass
class _Chosen:
    """Tiles that a scene is read for."""

    claim: Claim
    rows: NDArray[np.int64]
    """Rows on the ground where tiles begin."""
    columns: NDArray[np.int64]
    """Columns on the ground."""
    mine: NDArray[np.bool_]
    """Which of all rows with all columns."""
    whole: NDArray[np.bool_]
    """For which of them the scene is known to have all data."""

    def edges(self, stride: int, *, corners: bool) -> Iterator[tuple[int, int]]:
        """Yield places in `mine` of tiles off the lattice, in one direction or in both."""
        off = np.logical_and if corners else np.logical_xor
        which = off.outer(self.rows % stride != 0, self.columns % stride != 0)
        yield from map(tuple, np.argwhere(self.mine & which).tolist())


def _lattice(claims: Sequence[Claim], tiling: Tiling) -> list[Windows]:
    """Return runs of tiles of each scene: top, left, count."""
    stride = tiling.stride
    taken: dict[object, Noted] = defaultdict(Noted)
    read: dict[object, Noted] = defaultdict(Noted)
    found = []
    for claim in claims:
        (row0, column0), (height, width) = claim.ground.origin, claim.ground.size
        rows, columns = starts(row0, height, tiling), starts(column0, width, tiling)
        has = claim.has(rows - row0, columns - column0, tiling.size)
        mine = (has > 0) & _not_elsewhere(claim, claims, rows - row0, columns - column0, tiling)
        whole = (has == ALL) & claim.sure
        down, across = np.flatnonzero(rows % stride == 0), np.flatnonzero(columns % stride == 0)
        part, keys = np.ix_(down, across), (rows[down] // stride, columns[across] // stride)
        mine[part] &= ~taken[claim.ground.kind].has(*keys)
        taken[claim.ground.kind].add(*keys, mine[part] & whole[part])
        read[claim.ground.kind].add(*keys, mine[part] & whole[part])
        found.append(_Chosen(claim, rows, columns, mine, whole))
    _prune_edges(found, read, stride)
    return [_runs(one, stride) for one in found]


def _prune_edges(claimed: Sequence[_Chosen], read: Mapping[object, Noted], stride: int) -> None:
    """Leave out tiles off the lattice that others cover or have: first edges, then corners."""
    taken: set[tuple[object, int, int]] = set()
    kept: set[tuple[object, int, int]] = set()
    for corners in (False, True):
        for one in claimed:
            kind = one.claim.ground.kind
            for i, j in one.edges(stride, corners=corners):
                top, left = int(one.rows[i]), int(one.columns[j])
                down, across = _around(top, stride), _around(left, stride)
                covered = read[kind].has(down, across).all() or (
                    all((kind, top, n * stride) in kept for n in across.tolist())
                    or all((kind, n * stride, left) in kept for n in down.tolist())
                )
                if covered or (kind, top, left) in taken:
                    one.mine[i, j] = False
                    continue
                if one.whole[i, j]:  # else another scene may have what is missing here
                    kept.add((kind, top, left))
                    taken.add((kind, top, left))


def _around(start: int, stride: int) -> NDArray[np.int64]:
    """Return the lattice's tiles that together cover one that begins at `start`, by number."""
    low = start // stride
    return np.array([low] if start % stride == 0 else [low, low + 1], np.int64)


def _not_elsewhere(
    claim: Claim,
    others: Sequence[Claim],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    tiling: Tiling,
) -> NDArray[np.bool_]:
    """Return which tiles of a scene are not left to another zone, shape (rows, columns)."""
    top, left = (n.ravel() for n in np.meshgrid(rows, columns, indexing="ij"))
    boxes = np.column_stack([top, left, top + tiling.size, left + tiling.size])
    return ~in_other_zones(claim, others, boxes).reshape(len(rows), len(columns))


def _runs(one: _Chosen, stride: int) -> Windows:
    """Return tiles as runs of neighbours in a row."""
    row0, column0 = one.claim.ground.origin
    runs: list[tuple[int, ...]] = []
    for i in np.flatnonzero(one.mine.any(axis=1)).tolist():
        left = one.columns[one.mine[i]] - column0
        apart = np.split(left, np.flatnonzero(np.diff(left) != stride) + 1)
        runs += [(int(one.rows[i]) - row0, int(run[0]), len(run)) for run in apart]
    return tuple(runs)


def _cells(claims: Sequence[Claim], _: Tiling) -> list[Windows]:
    """Return tiles of Major TOM of each scene: top, left, and row and column of the cell."""
    found = [cells_of(claim.ground) for claim in claims]
    asking: dict[tuple[int, int], list[tuple[bool, bool, int]]] = defaultdict(list)
    for number, (claim, (cells, corners)) in enumerate(zip(claims, found, strict=True)):
        wide = tile_pixels(claim.ground)
        zones = codes(utm_zones(Grid(GRID_KM).bottom_left(cells)))
        keys = zip(cells.row.tolist(), cells.col.tolist(), strict=True)
        for key, (top, left), zone in zip(keys, corners, zones.tolist(), strict=True):
            has = int(claim.has(top[None], left[None], wide)[0, 0])
            if has:
                asking[key].append((zone != claim.ground.crs, has < ALL, number))
    taken: list[list[tuple[int, ...]]] = [[] for _ in claims]
    places = [
        dict(
            zip(zip(cells.row.tolist(), cells.col.tolist(), strict=True), at.tolist(), strict=True)
        )
        for cells, at in found
    ]
    for key, ranked in asking.items():
        for _elsewhere, some, number in sorted(ranked):
            taken[number].append((*places[number][key], *key))
            if claims[number].sure and not some:
                break
    return [tuple(sorted(windows)) for windows in taken]


def tiles_in(ref: SceneRef, tiling: Tiling) -> Callable[[tuple[int, ...]], int]:
    """Return what counts the tiles of a window of a scene."""
    if tiling.grid == "scene":
        return lambda window: window[2]
    wide = tile_pixels(ground_of(ref))
    each = len(boxes_in_tile(tiling, wide, wide))
    return lambda _: each


def _cut(
    ref: Ref,
    windows: Sequence[tuple[int, ...]],
    count: Callable[[tuple[int, ...]], int],
    most: int,
) -> list[Item]:
    """Cut windows into items of nearly equal size, each at least one window; none if none."""
    total = sum(map(count, windows))
    each = total / max(1, -(-total // max(1, most)))
    items: list[Item] = []
    some: list[tuple[int, ...]] = []
    tiles = 0
    for window in windows:
        some.append(window)
        tiles += count(window)
        if tiles >= each:
            items.append(Item(ref=ref, windows=tuple(some), tiles=tiles))
            some, tiles = [], 0
    if some:
        items.append(Item(ref=ref, windows=tuple(some), tiles=tiles))
    return items
