"""What a hub's answer means: the file, a page in its place, not yet, or never."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from eex.errors import DownloadError
from eex.weights.beginnings import BEGINNING, no_weights
from eex.weights.checksum import SHA256
from eex.weights.http import FaultError, Reply
from eex.weights.hubs import Origin

LONGEST_PAUSE = 60.0
"""Seconds that a server may ask to wait; longer is told to the user."""

DAY = 86_400.0
"""Seconds; longer pauses are not told to the minute."""

CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
"""What part of what a server sends."""

DIGITS = 18
"""Most digits of a length."""

LISTING_BYTES = 4 * 2**20
"""Most that is read of a list of files."""

PAGES = ("text/html", "application/xhtml+xml")
"""Content types of pages, for people."""


class AbsentFileError(DownloadError):
    """The repository is there, the file is not."""


class NoAnswerError(DownloadError):
    """The hub could not be asked, or did not answer; `details` has the `reason`."""


def wrong(origin: Origin, reason: str) -> DownloadError:
    """Return the error for something else in place of the file."""
    message = f"{origin.file} of {origin.home.repo} is not the file expected: {reason}."
    return DownloadError(message, hint="Try another source with --from.")


def host(url: str) -> str:
    """Return the host of an address, for people."""
    return urlsplit(url).hostname or url


def check_kind(origin: Origin, reply: Reply) -> None:
    """Refuse pages and messages that come in place of a file, with status 200.

    Raises:
        DownloadError: If it is one.
    """
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    suffix, sender = PurePosixPath(origin.file).suffix, host(reply.url)
    if kind in PAGES and suffix not in {".html", ".htm"}:
        raise wrong(origin, f"{sender} sent a web page, perhaps to log in")
    if kind == "application/json" and suffix not in {".json", ".txt"}:
        raise wrong(origin, f"{sender} sent a message: {_said(reply)}")
    if reply.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        raise wrong(origin, f"{sender} sent it compressed, unasked")


def check_beginning(origin: Origin, chunk: bytes) -> None:
    """Refuse what begins as something else than weights.

    Raises:
        DownloadError: If it does.
    """
    kind = no_weights(chunk[:BEGINNING])
    if kind and PurePosixPath(origin.file).suffix not in {".html", ".htm"}:
        raise wrong(origin, f"{host(origin.url)} sent {kind}")


def byte_range(reply: Reply) -> tuple[int, int]:
    """Return the first byte that comes, and how many the whole file has, 0 if not known."""
    if reply.status == HTTPStatus.OK:
        length = reply.headers.get("content-length", "")
        return 0, int(length) if length.isdecimal() and len(length) <= DIGITS else 0
    told = CONTENT_RANGE.fullmatch(reply.headers.get("content-range", "").strip())
    if told is None:
        return -1, 0
    return int(told[1] or 0), int(told[3]) if told[3] != "*" else 0


def tells_end(reply: Reply) -> bool:
    """Whether it can be told from the answer that all of the file came, without a checksum."""
    length = reply.headers.get("content-length", "")
    counted = length.isdecimal() and len(length) <= DIGITS
    chunked = reply.headers.get("transfer-encoding", "").strip().lower() == "chunked"
    return chunked or byte_range(reply)[1] > 0 or (counted and reply.status == HTTPStatus.OK)


def endless(origin: Origin) -> DownloadError:
    """Return the error for a file of which nobody could tell whether all of it came."""
    name = host(origin.url)
    message = f"{name} does not tell how long {origin.file} is, and its checksum is not known."
    return DownloadError(message, hint="Try another source with --from.")


def hub_sha256(reply: Reply) -> str:
    """Return the checksum that Hugging Face tells (of LFS files), empty if it tells none.

    Only the hub's own ETag counts: those of the stores behind it may be other hashes as long.
    """
    own = reply.etag if "x-repo-commit" in reply.hub else ""
    for told in (reply.hub.get("x-linked-etag", ""), own):
        bare = told.removeprefix("W/").strip('"').lower()
        if SHA256.fullmatch(bare):
            return bare
    return ""


def listed_sha256(reply: Reply, file: str) -> str:
    """Return the checksum of a file in ModelScope's list of files, empty if it is not there."""
    if reply.status != HTTPStatus.OK:
        return ""
    try:
        record: Any = json.loads(reply.body.read(LISTING_BYTES))
        entries = record["Data"]["Files"]
        told = [e.get("Sha256") for e in entries if isinstance(e, Mapping) and e["Path"] == file]
    except (ValueError, KeyError, TypeError, OSError, RecursionError, HTTPException):
        return ""
    known = str(told[0] or "").lower() if told else ""
    return known if SHA256.fullmatch(known) else ""


def refused(origin: Origin, reply: Reply) -> Exception:
    """Return what an answer that is no file means: for now (a fault) or for good (ours)."""
    status, code, name = reply.status, reply.hub.get("x-error-code", ""), host(origin.url)
    if code in {"RepoNotFound", "RevisionNotFound"}:
        what = "repository" if code == "RepoNotFound" else "revision"
        lacking = origin.home.repo if code == "RepoNotFound" else origin.revision
        message = f"{name} has no {what} {lacking}, or does not show it to everybody."
        return DownloadError(message, hint=f"See {origin.page}; with access to it, set HF_TOKEN.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and reply.at_hub:
        message = f"{name} gives {origin.home.repo} only to those who accepted its licence there."
        hint = f"Accept it at {origin.page}, then set HF_TOKEN to a token of yours."
        if origin.token:
            hint = f"Accept it at {origin.page} with the account that HF_TOKEN belongs to."
        return DownloadError(message, hint=hint)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and reply.at_hub:
        message = f"{origin.home.repo} at {name} has no file {origin.file}."
        return AbsentFileError(message, hint=f"See {origin.page}; or try --from another source.")
    asked = reply.headers.get("retry-after", "")
    wait = float(asked) if asked.isdecimal() else 0.0
    if wait > LONGEST_PAUSE:
        later = f"in {wait / 60:.0f} minutes" if wait <= DAY else "in more than a day"
        message = f"{name} asks to come back {later} (HTTP {status})."
        return DownloadError(message, hint="Try later, or another source with --from.")
    passing = {408, 416, 421, 425, 429}
    if not reply.at_hub:  # the signed address that the hub sent us to has expired
        passing |= {401, 403, 404, 410}
    if status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FaultError(f"{host(reply.url)} answered HTTP {status}", wait=wait)
    message = f"{name} answered HTTP {status} when asked for {origin.file}."
    return DownloadError(message, hint="Try another source with --from.")


def _said(reply: Reply) -> str:
    """Return the beginning of a message, fit for a terminal."""
    try:
        text = reply.body.read(200).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return ""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
