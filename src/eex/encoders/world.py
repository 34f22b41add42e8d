"""The embedded demonstration encoder: words, pictures and places in one space of named concepts.

One vector is 63 coordinates in the concept space and one that completes it to unit length. A tile
at e, in a space of radius R, is [e / R, sqrt(1 - |e / R|²)]; a text that points along q is
[q / |q|, 0]. The cosine of the two is q·e / (|q| R): the ranking by inner product, which measures
better here than that by angle, is the ranking by cosine.

Fitted and measured by `recipes/world`; at run time it needs numpy alone. It knows one mosaic at
7 km per pixel and a few hundred concepts. It is no stand-in for a model of satellite imagery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from eex.encoders.base import Concept, EncoderSpec, ReadAs
from eex.encoders.world_features import SIZE, same_size, tile_features
from eex.encoders.world_languages import into_english
from eex.encoders.world_maps import DIM, Looks, Maps, lift
from eex.encoders.world_text import UNDERSTOOD, Phrases, WordTable
from eex.errors import BadPlaceError, BadQueryError, NotUnderstoodError

WEIGHTS = "data/demo-bluemarble-concepts.safetensors"
"""File in this package."""

WEIGHTS_SHA256 = "73ae47d15019221d6b85ffbe6259c31b78e2ad0b7345c9fb288e2a7c56b6f444"
"""Its sum. Sets are stamped with it, so that those made with other weights are made again."""

SHOWN = 3
"""Phrases that `read_as` returns at most."""

PLACE_LOOKS_LIKE = "looks like "
"""Written before a name: names too are found by look, not by position."""

LONGEST_EXAMPLES = 8
"""Kinds of land named in the hint of a refusal."""


@dataclass(frozen=True)
class Known:
    """A concept as the weights list it."""

    name: str
    """As people see it, without `looks like`."""
    kind: bool
    """True for a kind of land, False for a name on the map."""
    reliable: bool
    """False where measured retrieval is weak."""
    phrases: tuple[str, ...]
    """Words it is known by."""

    @property
    def label(self) -> str:
        """What is shown for it."""
        return self.name if self.kind else PLACE_LOOKS_LIKE + self.name


@dataclass(frozen=True)
class WorldEncoder:
    """Turns words, pictures and places into unit vectors of 64 numbers."""

    maps: Maps
    """Ways into the concept space."""
    known: tuple[Known, ...]
    """Every concept, kinds of land first."""
    words: WordTable
    """Vectors of words."""

    @classmethod
    def open(cls) -> WorldEncoder:
        """Return the encoder with the weights of the package; read once per process."""
        return _open()

    @cached_property
    def phrases(self) -> Phrases:
        """Every phrase with its vector."""
        pairs = [(text, i) for i, known in enumerate(self.known) for text in known.phrases]
        return Phrases.of(
            [text for text, _ in pairs],
            [i for _, i in pairs],
            np.array([known.kind for known in self.known]),
            self.words,
        )

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), 64); the last coordinate is 0.

        Raises:
            BadQueryError: If a text is empty.
            NotUnderstoodError: If nothing known is near.
        """
        similarity = np.stack([self._similarity(text)[1] for text in texts])
        point = self.phrases.weights(similarity) @ self.maps.concept
        point /= np.linalg.norm(point, axis=1, keepdims=True)
        return np.hstack([point, np.zeros((len(point), 1), np.float32)])

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), 64).

        Pictures are resampled to 32x32 pixels and compared by colour and texture; they mean what
        they should only where they show 200 km of Blue Marble.

        Args:
            images: Each of shape (height, width, 3), sRGB; sizes may differ. An array of shape
                (n, 32, 32, 3) is the quick way.

        Raises:
            ShapeError: If a picture is not of three channels or is empty.
        """
        radius = self.maps.radius
        points = (self.maps.of_features(tile_features(t)) for t in same_size(images))
        parts = [lift(point, radius) for point in points]
        return np.concatenate(parts) if parts else np.zeros((0, DIM + 1), np.float32)

    def encode_place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, 64): what land at these places looks like, on average.

        Args:
            lonlat: Shape (n, 2), degrees.

        Raises:
            BadPlaceError: If a latitude is beyond a pole or a number is not finite.
        """
        lonlat = np.asarray(lonlat, np.float64).reshape(-1, 2)
        if not np.isfinite(lonlat).all() or (np.abs(lonlat[:, 1]) > 90).any():  # noqa: PLR2004
            message = "A place needs a longitude and a latitude from -90 to 90."
            raise BadPlaceError(message, hint="Give lon, lat in degrees.")
        return lift(self.maps.of_places(lonlat), self.maps.radius)

    def read_as(self, text: str) -> tuple[ReadAs, ...]:
        """Return the phrases that the text was taken for, best first, one per concept.

        Raises:
            BadQueryError: If the text is empty.
            NotUnderstoodError: If nothing known is near.
        """
        remark, similarity = self._similarity(text)
        found: dict[int, int] = {}
        for row in np.argsort(-similarity, kind="stable"):
            if similarity[row] < UNDERSTOOD or len(found) == SHOWN:
                break
            found.setdefault(int(self.phrases.concept[row]), int(row))
        return tuple(
            ReadAs(
                phrase=self.phrases.texts[row] + ("" if number else remark),
                concept=self.known[concept].label,
                similarity=round(float(similarity[row]), 3),
            )
            for number, (concept, row) in enumerate(found.items())
        )

    def concepts(self) -> tuple[Concept, ...]:
        """Return what is known, kinds of land first."""
        return tuple(
            Concept(name=known.label, phrases=known.phrases, reliable=known.reliable)
            for known in self.known
        )

    def _similarity(self, text: str) -> tuple[str, NDArray[np.float32]]:
        """Return a remark on words that were put right, and the cosine to each phrase."""
        words = self.words.words(text)
        if not words:
            message = "The text is empty." if not text.strip() else "The text has no words."
            raise BadQueryError(message, hint='Say what to look for, such as "sand desert".')
        right = [self.phrases.correct(word) for word in into_english(words)]
        if not any(self.phrases.is_word(word) for word in right):
            raise self._refuse(text)  # pieces of words alone say nothing, yet are near something
        similarity = self.phrases.similarity([" ".join(right)])[0]
        if similarity.max() < UNDERSTOOD:
            raise self._refuse(text)
        changed = [
            f"{new} for {old}"
            for old, new in zip(words, right, strict=True)
            if new not in {old, ""}
        ]
        return f" (read {', '.join(changed)})" if changed else "", similarity

    def _refuse(self, text: str) -> NotUnderstoodError:
        kinds = [known.name for known in self.known if known.kind]
        reliable = [known.name for known in self.known if known.kind and known.reliable]
        shown = text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004
        return NotUnderstoodError(
            f"The built-in demo does not know what {shown!r} looks like.",
            hint=(
                f"It knows kinds of land, such as {', '.join(reliable[:LONGEST_EXAMPLES])}. Free "
                "text needs a set made with a real model (docs/models.md)."
            ),
            concepts=kinds,
        )


@cache
def _open() -> WorldEncoder:
    from safetensors import safe_open

    with (
        resources.as_file(resources.files("eex.encoders").joinpath(WEIGHTS)) as path,
        safe_open(path, framework="numpy") as file,
    ):
        known = json.loads(file.metadata()["concepts"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return assemble(
        tensors, [Known(k["name"], k["kind"], k["reliable"], tuple(k["phrases"])) for k in known]
    )


def assemble(tensors: dict[str, NDArray[np.generic]], known: Iterable[Known]) -> WorldEncoder:
    """Return the encoder made of the tensors of a weights file, kept in float32."""

    def real(name: str) -> NDArray[np.float32]:
        return tensors[name].astype(np.float32, copy=False)

    pieces = tensors["pieces"].tobytes().decode().split("\n")
    columns = tensors["columns"].astype(np.int16, copy=False)
    looks = Looks(columns, *map(real, ("mean", "deviation", "direction", "phase")))
    maps = Maps(looks, real("image"), real("place"), real("concept"), float(real("radius")[0]))
    rows = dict(zip(pieces, range(len(pieces)), strict=True))
    table = WordTable(rows, tensors["table"].astype(np.int8, copy=False), real("scale"))
    return WorldEncoder(maps, tuple(known), table)


def _load(_device: str) -> WorldEncoder:
    return WorldEncoder.open()


DEMO_BLUEMARBLE_CONCEPTS = EncoderSpec(
    name="demo-bluemarble-concepts",
    title="Blue Marble concepts (built-in demo)",
    dim=DIM + 1,
    modalities=("text", "image", "place"),
    bands=("red", "green", "blue"),
    image_size=SIZE,
    licence="Apache-2.0",
    attribution=(
        "Word vectors distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0); fitted "
        "on MODIS MCD12C1, Köppen-Geiger (Rubel et al. 2017), ETOPO and Natural Earth"
    ),
    source="recipes/world",
    weights=f"eex.encoders/{WEIGHTS}@sha256:{WEIGHTS_SHA256}",
    good_for="Trying everything out offline: kinds of land, in English, on NASA Blue Marble.",
    notice=(
        "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP."
    ),
    notices={
        "image": "The demo compares your picture by colour and texture only.",
        "place": (
            "The demo shows where else on Earth the land should look like there; it does not find "
            "the place itself."
        ),
    },
    demo=True,
    load=_load,
)
"""The embedded encoder's record."""
