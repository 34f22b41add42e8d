"""search(): encode, filter, look up, spread, rank.

An opened set, its encoder and its index together answer queries. The parts of a mixed query live in
one space, so their answer is one direction: the sum of the parts' unit vectors, each divided by the
standard deviation of its scores over the set and times its weight. Equal weights then pull equally,
however widely a part's scores are spread, and the score of the whole is a cosine like any other.

Source:
    Sum of z-scores as score fusion: Fox and Shaw, "Combination of Multiple Searches", TREC-2, 1994;
    for inner products it is, up to a constant, one query vector.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.catalog import open_embeddings
from eex.config import MAX_K, Settings
from eex.embeddings import EmbeddingSet
from eex.encoders.base import (
    EncoderSpec,
    EncodesImage,
    EncodesPlace,
    EncodesText,
)
from eex.encoders.open import encoder_spec
from eex.errors import BadQueryError
from eex.export import Credit, Result
from eex.imagery.picture import read_picture
from eex.imagery.read import pixel_reader
from eex.index.base import VectorIndex
from eex.registry import find
from eex.search.checks import BBox
from eex.search.explain import understand
from eex.search.filter import inside_bbox
from eex.search.found import Found
from eex.search.parts import (
    ImagePart,
    Part,
    Picture,
    PlacePart,
    RowPart,
    TextPart,
    image_bytes,
    lonlat_of,
)
from eex.search.place import parse_place
from eex.search.query import Query
from eex.search.spread import spread

DEFAULT_K = 10
"""Results listed when neither k nor a top percentage is given."""


class OpenSet:
    """An embedding set that answers queries. Safe to use from several threads."""

    def __init__(self, name: str, embeddings: EmbeddingSet, settings: Settings) -> None:
        """Join a set with the encoder that its header names."""
        self.name = name
        self.embeddings = embeddings
        self.settings = settings
        self.spec: EncoderSpec = encoder_spec(embeddings.header.model)
        self._lock = Lock()
        self._index: VectorIndex | None = None
        self._encoder: object = None

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
                make: Any = find("eex.indexes", "exact")
                self._index = make(self.embeddings.vectors, threads=self.settings.threads)
            return self._index

    @property
    def encoder(self) -> object:
        """Makes vectors of queries; loaded on first use."""
        with self._lock:
            if self._encoder is None:
                self._encoder = self.spec.load("cpu")
            return self._encoder

    @property
    def credit(self) -> Credit:
        """What every export carries."""
        header = self.embeddings.header
        return Credit(
            set_id=header.id,
            model=header.model,
            licence=header.licence,
            attribution=header.attribution,
            banner=header.banner,
        )

    def search(
        self,
        *,
        text: str | None = None,
        image: Picture | None = None,
        place: tuple[float, float] | str | None = None,
        row: int | None = None,
        weights: Mapping[str, float] | None = None,
        k: int | None = None,
        bbox: BBox | None = None,
        spread_km: float | None = None,
        top_percent: float | None = None,
    ) -> Found:
        """Rank the tiles by words, a picture, a place, a tile, or a mix of them.

        Args:
            text: Words, at most 2,000 characters.
            image: A picture file's path or bytes, or pixels of shape (height, width, 3), uint8.
            place: Longitude and latitude, degrees, in this order; or text as people write it, which
                is a name or latitude first ("Cairo", "30.0, 31.2"): what looks like there.
            row: A row of the set: more like this tile.
            weights: Share of each part by name ("text", "image", "place", "row"); 1 where not
                given, negative for away from it.
            k: How many results, 1 to 50,000; 10 by default, all of them with `top_percent`.
            bbox: West, south, east, north: only tiles whose centre lies inside, before ranking.
            spread_km: Least distance between results; the set's own by default.
            top_percent: Only the best tiles, this many percent of those ranked.

        Returns:
            The best tiles, and the score of every tile.

        Raises:
            BadQueryError: If the query cannot be asked; `hint` says what to change.
            NotUnderstoodError: If the encoder does not know the words.
        """
        given = {"text": text, "image": image, "place": place, "row": row}
        shares = dict(weights or {})
        if unknown := set(shares) - {name for name, value in given.items() if value is not None}:
            message = f"weights has {min(unknown)!r}, which is not a part of this query."
            raise BadQueryError(message, hint=f"Parts: {', '.join(given)}.")
        parts: list[Part] = []
        if text is not None:
            parts.append(TextPart(text, shares.get("text", 1.0)))
        if image is not None:
            parts.append(ImagePart(image_bytes(image), shares.get("image", 1.0)))
        if isinstance(place, str):
            found = parse_place(place)
            place = (found.lon, found.lat)
        if place is not None:
            parts.append(PlacePart(*lonlat_of(place), shares.get("place", 1.0)))
        if row is not None:
            parts.append(RowPart(row, shares.get("row", 1.0)))
        return self.ask(
            Query(
                parts=tuple(parts),
                set=self.name,
                k=k,
                bbox=bbox,
                spread_km=spread_km,
                top_percent=top_percent,
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
        understood = understand(query, encoder=self.encoder, spec=self.spec)
        messages = understood.messages
        vectors = [self._vector(part) for part in query.parts]
        direction = self._direction(query, vectors)
        mask = self._mask(query)
        scores, rows, ranked = self._rank(query, direction, mask)
        if not len(rows):
            messages.append("No tile lies in this area: the answer is empty.")
        elif query.top_percent is not None and not query.spread_km and len(rows) < ranked.sum():
            some = f"{len(rows):,} of {int(ranked.sum()):,}"
            messages.append(f"{some} tiles among the best are listed; the scores hold all.")
        parts = self._part_scores(query, vectors, rows)
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

    def picture(self, row: int, *, size: int = 192) -> NDArray[np.uint8]:
        """Return a tile's picture for people, shape (size, size, 3), sRGB.

        Raises:
            SetNotFoundError: If there is no such row.
            UnknownNameError: If the set does not say how its pixels are read.
        """
        self.embeddings.properties(row)
        reader = pixel_reader(self.embeddings.header.pixels)
        return reader.picture(self.embeddings.lonlat[row], size=size)

    def _resolved(self, query: Query) -> Query:
        """Fill in what depends on the set, so that the recipe says what was done."""
        everything = query.top_percent is not None
        k, km = query.k, query.spread_km
        if k is None:
            k = MAX_K if everything else DEFAULT_K
        if km is None:
            km = 0.0 if everything else self.embeddings.header.spread_km
        return query.replaced(set=self.name, k=k, spread_km=km)

    def _vector(self, part: Part) -> NDArray[np.float32]:
        """Return the part's unit vector, shape (dim,)."""
        if isinstance(part, RowPart):
            if not 0 <= part.row < len(self):
                message = f"The set has rows 0 to {len(self) - 1}; there is no row {part.row}."
                raise BadQueryError(message)
            vector = self.embeddings.vectors[part.row].astype(np.float32)
            if not vector.any():
                message = f"Row {part.row} has no usable vector, so nothing is like it."
                raise BadQueryError(message, hint="Choose another tile.")
            return vector
        self._check_weights()
        encoder = self.encoder
        if isinstance(part, TextPart) and isinstance(encoder, EncodesText):
            return encoder.encode_text([part.text])[0]
        if isinstance(part, ImagePart) and isinstance(encoder, EncodesImage):
            return encoder.encode_image([read_picture(part.data)])[0]
        if isinstance(part, PlacePart) and isinstance(encoder, EncodesPlace):
            return encoder.encode_place(np.array([[part.lon, part.lat]]))[0]
        message = f"The model {self.spec.name} takes no {part.kind}."
        raise BadQueryError(message, hint=f"It takes: {', '.join(self.spec.modalities)}, row.")

    def _check_weights(self) -> None:
        """Refuse to compare vectors that were made with different weights."""
        header = self.embeddings.header
        made, have = (header.weights, header.dim), (self.spec.weights, self.spec.dim)
        if header.weights and made != have:
            message = f"This set was made with other weights of {self.spec.name} than installed."
            hint = "Ask with a tile of the set (row), or install the version that made it."
            raise BadQueryError(message, hint=hint, made_with=header.weights)

    def _direction(self, query: Query, vectors: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        weights = np.array([part.weight for part in query.parts])
        if len(vectors) > 1:
            spreads = [float(np.nanstd(self.index.scores(vector))) for vector in vectors]
            weights = weights / np.maximum(spreads, 1e-6)
        direction = weights @ np.stack(vectors).astype(np.float64)
        length = float(np.linalg.norm(direction))
        if length <= 1e-9 * float(np.abs(weights).sum()):
            message = "The parts of the query cancel each other out, so nothing is asked."
            raise BadQueryError(message, hint="Change a weight.")
        return direction / length

    def _mask(self, query: Query) -> NDArray[np.bool_] | None:
        return None if query.bbox is None else inside_bbox(self.embeddings.lonlat, query.bbox)

    def _rank(
        self, query: Query, direction: NDArray[np.float64], mask: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
        """Return every tile's score, the best rows, and which tiles were ranked."""
        k, km = query.k or DEFAULT_K, query.spread_km or 0.0
        wanted = k if km == 0 else max(1024, 8 * k)
        if query.top_percent is not None:
            wanted = max(1, int(np.ceil(len(self) * query.top_percent / 100)))
        scores, hits = self.index.scan(direction, k=wanted, mask=mask)
        ranked = np.isfinite(scores) if mask is None else np.isfinite(scores) & mask
        limit = count = int(ranked.sum())
        if query.top_percent is not None:
            limit = int(np.ceil(count * query.top_percent / 100))
        while True:
            order = hits.rows[0][:limit]
            rows = spread(order, self.embeddings.lonlat, km=km, k=k)
            if len(rows) == k or len(order) == limit:
                break
            wanted *= 8
            hits = self.index.search(direction[None], k=wanted, mask=mask)
            scores[hits.rows[0]] = hits.scores[0]  # as exact in the map as in the ranking
        if query.top_percent is not None:
            ranked = np.zeros(len(scores), np.bool_)
            ranked[hits.rows[0][:limit]] = True
        return scores, rows, ranked

    def _part_scores(
        self, query: Query, vectors: list[NDArray[np.float32]], rows: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float32]]:
        """Return each part's own cosines of the rows; nothing for a query of one part."""
        if len(vectors) == 1:
            return {}
        kinds = [part.kind for part in query.parts]
        names = [k if kinds.count(k) == 1 else f"{k}_{i}" for i, k in enumerate(kinds, start=1)]
        return {
            name: self.index.score_rows(vector, rows)
            for name, vector in zip(names, vectors, strict=True)
        }


def open_set(
    name: str | Path = "world",
    *,
    settings: Settings | None = None,
    progress: Any = None,  # noqa: ANN401
) -> OpenSet:
    """Open an embedding set for searching.

    Args:
        name: `world` for the embedded one, or the path of a GeoParquet file written by eex.
        settings: Where the cache is; read from the environment by default.
        progress: Called with tiles done and tiles in all while a set is prepared.

    Raises:
        UnknownNameError: If there is no such set.
        SetError: If its file is missing or damaged.
        OutputError: If the cache cannot be written.
    """
    settings = settings or Settings.from_env()
    embeddings = open_embeddings(name, settings=settings, progress=progress)
    return OpenSet(str(name), embeddings, settings)
