"""Clay's encoder: any bands, told apart by their wavelengths, to one vector.

The patch embedding is made when it is needed: a small transformer turns the wavelengths into the
weights of a convolution. Places in the picture are sines and cosines scaled by the size of a pixel;
eight channels of each patch say when and where it was taken.

Source:
    Clay Foundation Model v1.5, https://clay-foundation.github.io/model (Apache-2.0).
    Z. Xiong et al., "Neural Plasticity-Inspired Multimodal Foundation Model for Earth Observation",
    2024 (DOFA), for the patch embedding from wavelengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from eex.encoders.vit import Block, BlockConfig, Blocks
from eex.errors import ShapeError

WAVE_HEADS = 4
"""Attention heads of the transformer that reads wavelengths."""

KERNEL_SCALE = 0.02
"""Factor on the weights that it makes."""

KNOWN = 8
"""Channels of a patch that say when (4) and where (4) it was taken."""

TEMPERATURE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class ClayConfig(BlockConfig):
    """What an encoder of Clay is like."""

    patch: int
    """Height and width of a patch, pixels."""
    wave_dim: int
    """Width of the transformer that reads wavelengths."""
    wave_hidden: int
    """Width inside its MLP."""
    latents: int
    """Learned tokens that it reads beside the wavelengths."""


class Waves(nn.Module):
    """Wavelengths to the weights and the bias of a convolution."""

    def __init__(self, config: ClayConfig) -> None:
        super().__init__()
        width = config.wave_dim
        self.weight_tokens = nn.Parameter(torch.empty(config.latents, width))
        self.bias_token = nn.Parameter(torch.empty(1, width))
        layer = nn.TransformerEncoderLayer(
            width, WAVE_HEADS, config.wave_hidden, dropout=0, activation="gelu", batch_first=True
        )
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList([layer])})
        self.fc_weight = nn.Linear(width, config.patch**2 * config.width)
        self.fc_bias = nn.Linear(width, config.width)

    def forward(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return one row of weights for each wavelength, and one bias."""
        x = torch.cat([self.weight_tokens, waves, self.bias_token])
        out = self.encoder["layers"][0](x[None])[0]  # type: ignore[index]
        own = slice(len(self.weight_tokens), -1)
        return self.fc_weight(out[own] + x[own]), self.fc_bias(out[-1])


class Mixed(nn.Module):
    """Two layers beside a residual path."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.l1 = nn.Linear(width, width)
        self.l2 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return rows of the same shape."""
        return x + F.gelu(self.l2(F.gelu(self.l1(x))))


class PatchEmbedding(nn.Module):
    """Patches of any bands to tokens."""

    def __init__(self, config: ClayConfig) -> None:
        super().__init__()
        self.config = config
        self.weight_generator = Waves(config)
        self.fclayer = Mixed(config.wave_dim)

    def forward(self, pixels: Tensor, waves: Tensor) -> Tensor:
        """Return tokens (n, down, across, width) of pixels whose bands have these wavelengths."""
        config = self.config
        half = config.wave_dim // 2
        rates = TEMPERATURE ** (-torch.arange(half, device=waves.device) / (half - 1))
        angles = waves.float()[:, None] * rates
        known = torch.cat([angles.sin(), angles.cos()], dim=1).to(pixels.dtype)
        weights, bias = self.weight_generator(self.fclayer(known))
        size = (config.width, config.patch, config.patch)
        kernel = weights.reshape(len(waves), *size).transpose(0, 1) * KERNEL_SCALE
        return F.conv2d(pixels, kernel, bias, stride=config.patch).permute(0, 2, 3, 1)


class Clay(nn.Module):
    """Rasters to the class token after the final norm."""

    def __init__(self, config: ClayConfig) -> None:
        super().__init__()
        self.config = config
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.width))
        self.patch_embedding = PatchEmbedding(config)
        self.blocks = Blocks(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=config.eps)

    def forward(self, pixels: Tensor, known: Tensor, waves: Tensor, gsd: float) -> Tensor:
        """Return one vector for each raster, shape (n, width).

        Args:
            pixels: Shape (n, bands, height, width), normalised.
            known: Shape (n, 8), sines and cosines of when and where; zeros where not known.
            waves: Wavelength of each band, micrometres.
            gsd: Size of a pixel, metres.

        Raises:
            ShapeError: If shapes do not fit, or a raster is smaller than a patch.
        """
        patch = self.config.patch
        if pixels.ndim != 4 or pixels.shape[1] != len(waves):  # noqa: PLR2004
            message = f"Expected (n, {len(waves)}, height, width), got {tuple(pixels.shape)}."
            raise ShapeError(message, hint="Put the bands on the second axis.")
        if min(pixels.shape[2:]) < patch or known.shape != (len(pixels), KNOWN):
            message = f"Got rasters {tuple(pixels.shape)} and when and where {tuple(known.shape)}."
            raise ShapeError(message, hint=f"Give {patch} pixels or more, and (n, 4) for each.")
        x = self.patch_embedding(pixels, waves)
        down, across = x.shape[1:3]
        place = positions(down, across, self.config.width - KNOWN, gsd).to(x)
        x = x.flatten(1, 2)
        known = known[:, None].expand(-1, down * across, -1)
        x = x + torch.cat([place.expand(len(x), -1, -1), known], dim=2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        for block in list(self.blocks)[:-1]:
            x = block(x)
        first = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return self.norm(self.blocks.last().at(x, first))


def positions(down: int, across: int, size: int, gsd: float) -> Tensor:
    """Return places in a picture as sines and cosines, shape (1, down * across, size).

    Rates differ very little, from `gsd` to `gsd` / 10 000 ** (2 / size): the exponent is divided by
    the size twice in the code that the weights were trained with.
    """
    rates = torch.arange(size // 4) / (size // 4 - 1)
    rates = 1.0 / (TEMPERATURE ** (2 * rates / size)) * gsd
    x = (torch.arange(across)[:, None] * rates)[None].expand(down, -1, -1)
    y = (torch.arange(down)[:, None] * rates)[:, None].expand(-1, across, -1)
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=2).reshape(1, down * across, size)
