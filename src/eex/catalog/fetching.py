"""The files of a set on this machine: fetched, resumed, verified; what is here is not asked for.

What lies in Hugging Face's own cache is not fetched again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from eex.catalog.finding import Found, Wanted
from eex.catalog.kept import keep_listing
from eex.catalog.opened import Source as FromFile
from eex.errors import DamagedSetError, DownloadError
from eex.files import guarded, making, remove_empty
from eex.weights.answers import NoAnswerError
from eex.weights.checksum import sha256_of
from eex.weights.fetch import fetch_file, forget_note
from eex.weights.get import Getting
from eex.weights.hubcache import cached_file
from eex.weights.hubs import Origin, origin_of
from eex.weights.receipts import file_here, read_receipt
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.config import Settings

_LOGGER = logging.getLogger("eex")

FileProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0: not known)."""


def have_files(
    found: Found,
    settings: Settings,
    *,
    progress: FileProgress,
    waiting: Callable[[], None] | None = None,
    anew: bool = False,
) -> tuple[tuple[Path, ...], tuple[FromFile, ...]]:
    """Have the files on this machine, and return where, and what they are.

    Args:
        found: Which files.
        settings: For the cache of Hugging Face's tools, the token, and whether to fetch at all.
        progress: Told how much of each file is here.
        waiting: Called once if another process is fetching the same.
        anew: Ask for files at addresses again although they are here; of hubs it is known by
            their checksums whether they are still the same.

    Raises:
        DownloadError: If one cannot be fetched.
        DamagedSetError: If one of the user's own is not the one that is expected.
        OutputError: If the disk has no room or refuses.
    """
    if found.paths:
        return found.paths, tuple(
            _own_file(path, file, progress)
            for path, file in zip(found.paths, found.files, strict=True)
        )
    assert found.folder is not None
    assert found.source is not None
    with (
        guarded(f"writing {found.folder}"),
        making(found.folder, waiting=waiting),
        ExitStack() as cleared,
    ):
        found.folder.mkdir(exist_ok=True)
        cleared.callback(remove_empty, found.folder)  # if nothing has come
        if found.home is None:
            return _fetched_addresses(found, settings, progress, anew=anew)
        Getting(
            Wanted(found.record, found.files, () if found.home is None else (found.home,)),
            settings,
            found.source,
            found.folder,
            progress,
        ).run()
        if found.listing is not None and not settings.offline:
            keep_listing(found.folder, found.revision, found.listing)
    receipt = read_receipt(found.folder)
    got = {} if receipt is None else receipt.files
    paths = tuple(found.folder / got[file.name].name for file in found.files)
    sources = tuple(
        FromFile(name=f.name, size=g.size, sha256=g.sha256, checked=g.checked)
        for f, g in ((file, got[file.name]) for file in found.files)
    )
    return paths, sources


def here_already(found: Found, settings: Settings) -> bool:
    """Whether all files are on this machine, so that nothing must be fetched."""
    if found.paths:
        return True
    if found.folder is None or not found.folder.is_dir():
        return all(_in_cache(found, file, settings) for file in found.files)
    receipt = read_receipt(found.folder)
    return receipt is not None and all(
        file_here(found.folder, file, receipt) or _in_cache(found, file, settings)
        for file in found.files
    )


def missing_bytes(found: Found, settings: Settings) -> int:
    """Return how much must be fetched, as far as sizes are known."""
    if here_already(found, settings):
        return 0
    receipt = None if found.folder is None else read_receipt(found.folder)
    missing = [
        file.size
        for file in found.files
        if not (
            (receipt and found.folder and file_here(found.folder, file, receipt))
            or _in_cache(found, file, settings)
        )
    ]
    parts = found.folder.rglob("*.part") if found.folder and found.folder.is_dir() else ()
    return max(0, sum(missing) - sum(part.stat().st_size for part in parts))


def addresses(found: Found, settings: Settings) -> tuple[str, ...]:
    """Return where each file is read by range."""
    if found.home is None or found.source is None:
        return tuple(file.name for file in found.files)
    origins = (origin_of(found.home, f.name, found.source, settings) for f in found.files)
    return tuple(origin.url for origin in origins)


def _in_cache(found: Found, file: WeightFile, settings: Settings) -> bool:
    if found.home is None:
        return False
    return cached_file(settings.hub_cache, found.home, file) is not None


def _own_file(path: Path, file: WeightFile, progress: FileProgress) -> FromFile:
    """Return what is known of a file of the user's own; its checksum only where one is expected.

    Raises:
        DamagedSetError: If it is not the one expected.
    """
    if not file.sha256:
        return FromFile(name=str(path), size=path.stat().st_size)
    digest = sha256_of(path, progress=lambda done, total: progress(path.name, done, total))
    if digest != file.sha256:
        message = f"{path} is not the file expected: its SHA-256 is {digest}, not {file.sha256}."
        raise DamagedSetError(message, hint="Get it again, or open it by its path alone.")
    return FromFile(name=str(path), size=path.stat().st_size, sha256=digest, checked=True)


def _fetched_addresses(
    found: Found, settings: Settings, progress: FileProgress, *, anew: bool
) -> tuple[tuple[Path, ...], tuple[FromFile, ...]]:
    """Fetch files by their addresses; each with its note beside it, since there is no receipt."""
    assert found.folder is not None
    paths, sources = [], []
    for number, file in enumerate(found.files, start=1):
        name = unquote(Path(urlsplit(file.name).path).name) or "set.parquet"
        target = found.folder / (name if len(found.files) == 1 else f"{number:05d}-{name}")
        done = found.folder / f"{target.name}.json"
        if anew and not settings.offline and target.is_file():
            _renew(file, target, done, settings, progress)
        note = _fetch_address(file, target, done, settings, progress)
        paths.append(target)
        sources.append(replace(note, name=file.name))
    return tuple(paths), tuple(sources)


def _renew(
    file: WeightFile, target: Path, done: Path, settings: Settings, progress: FileProgress
) -> None:
    """Put what an address has now in the place of what came before, if it can be asked."""
    fresh = target.with_name(f"new-{target.name}")
    note = fresh.with_name(f"{fresh.name}.json")
    for left in (fresh, note):
        left.unlink(missing_ok=True)
    try:
        _fetch_address(file, fresh, note, settings, progress)
    except NoAnswerError as error:
        message = "%s Whether it has changed cannot be told: what was fetched before is used."
        _LOGGER.warning(message, error)
        return
    done.unlink(missing_ok=True)
    fresh.replace(target)
    note.replace(done)


def _fetch_address(
    file: WeightFile, target: Path, done: Path, settings: Settings, progress: FileProgress
) -> FromFile:
    import json

    from eex.files import write_bytes

    try:
        told = FromFile(**json.loads(done.read_text(encoding="utf-8")))
        if target.stat().st_size == told.size and file.sha256 in {"", told.sha256}:
            return told
    except (OSError, ValueError, TypeError):
        pass
    if settings.offline:
        message = f"{file.name} is not here, and HF_HUB_OFFLINE forbids fetching it."
        raise DownloadError(message, hint="Unset HF_HUB_OFFLINE, or open a file of your own.")
    host = urlsplit(file.name).netloc
    endpoint = urlsplit(settings.hub_endpoint)
    same = (endpoint.scheme, endpoint.netloc) == (urlsplit(file.name).scheme, host)
    origin = Origin(
        url=file.name,
        page=file.name,
        home=Home(hub="huggingface", repo=host, kind="dataset"),
        revision="",
        file=target.name,
        token=settings.hub_token if same else "",
    )
    try:
        note = fetch_file(
            origin,
            target,
            sha256=file.sha256,
            size=file.size if file.sha256 else 0,
            progress=lambda have, total: progress(target.name, have, total),
        )
    except NoAnswerError as error:
        hint = error.hint.replace("choose another source with --from", "open a file of your own")
        raise NoAnswerError(error.message, hint=hint, **error.details) from error
    told = FromFile(name=file.name, size=note.size, sha256=note.sha256, checked=note.checked)
    write_bytes(done, json.dumps(told.__dict__).encode())
    forget_note(target)
    return told
