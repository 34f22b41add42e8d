"""search(): encode, filter, look up, spread, rank.

An opened set, its encoder and its index together answer queries: `vectors.py` makes vectors of the
parts, `rank.py` joins and ranks them, `explain.py` says what a person should know of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from eex.config import MAX_K, Settings
from eex.embeddings import EmbeddingSet
from eex.encoders.base import Concept, EncoderSpec, ReadsText
from eex.encoders.open import ANY_CLIP, Encoder
from eex.encoders.pool import EncoderPool
from eex.errors import EexError
from eex.export import Credit, Result
from eex.heatmaps.make import heatmap, no_heatmaps
from eex.heatmaps.record import Heatmap
from eex.index.base import VectorIndex
from eex.index.engines import Opening
from eex.index.plain import open_exact
from eex.search.ask import parts_of
from eex.search.explain import understand, weak_texts
from eex.search.filter import inside_bbox
from eex.search.found import Found, part_title
from eex.search.look import Looks
from eex.search.model import model_of
from eex.search.parts import Picture, TextPart
from eex.search.query import Query
from eex.search.rank import Match, Ranking, Wanted, by_lowest, by_sum, direction, part_scores
from eex.search.tile import tile_input
from eex.search.vectors import Vectors, check_kinds, needs_encoder
from eex.values import BBox

DEFAULT_K = 10
"""Results listed when neither k nor a top percentage is given."""


class OpenSet(Looks):
    """An embedding set that answers queries. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        embeddings: EmbeddingSet,
        settings: Settings,
        *,
        pool: EncoderPool | None = None,
        weights: str | Path | None = None,
        offsets: Path | None = None,
    ) -> None:
        """Join a set with the encoder that its header names, in the variant that it names.

        The encoder is looked for when it is needed: a set opens on machines that lack it.

        Args:
            name: As recipes call it.
            embeddings: The set.
            settings: Threads, device and memory.
            pool: Where encoders are loaded; its own by default. Sets that share one share models.
            weights: File or folder of the model's weights; those that were fetched by default.
            offsets: Side index of where the tiles' pixels lie; the set's own by default.
        """
        self.name = name
        self.embeddings = embeddings
        self.settings = settings
        self.pool = EncoderPool(settings) if pool is None else pool
        self.weights = weights
        self.offsets = offsets
        self._lock = Lock()
        self._index: VectorIndex | None = None
        self._untold = [text] if (text := embeddings.counts.message()) else []

    def __len__(self) -> int:
        return len(self.embeddings)

    def __repr__(self) -> str:
        header = self.embeddings.header
        return f"<eex.OpenSet {header.id}: {len(self):,} tiles, {header.dim} dimensions>"

    @property
    def index(self) -> VectorIndex:
        """Ranks rows; exact."""
        with self._lock:
            if self._index is None:
                self._index = open_exact(
                    Opening(embeddings=self.embeddings, threads=self.settings.threads)
                )
            return self._index

    @cached_property
    def spec(self) -> EncoderSpec:
        """What is known of the set's model; see `model_of` for errors where it is not here."""
        return model_of(self.embeddings.header, self.weights)

    @property
    def known_spec(self) -> EncoderSpec | None:
        """`spec`, or None where the model is not here: tiles of the set can be asked with."""
        with suppress(EexError):
            return self.spec
        return None

    @property
    def encoder(self) -> Encoder:
        """Makes vectors of queries, in the set's own variant; loaded on first use.

        Raises:
            MissingWeightsError: If its weights are not here; the hint says how to get them.
        """
        return self.pool.get(
            self.spec.name, weights=self.weights, variant=self.embeddings.header.variant
        )

    @contextmanager
    def encoding(self) -> Iterator[Encoder]:
        """Give the set's encoder for a while in which it is not put away."""
        with self.pool.using(
            self.spec.name, weights=self.weights, variant=self.embeddings.header.variant
        ) as encoder:
            yield encoder

    def concepts(self) -> tuple[Concept, ...]:
        """Return what the model knows by name; nothing where that takes weights to say."""
        spec = self.known_spec
        if spec is None or spec.files or spec.name.startswith(ANY_CLIP):
            return ()
        loaded = self.encoder.loaded
        return loaded.concepts() if isinstance(loaded, ReadsText) else ()

    @property
    def credit(self) -> Credit:
        """What every export carries."""
        header = self.embeddings.header
        return Credit(
            set_id=self.name if Path(self.name).stem == self.name else header.id,
            model=header.model,
            licence=header.licence,
            attribution=header.attribution,
            banner=header.banner,
        )

    def search(
        self,
        *,
        text: str | Sequence[str] | None = None,
        image: Picture | None = None,
        place: tuple[float, float] | str | None = None,
        row: int | Sequence[int] | None = None,
        weights: Mapping[str, float] | None = None,
        k: int | None = None,
        bbox: BBox | None = None,
        spread_km: float | None = None,
        top_percent: float | None = None,
        match: Match = "sum",
        split: bool = False,
        templates: bool | Sequence[str] = False,
    ) -> Found:
        """Rank the tiles by words, a picture, a place, a tile, or a mix of them.

        Args:
            text: Words, at most 2,000 characters; or several texts, a part each.
            image: A picture file's path or bytes, or pixels of shape (height, width, 3), uint8.
            place: Longitude and latitude, degrees, in this order; or text as people write it, which
                is a name or latitude first ("Cairo", "30.0, 31.2"): what looks like there.
            row: A row of the set: more like this tile; or several rows, a part each.
            weights: Share of each part by name ("text", "image", "place", "row"; of every text and
                every row, where there are several); 1 where not given, negative for away from it.
            k: How many results, 1 to 50,000; 10 by default, all of them with `top_percent`.
            bbox: West, south, east, north: only tiles whose centre lies inside, before ranking.
            spread_km: Least distance between results; the set's own by default.
            top_percent: Only the best tiles, this many percent of those ranked.
            match: "sum" adds the parts up by their weights; with "all" a tile must fit every part:
                the score is the lowest z-score of the parts (weights 1 or -1).
            split: Cut each text into the concepts it names, a part each (`concepts_in`).
            templates: Sentences with `{}` that texts are put into, their vectors averaged; True
                takes those that suit the model. The answer says which were used.

        Returns:
            The best tiles, and the score of every tile.

        Raises:
            BadQueryError: If the query cannot be asked; `hint` says what to change.
            NotUnderstoodError: If the encoder does not know the words.
            MissingWeightsError: If the model's weights are not here; not for tiles of the set.
        """
        parts = parts_of(text, image, place, row, weights=dict(weights or {}), split=split)
        return self.ask(
            Query(
                parts=parts,
                set=self.name,
                k=k,
                bbox=bbox,
                spread_km=spread_km,
                top_percent=top_percent,
                prompts=templates,
                match=match,
            )
        )

    def ask(self, query: Query) -> Found:
        """Rank the tiles by a query record.

        Raises:
            BadQueryError: If the query cannot be asked; `hint` says what to change.
            NotUnderstoodError: If the encoder does not know the words.
        """
        started = time.perf_counter()
        query = self._resolved(query)
        with self._encoding(query) as encoder:
            understood = understand(query, encoder=encoder, spec=self.known_spec)
            vectors, notes = self._vectors(query, encoder)
        ranking, weak = self._rank(query, vectors)
        scores, rows, ranked = ranking.scores, ranking.rows, ranking.ranked
        messages = understood.messages + notes + weak + self._told()
        if not len(rows):
            messages.append("No tile lies in this area: the answer is empty.")
        elif query.top_percent is not None and not query.spread_km and len(rows) < ranked.sum():
            some = f"{len(rows):,} of {int(ranked.sum()):,}"
            messages.append(f"{some} tiles among the best are listed; the scores hold all.")
        parts = part_scores(self.index, [part.kind for part in query.parts], vectors, rows)
        ids, lonlat = self.embeddings.ids, self.embeddings.lonlat
        results = tuple(
            Result(
                rank=rank,
                row=int(row),
                id=str(ids[int(row)]),
                lon=float(lonlat[row, 0]),
                lat=float(lonlat[row, 1]),
                score=float(scores[row]),
                parts={name: float(values[rank - 1]) for name, values in parts.items()},
            )
            for rank, row in enumerate(rows, start=1)
        )
        return Found(
            query=query,
            results=results,
            scores=scores,
            ranked=ranked,
            lonlat=lonlat,
            tile_km=self.embeddings.header.tile_km,
            credit=self.credit,
            read_as=understood.read_as,
            messages=tuple(messages),
            places=understood.places,
            seconds=time.perf_counter() - started,
        )

    def heatmap(
        self, query: Query | str, row: int, *, background: Sequence[str] = (), size: int = 0
    ) -> Heatmap:
        """Say where in a tile a query fits.

        Args:
            query: Words, or any query; the parts of a mix are added up by their weights, as for
                match "sum".
            row: Of the tile.
            background: Texts that compete with the query, see `eex.heatmaps.make.heatmap`.
            size: Short side that the tile is resized to, pixels; the model's own by default.

        Raises:
            BadQueryError: If the model has no heatmaps, or the query cannot be asked.
            SetNotFoundError: If there is no such row.
            UnknownNameError: If the set does not say how its pixels are read.
            MissingWeightsError: If the model's weights are not here.
        """
        ref = self.embeddings.tile(row)
        asked = Query(parts=(TextPart(query),)) if isinstance(query, str) else query
        asked = self._resolved(asked)
        if not self.spec.heatmaps:
            raise no_heatmaps(self.spec)
        pixels = self.reader.encoder_input([ref], bands=self.spec.bands)[0]
        tile = tile_input(self.embeddings, row, pixels, self.spec)
        with self.encoding() as encoder:
            self._check(asked)
            vectors, _ = self._vectors(asked, encoder)
            weights = [part.weight for part in asked.parts]
            own = [self.index.scores(v) for v in vectors] if len(vectors) > 1 else []
            return heatmap(
                encoder,
                tile,
                vector=direction(vectors, weights, own),
                background=background,
                templates=asked.prompts if isinstance(asked.prompts, tuple) else (),
                size=size,
                query=", ".join(part_title(part) for part in asked.parts),
                credit=self.credit,
            )

    def _told(self) -> list[str]:
        """Return what is told of the set itself, in its first answer only."""
        with self._lock:
            told, self._untold = self._untold, []
        return told

    def _check(self, query: Query) -> None:
        if needs_encoder(query.parts):
            own_weights = self.weights is not None
            check_kinds(query.parts, self.embeddings, self.spec, own_weights=own_weights)

    @contextmanager
    def _encoding(self, query: Query) -> Iterator[Encoder | None]:
        """Give the encoder that a query needs; None for one of tiles only."""
        self._check(query)
        with self.encoding() if needs_encoder(query.parts) else nullcontext() as encoder:
            yield encoder

    def _vectors(
        self, query: Query, encoder: Encoder | None
    ) -> tuple[list[NDArray[np.float32]], list[str]]:
        """Return the vector of each part, and what a person should know of them."""
        prompts = query.prompts if isinstance(query.prompts, tuple) else ()
        make = Vectors(self.embeddings, self.known_spec, encoder, prompts)
        return [make.of(part) for part in query.parts], make.messages

    def _resolved(self, query: Query) -> Query:
        """Fill in what depends on the set, so that the recipe says what was done."""
        everything = query.top_percent is not None
        k, km, prompts = query.k, query.spread_km, query.prompts
        if k is None:
            k = MAX_K if everything else DEFAULT_K
        if km is None:
            km = 0.0 if everything else self.embeddings.header.spread_km
        if prompts is True:
            prompts = self.spec.prompts()
        return query.replaced(set=self.name, k=k, spread_km=km, prompts=prompts)

    def _rank(self, query: Query, vectors: list[NDArray[np.float32]]) -> tuple[Ranking, list[str]]:
        """Return the ranking, and which texts hardly tell tiles apart."""
        wanted = Wanted(
            k=query.k or DEFAULT_K,
            km=query.spread_km or 0.0,
            percent=query.top_percent,
            lonlat=self.embeddings.lonlat,
            mask=None if query.bbox is None else inside_bbox(self.embeddings.lonlat, query.bbox),
        )
        weights = [part.weight for part in query.parts]
        if query.match == "all":
            own = [self.index.scores(vector) for vector in vectors]
            ranking = by_lowest(self.index, vectors, weights, own, wanted)
        elif len(vectors) > 1:
            own = [self.index.scores(vector) for vector in vectors]
            ranking = by_sum(self.index, vectors, weights, own, wanted)
        else:
            ranking = by_sum(self.index, vectors, weights, (), wanted)
            own = [np.sign(weights[0]) * ranking.scores]
        return ranking, weak_texts(query.parts, own)
