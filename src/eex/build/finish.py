"""The end of a build: parts become sets, with their collections beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.build.about import About, header_of, weights_of
from eex.build.append import check_comparable, check_ids, header_at, joined_header
from eex.build.collection import collection_of, collection_path, is_collection_of
from eex.build.plan import BuildFolder, Plan
from eex.build.result import (
    DTYPES,
    Parts,
    first_table,
    kept_rows,
    scenes_there,
    stored_format,
    write_result,
)
from eex.encoders.base import EncoderSpec
from eex.errors import BadQueryError
from eex.files import write_bytes
from eex.sources.beside import find_scenes, load_scenes, save_scenes, scenes_path
from eex.sources.refs import Ref, SceneRef

if TYPE_CHECKING:
    from eex.build.asked import Asked
    from eex.build.items import Want


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What was written."""

    rows: tuple[int, ...]
    """Of each set."""
    empty: tuple[str, ...]
    """Ids of scenes and shards that were listed and gave none of them: others have their places,
    or they have no data there, or could not be read."""


def finish(
    folder: BuildFolder,
    plan: Plan,
    asked: Asked,
    *,
    specs: Sequence[EncoderSpec],
    wants: Sequence[Want],
    files: Sequence[Path],
    title: str,
    progress: Callable[[str, int, int], None] | None = None,
) -> Finished:
    """Write the set of each model.

    Raises:
        BadQueryError: If no tile is left.
        OutputError: If the disk refuses.
    """
    rows: list[int] = []
    listed = refs_of(plan)
    gave: set[str] = set()
    groups = {ref.id: ref.group for ref in listed if isinstance(ref, SceneRef)}
    for model, spec, want, output in zip(plan.models, specs, wants, files, strict=True):
        parts = Parts(
            folder=folder.parts,
            model=model,
            items=plan.work,
            tiling=plan.tiling,
            groups=None if asked.once == "place" else groups,
            before=asked.append,
        )
        first = first_table(parts)
        if first is None and asked.append is None:
            raise _nothing(folder)
        keep = kept_rows(parts)
        new, old = scenes_there(parts, keep)
        gave |= new | (old or set())
        added = [ref for ref in listed if ref.id in new]
        refs = joined_refs(_before(asked, old), added)
        dtype = asked.dtype or DTYPES[0]
        if asked.append is not None:
            header, dtype = header_at(asked.append), stored_format(asked.append)
        if added:
            dim = spec.dim if first is None else first.schema.field("embedding").type.list_size
            about = About(
                id=output.stem,
                title=asked.title or title,
                model=model,
                spec=spec,
                dim=dim,
                want=want,
                tiling=plan.tiling,
                refs=refs,
                weights=weights_of(model, spec),
            )
            made = header_of(about, first)
            header = made if asked.append is None else joined_header(header, made, asked.append)
        if asked.append is not None and asked.title:
            header = replace(header, title=asked.title)

        def written(done: int, total: int) -> None:
            if progress is not None:
                progress("writing", done, total)

        rows.append(
            write_result(parts, output, header=header, keep=keep, dtype=dtype, progress=written)
        )
        record = collection_of(
            output, header=header, spec=spec, tiling=plan.tiling, refs=refs, dtype=dtype
        )
        save_scenes(output, refs)
        text = json.dumps(record, ensure_ascii=False, indent=1)
        write_bytes(collection_path(output), f"{text}\n".encode())
    every = [*listed, *plan.spare]
    return Finished(rows=tuple(rows), empty=tuple(r.id for r in every if r.id not in gave))


def check_append(plan: Plan, asked: Asked, spec: EncoderSpec, want: Want) -> None:
    """Refuse, before any work, to add to a set what may not be compared with it.

    Raises:
        BadQueryError: If it may not, or a scene has the name of another one there.
    """
    if asked.append is None:
        return
    check_ids(asked.append, refs_of(plan))
    (model,) = plan.models
    about = About(
        id="",
        title="",
        model=model,
        spec=spec,
        dim=spec.dim,
        want=want,
        tiling=plan.tiling,
        refs=joined_refs(_before(asked), refs_of(plan)),
        weights=weights_of(model, spec),
    )
    check_comparable(header_at(asked.append), header_of(about, None), asked.append)


def joined_refs(before: Sequence[Ref], added: Sequence[Ref]) -> list[Ref]:
    """Return the references of a set: of what it is added to, then what is new, each once."""
    return list({ref.id: ref for ref in (*before, *added)}.values())


def _before(asked: Asked, there: set[str] | None = None) -> list[Ref]:
    """Return the references of the set that is added to, all or those of some ids."""
    if asked.append is None or find_scenes(asked.append) is None:
        return []
    kept = load_scenes(asked.append).values()
    return [ref for ref in kept if there is None or ref.id in there]


def check_beside(files: Sequence[Path]) -> None:
    """Let pass outputs beside which nothing of somebody else's would be written over.

    Raises:
        BadQueryError: If a file has the name of the collection or the references and is neither.
    """
    for output in files:
        for path, is_ours in (
            (collection_path(output), is_collection_of),
            (scenes_path(output), lambda record, _: {"version", "scenes"} <= record.keys()),
        ):
            if path.exists() and not is_ours(_record(path), output):
                message = f"{path} is there and is not of this set; it would be written over."
                raise BadQueryError(message, hint="Move it, or give the set another name with -o.")


def _record(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds; nothing if it is none, or holds no object."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _nothing(folder: BuildFolder) -> BadQueryError:
    aside = folder.aside()
    if aside:
        first = next(iter(aside.values()))
        pieces = f"{len(aside):,} pieces" if len(aside) > 1 else "1 piece"
        message = f"Nothing could be read, {pieces} of it: {first.ref}: {first.reason}"
        hint = "Once that is mended, the same command with --retry tries again."
        return BadQueryError(message, hint=hint)
    message = "No tile is left: all lack pixels, or are under clouds."
    return BadQueryError(message, hint="Allow more: --max-nodata, --max-cloud.")


def refs_of(plan: Plan) -> list[Ref]:
    """Return the references of a plan, each once."""
    return list({item.ref.id: item.ref for item in plan.work}.values())
