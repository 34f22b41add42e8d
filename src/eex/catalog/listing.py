"""What is known of every set, as plain records for lists and programs; opens and fetches none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from eex.catalog.gather import catalogue
from eex.catalog.known import known_sets, prepared_path, source_rows
from eex.catalog.opened import OpenHere, downloads_folder, opened_sets
from eex.errors import EexError
from eex.weights.hubs import page_of

if TYPE_CHECKING:
    from eex.catalog.records import SetRecord
    from eex.config import Settings
    from eex.sources.base import SourceSpec

State = Literal["open", "part", "begun", "made", "absent"]
"""All of it is open, or a part; some of its files have come; it was made here; it is not here."""


def set_records(settings: Settings) -> list[dict[str, Any]]:
    """Return what is known of each set: those made here, those of the catalogue, others open here.

    Each has a name, rows, bytes, model, licence, attribution, homes, where pixels are, a state, and
    what is open of it.
    """
    opened = opened_sets(settings)
    records = [_made(spec, settings) for spec in known_sets()]
    catalogued = catalogue(settings)
    records += [set_record(record, settings, opened) for record in catalogued.values()]
    others = (here for name, here in opened.items() if name not in catalogued)
    return records + [_other(here) for here in others]


def set_record(
    record: SetRecord, settings: Settings, opened: Mapping[str, OpenHere] | None = None
) -> dict[str, Any]:
    """Return all that is known of a published set, and what of it is here."""
    opened = opened_sets(settings) if opened is None else opened
    here = opened.get(record.name)
    plain = asdict(record)
    plain["homes"] = [{**asdict(home), "page": page_of(home)} for home in record.homes]
    plain["examples"] = [[title, dict(parts)] for title, parts in record.examples]
    state: State = "begun" if _begun(record, settings) else "absent"
    if here is not None:
        state = "open" if here.opened.whole else "part"
    return plain | {
        "id": record.name,
        "demo": False,
        "state": state,
        "open": None if here is None else _open(here),
    }


def _made(spec: SourceSpec, settings: Settings) -> dict[str, Any]:
    path, rows = None, 0
    with suppress(EexError):
        path, rows = prepared_path(spec.name, settings), source_rows(spec.name)
    there = path is not None and path.is_file()
    return {
        "name": spec.name,
        "id": spec.set_id,
        "title": spec.title,
        "model": spec.encoder,
        "rows": rows,
        "size": path.stat().st_size if path is not None and there else 0,
        "licence": spec.licence,
        "attribution": spec.attribution,
        "homes": [],
        "pixels": spec.pixels,
        "pixels_home": "",
        "tile_km": spec.tile_km,
        "notices": [spec.banner] if spec.banner else [],
        "demo": spec.demo,
        "state": "made" if there else "absent",
        "open": None,
    }


def _other(here: OpenHere) -> dict[str, Any]:
    """Return what an opened set that no catalogue knows says of itself."""
    header = here.header
    names = ("title", "model", "variant", "dim", "licence", "attribution", "pixels", "tile_km")
    return {
        "name": here.opened.name,
        "id": str(header.get("id", "")),
        **{name: header.get(name, "") for name in names},
        "rows": here.opened.rows_of,
        "size": sum(file.size for file in here.opened.files),
        "homes": [],
        "pixels_home": "",
        "notices": [],
        "demo": bool(header.get("demo", False)),
        "state": "open" if here.opened.whole else "part",
        "open": _open(here),
    }


def _open(here: OpenHere) -> dict[str, Any]:
    counts = here.counts
    return {
        "rows": counts.get("rows", 0),
        "unusable": sum(counts.get(name, 0) for name in ("null", "zero", "not_finite")),
        "bytes": here.size,
        "folder": str(here.folder),
        "downloads": here.opened.downloads,
        "target": here.opened.target,
        "source": here.opened.source,
        "repo": here.opened.repo,
        "commit": here.opened.commit,
        "selection": dict(here.opened.selection),
        "date": here.opened.date,
    }


def _begun(record: SetRecord, settings: Settings) -> bool:
    """Whether some of a set's files have come."""
    for home in record.homes:
        folder = downloads_folder(settings) / f"{home.hub}--{home.repo.replace('/', '--')}"
        if folder.is_dir() and any(path.is_file() for path in folder.rglob("*")):
            return True
    return False
