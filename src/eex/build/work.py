"""Items become parts: reading, preparing and encoding side by side, in one process.

    reader threads --(bounded queues)--> encoding threads --> writer --> KEY.parquet

What is read is encoded in the batches of its item alone, so a part holds the same vectors bit for
bit whenever and wherever it is made.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Item, TileBatch, Want
from eex.build.job import Done, Job, failed
from eex.build.plan import part_path
from eex.config import Settings
from eex.errors import EexError, ModelError
from eex.files import atomic_path, guarded

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from eex.encoders.open import Encoder

QUEUED = 2
"""Batches of an item that are read ahead; those of the next items besides."""

LANES = 2
"""Batches that are prepared and encoded side by side: one is prepared while another is in the
network, which takes one caller at a time."""

POLL_SECONDS = 0.05
"""How often a thread that waits looks whether to stop."""


def embed_items(
    items: Iterable[Item], job: Job, *, encoders: list[Encoder] | None = None
) -> Iterator[Done]:
    """Read items, encode their tiles, write their parts; an item whose parts are there is skipped.

    Args:
        items: Taken as they are needed, a few ahead, by other threads.
        job: What to do with them.
        encoders: Of the job's models; loaded unless given.

    Yields:
        What became of each item, in their order.

    Raises:
        OutputError: If a part cannot be written; parts that are there stay.
        WeightsError: If a model cannot be loaded.
    """
    line = _Line(items, job, load_encoders(job) if encoders is None else encoders)
    try:
        yield from line.run()
    finally:
        line.end()


def load_encoders(job: Job) -> list[Encoder]:
    """Load the models of a job.

    Raises:
        WeightsError: If weights are missing or damaged; see `eex.encoders.open.encoder`.
    """
    from eex.encoders.open import encoder

    loaded = []
    for model in job.models:
        made = encoder(
            model.name,
            weights=model.weights or None,
            device=job.device or None,
            variant=model.variant,
            precision=model.precision or None,
            settings=job.settings,
        )
        if device_of(made) != "cpu":
            made.loaded.batch = max(job.batch, made.loaded.batch)  # type: ignore[attr-defined]
        loaded.append(made)
    if job.threads and "torch" in sys.modules:
        import torch

        torch.set_num_threads(job.threads)
    return loaded


def device_of(encoder: Encoder) -> str:
    """Return what an encoder runs on."""
    return str(getattr(encoder.loaded, "device", "cpu"))


def read_tiles(item: Item, job: Job, wants: tuple[Want, ...]) -> Iterator[TileBatch]:
    """Read the tiles of an item: from scenes and shards, or from the embedded world."""
    from eex.build.world import WORLD, read_world

    if item.ref.href == WORLD:
        return read_world(item, wants, batch=job.batch)
    from eex.build.reading import read_item

    settings = job.settings or Settings.from_env()
    return read_item(item, job.tiling, wants, settings=settings, batch=job.batch)


class Idle:
    """Adds up the time that nothing is encoded."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start counting."""
        self._clock, self._lock = clock, threading.Lock()
        self._active, self._since, self._sum = 0, clock(), 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._active == 0:
                self._sum += self._clock() - self._since
            self._active += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._active -= 1
            self._since = self._clock()

    def take(self) -> float:
        """Return the seconds since it was asked last."""
        with self._lock:
            now = self._clock()
            if self._active == 0:
                self._sum, self._since = self._sum + now - self._since, now
            told, self._sum = self._sum, 0.0
            return told


@dataclass
class _Reading:
    """An item under way: what was read of it, and how that ended."""

    item: Item
    key: str
    models: list[int]
    """Numbers of those whose part is missing."""
    dropped: threading.Event = field(default_factory=threading.Event)
    """Set when nobody takes its batches any more."""
    batches: queue.Queue[TileBatch | BaseException | None] = field(
        default_factory=lambda: queue.Queue(QUEUED)
    )


class _Line:
    """The threads of one process, and what passes between them."""

    def __init__(self, items: Iterable[Item], job: Job, encoders: list[Encoder]) -> None:
        self.source, self.job, self.encoders = iter(items), job, encoders
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.ordered: queue.Queue[_Reading | BaseException | None] = queue.Queue()
        self.lanes = ThreadPoolExecutor(LANES, "eex-encode")
        self.writer = ThreadPoolExecutor(1, "eex-write")
        self.finishing: deque[Future[Done]] = deque()
        self.idle, self.began = Idle(), time.perf_counter()

    def run(self) -> Iterator[Done]:
        for _ in range(self.job.readers):
            threading.Thread(target=self._read_all, name="eex-read", daemon=True).start()
        reading = 0
        while reading < self.job.readers:
            while self.finishing and (self.finishing[0].done() or len(self.finishing) > QUEUED):
                yield self._next()
            try:
                told = self.ordered.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(told, BaseException):
                raise told
            if told is None:
                reading += 1
            else:
                self.finishing.append(self._encoded(told))
        while self.finishing:
            yield self._next()

    def end(self) -> None:
        self.stop.set()
        self.lanes.shutdown(cancel_futures=True)
        self.writer.shutdown(cancel_futures=True)

    def _next(self) -> Done:
        done = self.finishing.popleft().result()
        now = time.perf_counter()
        seconds, self.began = now - self.began, now
        return replace(done, idle=min(self.idle.take(), seconds), seconds=seconds)

    def _read_all(self) -> None:
        """Take items and read them, until there are no more."""
        while not self.stop.is_set():
            with self.lock:  # so that items come in their order
                try:
                    item = next(self.source, None)
                    key = "" if item is None else item.key(self.job.tiling)
                except BaseException as error:  # noqa: BLE001 (raised again by who consumes)
                    self.ordered.put(error)
                    return
                if item is None:
                    self.ordered.put(None)
                    return
                reading = _Reading(item, key, self.job.missing(key))
                self.ordered.put(reading)
            self._read(reading)

    def _read(self, reading: _Reading) -> None:
        """Put the batches of an item into its queue, then None or what went wrong."""
        try:
            if reading.models:
                wants = tuple(dict.fromkeys(self.job.wants[i] for i in reading.models))
                for batch in read_tiles(reading.item, self.job, wants):
                    if not self._put(reading, batch):
                        return
            self._put(reading, None)
        except BaseException as error:  # noqa: BLE001 (judged by who consumes)
            self._put(reading, error)

    def _put(self, reading: _Reading, what: TileBatch | BaseException | None) -> bool:
        while not (self.stop.is_set() or reading.dropped.is_set()):
            with suppress(queue.Full):
                reading.batches.put(what, timeout=POLL_SECONDS)
                return True
        return False

    def _encoded(self, reading: _Reading) -> Future[Done]:
        """Encode an item as it is read; return what writes its parts."""
        tables: list[pa.Table] = []
        under_way: deque[list[Future[NDArray[np.float32]]]] = deque()
        vectors: list[list[NDArray[np.float32]]] = [[] for _ in reading.models]

        def collect(most: int) -> None:
            while len(under_way) > most:
                for into, future in zip(vectors, under_way.popleft(), strict=True):
                    into.append(_made(future))

        try:
            for batch in _batches(reading):
                tables.append(batch.tiles)
                under_way.append(
                    [self.lanes.submit(self._vectors, i, batch) for i in reading.models]
                )
                collect(LANES)
            collect(0)
        except Exception as error:  # noqa: BLE001
            reading.dropped.set()
            done = failed(error, key=reading.key, ref=reading.item.ref.id)
            return self.writer.submit(lambda: done)
        return self.writer.submit(self._write, reading, tables, vectors)

    def _vectors(self, number: int, batch: TileBatch) -> NDArray[np.float32]:
        encoder, more = self.encoders[number], dict[str, Any]()
        if "when" in encoder.takes:
            more["when"] = batch.tiles["datetime"].to_pylist()
        if "lonlat" in encoder.takes:
            lonlat = [batch.tiles[name].to_numpy() for name in ("centre_lon", "centre_lat")]
            more["lonlat"] = np.column_stack(lonlat).astype(np.float64)
        pixels: Any = batch.pixels[self.job.wants[number]]
        with self.idle:
            return encoder.encode_image(pixels, **more)

    def _write(
        self, reading: _Reading, tables: list[pa.Table], vectors: list[list[NDArray[np.float32]]]
    ) -> Done:
        import pyarrow as pa
        import pyarrow.parquet as pq

        tiles = pa.concat_tables(tables) if tables else None
        for number, made in zip(reading.models, vectors, strict=True):
            path = part_path(Path(self.job.parts), self.job.models[number], reading.key)
            part = pa.table({}) if tiles is None else _with_vectors(tiles, np.concatenate(made))
            with guarded(f"writing {path}"), atomic_path(path) as fresh:
                pq.write_table(part, fresh, compression="zstd")
        count = 0 if tiles is None else tiles.num_rows
        device = ", ".join(dict.fromkeys(map(device_of, self.encoders)))
        return Done(key=reading.key, ref=reading.item.ref.id, tiles=count, device=device)


def _batches(reading: _Reading) -> Iterator[TileBatch]:
    """Yield what is read of an item; raise what went wrong with it."""
    while (batch := reading.batches.get()) is not None:
        if isinstance(batch, BaseException):
            raise batch
        if batch.tiles.num_rows:
            yield batch


def _made(vectors: Future[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return what a network made; pixels that it refuses are another matter than its own failure.

    Raises:
        ModelError: If it failed by itself.
    """
    try:
        return vectors.result()
    except EexError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        message = f"The model failed: {reason}"
        hint = "What is finished is kept. If memory was short, take a smaller --batch."
        raise ModelError(message, hint=hint) from error


def _with_vectors(tiles: pa.Table, vectors: NDArray[np.float32]) -> pa.Table:
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return tiles.append_column("embedding", column)
