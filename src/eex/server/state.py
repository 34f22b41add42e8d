"""What the server keeps between requests: opened sets, and the latest answers."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
from anyio import CapacityLimiter
from numpy.typing import NDArray

import eex
from eex.catalog.known import known_sets, open_embeddings
from eex.catalog.opened import opened_sets
from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.encoders.pool import EncoderPool
from eex.errors import BadQueryError, EexError, UnknownNameError
from eex.imagery.offsets import offsets_beside
from eex.index.built import built_indexes
from eex.index.engines import engine
from eex.registry import unknown_name
from eex.search.found import Found
from eex.search.parts import ImagePart, RowPart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server.load import Limits, Load

_LOGGER = logging.getLogger("eex")

KEPT_ANSWERS = 64
"""Answers whose scores can still be fetched; 0.5 MB each at 248,719 tiles, 40 MB at 20 million."""

LOOKING = 8
"""Requests that read pixels of one set at once; more wait, and hold up nobody else."""

EXPORTING, PACKING = 4, 2
"""Answers that become files at once; of these, archives with pixels. More wait."""

KEPT_BYTES = 64 * 2**20
"""Most memory of the kept answers, about; the latest answer is always kept."""

RESULT_BYTES = 500
"""Memory of one result, about: measured, 370 of a query of one part, 620 of four."""

REPEAT_BYTES = 40
"""Memory of the number of a tile that repeats a result."""

LEVELS = 65_534
"""Steps between the lowest and the highest score as sent; 0 stands for no score."""

AT_ONCE = 2**18
"""Scores that are turned into levels at a time."""


@dataclass(frozen=True)
class Answer:
    """One answer as it is served."""

    id: str
    """Of query and set; the same question on the same data has the same id."""
    opened: OpenSet
    """The set that was asked."""
    kept: Found
    """The answer, without its arrays of all rows, `levels` stands for these, and its query."""
    recipe: bytes
    """The query as compressed JSON: an area or many rows take a tenth of the memory so."""
    pictures: Mapping[int, bytes]
    """Of the query, by number of the part."""
    low: float
    """Score that level 1 stands for."""
    high: float
    """Score that level 65,535 stands for."""
    levels: bytes
    """Little-endian uint16, one a row in set order; 0 where a tile was not ranked."""

    @property
    def found(self) -> Found:
        """The answer with its query, without its arrays of all rows; made anew each time."""
        record = json.loads(zlib.decompress(self.recipe))
        for number, data in self.pictures.items():
            del record["parts"][number]["sha256"]
            record["parts"][number]["data"] = base64.b64encode(data).decode()
        return replace(self.kept, query=Query.from_json(record))

    @property
    def size(self) -> int:
        """Memory of it, bytes, about."""
        repeats = sum(len(result.repeats) for result in self.kept.results)
        lists = RESULT_BYTES * len(self.kept.results) + REPEAT_BYTES * repeats
        asked = len(self.recipe) + sum(map(len, self.pictures.values()))
        return len(self.levels) + lists + asked


NO_QUERY = Query(parts=(RowPart(0),))
"""Stands for a query that is kept as JSON."""


class State:
    """Opened sets and latest answers; safe to share between threads."""

    def __init__(
        self, settings: Settings, paths: tuple[Path, ...] = (), *, limits: Limits | None = None
    ) -> None:
        """Serve the sets made here, those that are open here and those at `paths`.

        No request can name another path, and none has anything fetched.

        Raises:
            BadQueryError: If two sets would have the same name.
        """
        self.settings = settings
        self.pool = EncoderPool(settings)
        known = known_sets()
        self.names: dict[str, str | Path] = {spec.name: spec.name for spec in known}
        self._aliases = {spec.set_id: spec.name for spec in known}
        for path in paths:
            if path.stem in {*self.names, *self._aliases}:
                message = f"{path} would be served as {path.stem!r}, which is another set's name."
                raise BadQueryError(message, hint="Rename the file.")
            self.names[path.stem] = path
        self._given = dict(self.names)
        self.load = Load(limits or Limits.of(settings))
        self.looking = defaultdict[str, CapacityLimiter](lambda: CapacityLimiter(LOOKING))
        self.exporting, self.packing = CapacityLimiter(EXPORTING), CapacityLimiter(PACKING)
        self._opening = {name: Lock() for name in self.names}
        self._open: dict[str, OpenSet] = {}
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = Lock()
        self.refresh()

    def serve(self, opened: OpenSet) -> None:
        """Serve a set that this process has open, under its name."""
        with self._lock:
            self._given[opened.name] = self.names[opened.name] = opened.name
            self._opening.setdefault(opened.name, Lock())
            self._open[opened.name] = opened

    def refresh(self) -> tuple[str, ...]:
        """Look again which sets are open on this machine, and return the names that are served.

        A set that was opened again is mapped anew; one that was removed is served no longer.
        """
        here = {n: h for n, h in opened_sets(self.settings).items() if n not in self._given}
        with self._lock:
            for name, opened in list(self._open.items()):
                key = here[name].opened.key if name in here else ""
                if name not in self._given and opened.embeddings.key != key:
                    self._open.pop(name).close()
            for name in here:
                self._opening.setdefault(name, Lock())
            self.names = self._given | {name: name for name in here}
        return tuple(self.names)

    def all_open(self) -> Iterator[OpenSet]:
        """Yield every set that is served; one that cannot be opened is logged and left out."""
        for name in self.refresh():
            try:
                yield self.open(name)
            except EexError as error:
                _LOGGER.warning("The set %s is left out: %s", name, error)

    def open(self, name: str) -> OpenSet:
        """Return an opened set by name or id.

        Raises:
            UnknownNameError: If the server has no such set.
        """
        name = self._aliases.get(name, name)
        if not self.has(name):
            raise unknown_name("set", name, tuple(self.names))  # noqa: EM101
        with self._opening[name]:
            if name not in self._open:
                embeddings = open_embeddings(self.names[name], settings=self.settings)
                path = self.names[name]
                beside = offsets_beside(path) if isinstance(path, Path) else None
                engine = self._engine_for(embeddings)
                self._open[name] = OpenSet(
                    name,
                    embeddings,
                    self.settings,
                    pool=self.pool,
                    offsets=beside,
                    engine=engine,
                    options=dict(self.settings.engine_options) if engine != "exact" else None,
                    batched=True,
                )
            return self._open[name]

    def has(self, name: str) -> bool:
        """Whether a set is served by this name or id."""
        name = self._aliases.get(name, name)
        return self._is_there(name) or name in self.refresh()

    def _engine_for(self, embeddings: EmbeddingSet) -> str:
        """Return the engine that the server was told, or "exact" where that was not built."""
        name = self.settings.engine
        if name == "exact" or engine(name).build is None:
            return name
        whole = [b.engine for b in built_indexes(embeddings) if not b.problem]
        return name if name in whole else "exact"

    def _is_there(self, name: str) -> bool:
        """Whether a set is known and was not removed since; looks for one folder only."""
        if name in self._given:
            return True
        opened = self._open.get(name)
        folder = None if opened is None else opened.embeddings.folder
        return name in self.names and folder is not None and folder.is_dir()

    def remember(self, opened: OpenSet, found: Found, also: Sequence[OpenSet] = ()) -> Answer:
        """Keep an answer so that its scores can be fetched; `also` are the further sets asked."""
        recipe = json.dumps(found.query.to_json(pictures=False), sort_keys=True)
        data = eex.__version__
        for one in (opened, *also):
            spec = one.known_spec
            data += f"\n{one.embeddings.key}\n{'' if spec is None else spec.weights}"
        mark = hashlib.sha256(f"{data}\n{recipe}".encode()).hexdigest()[:20]
        low, high, levels = encode_scores(found.scores, found.ranked)
        kept = replace(
            found,
            query=NO_QUERY,
            scores=np.empty(0, np.float32),
            ranked=np.empty(0, np.bool_),
        )
        parts = enumerate(found.query.parts)
        pictures = {number: part.data for number, part in parts if isinstance(part, ImagePart)}
        packed = zlib.compress(recipe.encode(), 1)
        answer = Answer(mark, opened, kept, packed, pictures, low, high, levels)
        with self._lock:
            self._answers[mark] = answer
            self._answers.move_to_end(mark)
            while len(self._answers) > 1 and self._too_much():
                self._answers.popitem(last=False)
        return answer

    @property
    def kept(self) -> tuple[int, int]:
        """How many answers are kept, and their memory, bytes, about."""
        with self._lock:
            return len(self._answers), self._size()

    @property
    def open_count(self) -> int:
        """Sets that are open."""
        with self._lock:
            return len(self._open)

    def _size(self) -> int:
        return sum(answer.size for answer in self._answers.values())

    def _too_much(self) -> bool:
        return len(self._answers) > KEPT_ANSWERS or self._size() > KEPT_BYTES

    def recall(self, mark: str) -> Answer:
        """Return a kept answer.

        Raises:
            UnknownNameError: If it was never given or is no longer kept.
        """
        with self._lock:
            if mark in self._answers:
                self._answers.move_to_end(mark)
                return self._answers[mark]
        message = "This answer is no longer kept."
        raise UnknownNameError(message, hint="Ask the query again: POST /api/v1/search.")


def encode_scores(
    scores: NDArray[np.float32], ranked: NDArray[np.bool_]
) -> tuple[float, float, bytes]:
    """Quantise scores to 16 bits, finer than a screen shows.

    Returns:
        Lowest and highest ranked score, and little-endian uint16: level v >= 1 is
        min + (v - 1) / 65,534 * (max - min), 0 is a tile that was not ranked.
    """
    pieces = [slice(at, at + AT_ONCE) for at in range(0, len(scores), AT_ONCE)]
    ends = [(some.min(), some.max()) for p in pieces if (some := scores[p][ranked[p]]).size]
    if not ends:
        return 0.0, 0.0, bytes(2 * len(scores))
    low, high = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    levels = np.zeros(len(scores), "<u2")
    for p in pieces:
        some = scores[p][ranked[p]]
        levels[p][ranked[p]] = 1 + np.rint((some - low) / max(high - low, 1e-12) * LEVELS)
    return low, high, levels.tobytes()
