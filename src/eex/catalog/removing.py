"""Removing a set: what is open of it, and what has come of a download that was begun."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eex.catalog.finding import find_files
from eex.catalog.gather import catalogue
from eex.catalog.opened import downloads_folder, open_here, opened_sets, remove_open
from eex.catalog.targets import target_of
from eex.errors import EexError, NotOpenError
from eex.files import guarded, making

if TYPE_CHECKING:
    from eex.config import Settings


def remove_named(name: str, settings: Settings) -> tuple[int, int]:
    """Remove an opened set and the files that were fetched for it alone, also those of a try.

    Args:
        name: What it is called here; of a download that was begun also the word that was typed.
        settings: Where sets are.

    Returns:
        Bytes of the opened form and of fetched files that were freed.

    Raises:
        NotOpenError: If nothing of it is here.
        OutputError: If it cannot be removed.
    """
    begun = _begun(name, settings)
    freed = fetched = 0
    try:
        freed, fetched = remove_open(name, settings)
    except NotOpenError:
        if not begun:
            raise
    used = {folder for here in opened_sets(settings).values() for folder in here.opened.folders}
    for place in begun:
        if place.name not in used and place.is_dir():
            with guarded(f"removing {place}"), making(place):
                fetched += sum(p.stat().st_size for p in place.rglob("*") if p.is_file())
                shutil.rmtree(place)
    return freed, fetched


def _begun(name: str, settings: Settings) -> list[Path]:
    """Return where files of a set lie that no opened set was opened from."""
    used = {folder for here in opened_sets(settings).values() for folder in here.opened.folders}
    here = open_here(name, settings)
    own = set() if here is None else here.opened.folders
    try:
        target = target_of(name, catalogue(settings))
    except EexError:
        return []
    found: list[Path] = []
    if target.kind == "hub":
        repos = {home.repo.replace("/", "--") for home in target.record.homes}
        with suppress(OSError):
            found = [
                folder
                for folder in sorted(downloads_folder(settings).iterdir())
                if folder.name.partition("--")[2] in repos and not folder.name.startswith(".")
            ]
    elif target.kind == "url":
        folder = find_files(target, settings).folder  # of an address, nobody is asked
        found = [folder] if folder is not None and folder.is_dir() else []
    return [folder for folder in found if folder.name not in used - own]
