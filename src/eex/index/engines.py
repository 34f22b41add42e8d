"""Engines that rank rows, by name: `exact` needs nothing built, others are built once for a set.

    from eex.index.engines import engine, engine_names

    engine("exact").open(Opening(embeddings, threads=2))

An engine is a record of the group `eex.indexes`; what it imports is imported when it is used. What
was built for a set lies in the set's own folder, `indexes/NAME`, and goes when the set goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import EexError
from eex.registry import find, names

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.index.base import FindsRows

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, 0 if that is not known."""


@dataclass(frozen=True, kw_only=True)
class Building:
    """What an engine is told when it builds its files for a set."""

    embeddings: EmbeddingSet
    """The set; its vectors are mapped and must not be read whole into memory."""
    folder: Path
    """There, empty; the caller makes it appear whole. The engine writes its files into it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of `EngineSpec.options`, each given or at its default, checked for its kind."""
    threads: int = 1
    """Threads to build with."""
    progress: Progress = lambda _done, _total: None
    """Called with rows done and rows in all."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What an engine is told when it is opened."""

    embeddings: EmbeddingSet
    """The set."""
    folder: Path | None = None
    """What it built; None for engines that build nothing."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of `EngineSpec.options`: those it was built with, and those given for searching."""
    threads: int = 1
    """Threads that one search may use."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that can be chosen about an engine."""

    name: str
    """As it is given: `--option nlist=4096`."""
    default: int | float | str | bool
    """Its kind is the kind of what is given."""
    about: str
    """In a sentence."""
    searching: bool = False
    """Whether it may also be given when searching, without building again."""


@dataclass(frozen=True, kw_only=True)
class EngineSpec:
    """What is known of an engine without importing what it needs."""

    name: str
    """The same as the entry point's."""
    title: str
    """In a sentence."""
    exact: bool
    """Whether its best rows are provably the best."""
    scores_all: bool
    """Whether it scores every row (a `VectorIndex`), which a map needs; else only the best."""
    open: Callable[[Opening], FindsRows]
    """Returns what ranks rows; imports what the engine needs."""
    build: Callable[[Building], None] | None = None
    """Writes the engine's files; None if it needs none."""
    options: tuple[Option, ...] = ()
    """What can be chosen."""
    extra: str = ""
    """Of the distribution, that installs what it needs; empty for the base."""


def engine_names() -> tuple[str, ...]:
    """Return the names of the installed engines, sorted; imports none of them."""
    return names("eex.indexes")


def engine(name: str) -> EngineSpec:
    """Return what is known of an engine.

    Raises:
        UnknownNameError: If none of that name is installed; the hint has the nearest name.
        MissingExtraError: If a package is missing that its module needs.
    """
    found = find("eex.indexes", name)
    if not isinstance(found, EngineSpec):
        message = f"The index {name!r} is not an EngineSpec."
        raise EexError(message, hint="See docs/plugins.md; or install another version of it.")
    return found
