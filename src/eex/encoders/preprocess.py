"""Pictures to the input of a network: resized, cropped, scaled and centred, with Pillow and numpy.

Equal to what the references do with torchvision on Pillow images: Pillow's resampling, which
widens its kernel when it shrinks (antialias), and torchvision's rounding of sizes and crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

Resize = Literal["shortest", "squash", "none"]
"""Shortest side to a length and the other in proportion; both sides; or as it is."""

Rgb = tuple[float, float, float]

CLIP_MEAN: Rgb = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Rgb = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN: Rgb = (0.485, 0.456, 0.406)
IMAGENET_STD: Rgb = (0.229, 0.224, 0.225)
HALF: Rgb = (0.5, 0.5, 0.5)

STRIP = 16
"""Of pictures longer than this many times their width, only what the crop needs is resized."""


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """What is done to a picture before a network sees it."""

    size: int
    """Height and width of the network's input, pixels."""
    resize: Resize = "shortest"
    """How the picture is brought near that size."""
    resize_to: int = 0
    """Length that the resize aims at, pixels; 0 for `size`."""
    interpolation: Literal["bicubic", "bilinear", "nearest"] = "bicubic"
    """Pillow's filter."""
    crop_rounding: Literal["even", "down"] = "even"
    """Where a crop begins when the margin is odd: half to even (torchvision) or down
    (transformers)."""
    mean: Rgb = CLIP_MEAN
    """Subtracted after scaling to 0..1."""
    std: Rgb = CLIP_STD
    """What the rest is divided by."""
    rescale_twice: bool = False
    """Divide by 255 twice: a known fault of tables made with pictures that were 0..1 already."""

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return network input (3, size, size) for a picture (height, width, 3), 0 to 255."""
        return self.scaled(self.resized(image))

    def scaled(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (3, height, width), scaled and centred, for a picture of the wanted size."""
        scaled = np.asarray(image, np.float32) / np.float32(255)
        if self.rescale_twice:
            scaled /= np.float32(255)
        scaled -= np.asarray(self.mean, np.float32)
        scaled /= np.asarray(self.std, np.float32)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))

    def batch(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return network input (n, 3, size, size) for pictures whose sizes may differ."""
        out = np.empty((len(images), 3, self.size, self.size), np.float32)
        for row, image in zip(out, images, strict=True):
            row[:] = self(image)
        return out

    def resized(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture resized and cropped, (size, size, 3), 0 to 255."""
        from PIL import Image

        picture = Image.fromarray(np.ascontiguousarray(image))
        across, down = picture.size
        aim = self.resize_to or self.size
        if self.resize == "squash":
            across = down = aim
        elif self.resize == "shortest":
            short, long = sorted((across, down))
            longer = int(aim * long / short)
            across, down = (aim, longer) if across <= down else (longer, aim)
        left, top = self._margin(across), self._margin(down)
        if self.resize == "shortest" and max(across, down) > STRIP * min(across, down):
            return self._strip(picture, (across, down), (left, top))
        if (across, down) != picture.size:
            picture = picture.resize((across, down), self._filter())
        if (across, down) != (self.size, self.size):  # beyond the edge is black
            picture = picture.crop((left, top, left + self.size, top + self.size))
        return np.asarray(picture)

    def _filter(self) -> Image.Resampling:
        from PIL import Image

        return Image.Resampling[self.interpolation.upper()]

    def _margin(self, length: int) -> int:
        margin = length - self.size
        if margin < 0:  # torchvision: the odd pixel of padding goes to the end
            return -(-margin // 2)
        return round(margin / 2) if self.crop_rounding == "even" else margin // 2

    def _strip(
        self, picture: Image.Image, whole: tuple[int, int], corner: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """Resize only what the crop shows, so that a long picture takes no memory."""
        lengths = picture.size
        low = [at * a / b for at, a, b in zip(corner, lengths, whole, strict=True)]
        high = [(at + self.size) * a / b for at, a, b in zip(corner, lengths, whole, strict=True)]
        high = [min(h, length) for h, length in zip(high, lengths, strict=True)]
        size = (self.size, self.size)
        box = (low[0], low[1], high[0], high[1])
        return np.asarray(picture.resize(size, self._filter(), box=box))


CLIP_224 = Preprocess(size=224)
"""OpenAI's CLIP and what descends from it."""

SIGLIP_384 = Preprocess(size=384, resize="squash", mean=HALF, std=HALF)
"""SigLIP as its authors run it."""

SIGLIP_384_CLIP_STATISTICS = Preprocess(size=384)
"""SigLIP as open_clip prepares pictures when it is given a file and no configuration."""

DINOV2_224 = Preprocess(
    size=224, resize_to=256, crop_rounding="down", mean=IMAGENET_MEAN, std=IMAGENET_STD
)
"""DINOv2 as transformers prepares pictures."""
