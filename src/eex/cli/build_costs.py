"""What a build costs, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eex.cli.facts import counted, facts_text
from eex.cli.sets import size_text

if TYPE_CHECKING:
    from eex.build.estimate import Estimate
    from eex.cli.build_run import Costs

HOUR, MINUTE = 3600, 60
"""Seconds."""


def costs_text(found: Costs) -> str:
    """Return what a build would cost, for people: what remains of it first."""
    left, whole = found.left, found.whole
    if left is None:
        return facts_text("Nothing was written.", _said(whole))
    if found.rows:
        tiles = counted(sum(found.rows), "tile")
        return f"All is there already: {tiles}. Nothing remains, and nothing was written."
    of = f"{whole.tiles - left.tiles:,} of {whole.tiles:,} tiles"
    title = f"It was begun, {of} are dealt with. Nothing was written. What remains:"
    disk = f"{size_text(whole.set_bytes)}, and {size_text(left.parts_bytes) or 'nothing'} of parts"
    time = [time_text(whole.seconds)] if whole.seconds is not None else []
    read = f"{size_text(whole.bytes) or 'nothing'} read"
    total = [counted(whole.items, "piece"), counted(whole.tiles, "tile"), read, *time]
    return facts_text(title, _said(left) | {"disk": disk, "the whole": ", ".join(total)})


def _said(found: Estimate) -> dict[str, str]:
    many = " at most" if found.packed else " at most, unpacked"
    rates = "\n".join(f"{name}: {rate:,.1f} images a second" for name, rate in found.rates.items())
    return {
        "scenes": f"{found.scenes:,}, in {counted(found.items, 'piece')}",
        "tiles": f"{found.tiles:,} at most",
        "reads": f"{size_text(found.bytes) or 'nothing'}{many}; about {found.requests:,} requests",
        "rate": rates or "not measured",
        "time": time_text(found.seconds) if found.seconds is not None else "",
        "disk": f"{size_text(found.set_bytes)}, and {size_text(found.parts_bytes)} of parts",
    }


def cost_text(cost: Mapping[str, Any]) -> str:
    """Return what a build from all shards would cost, for people."""
    shards = counted(cost["shards"], "shard")
    said = {
        "tiles": f"{cost['tiles']:,} of {cost['samples']:,} samples in {shards}",
        "model": f"{cost['model']}, {cost['dim']} numbers",
        "rate": f"{round(cost['images_per_s'], 1):,.10g} images a second",
        "time": f"{_gpu_time(cost['gpu_hours'])} of one GPU",
        "reads": f"{size_text(cost['bytes'])} in {cost['requests']:,} requests",
        "network": f"{size_text(round(cost['bytes_per_s_at_this_rate']))}/s keep one GPU busy",
        "disk": f"{size_text(cost['set_bytes'])}, and {size_text(cost['parts_bytes'])} of parts",
    }
    return facts_text("Computed:", said)


def _gpu_time(hours: float) -> str:
    return f"{hours:,.1f} hours" if hours >= 1 else time_text(hours * HOUR)


def time_text(seconds: float) -> str:
    """Return a length of time for people."""
    if seconds >= HOUR:
        return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE)} min"
    if seconds >= MINUTE:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    return f"{seconds:.1f} s"
