"""Galileo's encoder for Sentinel-2 alone: groups of bands become tokens, tokens one vector.

Each group of bands gives one token for a patch and a time. A token knows its group, its place in
the series, its month and its place in the picture, a quarter of its channels each. Tokens of other
sensors are left out, as masked tokens are; nothing is learned for their absence.

Source:
    G. Tseng et al., "Galileo: Learning Global and Local Features in Pretrained Remote Sensing
    Models", ICML 2025; nasaharvest/galileo (MIT) for the layout of the files and what the paper
    leaves open: the exponents of the position in the picture, and the pseudo-inverse resizing of
    patches (L. Beyer et al., "FlexiViT: One Model for All Patch Sizes", CVPR 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from eex.encoders.vit import Block, BlockConfig, Blocks
from eex.errors import ShapeError

GROUPS: Mapping[str, tuple[int, ...]] = {
    "S2_RGB": (0, 1, 2),
    "S2_Red_Edge": (3, 4, 5),
    "S2_NIR_10m": (6,),
    "S2_NIR_20m": (7,),
    "S2_SWIR": (8, 9),
    "NDVI": (10,),
}
"""Channels of each group among B02 B03 B04 B05 B06 B07 B08 B8A B11 B12 and the vegetation index."""

CHANNEL_ROWS = ("S1", *GROUPS)
"""What the rows of the table of groups stand for."""

BANDS = 10
"""Channels without the vegetation index; with it there are eleven."""

MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class GalileoConfig(BlockConfig):
    """What an encoder of Galileo is like."""

    patch: int
    """Height and width of the largest patch, pixels; smaller ones are made from it."""
    times: int
    """Most rasters of one place."""


class PatchEmbedding(nn.Conv2d):
    """Patches of some bands to tokens."""

    def forward(self, pixels: Tensor, patch: int) -> Tensor:  # type: ignore[override]
        """Return tokens (n, width, down, across) of patches of that size."""
        return F.conv2d(pixels, resized_patch(self.weight, patch), self.bias, stride=patch)


class Galileo(nn.Module):
    """Rasters of one place at one time or more to one vector."""

    def __init__(self, config: GalileoConfig) -> None:
        super().__init__()
        self.config = config
        width, patch = config.width, config.patch
        self.space_time_embed = nn.ModuleDict(
            {
                name: PatchEmbedding(len(channels), width, patch, stride=patch)
                for name, channels in GROUPS.items()
            }
        )
        self.s_t_channel_embed = nn.Parameter(torch.empty(len(CHANNEL_ROWS), width // 4))
        self.pos_embed = nn.Parameter(torch.empty(config.times, width // 4))
        self.month_embed = nn.Embedding(MONTHS, width // 4)
        self.blocks = Blocks(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width, eps=config.eps)

    def forward(self, pixels: Tensor, months: Tensor, patch: int = 0) -> Tensor:
        """Return the mean of all tokens after the final norm, shape (n, width).

        Args:
            pixels: Shape (n, times, channels, height, width), normalised; 10 channels, or 11 with
                the vegetation index.
            months: Shape (n, times), 0 for January.
            patch: Height and width of a patch, pixels of 10 m; the largest for 0.

        Raises:
            ShapeError: If there are other channels, times or months, or less than a patch.
        """
        patch = patch or self.config.patch
        self._check(pixels, months, patch)
        n, times, channels = pixels.shape[:3]
        quarter = self.config.width // 4
        down, across = pixels.shape[3] // patch, pixels.shape[4] // patch
        place = _place(down, across, patch, quarter).to(pixels.device)
        when = self.month_embed(months)  # (n, times, quarter)
        order = self.pos_embed[:times]
        tokens = []
        for name, members in GROUPS.items():
            if members[-1] >= channels:
                continue
            x = self.space_time_embed[name](pixels[:, :, members].flatten(0, 1), patch)
            x = x.reshape(n, times, -1, down, across).permute(0, 1, 3, 4, 2)
            shape = (n, times, down, across, quarter)
            group = self.s_t_channel_embed[CHANNEL_ROWS.index(name)]
            known = (
                group.expand(shape),
                order[None, :, None, None].expand(shape),
                when[:, :, None, None].expand(shape),
                place.to(x.dtype).expand(shape),
            )
            tokens.append((x + torch.cat(known, dim=-1)).flatten(1, 3))
        x = torch.cat(tokens, dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x).mean(dim=1)

    def _check(self, pixels: Tensor, months: Tensor, patch: int) -> None:
        if pixels.ndim != 5 or pixels.shape[2] not in {BANDS, BANDS + 1}:  # noqa: PLR2004
            message = f"Expected (n, times, 10 or 11, height, width), got {tuple(pixels.shape)}."
            raise ShapeError(message, hint="Put times on the second axis and bands on the third.")
        if not 0 < pixels.shape[1] <= self.config.times or months.shape != pixels.shape[:2]:
            message = (
                f"Expected 1 to {self.config.times} times and a month for each, got "
                f"{pixels.shape[1]} and {tuple(months.shape)}."
            )
            raise ShapeError(message, hint="Give months of shape (n, times).")
        if months.numel() and (months.min() < 0 or months.max() >= MONTHS):
            message = "Months are 0 (January) to 11; others were given."
            raise ShapeError(message, hint="Subtract 1 from the month of a date.")
        if not 0 < patch <= min(pixels.shape[3:]):
            message = f"There is no patch of {patch} pixels in {tuple(pixels.shape[3:])}."
            raise ShapeError(message, hint="Give larger rasters, or a smaller patch.")


def resized_patch(kernel: Tensor, patch: int) -> Tensor:
    """Return a patch embedding for smaller patches, shape (width, channels, patch, patch).

    It gives on a picture of `patch` pixels what the kernel gives on that picture made larger, as
    nearly as can be (least squares): Beyer et al. 2023, equation 5.
    """
    old = kernel.shape[-1]
    if patch == old:
        return kernel
    basis = torch.eye(old * old, device=kernel.device).reshape(old * old, 1, old, old)
    small = F.interpolate(basis, (patch, patch), mode="bicubic", antialias=True)
    inverse = torch.linalg.pinv(small.flatten(1))  # (patch * patch, old * old)
    return (
        (kernel.flatten(2).float() @ inverse.T)
        .reshape(*kernel.shape[:2], patch, patch)
        .to(kernel.dtype)
    )


def _place(down: int, across: int, patch: int, size: int) -> Tensor:
    """Return places in the picture as sines and cosines, shape (down, across, size).

    Positions are multiples of a pixel of 10 m, so a larger patch makes larger steps. The first half
    is the column. Exponents run to 1/4 only, as in the code the weights were trained with.
    """
    half = size // 2
    exponents = torch.arange(half // 2) / half / 2.0
    rates = 1.0 / 10000**exponents
    rows, columns = torch.arange(down) * float(patch), torch.arange(across) * float(patch)

    def waves(positions: Tensor) -> Tensor:
        angles = positions[:, None] * rates
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    by_column = waves(columns)[None].expand(down, across, half)
    by_row = waves(rows)[:, None].expand(down, across, half)
    return torch.cat([by_column, by_row], dim=2)
