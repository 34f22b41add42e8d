"""What workers are told, and what they tell: plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eex.build.items import Tiling, Want
from eex.build.plan import Model, part_path
from eex.errors import (
    BusyError,
    EexError,
    LicenceError,
    MissingExtraError,
    ModelError,
    OfflineError,
    OutputError,
    StoppedError,
    UnavailableError,
    UnknownNameError,
    WeightsError,
)

if TYPE_CHECKING:
    from eex.config import Settings

BATCH = 64
"""Tiles that are read and encoded at a time."""

READERS = 2
"""Items that are read side by side in a process."""

UNDONE = (UnavailableError, OfflineError, StoppedError, BusyError)
"""Failures that pass: the item is left for the next run."""

FATAL = (
    OutputError,
    MissingExtraError,
    ModelError,
    WeightsError,
    LicenceError,
    UnknownNameError,
)
"""Failures that every item would meet: the build stops."""

State = Literal["done", "aside", "undone"]
"""What became of an item."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What workers know besides the items. It travels to them."""

    parts: str
    """Folder of the parts."""
    tiling: Tiling
    """How scenes become tiles."""
    models: tuple[Model, ...]
    """What encodes."""
    wants: tuple[Want, ...]
    """What each model takes, in their order."""
    device: str = ""
    """What networks run on; empty: as the settings say."""
    settings: Settings | None = None
    """None: read from the environment of whoever works."""
    batch: int = BATCH
    """Tiles that are read and encoded at a time."""
    readers: int = READERS
    """Items that are read side by side in a process."""

    threads: int = 0
    """Threads of a process that computes; 0: as many as its libraries take."""

    def missing(self, key: str) -> list[int]:
        """Return the numbers of the models whose part of an item is not there."""
        folder = Path(self.parts)
        return [i for i, m in enumerate(self.models) if not part_path(folder, m, key).is_file()]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of an item."""

    key: str
    """Of the item."""
    ref: str
    """Id of its scene or shard."""
    state: State = "done"
    """done: its parts are there; aside: it cannot be read; undone: it may be tried again."""
    tiles: int = 0
    """Tiles in each part."""
    idle: float = 0.0
    """Seconds, since the item before, that no model worked although there was work."""
    seconds: float = 0.0
    """Seconds since the item before."""
    device: str = ""
    """What encoded it."""
    reason: str = ""
    """Why it is not done."""
    code: str = ""
    """Why, for programs."""


def failed(error: Exception, *, key: str, ref: str) -> Done:
    """Return what becomes of an item that met an error.

    Raises:
        EexError: The error itself where every item would meet it.
        MemoryError: Also.
    """
    if isinstance(error, (*FATAL, MemoryError)):
        raise error
    state: State = "undone" if isinstance(error, UNDONE) else "aside"
    if isinstance(error, EexError):
        reason = f"{error} {error.hint}".strip()
        return Done(key=key, ref=ref, state=state, reason=reason, code=error.code)
    reason = f"{type(error).__name__}: {error}"
    return Done(key=key, ref=ref, state=state, reason=reason, code="error")
