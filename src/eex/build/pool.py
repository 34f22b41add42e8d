"""Processes on this machine that embed items: given a few at a time, replaced when they die.

Not `concurrent.futures`: its workers import the program that uses them anew, outlive it when it is
killed, and answer only when all they were given is done.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from eex.build.items import Item
from eex.build.job import Done, Job
from eex.errors import EexError

AHEAD = 2
"""Items that a worker is given besides those that it reads."""

MOST_DEATHS = 5
"""Workers that are replaced in one build before it is given up."""

MOST_TRIES = 3
"""Workers that may die at the same item before it is set aside."""

END_SECONDS = 5.0
"""Time that a worker has to end by itself."""


def local_pool(items: Iterable[Item], job: Job, *, workers: int = 1) -> Iterator[Done]:
    """Embed items in processes of this machine.

    Args:
        items: Each once.
        job: What to do with them.
        workers: How many processes; each loads the models.

    Yields:
        What became of each item, as they are finished.

    Raises:
        EexError: What a worker could not go on with; or if workers die again and again.
    """
    pool = _Pool(items, job, workers)
    try:
        yield from pool.run()
    finally:
        pool.end()


class _Worker:
    """One process, what it was given and has not finished, and who listens to it."""

    def __init__(self, job: Job, inbox: queue.Queue[tuple[_Worker, object]]) -> None:
        path = [part for part in sys.path if part]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
        if job.threads:  # what NumPy computes with; PyTorch is told otherwise
            environment.setdefault("OMP_NUM_THREADS", str(job.threads))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eex.build.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=Path.cwd(),
        )
        self.given: dict[str, Item] = {}
        self.closed = False
        self._inbox = inbox
        self.send((os.getpid(), job))
        threading.Thread(target=self._listen, name="eex-listen", daemon=True).start()

    def send(self, what: object) -> None:
        assert self.process.stdin is not None
        with suppress(OSError):  # it died: whoever listens will know
            pickle.dump(what, self.process.stdin)
            self.process.stdin.flush()

    def close(self) -> None:
        """Say that nothing more comes."""
        if not self.closed:
            self.closed = True
            self.send(None)

    def end(self) -> None:
        """End it, kindly at first."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(EOFError, pickle.UnpicklingError, OSError):
            while True:
                self._inbox.put((self, pickle.load(self.process.stdout)))  # noqa: S301
        self.process.stdout.close()
        self._inbox.put((self, None))


class _Pool:
    def __init__(self, items: Iterable[Item], job: Job, workers: int) -> None:
        self.todo, self.job = deque(items), job
        self.inbox: queue.Queue[tuple[_Worker, object]] = queue.Queue()
        self.tries: Counter[str] = Counter()
        self.deaths = 0
        self.each = job.readers + AHEAD
        count = max(1, min(workers, len(self.todo)))
        self.workers = [self._started() for _ in range(count)] if self.todo else []

    def run(self) -> Iterator[Done]:
        while self.workers:
            for worker in self.workers:
                self._give(worker)
            worker, told = self.inbox.get()
            if isinstance(told, Done):
                worker.given.pop(told.key, None)
                yield told
            elif isinstance(told, BaseException):
                raise told
            elif worker in self.workers:
                yield from self._gone(worker)

    def end(self) -> None:
        for worker in self.workers:
            worker.end()
        self.workers = []

    def _started(self) -> _Worker:
        return _Worker(self.job, self.inbox)

    def _give(self, worker: _Worker) -> None:
        while self.todo and len(worker.given) < self.each and not worker.closed:
            item = self.todo.popleft()
            worker.given[item.key(self.job.tiling)] = item
            worker.send(item)
        if not self.todo:
            worker.close()

    def _gone(self, worker: _Worker) -> Iterator[Done]:
        """Take back what a worker did not finish, and replace it if there is work."""
        self.workers.remove(worker)
        code = worker.process.wait()
        assert worker.process.stdin is not None
        with suppress(OSError):
            worker.process.stdin.close()
        if not worker.given:
            return
        key = next(iter(worker.given))  # items are finished in the order that they were given in
        self.tries[key] += 1
        self.deaths += 1
        if self.deaths > MOST_DEATHS:
            message = f"Processes that embed died {self.deaths} times, at last with code {code}."
            hint = (
                "What is finished is kept; the same command goes on. If memory was short, take "
                "fewer --workers or a smaller --batch."
            )
            raise EexError(message, hint=hint)
        if self.tries[key] >= MOST_TRIES:
            item = worker.given.pop(key)
            reason = f"the process that read it died {MOST_TRIES} times, with code {code}"
            yield Done(key=key, ref=item.ref.id, state="aside", reason=reason, code="died")
        self.todo.extendleft(reversed(worker.given.values()))
        if self.todo:
            self.workers.append(self._started())
