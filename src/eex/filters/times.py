"""When the tiles of a set were seen, kept once it has been read from text.

Text of 20 million rows takes seconds to read, and each new time or season would read it again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.filters.columns import Slice

KEPT_TIMES_BYTES = 1 << 26
"""Of the times of one set, eight bytes a row; of a larger set none are kept."""

ROW_BYTES = 8


class Times:
    """Times of one set, slice by slice, each read once; for any number of threads."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int], NDArray[np.int64]] = {}
        self._narrow: set[tuple[int, int]] = set()

    @classmethod
    def kept_of(cls, embeddings: EmbeddingSet) -> Times | None:
        """Return where to keep the times of a set; None if it has too many rows for that."""
        return cls() if len(embeddings) * ROW_BYTES <= KEPT_TIMES_BYTES else None

    @property
    def kept(self) -> int:
        """Bytes of times that are kept now."""
        with self._lock:
            return sum(times.nbytes for times in self._kept.values())

    def of(self, rows: Slice) -> NDArray[np.int64]:
        """Return the times of a slice, read-only, as `Slice.times` has them.

        Rows that were picked from a slice are read alone the first time, since few may be wanted;
        when its times are asked for again, all are read and kept. Another thread that wants a slice
        waits while one is read.
        """
        key = rows.start, rows.stop
        with self._lock:
            if key not in self._kept and (rows.chosen is None or key in self._narrow):
                times = rows.all.read_times()
                times.flags.writeable = False
                self._kept[key] = times
            told = self._kept.get(key)
            self._narrow.add(key)
        if told is None:
            return rows.read_times()
        return told if rows.chosen is None else told[rows.chosen]
