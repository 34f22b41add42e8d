"""How far a build is that lies on the disk, for who only wants to know: nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.build.asked import checked_output, outputs
from eex.build.items import Item
from eex.build.plan import BuildFolder
from eex.errors import BadQueryError, DamagedSetError

if TYPE_CHECKING:
    from eex.build.asked import Asked


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A build that was begun."""

    every: tuple[Item, ...]
    """All of its work; empty once it is finished."""
    left: tuple[Item, ...]
    """What remains of it."""
    rows: tuple[int, ...] = ()
    """Of the finished sets."""


def begun(output: Path, asked: Asked, request: Mapping[str, Any]) -> Begun | None:
    """Return how far a build is; None if it was not begun, or would begin anew.

    Args:
        output: The set.
        asked: What is asked of the build.
        request: The same as `eex.build.asked.request_of` has it: another one is another build.

    Raises:
        BadQueryError: If `output` can be no set.
    """
    folder, request = BuildFolder(checked_output(output)), json.loads(json.dumps(request))
    record, aside = folder.made(), folder.aside()
    if asked.fresh and not folder.goes_on_afresh(request):
        return None
    there = record is not None and all(f.is_file() for f in outputs(output, asked.models))
    if record is not None and there and not (asked.retry and aside):
        if record.get("request") != request:
            return None
        return Begun(every=(), left=(), rows=tuple(record["rows"]))
    plan = None
    with suppress(DamagedSetError, BadQueryError):
        plan = folder.plan()
    if plan is None or plan.request != request:
        return None
    finished = folder.finished(plan.models)
    gone = finished if asked.retry else finished | aside.keys()
    every = plan.items if asked.retry else plan.work
    left = tuple(item for item in every if item.key(plan.tiling) not in gone)
    return Begun(every=every, left=left)
