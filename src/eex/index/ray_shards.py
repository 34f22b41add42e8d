"""Ranges of rows held by actors of Ray, on this machine or on several.

Scheduling, membership, restarts and transport are Ray's. What is ours: how long an answer waits,
and what it says when a range cannot be searched. A worker that dies is restarted by Ray, elsewhere
if its machine is gone, and asked again. If it is not back in time, its rows are told as missing;
later searches do not wait for it, and ask it again once it is back.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eex.cluster import release
from eex.errors import EexError, UnavailableError
from eex.index.ray_worker import Holding, RowsWorker
from eex.index.shards import Users
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eex.cluster import Cluster
    from eex.index.shards import Mask, Reply, Request, Span

POLL_SECONDS = 0.05
"""How often a search that waits asks whether it should stop."""

TRIES = 3
"""How often one search asks a range whose worker fails at once."""

RETRY_SECONDS = 5.0
"""Least time between two workers that are tried in place of one that cannot search."""

AT_ONCE = 2
"""Searches that one worker runs at once: one answers while the next reads."""

MASKS = 8
"""Masks that stay in Ray's object store; the least used goes first."""


@dataclass
class _Worker:
    """Who holds one range. Changed under the lock only."""

    holding: Holding
    actor: Any
    lost: str = ""
    """Why it cannot be asked; empty while it can."""
    since: float = 0.0
    """When it was last tried to get it back."""
    back: Any = None
    """Ray's promise that it can be asked again."""


class _Sent(NamedTuple):
    number: int
    actor: Any


class RayShards:
    """`Shards` held by Ray's actors. Safe to use from several threads."""

    def __init__(
        self,
        cluster: Cluster,
        holdings: Sequence[Holding],
        *,
        dim: int,
        cpus: float,
        patience: float,
    ) -> None:
        """Start one worker for each range and wait until all can be asked.

        Args:
            cluster: The Ray to use, attached for these workers; `close` releases it.
            holdings: What each worker holds, in row order; none is empty.
            dim: Length of one vector.
            cpus: Processors that Ray sets aside for each worker.
            patience: Seconds that an answer waits for its slowest worker, restarts included.

        Raises:
            SetError: If a worker does not see the set, or sees another one.
            UnavailableError: If Ray does not start all workers in this time.
        """
        self._ray, self._dim, self._patience = cluster.ray, dim, patience
        self._lock = threading.Lock()
        self._users = Users(self._end)
        self._masks = _Masks(self._ray, [holding.span for holding in holdings])
        self._made = self._ray.remote(RowsWorker).options(
            num_cpus=cpus,
            max_restarts=-1,
            max_task_retries=-1,
            max_concurrency=AT_ONCE,
            scheduling_strategy="SPREAD",
        )
        self._workers = [_Worker(h, self._made.remote(h)) for h in holdings]
        self._wait_for_all()

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self._dim

    @property
    def spans(self) -> tuple[Span, ...]:
        """The ranges, one for each worker."""
        return tuple(worker.holding.span for worker in self._workers)

    @property
    def lost(self) -> dict[Span, str]:
        """The ranges that could not be searched when last asked, and why."""
        with self._lock:
            return {worker.holding.span: worker.lost for worker in self._workers if worker.lost}

    def processes(self) -> list[tuple[str, int]]:
        """Return host and process of each worker.

        Raises:
            UnavailableError: If they do not all answer.
            EexError: If they are closed.
        """
        with self._users.one_more():
            return self._wait_for_all()

    def ask(
        self, requests: Sequence[Request[Reply] | None], masks: Sequence[Mask | None] = ()
    ) -> list[Reply | None]:
        """Return each range's answer; see `Shards.ask`.

        Arrays of the answers lie in Ray's object store and cannot be written.

        Raises:
            CancelledError: If the search should stop; so do the workers.
            EexError: If they are closed.
        """
        with self._users.one_more():
            return self._ask(requests, masks)

    def close(self) -> None:
        """Answer no new question; end the workers and let go of Ray after those under way."""
        self._users.close()

    def _end(self) -> None:
        with self._lock:
            self._masks.clear()
            for worker in self._workers:
                self._kill(worker.actor)
        release()

    def _ask(
        self, requests: Sequence[Request[Reply] | None], masks: Sequence[Mask | None]
    ) -> list[Reply | None]:
        ray, deadline = self._ray, time.monotonic() + self._patience
        bits = [None if mask is None else self._masks.of(mask) for mask in masks]
        replies: list[Reply | None] = [None] * len(requests)
        sent: dict[Any, _Sent] = {}
        tries = Counter[int]()

        def send(number: int) -> None:
            actor = self._usable(self._workers[number])
            if actor is not None:
                cut = [None if parts is None else parts[number] for parts in bits]
                sent[actor.answer.remote(requests[number], *cut)] = _Sent(number, actor)

        try:
            for number in [i for i, request in enumerate(requests) if request is not None]:
                send(number)
            while sent:
                check_stopped()
                left = deadline - time.monotonic()
                if left <= 0:
                    self._too_late(sent.values())
                    break
                done, _ = ray.wait(
                    list(sent), num_returns=len(sent), timeout=min(POLL_SECONDS, left)
                )
                for ref in done:
                    number, actor = sent.pop(ref)
                    try:
                        replies[number] = ray.get(ref)
                    except ray.exceptions.RayError as error:
                        tries[number] += 1
                        if self._ask_again(number, actor, error, tries[number]):
                            send(number)
        finally:
            self._cancel(sent)
        return replies

    def _wait_for_all(self) -> list[tuple[str, int]]:
        ray = self._ray
        refs = [worker.actor.ready.remote() for worker in self._workers]
        done, waiting = ray.wait(refs, num_returns=len(refs), timeout=self._patience)
        try:
            told = ray.get(done)
        except ray.exceptions.RayError as error:
            raise _told(error) from None
        if waiting:
            message = f"{len(done)} of {len(refs)} workers started in {self._patience:g} s."
            hint = "Ask for fewer shards or fewer cpus for each, or add machines to Ray."
            raise UnavailableError(message, hint=hint)
        return list(told)

    def _ask_again(self, number: int, actor: Any, error: Any, tries: int) -> bool:  # noqa: ANN401
        """Return whether to ask a range again, after an error of its worker.

        Raises:
            Exception: What the worker raised, if it is neither lost nor without its files.
        """
        worker, told = self._workers[number], _told(error)
        if isinstance(error, self._ray.exceptions.RayTaskError) and not isinstance(
            told, OSError | MemoryError
        ):
            raise told from None
        if tries >= TRIES or isinstance(told, OSError | MemoryError):
            self._lose(worker, actor, str(told), keep=False)
            return False
        if isinstance(error, self._ray.exceptions.ActorDiedError):
            with self._lock:
                if worker.actor is actor:
                    worker.actor = self._made.remote(worker.holding)
        return True

    def _too_late(self, sent: Iterable[_Sent]) -> None:
        reason = f"It did not answer within {self._patience:g} s."
        for number, actor in sent:
            self._lose(self._workers[number], actor, reason, keep=True)

    def _cancel(self, refs: Iterable[Any]) -> None:
        """Tell workers that nobody waits for these answers any more."""
        for ref in refs:
            with suppress(self._ray.exceptions.RayError, ValueError):
                self._ray.cancel(ref)

    def _usable(self, worker: _Worker) -> Any:  # noqa: ANN401
        """Return the actor to ask; None while the worker is lost. Does not wait."""
        ray = self._ray
        with self._lock:
            if not worker.lost:
                return worker.actor
            late = time.monotonic() - worker.since
            done, _ = ray.wait([worker.back], timeout=0)
            if done:
                try:
                    ray.get(worker.back)
                except ray.exceptions.RayError as error:
                    worker.lost = str(_told(error))
                    if late >= RETRY_SECONDS:
                        self._renew(worker)
                else:
                    worker.lost = ""
                    return worker.actor
            elif late >= max(RETRY_SECONDS, self._patience):
                self._renew(worker)
            return None

    def _lose(self, worker: _Worker, actor: Any, reason: str, *, keep: bool) -> None:  # noqa: ANN401
        """Ask a worker no more until it says that it is back; let a new one take its place."""
        with self._lock:
            if worker.actor is not actor or worker.lost:
                return  # another search was quicker
            worker.lost = reason
            if keep:
                worker.since, worker.back = time.monotonic(), actor.ready.remote()
            else:
                self._renew(worker)

    def _renew(self, worker: _Worker) -> None:
        self._kill(worker.actor)
        worker.actor = self._made.remote(worker.holding)
        worker.since, worker.back = time.monotonic(), worker.actor.ready.remote()

    def _kill(self, actor: Any) -> None:  # noqa: ANN401
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor, no_restart=True)


class _Masks:
    """Masks in Ray's object store, cut to the ranges, each put there once."""

    def __init__(self, ray: Any, spans: Sequence[Span]) -> None:  # noqa: ANN401
        self._ray, self._spans = ray, spans
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, list[Any]] = OrderedDict()

    def of(self, mask: Mask) -> list[Any]:
        """Return Ray's reference to each range's part of a mask, eight rows to a byte."""
        parts = [np.packbits(mask[low:high]) for low, high in self._spans]
        told = hashlib.blake2b(digest_size=16)
        for part in parts:
            told.update(part.data)
        key = told.digest()
        with self._lock:
            refs = self._kept.pop(key, None) or [self._ray.put(part) for part in parts]
            self._kept[key] = refs
            while len(self._kept) > MASKS:
                self._kept.popitem(last=False)
            return refs

    def clear(self) -> None:
        """Let the object store have its room back."""
        with self._lock:
            self._kept.clear()


def _told(error: Any) -> Exception:  # noqa: ANN401
    """Return what a worker raised, without Ray around it; or in one line what befell it."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception):
        return cause
    line = str(error).strip().partition("\n")[0]
    return EexError(f"A worker of Ray was lost: {line}")
