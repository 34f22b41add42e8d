"""What a built index says of itself, in `index.json`, and whether it can be opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.values import integer, number_of, shown

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet

KEYS = {"queries", "made", "recall", "median_ms", "p95_ms"}
"""Of what was measured with queries of one kind."""

VERSION = 1
"""Of `index.json`; raised when an index of before can no longer be read."""

RECORD = "index.json"
"""What is said of a built index, beside the engine's files."""


@dataclass(frozen=True, kw_only=True)
class BuiltIndex:
    """What is known of an index that was built."""

    engine: str
    """Its name, and that of its folder."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """It was built with, all of them."""
    set_key: str = ""
    """`EmbeddingSet.key` of the data it was built of."""
    rows: int = 0
    """Of the set, those that cannot rank included."""
    dim: int = 0
    """Length of one vector."""
    files: Mapping[str, int] = field(default_factory=dict)
    """Path in its folder to bytes."""
    seconds: float = 0.0
    """It took to build."""
    made_with: Mapping[str, str] = field(default_factory=dict)
    """Package to version."""
    recall: Mapping[str, Any] = field(default_factory=dict)
    """What `eex.index.recall` measured; empty before that."""
    folder: Path = Path()
    """Where it lies."""
    problem: str = ""
    """Why it cannot be opened, in a sentence; empty if it can be."""

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(self.files.values())

    @property
    def bytes_per_vector(self) -> float:
        """Of its files; what the set itself takes is not counted."""
        return self.bytes / self.rows if self.rows else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as `index.json` has it, with where it lies and whether it can be opened."""
        return {**recorded(self), "folder": str(self.folder), "problem": self.problem}


def recorded(built: BuiltIndex) -> dict[str, Any]:
    """Return the content of `index.json`."""
    return {
        "version": VERSION,
        "engine": built.engine,
        "options": dict(built.options),
        "set_key": built.set_key,
        "rows": built.rows,
        "dim": built.dim,
        "files": dict(built.files),
        "bytes": built.bytes,
        "bytes_per_vector": round(built.bytes_per_vector, 2),
        "seconds": built.seconds,
        "made_with": dict(built.made_with),
        "recall": dict(built.recall),
    }


def build_command(name: str) -> str:
    """Return what builds an index; only who asks knows what the set is called there."""
    return f"eex index build SET --engine {name}"


def read_record(folder: Path) -> BuiltIndex:
    """Return what an index says of itself; `problem` says why it cannot be read."""
    name = folder.name
    try:
        told = json.loads((folder / RECORD).read_bytes())
        if told["version"] != VERSION:
            message = f"it has version {shown(told['version'])}, not {VERSION}"
            raise ValueError(message)  # noqa: TRY301
        return BuiltIndex(
            engine=name,
            options=dict(told["options"]),
            set_key=str(told["set_key"]),
            rows=_count(told["rows"]),
            dim=_count(told["dim"]),
            files={str(path): _count(size) for path, size in told["files"].items()},
            seconds=number_of(told["seconds"], "seconds"),
            made_with={str(package): str(v) for package, v in told["made_with"].items()},
            recall=_measured(told["recall"]),
            folder=folder,
        )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        problem = f"The index {name!r} in {folder} is damaged: its {RECORD} cannot be read ({why})."
        return BuiltIndex(engine=name, files=sizes_of(folder), folder=folder, problem=problem)


def read_built(embeddings: EmbeddingSet, folder: Path) -> BuiltIndex:
    """Return what an index says of itself, and why it cannot be opened for a set."""
    built, name = read_record(folder), folder.name
    if built.problem:
        return built
    whole = sizes_of(folder)
    changed = [
        path
        for path, size in built.files.items()
        if path not in whole or ("/" not in path and whole[path] != size)
    ]
    problem = ""
    if (built.set_key, built.rows, built.dim) != (
        embeddings.key,
        len(embeddings),
        embeddings.header.dim,
    ):
        problem = f"The index {name!r} was built of other data than the set has now."
    elif changed:
        problem = f"The index {name!r} in {folder} is damaged: {changed[0]} is not whole."
    return replace(built, problem=problem)


def _count(value: object) -> int:
    number = integer(value)
    if number is None or number < 0:
        message = f"{shown(value)} is no number of anything"
        raise ValueError(message)
    return number


def _measured(told: object) -> dict[str, Any]:
    """Return what was measured; what is not as `eex.index.recall` tells it is left out."""
    kinds = told.items() if isinstance(told, dict) else ()
    return {kind: found for kind, found in kinds if _is_measured(found)}


def _is_measured(found: object) -> bool:
    if not isinstance(found, dict) or not found.keys() >= KEYS:
        return False
    shares = found["recall"]
    if not isinstance(shares, dict) or not shares or integer(found["queries"]) is None:
        return False
    try:
        for number in (found["median_ms"], found["p95_ms"], *shares.values()):
            if isinstance(number, str) or number_of(number, "recall") < 0:
                return False
    except BadQueryError:
        return False
    return isinstance(found["made"], bool)


def sizes_of(folder: Path) -> dict[str, int]:
    """Return the bytes of each file of an index, its record left out."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
    sizes.pop(RECORD, None)
    return sizes
