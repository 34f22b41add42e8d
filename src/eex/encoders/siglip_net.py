"""SigLIP as a network: patches are pooled by one learned query, texts read at their last token.

Source:
    X. Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023. The pooling is that
    of X. Zhai et al., "Scaling Vision Transformers", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812, the name that everybody knows
from torch import Tensor, nn

from eex.encoders.clip_net import Sizes, sizes_of, whole_picture
from eex.encoders.dense import ATTENDED, checked_way, last_block
from eex.encoders.vit import Mlp, TextTower, Vision, VisionConfig, filled

if TYPE_CHECKING:
    from pathlib import Path

    from eex.encoders.pair_config import PairConfig

OWN_WAY = "value"
"""Each patch pooled as though it were the only one."""


class AttentionPool(nn.Module):
    """One learned query attends to all tokens; an MLP beside a residual path follows."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.latent = nn.Parameter(torch.empty(1, 1, width))
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=config.eps)
        self.mlp = Mlp(width, config.hidden, config.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width) for tokens (batch, tokens, width)."""
        batch, tokens, width = x.shape
        each = width // self.heads
        q = self.q(self.latent).reshape(1, 1, self.heads, each).transpose(1, 2)
        kv = self.kv(x).reshape(batch, tokens, 2, self.heads, each)
        k, v = kv.permute(2, 0, 3, 1, 4)
        pooled = F.scaled_dot_product_attention(q.expand(batch, -1, -1, -1), k, v)
        return self._after(pooled.transpose(1, 2).reshape(batch, width))

    def alone(self, x: Tensor) -> Tensor:
        """Return for every token what `forward` would give if it were the only one.

        The softmax over one token is 1, so queries and keys drop out and the values remain.
        """
        width = x.shape[-1]
        return self._after(F.linear(x, self.kv.weight[width:], self.kv.bias[width:]))

    def _after(self, values: Tensor) -> Tensor:
        y = self.proj(values)
        return y + self.mlp(self.norm(y))


class SiglipNet(nn.Module):
    """Pictures and token ids to vectors of one space, not normalised."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.visual = Vision(sizes.vision)
        self.pool = AttentionPool(sizes.vision)
        self.text = TextTower(sizes.text)
        self.text_proj = nn.Linear(sizes.text.width, sizes.dim)

    @property
    def ways(self) -> tuple[str, ...]:
        """Ways to features of patches, the default first."""
        return (OWN_WAY, *ATTENDED)

    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """Return (n, dim) for pictures (n, 3, height, width) of the size that it was made for.

        Raises:
            ShapeError: If they have another size.
        """
        whole_picture(self.visual, pixels)
        return self.pool(self.visual(pixels))

    def encode_ids(self, ids: Tensor) -> Tensor:
        """Return (n, dim) for token ids (n, context), read at the last position.

        Raises:
            ShapeError: If there are more ids than it takes, or ids that it does not know.
        """
        last = torch.full((len(ids),), ids.shape[1] - 1, device=ids.device)
        return self.text_proj(self.text.at(ids, last))

    def dense(self, pixels: Tensor, how: str = OWN_WAY, *, residual: bool = False) -> Tensor:
        """Return (n, down, across, dim): a vector for each patch, not normalised.

        There is no published recipe for this pooling in a SigLIP; this is ours. The blocks stay as
        they were trained, and every patch goes alone through the pooling: value, projection and
        the residual MLP, which is part of the way into the space of text. It is what MaskCLIP does
        with the attention pooling of a CLIP ResNet (Zhou et al. 2022), and consistent: the vector
        of a picture whose patches are all alike is the vector of each of them. SigLIP's pooling has
        no residual path to leave out, and its query is no patch, so ClearCLIP's changes would have
        to go one block deeper; the other ways do that, and can be compared.

        Args:
            pixels: Any height and width of at least one patch.
            how: "value", or one of `dense.ATTENDED` in the last block before the pooling.
            residual: With those, keep the last block's residual path and feed-forward.
        """
        checked_way(how, self.ways)
        if how == OWN_WAY:
            tokens = self.visual(pixels)
        else:
            x = self.visual.before_last(pixels)
            tokens = self.visual.norm(
                last_block(self.visual.blocks.last(), x, how, residual=residual)
            )
        return self.pool.alone(tokens).reshape(len(pixels), *self.visual.grid_of(pixels), -1)


def siglip_network(
    tensors: Mapping[str, Tensor], config: PairConfig, *, path: Path, model: str
) -> SiglipNet:
    """Return a network filled with tensors under our names (`layouts.translated`).

    Raises:
        DamagedWeightsError: If one is missing, left over or of another shape.
    """
    with torch.device("meta"):
        network = SiglipNet(sizes_of(tensors, config, path=path, model=model))
    filled(network, tensors, path=path, model=model)
    return network
