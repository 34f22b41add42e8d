"""Small sets in memory, and models that need no weights or pretend to need some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader
from eex.encoders import open as opening
from eex.encoders import pool as pooling
from eex.encoders.base import EncoderSpec, Variant
from eex.encoders.open import Encoder
from eex.encoders.pool import EncoderPool
from eex.errors import MissingWeightsError
from eex.search import model
from eex.search.run import OpenSet
from eex.testing import TOY, ToyEncoder, toy_vectors
from eex.weights.records import WeightFile


class ShortEncoder(ToyEncoder):
    """Reads four words; its second variant looks the other way."""

    context = 4

    def __init__(self, dim: int = 16, sign: float = 1.0) -> None:
        super().__init__(dim)
        self.sign = sign

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.float32(self.sign) * super().encode_text(
            [" ".join(text.split()[: self.context]) for text in texts]
        )

    def cut_texts(self, texts: Sequence[str]) -> tuple[bool, ...]:
        return tuple(len(text.split()) > self.context for text in texts)


SHORT = replace(
    TOY,
    name="short",
    context=4,
    variants=(Variant(name="official", title="As it is."), Variant(name="eee", title="Turned.")),
    templates=("a picture of {}", "{} from above"),
    files=(WeightFile(name="weights", size=1),),
)
RASTER = replace(SHORT, name="raster", bands=("B02", "B03", "B04", "B08"), pixels="sentinel2-l2a")


def embedding_set(spec: EncoderSpec, *, rows: int = 2_000, **header: Any) -> EmbeddingSet:
    vectors = toy_vectors(rows, spec.dim)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rng = np.random.default_rng(1)
    lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-90, 90, rows)])
    about = SetHeader(id="toys", title="Toys", model=spec.name, dim=spec.dim, **header)
    cells = pa.table({"grid_cell": [f"cell{i}" for i in range(rows)]})
    return EmbeddingSet(about, vectors.astype(np.float16), lonlat, cells, "key")


class Loader:
    """Loads toys, and counts how often; `missing` pretends that weights are not here."""

    def __init__(self, *, missing: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self.missing = missing

    def __call__(self, name: str, *, variant: str, **_: Any) -> Encoder:
        self.asked.append((name, variant))
        if self.missing:
            message = f"The weights of {name} are not on this machine."
            raise MissingWeightsError(message, hint=f"eex models get {name}")
        spec = {"short": SHORT, "raster": RASTER}[name]
        return Encoder(spec, spec.variant(variant), ShortEncoder(16, -1 if variant == "eee" else 1))


def toy_set(
    monkeypatch: pytest.MonkeyPatch,
    spec: EncoderSpec = SHORT,
    *,
    missing: bool = False,
    **more: Any,
) -> tuple[OpenSet, Loader]:
    """Return an opened toy set and what counts its loads."""
    known = opening.encoder_spec

    def found(name: str, weights: Any = None) -> EncoderSpec:
        return spec if name == spec.name else known(name, weights)

    for module in (opening, pooling, model):
        monkeypatch.setattr(module, "encoder_spec", found)
    settings = Settings(cache_dir=Path("none"), threads=1)
    loader = Loader(missing=missing)
    pool = EncoderPool(settings, load=loader)
    return OpenSet("toys", embedding_set(spec, **more), settings, pool=pool), loader
