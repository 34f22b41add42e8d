"""What a set says of itself, and how many of its vectors can be used."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from eex.errors import DamagedSetError


@dataclass(frozen=True, kw_only=True)
class SetHeader:
    """What a set says of itself; stored as JSON under the Parquet key `emb`."""

    id: str
    """Stable id, such as demo-bluemarble-100km."""
    title: str
    """For people."""
    model: str
    """Name of the encoder that made the vectors; queries use the same."""
    dim: int
    """Length of a vector; 0 if only the file says, before it is opened."""
    weights: str = ""
    """Which weights: file and SHA-256, or hub id and commit."""
    variant: str = ""
    """Way of running the encoder that made the vectors; empty is its default."""
    bands: tuple[str, ...] = ()
    """Bands that the encoder was fed, in order."""
    preprocessing: str = ""
    """What was done to the stored numbers before the encoder."""
    stretch: str = ""
    """How stored numbers became pictures of 8 bits, a name in `eex.imagery.stretch`; empty where
    they did not, or nothing is known."""
    remove_offset: bool = False
    """Whether the 1000 of processing baseline 04.00 was taken off first."""
    quantization: str = "none"
    """How the vectors were quantised."""
    scale: float = 1.0
    """Stored integers times this, plus `offset`, are the numbers (as in CF: scale_factor)."""
    offset: float = 0.0
    """See `scale` (as in CF: add_offset)."""
    pixels: str = ""
    """How the tiles' pixels are read; empty if they cannot be."""
    crop: int = 0
    """Height and width of the centre of a tile that was embedded, pixels; 0: `pixel_bbox` says."""
    tile_km: float = 0.0
    """Height and width of a tile on the ground, kilometres; 0 if not known."""
    spread_km: float = 0.0
    """Least distance between results by default, kilometres."""
    licence: str = ""
    """Licence of vectors and imagery."""
    attribution: str = ""
    """Credit line that every answer and export carries."""
    banner: str = ""
    """Shown with every answer; empty for real imagery."""
    demo: bool = False
    """True for the embedded world only."""
    examples: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Titles and query parts that work at one click."""
    sources: tuple[str, ...] = ()
    """Scenes or shards that the tiles are from, where the set was made here; the first ones if
    there are very many."""

    @classmethod
    def from_json(cls, text: bytes | str) -> SetHeader:
        """Read a header; keys of later versions are passed over.

        Raises:
            DamagedSetError: If it is not the JSON of a header.
        """
        needed = {field.name: field.default is MISSING for field in fields(cls)}
        try:
            told = json.loads(text).items()
            record = {k: v for k, v in told if k in needed and (needed[k] or v is not None)}
            record["bands"] = tuple(record.get("bands", ()))
            record["sources"] = tuple(record.get("sources", ()))
            record["examples"] = tuple((t, dict(q)) for t, q in record.get("examples", ()))
            header = cls(**record)
            _check(header)
        except (ValueError, TypeError, AttributeError) as error:
            message = f"The header of the embedding set cannot be read: {error}."
            raise DamagedSetError(message, hint="Make or download the set again.") from error
        return header

    @classmethod
    def told_by(cls, text: bytes | str) -> SetHeader | None:
        """Read the header of a table of anybody's; None if its `emb` is of another layout.

        Raises:
            DamagedSetError: If it is ours and cannot be read.
        """
        with suppress(ValueError):
            told = json.loads(text)
            if isinstance(told, dict) and not {"id", "model", "dim"} & told.keys():
                return None
        return cls.from_json(text)

    def to_json(self) -> str:
        """Return the header as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def _check(header: SetHeader) -> None:
    """Refuse values of other kinds than those that a header has.

    Raises:
        ValueError: If there is one; says which.
    """
    kinds: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool}
    values = [(f.name, getattr(header, f.name), kinds.get(str(f.type))) for f in fields(header)]
    values += [("bands", band, str) for band in header.bands]
    values += [("sources", source, str) for source in header.sources]
    values += [("examples", title, str) for title, _ in header.examples]
    for name, value, kind in values:
        other = isinstance(value, bool) is not (kind is bool) or not isinstance(value, kind or ())
        if kind is not None and (other or (kind is not str and not math.isfinite(value))):
            message = f"{name} is {value!r}"
            raise ValueError(message)
    for name in ("dim", "scale"):
        if not getattr(header, name) or header.dim < 0:
            message = f"{name} is {getattr(header, name)!r}"
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many rows a set has, and why some of them never rank."""

    rows: int
    """Tiles."""
    null: int = 0
    """Without a vector, or with a vector that lacks a number."""
    zero: int = 0
    """With a vector of zeros."""
    not_finite: int = 0
    """With a vector that has NaN or infinity in it."""

    @property
    def usable(self) -> int:
        """Tiles that rank."""
        return self.rows - self.null - self.zero - self.not_finite

    def message(self) -> str:
        """Return what a person should know of rows that never rank; empty if all do."""
        why = {"null": self.null, "all zeros": self.zero, "not finite": self.not_finite}
        if self.usable == self.rows:
            return ""
        parts = ", ".join(f"{count:,} {what}" for what, count in why.items() if count)
        left_out = self.rows - self.usable
        tiles = f"{left_out:,} of {self.rows:,} tiles have"
        if left_out == 1:
            tiles = f"1 of {self.rows:,} tiles has"
        return f"{tiles} no usable vector ({parts}) and never rank{'s' * (left_out == 1)}."
