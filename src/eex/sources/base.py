"""What a source must do: say what it is, and give its tiles in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """What is known of a source before its tiles are listed."""

    name: str
    """As users type it."""
    set_id: str
    """Stable id of the set that it makes, and the stem of its file."""
    title: str
    """For people."""
    encoder: str
    """Name of the encoder that its sets are made with by default."""
    pixels: str
    """How its pixels are read: a name for `eex.imagery.read.pixel_reader`."""
    tile_km: float
    """Height and width of a tile on the ground, kilometres."""
    spread_km: float
    """Least distance between results by default, kilometres; 0 where tiles do not overlap."""
    licence: str
    """Licence of the imagery."""
    attribution: str
    """Credit line that every answer and export carries."""
    banner: str = ""
    """Shown with every answer; empty for real imagery."""
    demo: bool = False
    """True for the embedded world only."""
    examples: tuple[tuple[str, dict[str, object]], ...] = ()
    """Titles and query parts that work at one click."""


class Source(Protocol):
    """Gives tiles."""

    spec: SourceSpec

    def count(self) -> int:
        """Return how many tiles there are."""
        ...

    def tiles(self, *, batch: int) -> Iterator[pa.Table]:
        """Yield tables of `eex.tiles.SCHEMA`, at most `batch` rows each."""
        ...
