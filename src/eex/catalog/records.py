"""What is known of a published embedding set before it is here: one record, data only.

A record comes with the package (`data/sets.toml`), from a plug-in (entry point `eex.sets`), or from
a TOML or JSON file of the user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eex.weights.records import Home

ROLES = ("embedding", "geometry", "lon", "lat", "id")
"""What columns can be mapped to."""


@dataclass(frozen=True, kw_only=True)
class SetFile:
    """One file of a set, or several by a pattern."""

    name: str
    """Path in the repository; `*` stands for anything but a slash."""
    sha256: str = ""
    """Checksum, where it is known."""
    size: int = 0
    """Bytes, where they are known."""


@dataclass(frozen=True, kw_only=True)
class PlacesRecord:
    """A table that tells by grid cell and product where the pixels of tiles are.

    It has the columns `grid_cell`, `product_id`, `parquet_url` and `parquet_row`, and `grid_row_u`
    where parts of it shall be read alone.
    """

    file: str
    """Path in its repository; without homes an address or a path."""
    homes: tuple[Home, ...] = ()
    """Repositories that have it."""
    sha256: str = ""
    """Checksum, where it is known."""
    size: int = 0
    """Bytes, where they are known."""


@dataclass(frozen=True, kw_only=True)
class SetRecord:
    """One published set."""

    name: str
    """As users type it."""
    title: str
    """For people."""
    model: str = ""
    """Name of the encoder that made the vectors; empty if it is not among ours."""
    variant: str = ""
    """Way of running it that made them."""
    weights: str = ""
    """Which weights made them, where that is known."""
    dim: int = 0
    """Length of a vector; 0 if only the files say."""
    rows: int = 0
    """Number of tiles; 0 if only the files say."""
    size: int = 0
    """Bytes of all files, about; 0 if not known."""
    dtype: str = ""
    """Number format of the stored vectors, such as float32, where it is known."""
    homes: tuple[Home, ...] = ()
    """Repositories that have the files, the set's own first."""
    files: tuple[SetFile, ...] = (SetFile(name="*.parquet"),)
    """Its files."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Role (see `ROLES`) to name of a column, where names are not the usual ones."""
    bands: tuple[str, ...] = ()
    """Bands that the encoder was fed, in order."""
    preprocessing: str = ""
    """What was done to the stored numbers before the encoder."""
    quantization: str = "none"
    """How the vectors were quantised."""
    scale: float = 1.0
    """Stored integers times this, plus `offset`, are the vectors' numbers."""
    offset: float = 0.0
    """See `scale`."""
    pixels: str = ""
    """Reader of the tiles' pixels, a name of the group `eex.readers`; empty if there is none."""
    places: PlacesRecord | None = None
    """Where it is told in which file the pixels of a tile are, if its own rows do not tell."""
    pixels_home: str = ""
    """Where the pixels are, for people, such as a page of a hub."""
    crop: int = 0
    """Height and width of the centre of a tile that was embedded, pixels; 0: `pixel_bbox` says."""
    transposed: bool = False
    """True if footprints were written with rows and columns of `pixel_bbox` mixed up; they are put
    right on opening."""
    tile_km: float = 0.0
    """Height and width of what was embedded, on the ground, kilometres; 0 if not known."""
    spread_km: float = 0.0
    """Least distance between results by default, kilometres."""
    licence: str = ""
    """Licence of vectors and imagery."""
    attribution: str = ""
    """Credit line that every answer and export carries."""
    source: str = ""
    """Paper or page that describes it."""
    notices: tuple[str, ...] = ()
    """What a user should know before relying on it."""
    examples: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Titles and query parts that work at one click."""
