"""What a server's answer to a request for a part of a file means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from eex.errors import (
    AbsentError,
    BadAnswerError,
    ChangedError,
    NoRangesError,
    RemoteError,
    UnavailableError,
)

SMALL_WHOLE = 4 * 2**20
"""Most bytes of a whole file that are taken where a part was asked for."""

PAGES = ("text/html", "application/xhtml+xml")
"""Content types of pages, for people."""

PASSING = {408, 421, 425, 429}
"""Statuses besides 5xx that may be gone at the next try."""

SIGNED = {401, 403, 404, 410}
"""Statuses with which a signed address that a hub sent us to says that it has expired."""

ODD = "Give another address of the file, or tell who runs the server."
"""What to do where a server answers as none should."""

LOGIN = "Nothing is sent to log in with: give an address that anybody may read."
TOKEN = "With access to it, set HF_TOKEN to a token of yours."  # noqa: S105 - no secret
"""What to do where a file is not for everybody, elsewhere and at a hub."""

_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
_DIGITS = re.compile(r"\d{1,18}")


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Which content an address has."""

    size: int
    """Bytes of the whole file."""
    etag: str = ""
    """What the server calls this content: its ETag or else when it was modified."""
    host: str = ""
    """Which server says so; another hub calls the same content otherwise."""

    def same(self, other: Stamp) -> bool:
        """Whether two stamps can be of one content."""
        if self.size != other.size:
            return False
        told = self.etag and other.etag and self.host == other.host
        return self.etag == other.etag if told else True


@dataclass(frozen=True, kw_only=True)
class Part:
    """What of a file an answer brings."""

    start: int
    """First byte."""
    stop: int
    """Byte after the last."""
    stamp: Stamp
    """Of which content."""


class FaultError(Exception):
    """A fault that may be gone at the next try."""

    def __init__(
        self, reason: str, *, wait: float = 0.0, busy: bool = False, lost: bool = False
    ) -> None:
        """Keep what happened.

        Args:
            reason: For people.
            wait: Seconds that the server asks to wait.
            busy: Whether it asks everybody to wait.
            lost: Whether there was not even a connection.
        """
        super().__init__(reason)
        self.wait = wait
        self.busy = busy
        self.lost = lost


def name_of(url: str) -> str:
    """Return the host of an address, for people."""
    return urlsplit(url).hostname or url[:80]


def place_of(url: str) -> str:
    """Return the host of an address with its port, which tells servers apart."""
    return urlsplit(url).netloc.lower()


def part_of(  # noqa: C901 - one check after another
    status: int,
    headers: Mapping[str, str],
    asked: tuple[int, int],
    *,
    url: str,
    etag: str,
    expect: Stamp | None,
) -> Part:
    """Read which part of which content an answer brings.

    Args:
        status: 200 or 206.
        headers: Names in lower case.
        asked: First byte and byte after the last; (-count, 0) for the last bytes.
        url: The address that was asked, for messages and as the stamp's host.
        etag: What the hub itself calls the content; empty to take it from `headers`.
        expect: What the content must be.

    Raises:
        ChangedError: If it is another content.
        NoRangesError: If the whole of a large file comes.
        BadAnswerError: If it is something else than a part of a file.
    """
    name = name_of(url)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in PAGES:
        message = f"{name} sent a web page instead of bytes of the file."
        raise BadAnswerError(message, hint="Open the address in a browser to see what it says.")
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        message = f"{name} sent the bytes compressed, unasked."
        raise BadAnswerError(message, hint=ODD)
    if kind.startswith("multipart/"):
        message = f"{name} sent several parts in one answer, where one was asked for."
        raise BadAnswerError(message, hint=ODD)
    called = (etag or headers.get("etag", "") or headers.get("last-modified", "")).strip()
    called = called.removeprefix("W/")  # by which gateways say that they passed it on
    told = headers.get("content-length", "")
    length = int(told) if _DIGITS.fullmatch(told) else -1
    if status == HTTPStatus.OK:
        start, stop, total = 0, length, length
    else:
        match = _RANGE.fullmatch(headers.get("content-range", "").strip())
        if match is None or match[1] is None:
            message = f"{name} sent a part of the file without saying which."
            raise BadAnswerError(message, hint=ODD)
        start, stop = int(match[1]), int(match[2]) + 1
        total = int(match[3]) if match[3] != "*" else (expect.size if expect else -1)
    stamp = Stamp(size=total, etag=called, host=place_of(url))
    if expect is not None and total >= 0 and not expect.same(stamp):
        raise changed(url)
    if status == HTTPStatus.OK and not 0 <= total <= SMALL_WHOLE:
        message = f"{name} sends whole files only, not parts of them."
        raise NoRangesError(message, hint="Fetch the whole file.")
    if total < 0:
        message = f"{name} does not say how long the file is."
        raise BadAnswerError(message, hint=ODD)
    if status != HTTPStatus.OK:
        _check_range(name, (start, stop), asked, total)
        if 0 <= length != stop - start:
            message = f"{name} sent {length} bytes and called them {stop - start}."
            raise BadAnswerError(message, hint=ODD)
    return Part(start=start, stop=stop, stamp=stamp)


def changed(url: str) -> ChangedError:
    """Return the error for a file that is another one than before."""
    message = f"The file at {name_of(url)} has changed since it was read last."
    return ChangedError(message, hint="Do it once more: what was known of it is read anew.")


def refused(  # noqa: PLR0911 - one kind of answer after another
    status: int,
    headers: Mapping[str, str],
    *,
    url: str,
    redirected: bool,
    now: float,
    expect: Stamp | None = None,
    hub: bool = False,
) -> Exception:
    """Return what an answer without bytes means: for now (a fault) or for good (an error)."""
    name = name_of(url)
    if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = retry_after(headers.get("retry-after", ""), now)
        busy = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
        return FaultError(f"{name} answered HTTP {status}", wait=wait, busy=busy)
    if redirected and status in SIGNED:
        return FaultError(f"the address that {name} sent us to answered HTTP {status}")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        match = _RANGE.fullmatch(headers.get("content-range", "").strip())
        if expect is not None and match and match[3] not in {"*", str(expect.size)}:
            return changed(url)
        message = f"{name} says that the file has no such bytes."
        return BadAnswerError(message, hint="It is shorter than expected; open the set anew.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        message = f"{name} shows the file only to those whom it knows (HTTP {status})."
        return AbsentError(message, hint=TOKEN if hub else LOGIN)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        message = f"{name} has no such file (HTTP {status})."
        return AbsentError(message, hint="Check the address.")
    message = f"{name} answered HTTP {status}."
    return BadAnswerError(message, hint=ODD)


def retry_after(text: str, now: float) -> float:
    """Return the seconds that a server asks to wait, given as a number or as a date."""
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def unavailable(url: str, reason: str) -> RemoteError:
    """Return the error for a server that gives no answer of use."""
    message = f"{name_of(url)} could not be read: {reason}."
    return UnavailableError(message, hint="Check the connection.")


def _check_range(name: str, got: tuple[int, int], asked: tuple[int, int], total: int) -> None:
    low, high = asked
    if low < 0:
        low, high = max(0, total + low), total
    start, stop = got
    if not (start == low and start < stop <= min(high, total)):
        message = f"{name} sent bytes {start} to {stop} where {low} to {high} were asked for."
        raise BadAnswerError(message, hint=ODD)
