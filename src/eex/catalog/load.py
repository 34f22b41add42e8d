"""Records of sets out of TOML and JSON: checked field by field, with the place of each fault told.

A file holds `sets`, a list of tables whose keys are those of `SetRecord`:

    [[sets]]
    name = "mine"
    title = "My tiles"
    model = "clay-v1.5"
    licence = "CC-BY-4.0"
    homes = [{ hub = "huggingface", repo = "me/my-tiles" }]

Without `homes`, the names of its `files` are addresses or paths, relative to the catalogue's own.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from eex.catalog.records import ROLES, PlacesRecord, SetFile, SetRecord
from eex.errors import BadCatalogError
from eex.files import user_path
from eex.registry import names
from eex.weights.checksum import SHA256
from eex.weights.records import Home, Hub

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
"""What a set can be called."""

MOST_BYTES = 16 * 2**20
"""Largest catalogue that is read."""

DTYPES = ("", "float16", "float32", "float64", "int8")
"""Number formats of stored vectors."""

EXAMPLE_KEYS = {"text", "image", "place", "row", "parts", "weights", "bbox", "k", "match", "split"}
"""What an example can ask with: a part of `eex.search.query`'s record."""

QUANTIZATIONS = ("none", "scalar")

_SUFFIXES = (".parquet", ".geoparquet")
"""How names of sets must not end: such words are paths."""


def read_catalog(path: Path) -> tuple[SetRecord, ...]:
    """Return the records of a catalogue file.

    Args:
        path: TOML, or JSON by its suffix `.json`.

    Raises:
        BadCatalogError: If it is not there, cannot be read, or a record is wrong; says where.
    """
    path = user_path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"The catalogue {path} cannot be read: {error.strerror or error}."
        raise BadCatalogError(message, hint="Give a TOML or JSON file; see --help.") from error
    if len(content) > MOST_BYTES:
        message = f"The catalogue {path} is larger than {MOST_BYTES // 2**20} MiB."
        raise BadCatalogError(message, hint="Give a file with records, not the set itself.")
    return records_of(content, str(path), json_text=path.suffix == ".json", folder=path.parent)


def records_of(
    content: bytes, where: str, *, json_text: bool = False, folder: Path | None = None
) -> tuple[SetRecord, ...]:
    """Return the records that are written in the content of a catalogue.

    Args:
        content: TOML or JSON, UTF-8.
        where: What it is called in messages.
        json_text: Whether it is JSON.
        folder: What paths in it are relative to; None where it may have none.

    Raises:
        BadCatalogError: If it is not a catalogue, or a record is wrong.
    """
    try:
        text = content.decode("utf-8-sig")
        document: Any = json.loads(text) if json_text else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if json_text else "TOML"
        message = f"The catalogue {where} is not {kind}: {error}."
        raise BadCatalogError(message, hint="See docs/guide/sets.md for an example.") from error
    listed = document.get("sets") if isinstance(document, Mapping) else document
    if not isinstance(listed, list) or not listed:
        message = f"The catalogue {where} lists no sets."
        hint = "Each set is a table [[sets]] with a name and a title (in JSON a list `sets`)."
        raise BadCatalogError(message, hint=hint)
    found: dict[str, SetRecord] = {}
    for number, entry in enumerate(listed, start=1):
        label = entry.get("name") if isinstance(entry, Mapping) else None
        place = f"{where}, set {number}" + (f" ({label})" if isinstance(label, str) else "")
        record = record_of(entry, place, folder=folder)
        if record.name in found:
            raise _wrong(place, f"has the name {record.name!r} of another one")
        found[record.name] = record
    return tuple(found.values())


def record_of(entry: object, where: str, *, folder: Path | None = None) -> SetRecord:
    """Return one record out of plain values.

    Raises:
        BadCatalogError: If a field is unknown, missing, or of another kind than it must be.
    """
    given = _table(entry, where)
    known = {field.name for field in fields(SetRecord)}
    _check_known(given, known, where)
    for needed in ("name", "title"):
        if needed not in given:
            raise _wrong(where, f"lacks `{needed}`")
    values: dict[str, Any] = {k: _value(k, value, where) for k, value in given.items()}
    return checked(SetRecord(**values), where, folder=folder)


def checked(record: SetRecord, where: str, *, folder: Path | None = None) -> SetRecord:
    """Return a record, of a plug-in for one, if what it says can be used.

    Raises:
        BadCatalogError: If it cannot.
    """
    if not NAME.fullmatch(record.name) or record.name.endswith(_SUFFIXES):
        raise _wrong(where, f"is called {record.name!r}: lower-case letters, digits, `.`, `_`, `-`")
    for name in ("dim", "rows", "size", "crop"):
        if getattr(record, name) < 0:
            raise _wrong(where, f"has {getattr(record, name)} as `{name}`")
    if record.dtype not in DTYPES:
        raise _wrong(where, f"has {record.dtype!r} as `dtype`, not {', '.join(DTYPES[1:])}")
    _check_names(record, where)
    if strange := set(record.columns) - set(ROLES):
        raise _wrong(where, f"maps {min(strange)!r} in `columns`; roles are {', '.join(ROLES)}")
    if not record.files:
        raise _wrong(where, "has no files")
    files = tuple(_placed(record, f, where, folder) for f in record.files)
    places = record.places
    if places is not None:
        wanted = SetFile(name=places.file, sha256=places.sha256, size=places.size)
        if not places.file or "*" in places.file:
            raise _wrong(where, f"has {places.file!r} as `places.file`, which is not one file")
        place = f"{where}, `places`"
        places = replace(places, file=_placed(places, wanted, place, folder).name)
    return replace(record, files=files, places=places)


def _check_names(record: SetRecord, where: str) -> None:
    """Refuse a reader of pixels that nobody has, and examples that ask for what is none."""
    if record.pixels and record.pixels not in (readers := names("eex.readers")):
        raise _wrong(where, f"has {record.pixels!r} as `pixels`; readers are {', '.join(readers)}")
    for _title, asked in record.examples:
        _check_known(asked, EXAMPLE_KEYS, f"{where}, `examples`")


def _placed(
    record: SetRecord | PlacesRecord, file: SetFile, where: str, folder: Path | None
) -> SetFile:
    """Return a file whose name says where it is: in a repository, at an address, or a path."""
    if file.sha256 and not SHA256.fullmatch(file.sha256):
        raise _wrong(where, f"has a `sha256` of {file.name} that is none: 64 digits 0-9, a-f")
    if record.homes:
        if not file.name or file.name.startswith("/") or ".." in file.name:
            raise _wrong(where, f"has a file {file.name!r}, which is not a path in a repository")
        return file
    if "://" in file.name:
        return file
    if folder is None:
        raise _wrong(where, "has no `homes`, so that nobody knows where its files are")
    return replace(file, name=str(folder / user_path(file.name)))


def _value(key: str, value: object, where: str) -> object:
    """Return the value of a field, of the kind that the field has."""
    makers: dict[str, Callable[[object, str], object]] = {
        "homes": _home,
        "files": _file,
        "examples": _example,
    }
    if key in makers:
        return tuple(makers[key](each, where) for each in _list(value, where, key))
    if key == "places":
        return _places(value, where)
    if key in {"bands", "notices"}:
        return tuple(_typed(each, str, where, key) for each in _list(value, where, key))
    if key == "columns":
        table = _table(value, f"{where}, `columns`")
        return {role: _typed(name, str, where, key) for role, name in table.items()}
    return _typed(value, type(getattr(_PLAIN, key)), where, key)


def _home(value: object, where: str) -> Home:
    table = _table(value, f"{where}, `homes`")
    _check_known(table, {"hub", "repo", "revision", "kind"}, f"{where}, `homes`")
    texts = {key: _typed(each, str, where, f"homes.{key}") for key, each in table.items()}
    hubs = get_args(Hub)
    if texts.get("hub") not in hubs:
        raise _wrong(where, f"has a home at {texts.get('hub')!r}; hubs are {', '.join(hubs)}")
    repo = texts.get("repo", "")
    if not REPO.fullmatch(repo):
        raise _wrong(where, f"has a home {repo!r}, which is not owner/name")
    if texts.setdefault("kind", "dataset") not in {"model", "dataset"}:
        raise _wrong(where, f"has a home of kind {texts['kind']!r}; give model or dataset")
    return Home(**texts)


REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
"""Owner and name of a repository."""


def _file(value: object, where: str) -> SetFile:
    if isinstance(value, str):
        return SetFile(name=value)
    table = _table(value, f"{where}, `files`")
    _check_known(table, {"name", "sha256", "size"}, f"{where}, `files`")
    kinds: dict[str, type] = {"name": str, "sha256": str, "size": int}
    if "name" not in table:
        raise _wrong(where, "has a file without `name`")
    values = {key: _typed(each, kinds[key], where, f"files.{key}") for key, each in table.items()}
    return SetFile(**values)


def _places(value: object, where: str) -> PlacesRecord:
    where = f"{where}, `places`"
    table = _table(value, where)
    _check_known(table, {field.name for field in fields(PlacesRecord)}, where)
    if "file" not in table:
        raise _wrong(where, "lacks `file`")
    homes = tuple(_home(each, where) for each in _list(table.get("homes", ()), where, "homes"))
    kinds: dict[str, type] = {"file": str, "sha256": str, "size": int}
    values = {key: _typed(table[key], kinds[key], where, key) for key in kinds if key in table}
    return PlacesRecord(homes=homes, **values)


def _example(value: object, where: str) -> tuple[str, Mapping[str, Any]]:
    pair = _list(value, where, "examples")
    if len(pair) != 2 or not isinstance(pair[0], str):  # noqa: PLR2004
        raise _wrong(where, 'has an example that is not ["title", { text = "…" }]')
    return pair[0], dict(_table(pair[1], f"{where}, `examples`"))


def _typed(value: object, kind: type, where: str, key: str) -> Any:  # noqa: ANN401
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        wanted = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise _wrong(where, f"has {value!r} as `{key}`, where {wanted[kind]} belongs")
    return value


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(where, f"is {value!r}, not a table")
    return value


def _list(value: object, where: str, key: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _wrong(where, f"has {value!r} as `{key}`, where a list belongs")
    return value


def _check_known(given: Mapping[str, Any], known: set[str], where: str) -> None:
    from difflib import get_close_matches

    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(sorted(known))}."
            message = f"{where} has an unknown field `{key}`."
            raise BadCatalogError(message, hint=hint)


def _wrong(where: str, what: str) -> BadCatalogError:
    hint = "Correct the record; docs/guide/sets.md says what each field is."
    return BadCatalogError(f"{where} {what}.", hint=hint)


_PLAIN = SetRecord(name="", title="")
"""What the kinds of fields are read from."""
