"""The records of all sets that are known by name: ours, those of plug-ins, those of the user.

A record of the user's takes the place of one of ours; a plug-in's does not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from eex.catalog.load import checked, read_catalog, records_of
from eex.catalog.records import SetRecord
from eex.errors import BadCatalogError, EexError
from eex.registry import find, names, unknown_name

if TYPE_CHECKING:
    from eex.config import Settings

_LOGGER = logging.getLogger("eex")


def catalogue(settings: Settings) -> Mapping[str, SetRecord]:
    """Return every record by name, ours first.

    A plug-in or a file that cannot be read is told and left out: the others are of use without it.
    """
    found, made = dict(_ours()), names("eex.sources")
    for name in names("eex.sets"):
        try:
            for record in _plugged(name):
                if record.name in found or record.name in made:
                    message = f"its set {record.name!r} has the name of another one"
                    raise BadCatalogError(message)  # noqa: TRY301
                found[record.name] = record
        except Exception as error:  # noqa: BLE001, what a plug-in raises must not stop the others
            _LOGGER.warning("The sets of the plug-in %r are left out: %s", name, error)
    for path in settings.catalogs:
        try:
            found |= {record.name: record for record in records_at(path)}
        except EexError as error:
            _LOGGER.warning("Left out: %s %s", error, error.hint)
    return found


@cache
def _ours() -> Mapping[str, SetRecord]:
    content = resources.files("eex.catalog").joinpath("data/sets.toml").read_bytes()
    return {record.name: record for record in records_of(content, "sets.toml")}


def records_at(path: Path) -> tuple[SetRecord, ...]:
    """Return the records of a catalogue of the user's own.

    Raises:
        BadCatalogError: If it cannot be read, or one has the name of a set that is made here.
    """
    records = read_catalog(path)
    for record in records:
        if record.name in names("eex.sources"):
            message = f"The catalogue {path} calls a set {record.name!r}, which is made here."
            raise BadCatalogError(message, hint="Give it another name.")
        if record.model and not record.model.startswith("clip:"):
            _check_model(str(path), record.name, record.model)
    return records


def catalogue_of(name: str, settings: Settings) -> Path | None:
    """Return the catalogue of the user's own that has a set; the last one counts."""
    for path in reversed(settings.catalogs):
        with suppress(EexError):
            if any(record.name == name for record in records_at(path)):
                return path
    return None


@cache
def _check_model(path: str, name: str, model: str) -> None:
    """Tell once of a model that nobody knows; tiles of the set can be asked with all the same."""
    known = names("eex.encoders")
    if model not in known:
        near = unknown_name("model", model, known).hint
        _LOGGER.warning("%s: the model %r of %s is not known here. %s", path, model, name, near)


def _plugged(name: str) -> tuple[SetRecord, ...]:
    """Return what an entry point gives: a record, a sequence of them, or what makes either."""
    given = find("eex.sets", name)
    if callable(given) and not isinstance(given, SetRecord):
        given = given()
    records = [given] if isinstance(given, SetRecord) else given
    if not isinstance(records, Sequence) or not all(isinstance(r, SetRecord) for r in records):
        message = f"it is {type(given).__name__}, not a SetRecord or a sequence of them"
        raise BadCatalogError(message)
    return tuple(checked(record, f"The set of the plug-in {name}") for record in records)
