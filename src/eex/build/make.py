"""References to a set: what is asked for becomes a plan, the plan is worked off, parts become sets.

    source.refs() -> plan -> items -> parts -> NAME.parquet and NAME.json

A build that was interrupted goes on where it was when the same is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eex.build.again import as_it_is, format_kept, take_title
from eex.build.append import check_appendable
from eex.build.asked import (
    Asked,
    Source,
    check_free,
    checked,
    checked_output,
    outputs,
    request_of,
    want_of,
)
from eex.build.bands import check_bands
from eex.build.estimate import LEAST_TILES, rate_key, remember
from eex.build.finish import check_append, check_beside, finish, refs_of
from eex.build.items import Item, Want
from eex.build.job import Job
from eex.build.job import failed as judged
from eex.build.plan import Aside, BuildFolder, Plan
from eex.build.rounds import Progress, work_off
from eex.build.there import without_those_there
from eex.build.within import within
from eex.build.world import WorldScenes
from eex.config import Settings, processors
from eex.encoders.base import EncoderSpec
from eex.errors import BadQueryError, EexError
from eex.extent.area import Area
from eex.files import check_writable
from eex.sources.refs import Ref

UNPLANNED = "plan:"
"""Begins keys of scenes that were set aside before they were cut into items."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a build made."""

    files: tuple[Path, ...]
    """A set for each model."""
    rows: tuple[int, ...]
    """Tiles of each."""
    aside: tuple[Aside, ...] = ()
    """Items that could not be read."""
    empty: tuple[str, ...] = ()
    """Ids of scenes and shards that were listed and that no row is from."""
    instead: int = 0
    """Tiles, at most, that are read from other scenes for want of these."""
    tiles: int = 0
    """Tiles that were embedded this time."""
    seconds: float = 0.0
    """That embedding took this time."""
    waited: float = 0.0
    """Share of them that no model worked, for want of pixels; of all workers."""
    device: str = ""
    """What models ran on."""
    before: bool = False
    """Whether all was there before."""
    notes: tuple[str, ...] = ()
    """What of a set that was there was changed as asked, and what was not, in sentences."""


def build(
    source: Source,
    output: Path,
    asked: Asked,
    *,
    settings: Settings,
    progress: Progress | None = None,
) -> Made:
    """Make sets of a source, or go on making them.

    Args:
        source: What the imagery is.
        output: The set; with several models, the models' names are put behind its stem.
        asked: What to do.
        settings: For models, the network and the cache.
        progress: Told how far it is.

    Returns:
        What was made.

    Raises:
        BadQueryError: If it makes no sense, or another build lies there.
        BusyError: If another process builds the same.
        UnavailableError: If the network failed; what is finished is kept.
        OutputError: If the disk refuses; what is finished is kept.
    """
    output = checked_output(output)
    specs = checked(asked, settings)
    files = outputs(output, asked.models)
    check_beside(files)
    folder = BuildFolder(output)
    request = request_of(source, asked, specs)
    check_writable(output)
    with folder.held():
        anew = asked.fresh and not folder.goes_on_afresh(request)
        anew = anew or folder.is_bare(request) or _adds_to_finished(folder, output, asked, request)
        if not anew:
            folder.check_same(request)
        record, aside = (None if anew else folder.made()), tuple(folder.aside().values())
        if record is not None and not (asked.retry and aside) and all(f.is_file() for f in files):
            notes = (*take_title(files, asked.title), *format_kept(files, asked))
            rows = tuple(record["rows"])
            return Made(files=files, rows=rows, aside=aside, notes=notes, before=True)
        plan = None if anew else folder.plan()
        if plan is None:
            check_free(files, asked)
        elif record is not None or not plan.fresh:
            asked = as_it_is(files, asked)
        if plan is None or (asked.retry and any(one.key.startswith(UNPLANNED) for one in aside)):
            new, unplanned = planned(source, asked, specs, settings=settings, progress=progress)
            if anew:  # what lay there goes once it is known that something can be made
                folder.clear()
            elif plan is None:
                folder.clear_parts()
            folder.reopen()  # no other plan beside the note of a set that is made
            plan, now = new, {one.key: one for one in unplanned}
            folder.set_aside(folder.aside() | now)  # forgets nothing if we are stopped in between
            folder.begin(plan)
            folder.set_aside(now)
        plan = _reopened(folder, plan, asked)
        job = job_of(folder, plan, asked, specs, settings)
        plan, worked = work_off(folder, plan, asked, job, progress)
        done = finish(
            folder,
            plan,
            asked,
            specs=specs,
            wants=job.wants,
            files=files,
            title=source.title,
            progress=progress,
        )
        aside = tuple(folder.aside().values())
        never = [one.ref for one in aside if one.key.startswith(UNPLANNED)]
        empty = tuple(dict.fromkeys((*done.empty, *never)))
        note = {"rows": done.rows, "files": [str(f) for f in files], "empty": empty}
        folder.finish({"request": request, **note})
    if worked.tiles >= LEAST_TILES and asked.engine != "ray":
        key = rate_key(asked.models, asked.tiling, asked.device)
        remember(settings, key, worked.tiles / worked.seconds / asked.workers)
    return Made(
        files=files,
        rows=done.rows,
        aside=aside,
        notes=format_kept(files, asked),
        empty=empty,
        instead=sum(item.tiles for item in plan.instead),
        tiles=worked.tiles,
        seconds=worked.seconds,
        waited=worked.waited,
        device=worked.device,
    )


def _reopened(folder: BuildFolder, plan: Plan, asked: Asked) -> Plan:
    """Go on with a plan; with --retry, with what was set aside and not with what is read instead.

    That comes back with its parts unless what was damaged is mended.
    """
    folder.reopen()
    if asked.retry and plan.around:
        plan = replace(plan, instead=(), around=())
        folder.begin(plan)
    if asked.retry:
        still = folder.aside().items()
        folder.set_aside({key: one for key, one in still if key.startswith(UNPLANNED)})
    return plan


def _adds_to_finished(
    folder: BuildFolder, output: Path, asked: Asked, request: dict[str, Any]
) -> bool:
    """Whether a finished set is added to: another build, rightly at the same place."""
    record = folder.made()
    if record is None or asked.append is None:
        return False
    return asked.append.resolve() == output.resolve() and record.get("request") != request


def planned(
    source: Source,
    asked: Asked,
    specs: Sequence[EncoderSpec],
    *,
    settings: Settings,
    progress: Progress | None,
) -> tuple[Plan, list[Aside]]:
    """List and plan; also what could not be planned. Nothing is written.

    Raises:
        BadQueryError: If there is nothing, or nothing can be made of it.
        SourceError: If the source cannot be listed.
        UnavailableError: If the network failed.
    """
    check_appendable(asked.append, asked.models, specs)
    items, spare, aside = items_of(source, asked, settings=settings, progress=progress)
    plan = Plan(
        request=request_of(source, asked, specs),
        tiling=asked.tiling,
        models=asked.models,
        items=tuple(items),
        spare=tuple(spare),
        fresh=asked.fresh,
    )
    check_planned(plan, asked, specs)
    if asked.append is not None:
        left = without_those_there(items, asked.append, asked.tiling)
        plan = replace(plan, items=tuple(left))
    return plan, aside


def check_planned(plan: Plan, asked: Asked, specs: Sequence[EncoderSpec]) -> None:
    """Refuse, before any work, what cannot be made of what was listed.

    Raises:
        BadQueryError: If no scene has the bands that a model takes, or what is added may not be
            compared with the set it is added to.
    """
    wants = wants_of(plan, asked, specs)
    check_bands(refs_of(plan), wants)
    check_append(plan, asked, specs[0], wants[0])


def items_of(
    source: Source, asked: Asked, *, settings: Settings, progress: Progress | None = None
) -> tuple[list[Item], list[Ref], list[Aside]]:
    """List a source and cut it into pieces of work; also scenes without, and what failed.

    Raises:
        BadQueryError: If there is nothing.
        SourceError: If it cannot be listed.
        UnavailableError: If the network failed.
    """
    if isinstance(source, WorldScenes):
        return source.items(), [], []
    from eex.build.layout import layout_opener
    from eex.build.tiling import laid_out, plan_items

    aside: list[Aside] = []

    def listed(done: int, total: int) -> None:
        if progress is not None:
            progress("listing", done, total)

    def failed(ref: Ref, error: EexError) -> None:
        told = judged(error, key=f"{UNPLANNED}{ref.id}", ref=ref.id)
        if told.state == "undone":
            raise error
        aside.append(Aside(key=told.key, ref=ref.id, reason=told.reason, code=told.code))

    refs = source.refs(listed=listed)
    known = laid_out(refs, asked.tiling, open_layout=layout_opener(settings), failed=failed)
    items = plan_items(
        known,
        asked.tiling,
        tiles_per_item=asked.piece,
        once="place" if asked.once == "place" else "group",
    )
    if not refs:
        message = f"{source.title}: no scene is as asked."
        raise BadQueryError(message, hint=_wider(source.asked()))
    if not items and not aside:
        of_scenes = asked.tiling.grid == "scene"
        kind = "tile" if of_scenes else "tile of Major TOM's, 10 km wide,"
        message = f"{source.title}: no {kind} lies whole in any of the {len(refs):,} scenes."
        hint = f"Take smaller tiles than {asked.tiling.size} pixels: --size."
        hint = hint if of_scenes else "Cut small scenes with --grid scene."
        raise BadQueryError(message, hint=hint)
    if items and (area := source.asked().get("area")) is not None:
        items = within(items, Area.of(area), asked.tiling)
        if not items and not aside:
            message = f"{source.title}: no tile that is whole touches the area."
            raise BadQueryError(message, hint="Choose a larger area, or smaller tiles: --size.")
    read = {item.ref.id for item in items}
    return items, [ref for ref in known if ref.id not in read], aside


def _wider(asked: Mapping[str, Any]) -> str:
    """Return what would let more scenes pass."""
    more = {
        "area": "a larger area",
        "time": "more dates",
        "season": "a longer season",
        "cloud_cover": "more clouds",
    }
    given = [words for name, words in more.items() if asked.get(name) is not None]
    unsaid = {"time", "season", "cloud_cover"} & asked.keys()
    told = f"Choose {' or '.join(given)}." if given else "Look elsewhere."
    return told + (" A scene that does not say its day or clouds is left out." if unsaid else "")


def job_of(
    folder: BuildFolder, plan: Plan, asked: Asked, specs: Sequence[EncoderSpec], settings: Settings
) -> Job:
    """Return what workers are told."""
    return Job(
        parts=str(folder.parts.resolve()),
        tiling=asked.tiling,
        models=asked.models,
        wants=wants_of(plan, asked, specs),
        device=asked.device,
        settings=None if asked.engine == "ray" else settings,
        batch=asked.batch,
        readers=asked.readers,
        threads=max(1, processors() // asked.workers) if asked.workers > 1 else 0,
    )


def wants_of(plan: Plan, asked: Asked, specs: Sequence[EncoderSpec]) -> tuple[Want, ...]:
    """Return the pixels that each model takes."""
    world = plan.request["source"] == WorldScenes.name
    return tuple(want_of(spec, asked, world=world) for spec in specs)
