"""Parts of files far away, over HTTP: near spans together, side by side, from a hub that has them.

    client = RemoteClient(settings)
    footer, stamp = client.tail(url, 1_250_000)
    thumbnail, red = client.ranges(url, [(4, 348_000), (900_000, 2_700_000)], expect=stamp)

Addresses in data files are not trusted, see `eex.remote.addresses`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from eex.config import Settings
from eex.errors import (
    AbsentError,
    BadAnswerError,
    ChangedError,
    OfflineError,
    RefusedAddressError,
    RemoteError,
    TooMuchError,
    UnavailableError,
)
from eex.remote.addresses import Policy
from eex.remote.answers import Stamp, changed, name_of, place_of
from eex.remote.hubs import Candidate, candidates, repository
from eex.remote.spans import Span, blocks, cut
from eex.remote.transfer import Transfer
from eex.remote.waiting import Timing, Watch

__all__ = ["Counted", "RemoteClient", "Stamp", "Timing"]

WORKERS = 16
"""Threads that read side by side, for all hosts."""

MOST_BYTES = 256 * 2**20
"""Most bytes that one call brings unless the caller says otherwise."""

HUBS = "Or try another hub (EEX_HUB)."
"""What to do besides where a file of a hub cannot be had."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was fetched since a client was made."""

    requests: int
    """Requests that were answered, redirects among them."""
    bytes: int
    """Bytes of bodies that were read."""


class RemoteClient:
    """Reads parts of files over HTTP; one for a process, shared by its threads.

    Connections are kept open, at most 8 to a host. Faults that may pass are tried again, what has
    come is kept. A file that lies at several hubs is read from the one that `settings.hub` names,
    or else from the next.
    """

    def __init__(
        self, settings: Settings, *, policy: Policy | None = None, timing: Timing | None = None
    ) -> None:
        """Keep what may be asked.

        Args:
            settings: Hub, token, allowed hosts, and whether anything may be fetched at all.
            policy: Which hosts may be asked; by default public ones and `settings.fetch_hosts`.
            timing: How long is waited for what.
        """
        self.settings = settings
        self._timing = timing or Timing()
        self._transfer = Transfer(policy or Policy(hosts=settings.fetch_hosts), self._timing)
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="eex-remote")
        self._aside: dict[object, float] = {}

    def tail(
        self,
        url: str,
        count: int,
        *,
        expect: Stamp | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
    ) -> tuple[bytes, Stamp]:
        """Read the last bytes of a file, in one request.

        Args:
            url: http or https.
            count: How many bytes; all of the file if it is shorter.
            expect: What the content must be.
            stop: Set it to have this call stop.
            deadline: When it stops by itself, by `time.monotonic()`.

        Returns:
            The bytes, and which content they are of.

        Raises:
            RemoteError: If they cannot be had; see `eex.errors` for its kinds.
        """
        self._check(count, MOST_BYTES)
        watch = _watch(stop, deadline)

        def read(candidate: Candidate) -> tuple[bytes, Stamp]:
            got, stamp = self._transfer.read(candidate, -count, 0, expect=expect, watch=watch)
            return bytes(got), stamp

        return self._from_hubs(url, expect, read)

    def head(
        self,
        url: str,
        count: int,
        *,
        stop: threading.Event | None = None,
        deadline: float | None = None,
    ) -> tuple[bytes, Stamp]:
        """Read the first bytes of a file, in one request; arguments and errors as for `tail`."""
        self._check(count, MOST_BYTES)
        watch = _watch(stop, deadline)

        def read(candidate: Candidate) -> tuple[bytes, Stamp]:
            got, stamp = self._transfer.read(
                candidate, 0, count, expect=None, watch=watch, shorter=True
            )
            return bytes(got), stamp

        return self._from_hubs(url, None, read)

    def ranges(
        self,
        url: str,
        spans: Sequence[Span],
        *,
        expect: Stamp | None = None,
        limit: int | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
    ) -> list[bytes]:
        """Read spans of a file, near ones in one request, several requests side by side.

        Args:
            url: http or https.
            spans: First byte and byte after the last of each; in any order, also overlapping.
            expect: What the content must be.
            limit: Most bytes that all requests together may bring; by default 256 MiB.
            stop: Set it to have this call stop.
            deadline: When it stops by itself, by `time.monotonic()`.

        Returns:
            The bytes of each span, in the order of `spans`.

        Raises:
            ChangedError: If the content is another one.
            RemoteError: If they cannot be had; see `eex.errors` for its kinds.
        """
        asked = blocks(spans)
        self._check(sum(high - low for low, high in asked), limit or MOST_BYTES)
        if expect is not None and asked and asked[-1][1] > expect.size:
            message = f"The file at {name_of(url)} has only {expect.size} bytes."
            raise BadAnswerError(message, hint="Open the set anew.")
        if not asked:
            return [b""] * len(spans)
        have = self._from_hubs(
            url, expect, lambda one: self._blocks(one, asked, expect, _watch(stop, deadline))
        )
        return [cut(span, have) for span in spans]

    def counted(self) -> Counted:
        """Return how many requests were made and how many bytes came."""
        counter = self._transfer.counter
        return Counted(requests=counter.requests, bytes=counter.bytes)

    def close(self) -> None:
        """Close connections and end threads; the client is of no use afterwards."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._transfer.pools.close()

    def _check(self, count: int, limit: int) -> None:
        if self.settings.offline:
            message = "Nothing may be fetched: HF_HUB_OFFLINE is set."
            raise OfflineError(message, hint="Unset HF_HUB_OFFLINE to fetch.")
        if count > limit:
            message = f"{count:,} bytes would be fetched, more than the limit of {limit:,}."
            raise TooMuchError(message, hint="Ask for fewer rows or columns at once.")

    def _blocks(
        self, candidate: Candidate, asked: list[Span], expect: Stamp | None, watch: Watch
    ) -> list[tuple[Span, bytearray]]:
        """Read blocks side by side; if one fails, the others stop."""
        failed = threading.Event()
        inner = Watch(deadline=watch.deadline, events=(failed, *watch.events))

        def read(span: Span) -> tuple[bytearray, Stamp]:
            return self._transfer.read(candidate, *span, expect=expect, watch=inner)

        if len(asked) == 1:
            results = [read(asked[0])]
        else:
            futures = [self._threads.submit(read, span) for span in asked]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                broken = [f for f in done if not f.cancelled() and f.exception() is not None]
                results = [f.result() for f in broken or futures]
            finally:
                failed.set()
                _forget(futures)
        stamps = [stamp for _, stamp in results]
        if any(not stamps[0].same(stamp) for stamp in stamps):
            raise changed(candidate.url)
        return [(span, got) for span, (got, _) in zip(asked, results, strict=True)]

    def _from_hubs(self, url: str, expect: Stamp | None, read: Callable[[Candidate], T]) -> T:
        """Read from the first hub that can."""
        first: RemoteError | None = None
        other: ChangedError | None = None
        asked_before = "" if expect is None else expect.host
        repo = repository(url, self.settings)
        now = time.monotonic()
        known = candidates(url, self.settings)
        for one in sorted(known, key=lambda c: self._is_aside(c, repo, now)):
            try:
                return read(one)
            except AbsentError as error:
                first = first or error
                self._aside[place_of(one.url), repo] = now + self._timing.aside
            except ChangedError as error:  # another hub may still have what was read before
                if len(known) == 1 or asked_before in {"", place_of(one.url)}:
                    raise
                other = other or error
            except (UnavailableError, BadAnswerError, RefusedAddressError) as error:
                first = first or error
                self._aside[place_of(one.url)] = now + self._timing.aside
        if first is not None and other is None and any(one.hub for one in known):
            raise _at_a_hub(first) from first
        raise other or first or changed(url)  # what is known of it can be read anew

    def _is_aside(self, candidate: Candidate, repo: str, now: float) -> bool:
        name = place_of(candidate.url)
        return max(self._aside.get(name, 0.0), self._aside.get((name, repo), 0.0)) > now


def _at_a_hub(error: RemoteError) -> RemoteError:
    """Return an error of a hub's file: another hub may have it."""
    hint = f"{error.hint} {HUBS}".strip()
    return type(error)(error.message, hint=hint, **error.details)


def _watch(stop: threading.Event | None, deadline: float | None) -> Watch:
    return Watch(
        deadline=float("inf") if deadline is None else deadline,
        events=() if stop is None else (stop,),
    )


def _forget(futures: list[Future[T]]) -> None:
    for future in futures:
        future.cancel()
