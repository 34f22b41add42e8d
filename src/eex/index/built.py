"""Indexes that are built for a set: once, whole or not at all, and kept in the set's own folder.

    build_index(embeddings, "faiss-ivf-rabitq", options={"bits": 2}, threads=4)
    open_index(embeddings, "faiss-ivf-rabitq", options={"nprobe": 64}, threads=4).search(q, k=100)

They lie in `indexes/NAME` beside the vectors: what the engine wrote, and `index.json`, written
last, which says what it was built of. An index of other data is refused, and so is one whose files
have other sizes than when they were written. Files in folders of the index belong to a database
that may write when it is opened; it checks them itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError, DamagedSetError, SetError, SetNotFoundError
from eex.files import atomic_folder, guarded, making, scratch_folder, write_bytes
from eex.index.built_record import (
    RECORD,
    BuiltIndex,
    build_command,
    read_built,
    read_record,
    recorded,
    sizes_of,
)
from eex.index.engines import Building, EngineSpec, Opening, Progress, engine, engine_names
from eex.index.options import read_options
from eex.registry import unknown_name

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.index.base import FindsRows


def build_index(
    embeddings: EmbeddingSet,
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    force: bool = False,
) -> BuiltIndex:
    """Build an engine's index of a set; it appears whole or not at all.

    Args:
        embeddings: Lies in a folder.
        name: Of an engine that builds files.
        options: Of the engine, as values or as text; the others are at their defaults.
        threads: To build with.
        progress: Called with rows done and rows in all.
        force: Whether an index that is there is replaced, once the new one is whole.

    Raises:
        UnknownNameError: If there is no engine of that name.
        BadQueryError: If it builds nothing, an option is wrong, the set lies in memory, or the
            index is there and `force` is not given.
        MissingExtraError: If a package is missing.
        OutputError: If the disk refuses.
    """
    spec = engine(name)
    if spec.build is None:
        raise _nothing_built(name)
    chosen = read_options(spec, options or {})
    folder = _folder(embeddings, name)
    _refuse_replacing(embeddings, name, folder, force=force)
    with guarded(f"building {name}"), making(folder):
        _refuse_replacing(embeddings, name, folder, force=force)  # another process was at it
        with scratch_folder(folder) as put_away, atomic_folder(folder) as fresh:
            started = time.perf_counter()
            spec.build(
                Building(
                    embeddings=embeddings,
                    folder=fresh,
                    options=chosen,
                    threads=max(1, threads),
                    progress=progress or (lambda _done, _total: None),
                )
            )
            built = BuiltIndex(
                engine=name,
                options=chosen,
                set_key=embeddings.key,
                rows=len(embeddings),
                dim=embeddings.header.dim,
                files=sizes_of(fresh),
                seconds=round(time.perf_counter() - started, 3),
                made_with=_made_with(spec),
                folder=folder,
            )
            text = json.dumps(recorded(built), ensure_ascii=False, indent=1)
            (fresh / RECORD).write_text(text, encoding="utf-8")
            if folder.exists():
                folder.rename(put_away / "replaced")
    return built


def open_index(
    embeddings: EmbeddingSet,
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> FindsRows:
    """Open an engine for a set; one that builds files must have been built.

    Args:
        embeddings: The set that it was built of.
        name: Of the engine.
        options: Those that may be given when searching; the others are as it was built.
        threads: That one search may use.

    Raises:
        UnknownNameError: If there is no engine of that name.
        BadQueryError: If an option is wrong or cannot be changed any more, or the set lies in
            memory.
        SetNotFoundError: If it was not built; the hint has the command that builds it.
        SetError: If it was built of other data.
        DamagedSetError: If it is not whole.
        MissingExtraError: If a package is missing.
    """
    spec, given = engine(name), options or {}
    if spec.build is None:
        chosen = read_options(spec, given)
        return spec.open(Opening(embeddings=embeddings, options=chosen, threads=max(1, threads)))
    built = built_index(embeddings, name)
    again = f"Build it again: {build_command(name)} --force"
    if built.problem:
        other = built.set_key not in {"", embeddings.key}
        raise (SetError if other else DamagedSetError)(built.problem, hint=again)
    fixed = {option.name for option in spec.options if not option.searching}
    for key in given:
        if key in fixed:
            message = f"{key} of {name} is chosen when the index is built."
            hint = f"{build_command(name)} --option {key}={given[key]} --force"
            raise BadQueryError(message, hint=hint)
    chosen = read_options(spec, {**_still_known(spec, built.options), **given})
    return spec.open(
        Opening(embeddings=embeddings, folder=built.folder, options=chosen, threads=max(1, threads))
    )


def built_indexes(embeddings: EmbeddingSet) -> list[BuiltIndex]:
    """Return what is built for a set, by name; `problem` says which cannot be opened."""
    home = None if embeddings.folder is None else embeddings.folder / "indexes"
    if home is None or not home.is_dir():
        return []
    folders = sorted(path for path in home.iterdir() if path.is_dir())
    return [read_built(embeddings, path) for path in folders if not path.name.startswith(".")]


def built_index(embeddings: EmbeddingSet, name: str) -> BuiltIndex:
    """Return what is known of one built index; `problem` says whether it can be opened.

    Raises:
        BadQueryError: If the set lies in memory, or the engine builds nothing.
        SetNotFoundError: If it was not built; the hint has the command that builds it.
    """
    folder = _folder(embeddings, name)
    if not folder.is_dir():
        if engine(name).build is None:
            raise _nothing_built(name)
        message = f"The set {embeddings.header.id} has no index {name!r}."
        raise SetNotFoundError(message, hint=f"Build it: {build_command(name)}")
    return read_built(embeddings, folder)


def remove_index(embeddings: EmbeddingSet, name: str) -> int:
    """Remove a built index, damaged or not; return its bytes.

    Raises:
        BadQueryError: If the set lies in memory.
        SetNotFoundError: If there is none of that name.
        OutputError: If the disk refuses.
    """
    folder = built_index(embeddings, name).folder
    with guarded(f"removing {folder}"), making(folder), scratch_folder(folder) as gone:
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        folder.rename(gone / "removed")
    return size


def keep_recall(built: BuiltIndex, recall: Mapping[str, Any]) -> BuiltIndex:
    """Write what was measured into the record of an index, and return it.

    Args:
        built: As it was before it was measured.
        recall: Of `eex.index.recall`.

    Raises:
        SetError: If the index that lies there now is another: built again, or removed.
        OutputError: If the disk refuses.
    """
    measured = replace(built, recall=dict(recall))
    text = json.dumps(recorded(measured), ensure_ascii=False, indent=1)
    there = built.folder.is_dir()
    if there:
        with guarded(f"writing {built.folder / RECORD}"), making(built.folder):
            now = read_record(built.folder)
            there = replace(now, recall={}) == replace(built, recall={})
            if there:
                write_bytes(built.folder / RECORD, text.encode())
    if not there:
        message = f"The index {built.engine!r} was built again or removed while it was measured."
        hint = f"Measure what is there now: eex index verify SET --engine {built.engine}"
        raise SetError(message, hint=hint)
    return measured


def _still_known(spec: EngineSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    known = {option.name for option in spec.options}
    return {name: value for name, value in options.items() if name in known}


def _builders() -> tuple[str, ...]:
    found = []
    for name in engine_names():
        with suppress(Exception):  # another's engine that cannot be imported, whatever it raises
            if engine(name).build is not None:
                found.append(name)
    return tuple(found)


def _folder(embeddings: EmbeddingSet, name: str) -> Path:
    if embeddings.folder is None:
        message = f"The set {embeddings.header.id} lies in memory, and an index needs a folder."
        raise BadQueryError(message, hint="Write it to a file and open that, or search it exactly.")
    home = embeddings.folder / "indexes"
    plain = Path(name).name == name and not name.startswith(".") and "\\" not in name
    if not plain or (name not in engine_names() and not (home / name).is_dir()):
        kind = "index"
        raise unknown_name(kind, name[:40], engine_names())
    return home / name


def _nothing_built(name: str) -> BadQueryError:
    message = (
        f"The index {name!r} needs nothing built; it searches the set as it is, and there is "
        "nothing to measure or to remove."
    )
    return BadQueryError(message, hint=f"Engines that build: {', '.join(_builders())}.")


def _refuse_replacing(embeddings: EmbeddingSet, name: str, folder: Path, *, force: bool) -> None:
    if force or not folder.exists():
        return
    message = f"The set {embeddings.header.id} has an index {name!r} already."
    raise BadQueryError(message, hint=f"Replace it: {build_command(name)} --force")


def _made_with(spec: EngineSpec) -> dict[str, str]:
    """Return the versions of this project and of the packages that the engine's extra brings."""
    import re
    from importlib.metadata import PackageNotFoundError, requires, version

    import eex

    found = {"eex": eex.__version__}
    with suppress(PackageNotFoundError):
        for line in requires("earth-embedding-explorer") or ():
            extra = re.search(r"extra\s*==\s*[\"']([^\"']+)", line)
            package = re.match(r"[\w.-]+", line)
            if spec.extra and package and extra and extra[1] == spec.extra:
                with suppress(PackageNotFoundError):
                    found[package[0]] = version(package[0])
    return found
