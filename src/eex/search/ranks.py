"""What ranks the tiles of a set: its engine, and what is kept beside it between queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from eex.filters.mask import Masks
from eex.index.base import VectorIndex
from eex.index.engines import Opening
from eex.index.plain import open_exact
from eex.search.member import partners, sample_index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.config import Settings
    from eex.embeddings import EmbeddingSet
    from eex.index.base import FindsRows
    from eex.index.exact import ExactIndex

T = TypeVar("T")

PARTNERS = 4
"""Further sets whose tiles' rows are kept, the latest."""


class Ranks:
    """The part of an `OpenSet` that ranks its rows."""

    def __init__(
        self,
        name: str,
        embeddings: EmbeddingSet,
        settings: Settings,
        *,
        engine: str = "exact",
        options: Mapping[str, Any] | None = None,
        batched: bool = False,
    ) -> None:
        """Take a set; its engine is opened by the first query.

        Args:
            name: As recipes call it.
            embeddings: The set.
            settings: Threads.
            engine: What ranks the rows; what needs files is built before (`eex index`).
            options: Of the engine, for searching.
            batched: Have many users at once share each reading of the vectors.
        """
        self.name = name
        self.embeddings = embeddings
        self.settings = settings
        self.engine = engine
        self.options = dict(options or {})
        self.batched = batched
        self._ranking, self._making = Lock(), Lock()
        self._once: dict[str, Any] = {}
        self._index: FindsRows | None = None
        self._cells: dict[float, NDArray[np.int64]] = {}
        self._partners: dict[str, NDArray[np.int64] | None] = {}

    @property
    def index(self) -> FindsRows:
        """Ranks rows by the set's engine; opened by the first query.

        Raises:
            UnknownNameError: If there is no such engine.
            SetError: If what it needs was not built for this set; the hint has the command.
            MissingExtraError: If it needs a package that is not installed.
        """
        with self._ranking:
            if self._index is None:
                self._index = self._engine_made()
            return self._index

    def _engine_made(self) -> FindsRows:
        if self.engine == "exact":
            found: FindsRows = self.exact
        else:
            from eex.index.built import open_index

            threads = self.settings.threads
            found = open_index(self.embeddings, self.engine, options=self.options, threads=threads)
        if self.batched and isinstance(found, VectorIndex):
            from eex.index.batched import BatchedIndex

            return BatchedIndex(found)
        return found

    def close(self) -> None:
        """Let go of what the engine holds, such as workers; the next query opens it again."""
        with self._ranking:
            index, self._index = self._index, None
        closing = getattr(index, "close", None)
        if closing is not None:
            closing()

    @property
    def exact(self) -> ExactIndex:
        """Scores given rows exactly, from the set's own vectors."""
        return self._kept("exact", self._exact_made)

    @property
    def sample(self) -> ExactIndex:
        """Every n-th row, by which scores are calibrated."""
        threads = self.settings.threads
        return self._kept("sample", lambda: sample_index(self.embeddings, threads=threads))

    @property
    def masks(self) -> Masks:
        """Filters as masks of rows, the latest kept."""
        return self._kept("masks", lambda: Masks(self.embeddings))

    def _exact_made(self) -> ExactIndex:
        return open_exact(Opening(embeddings=self.embeddings, threads=self.settings.threads))

    def _kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what is made once, however many threads ask."""
        with self._making:
            if name not in self._once:
                self._once[name] = make()
            made: T = self._once[name]
            return made

    def cells(self, km: float) -> NDArray[np.int64]:
        """Return the number of each row's cell of a grid of so many kilometres; the latest kept."""
        from eex.search.spread import cells_of

        with self._ranking:
            if km in self._cells:
                return self._cells[km]
        found = cells_of(self.embeddings.lonlat, km=km)
        with self._ranking:
            self._cells = {km: found}
        return found

    def partner_of(self, other: Ranks) -> NDArray[np.int64] | None:
        """Return for each row here the row of the same tile in another set, see `partners`."""
        key = other.embeddings.key
        with self._ranking:
            if key in self._partners:
                return self._partners[key]
        found = partners(self.embeddings, other.embeddings, (self.name, other.name))
        with self._ranking:
            self._partners[key] = found
            while len(self._partners) > PARTNERS:
                del self._partners[next(iter(self._partners))]
        return found
