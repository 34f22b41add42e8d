"""How long is waited for what: pauses between tries, turns at a host, and when to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eex.errors import StoppedError
from eex.remote.connections import CONNECT_SECONDS, PER_HOST, READ_SECONDS


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long is waited for what."""

    tries: int = 5
    """Requests for one part that may bring nothing."""
    pause: float = 0.2
    """Seconds before the second try; doubled before each next, with chance in it."""
    longest_pause: float = 5.0
    """Most seconds of such a pause."""
    longest_wait: float = 30.0
    """Most seconds that a busy server may ask to wait; longer is told to the user."""
    connect: float = CONNECT_SECONDS
    """Seconds to wait for a connection."""
    read: float = READ_SECONDS
    """Seconds to wait for the next bytes."""
    total: float = 60.0
    """Seconds for one part, and one more for every `slowest` bytes."""
    slowest: int = 64 * 2**10
    """Bytes a second, below which a transfer is given up."""
    aside: float = 60.0
    """Seconds that a hub that failed is asked last."""


@dataclass(kw_only=True)
class Watch:
    """When to stop."""

    deadline: float = float("inf")
    """By `time.monotonic()`."""
    events: tuple[threading.Event, ...] = ()
    """Any of them set: the caller asked to stop."""

    @property
    def over(self) -> bool:
        """Whether it is time to stop."""
        return time.monotonic() > self.deadline or any(event.is_set() for event in self.events)

    def check(self) -> None:
        """Stop if it is time to.

        Raises:
            StoppedError: If the caller asked to, or its time is over.
        """
        if any(event.is_set() for event in self.events):
            message = "Stopped, as asked."
            raise StoppedError(message)
        if time.monotonic() > self.deadline:
            message = "The time for this is over."
            raise StoppedError(message, hint="Try again, or allow more time.")

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than it takes to be stopped.

        Raises:
            StoppedError: If it is time to stop.
        """
        until = time.monotonic() + seconds
        while (left := min(until, self.deadline + 0.01) - time.monotonic()) > 0:
            if self.events:
                self.events[0].wait(min(left, 0.1))
            else:
                time.sleep(min(left, 0.1))
            self.check()


@dataclass(kw_only=True)
class Counter:
    """Requests and bytes of bodies since the start, of all threads."""

    requests: int = 0
    """Requests that were answered, redirects among them."""
    bytes: int = 0
    """Bytes of bodies that were read."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, requests: int = 0, count: int = 0) -> None:
        """Count."""
        with self.lock:
            self.requests += requests
            self.bytes += count


class Hosts:
    """What all threads must know of a host: how many ask it now, and until when nobody shall."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with knowing nothing."""
        self._lock = threading.Lock()
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._until: dict[str, float] = {}
        self._clock = clock

    def cool_down(self, host: str, seconds: float) -> None:
        """Leave a host alone for a while."""
        with self._lock:
            self._until[host] = max(self._until.get(host, 0.0), self._clock() + seconds)

    @contextmanager
    def slot(self, host: str, watch: Watch) -> Iterator[None]:
        """Wait for one's turn at a host."""
        with self._lock:
            slots = self._slots.setdefault(host, threading.BoundedSemaphore(PER_HOST))
        while not slots.acquire(timeout=0.1):
            watch.check()
        try:
            while (left := self._until.get(host, 0.0) - self._clock()) > 0:
                watch.sleep(left)
            yield
        finally:
            slots.release()
