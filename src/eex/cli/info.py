"""`eex info`: what is known of an embedding set, without looking at its vectors."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.say import answer, catalog_option, json_text, open_named, read_settings
from eex.errors import NotOpenError

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.embeddings import EmbeddingSet

NOTE = "opened.json"
"""Where `eex open` writes down what a set was opened from, beside its other files."""


@click.command()
@click.argument("name", metavar="SET")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@catalog_option
def info(name: str, *, as_json: bool) -> None:
    """Tell what is known of a set (a name or a .parquet file): rows, model, licence, place on disk.

    \b
    Examples:
      eex info world
      eex info tiles.parquet --json
    """  # noqa: D301 - click reads the backspace
    settings = read_settings()
    try:
        record = about(open_named(name, settings).embeddings)
    except NotOpenError as error:
        _tell_published(name, settings, error, as_json=as_json)
        return
    if as_json:
        answer(json_text(record))
        return
    shown = {key: _words(key, value) for key, value in record.items()}
    answer("\n".join(f"{key:<12} {text}" for key, text in shown.items() if text))


def _tell_published(name: str, settings: Settings, error: NotOpenError, *, as_json: bool) -> None:
    """Tell what is known of a published set that is not open here.

    Raises:
        NotOpenError: If no catalogue has it.
    """
    from eex.catalog.gather import catalogue
    from eex.catalog.listing import set_record
    from eex.catalog.targets import target_of
    from eex.cli.sets import record_text

    target = target_of(name, catalogue(settings))
    if not target.known:
        raise error
    record = set_record(target.record, settings)
    answer(json_text(record) if as_json else record_text(record))


def about(embeddings: EmbeddingSet) -> dict[str, Any]:
    """Return what is known of an opened set, as JSON can hold it; nothing is scanned."""
    from eex.catalog.joining import words_of

    header, counts, folder = embeddings.header, embeddings.counts, embeddings.folder
    note = _note(folder)
    return {
        "id": header.id,
        "title": header.title,
        "rows": counts.rows,
        "usable": counts.usable,
        "null": counts.null,
        "zero": counts.zero,
        "not_finite": counts.not_finite,
        "message": counts.message(),
        "dim": header.dim,
        "dtype": embeddings.vectors.dtype.name,
        "scale": header.scale,
        "offset": header.offset,
        "quantization": header.quantization,
        "model": header.model,
        "weights": header.weights,
        "variant": header.variant,
        "bands": list(header.bands),
        "preprocessing": header.preprocessing,
        "pixels": header.pixels,
        "places": words_of(note.get("places") or {}),
        "crop": header.crop,
        "tile_km": header.tile_km,
        "spread_km": header.spread_km,
        "columns": dict(embeddings.roles),
        "licence": header.licence,
        "attribution": header.attribution,
        "demo": header.demo,
        "banner": header.banner,
        "bytes": _size(folder),
        "folder": "" if folder is None else str(folder),
        "source": note.get("repo") or note.get("source") or note.get("target") or "",
        "commit": note.get("commit", ""),
        "selection": note.get("selection") or {},
        "rows_of": note.get("rows_of", 0),
    }


def _note(folder: Path | None) -> dict[str, Any]:
    """Return what a set was opened from; nothing where `eex open` did not open it."""
    if folder is not None:
        with suppress(OSError, ValueError):
            note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
            return note if isinstance(note, dict) else {}
    return {}


def _size(folder: Path | None) -> int:
    files = () if folder is None else folder.iterdir()
    return sum(file.stat().st_size for file in files if file.is_file())


def _words(key: str, value: Any) -> str:  # noqa: ANN401
    """Return a value for people; empty for what says nothing."""
    if value in ("", 0, None) or value in ([], {}) or (key, value) == ("scale", 1.0):
        return ""
    if key == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, dict):
        return ", ".join(f"{name}={some}" for name, some in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
