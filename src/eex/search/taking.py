"""An answer as a file of any format, or as an archive of all, with pixels of the best tiles.

`write_answer` writes into an open file, as a server does; `save_answer` makes a file that is whole
or absent. Pixels are read one after another from the opened set: an archive never is in memory.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from eex.errors import BadQueryError, EexError
from eex.export.archive import Archive
from eex.export.chips import chip_name, read_chips, reason
from eex.export.formats import BY_NAME, FORMATS, Format, format_of
from eex.export.geojson import geojson_pieces
from eex.export.kml import kml_pieces
from eex.export.parquet import write_parquet
from eex.export.readme import readme
from eex.export.snippets import BASE, curl_snippet, python_snippet
from eex.export.stac import stac_pieces
from eex.export.tables import csv_pieces
from eex.files import atomic_path, guarded, user_path
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from eex.export.records import Result
    from eex.search.found import Found
    from eex.search.run import OpenSet

CHIPS = 100
"""Best tiles whose pixels go into an archive, unless another number is asked for."""

MISSING = "chips/MISSING.txt"
"""File of an archive that says which tiles' pixels could not be had."""


@dataclass
class Written:
    """What became of an archive's pixels; empty for other formats."""

    chips: int = 0
    """Tiles whose pixels are in it."""
    missing: list[tuple[Result, EexError]] = field(default_factory=list)
    """Tiles whose pixels could not be had, and why."""


def save_answer(
    found: Found,
    path: str | Path,
    *,
    form: str = "",
    opened: OpenSet | None = None,
    chips: int = CHIPS,
    footprints: bool | None = None,
) -> Written:
    """Write an answer to a file, whole or not at all.

    Args:
        found: The answer.
        path: Where to; its ending says the format, unless `form` does.
        form: Name of a format, see `eex.export.formats`.
        opened: The set that was asked; archives take their pixels from it.
        chips: Best tiles whose pixels go into an archive.
        footprints: See `write_answer`.

    Raises:
        BadQueryError: If the format is not known, or is an archive and there is no set.
        OutputError: If the file cannot be written.
    """
    path = user_path(path)
    kind = format_named(form) if form else format_of(path)
    if kind.pixels and opened is None:
        message = f"A {kind.title} takes the pixels of the set, and an answer has none."
        raise BadQueryError(message, hint=f'opened.save_answer(found, "{path.name}") writes it.')
    with guarded(f"writing {path}"), atomic_path(path) as fresh, fresh.open("wb") as file:
        return write_answer(found, kind, file, opened=opened, chips=chips, footprints=footprints)


def format_named(name: str) -> Format:
    """Return a format by its name.

    Raises:
        BadQueryError: If there is none; the hint lists all.
    """
    if name not in BY_NAME:
        message = f"There is no format {name!r}."
        raise BadQueryError(message, hint=f"Known: {', '.join(form.name for form in FORMATS)}.")
    return BY_NAME[name]


def write_answer(
    found: Found,
    form: Format,
    file: IO[bytes],
    *,
    opened: OpenSet | None = None,
    chips: int = CHIPS,
    footprints: bool | None = None,
    base: str = BASE,
    token: bool = False,
) -> Written:
    """Write an answer into a file that can be sought in.

    Args:
        found: The answer.
        form: What it is written as.
        file: Where to.
        opened: The set that was asked, for archives.
        chips: Best tiles whose pixels go into an archive.
        footprints: Outlines of tiles or their centres, for GeoJSON (centres unless asked for) and
            GeoParquet (outlines unless asked for).
        base: Address of the server that a curl command asks.
        token: Whether that server asks for one.

    Raises:
        CancelledError: If nobody waits any more.
        EexError: If pixels alone are asked for, and those of no tile can be had: why the first
            cannot.
    """
    if form.pixels and opened is not None:
        return _archive(found, form, file, opened, chips)
    taken = found.taken
    pieces: dict[str, Callable[[], Iterable[str | bytes]]] = {
        "geojson": lambda: geojson_pieces(taken, footprints=bool(footprints)),
        "csv": lambda: csv_pieces(taken),
        "kml": lambda: kml_pieces(taken),
        "stac": lambda: stac_pieces(taken),
        "png": lambda: [found.to_png()],
        "python": lambda: [python_snippet(found.recipe)],
        "curl": lambda: [curl_snippet(found.recipe, base, token=token)],
        "recipe": lambda: [recipe_text(found)],
    }
    if form.name == "geoparquet":
        write_parquet(taken, file, footprints=footprints is not False)
        return Written()
    for piece in pieces[form.name]():
        check_stopped()
        file.write(piece.encode() if isinstance(piece, str) else piece)
    return Written()


def answer_text(found: Found, form: str) -> str:
    """Return an answer as text, in a format that is text.

    Raises:
        BadQueryError: If there is no such format.
    """
    file = io.BytesIO()
    write_answer(found, format_named(form), file)
    return file.getvalue().decode()


def recipe_text(found: Found) -> str:
    """Return the query as JSON, pictures included, so that it can be asked again."""
    return json.dumps(found.recipe, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def chip(opened: OpenSet, found: Found, result: Result) -> bytes:
    """Return a tile's red, green and blue as a cloud-optimised GeoTIFF.

    Its tags say licence, credit and notice, and how well the tile fits.

    Raises:
        EexError: If the pixels cannot be had, see `OpenSet.pixels`.
    """
    from eex.imagery.save import pixel_bytes

    pixels, credit = opened.pixels(result.row, kind="rgb"), found.credit
    pixels = replace(
        pixels,
        licence=pixels.licence or credit.licence,
        attribution=pixels.attribution or credit.attribution,
    )
    told = {
        "EEX_SET": credit.set_id,
        "EEX_ROW": str(result.row),
        "EEX_RANK": str(result.rank),
        "EEX_SCORE": f"{result.score:.6f}",
        "EEX_SCORE_KIND": found.score_kind,
        "EEX_QUERY": found.title(),
        "EEX_NOTICE": credit.banner,
    }
    return pixel_bytes(pixels, "tif", tags={name: text for name, text in told.items() if text})


def _archive(found: Found, form: Format, file: IO[bytes], opened: OpenSet, chips: int) -> Written:
    """Write files in the order of their names; what links to pixels comes after them."""
    taken, everything, written = found.taken, form.name == "zip", Written()
    some = found.results[:chips]
    there: dict[int, str] = {}
    with Archive(file) as archive:
        archive.add("README.txt", readme(taken, everything=everything))
        if everything:
            archive.add("answer.csv", csv_pieces(taken))
            archive.add("answer.geojson", geojson_pieces(taken))
            archive.add("answer.kml", kml_pieces(taken))
            with archive.begin("answer.parquet") as inside:
                write_parquet(taken, inside)
        for result, content in read_chips(some, lambda one: chip(opened, found, one)):
            if isinstance(content, EexError):
                written.missing.append((result, content))
                continue
            name = f"chips/{chip_name(result, len(some))}"
            archive.add(name, content)
            there[result.row] = f"./{name}"
        written.chips = len(there)
        if written.missing and not everything and not there:
            raise written.missing[0][1]
        if written.missing:
            archive.add(MISSING, _missing(written))
        if everything:
            archive.add("map.png", found.to_png())
        archive.add("recipe.json", recipe_text(found))
        archive.add("stac.json", stac_pieces(taken, there))
    return written


def _missing(written: Written) -> str:
    """Return in general words which pixels are missing."""
    lines = [f"Pixels of {len(written.missing)} tiles could not be had.", ""]
    lines += [f"{r.rank}. {r.id} (row {r.row}): {reason(e)}" for r, e in written.missing]
    return "\n".join(lines) + "\n"
