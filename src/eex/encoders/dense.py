"""Features of every patch in the space of text: where in a picture a query fits.

The last block of a CLIP mixes patches so that the class token sums up the picture; its residual
path and its feed-forward carry what is noise to a single patch. ClearCLIP takes the output of its
attention alone, each patch attending to patches whose queries are like its own.

Source:
    ClearCLIP: M. Lan et al., "ClearCLIP: Decomposing CLIP Representations for Dense
    Vision-Language Inference", ECCV 2024, arXiv 2407.12442 (written from the paper).
    MaskCLIP: C. Zhou et al., "Extract Free Dense Labels from CLIP", ECCV 2022.
    SCLIP: F. Wang et al., "SCLIP: Rethinking Self-Attention for Dense Vision-Language Inference",
    ECCV 2024. SegEarth: K. Li et al., "SegEarth-OV", CVPR 2025.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812, the name that everybody knows
from torch import Tensor

from eex.encoders.vit import Attention, Block
from eex.errors import BadQueryError

Q, K, V = range(3)

ATTENDED: dict[str, tuple[tuple[int, int], ...]] = {
    "clearclip": ((Q, Q),),
    "sclip": ((Q, Q), (K, K)),
    "segearth": ((Q, Q), (K, K), (V, V)),
    "maskclip": (),
    "vanilla": ((Q, K),),
}
"""Pairs whose softmax weighs the values, added up; none: each patch sees itself only."""


def checked_way(how: str, known: tuple[str, ...]) -> str:
    """Return the way, or refuse one that is not known."""
    if how not in known:
        message = f"There is no way {how!r} to features of patches."
        raise BadQueryError(message, hint=f"Ways: {', '.join(known)}.")
    return how


def attended(attention: Attention, x: Tensor, how: str) -> Tensor:
    """Return tokens of the same shape, weighed as `how` says, heads joined and projected."""
    parts = attention.heads_of(x)
    values = parts[V]
    if pairs := ATTENDED[how]:
        each = [F.scaled_dot_product_attention(parts[a], parts[b], parts[V]) for a, b in pairs]
        values = sum(each[1:], each[0])
    return attention.joined(values)


def last_block(block: Block, x: Tensor, how: str, *, residual: bool = False) -> Tensor:
    """Return tokens after a last block of which the attention alone is taken.

    Args:
        block: The last one.
        x: Tokens as they enter it.
        how: One of `ATTENDED`.
        residual: Keep its residual path and feed-forward all the same.
    """
    y = block.ls1(attended(block.attn, block.norm1(x), how))
    if not residual:
        return y
    x = x + y
    return x + block.ls2(block.mlp(block.norm2(x)))
