"""What is known of a model's files before they are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Hub = Literal["huggingface", "modelscope.cn", "modelscope.ai"]
"""Where files are kept."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """One repository that has the files of a model or of an embedding set."""

    hub: Hub
    """Which hub."""
    repo: str
    """Owner and name there."""
    kind: Literal["model", "dataset"] = "model"
    """What the hub calls it; hubs keep the two apart."""
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


class HasWeights(Protocol):
    """What this part needs to know of a model; an `EncoderSpec` says all of it."""

    @property
    def name(self) -> str:
        """Unique name, as users type it."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def licence(self) -> str:
        """SPDX name of the weights' licence; empty if only the hub's page says it."""
        ...

    @property
    def attribution(self) -> str:
        """Who must be credited."""
        ...

    @property
    def files(self) -> tuple[WeightFile, ...]:
        """Files that must be fetched; empty if all is in the package."""
        ...

    @property
    def homes(self) -> tuple[Home, ...]:
        """Repositories that have the files, the model's own first."""
        ...
