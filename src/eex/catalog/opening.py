"""Opening a set: its files found, fetched or read by range, and written as the form that is mapped.

One process opens a name while others wait. A set appears whole or not at all; what has come of its
files stays, so that the same command goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eex.catalog.fetching import FileProgress, addresses, have_files, here_already, missing_bytes
from eex.catalog.finding import Found, find_files
from eex.catalog.gather import catalogue
from eex.catalog.joining import Wanting, join_for
from eex.catalog.notes import check_model
from eex.catalog.opened import (
    Opened,
    OpenHere,
    Source,
    clear_older,
    downloads_folder,
    folder_of,
    is_current,
    map_open,
    open_here,
    opened_sets,
    sets_folder,
    stamp_of,
)
from eex.catalog.scene_refs import scene_refs
from eex.catalog.tables import (
    MOST_CHUNK,
    LocalTable,
    RemoteTable,
)
from eex.catalog.targets import SUFFIXES, Target, checked_as, target_of
from eex.catalog.wish import LARGE, Wish, too_large
from eex.catalog.writing import Files, Order, RowProgress, write_set
from eex.errors import (
    BadQueryError,
    DamagedSetError,
    DownloadError,
    NoRangesError,
    UnknownNameError,
)
from eex.files import clear_abandoned, guarded, making, remove_empty
from eex.registry import names
from eex.weights.part import check_room

if TYPE_CHECKING:
    from eex.catalog.records import SetRecord
    from eex.config import Settings

ROW_BYTES = 600
"""Bytes of a row beside its vector, about: identifiers, geometry, where its pixels are."""

READERS = 8
"""Footers that are fetched side by side."""

_LOGGER = logging.getLogger("eex")


def open_named_set(
    text: str | Path,
    settings: Settings,
    *,
    wish: Wish | None = None,
    name: str = "",
    source: str = "",
    refresh: bool = False,
    keep: bool = True,
    large: bool = False,
    progress: FileProgress | None = None,
    rows: RowProgress | None = None,
    waiting: Callable[[], None] | None = None,
) -> OpenHere:
    """Have a set open here; at once and without network if it is.

    Args:
        text: Name of a record, `org/name` at a hub, address of a Parquet file, path of a file or
            folder, or what an opened set was called.
        settings: For folders, hubs, the token, and whether anything may be fetched.
        wish: Which part of it, and how.
        name: What to call it here; by default the record's name, or the file's.
        source: huggingface, modelscope.cn, modelscope.ai, the address of a mirror, or a path of
            the user's own; `Settings.hub` by default, and after it other hubs that have the set.
        refresh: Ask again what the set is, and open it again if it has changed.
        keep: Keep fetched files, so that another part or format needs no network.
        large: Fetch more than 10 GB.
        progress: Told how much of each file is here.
        rows: Told how many rows are written.
        waiting: Called once if another process is opening the same.

    Raises:
        UnknownNameError: If no set is called that.
        BadQueryError: If the part or the way is none, the name is taken, or the repository has
            several tables; the hint says what to do.
        LargeSetError: If more than 10 GB would be fetched.
        DownloadError: If a file cannot be fetched.
        RemoteError: If a part of it cannot be read by range.
        DamagedSetError: If a file is no embedding table, or not the one expected.
        OutputError: If the disk has no room or refuses.
    """
    wish = wish or Wish()
    check_model(wish)
    target, wish, name = _meant(text, wish, name, settings)
    job = _Opening(
        text=str(text),
        target=target,
        wish=wish,
        name=name,
        settings=settings,
        source=source,
        refresh=refresh,
        keep=keep,
        large=large,
        progress=progress or (lambda _name, _done, _total: None),
        rows=rows or (lambda _done, _total: None),
        waiting=waiting,
    )
    return job.here() or job.make()


def _meant(text: str | Path, wish: Wish, name: str, settings: Settings) -> tuple[Target, Wish, str]:
    """Return the set, how it is wished for, and what it is called here."""
    records = catalogue(settings)
    if isinstance(text, str) and text not in records:
        before = open_here(text, settings)
        if before is not None:
            known = before.opened
            plain = wish == Wish()
            try:
                target = target_of(known.target, records)
            except UnknownNameError as error:
                hint = f"{text} is open; to open it anew, give the --catalog that has it."
                raise UnknownNameError(str(error), hint=hint, **error.details) from error
            wish = Wish.from_json(known.wish) if plain else wish
            return target, wish, _free(name, target, records) if name else text
    target = target_of(text, records, others=(*names("eex.sources"), *opened_sets(settings)))
    return target, wish, _free(name or target.record.name, target, records)


def _free(name: str, target: Target, records: Mapping[str, SetRecord]) -> str:
    """Return what a set shall be called here, if nothing else that is known is called that.

    Raises:
        BadQueryError: If something is, or no set can be called that.
    """
    own = target.known and target.record.name == name
    if not own and (name in records or name in names("eex.sources")):
        message = f"{name} is the name of a set that is known (eex sets)."
        raise BadQueryError(message, hint="Choose another name with --as (called in Python).")
    return checked_as(name)


@dataclass
class _Opening:
    """One set being opened."""

    text: str
    target: Target
    wish: Wish
    name: str
    settings: Settings
    source: str
    refresh: bool
    keep: bool
    large: bool
    progress: FileProgress
    rows: RowProgress
    waiting: Callable[[], None] | None

    @property
    def request(self) -> str:
        """What tells requests from each other."""
        text = json.dumps([self.target.identity, self.wish.to_json()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def order(self) -> Order:
        """What is to be made."""
        return Order(
            name=self.name,
            text=self.text,
            target=self.target,
            wish=self.wish,
            request=self.request,
            keep=self.keep,
            large=self.large,
            progress=self.progress,
            rows=self.rows,
            settings=self.settings,
        )

    def here(self) -> OpenHere | None:
        """Return the set if it is open already; None if it must be made.

        Raises:
            BadQueryError: If something else has its name.
        """
        here = open_here(self.name, self.settings)
        if here is None or self.refresh:
            return None
        known = here.opened
        if known.identity != self.target.identity:
            message = f"{self.name} is the name of another set that is open: {known.target}."
            raise BadQueryError(message, hint="Choose another name with --as, or give --refresh.")
        if known.request != self.request and self.wish != Wish():
            before, now = Wish.from_json(known.wish).words(), self.wish.words()
            message = f"{self.name} is open already, in another way: {before}; not {now}."
            hint = "Give it another name with --as, or replace it with --refresh."
            raise BadQueryError(message, hint=hint)
        if not is_current(here):
            return None  # a file of the user's own has changed
        try:
            map_open(here)
        except DamagedSetError:
            return None
        return here

    def make(self) -> OpenHere:
        """Open it."""
        folder = folder_of(self.name, self.settings)
        with (
            _naming(self),
            guarded(f"opening {self.name}"),
            making(folder, waiting=self.waiting),
            ExitStack() as cleared,
        ):
            here = self.here()  # another process may have made it meanwhile
            if here is not None:
                return here
            started = time.perf_counter()
            cleared.callback(remove_empty, folder)  # if nothing is made
            for one in folder.parent.iterdir():
                if one.is_dir():
                    clear_abandoned(one)
            found = find_files(
                self.target,
                self.settings,
                source=self.source,
                file=self.wish.file,
                shards=self.wish.selection.shards,
            )
            if self.refresh and self.settings.offline and not found.paths:
                told = "HF_HUB_OFFLINE forbids asking for something newer than what is here of %s."
                _LOGGER.warning(told, self.name)
            by_range = self.wish.selection.inside_files and not here_already(found, self.settings)
            opened = self._by_range(found, started) if by_range else None
            if opened is None:
                opened = self._whole_files(found, started)
            place = folder / opened.key
            clear_older(folder, place)
        here = open_here(self.name, self.settings)
        assert here is not None
        return here

    def _whole_files(self, found: Found, started: float) -> Opened:
        """Have all files here, and open what is wanted of them."""
        self._check(found)
        paths, sources = have_files(
            found,
            self.settings,
            progress=self.progress,
            waiting=self.waiting,
            anew=self.refresh,
        )
        downloads = "" if found.paths or found.folder is None else found.folder.name
        files = Files(
            found=found,
            tables=[LocalTable(path) for path in paths],
            sources=sources,
            stamp=stamp_of(sources) if found.paths else "",
            downloads=downloads,
        )
        return self._written(files, started)

    def _by_range(self, found: Found, started: float) -> Opened | None:
        """Read what is wanted by range; None where the server sends whole files only."""
        from concurrent.futures import ThreadPoolExecutor

        from eex.remote.addresses import Policy
        from eex.remote.client import RemoteClient
        from eex.remote.parquet import RemoteParquet

        settings = self.settings
        if found.source is not None:
            settings = replace(settings, hub=found.source.name)
        client = RemoteClient(settings, policy=Policy(public=False))
        try:
            with ThreadPoolExecutor(READERS) as pool:

                def footer(url: str) -> RemoteTable:
                    file = RemoteParquet.open(
                        url, client=client, cache_dir=settings.cache_dir, chunk_limit=MOST_CHUNK
                    )
                    return RemoteTable(file)

                tables = list(pool.map(footer, addresses(found, settings)))
            sources = tuple(
                Source(name=file.name, size=table.file.stamp.size, sha256="")
                for file, table in zip(found.files, tables, strict=True)
            )
            files = Files(
                found=found,
                tables=tables,
                sources=sources,
                contents=json.dumps([[t.file.stamp.size, t.file.stamp.etag] for t in tables]),
                counted=lambda: client.counted().bytes,
            )
            return self._written(files, started)
        except NoRangesError as error:
            _LOGGER.warning("%s Its files are fetched whole.", error)
            return None
        finally:
            client.close()

    def _written(self, files: Files, started: float) -> Opened:
        """Write the opened form, with where pixels are."""
        wanting = Wanting(
            settings=self.settings,
            part=bool(self.wish.selection),
            source=self.source,
            refresh=self.refresh,
            progress=self.progress,
            waiting=self.waiting,
        )
        schemas = [table.schema for table in files.tables]
        scenes = scene_refs(
            files.found,
            schemas[0],
            self.settings,
            progress=self.progress,
            waiting=self.waiting,
            anew=self.refresh,
        )
        if scenes is not None and scenes.source is not None and files.found.paths:
            sources = (*files.sources, scenes.source)
            files = replace(files, sources=sources, stamp=stamp_of(sources))
        join = join_for(files.found.record, schemas, wanting)
        try:
            opened = write_set(
                replace(files, join=join, scenes=scenes), self.order, started=started
            )
        finally:
            if join is not None:
                join.close()
        if not self.keep:
            self._discard({files.downloads, "" if join is None else join.downloads}, opened)
        return opened

    def _check(self, found: Found) -> None:
        """Refuse what is too large to be fetched unasked, or for the disk."""
        missing = missing_bytes(found, self.settings)
        whole = not self.wish.selection.shards
        here = here_already(found, self.settings)
        size = found.size or (found.record.size if whole else 0)
        if not here and max(missing, size) > LARGE and not self.large:
            raise too_large(self.name, max(missing, size), "")
        record = found.record
        form = {"": 4, "float32": 4, "float16": 2}.get(self.wish.dtype, 4)
        opened = size * form // 4
        if record.rows and record.dim and whole:
            opened = record.rows * (record.dim * form + ROW_BYTES)
        if self.wish.selection.inside_files:
            opened = 0  # it is not known how many rows there will be
        folder = sets_folder(self.settings)
        what = f"Opening {self.name}"
        check_room(folder, missing + opened, what, variable="EEX_SETS_DIR")

    def _discard(self, fetched: set[str], opened: Opened) -> None:
        """Remove folders of fetched files that no other opened set was opened from."""
        others = [h for h in opened_sets(self.settings).values() if h.opened.name != opened.name]
        used = {name for here in others for name in here.opened.folders}
        for name in fetched - used - {""}:
            folder = downloads_folder(self.settings) / name
            with making(folder):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _naming(job: _Opening) -> Iterator[None]:
    """Have every failure of fetching say of which set, and what else the word could have meant."""
    try:
        yield
    except DownloadError as error:
        named = job.name in str(error).split()
        message, hint = str(error) if named else f"{job.name}: {error}", error.hint
        if job.text.lower().endswith(SUFFIXES) and "://" not in job.text:
            hint = f"There is no file {job.text} here either. {hint}"
        raise type(error)(message, hint=hint, **error.details) from error
