"""What every encoder must keep, as tests to subclass, and a toy encoder."""

# The names of tests say what they promise; that is their documentation.
# ruff: noqa: D102

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from eex.encoders.base import EncoderSpec, EncodesImage, EncodesPlace, EncodesText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NORTH = 90.0
"""Degrees of the pole."""


class ToyEncoder:
    """Turns anything into unit vectors without knowing anything: same input, same vector."""

    def __init__(self, dim: int = 16) -> None:
        self.dim = dim

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one direction for each word, added up; texts that share words are near."""
        words = [text.split() or [""] for text in texts]
        return self._units([sum(map(self._direction, some)) for some in words])

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return a fixed linear map of the mean colour, so that like colours are near."""
        seen = [np.append(image.reshape(-1, 3).mean(axis=0) / 255, 1.0) for image in images]
        return self._units([colour @ self._linear("colour", 4) for colour in seen])

    def encode_place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return a fixed linear map of the point on the sphere, so that near places are near."""
        lon, lat = np.radians(np.asarray(lonlat, np.float64)).T
        points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        return self._units(points.T @ self._linear("place", 3))

    def _direction(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).normal(size=self.dim)

    def _linear(self, name: str, inputs: int) -> NDArray[np.float64]:
        return np.stack([self._direction(f"{name} {i}") for i in range(inputs)])

    def _units(self, rows: Any) -> NDArray[np.float32]:  # noqa: ANN401
        wide = np.asarray(rows, np.float64).reshape(-1, self.dim)
        return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), np.float32)


TOY = EncoderSpec(
    name="toy",
    title="Toy encoder for tests",
    dim=16,
    modalities=("text", "image", "place"),
    bands=("B04", "B03", "B02"),
    image_size=32,
    licence="Apache-2.0",
    demo=True,
    load=lambda _device: ToyEncoder(16),
)
"""What is known of `ToyEncoder`."""


class EncoderContract:
    """What every encoder must keep. Subclasses give `spec`; abilities it lacks are skipped."""

    spec: ClassVar[EncoderSpec]
    texts: ClassVar[tuple[str, ...]] = ("sand desert", "forest", "sea ice")
    """Words that the encoder knows."""
    atol: ClassVar[float] = 1e-5
    """How far a vector may move when it is made among others."""

    def _loaded(self) -> object:
        return type(self).spec.load("cpu")

    def _check(self, vectors: NDArray[np.float32], count: int) -> None:
        assert vectors.shape == (count, self.spec.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_it_does_what_its_spec_says(self) -> None:
        encoder, abilities = self._loaded(), set(self.spec.modalities)
        assert abilities
        assert ("text" in abilities) == isinstance(encoder, EncodesText)
        assert ("image" in abilities) == isinstance(encoder, EncodesImage)
        assert ("place" in abilities) == isinstance(encoder, EncodesPlace)
        assert ("image" in abilities) == bool(self.spec.bands)

    def test_texts_become_unit_vectors_one_by_one_or_together(self) -> None:
        encoder = self._loaded()
        if not isinstance(encoder, EncodesText):
            pytest.skip("takes no text")
        vectors = encoder.encode_text(self.texts)
        self._check(vectors, len(self.texts))
        single = np.concatenate([encoder.encode_text([text]) for text in self.texts])
        np.testing.assert_allclose(single, vectors, atol=self.atol)
        assert np.unique(vectors, axis=0).shape[0] == len(self.texts)

    def test_images_become_unit_vectors_one_by_one_or_together(self) -> None:
        encoder = self._loaded()
        if not isinstance(encoder, EncodesImage):
            pytest.skip("takes no images")
        images = self._images()
        vectors = encoder.encode_image(images)
        self._check(vectors, len(images))
        single = np.concatenate([encoder.encode_image([image]) for image in images])
        np.testing.assert_allclose(single, vectors, atol=self.atol)

    def _images(self) -> list[NDArray[Any]]:
        rng = np.random.default_rng(0)
        if self.spec.pixels == "picture":
            shapes = ((32, 32, 3), (64, 48, 3), (200, 100, 3))
            return [rng.integers(256, size=shape, dtype=np.uint8) for shape in shapes]
        sizes, bands = ((256, 256), (384, 384), (300, 250)), len(self.spec.bands)
        return [rng.integers(10_000, size=(bands, *size), dtype=np.uint16) for size in sizes]

    def test_places_become_unit_vectors_and_the_date_line_is_no_seam(self) -> None:
        encoder = self._loaded()
        if not isinstance(encoder, EncodesPlace):
            pytest.skip("takes no places")
        places = np.array([[0, 0], [13.4, 52.5], [180, -17], [-180, -17], [0, NORTH], [0, -NORTH]])
        vectors = encoder.encode_place(places)
        self._check(vectors, len(places))
        np.testing.assert_allclose(vectors[2], vectors[3], atol=self.atol)
        single = np.concatenate([encoder.encode_place(place[None]) for place in places])
        np.testing.assert_allclose(single, vectors, atol=self.atol)
