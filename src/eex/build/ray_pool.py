"""Actors of Ray that embed items, on this machine or many.

Items hold references only, so what travels is small; every machine must see the build folder under
the same path, and have this package, its models and the network.
"""

from __future__ import annotations

import socket
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.build.items import Item
from eex.build.job import Done, Job
from eex.build.pool import MOST_DEATHS, MOST_TRIES
from eex.errors import EexError, OutputError, UnavailableError

if TYPE_CHECKING:
    from eex.cluster import Cluster
    from eex.encoders.open import Encoder

CHUNK = 4
"""Items that an actor is given at a time, for each that it reads side by side."""

WAITING = 2
"""Lots of items that an actor has been given, the one that it works on included."""

START_SECONDS = 300.0
"""Time that the first actor has to start: others may hold what it needs."""


class Embedder:
    """Lives in a process of Ray; the models stay loaded."""

    def __init__(self, job: Job) -> None:
        """Take what to do; cannot fail, so that Ray does not start it again and again."""
        self._job = job
        self._encoders: list[Encoder] | None = None

    def ready(self) -> None:
        """Answer: an actor that waits for a processor or a GPU cannot."""

    def embed(self, items: Sequence[Item]) -> list[Done] | EexError:
        """Embed items; an error that stops the build is returned, since Ray wraps what is raised.

        Items whose parts are there are skipped.
        """
        from eex.build.work import embed_items, load_encoders

        if not Path(self._job.parts).is_dir():
            message = f"{socket.gethostname()} does not see the folder {self._job.parts}."
            return OutputError(message, hint="All machines must see it under the same path.")
        try:
            if self._encoders is None:
                self._encoders = load_encoders(self._job)
            return list(embed_items(items, self._job, encoders=self._encoders))
        except EexError as error:
            error.__cause__ = error.__context__ = None
            return error


def ray_pool(
    items: Iterable[Item], job: Job, *, workers: int = 1, address: str = ""
) -> Iterator[Done]:
    """Embed items in processes of Ray; those of lost processes and machines are done again.

    Args:
        items: Each once.
        job: What to do with them.
        workers: Actors; where Ray has GPUs and networks may run on them, each has one.
        address: Of a Ray that runs, as `ray.init` takes it; empty starts one here.

    Yields:
        What became of each item, as they are finished.

    Raises:
        MissingExtraError: If Ray is not installed.
        UnavailableError: If no Ray answers.
        EexError: What a worker could not go on with; or if workers die again and again.
    """
    from eex.cluster import attach, release

    todo = deque(items)
    if not todo:
        return
    on_gpu = job.device not in {"cpu", "mps"}
    cluster = attach(address, cpus=workers, gpus=None if on_gpu else 0)
    pool = _Pool(cluster, todo, job, workers, on_gpu=on_gpu and cluster.gpus > 0)
    try:
        yield from pool.run()
    finally:
        pool.end()
        release()


class _Pool:
    def __init__(
        self, cluster: Cluster, todo: deque[Item], job: Job, workers: int, *, on_gpu: bool
    ) -> None:
        self.ray, self.todo, self.job = cluster.ray, todo, job
        self.lot = CHUNK * job.readers
        options: dict[str, Any] = {"max_restarts": 0, "num_cpus": 0 if cluster.own else 1}
        if on_gpu:
            options["num_gpus"] = 1
        self.kind = self.ray.remote(**options)(Embedder)
        self.deaths, self.tries = 0, Counter[str]()
        self.under_way: dict[Any, tuple[Any, list[Item]]] = {}
        self.starting: dict[Any, Any] = {}
        self.actors: list[Any] = []
        self.idle: list[Any] = []
        for _ in range(max(1, min(workers, -(-len(todo) // self.lot)))):
            self._start()

    def run(self) -> Iterator[Done]:
        while self.under_way or self.todo:
            told_by = [*self.under_way, *self.starting]
            patience = None if self.under_way else START_SECONDS
            found, _ = self.ray.wait(told_by, num_returns=1, timeout=patience)
            if not found:
                message = f"No worker of Ray has started within {START_SECONDS:.0f} seconds."
                hint = "Others hold its processors or GPUs; wait for them, or take fewer --workers."
                raise UnavailableError(message, hint=hint)
            if found[0] in self.starting:
                yield from self._started(found[0])
                continue
            actor, items = self.under_way.pop(found[0])
            ready = found[0]
            try:
                told = self.ray.get(ready)
            except (self.ray.exceptions.RayActorError, self.ray.exceptions.RayError) as error:
                yield from self._lost(actor, items, error)
                continue
            if isinstance(told, EexError):
                raise told
            yield from told
            self._give(actor)

    def _start(self) -> None:
        actor = self.kind.remote(self.job)
        self.actors.append(actor)
        self.starting[actor.ready.remote()] = actor

    def _started(self, ready: Any) -> Iterator[Done]:  # noqa: ANN401
        """Give an actor its first lots, once it answers."""
        actor = self.starting.pop(ready)
        try:
            self.ray.get(ready)
        except self.ray.exceptions.RayError as error:
            yield from self._lost(actor, [], error)
            return
        for _ in range(WAITING):
            self._give(actor)

    def end(self) -> None:
        for actor in self.actors:
            self.ray.kill(actor)
        self.actors = []

    def _give(self, actor: Any) -> None:  # noqa: ANN401
        lot = [self.todo.popleft() for _ in range(min(self.lot, len(self.todo)))]
        if lot:
            self.under_way[actor.embed.remote(lot)] = (actor, lot)
        elif actor not in self.idle:
            self.idle.append(actor)

    def _lost(self, actor: Any, items: list[Item], error: Exception) -> Iterator[Done]:  # noqa: ANN401
        """Take back what a lost actor was given, and start another one in its place."""
        finished = [item for item in items if not self._missing(item)]
        left = [item for item in items if self._missing(item)]
        for item in finished:
            yield Done(key=item.key(self.job.tiling), ref=item.ref.id)
        if actor in self.actors:  # the first of its lots that fails: the one that it worked on
            self.actors.remove(actor)
            self.deaths += 1
            reason = str(error).strip().partition("\n")[0]
            if self.deaths > MOST_DEATHS:
                message = f"Processes of Ray died {self.deaths} times: {reason}"
                hint = "What is finished is kept; the same command goes on."
                raise EexError(message, hint=hint) from error
            left, bad = self._tried(left)
            for item in bad:
                reason = f"the process that read it died {MOST_TRIES} times"
                key = item.key(self.job.tiling)
                yield Done(key=key, ref=item.ref.id, state="aside", reason=reason, code="died")
            self._start()
        self.todo.extendleft(reversed(left))
        idle, self.idle = [one for one in self.idle if one in self.actors], []
        for one in idle:
            self._give(one)

    def _missing(self, item: Item) -> bool:
        return bool(self.job.missing(item.key(self.job.tiling)))

    def _tried(self, left: list[Item]) -> tuple[list[Item], list[Item]]:
        """Count one more death at the first item that was not finished."""
        if not left:
            return left, []
        key = left[0].key(self.job.tiling)
        self.tries[key] += 1
        return (left[1:], left[:1]) if self.tries[key] >= MOST_TRIES else (left, [])
