"""DINOv2's network: a vision transformer with a factor for each channel of a branch (LayerScale).

Positions were learned for 37 x 37 patches (518 pixels) and are resized to the picture's. Files of
Hugging Face transformers are read under the names of version 4 (which public files have) and 5, and
those of the authors' own repository.

Source:
    M. Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", TMLR 2024.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from eex.encoders.dinov2 import DINOV2_BASE, DINOV2_LARGE
from eex.encoders.layouts import Rules, joined, renamed
from eex.encoders.preprocess import DINOV2_224
from eex.encoders.published import check_sizes, heads_of
from eex.encoders.running import Precision, TorchEncoder, in_batches, patches_of, unit
from eex.encoders.vit import Vision, VisionConfig, filled
from eex.errors import DamagedWeightsError
from eex.weights.read import config_beside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant
    from eex.weights.read import Checkpoint

HEAD_WIDTH = 64
"""Width of an attention head where no configuration lies beside the weights."""

EPS = 1e-6
"""Added to the variance in layer norms likewise."""

PUBLISHED = {
    DINOV2_BASE.name: {"width": 768, "depth": 12},
    DINOV2_LARGE.name: {"width": 1024, "depth": 24},
}
"""Sizes by model."""

RULES: Rules = (
    (r"^dinov2\.", ""),
    (r"^embeddings\.(cls_token|mask_token)$", r"\1"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^(embeddings\.patch_embeddings\.projection|patch_embed\.proj)\.", "patch_embed."),
    (r"^encoder\.layer\.", "blocks."),
    (r"^layernorm\.", "norm."),
    (r"\.attention\.(attention\.query|q_proj)\.", ".attn.q."),
    (r"\.attention\.(attention\.key|k_proj)\.", ".attn.k."),
    (r"\.attention\.(attention\.value|v_proj)\.", ".attn.v."),
    (r"\.attention\.(output\.dense|o_proj)\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
)
"""Names in files of transformers 4 and 5 and of the authors, and ours."""

UNUSED = ("mask_token",)
"""Stands for hidden patches in training."""


class Dinov2(TorchEncoder):
    """DINOv2, ready to use. Safe to use from several threads."""

    network: Vision

    def __init__(
        self,
        network: Vision,
        *,
        spec: EncoderSpec,
        variant: Variant,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put a filled network on a device."""
        super().__init__(
            network,
            spec=spec,
            variant=variant,
            dim=network.config.width,
            device=device,
            precision=precision,
        )
        twice = bool(variant.options.get("rescale_twice", False))
        self.prepare = replace(DINOV2_224, rescale_twice=twice)

    @property
    def patch_grid(self) -> tuple[int, int]:
        """Patches down and across of a picture that `preprocess` made."""
        side = self.prepare.size // self.network.config.patch
        return side, side

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, dim), for pictures (height, width, 3), 0 to 255."""

        def features(some: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
            return self.image_features(self.preprocess(some))

        return unit(in_batches(images, self.batch, features, self.dim))

    def preprocess(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return network input (n, 3, 224, 224) of pictures (height, width, 3), 0 to 255."""
        return self.prepare.batch(images)

    def image_features(self, pixels: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return vectors as the variant pools them, not normalised, shape (n, dim).

        Args:
            pixels: Shape (n, 3, height, width), centred and scaled; what is over a whole patch of
                14 pixels is not seen.

        Raises:
            ShapeError: If the pixels have another shape.
        """
        if self.variant.options.get("pool") == "cls":
            return self.run(self.network.class_of, pixels)
        return self.run(lambda some: self.network(some).float().mean(dim=1), pixels)

    def image_tokens(self, pixels: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return all tokens after the final norm, shape (n, 1 + patches, dim), the class first.

        Raises:
            ShapeError: If the pixels have another shape.
        """
        down, across = patches_of(pixels, self.network.config.patch, self.patch_grid)
        return self.run(self.network, pixels, each=(1 + down * across, self.dim))

    def patch_features(self, pixels: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return what stands for each patch, shape (n, down, across, dim), not normalised.

        They are tokens after the final norm, whose mean is the vector of the picture, so patches
        are compared with each other and with pictures.

        Raises:
            ShapeError: If the pixels have another shape.
        """

        def patches(some: Tensor) -> Tensor:
            tokens = self.network(some)[:, 1:]
            return tokens.reshape(len(some), *self.network.grid_of(some), -1)

        grid = patches_of(pixels, self.network.config.patch, self.patch_grid)
        return self.run(patches, pixels, each=(*grid, self.dim))


def open_dinov2(
    checkpoint: Checkpoint,
    spec: EncoderSpec,
    variant: Variant,
    *,
    device: str = "cpu",
    precision: Precision = "float32",
) -> Dinov2:
    """Return a DINOv2 of any size, ready to use.

    Raises:
        DamagedWeightsError: If it is of another model, or of a DINOv2 that is not supported.
    """
    network = network_of(checkpoint, spec)
    return Dinov2(network, spec=spec, variant=variant, device=device, precision=precision)


def network_of(checkpoint: Checkpoint, spec: EncoderSpec) -> Vision:
    """Return the filled network; sizes come from tensors, heads from config.json where it is.

    Raises:
        DamagedWeightsError: If it is of another model, or of a DINOv2 that is not supported.
    """
    path = checkpoint.path
    tensors = renamed(checkpoint.tensors, RULES)
    _check_supported(tensors, path)
    config = _config(tensors, path)
    sizes = {"width": config.width, "depth": config.depth}
    check_sizes(sizes, PUBLISHED, model=spec.name, path=path)
    with torch.device("meta"):
        network = Vision(config)
    wanted = {name: value for name, value in joined(tensors).items() if name not in UNUSED}
    filled(network, wanted, path=path, model=spec.title)
    return network


def _check_supported(tensors: Mapping[str, Tensor], path: Path) -> None:
    kinds = {
        "a SwiGLU feed-forward (DINOv2 giant)": r"\.mlp\.(weights_(in|out)|w12|w3)\.",
        "register tokens": r"register_tokens",
    }
    for kind, pattern in kinds.items():
        if any(re.search(pattern, name) for name in tensors):
            message = f"{path} is a DINOv2 with {kind}, which is not supported."
            hint = "Use dinov2-large or dinov2-base, without registers."
            raise DamagedWeightsError(message, hint=hint)


def _config(tensors: Mapping[str, Tensor], path: Path) -> VisionConfig:
    try:
        width, bands, patch, _ = tensors["patch_embed.weight"].shape
        side = math.isqrt(tensors["pos_embed"].shape[1] - 1)
        hidden = tensors["blocks.0.mlp.fc1.weight"].shape[0]
        _ = tensors["blocks.0.ls1.gamma"]
    except (KeyError, ValueError, IndexError) as error:
        message = f"{path} does not hold weights of DINOv2."
        hint = "Check that file and model belong together."
        raise DamagedWeightsError(message, hint=hint) from error
    beside = config_beside(path, "config.json")
    if beside.get("model_type") != "dinov2" or beside.get("hidden_size") != width:
        beside = {}
    heads = beside.get("num_attention_heads", max(width // HEAD_WIDTH, 1))
    eps, activation = beside.get("layer_norm_eps", EPS), beside.get("hidden_act", "gelu")
    if not isinstance(heads, int) or not isinstance(eps, int | float) or activation != "gelu":
        message = f"{path.parent / 'config.json'} describes a DINOv2 that is not supported."
        raise DamagedWeightsError(message, hint="Use dinov2-large or dinov2-base as published.")
    blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    return VisionConfig(
        width=width,
        heads=heads_of(width, heads, None, path=path),
        hidden=hidden,
        depth=len(blocks),
        eps=float(eps),
        layer_scale=True,
        patch=patch,
        grid=(side, side),
        bands=bands,
    )
