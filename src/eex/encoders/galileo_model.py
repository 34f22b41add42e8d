"""Galileo, filled and fed: tensors of the file to a network, digital numbers to its input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from eex.encoders.galileo import EPS, HEADS, IGNORED, MONTH, STATISTICS, STD_MULTIPLIER
from eex.encoders.galileo_net import Galileo, GalileoConfig
from eex.encoders.published import check_sizes, heads_of, told_in
from eex.encoders.rasters import RasterEncoder, When, moments, whole_patches
from eex.encoders.running import Precision, tensor_of, unit
from eex.encoders.vit import filled
from eex.errors import DamagedWeightsError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant

WINDOW = 96
"""Longest side that is looked at as a whole, pixels: 12 patches of 8, the most in training."""


PUBLISHED = {"galileo-nano": {"width": 128, "depth": 4}}
"""Sizes by model."""


class GalileoEncoder(RasterEncoder):
    """Sentinel-2 rasters to vectors."""

    takes = frozenset({"when"})

    def __init__(
        self,
        network: Galileo,
        *,
        spec: EncoderSpec,
        variant: Variant,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put the network on a device; `variant.options["ndvi"]` adds the vegetation index."""
        width = network.config.width
        super().__init__(
            network, spec=spec, variant=variant, dim=width, device=device, precision=precision
        )
        self.patch = network.config.patch
        self.ndvi = bool(variant.options.get("ndvi"))

    def encode_image(
        self, images: Sequence[NDArray[Any]], *, when: When | Sequence[When] = None
    ) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), dim).

        Args:
            images: Digital numbers, each of shape (10, height, width), at least 8 x 8 pixels.
            when: When they were taken, one for all or one for each; the month is read. July where
                it is not known.

        Raises:
            BadQueryError: If a date is none, or there are not as many as images.
        """
        months = [MONTH if one is None else one.month - 1 for one in moments(when, len(images))]

        def work(rows: Sequence[int]) -> NDArray[np.float32]:
            cut = [windows(images[row], WINDOW, self.patch, model=self.spec.title) for row in rows]
            count = len(cut[0])
            each = np.repeat([months[row] for row in rows], count)[:, None]
            views, made = [view for some in cut for view in some], []
            for low in range(0, len(views), self.batch):  # a large raster is never whole in floats
                pixels = self.preprocess(views[low : low + self.batch])
                made.append(self.image_features(pixels, each[low : low + self.batch]))
            vectors = np.concatenate(made).reshape(len(rows), count, self.dim)
            return unit(vectors.mean(axis=1))

        return self.each(images, work)

    def preprocess(self, images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return network input, shape (n, 10 or 11, height, width), for rasters of one size."""
        cut = [whole_patches(image, self.patch, model=self.spec.title) for image in images]
        dn = np.stack(cut).astype(np.float32)
        mean, std = np.array(list(STATISTICS.values())).T[:, :, None, None]
        low = (mean - STD_MULTIPLIER * std).astype(np.float32)
        shown = (dn - low) / (2 * STD_MULTIPLIER * std).astype(np.float32)
        if self.ndvi:
            shown = np.concatenate([shown, vegetation(dn[:, 6], dn[:, 2])[:, None]], axis=1)
        return shown

    def image_features(
        self,
        pixels: Any,  # noqa: ANN401
        months: Any = None,  # noqa: ANN401
        *,
        patch: int = 0,
    ) -> NDArray[np.float32]:
        """Return what the network gives, shape (n, dim).

        Args:
            pixels: Shape (n, bands, height, width), or (n, times, bands, height, width) for series;
                normalised; 10 bands, or 11 with the vegetation index.
            months: Shape (n, times), 0 for January; July by default.
            patch: Height and width of a patch, pixels; 8 by default.

        Raises:
            ShapeError: If the shapes are others.
        """
        inputs = tensor_of(pixels)
        if inputs.ndim == 4:  # noqa: PLR2004
            inputs = inputs[:, None]
        if inputs.ndim != 5:  # noqa: PLR2004
            message = f"Expected (n, bands, height, width), got {tuple(inputs.shape)}."
            raise ShapeError(message, hint="Put the bands on the second axis.")
        if months is None:
            months = np.full(tuple(inputs.shape[:2]), MONTH)
        times = tensor_of(months).long()
        if len(times) != len(inputs):
            message = f"There are {len(inputs)} rasters, but months for {len(times)}."
            raise ShapeError(message, hint="Give months of shape (n, times).")
        return self.run(partial(self.network, patch=patch), inputs.float(), times)


def network_of(tensors: Mapping[str, Tensor], config: Mapping[str, Any], *, path: Path) -> Galileo:
    """Return the network that a file holds, sizes read from it and heads from the config.

    Raises:
        DamagedWeightsError: If tensors are missing, left over, or of another model.
    """
    mine: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        plain = name.replace(".backbone", "")
        if not IGNORED.match(plain):
            mine[re.sub(r"^(space_time_embed\.\w+)\.proj\.", r"\1.", plain)] = tensor
    blocks = {int(found[1]) for name in mine if (found := re.match(r"blocks\.(\d+)\.", name))}
    try:
        width = len(mine["norm.weight"])
        hidden = len(mine["blocks.0.mlp.fc1.weight"])
        patch = int(mine["space_time_embed.S2_RGB.weight"].shape[-1])
        times = len(mine["pos_embed"])
        for block in sorted(blocks):
            for kind in ("weight", "bias"):
                parts = [mine.pop(f"blocks.{block}.attn.{part}.{kind}") for part in "qkv"]
                mine[f"blocks.{block}.attn.qkv.{kind}"] = torch.cat(parts)
    except (KeyError, IndexError, TypeError, RuntimeError) as error:
        message = f"{path} does not hold Galileo's encoder."
        hint = "Give encoder.pt of nasaharvest/galileo, not a decoder."
        raise DamagedWeightsError(message, hint=hint) from error
    heads = told_in(config, "model", "encoder", "num_heads")
    sizes = GalileoConfig(
        width=width,
        heads=heads_of(width, heads, HEADS.get(width), path=path, parts=4),
        hidden=hidden,
        depth=len(blocks),
        eps=EPS,
        patch=patch,
        times=times,
    )
    told = {"width": width, "depth": len(blocks)}
    check_sizes(told, PUBLISHED, model="galileo-nano", path=path)
    with torch.device("meta"):
        network = Galileo(sizes)
    filled(network, mine, path=path, model="Galileo")
    return network


def vegetation(near_infrared: NDArray[np.float32], red: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the normalised difference, -1 to 1; 0 where there is no light."""
    total = near_infrared + red
    lit = total > 0
    one = np.float32(1)
    return np.where(lit, (near_infrared - red) / np.where(lit, total, one), np.float32(0))


def windows(
    image: NDArray[Any], most: int, patch: int, *, model: str = "Galileo"
) -> list[NDArray[Any]]:
    """Cut a raster into equal windows of whole patches, as few as can be, none over `most` pixels.

    They are views, (bands, height, width). What is over a whole patch of the raster is left out at
    all sides; what windows leave over lies at the right and the bottom and is less than a patch for
    each window.

    Raises:
        ShapeError: If the raster is smaller than one patch.
    """
    image = whole_patches(image, patch, model=model)
    height, width = image.shape[1:]
    down, across = -(-height // most), -(-width // most)
    tall, wide = (height // down // patch) * patch, (width // across // patch) * patch
    return [
        image[:, top : top + tall, left : left + wide]
        for top in range(0, down * tall, tall)
        for left in range(0, across * wide, wide)
    ]
