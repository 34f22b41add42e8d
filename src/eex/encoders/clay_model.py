"""Clay, filled and fed: tensors of the file to a network, digital numbers to its input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from eex.encoders.clay import EPS, GSD, HEADS, IGNORED, PREFIX, SENSOR
from eex.encoders.clay_net import KNOWN, Clay, ClayConfig
from eex.encoders.layouts import Rules, renamed
from eex.encoders.published import check_sizes, heads_of
from eex.encoders.rasters import RasterEncoder, When, middle, moments, places, whole_patches
from eex.encoders.running import Precision, tensor_of, unit
from eex.encoders.vit import filled
from eex.errors import DamagedWeightsError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant

PUBLISHED = {"clay-v1.5": {"width": 1024, "depth": 24}}
"""Sizes by model."""

HEAD_WIDTH = 16
"""Channels of a head in models of no published width."""

WEEKS, HOURS = 52, 24
"""What a year and a day are divided into."""

_RULES: Rules = (
    (rf"^{re.escape(PREFIX)}", ""),
    (r"^transformer\.norm\.", "norm."),
    (r"^transformer\.layers\.(\d+)\.0\.norm\.", r"blocks.\1.norm1."),
    (r"^transformer\.layers\.(\d+)\.0\.to_qkv\.", r"blocks.\1.attn.qkv."),
    (r"^transformer\.layers\.(\d+)\.0\.to_out\.", r"blocks.\1.attn.proj."),
    (r"^transformer\.layers\.(\d+)\.1\.net\.0\.", r"blocks.\1.norm2."),
    (r"^transformer\.layers\.(\d+)\.1\.net\.1\.", r"blocks.\1.mlp.fc1."),
    (r"^transformer\.layers\.(\d+)\.1\.net\.3\.", r"blocks.\1.mlp.fc2."),
)
"""Names in the file to names of `vit.py`."""


class ClayEncoder(RasterEncoder):
    """Sentinel-2 rasters to vectors."""

    takes = frozenset({"lonlat", "when"})

    batch = 4

    def __init__(
        self,
        network: Clay,
        *,
        spec: EncoderSpec,
        variant: Variant,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put the network on a device; the variant's options say how rasters are made ready."""
        super().__init__(
            network,
            spec=spec,
            variant=variant,
            dim=network.config.width,
            device=device,
            precision=precision,
        )
        self.patch = network.config.patch
        self.size = int(variant.options["size"])
        self.known = bool(variant.options["known"])
        self.enlarge = bool(variant.options.get("enlarge"))

    def encode_image(
        self,
        images: Sequence[NDArray[Any]],
        *,
        lonlat: Any = None,  # noqa: ANN401
        when: When | Sequence[When] = None,
    ) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), dim).

        Args:
            images: Digital numbers, each of shape (10, height, width), at least 8 x 8 pixels.
            lonlat: Where their middles lie, one pair for all or one for each, degrees.
            when: When they were taken (UTC), one for all or one for each; without a time of day,
                only the week is told. The variant `eee` leaves both out.

        Raises:
            BadQueryError: If a date or a place is none, or there are not as many as images.
        """
        dates = moments(when, len(images))
        where = places(lonlat, len(images))
        time = np.array([time_of(one) for one in dates], np.float32).reshape(-1, 4)
        place = np.zeros((len(images), 4), np.float32) if where is None else latlon_of(where)
        if not self.known:
            time, place = np.zeros_like(time), np.zeros_like(place)

        def work(rows: Sequence[int]) -> NDArray[np.float32]:
            pixels = self.preprocess([images[row] for row in rows])
            chosen = list(rows)
            return unit(self.image_features(pixels, time[chosen], place[chosen]))

        return self.each(images, work)

    def preprocess(self, images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return network input, shape (n, 10, height, width), for rasters of one size."""
        mean, std = np.array(list(SENSOR.values()), np.float32).T[:2, :, None, None]
        cut = np.stack([np.asarray(middle(image, self.size), np.float32) for image in images])
        if self.enlarge and cut.shape[2:] != (self.size, self.size):
            size = (self.size, self.size)
            cut = F.interpolate(torch.from_numpy(cut), size, mode="bicubic").numpy()
        elif not self.enlarge:
            cut = np.stack([whole_patches(x, self.patch, model=self.spec.title) for x in cut])
        return (cut - mean) / std

    def image_features(
        self,
        pixels: Any,  # noqa: ANN401
        time: Any = None,  # noqa: ANN401
        latlon: Any = None,  # noqa: ANN401
        gsd: float = GSD,
    ) -> NDArray[np.float32]:
        """Return what the network gives, shape (n, dim).

        Args:
            pixels: Shape (n, 10, height, width), normalised.
            time: Sine and cosine of the week and of the hour, shape (n, 4); zeros by default.
            latlon: Sine and cosine of the latitude and of the longitude, (n, 4); zeros by default.
            gsd: Size of a pixel, metres.

        Raises:
            ShapeError: If the shapes are others.
        """
        inputs = tensor_of(pixels).float()
        parts = [_four(part, len(inputs)) for part in (time, latlon)]
        waves = torch.tensor([wave for _, _, wave in SENSOR.values()], device=self.device)
        forward = partial(self.network, waves=waves, gsd=float(gsd))
        return self.run(forward, inputs, torch.cat(parts, dim=1))


def network_of(tensors: Mapping[str, Tensor], *, path: Path) -> Clay:
    """Return the network that a file holds, sizes read from it.

    Raises:
        DamagedWeightsError: If tensors are missing, left over, or of another model.
    """
    used = {name: value for name, value in tensors.items() if not IGNORED.match(name)}
    mine = renamed(used, _RULES)
    made = "patch_embedding.weight_generator"
    try:
        width = int(mine["cls_token"].shape[-1])
        rule = HEADS.get(width, width // HEAD_WIDTH)
        wave_dim = int(mine[f"{made}.bias_token"].shape[-1])
        depth = sum(name.endswith(".attn.qkv.weight") for name in mine)
        sizes = ClayConfig(
            width=width,
            heads=heads_of(width, None, rule, path=path, parts=4),
            hidden=len(mine["blocks.0.mlp.fc1.weight"]),
            depth=depth,
            eps=EPS,
            patch=round((len(mine[f"{made}.fc_weight.weight"]) / width) ** 0.5),
            wave_dim=wave_dim,
            wave_hidden=len(mine[f"{made}.encoder.layers.0.linear1.weight"]),
            latents=len(mine[f"{made}.weight_tokens"]),
        )
    except (KeyError, IndexError, ZeroDivisionError) as error:
        message = f"{path} does not hold Clay's encoder."
        hint = "Give v1.5/clay-v1.5.ckpt of made-with-clay/Clay."
        raise DamagedWeightsError(message, hint=hint) from error
    if sizes.patch < 1:
        message = f"{path} holds no patches of whole pixels, as Clay's encoder has them."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    found = {"width": width, "depth": depth}
    check_sizes(found, PUBLISHED, model="clay-v1.5", path=path)
    for block in range(depth):  # none in the file; a bias of zero changes nothing
        mine[f"blocks.{block}.attn.qkv.bias"] = torch.zeros(3 * width)
        mine[f"blocks.{block}.attn.proj.bias"] = torch.zeros(width)
    with torch.device("meta"):
        network = Clay(sizes)
    filled(network, mine, path=path, model="Clay v1.5")
    return network


def time_of(moment: date | datetime | None) -> tuple[float, float, float, float]:
    """Return sine and cosine of the ISO week and of the hour; zeros for what is not known."""
    if moment is None:
        return 0.0, 0.0, 0.0, 0.0
    week = moment.isocalendar().week * 2 * np.pi / WEEKS
    if not isinstance(moment, datetime):
        return float(np.sin(week)), float(np.cos(week)), 0.0, 0.0
    hour = moment.hour * 2 * np.pi / HOURS
    return float(np.sin(week)), float(np.cos(week)), float(np.sin(hour)), float(np.cos(hour))


def latlon_of(lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return sine and cosine of the latitude and of the longitude, shape (n, 4)."""
    lon, lat = np.radians(lonlat).T
    return np.stack([np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)], axis=1).astype(np.float32)


def _four(part: Any, count: int) -> Tensor:  # noqa: ANN401
    if part is None:
        return torch.zeros(count, KNOWN // 2)
    tensor = tensor_of(part).float()
    if tensor.shape != (count, KNOWN // 2):
        message = f"Expected ({count}, 4) for when or where, got {tuple(tensor.shape)}."
        raise ShapeError(message, hint="Give two sines and two cosines for each raster.")
    return tensor
