"""One part of one file: asked for, followed through redirects, resumed where it broke off.

Faults that may pass are tried again after a pause that grows; what has come is kept. A host that
says it is busy is left alone by all threads for as long as it asks, within limits.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote, urljoin

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from eex.errors import (
    BadAnswerError,
    EexError,
    RemoteError,
    UnavailableError,
)
from eex.remote.addresses import Policy, Target, checked
from eex.remote.answers import (
    ODD,
    FaultError,
    Part,
    Stamp,
    name_of,
    part_of,
    place_of,
    refused,
    unavailable,
)
from eex.remote.connections import Pools
from eex.remote.hubs import Candidate
from eex.remote.waiting import Counter, Hosts, Timing, Watch

MAX_HOPS = 6
"""Redirects that are followed."""

REDIRECTS = {301, 302, 303, 307, 308}

PIECE = 256 * 2**10
"""Bytes that are read at once."""

LOST_TRIES = 2
"""Tries to connect where nothing answers, before the next hub is asked."""

MOST_REQUESTS = 64
"""Requests for one part, also when every one of them brings something."""

DRAINED = 64 * 2**10
"""Most bytes of an answer that are read only so that the connection can be used again."""

ADDRESS = "%/:?#[]@!$&'()*+,;=~"
"""Characters that an address may have besides letters, digits and `-._`."""


@dataclass(kw_only=True)
class Wanted:
    """A part that is being fetched."""

    low: int
    """First byte; below 0: so many last bytes, until the length of the file is known."""
    high: int
    """Byte after the last."""
    expect: Stamp | None
    """What the content must be; what it is once an answer came."""
    shorter: bool = False
    """Whether the file may end before `high`."""
    got: bytearray = field(default_factory=bytearray)
    """What has come, from `low` on."""

    @property
    def missing(self) -> tuple[int, int]:
        """What to ask for."""
        return (self.low + len(self.got) if self.low >= 0 else self.low), self.high

    @property
    def done(self) -> bool:
        """Whether all has come."""
        return self.low >= 0 and len(self.got) == self.high - self.low


class Transfer:
    """Fetches parts of files; safe to use from several threads at once."""

    def __init__(self, policy: Policy, timing: Timing) -> None:
        """Keep which hosts may be asked, and how long is waited."""
        self.policy = policy
        self.timing = timing
        self.hosts = Hosts()
        self.counter = Counter()
        self.pools = Pools(connect=timing.connect, read=timing.read)

    def read(
        self,
        candidate: Candidate,
        low: int,
        high: int,
        *,
        expect: Stamp | None,
        watch: Watch,
        shorter: bool = False,
    ) -> tuple[bytearray, Stamp]:
        """Fetch a part of a file.

        Args:
            candidate: Where.
            low: First byte, or minus the number of last bytes.
            high: Byte after the last.
            expect: What the content must be.
            watch: When to stop.
            shorter: Whether the file may end before `high`.

        Raises:
            RemoteError: If it cannot be had.
        """
        wanted = Wanted(low=low, high=high, expect=expect, shorter=shorter)
        size = high - low if low >= 0 else -low
        end = time.monotonic() + self.timing.total + size / self.timing.slowest
        faults = requests = 0
        while True:
            before = len(wanted.got)
            try:
                with self.hosts.slot(place_of(candidate.url), watch):
                    self._try(candidate, wanted, watch, end)
                if wanted.done:
                    assert wanted.expect is not None
                    return wanted.got, wanted.expect
                reason: FaultError = FaultError(f"{name_of(candidate.url)} sends crumbs")
            except FaultError as fault:
                faults = 1 if len(wanted.got) - before >= PIECE else faults + 1
                reason = fault
                self._pause(candidate.url, fault, faults, watch)
            requests += 1
            if requests >= MOST_REQUESTS or time.monotonic() > end:
                raise unavailable(candidate.url, f"it is too slow ({reason})") from reason

    def _pause(self, url: str, fault: FaultError, faults: int, watch: Watch) -> None:
        """Wait before the next try, or give up.

        Raises:
            UnavailableError: After the last try, or if the server asks for more patience.
        """
        timing = self.timing
        if faults >= (min(LOST_TRIES, timing.tries) if fault.lost else timing.tries):
            raise unavailable(url, str(fault)) from fault
        if fault.wait > timing.longest_wait:
            message = f"{name_of(url)} asks to come back in {fault.wait:.0f} seconds."
            raise UnavailableError(message, hint="Try later.")
        most = min(timing.longest_pause, timing.pause * 2 ** (faults - 1))
        pause = max(fault.wait, most * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        if fault.busy:
            self.hosts.cool_down(place_of(url), pause)
        watch.sleep(pause)

    def _try(self, candidate: Candidate, wanted: Wanted, watch: Watch, end: float) -> None:
        asked = wanted.missing
        text = f"bytes={asked[0]}-{asked[1] - 1}" if asked[0] >= 0 else f"bytes={asked[0]}"
        with self._walk(candidate, text, watch, end) as (response, url, etag):
            headers = _lower(response.headers)
            if response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                redirected = url != candidate.url
                raise refused(
                    response.status,
                    headers,
                    url=url,
                    redirected=redirected,
                    now=time.time(),
                    expect=wanted.expect,
                    hub=candidate.hub,
                )
            part = part_of(
                response.status,
                headers,
                asked,
                url=candidate.url,
                etag=etag,
                expect=wanted.expect,
            )
            if wanted.low < 0:
                size = part.stamp.size
                wanted.low, wanted.high = max(0, size + wanted.low), size
            if wanted.shorter:
                wanted.high = min(wanted.high, part.stamp.size)
            if wanted.high > part.stamp.size:
                message = f"The file at {name_of(url)} has only {part.stamp.size} bytes."
                raise BadAnswerError(message, hint="Open the set anew.")
            wanted.expect = part.stamp
            self._body(response, part, wanted, watch=watch, end=end, url=url)

    def _body(
        self,
        response: Any,  # noqa: ANN401
        part: Part,
        wanted: Wanted,
        *,
        watch: Watch,
        end: float,
        url: str,
    ) -> None:
        """Read a body into what is wanted; what has come stays there if it breaks off."""
        at = part.start
        while at < part.stop:
            watch.check()
            if time.monotonic() > end:
                raise unavailable(url, "it is too slow")
            with _faults(url):
                piece = response.read1(min(PIECE, part.stop - at))
            if not piece:
                reason = f"the connection to {name_of(url)} broke off"
                raise FaultError(reason)
            self.counter.add(count=len(piece))
            have = wanted.low + len(wanted.got)
            skip = max(0, have - at)
            wanted.got += memoryview(piece)[skip : skip + wanted.high - have]
            at += len(piece)
        more = b""
        with suppress(FaultError), _faults(url):  # the end of a chunked body
            more = response.read1(1)
        if more:
            message = f"{name_of(url)} sent more bytes than it said."
            raise BadAnswerError(message, hint=ODD)

    @contextmanager
    def _walk(
        self, candidate: Candidate, part: str, watch: Watch, end: float
    ) -> Iterator[tuple[Any, str, str]]:
        """Ask, follow redirects, give the answer, its address and what the hub calls the content.

        Raises:
            RefusedAddressError: If a redirect leads where nobody may ask.
            BadAnswerError: If redirects lead nowhere.
            FaultError: If nothing of use comes.
        """
        url, etag = candidate.url, ""
        policy = self._policy(candidate)
        first = checked(url, policy).origin
        for _ in range(MAX_HOPS + 1):
            watch.check()
            target = checked(url, policy)
            headers = {"User-Agent": _agent(), "Accept-Encoding": "identity", "Range": part}
            if candidate.token and target.origin == first:
                headers["Authorization"] = f"Bearer {candidate.token}"
            with self._asked(url, target, policy, headers, watch=watch, end=end) as response:
                if target.origin == first:
                    etag = etag or response.headers.get("x-linked-etag", "")
                if response.status not in REDIRECTS:
                    yield response, url, etag
                    return
                url = self._next(url, response.headers.get("location", ""), policy)
                self._drain(response)
        message = f"{name_of(candidate.url)} redirects in a circle."
        raise BadAnswerError(message, hint=ODD)

    @contextmanager
    def _asked(
        self,
        url: str,
        target: Target,
        policy: Policy,
        headers: dict[str, str],
        *,
        watch: Watch,
        end: float,
    ) -> Iterator[Any]:
        """Ask once; unless all of the answer is read, its connection is closed."""
        response = None
        whole = False
        with self.pools.alarm.set(lambda: watch.over or time.monotonic() > end):
            try:
                with _faults(url):
                    response = self.pools.get(target, policy, headers)
                watch.check()  # an answer that was cut off may look like a whole one
                if time.monotonic() > end:
                    raise unavailable(url, "it is too slow")
                self.counter.add(requests=1)
                yield response
                whole = True
            finally:
                if response is not None and not (whole and response.closed):
                    response.close()

    def _policy(self, candidate: Candidate) -> Policy:
        """Return which hosts may be asked for a candidate: the user's own mirror besides."""
        if not candidate.own:
            return self.policy
        netloc = candidate.url.split("/")[2]
        if ":" not in netloc.rpartition("]")[2]:
            netloc += ":443" if candidate.url.startswith("https") else ":80"
        return Policy(public=self.policy.public, hosts=(*self.policy.hosts, netloc))

    def _next(self, url: str, location: str, policy: Policy) -> str:
        """Return where a redirect leads; from https to http only to hosts that are allowed."""
        try:
            target = quote(urljoin(url, location), safe=ADDRESS)
        except ValueError:
            target = ""
        if not location or not target:
            message = f"{name_of(url)} redirects to something that is no address."
            raise BadAnswerError(message, hint=ODD)
        there = checked(target, policy)
        if there.scheme == "http" and url.startswith("https:"):
            allowed = Policy(hosts=self.policy.hosts).trusts(there.host, there.port)
            if not allowed:
                message = f"{name_of(url)} redirects to an address without encryption."
                raise BadAnswerError(message, hint=ODD)
        return target

    def _drain(self, response: Any) -> None:  # noqa: ANN401
        """Read a short body to its end, so that the connection can be used again."""
        told = response.headers.get("content-length", "")
        if told.isdecimal() and int(told[:18]) <= DRAINED:
            with suppress(HTTPError, OSError):
                self.counter.add(count=len(response.read()))


@contextmanager
def _faults(url: str) -> Iterator[None]:
    """Turn what the connection says into faults that may pass, and errors that will not.

    Raises:
        FaultError: If it may pass.
        RemoteError: If it will not.
    """
    try:
        yield
    except (HTTPError, OSError) as error:
        ours = _ours(error)
        if ours is not None:
            raise ours from None
        name = name_of(url)
        if isinstance(error, NameResolutionError):
            raise unavailable(url, "there is no such host to be found") from error
        if isinstance(error, SSLError) or isinstance(error.__cause__, ssl.SSLError):
            verify = "CERTIFICATE_VERIFY_FAILED" in str(error) or "match" in str(error)
            if verify:
                message = f"The certificate of {name} is not trusted."
                hint = "Set SSL_CERT_FILE to the certificates of your network."
                raise BadAnswerError(message, hint=hint) from error
        reason = f"the connection to {name} broke ({type(error).__name__})"
        if "timeout" in type(error).__name__.lower() or isinstance(error, TimeoutError):
            reason = f"{name} did not answer in time"
        lost = isinstance(error, ConnectTimeoutError | NewConnectionError)
        raise FaultError(reason, lost=lost) from error


def _ours(error: BaseException) -> EexError | None:
    """Return our own error out of those that the library wrapped around it."""
    seen: list[object] = [error]
    while seen:
        one = seen.pop()
        if isinstance(one, RemoteError):
            return one
        if isinstance(one, BaseException):
            seen += [a for a in one.args if isinstance(a, BaseException)]
            seen += [one.__cause__] if one.__cause__ is not None else []
    return None


def _lower(headers: Any) -> dict[str, str]:  # noqa: ANN401
    return {str(name).lower(): str(value) for name, value in headers.items()}


@cache
def _agent() -> str:
    try:
        return f"eex/{version('earth-embedding-explorer')}"
    except PackageNotFoundError:
        return "eex"
