"""Which files a set has, and where: in a repository, at addresses, or here.

Of a hub's set the list of files is asked for: with it come sizes, checksums and the commit that all
of them are taken from.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from eex.catalog.gather import catalogue_of
from eex.catalog.kept import kept_listing
from eex.catalog.opened import downloads_folder
from eex.catalog.records import SetFile
from eex.catalog.targets import SUFFIXES, Target, safe_name, with_hub
from eex.errors import BadQueryError, DownloadError, SetNotFoundError
from eex.weights.answers import NoAnswerError
from eex.weights.hubcache import blob_sha256, snapshot
from eex.weights.hubs import MODELSCOPES, Source, home_of, source_of
from eex.weights.listing import ListedFile, Listing, list_files
from eex.weights.receipts import file_here, read_receipt
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.catalog.records import SetRecord
    from eex.config import Settings

SHOWN = 12
"""Tables of a repository that an error lists."""

_LOGGER = logging.getLogger("eex")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files of a set, as far as they are wanted, and where they are."""

    record: SetRecord
    """What is known of the set; its homes are pinned to the commit that was met."""
    files: tuple[WeightFile, ...]
    """Those wanted, sorted by name; sizes 0 where nobody told them."""
    paths: tuple[Path, ...] = ()
    """Where they lie here, if they are the user's own."""
    source: Source | None = None
    """Where they are fetched from otherwise."""
    home: Home | None = None
    """Repository there; None for addresses."""
    folder: Path | None = None
    """Where they are put."""
    commit: str = ""
    """Commit that they are of, where the hub told it."""
    revision: str = ""
    """Branch, tag or commit that was asked for."""
    listing: Listing | None = None
    """All that the repository has."""

    @property
    def size(self) -> int:
        """Bytes of all files; 0 if one's is not known."""
        sizes = [file.size for file in self.files]
        return sum(sizes) if all(sizes) else 0


class Wanted:
    """The files of a set, as `eex.weights` gets files."""

    def __init__(
        self, record: SetRecord, files: tuple[WeightFile, ...], homes: tuple[Home, ...]
    ) -> None:
        """Take them over."""
        self.name, self.title = record.name, record.title
        self.licence, self.attribution = record.licence, record.attribution
        self.files, self.homes = files, homes


def find_files(
    target: Target, settings: Settings, *, source: str = "", file: str = "",
    shards: Sequence[int] = (),
) -> Found:  # fmt: skip
    """Return which files a set has and where; asks the hub for its list, fetches nothing else.

    Args:
        target: The set.
        settings: For hubs, folders, and whether anything may be asked.
        source: A hub's name, a mirror's address, or a path of the user's own; `Settings.hub`, and
            after it the other hubs that have the set, by default.
        file: Which of several tables of a repository: a path there, `*` for anything.
        shards: Numbers of the files that are wanted, from 1; all by default.

    Raises:
        BadQueryError: If a file is not there, or the repository has several tables.
        SetNotFoundError: If there is no file at a path.
        DownloadError: If no hub lists the files.
    """
    if target.kind == "path":
        return _own(target.record, _at_paths(target, settings), file, shards)
    if target.kind == "url":
        return _addresses(target.record, settings, shards)
    record = with_hub(target.record, target.hub) if target.hub else target.record
    chosen = source_of(source or target.hub or settings.hub, settings)
    if chosen.layout == "local":
        return _own(record, _matching(chosen.path, record), file, shards)
    if chosen.layout == "modelscope" and not target.known:
        record = with_hub(record, chosen.name)  # type: ignore[arg-type]
    others = () if source or target.hub or not target.known else _other_hubs(record, chosen)
    refused: list[DownloadError] = []
    for one in (chosen, *(source_of(hub, settings) for hub in others)):
        try:
            return _at_hub(record, one, settings, file, shards)
        except DownloadError as error:
            kept = None
            if isinstance(error, NoAnswerError):
                kept = _kept_from(record, one, settings, file, shards)
            if kept is not None:
                told = (
                    "%s It cannot be told whether %s has changed: what was fetched before is used."
                )
                _LOGGER.warning(told, error, record.name)
                return kept
            refused.append(error)
            if others and not settings.offline:
                _LOGGER.warning("%s: %s", one.name, error.details.get("reason", error))
    raise _nobody(record, refused)


def _nobody(record: SetRecord, refused: Sequence[DownloadError]) -> DownloadError:
    """Return the error for a set that no hub gives."""
    if not all(isinstance(error, NoAnswerError) for error in refused):
        return next(error for error in refused if not isinstance(error, NoAnswerError))
    reasons = dict.fromkeys(str(error.details["reason"]) for error in refused)
    message = f"{record.name} cannot be fetched: {'; '.join(reasons)}."
    hint = (
        "Check the connection, or give files of your own with --from PATH (source in Python). "
        "What is open can be used without network: eex sets lists it."
    )
    return NoAnswerError(message, hint=hint)


def _own(record: SetRecord, paths: Sequence[Path], file: str, shards: Sequence[int]) -> Found:
    pinned = record.files[0].sha256 if len(paths) == 1 and record.homes else ""
    if file:
        paths = [p for p in paths if _pattern(file).fullmatch(p.name)]
        if not paths:
            message = f"There is no file {file} among those of {record.name}."
            raise BadQueryError(message, hint="Give the file's own name, or * for a part of it.")
    paths = [paths[i] for i in _numbers(len(paths), shards)]
    files = tuple(
        WeightFile(name=str(path), size=path.stat().st_size, sha256=pinned) for path in paths
    )
    return Found(record=record, files=files, paths=tuple(paths))


def _at_paths(target: Target, settings: Settings) -> list[Path]:
    """Return the files of a set at paths; those of a catalogue that lack are told with it."""
    try:
        return _paths(target.record)
    except SetNotFoundError as error:
        where = catalogue_of(target.record.name, settings) if target.known else None
        if where is None:
            raise
        message = f"{error} The catalogue {where} says that {target.record.name} is there."
        raise SetNotFoundError(message, hint="Correct `files` of its record.") from error


def _paths(record: SetRecord) -> list[Path]:
    """Return the Parquet files at the paths of a record; folders stand for those in them."""
    from eex.embeddings.table import files_of

    found: list[Path] = []
    for file in record.files:
        path = Path(file.name)
        if "*" in path.name:
            some = sorted(p for p in path.parent.glob(path.name) if p.is_file())
            if not some:
                message = f"There is no file {path}."
                raise SetNotFoundError(message, hint="Check the path.")
            found += some
        else:
            found += files_of(path)
    return found


def _matching(path: Path, record: SetRecord) -> list[Path]:
    """Return the files of a record that lie at a path of the user's own."""
    from eex.embeddings.table import files_of

    paths = files_of(path)
    if not path.is_dir():
        return paths
    patterns = [_pattern(file.name) for file in record.files]
    named = [p for p in paths if any(w.fullmatch(p.relative_to(path).as_posix()) for w in patterns)]
    return named or paths


def _addresses(record: SetRecord, settings: Settings, shards: Sequence[int]) -> Found:
    chosen = [record.files[i] for i in _numbers(len(record.files), shards)]
    files = tuple(WeightFile(name=f.name, sha256=f.sha256, size=f.size) for f in chosen)
    place = urlsplit(files[0].name)
    mark = safe_name(f"{place.hostname}-{Path(place.path).parent}")
    digest = hashlib.sha256(files[0].name.encode()).hexdigest()[:8]
    source = source_of("huggingface", settings)
    folder = downloads_folder(settings) / f"{mark[:60]}-{digest}"
    return Found(record=record, files=files, source=source, folder=folder)


def _at_hub(
    record: SetRecord, source: Source, settings: Settings, file: str, shards: Sequence[int]
) -> Found:
    home, folder = _place(record, source, settings)
    listing = _listing(home, source, settings, folder)
    return _listed(record, source, settings, listing, file=file, shards=shards)


def _kept_from(
    record: SetRecord, source: Source, settings: Settings, file: str, shards: Sequence[int]
) -> Found | None:
    """Return the files of a set as they were fetched before; None if not all are here."""
    home, folder = _place(record, source, settings)
    listing, receipt = kept_listing(folder, home.revision), read_receipt(folder)
    if listing is None or receipt is None:
        return None
    try:
        found = _listed(record, source, settings, listing, file=file, shards=shards)
    except BadQueryError:  # it may have what is wanted by now
        return None
    return found if all(file_here(folder, f, receipt) for f in found.files) else None


def _place(record: SetRecord, source: Source, settings: Settings) -> tuple[Home, Path]:
    """Return a set's repository at a source, and where its files are put."""
    home = home_of(Wanted(record, (), record.homes), WeightFile(name=""), source)
    mark = f"{home.hub}--{home.repo.replace('/', '--')}"
    if source.layout == "huggingface" and source.name != "huggingface":
        mark = f"{safe_name(urlsplit(source.endpoint).netloc)}--{home.repo.replace('/', '--')}"
    return home, downloads_folder(settings) / mark


def _listed(
    record: SetRecord, source: Source, settings: Settings, listing: Listing,
    *, file: str, shards: Sequence[int],
) -> Found:  # fmt: skip
    """Return the files of a set among those that its repository has."""
    home, folder = _place(record, source, settings)
    revision = home.revision
    if listing.commit:
        home = replace(home, revision=listing.commit)
    chosen = _chosen(record, listing.files, file)
    files = tuple(chosen[i] for i in _numbers(len(chosen), shards))
    pinned = tuple(home if h.hub == home.hub else h for h in record.homes)
    return Found(
        record=replace(record, homes=pinned),
        files=files,
        source=source,
        home=home,
        folder=folder,
        commit=listing.commit,
        revision=revision,
        listing=listing,
    )


def _listing(home: Home, source: Source, settings: Settings, folder: Path) -> Listing:
    """Return the files of a repository: as the hub lists them, offline as it last did.

    Of what was never fetched here, offline those in the cache of Hugging Face's tools.
    """
    if not settings.offline:
        return list_files(home, source, settings)
    kept = kept_listing(folder, home.revision)
    if kept is not None:
        return kept
    return _snapshot(home, settings)


def _snapshot(home: Home, settings: Settings) -> Listing:
    folder = snapshot(settings.hub_cache, home)
    if folder is None:
        message = f"{home.repo} is not here, and HF_HUB_OFFLINE forbids fetching it."
        raise DownloadError(message, hint="Unset HF_HUB_OFFLINE, or give files with --from PATH.")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = tuple(
        ListedFile(
            name=path.relative_to(folder).as_posix(),
            size=path.stat().st_size,
            sha256=blob_sha256(path),
        )
        for path in paths
    )
    return Listing(files=files, commit=folder.name)


def _chosen(record: SetRecord, listed: Sequence[ListedFile], file: str) -> tuple[WeightFile, ...]:
    """Return the files of a record among those of its repository, checksums of both joined."""
    wanted: Sequence[SetFile] = (SetFile(name=file),) if file else record.files
    found: dict[str, WeightFile] = {}
    for pattern in wanted:
        matching = [f for f in listed if _pattern(pattern.name).fullmatch(f.name)]
        if not matching:
            raise _none_of(record, pattern.name, listed)
        known = pattern.sha256 if len(matching) == 1 else ""
        for one in matching:
            if known and one.sha256 and one.sha256 != known:
                message = f"{one.name} of {record.name} has changed: its checksum is another one."
                hint = "Update this program, or open the file by its address to take it as it is."
                raise BadQueryError(message, hint=hint)
            size = one.size or pattern.size
            found[one.name] = WeightFile(name=one.name, sha256=known or one.sha256, size=size)
    if len(wanted) == 1 and "**" in wanted[0].name:
        _check_one_table(record, list(found.values()))
    return tuple(found[name] for name in sorted(found))


def _check_one_table(record: SetRecord, files: Sequence[WeightFile]) -> None:
    """Refuse a repository whose files are not parts of one table, by their names.

    Raises:
        BadQueryError: If they are not; the hint lists the tables.
    """
    tables: dict[str, list[WeightFile]] = {}
    for file in files:
        tables.setdefault(re.sub(r"\d+", "*", file.name), []).append(file)
    if len(tables) == 1:
        return
    said = []
    for name, some in sorted(tables.items()):
        count = f"{len(some)} files, " if len(some) > 1 else ""
        said.append(f"{name} ({count}{sum(file.size for file in some) / 1e6:,.0f} MB)")
    message = f"{record.title} has {len(tables)} tables: {', '.join(said[:SHOWN])}."
    raise BadQueryError(message, hint=f"Say which with --file '{min(tables)}'.")


def _pattern(text: str) -> re.Pattern[str]:
    """Return what file names a pattern means: `*` is anything but a slash, `**` anything."""
    parts = re.split(r"(\*\*|\*)", text)
    kinds = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(kinds.get(part, re.escape(part)) for part in parts))


def _numbers(count: int, shards: Sequence[int]) -> list[int]:
    """Return which files are wanted, from 0.

    Raises:
        BadQueryError: If one is not there.
    """
    beyond = [number for number in shards if number > count]
    if beyond:
        files = f"{count} files" if count != 1 else "1 file"
        message = f"The set has {files}, no file {beyond[0]}."
        hint = f"Files are numbered from 1 to {count}."
        raise BadQueryError(message, hint=hint if count != 1 else "Leave --shards out.")
    return [number - 1 for number in shards] or list(range(count))


def _none_of(record: SetRecord, pattern: str, listed: Sequence[ListedFile]) -> BadQueryError:
    tables = [file.name for file in listed if file.name.lower().endswith(SUFFIXES)]
    shown = ", ".join(tables[:SHOWN]) + (", …" if len(tables) > SHOWN else "")
    what = "Parquet file" if pattern.startswith("**") else f"file {pattern}"
    message = f"{record.title} has no {what}."
    hint = f"It has {shown}." if shown else "It may not be an embedding set."
    return BadQueryError(message, hint=hint)


def _other_hubs(record: SetRecord, chosen: Source) -> tuple[str, ...]:
    """Return the other hubs that have a set; none where a mirror was asked for."""
    if chosen.name not in {"huggingface", *MODELSCOPES}:
        return ()
    return tuple(dict.fromkeys(home.hub for home in record.homes if home.hub != chosen.name))
