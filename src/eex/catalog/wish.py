"""How a user wants a set opened: which part, in which format, and what its files do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from eex.catalog.selection import Selection, selection_of
from eex.errors import LargeSetError

LARGE = 10 * 10**9
"""Bytes that are fetched without being asked to; larger sets need `large`."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a set shall be opened; what is left out is as its record and its files say."""

    selection: Selection = field(default_factory=Selection)
    """Which part of it."""
    dtype: str = ""
    """float16 or float32 to convert vectors to; empty keeps them as they are."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Role to name of a column."""
    model: str = ""
    """Encoder that made the vectors."""
    variant: str = ""
    """Way of running it that made them."""
    weights: str = ""
    """Which weights made them."""
    scale: float | None = None
    """Stored integers times this, plus `offset`, are the vectors' numbers."""
    offset: float | None = None
    """See `scale`."""
    file: str = ""
    """Which of several tables of a repository."""

    def to_json(self) -> dict[str, Any]:
        """Return what was wished for as plain values."""
        record = {k: v for k, v in asdict(self).items() if v not in ("", None, {})}
        record.pop("selection", None)
        return record | self.selection.to_json()

    def words(self) -> str:
        """Return it for people."""
        own = {k: v for k, v in self.to_json().items() if k not in self.selection.to_json()}
        columns = own.pop("columns", {})
        said = [f"{key} {value}" for key, value in own.items()]
        said += [f"column {role}={name}" for role, name in columns.items()]
        return ", ".join([self.selection.words(), *said])

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Wish:
        """Read what `to_json` gave."""
        rest = dict(record)
        parts = {name: rest.pop(name, None) for name in ("bbox", "rows", "shards")}
        return cls(selection=selection_of(**parts), **rest)


def too_large(name: str, size: int, already: str) -> LargeSetError:
    """Return the error for what would fetch, or has fetched, more than it may unasked."""
    message = f"Opening all of {name} fetches {size / 1e9:.1f} GB."
    if already:
        message = f"Opening this part of {name} has fetched {size / 1e9:.1f} GB {already}."
    hint = (
        "Open a part of it: --bbox W,S,E,N, --rows A:B or --shards 1,3-5; "
        "or give --yes (large=True in Python)."
    )
    return LargeSetError(message, hint=hint)
