"""Many users at once share reads of the data.

A scan is bound by memory: reading the vectors once for eight queries costs little more than for
one. While a scan runs, those who come wait, and are then answered together by one `scan_many`.
Whoever finds nobody reading starts at once, so a lone user waits for nothing.

There is no thread of its own. One of those who wait leads: it reads for itself and for those
behind it, hands the lead to the next, and goes with its answer.

Source:
    Leader and followers, as in group commit of logs: DeWitt et al., "Implementation Techniques for
    Main Memory Database Systems", SIGMOD 1984. Sharing one scan: Zukowski et al., "Cooperative
    Scans", VLDB 2007.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from threading import Condition
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np

from eex.errors import BusyError, CancelledError, ShapeError
from eex.index.asked import checked_each, checked_k, checked_mask, unit_row, unit_rows
from eex.stopping import check_stopped, stopping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from eex.index.base import Hits, Scan, VectorIndex

T = TypeVar("T")

MOST = 32
"""Most queries that one read answers."""

SCORES_BYTES = 256 * 2**20
"""Most memory of the scores of one read: 4 bytes for each row and query."""

WAITING = 512
"""Most queries that wait, such as 32 searches of 16 parts; one more is refused."""

POLL = 0.02
"""Seconds between two looks at whether who waits still wants the answer."""

FEW = 0.1
"""Share of rows below which a masked scan does not wait: it reads only its own rows."""


class BatchedIndex:
    """An index whose scans are shared; answers are those of the index inside.

    Rows found and their scores are the same numbers, whoever else asks; other scores are those of
    `VectorIndex.scan_many`. Safe to use from many threads.
    """

    def __init__(
        self,
        inner: VectorIndex,
        *,
        most: int = MOST,
        scores_bytes: int = SCORES_BYTES,
        waiting: int = WAITING,
    ) -> None:
        """Share the reads of an index.

        Args:
            inner: Must not be asked for scans elsewhere at the same time, or these are not shared.
            most: Most queries that one read answers.
            scores_bytes: Most memory of the scores of one read; one query is always answered.
            waiting: Most queries that wait; one more raises `BusyError`, unless none waits.
        """
        self._inner = inner
        self._most = max(1, min(most, scores_bytes // (4 * max(1, inner.size))))
        self._waiting = waiting
        self._changed = Condition()
        self._reading = False
        self._queue: deque[_Ask[Any]] = deque()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Give what else the index inside has, such as `tolerance`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return self._inner.size

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self._inner.dim

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return every row's cosine; see `VectorIndex.scores`.

        Raises:
            BusyError: If too many wait already.
            CancelledError: If the search should stop.
        """
        if out is not None and (out.shape != (self.size,) or out.dtype != np.float32):
            message = f"The result must be float32 of shape ({self.size},), got {out.shape}."
            raise ShapeError(message, hint="Leave `out` away to have one made.")
        alone = partial(self._inner.scores, query)
        unit_row(query, self.dim)  # what cannot be asked is refused here, and troubles nobody else
        found = self._answer(_Ask([query], [1], [None], alone, lambda scans: scans[0].scores))
        if out is None:
            return found
        out[:] = found  # by who asks: a leader must not write for one that has gone
        return out

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query; see `FindsRows.search`.

        One query shares its read with those of others. Several have a read of their own, which
        keeps only the rows found; `scan_many` shares.

        Raises:
            BusyError: If too many wait already.
            CancelledError: If the search should stop.
        """
        alone = partial(self._inner.search, queries, k=k, mask=mask)
        if np.ndim(queries) != 2 or len(np.asarray(queries)) != 1 or self._few(mask):  # noqa: PLR2004
            return alone()
        unit_rows(queries, self.dim)
        ask = _Ask(queries, [checked_k(k)], [mask], alone, lambda scans: scans[0].hits)
        return self._answer(ask)

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        """Return every row's score and the `k` nearest; see `VectorIndex.scan`.

        Raises:
            BusyError: If too many wait already.
            CancelledError: If the search should stop.
        """
        alone = partial(self._inner.scan, query, k=k, mask=mask)
        if self._few(mask):
            return alone()
        unit_row(query, self.dim)
        return self._answer(_Ask([query], [checked_k(k)], [mask], alone, lambda scans: scans[0]))

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return a `scan` of each query; see `VectorIndex.scan_many`.

        They wait for one read together, and count as so many queries.

        Raises:
            BusyError: If too many wait already.
            CancelledError: If the search should stop.
        """
        alone = partial(self._inner.scan_many, queries, k=k, masks=masks)
        units = unit_rows(queries, self.dim)
        checked_each(units, k, masks)
        ks = [checked_k(some) for some in k]
        few = [self._few(mask) for mask in masks]
        if all(few):
            return alone()
        return self._answer(_Ask(queries, ks, tuple(masks), alone, lambda scans: scans))

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows; see `VectorIndex.score_rows`."""
        return self._inner.score_rows(query, rows)

    def _few(self, mask: NDArray[np.bool_] | None) -> bool:
        if mask is None:
            return False
        return bool(np.count_nonzero(checked_mask(mask, self.size)) < FEW * self.size)

    def _answer(self, ask: _Ask[T]) -> T:
        """Return what an ask gets alone, or takes from the scans of a read with others."""
        with self._changed:
            if self._reading:
                waits = sum(other.size for other in self._queue)
                if self._queue and waits + ask.size > self._waiting:
                    message = f"{waits} searches wait already."
                    raise BusyError(message, hint="Ask again in some seconds.")
                self._queue.append(ask)
                self._wait(ask)
            else:
                self._reading, ask.place = True, "leads"
        if ask.place == "leads":
            self._lead(ask)
        if ask.error is not None:
            raise ask.error
        answer: T = ask.answer
        return answer

    def _wait(self, ask: _Ask[Any]) -> None:
        """Wait until an ask is answered or leads; called with the lock held.

        Raises:
            CancelledError: If nobody wants the answer any more.
        """
        try:
            while ask.place in {"waits", "is read"}:
                self._changed.wait(POLL)
                check_stopped()
        except BaseException:
            if ask.place == "waits":
                self._queue.remove(ask)
            elif ask.place == "leads":
                self._pass_on()
            ask.place = "left"
            raise

    def _pass_on(self) -> None:
        """Let the next lead; called with the lock held."""
        self._reading = bool(self._queue)
        if self._queue:
            self._queue.popleft().place = "leads"
        self._changed.notify_all()

    def _lead(self, ask: _Ask[Any]) -> None:
        """Read for an ask and those behind it, then let the next lead."""
        batch, room = [ask], self._most - ask.size
        try:
            with self._changed:
                while self._queue and self._queue[0].size <= room:  # nobody is overtaken
                    batch.append(self._queue.popleft())
                    batch[-1].place = "is read"
                    room -= batch[-1].size
            self._read(batch)
        finally:
            with self._changed:
                for other in reversed(batch):
                    if other.place == "is read":
                        answered = other.answer is not None or other.error is not None
                        other.place = "is answered" if answered else "waits"
                        if not answered:  # whoever led was interrupted
                            self._queue.appendleft(other)
                self._pass_on()

    def _read(self, batch: list[_Ask[Any]]) -> None:
        if len(batch) > 1:
            try:
                scans = iter(Context().run(self._read_together, batch))
            except CancelledError as error:  # all of them are unwanted
                for ask in batch:
                    ask.error = CancelledError(str(error))
                return
            except Exception:  # noqa: BLE001, S110, each is told its own below
                pass
            else:
                for ask in batch:
                    ask.answer = ask.pick(list(islice(scans, ask.size)))
        for ask in batch:
            if ask.answer is None:
                try:
                    ask.answer = ask.context.copy().run(ask.alone)
                except Exception as error:  # noqa: BLE001, raised where it was asked
                    ask.error = error

    def _read_together(self, batch: list[_Ask[Any]]) -> list[Scan]:
        with stopping(lambda: all(ask.unwanted() for ask in batch)):
            return self._inner.scan_many(
                np.concatenate([np.asarray(ask.queries, np.float64) for ask in batch]),
                k=[k for ask in batch for k in ask.ks],
                masks=[mask for ask in batch for mask in ask.masks],
            )


@dataclass(eq=False)
class _Ask(Generic[T]):
    """Queries of one caller that wait for their answer."""

    queries: Any
    """Shape (n, dim)."""
    ks: Sequence[int]
    masks: Sequence[NDArray[np.bool_] | None]
    alone: Callable[[], T]
    """Answers them without others."""
    pick: Callable[[list[Scan]], T]
    """Takes the answer from their scans."""
    context: Context = field(default_factory=copy_context)
    """Of who asks: it says whether the answer is still wanted."""
    place: Literal["waits", "leads", "is read", "is answered", "left"] = "waits"
    answer: Any = None
    error: Exception | None = None

    @property
    def size(self) -> int:
        """How many queries."""
        return len(self.ks)

    def unwanted(self) -> bool:
        """Say whether nobody wants the answer any more; from any thread."""
        try:
            self.context.copy().run(check_stopped)
        except CancelledError:
            return True
        return False
