"""check_set(): encode a sample of tiles in every way, and see which gives the stored vectors.

The published tables were made with known deviations from the models' own code; which, only the
tables can tell. Needs the real weights, and pixels of some tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.catalog.known import known_sets, open_embeddings, prepare
from eex.check.opened import OpenedTable
from eex.check.pixels import Pixels, crops_of, cut, pixels_of
from eex.check.table import Table
from eex.config import Settings
from eex.encoders.inputs import ImageInput, encode_inputs, scene_input
from eex.encoders.open import encoder, encoder_spec
from eex.errors import BadQueryError
from eex.files import user_path
from eex.imagery.sentinel2 import RGB, Scene, thumbnail_tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec

FITS = 0.99
"""Mean cosine above which a way is said to have made the set: half precision on a GPU gives 0.999,
and the known deviations far less."""

SHARE = 0.1
"""Most of the distance between unrelated tiles that may be left: where all vectors of a set are
alike, 0.99 says nothing."""

APART = 1e-4
"""How much nearer the nearest way must be than another for the two to be told apart."""

NOISE = 1e-5
"""Distance that rounding alone makes."""

AS_TABLES, THUMBNAIL, AS_READ = "2.5 x DN / 10 000", "thumbnail", "as read"
"""How reflectance became a picture: as tables were made, as Major TOM's thumbnails, or neither."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of making vectors, and how near it comes."""

    variant: str
    """Of the encoder."""
    tone: str
    """How pixels were rendered; empty for rasters."""
    crop: str
    """Which part of the tile: centre, corner or whole."""
    mean: float
    """Mean cosine with the stored vectors."""
    least: float
    """The lowest of them."""
    fits: bool
    """Whether it made the set, as far as the sample tells."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON-able record."""
        return {
            "variant": self.variant,
            "tone": self.tone,
            "crop": self.crop,
            "mean": round(self.mean, 6),
            "least": round(self.least, 6),
            "fits": self.fits,
        }


@dataclass(frozen=True, kw_only=True)
class SetCheck:
    """What came out."""

    set: str
    """Name of the file."""
    model: str
    """Name of the encoder."""
    stated: str
    """Variant that the set says it was made with; empty if it does not say."""
    rows: tuple[int, ...]
    """Rows that were made again."""
    unrelated: float
    """Mean cosine between different tiles of the sample, as stored; NaN for a single row."""
    ways: tuple[Way, ...]
    """Every way that was tried, the nearest first."""

    @property
    def best(self) -> Way:
        """The nearest way."""
        return self.ways[0]

    @property
    def verdict(self) -> str:
        """What it means, in a sentence or two."""
        best = self.best
        how = ", ".join(part for part in (best.tone, best.crop) if part)
        near = f"{best.variant} ({how}), mean cosine {best.mean:.4f}"
        if not best.fits:
            return (
                f"No variant fits; the nearest is {near}. Other weights, other pixels or another "
                "preparation made this set."
            )
        also = dict.fromkeys(way.variant for way in self.ways if way.fits)
        told = f"Fits: {near}."
        if len(also) > 1:
            told += f" These rows do not tell apart: {', '.join(also)}."
        elif self.stated and self.stated != best.variant:
            told += f" The set says {self.stated}, which is wrong."
        if self.unrelated > 1 - APART:
            told += " Its tiles are all alike, so tone and crop are not told apart."
        return told

    def to_json(self) -> dict[str, Any]:
        """Return everything as a JSON-able record."""
        return {
            "set": self.set,
            "model": self.model,
            "stated": self.stated,
            "rows": list(self.rows),
            "unrelated": None if np.isnan(self.unrelated) else round(self.unrelated, 6),
            "fits": self.best.variant if self.best.fits else None,
            "verdict": self.verdict,
            "ways": [way.to_json() for way in self.ways],
        }

    def to_table(self) -> str:
        """Return a table for a terminal, with the verdict below."""
        lines = [f"{'variant':<16} {'tone':<18} {'crop':<8} {'mean':>8} {'least':>8}"]
        lines += [
            f"{w.variant:<16} {w.tone:<18} {w.crop:<8} {w.mean:8.4f} {w.least:8.4f}"
            f"{'  fits' if w.fits else ''}"
            for w in self.ways
        ]
        if len(self.rows) > 1:
            lines += ["", f"Different tiles of the set: mean cosine {self.unrelated:.4f}."]
        return "\n".join([*lines, "", self.verdict])


def check_set(
    name: str | Path,
    *,
    pixels: str | Path | None = None,
    rows: int = 20,
    model: str = "",
    weights: str | Path | None = None,
    crop: int = 0,
    device: str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> SetCheck:
    """Make a sample of rows again with every variant of the model, and compare.

    Args:
        name: A set that is open here, or a Parquet file of any product that is read; only the
            sampled vectors are read.
        pixels: A folder with tiles of Major TOM Core-S2L2A below, or one of its shards; by default
            the set's own reader.
        rows: How many rows, spread evenly over those whose pixels are there.
        model: Name of the encoder; by default the set's own.
        weights: File or folder of its weights; by default those that were fetched.
        crop: Pixels down and across around the centre of a tile; by default what the table says.
        device: What to run on.
        settings: Read from the environment by default.
        progress: Called with variants done and variants in all.

    Raises:
        BadQueryError: If the model is not known, or no tile of the set has pixels there.
        MissingWeightsError: If the weights are not here.
        SetError: If the table cannot be read.
    """
    settings = settings or Settings.from_env()
    table = _table(name, settings)
    spec = _spec(model, table)
    source = pixels_of(pixels, table, settings=settings)
    chosen = _sample(source, table, rows)
    stored = table.vectors(chosen)
    usable = [i for i, vector in enumerate(stored) if vector.any()]
    if not usable:
        message = "None of the sampled rows has a usable vector."
        raise BadQueryError(message, hint="Check more rows.")
    chosen, stored = [chosen[i] for i in usable], stored[usable]
    inputs = _inputs(source, table, chosen, spec, crop)
    unrelated = _unrelated(stored)
    ways = []
    for done, variant in enumerate(spec.variants):
        if progress is not None:
            progress(done, len(spec.variants))
        loaded = encoder(
            spec.name, weights=weights, device=device, variant=variant.name, settings=settings
        )
        if loaded.dim != stored.shape[1]:
            message = (
                f"{spec.name} makes vectors of {loaded.dim} numbers, the set has {stored.shape[1]}."
            )
            raise BadQueryError(message, hint="Name the model that made the set: --model.")
        for (tone, part), images in inputs.items():
            cosines = np.einsum("nd,nd->n", encode_inputs(loaded, images), stored)
            found = {"mean": float(cosines.mean()), "least": float(cosines.min())}
            ways.append(Way(variant=variant.name, tone=tone, crop=part, fits=False, **found))
        del loaded  # one model at a time
    if progress is not None:
        progress(len(spec.variants), len(spec.variants))
    return SetCheck(
        set=table.path.name,
        model=spec.name,
        stated="" if table.header is None else table.header.variant,
        rows=tuple(chosen),
        unrelated=unrelated,
        ways=_judged(ways, unrelated),
    )


def _judged(ways: list[Way], unrelated: float) -> tuple[Way, ...]:
    """Return the ways, the nearest first, with those that fit marked."""
    ways = sorted(ways, key=lambda way: -way.mean)
    best = ways[0].mean
    made = best > FITS and not 1 - best > max(NOISE, SHARE * (1 - unrelated))
    return tuple(replace(way, fits=made and way.mean >= best - APART) for way in ways)


def _unrelated(stored: NDArray[np.float32]) -> float:
    """Return the mean cosine of different rows, NaN for one; equal vectors are one tile."""
    some = np.unique(stored, axis=0).astype(np.float64)
    if len(some) < 2:  # noqa: PLR2004
        return float("nan")
    each = some @ some.T
    return float((each.sum() - np.trace(each)) / (len(some) * (len(some) - 1)))


def _table(name: str | Path, settings: Settings) -> Table:
    """Return the table of a set that is made here, of a file, or of what is open here."""
    for spec in known_sets():
        if str(name) in {spec.name, spec.set_id}:
            return Table.open(prepare(spec.name, settings=settings))
    path = user_path(name)
    if isinstance(name, Path) or path.is_file() or name.endswith((".parquet", ".geoparquet")):
        return Table.open(path)
    return OpenedTable.of(name, open_embeddings(name, settings=settings))


def _spec(model: str, table: Table) -> EncoderSpec:
    name = model or ("" if table.header is None else table.header.model)
    if not name:
        message = f"{table.path.name} does not say which model made it."
        raise BadQueryError(message, hint="Name it: --model siglip-so400m-14-384, for example.")
    spec = encoder_spec(name)
    if "image" not in spec.modalities:
        message = f"The model {name} takes no images, so no set is made with it."
        raise BadQueryError(message, hint="Name the model that made the set.")
    return spec


def _sample(source: Pixels, table: Table, count: int) -> list[int]:
    if count < 1:
        message = f"At least one row is checked, got {count}."
        raise BadQueryError(message, hint="20 rows settle it.")
    there = source.rows(table)
    if not there:
        message = f"None of the {len(table):,} tiles of {table.path.name} is among these pixels."
        raise BadQueryError(message, hint="Tiles are found by grid_cell and product_id.")
    at = np.linspace(0, len(there) - 1, min(count, len(there))).round().astype(int)
    return [there[i] for i in at]


def _inputs(
    source: Pixels, table: Table, rows: Sequence[int], spec: EncoderSpec, size: int
) -> dict[tuple[str, str], list[ImageInput]]:
    """Return what encoders are fed, by tone and crop."""
    read = [source.read(table, row, spec) for row in rows]
    pictures = [one for one in read if not isinstance(one, Scene)]
    if pictures:
        made = [ImageInput(pixels=one, shown=one) for one in pictures]
        return {(AS_READ, "whole"): made}
    scenes = [one for one in read if isinstance(one, Scene)]
    found: dict[tuple[str, str], list[ImageInput]] = {}
    seen: list[list[Any]] = []
    for part, windows in crops_of(table, rows, size).items():
        parts = [cut(scene, window) for scene, window in zip(scenes, windows, strict=True)]
        shapes = [(one.dn.shape, one.transform) for one in parts]
        if shapes in seen:  # the rasters are cut already: centre and corner are the same pixels
            continue
        seen.append(shapes)
        if spec.pixels != "picture":
            found["", part] = [scene_input(scene, spec) for scene in parts]
            continue
        found[AS_TABLES, part] = [scene_input(scene, spec) for scene in parts]
        found[THUMBNAIL, part] = [_as_thumbnail(scene) for scene in parts]
    return found


def _as_thumbnail(scene: Scene) -> ImageInput:
    shown: NDArray[np.uint8] = thumbnail_tone(scene.take(RGB))
    return ImageInput(pixels=shown, shown=shown, name=scene.name)
