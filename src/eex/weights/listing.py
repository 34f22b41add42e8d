"""What files a repository has: names, sizes, checksums, and the commit that they are of.

Hugging Face lists at `{endpoint}/api/{kind}s/{repo}/tree/{revision}?recursive=true`, page by page
(header `Link`), and tells the commit at `…/revision/{revision}`. ModelScope lists data sets at
`{endpoint}/api/v1/datasets/{repo}/repo/tree?Revision=…`, page by page by number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from eex.errors import DownloadError
from eex.weights.answers import AbsentFileError, NoAnswerError, host, refused
from eex.weights.checksum import SHA256
from eex.weights.fetch import patiently
from eex.weights.http import FaultError, ask
from eex.weights.hubs import COMMIT, MODELSCOPES, Origin, Source, endpoint_of, is_commit, origin_of
from eex.weights.records import Home

if TYPE_CHECKING:
    from eex.config import Settings

PAGE_BYTES = 32 * 2**20
"""Most that is read of one page of a list."""

PAGES = 1000
"""Most pages of a list."""

PAGE_FILES = 100
"""Entries that ModelScope is asked for at once."""

TIMEOUT = 10.0
"""Seconds to wait for a hub that shall list files; after them another is asked."""

NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
"""Where the next page is."""


@dataclass(frozen=True, kw_only=True)
class ListedFile:
    """One file of a repository."""

    name: str
    """Path there."""
    size: int = 0
    """Bytes; 0 if not told."""
    sha256: str = ""
    """Checksum; empty if not told (Hugging Face tells it of large files)."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Files of a repository."""

    files: tuple[ListedFile, ...]
    """Sorted by name."""
    commit: str = ""
    """What they are of; empty if the hub does not tell."""


def list_files(home: Home, source: Source, settings: Settings) -> Listing:
    """Return the files of a data set's repository.

    Raises:
        DownloadError: If the hub does not list it, with what to do.
    """
    if home.hub in MODELSCOPES:
        return _modelscope(home, source, settings)
    return _huggingface(home, source, settings)


def _huggingface(home: Home, source: Source, settings: Settings) -> Listing:
    origin = origin_of(home, "", source, settings)
    api = f"{endpoint_of(origin)}/api/{home.kind}s/{quote(home.repo)}"
    commit = home.revision
    if not is_commit(commit):
        told = _revision(origin, api, home)
        commit = str(told.get("sha", "")) if isinstance(told, Mapping) else ""
        commit = commit if COMMIT.fullmatch(commit) else ""
    url = f"{api}/tree/{quote(commit or home.revision, safe='')}?recursive=true"
    found: list[ListedFile] = []
    for _ in range(PAGES):
        entries, link = _asked(origin, url)
        if not isinstance(entries, list):
            raise _unreadable(origin)
        found += [_listed(e, "path", "size", _lfs(e)) for e in entries if _is_file(e, "type")]
        following = NEXT.search(link)
        if following is None:
            return Listing(files=_sorted(found), commit=commit)
        url = urljoin(url, following[1])
        if urlsplit(url)[:2] != urlsplit(api)[:2]:
            raise _unreadable(origin)
    raise _unreadable(origin)


def _revision(origin: Origin, api: str, home: Home) -> Any:  # noqa: ANN401
    """Return what a hub says of a branch or tag; that it has none is not that it has no set.

    Raises:
        DownloadError: If it has no such data set, or no such revision of it.
    """
    try:
        return _asked(origin, f"{api}/revision/{quote(home.revision, safe='')}")[0]
    except NoAnswerError:
        raise
    except DownloadError as error:
        if home.revision == "main":
            raise
        _asked(origin, f"{api}/revision/main")  # raises if there is no such data set at all
        message = f"{home.repo} at {host(origin.url)} has no revision {home.revision}."
        hint = f"See {origin.page}; without @{home.revision}, the newest is taken."
        raise DownloadError(message, hint=hint) from error


def _modelscope(home: Home, source: Source, settings: Settings) -> Listing:
    origin = origin_of(home, "", source, settings)
    revision = quote(origin.revision, safe="")
    url = f"{endpoint_of(origin)}/api/v1/{home.kind}s/{quote(home.repo)}/repo/tree"
    found: list[ListedFile] = []
    for page in range(1, PAGES):
        query = f"Revision={revision}&Root=&Recursive=True&PageNumber={page}&PageSize={PAGE_FILES}"
        record, _ = _asked(origin, f"{url}?{query}")
        try:
            entries = record["Data"]["Files"]
            found += [
                _listed(e, "Path", "Size", e.get("Sha256")) for e in entries if _is_file(e, "Type")
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise _unreadable(origin) from error
        if len(entries) < PAGE_FILES:
            return Listing(files=_sorted(found))
    raise _unreadable(origin)


def _asked(origin: Origin, url: str) -> tuple[Any, str]:
    """Return a record that a hub was asked for, and its header `Link`."""

    def once() -> tuple[Any, str]:
        with ask(url, token=origin.token, timeout=TIMEOUT) as reply:
            if reply.status != HTTPStatus.OK:
                raise refused(origin, reply)
            try:
                content = reply.body.read(PAGE_BYTES)
            except (OSError, HTTPException, ValueError) as error:
                message = "the connection broke while the list of files was read"
                raise FaultError(message) from error
            try:
                return json.loads(content), reply.headers.get("link", "")
            except (ValueError, RecursionError) as error:
                raise _unreadable(origin) from error

    try:
        return patiently(origin, f"The list of files of {origin.home.repo}", once)
    except AbsentFileError as error:
        message = f"{host(origin.url)} has no data set {origin.home.repo}, or lists no files of it."
        raise DownloadError(message, hint=f"See {origin.page}; or try --from another.") from error


def _is_file(entry: object, kind: str) -> bool:
    return isinstance(entry, Mapping) and entry.get(kind) in {"file", "blob"}


def _listed(entry: Mapping[str, Any], name: str, size: str, sha256: object) -> ListedFile:
    told = entry.get(size)
    known = str(sha256 or "").lower()
    return ListedFile(
        name=str(entry[name]),
        size=told if isinstance(told, int) and told > 0 else 0,
        sha256=known if SHA256.fullmatch(known) else "",
    )


def _lfs(entry: object) -> object:
    told = entry.get("lfs") if isinstance(entry, Mapping) else None
    return told.get("oid") if isinstance(told, Mapping) else None


def _sorted(found: list[ListedFile]) -> tuple[ListedFile, ...]:
    return tuple(sorted(found, key=lambda file: file.name))


def _unreadable(origin: Origin) -> DownloadError:
    message = f"{host(origin.url)} does not list the files of {origin.home.repo} as hubs do."
    return DownloadError(message, hint="Try another source with --from, or name a file's address.")
