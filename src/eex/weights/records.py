"""What is known of a model's files before they are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hub = Literal["huggingface", "modelscope.cn", "modelscope.ai"]
"""Where files are kept."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """One repository that has a model's files."""

    hub: Hub
    """Which hub."""
    repo: str
    """Owner and name there."""
    revision: str = "main"
    """A commit where one is known, else a branch; the commit that was met is written down."""


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """One file of a model."""

    name: str
    """Path in the repository."""
    sha256: str = ""
    """Checksum, where it is known."""
    size: int = 0
    """Bytes, where they are known; about, while `sha256` is empty."""
    or_else: tuple[str, ...] = ()
    """Other names under which the same content may be found, tried in this order."""
    optional: bool = False
    """True if the model works without it."""
    home: Home | None = None
    """Where it lies if not with the other files."""
