"""Opened sets: what is open here, under which name, from where.

Each lies in `Settings.sets_dir` as `open/NAME/KEY/`: the opened form (`eex.embeddings`) and
`opened.json`, which says where it came from. The folder appears whole or not at all, so the folders
are the register: there is nothing beside them that could say something else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.catalog.load import NAME
from eex.errors import DamagedSetError, NotOpenError
from eex.files import clear_abandoned, guarded, making
from eex.registry import unknown_name

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.embeddings import EmbeddingSet

OPENED = "opened.json"
"""What is written beside the parts of an opened set."""

VERSION = 1
"""Of `opened.json`."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file that a set was opened from."""

    name: str
    """Its path in the repository, its address, or its path here."""
    size: int = 0
    """Bytes."""
    sha256: str = ""
    """Checksum; empty where only a part of it was read, or it lies here."""
    checked: bool = False
    """Whether it was compared with one known before."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What is written down of an opened set."""

    name: str
    """What it is called here."""
    target: str
    """What was asked for, as it was typed."""
    identity: str
    """What tells it from other sets, see `targets.Target`."""
    request: str
    """Digest of all that was asked for; the same request needs no second opening."""
    key: str
    """Of the data; the folder's name."""
    wish: Mapping[str, Any] = field(default_factory=dict)
    """How it was asked for, so that it can be opened again alike."""
    source: str = ""
    """Hub, mirror or path that it came from."""
    repo: str = ""
    """Repository, where it came from a hub."""
    commit: str = ""
    """Commit there, where the hub told it."""
    selection: Mapping[str, Any] = field(default_factory=dict)
    """Which part of it; empty for all."""
    files: tuple[Source, ...] = ()
    """What it was opened from."""
    stamp: str = ""
    """Of local files: sizes and times, to see whether they have changed."""
    downloads: str = ""
    """Folder of the files that were fetched, if they were kept."""
    places: Mapping[str, Any] = field(default_factory=dict)
    """Where pixels are told, of rows that do not tell it themselves; see `joining.Join.note`."""
    bytes_read: int = 0
    """Bytes that came over the network."""
    rows_of: int = 0
    """Rows of the whole set, where that is known."""
    seconds: float = 0.0
    """How long opening took."""
    date: str = ""
    """When, ISO 8601, UTC."""

    @property
    def folders(self) -> set[str]:
        """Folders of files that were fetched for it and kept."""
        return {self.downloads, str(self.places.get("downloads", ""))} - {""}

    @property
    def whole(self) -> bool:
        """Whether all of the set is open."""
        return not self.selection


@dataclass(frozen=True, kw_only=True)
class OpenHere:
    """One set that is open here: what is known of it without mapping it."""

    opened: Opened
    """Where it came from."""
    folder: Path
    """Where it lies."""
    header: Mapping[str, Any]
    """What it says of itself."""
    counts: Mapping[str, int]
    """Rows, and how many cannot rank."""

    @property
    def size(self) -> int:
        """Bytes on the disk, without kept downloads."""
        return sum(part.stat().st_size for part in self.folder.iterdir() if part.is_file())


def sets_folder(settings: Settings) -> Path:
    """Return the folder of all opened sets and downloads."""
    return settings.sets_dir or settings.cache_dir / "named"


def folder_of(name: str, settings: Settings) -> Path:
    """Return where the opened forms of a name lie, whether there are any or not."""
    return sets_folder(settings) / "open" / name


def downloads_folder(settings: Settings) -> Path:
    """Return where fetched files lie, a folder for each repository."""
    return sets_folder(settings) / "downloads"


def opened_sets(settings: Settings) -> dict[str, OpenHere]:
    """Return what is open here, by name; maps nothing."""
    found = {}
    with suppress(OSError):
        for folder in sorted((sets_folder(settings) / "open").iterdir()):
            here = open_here(folder.name, settings)
            if here is not None:
                found[folder.name] = here
    return found


def open_here(name: str, settings: Settings) -> OpenHere | None:
    """Return what is open under a name, the latest of it; None if nothing is."""
    if NAME.fullmatch(name) is None:  # a path leads elsewhere
        return None
    found = []
    with suppress(OSError):
        for folder in folder_of(name, settings).iterdir():
            here = None if folder.name.startswith(".") else _read(folder)
            if here is not None and here.opened.name == name:
                found.append(here)
    return max(found, key=lambda here: here.opened.date, default=None)


def find_open(text: str, settings: Settings, *, identity: str = "") -> OpenHere | None:
    """Return what is open under a name, or else all of a set, whatever it is called here."""
    if "/" not in text and "\\" not in text:
        here = open_here(text, settings)
        if here is not None or not identity:
            return here
    same = [h for h in opened_sets(settings).values() if h.opened.identity == identity]
    whole = [h for h in same if h.opened.whole and not h.opened.wish]
    return min(whole, key=lambda h: h.opened.name, default=None)


def map_open(here: OpenHere) -> EmbeddingSet:
    """Map an opened set into memory.

    Raises:
        DamagedSetError: If its folder is not whole; the hint says how to open it again.
    """
    from eex.embeddings import open_folder

    try:
        return open_folder(here.folder, key=here.opened.key)
    except DamagedSetError as error:
        hint = f"eex open {here.opened.target} --as {here.opened.name} --refresh"
        raise DamagedSetError(str(error), hint=hint) from error


def is_current(here: OpenHere) -> bool:
    """Whether files of the user's own are still those that the set was opened from.

    They may be gone; what was opened from them is then what is left of them.
    """
    stamp = here.opened.stamp
    return not stamp or stamp_of(here.opened.files) in {stamp, ""}


def stamp_of(files: tuple[Source, ...]) -> str:
    """Return what tells whether files of the user's own have changed."""
    told = []
    for file in files:
        try:
            stat = Path(file.name).stat()
            told.append([file.name, stat.st_size, stat.st_mtime_ns])
        except OSError:
            return ""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def write_opened_note(folder: Path, opened: Opened) -> None:
    """Write down where a set came from, in the folder that is being made."""
    text = json.dumps({"version": VERSION} | asdict(opened), indent=1, ensure_ascii=False)
    (folder / OPENED).write_text(f"{text}\n", encoding="utf-8")


def remove_open(name: str, settings: Settings) -> tuple[int, int]:
    """Remove an opened set, and the downloads that no other one was opened from.

    Returns:
        Bytes of the opened form and of downloads that were freed.

    Raises:
        NotOpenError: If nothing of that name is open.
        OutputError: If it cannot be removed.
    """
    here = open_here(name, settings)
    folder = folder_of(name, settings)
    if here is None and (NAME.fullmatch(name) is None or not _begun(folder)):
        known = tuple(opened_sets(settings))
        error = unknown_name("opened set", name, known)
        raise NotOpenError(str(error), hint=error.hint if known else "Nothing is open here.")
    fetched = here.opened.folders if here is not None else set()
    with guarded(f"removing {folder}"), making(folder):
        freed = _size(folder)
        shutil.rmtree(folder)
    used = {name for h in opened_sets(settings).values() for name in h.opened.folders}
    files = 0
    for place in (downloads_folder(settings) / Path(name).name for name in fetched - used):
        if place.is_dir():
            with guarded(f"removing {place}"), making(place):
                files += _size(place)
                shutil.rmtree(place)
    return freed, files


def clear_older(folder: Path, kept: Path) -> None:
    """Remove forms of a name that a later one has taken the place of; who maps them keeps them."""
    clear_abandoned(folder)
    for older in folder.iterdir():
        if older != kept and older.is_dir() and not older.name.startswith("."):
            shutil.rmtree(older, ignore_errors=True)


def _begun(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _read(folder: Path) -> OpenHere | None:
    """Return what a folder says of itself; None if it is not a set that was opened."""
    known = {field.name for field in fields(Opened)}
    try:
        note = json.loads((folder / OPENED).read_text(encoding="utf-8"))
        record = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        values = {key: value for key, value in note.items() if key in known}
        values["files"] = tuple(Source(**file) for file in note["files"])
        opened = Opened(**values)
        if note["version"] != VERSION or opened.key != folder.name:
            return None
        header, counts = dict(record["header"]), dict(record["counts"])
        return OpenHere(opened=opened, folder=folder, header=header, counts=counts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
