"""OlmoEarth, filled and fed: tensors of the file to the package's network, numbers to its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from olmoearth_pretrain_minimal import Normalizer
from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.nn.flexi_vit import EncoderConfig, PoolingType
from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.olmoearth_pretrain_v1 import (
    DEFAULT_MODALITIES,
    MODEL_SIZE_CONFIGS,
)
from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.utils.constants import Modality
from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.utils.datatypes import MaskedOlmoEarthSample
from torch import Tensor, nn

from eex.encoders.olmoearth import BANDS, GSD, IGNORED, MONTH, PATCH, PREFIX, STD_MULTIPLIER
from eex.encoders.published import check_sizes, heads_of, told_in
from eex.encoders.rasters import RasterEncoder, When, middle, moments, whole_patches
from eex.encoders.running import Precision, tensor_of, unit
from eex.encoders.vit import filled
from eex.errors import DamagedWeightsError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant

PUBLISHED = {"olmoearth-base": {"width": 768, "depth": 12}}
"""Sizes by model."""

BAND_SETS = 3
"""Tokens of a patch: bands of 10, 20 and 60 m."""

MONTHS = 12

_EMBEDDINGS = f"{PREFIX}patch_embeddings.per_modality_embeddings."


class OlmoEarthEncoder(RasterEncoder):
    """Sentinel-2 rasters to vectors."""

    takes = frozenset({"when"})

    batch = 8

    def __init__(
        self,
        network: nn.Module,
        *,
        spec: EncoderSpec,
        variant: Variant,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put the network on a device; the variant's options say how rasters are made ready."""
        width = int(network.embedding_size)  # type: ignore[arg-type]
        super().__init__(
            network, spec=spec, variant=variant, dim=width, device=device, precision=precision
        )
        self.size = int(variant.options["size"])
        self.shrink = int(variant.options.get("shrink", 0))
        self.month = bool(variant.options["month"])
        self._normalizer = Normalizer(std_multiplier=STD_MULTIPLIER)

    def encode_image(
        self, images: Sequence[NDArray[Any]], *, when: When | Sequence[When] = None
    ) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), dim).

        Args:
            images: Digital numbers, each of shape (12, height, width), at least 8 x 8 pixels.
            when: When they were taken, one for all or one for each; the month is read. July where
                it is not known, and always with the variant `eee`.

        Raises:
            BadQueryError: If a date is none, or there are not as many as images.
        """
        dates = moments(when, len(images))
        months = [one.month - 1 if one is not None and self.month else MONTH for one in dates]

        def work(rows: Sequence[int]) -> NDArray[np.float32]:
            pixels = self.preprocess([images[row] for row in rows])
            times = np.array([[[0, months[row], 0]] for row in rows])
            return unit(self.image_features(pixels, times))

        return self.each(images, work)

    def preprocess(self, images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return network input, shape (n, 12, side, side), for rasters of one size.

        The package's network takes squares; of other rasters the middle is read.
        """
        cut = [middle(image, min(self.size, *image.shape[1:])) for image in images]
        if not self.shrink:
            cut = [whole_patches(image, PATCH, model=self.spec.title) for image in cut]
        dn = np.stack(cut).astype(np.float32)
        if self.shrink and dn.shape[-1] != self.shrink:
            size = (self.shrink, self.shrink)
            dn = F.interpolate(torch.from_numpy(dn), size, mode="bilinear").numpy()
        shown = self._normalizer.normalize(Modality.SENTINEL2_L2A, dn.transpose(0, 2, 3, 1))
        return np.ascontiguousarray(shown.transpose(0, 3, 1, 2), np.float32)

    def image_features(
        self,
        pixels: Any,  # noqa: ANN401
        times: Any = None,  # noqa: ANN401
        *,
        patch: int = PATCH,
    ) -> NDArray[np.float32]:
        """Return the mean of the tokens, shape (n, dim).

        Args:
            pixels: Shape (n, 12, height, width), or (n, times, 12, height, width) for series;
                normalised, squares of a multiple of the patch.
            times: Day, month (0 for January) and year, shape (n, times, 3); July by default. Of one
                raster, only the month counts.
            patch: Height and width of a patch, 1 to 8 pixels.

        Raises:
            ShapeError: If the shapes are others.
        """
        inputs = tensor_of(pixels).float()
        if inputs.ndim == 4:  # noqa: PLR2004
            inputs = inputs[:, None]
        if inputs.ndim != 5 or inputs.shape[2] != len(BANDS):  # noqa: PLR2004
            message = f"Expected (n, {len(BANDS)}, height, width), got {tuple(inputs.shape)}."
            raise ShapeError(message, hint=f"Bands, in this order: {', '.join(BANDS)}.")
        sides = inputs.shape[3:]
        if not 1 <= patch <= PATCH or sides[0] != sides[1] or sides[0] < patch or sides[0] % patch:
            message = f"{tuple(sides)} pixels are not a square of whole patches of {patch}."
            raise ShapeError(message, hint=f"Give squares of a multiple of {PATCH} pixels.")
        if times is None:
            times = np.broadcast_to([0, MONTH, 0], (*inputs.shape[:2], 3)).copy()
        taken = tensor_of(times).long()
        if tuple(taken.shape) != (*inputs.shape[:2], 3):
            message = f"Expected times {(*inputs.shape[:2], 3)}, got {tuple(taken.shape)}."
            raise ShapeError(message, hint="Give day, month and year of each raster.")
        if taken.numel() and not 0 <= taken[..., 1].min() <= taken[..., 1].max() < MONTHS:
            message = "Months are 0 (January) to 11; others were given."
            raise ShapeError(message, hint="Subtract 1 from the month of a date.")

        def forward(x: Tensor, when: Tensor) -> Tensor:
            bands_last = x.permute(0, 3, 4, 1, 2)
            seen = torch.zeros(*bands_last.shape[:-1], BAND_SETS, dtype=torch.long, device=x.device)
            sample = MaskedOlmoEarthSample(
                timestamps=when, sentinel2_l2a=bands_last, sentinel2_l2a_mask=seen
            )
            out = self.network(sample, patch_size=patch, input_res=GSD, fast_pass=True)
            tokens = out["tokens_and_masks"]
            return tokens.pool_unmasked_tokens(pooling_type=PoolingType.MEAN)

        return self.run(forward, inputs, taken)


def network_of(
    tensors: Mapping[str, Tensor], config: Mapping[str, Any], *, path: Path
) -> nn.Module:
    """Return the package's encoder with the tensors of a file, sizes read from them.

    Raises:
        DamagedWeightsError: If tensors are missing, left over, or of another model.
    """
    mine = {
        name.removeprefix(PREFIX): value
        for name, value in tensors.items()
        if not IGNORED.match(name)
    }
    sensors = {
        name.removeprefix(_EMBEDDINGS).split(".")[0]
        for name in tensors
        if name.startswith(_EMBEDDINGS)
    }
    known = [name for name in DEFAULT_MODALITIES if name in sensors]
    optical = Modality.SENTINEL2_L2A.name
    kernel = f"{_EMBEDDINGS}{optical}.{optical}__0.proj.weight".removeprefix(PREFIX)
    try:
        width, _, _, patch = mine[kernel].shape
        depth = sum(name.endswith(".attn.q.weight") for name in mine)
        hidden = len(mine["blocks.0.mlp.fc1.weight"])
    except (KeyError, ValueError) as error:
        message = f"{path} does not hold OlmoEarth v1."
        hint = "Give weights.pth of allenai/OlmoEarth-v1-Base, not of a later version."
        raise DamagedWeightsError(message, hint=hint) from error
    found = {"width": width, "depth": depth}
    check_sizes(found, PUBLISHED, model="olmoearth-base", path=path)
    heads = told_in(config, "model", "encoder_config", "num_heads")
    network = EncoderConfig(
        supported_modality_names=known,
        embedding_size=width,
        max_patch_size=patch,
        num_heads=heads_of(width, heads, _rule(width, depth), path=path),
        mlp_ratio=hidden / width,
        depth=depth,
    ).build()
    filled(network, mine, path=path, model="OlmoEarth v1")
    return network


def _rule(width: int, depth: int) -> int | None:
    """Return the attention heads of the published sizes."""
    for size in MODEL_SIZE_CONFIGS.values():
        if (size["encoder_embedding_size"], size["encoder_depth"]) == (width, depth):
            return int(size["encoder_num_heads"])
    return None
