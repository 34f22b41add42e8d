"""`eex info`: what is known of an embedding set, without looking at its vectors."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.facts import counted, facts_text, model_text
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
    answer(_text(record))


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


def _text(record: dict[str, Any]) -> str:
    """Return what is known of an opened set, for people; in the form of `eex sets NAME`."""
    counts = f"{record['rows']:,}"
    if record["rows_of"] and record["rows_of"] != record["rows"]:
        counts += f" of {record['rows_of']:,}"
    if record["usable"] != record["rows"]:
        counts += f", {record['usable']:,} usable"
    numbers = f"stored x {record['scale']:g} + {record['offset']:g}"
    vectors = [f"{counted(record['dim'], 'number')}, {record['dtype']}"]
    vectors += [numbers] if (record["scale"], record["offset"]) != (1.0, 0.0) else []
    selection = ", ".join(f"{key} {_listed(value)}" for key, value in record["selection"].items())
    source = record["source"] + (f", commit {record['commit'][:12]}" if record["commit"] else "")
    said = {
        "title": record["title"],
        "model": model_text(record["model"], record["variant"]) or "not known",
        "weights": record["weights"],
        "rows": counts,
        "part": selection,
        "vectors": "\n".join([*vectors, *filter(_says, [record["quantization"]])]),
        "size": f"{record['bytes'] / 1e6:,.1f} MB" if record["bytes"] else "",
        "licence": record["licence"] or "not stated",
        "credit": record["attribution"],
        "from": source,
        "bands": ", ".join(record["bands"]),
        "fed with": record["preprocessing"],
        "pixels": record["pixels"],
        "crop": counted(record["crop"], "pixel") if record["crop"] else "",
        "tile": f"{record['tile_km']:g} km" if record["tile_km"] else "",
        "spread": f"{record['spread_km']:g} km between results" if record["spread_km"] else "",
        "columns": ", ".join(f"{role}: {name}" for role, name in record["columns"].items()),
        "open": f"in {record['folder']}" if record["folder"] else "",
        "note": "\n".join(filter(None, (record["banner"], record["message"], record["places"]))),
    }
    return facts_text(record["id"], said)


def _listed(value: object) -> str:
    return ",".join(f"{one:g}" for one in value) if isinstance(value, list | tuple) else str(value)


def _says(text: str) -> bool:
    """Whether there is more in a text than that there is nothing."""
    return text not in {"", "none"}
