"""OpenSet: a set with its model and its engine, that answers queries.

`answer.py` carries a query out: `vectors.py` makes vectors of the parts, `rank.py` joins and ranks
them, `explain.py` says what a person should know of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.encoders.base import Concept, EncoderSpec, ReadsText
from eex.encoders.open import ANY_CLIP, Encoder
from eex.encoders.pool import EncoderPool
from eex.errors import BadQueryError, EexError
from eex.export import Credit, Result
from eex.filters.record import Filter
from eex.heatmaps.make import heatmap, no_heatmaps
from eex.heatmaps.record import Heatmap
from eex.search.answer import answer, is_for, members_of, resolved
from eex.search.ask import filter_of, joined_by, parts_of
from eex.search.found import Found, part_title
from eex.search.fusion import Fusion
from eex.search.look import Looks
from eex.search.model import model_of
from eex.search.parts import Picture, TextPart
from eex.search.query import Query
from eex.search.rank import Voice, direction
from eex.search.ranks import Ranks
from eex.search.tile import tile_input
from eex.search.vectors import Vectors, check_kinds, needs_encoder
from eex.values import BBox

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.search.feedback.session import Feedback


class OpenSet(Ranks, Looks):
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
        engine: str = "exact",
        options: Mapping[str, Any] | None = None,
        batched: bool = False,
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
            engine: What ranks the rows; what needs files is built before (`eex index`).
            options: Of the engine, for searching.
            batched: Have many users at once share each reading of the vectors.
        """
        super().__init__(
            name, embeddings, settings, engine=engine, options=options, batched=batched
        )
        self.pool = EncoderPool(settings) if pool is None else pool
        self.weights = weights
        self.offsets = offsets
        self._lock = Lock()
        self._untold = [text] if (text := embeddings.counts.message()) else []

    def __len__(self) -> int:
        return len(self.embeddings)

    def __repr__(self) -> str:
        header = self.embeddings.header
        return f"<eex.OpenSet {header.id}: {len(self):,} tiles, {header.dim} dimensions>"

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
        vector: Sequence[float] | NDArray[np.floating] | None = None,
        area: Filter | Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        k: int | None = None,
        bbox: BBox | None = None,
        filter: Filter | Mapping[str, Any] | None = None,  # noqa: A002
        spread_km: float | None = None,
        one_per_cell: float | None = None,
        diversity: float | None = None,
        repeats: float | None = None,
        top_percent: float | None = None,
        match: str | None = None,
        fusion: Fusion | Mapping[str, Any] | str | None = None,
        split: bool = False,
        templates: bool | Sequence[str] = False,
        also: Sequence[OpenSet] = (),
    ) -> Found:
        """Rank the tiles by words, a picture, a place, tiles, an area, or a mix of them.

        Args:
            text: Words, at most 2,000 characters; or several texts, a part each.
            image: A picture file's path or bytes, or pixels of shape (height, width, 3), uint8.
            place: Longitude and latitude, degrees, in this order; or text as people write it, which
                is a name or latitude first ("Cairo", "30.0, 31.2"): what looks like there.
            row: A row of the set: more like this tile; or several rows, a part each.
            vector: A direction in the model's space, shape (dim,).
            area: Which tiles are an example, as a filter: the mean of those inside.
            weights: Share of each part by name ("text", "image", "place", "row", "vector", "area";
                of every text and every row, where there are several); 1 where not given, negative
                for away from it.
            k: How many results, 1 to 50,000; 10 by default, all of them with `top_percent`.
            bbox: West, south, east, north: short for that of `filter`.
            filter: Only these tiles, before ranking: `bbox`, `area` (GeoJSON), `near`, `time`,
                `season`, `cloud`, `where` (CQL2); see `eex.filters.record.Filter`.
            spread_km: Least distance between results; the set's own by default.
            one_per_cell: At most one result for each grid cell of so many kilometres.
            diversity: Share of novelty in choosing results, 0 to 1.
            repeats: Cosine from which a tile only repeats a better one and joins it.
            top_percent: Only the best tiles, this many percent of those ranked.
            match: Short for a fusion: "sum" adds the parts up by their weights; with "all" a tile
                must fit every part: the score is the lowest z-score of the parts (weights 1 or -1).
            fusion: How parts are joined, see `eex.search.fusion`; a record or a method's name.
            split: Cut each text into the concepts it names, a part each (`concepts_in`).
            templates: Sentences with `{}` that texts are put into, their vectors averaged; True
                takes those that suit the model. The answer says which were used.
            also: Further sets of the same tiles, asked together with this one.

        Returns:
            The best tiles, and the score of every tile.

        Raises:
            BadQueryError: If the query cannot be asked; `hint` says what to change.
            NotUnderstoodError: If the encoder does not know the words.
            MissingWeightsError: If the model's weights are not here; not for tiles of the set.
        """
        parts = parts_of(
            text,
            image,
            place,
            row,
            vector=vector,
            area=area,
            weights=dict(weights or {}),
            split=split,
        )
        return self.ask(
            Query(
                parts=parts,
                set=self.name,
                also=tuple(opened.name for opened in also),
                k=k,
                filter=filter_of(filter, bbox),
                spread_km=spread_km,
                one_per_cell=one_per_cell,
                diversity=diversity,
                repeats=repeats,
                top_percent=top_percent,
                prompts=templates,
                fusion=joined_by(fusion, match),
            ),
            also=also,
        )

    def ask(self, query: Query | Mapping[str, Any], *, also: Sequence[OpenSet] = ()) -> Found:
        """Rank the tiles by a query, or by its record.

        Args:
            query: What is asked.
            also: The further sets that it names, opened, in their order.

        Raises:
            BadQueryError: If the query cannot be asked; `hint` says what to change.
            NotUnderstoodError: If the encoder does not know the words.
        """
        asked = query if isinstance(query, Query) else Query.from_json(query)
        return answer(asked, (self, *also))

    def feedback(self, start: Query | str | None = None, **how: Any) -> Feedback:  # noqa: ANN401
        """Begin a search that learns from tiles that are marked, see `eex.search.feedback`.

        Args:
            start: What is asked before any tile is marked: words or a query.
            how: `method`: "mean", "rocchio" or "logistic".
        """
        from eex.search.feedback.session import Feedback

        return Feedback(self, start, **how)

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
        asked = self._own(asked)
        if not self.spec.heatmaps:
            raise no_heatmaps(self.spec)
        pixels = self.reader.encoder_input([ref], bands=self.spec.bands)[0]
        tile = tile_input(self.embeddings, row, pixels, self.spec)
        with self.encoding() as encoder:
            self.check(asked)
            prompts = asked.prompts if isinstance(asked.prompts, tuple) else ()
            make = Vectors(self.embeddings, self.known_spec, encoder, prompts)
            member = members_of((self,))[0]
            voices = [
                Voice(i, part.weight, make.of(part), member) for i, part in enumerate(asked.parts)
            ]
            return heatmap(
                encoder,
                tile,
                vector=direction(voices, Fusion()),
                background=background,
                templates=prompts,
                size=size,
                query=", ".join(part_title(part) for part in asked.parts),
                credit=self.credit,
            )

    def save_answer(
        self, found: Found, path: str | Path, *, chips: int = 100
    ) -> tuple[Result, ...]:
        """Write an answer of this set to a file, as its name ends; see `eex.export.formats`.

        Args:
            found: The answer.
            path: Where to: .geojson, .csv, .kml, .parquet, .stac.json, .png, .recipe.json, .py,
                .sh; .zip for all of it with pixels, .chips.zip for pixels alone.
            chips: Best tiles whose pixels go into an archive.

        Returns:
            Tiles whose pixels could not be had.

        Raises:
            BadQueryError: If the name ends on nothing that is known.
            OutputError: If the file cannot be written.
        """
        from eex.search.taking import save_answer

        written = save_answer(found, path, opened=self, chips=chips)
        return tuple(result for result, _ in written.missing)

    def _own(self, query: Query) -> Query:
        """Return what a query asks of this set alone, its parts added up."""
        first = query.set == self.name
        mine = [p for p in query.parts if not query.also or is_for(p, self, first=first)]
        parts = tuple(replace(part, set="") for part in mine)
        if not parts:
            message = f"The set {self.name!r} takes no part of this query."
            raise BadQueryError(message, hint="Ask with words, a picture or a tile.")
        prompts = query.prompts if needs_encoder(parts) else ()
        own = query.replaced(parts=parts, also=(), fusion=None, prompts=prompts)
        return resolved(own, (self,))

    def told(self) -> list[str]:
        """Return what is told of the set itself, in its first answer only."""
        with self._lock:
            told, self._untold = self._untold, []
        return told

    def check(self, query: Query) -> None:
        """Refuse parts that the model cannot answer before it is loaded."""
        if needs_encoder(query.parts):
            own_weights = self.weights is not None
            check_kinds(query.parts, self.embeddings, self.spec, own_weights=own_weights)
