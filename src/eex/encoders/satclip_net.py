"""SatCLIP's networks: a sinusoidal network for places, a vision transformer for rasters.

A place becomes spherical harmonics (`harmonics.py`, float64), then sin(30 (W x + b)), then once or
more sin(W x + b), then W x + b. The raster tower is timm's ViT-S/16 with 13 bands, whose class
token goes through a linear layer; or, in checkpoints of one's own training, CLIP's ViT.

Source:
    K. Klemmer et al., "SatCLIP: Global, General-Purpose Location Embeddings with Satellite
    Imagery", AAAI 2025.
    V. Sitzmann et al., "Implicit Neural Representations with Periodic Activation Functions",
    NeurIPS 2020.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, the name that everybody knows
from torch import Tensor, nn

from eex.encoders.harmonics import Convention, harmonic_rows
from eex.encoders.open import checked_places
from eex.encoders.rasters import middle
from eex.encoders.running import Precision, TorchEncoder, in_batches, unit
from eex.encoders.satclip import REFLECTANCE_SCALE, ZERO_BAND
from eex.encoders.vit import Vision, VisionConfig
from eex.errors import BadQueryError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant

FREQUENCY = 30.0
"""Factor before the first sine (Sitzmann et al. 2020, section 3.2); it is 1 before the others."""

EXACT_PLACES = 10_000
"""Up to so many places go through the network in float64. More take half the time in float32,
after harmonics in float64, and differ by less than 1e-11 in 1 - cosine (full size, not trained)."""

QUICK_PLACES = 2_000
"""Places that are in memory at once then: 13 MB of harmonics."""


class Siren(nn.Module):
    """Harmonics to vectors: a network with sines between its layers."""

    def __init__(self, widths: Sequence[int]) -> None:
        """Make layers between these widths, the first that of the input."""
        super().__init__()
        self.widths = tuple(widths)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths[:-1]))
        self.last_layer = nn.Linear(widths[-2], widths[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Return vectors (n, dim) for harmonics (n, columns)."""
        for depth, layer in enumerate(self.layers):
            x = layer(x)
            x = x.mul_(FREQUENCY).sin_() if depth == 0 else x.sin_()
        return self.last_layer(x)


class Tower(nn.Module):
    """Rasters to vectors: the class token of a vision transformer through a linear layer."""

    def __init__(self, config: VisionConfig, dim: int, *, bias: bool) -> None:
        super().__init__()
        self.visual = Vision(config)
        self.head = nn.Linear(config.width, dim, bias=bias)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return vectors (n, dim) for pixels (n, bands, height, width)."""
        return self.head(self.visual.class_of(pixels))


class SatClip(TorchEncoder):
    """SatCLIP, ready to use. Safe to use from several threads."""

    band_counts = (12, 13)
    """Bands that a raster may have: those of the spec, or B10 among them."""

    def __init__(
        self,
        tower: Tower | None,
        location: Siren,
        *,
        convention: Convention,
        spec: EncoderSpec,
        variant: Variant,
        device: str = "cpu",
        precision: Precision = "float32",
        resnet: bool = False,
    ) -> None:
        """Put filled networks on a device; without a tower only places are encoded.

        `resnet` says that the file's own tower, which is then left out, is a ResNet.
        """
        super().__init__(
            tower if tower is not None else nn.Identity(),
            spec=spec,
            variant=variant,
            dim=location.widths[-1],
            device=device,
            precision=precision,
        )
        self.tower = tower
        self.resnet = resnet and tower is None
        self.convention: Convention = convention
        self.degrees = math.isqrt(location.widths[0])
        self.exact = location.double()
        self.quick = copy.deepcopy(location).float().to(self.device)

    @property
    def memory_bytes(self) -> int:
        """Bytes that the weights take."""
        both = [*self.exact.parameters(), *self.quick.parameters()]
        return super().memory_bytes + sum(p.numel() * p.element_size() for p in both)

    def encode_place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, dim), for `lonlat` of shape (n, 2), degrees."""
        if len(lonlat) <= EXACT_PLACES:
            return unit(self.place_features(lonlat))
        vectors = np.empty((len(lonlat), self.dim), np.float32)
        slices = harmonic_rows(
            lonlat, self.degrees, self.convention, points=QUICK_PLACES, dtype=np.float32
        )
        with torch.inference_mode():
            for low, rows in slices:
                columns = torch.from_numpy(rows).to(self.device).T
                some = self.quick(columns).cpu().numpy()
                vectors[low : low + len(some)] = unit(some)
        return vectors

    def place_features(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the network gives, not normalised, float64 throughout, shape (n, dim).

        Args:
            lonlat: Shape (n, 2), degrees, longitude first.

        Raises:
            BadPlaceError: If one is not on the globe.
        """
        places = checked_places(lonlat)
        features = np.empty((len(places), self.dim))
        with torch.inference_mode():
            for low, rows in harmonic_rows(places, self.degrees, self.convention):
                some = self.exact(torch.from_numpy(rows).T).numpy()
                features[low : low + len(some)] = some
        return features

    def encode_image(self, images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, dim), for digital numbers (12 or 13, height, width).

        Raises:
            ShapeError: If a raster has other bands, or fewer pixels than the variant needs.
            BadQueryError: If the checkpoint's picture tower is a ResNet, or it has none.
        """

        def features(some: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
            return self.image_features(self.preprocess(some))

        return unit(in_batches(images, self.batch, features, self.dim))

    def image_features(self, pixels: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return what the network gives, not normalised, for pixels (n, 13, 224, 224).

        Raises:
            ShapeError: If the pixels have another shape.
            BadQueryError: If the checkpoint's picture tower is a ResNet, or it has none.
        """
        return self.run(self._tower(), pixels)

    def preprocess(self, images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return network input (n, 13, 224, 224) of digital numbers (12 or 13, height, width).

        Raises:
            ShapeError: If a raster has other bands, or fewer pixels than the variant needs.
            BadQueryError: If the checkpoint's picture tower is a ResNet, or it has none.
        """
        config = self._tower().visual.config
        size = config.grid[0] * config.patch
        resize = self.variant.options.get("image") == "resize"
        made = np.empty((len(images), config.bands, size, size), np.float32)
        for pixels, image in zip(made, images, strict=True):
            pixels[:] = _prepared(image, size, config.bands, resize=resize)
        return made

    def _tower(self) -> Tower:
        if self.tower is None:
            message = "These SatCLIP weights have no picture tower."
            if self.resnet:
                message = (
                    "The picture tower of these SatCLIP weights is a ResNet, which is not run."
                )
            raise BadQueryError(message, hint="Ask with places, or use satclip-vit16-l40's file.")
        return self.tower


def _prepared(image: NDArray[Any], size: int, bands: int, *, resize: bool) -> NDArray[np.float32]:
    if image.ndim != 3 or len(image) not in {bands - 1, bands}:  # noqa: PLR2004
        message = f"Expected ({bands - 1} or {bands}, height, width), got {image.shape}."
        raise ShapeError(message, hint="Give all bands of Sentinel-2 L2A, in order.")
    height, width = image.shape[1:]
    if not resize:
        if min(height, width) < size:
            message = f"SatCLIP sees {size} x {size} pixels of 10 m; got {width} x {height}."
            hint = f"Give a larger raster, or use the variant eee, which stretches it to {size}."
            raise ShapeError(message, hint=hint)
        image = middle(image, size)
    scaled = image.astype(np.float32) / np.float32(REFLECTANCE_SCALE)
    if resize:
        batch = torch.from_numpy(scaled)[None]
        batch = F.interpolate(batch, size=(size, size), mode="bicubic", align_corners=False)
        scaled = batch[0].numpy()
    return scaled if len(scaled) == bands else np.insert(scaled, ZERO_BAND, 0, axis=0)
