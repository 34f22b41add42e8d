"""What runs in a process of Ray: it holds one range of a set's rows and answers for them."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import open_folder
from eex.errors import DamagedSetError
from eex.index.base import VectorIndex
from eex.index.engines import Opening, engine
from eex.stopping import stopping

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.index.shards import Reply, Request, Span

SAMPLE = 16
"""Rows that two machines compare to know that they look at the same set."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a worker holds, and how."""

    folder: str
    """Of the set, as every machine sees it."""
    key: str
    """Of the set."""
    engine: str
    """Which ranks the rows; one that needs nothing built."""
    threads: int
    """That one search may use."""
    span: Span = (0, 0)
    """The rows."""
    mark: str = ""
    """Of these rows, as `mark_of` gives it where the search was asked."""


class RowsWorker:
    """One range of rows. Its files are opened when it is asked first, and mapped, not read."""

    def __init__(self, holding: Holding) -> None:
        """Take what to hold; cannot fail, so that Ray does not start it again and again."""
        self._holding = holding
        self._lock = threading.Lock()
        self._index: VectorIndex | None = None

    def ready(self) -> tuple[str, int]:
        """Return host and process, once the rows can be searched.

        Raises:
            SetError: If the set is not there, or is another one.
        """
        self._opened()
        return socket.gethostname(), os.getpid()

    def answer(self, request: Request[Reply], *masks: NDArray[np.uint8] | None) -> Reply:
        """Return the answer of this range.

        Args:
            request: What is asked.
            masks: Of this range, eight rows to a byte as `numpy.packbits` does.

        Raises:
            SetError: If the set is not there, or is another one.
            CancelledError: If Ray was told that nobody waits for the answer.
        """
        low, high = self._holding.span
        index = self._opened()
        cut = [
            None if bits is None else np.unpackbits(bits, count=high - low).view(np.bool_)
            for bits in masks
        ]
        with stopping(_cancelled()):
            return request.of(index, cut)

    def _opened(self) -> VectorIndex:
        with self._lock:
            if self._index is None:
                self._index = _open(self._holding)
            return self._index


def mark_of(embeddings: EmbeddingSet, span: Span) -> str:
    """Return a hash of what a set is and of some rows of a range, to tell sets apart."""
    vectors = embeddings.vectors
    told = hashlib.sha256(embeddings.header.to_json().encode())
    told.update(f"{vectors.shape} {vectors.dtype.str} {len(embeddings.unusable)}".encode())
    low, high = span
    rows = np.unique(np.linspace(low, high - 1, SAMPLE if high > low else 0).astype(np.int64))
    told.update(np.ascontiguousarray(vectors[rows]).tobytes())
    return told.hexdigest()


def _open(holding: Holding) -> VectorIndex:
    folder, (low, high) = Path(holding.folder), holding.span
    embeddings = open_folder(folder, key=holding.key)
    if len(embeddings) < high or mark_of(embeddings, holding.span) != holding.mark:
        message = f"The set in {folder} on {socket.gethostname()} is not the one that is searched."
        hint = "All machines must see the same folder; open the set again if it has changed."
        raise DamagedSetError(message, hint=hint)
    unusable = embeddings.unusable
    part = replace(
        embeddings,
        vectors=embeddings.vectors[low:high],
        lonlat=embeddings.lonlat[low:high],
        unusable=unusable[(unusable >= low) & (unusable < high)] - low,
        counted=None,
    )
    index = engine(holding.engine).open(Opening(embeddings=part, threads=holding.threads))
    if not isinstance(index, VectorIndex):
        message = f"The index {holding.engine!r} does not score every row."
        raise TypeError(message)
    return index


def _cancelled() -> Callable[[], bool]:
    """Return what tells whether Ray wants this task to end; asked on the task's own thread only."""
    import ray

    context: Any = ray.get_runtime_context()
    own = threading.get_ident()
    return lambda: threading.get_ident() == own and context.is_canceled()
