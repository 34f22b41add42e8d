"""A plan is worked off, in rounds: what proves damaged is read from elsewhere in the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eex.build.instead import planned_around
from eex.build.items import Item
from eex.build.job import Done, Job
from eex.build.plan import Aside, BuildFolder, Plan
from eex.errors import UnavailableError

if TYPE_CHECKING:
    from eex.build.asked import Asked

PATIENCE = 5
"""Items in a row that the network may fail before the build stops for now."""

Progress = Callable[[str, int, int], None]
"""Called with what is done ("listing", "embedding", "writing"), how much, and of how much."""


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What working off a plan took."""

    tiles: int = 0
    """Tiles that were embedded."""
    seconds: float = 0.0
    """How long it took."""
    idle: float = 0.0
    """Seconds that no model worked, of all workers."""
    able: float = 0.0
    """Seconds that all workers were there together."""
    device: str = ""
    """What models ran on."""

    @property
    def waited(self) -> float:
        """Share of the time that no model worked, for want of pixels."""
        return min(1.0, self.idle / self.able) if self.tiles and self.able else 0.0

    def then(self, more: Worked) -> Worked:
        """Return both, one after the other."""
        return Worked(
            tiles=self.tiles + more.tiles,
            seconds=self.seconds + more.seconds,
            idle=self.idle + more.idle,
            able=self.able + more.able,
            device=more.device or self.device,
        )


def work_off(
    folder: BuildFolder, plan: Plan, asked: Asked, job: Job, progress: Progress | None
) -> tuple[Plan, Worked]:
    """Embed what is left of a plan; return the plan that it became, and what it took.

    A build that is stopped between any two writes goes on to the same plan: a round ends once each
    item is done or set aside, and what the next one reads follows from that alone.

    Raises:
        UnavailableError: If the network failed; what is finished is kept.
    """
    worked = Worked()
    while True:
        worked = worked.then(_round(folder, plan, asked, job, progress))
        more = planned_around(plan, folder.aside().keys(), asked)
        if more is None:
            return plan, worked
        plan = more
        folder.begin(plan)


def _round(
    folder: BuildFolder, plan: Plan, asked: Asked, job: Job, progress: Progress | None
) -> Worked:
    aside, finished = folder.aside(), folder.finished(plan.models)
    left = [(item.key(plan.tiling), item) for item in plan.work]
    left = [(key, item) for key, item in left if key not in finished and key not in aside]
    if not left:
        return Worked()
    total, tiles, idle = plan.tiles, 0, 0.0
    sizes = {key: item.tiles for key, item in left}
    done = total - sum(sizes.values())
    undone: list[Done] = []
    device, in_a_row, began = "", 0, time.perf_counter()
    if progress is not None:
        progress("embedding", done, total)
    running = _engine([item for _, item in left], job, asked)
    try:
        for told in running:
            if told.state == "undone":
                undone.append(told)
                in_a_row += 1
                if in_a_row >= PATIENCE:
                    break
                continue
            in_a_row = 0
            if told.state == "aside":
                aside[told.key] = Aside(
                    key=told.key, ref=told.ref, reason=told.reason, code=told.code
                )
                folder.set_aside(aside)
            tiles, idle = tiles + told.tiles, idle + told.idle
            device = told.device or device
            done += sizes.pop(told.key, 0)
            if progress is not None:
                progress("embedding", done, total)
    finally:
        running.close()  # type: ignore[attr-defined]
    if undone:
        raise _unavailable(undone, len(sizes))
    seconds = time.perf_counter() - began
    able = seconds * max(1, min(asked.workers, len(left)))
    return Worked(tiles=tiles, seconds=seconds, idle=idle, able=able, device=device)


def _engine(items: Sequence[Item], job: Job, asked: Asked) -> Iterator[Done]:
    if asked.engine == "here":
        from eex.build.work import embed_items

        return embed_items(items, job)
    if asked.engine == "ray":
        from eex.build.ray_pool import ray_pool

        return ray_pool(items, job, workers=asked.workers, address=asked.address)
    from eex.build.pool import local_pool

    return local_pool(items, job, workers=asked.workers)


def _unavailable(undone: Sequence[Done], left: int) -> UnavailableError:
    message = f"The network failed: {undone[-1].reason.rstrip('.')}. {left:,} pieces are left."
    hint = "What is finished is kept; the same command goes on where it stopped."
    return UnavailableError(message, hint=hint, left=left)
