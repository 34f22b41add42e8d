"""CLIP as a network: a picture tower, a text tower, and projections into one space.

Source:
    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021. Texts of 248 tokens: B. Zhang et al., "Long-CLIP", ECCV 2024.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from eex.encoders.dense import ATTENDED, checked_way, last_block
from eex.encoders.published import heads_of
from eex.encoders.vit import TextConfig, TextTower, Vision, VisionConfig, filled
from eex.errors import DamagedWeightsError, ShapeError

if TYPE_CHECKING:
    from pathlib import Path

    from eex.encoders.pair_config import PairConfig

HEAD_WIDTH = 64
"""Width of an attention head where nothing says otherwise."""

SIGLIP_16_HEADS = (1152, 1536)
"""Widths of SigLIPs whose 16 heads are wider (shape-optimised SO400M and giant)."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the shapes of tensors tell of two towers."""

    vision: VisionConfig
    """Picture tower."""
    text: TextConfig
    """Text tower."""
    dim: int
    """Length of a vector."""


class ClipNet(nn.Module):
    """Pictures and token ids to vectors of one space, not normalised."""

    def __init__(self, sizes: Sizes, *, eot: int | None = None) -> None:
        """Make an empty network; `eot` is the id that ends a text, None for the largest id."""
        super().__init__()
        self.eot = eot
        self.visual = Vision(sizes.vision)
        self.visual_proj = nn.Linear(sizes.vision.width, sizes.dim, bias=False)
        self.text = TextTower(sizes.text)
        self.text_proj = nn.Linear(sizes.text.width, sizes.dim, bias=False)

    @property
    def ways(self) -> tuple[str, ...]:
        """Ways to features of patches, the default first."""
        return tuple(ATTENDED)

    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """Return (n, dim) for pictures (n, 3, height, width) of the size that it was made for.

        Raises:
            ShapeError: If they have another size.
        """
        whole_picture(self.visual, pixels)
        return self.visual_proj(self.visual.class_of(pixels))

    def encode_ids(self, ids: Tensor) -> Tensor:
        """Return (n, dim) for token ids (n, context), read at the end of each text.

        Raises:
            ShapeError: If there are more ids than it takes, or ids that it does not know.
        """
        if ids.ndim != 2 or ids.shape[1] > self.text.config.context:  # noqa: PLR2004
            message = f"Expected (n, {self.text.config.context}) token ids, got {tuple(ids.shape)}."
            raise ShapeError(message, hint="Cut or pad the texts.")
        if self.eot is not None and not bool((ids == self.eot).any(dim=1).all()):
            message = f"A text does not end with the id {self.eot}, as the configuration says."
            raise ShapeError(message, hint="Check that tokenizer and model belong together.")
        ends = ids.argmax(dim=1) if self.eot is None else (ids == self.eot).int().argmax(dim=1)
        return self.text_proj(self.text.at(ids, ends))

    def dense(self, pixels: Tensor, how: str = "clearclip", *, residual: bool = False) -> Tensor:
        """Return (n, down, across, dim): a vector for each patch, not normalised.

        Args:
            pixels: Any height and width of at least one patch.
            how: See `dense.ATTENDED`; ClearCLIP by default.
            residual: Keep the last block's residual path and feed-forward.
        """
        checked_way(how, self.ways)
        tokens = self.visual.before_last(pixels)
        tokens = last_block(self.visual.blocks.last(), tokens, how, residual=residual)[:, 1:]
        patches = self.visual_proj(self.visual.norm(tokens))
        return patches.reshape(len(pixels), *self.visual.grid_of(pixels), -1)


def whole_picture(visual: Vision, pixels: Tensor) -> None:
    """Refuse pictures of another size than the tower was made for."""
    config = visual.config
    if pixels.ndim == 4 and visual.grid_of(pixels) != config.grid:  # noqa: PLR2004
        down, across = (n * config.patch for n in config.grid)
        message = f"Expected pictures of {down} x {across} pixels, got {tuple(pixels.shape)}."
        raise ShapeError(message, hint="Let `preprocess` resize them.")


def clip_network(
    tensors: Mapping[str, Tensor], config: PairConfig, *, path: Path, model: str
) -> ClipNet:
    """Return a network filled with tensors under our names (`layouts.translated`).

    Raises:
        DamagedWeightsError: If one is missing, left over or of another shape.
    """
    sizes = sizes_of(tensors, config, path=path, model=model)
    with torch.device("meta"):
        network = ClipNet(sizes, eot=config.eot)
    filled(network, tensors, path=path, model=model)
    return network


def sizes_of(tensors: Mapping[str, Tensor], config: PairConfig, *, path: Path, model: str) -> Sizes:
    """Read the sizes of both towers from shapes; heads and activations are the configuration's.

    Raises:
        DamagedWeightsError: If a tensor that tells a size is missing or has odd axes.
    """

    def shape(name: str, axes: int) -> tuple[int, ...]:
        if name not in tensors or tensors[name].ndim != axes:
            found = "is missing" if name not in tensors else f"has {tensors[name].ndim} axes"
            message = f"{path} does not hold weights of {model}: {name} {found}."
            raise DamagedWeightsError(message, hint="Check that file and model belong together.")
        return tuple(tensors[name].shape)

    width, bands, patch, _ = shape("visual.patch_embed.weight", 4)
    class_token = "visual.cls_token" in tensors
    side = math.isqrt(shape("visual.pos_embed", 3)[1] - class_token)
    vocabulary, text_width = shape("text.token_embed.weight", 2)
    if config.known and config.vision_width not in {0, width}:
        message = f"{path} has pictures of width {width}; its configuration says otherwise."
        raise DamagedWeightsError(message, hint="Get both from the same place.")
    heads = heads_of(
        width,
        _told(config.vision_heads, config.vision_width, width),
        _rule(width, config),
        path=path,
    )
    text_heads = heads_of(
        text_width,
        _told(config.text_heads, config.text_width, text_width),
        _rule(text_width, config),
        path=path,
    )
    return Sizes(
        vision=VisionConfig(
            width=width,
            heads=heads,
            hidden=shape("visual.blocks.0.mlp.fc1.weight", 2)[0],
            depth=_depth(tensors, "visual"),
            activation=config.vision_activation,
            eps=config.vision_eps,
            layer_scale="visual.blocks.0.ls1.gamma" in tensors,
            patch=patch,
            grid=(side, side),
            bands=bands,
            class_token=class_token,
            patch_bias="visual.patch_embed.bias" in tensors,
            norm_pre="visual.norm_pre.weight" in tensors,
            resize="factor",
        ),
        text=TextConfig(
            width=text_width,
            heads=text_heads,
            hidden=shape("text.blocks.0.mlp.fc1.weight", 2)[0],
            depth=_depth(tensors, "text"),
            activation=config.text_activation,
            eps=config.text_eps,
            layer_scale="text.blocks.0.ls1.gamma" in tensors,
            vocabulary=vocabulary,
            context=shape("text.pos_embed", 2)[0],
            causal=config.family == "clip",
        ),
        dim=shape("text_proj.weight", 2)[0],
    )


def _depth(tensors: Mapping[str, Tensor], tower: str) -> int:
    return len({name.split(".")[2] for name in tensors if name.startswith(f"{tower}.blocks.")})


def _told(heads: int, its_width: int, width: int) -> int | None:
    """Return the heads of a configuration that is of this width."""
    return heads if heads and its_width in {0, width} else None


def _rule(width: int, config: PairConfig) -> int:
    if config.family == "siglip":
        if width == config.text_width and config.text_heads:
            return config.text_heads
        if width in SIGLIP_16_HEADS:
            return 16
    return max(1, width // HEAD_WIDTH)
