"""One pre-norm transformer for every family, and the towers made of it.

The block is the one of Dosovitskiy et al. 2021 and Radford et al. 2021: x + attention(norm(x)),
then x + mlp(norm(x)), with a factor for each channel where a family has one (LayerScale). Families
differ in how patches enter, which activation is used and how tokens become one vector; those are
settings here. Names of parameters are timm's; `layouts.py` translates the others to them.

Tokens have the shape (batch, tokens, width), pictures (batch, bands, height, width).

Source:
    A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021.
    H. Touvron et al., "Going deeper with Image Transformers", ICCV 2021 (LayerScale).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F  # noqa: N812, the name that everybody knows
from torch import Tensor, nn

from eex.errors import DamagedWeightsError, ShapeError

if TYPE_CHECKING:
    from pathlib import Path

Activation = Literal["gelu", "gelu_tanh", "quick_gelu"]
"""Exact GELU, its tanh approximation, or x * sigmoid(1.702 x) as in OpenAI's CLIP."""


def _quick_gelu(x: Tensor) -> Tensor:
    return (1.702 * x).sigmoid_().mul_(x)  # one array, not three


def _gelu_tanh(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_tanh": _gelu_tanh,
    "quick_gelu": _quick_gelu,
}


@dataclass(frozen=True, kw_only=True)
class BlockConfig:
    """What one block, and a stack of them, is like."""

    width: int
    """Length of a token's vector."""
    heads: int
    """Attention heads; the width is a multiple of them."""
    hidden: int
    """Width inside the MLP."""
    depth: int
    """Number of blocks."""
    activation: Activation = "gelu"
    """Between the layers of the MLP."""
    eps: float = 1e-5
    """Added to the variance in layer norms."""
    layer_scale: bool = False
    """Whether each branch has a factor for each channel."""


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def heads_of(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each of shape (batch, heads, tokens, width / heads)."""
        batch, tokens, width = x.shape
        split = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        return q, k, v

    def joined(self, x: Tensor) -> Tensor:
        """Put heads side by side again and project."""
        batch, _, tokens, _ = x.shape
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, -1))

    def forward(self, x: Tensor, *, causal: bool = False) -> Tensor:
        """Return tokens of the same shape; `causal` hides later tokens from earlier ones."""
        q, k, v = self.heads_of(x)
        return self.joined(F.scaled_dot_product_attention(q, k, v, is_causal=causal))

    def at(self, x: Tensor, rows: Tensor, *, causal: bool = False) -> Tensor:
        """Return what `forward` gives for one token of each batch entry, (batch, 1, width)."""
        batch, tokens, width = x.shape
        weight, bias = self.qkv.weight, self.qkv.bias
        one = x[torch.arange(batch, device=x.device), rows]
        q = F.linear(one, weight[:width], bias[:width])
        q = q.reshape(batch, 1, self.heads, width // self.heads).transpose(1, 2)
        kv = F.linear(x, weight[width:], bias[width:])
        kv = kv.reshape(batch, tokens, 2, self.heads, width // self.heads)
        k, v = kv.permute(2, 0, 3, 1, 4)
        seen = None
        if causal:
            seen = torch.arange(tokens, device=x.device) <= rows[:, None]
            seen = seen[:, None, None]
        return self.joined(F.scaled_dot_product_attention(q, k, v, attn_mask=seen))


class Mlp(nn.Module):
    """Two layers with an activation between them."""

    def __init__(self, width: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.act = ACTIVATIONS[activation]

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        return self.fc2(self.act(self.fc1(x)))


class Scale(nn.Module):
    """A factor for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        return x * self.gamma


class Block(nn.Module):
    """Attention and MLP, each beside a residual path."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.eps)
        self.attn = Attention(config.width, config.heads)
        self.norm2 = nn.LayerNorm(config.width, eps=config.eps)
        self.mlp = Mlp(config.width, config.hidden, config.activation)
        self.ls1 = Scale(config.width) if config.layer_scale else nn.Identity()
        self.ls2 = Scale(config.width) if config.layer_scale else nn.Identity()

    def forward(self, x: Tensor, *, causal: bool = False) -> Tensor:
        """Return tokens of the same shape; `causal` hides later tokens from earlier ones."""
        x = x + self.ls1(self.attn(self.norm1(x), causal=causal))
        return x + self.ls2(self.mlp(self.norm2(x)))

    def at(self, x: Tensor, rows: Tensor, *, causal: bool = False) -> Tensor:
        """Return what `forward` gives for one token of each batch entry, (batch, width).

        The last block of a network that is read at one token needs no more: a twentieth to a tenth
        of the whole work is saved.
        """
        one = x[torch.arange(len(x), device=x.device), rows][:, None]
        one = one + self.ls1(self.attn.at(self.norm1(x), rows, causal=causal))
        return (one + self.ls2(self.mlp(self.norm2(one))))[:, 0]


class Blocks(nn.ModuleList):
    """Blocks in a row; a list that knows what is in it."""

    def __iter__(self) -> Iterator[Block]:
        return super().__iter__()  # type: ignore[return-value]

    def last(self) -> Block:
        """Return the last one."""
        return self[len(self) - 1]  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True)
class VisionConfig(BlockConfig):
    """What a picture tower is like."""

    patch: int
    """Height and width of a patch, pixels."""
    grid: tuple[int, int]
    """Patches down and across for which positions were learned."""
    bands: int = 3
    """Channels of a picture."""
    class_token: bool = True
    """Whether a learned token stands before the patches."""
    patch_bias: bool = True
    """Whether the patch embedding has a bias."""
    norm_pre: bool = False
    """Whether a layer norm stands before the blocks (CLIP)."""
    resize: Literal["none", "size", "factor"] = "size"
    """Whether positions may be resized, and by which rule (`resized_positions`)."""


class Vision(nn.Module):
    """Pictures to tokens after the final norm; families pool them."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        down, across = config.grid
        size = (config.patch, config.patch)
        self.patch_embed = nn.Conv2d(
            config.bands, config.width, size, stride=size, bias=config.patch_bias
        )
        count = down * across + config.class_token
        self.cls_token = (
            nn.Parameter(torch.empty(1, 1, config.width)) if config.class_token else None
        )
        self.pos_embed = nn.Parameter(torch.empty(1, count, config.width))
        self.norm_pre = (
            nn.LayerNorm(config.width, eps=config.eps) if config.norm_pre else nn.Identity()
        )
        self.blocks = Blocks(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=config.eps)

    def grid_of(self, pixels: Tensor) -> tuple[int, int]:
        """Return patches down and across a picture; pixels over a whole patch are not seen."""
        return pixels.shape[2] // self.config.patch, pixels.shape[3] // self.config.patch

    def embed(self, pixels: Tensor) -> Tensor:
        """Return tokens as they enter the blocks, the class token first.

        Raises:
            ShapeError: If the pictures have other bands or another size than the model takes.
        """
        config = self.config
        if pixels.ndim != 4 or pixels.shape[1] != config.bands:  # noqa: PLR2004
            message = f"Expected (n, {config.bands}, height, width), got {tuple(pixels.shape)}."
            raise ShapeError(message, hint="Put the bands on the second axis.")
        if not pixels.is_floating_point():
            message = f"Expected pixels centred and scaled, as floats, got {pixels.dtype}."
            raise ShapeError(message, hint="Use `preprocess`, or encode the pictures themselves.")
        grid = self.grid_of(pixels)
        if min(grid) < 1 or (config.resize == "none" and grid != config.grid):
            down, across = (n * config.patch for n in config.grid)
            message = f"Expected pictures of {down} x {across} pixels, got {tuple(pixels.shape)}."
            raise ShapeError(message, hint="Resize them first.")
        x = self.patch_embed(pixels).flatten(2).transpose(1, 2)
        if self.cls_token is not None:
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        positions = resized_positions(
            self.pos_embed, config.grid, grid, special=int(config.class_token), rule=config.resize
        )
        return self.norm_pre(x + positions)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return tokens after the last block and the final norm, the class token first."""
        x = self.embed(pixels)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def class_of(self, pixels: Tensor) -> Tensor:
        """Return the first token of `forward`, shape (n, width), with less work."""
        x = self.before_last(pixels)
        first = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return self.norm(self.blocks.last().at(x, first))

    def before_last(self, pixels: Tensor) -> Tensor:
        """Return tokens as they enter the last block."""
        x = self.embed(pixels)
        for block in list(self.blocks)[:-1]:
            x = block(x)
        return x


def resized_positions(
    positions: Tensor,
    old: tuple[int, int],
    new: tuple[int, int],
    *,
    special: int = 0,
    rule: str = "size",
) -> Tensor:
    """Return position embeddings for another grid, bicubic, special tokens as they are.

    Args:
        positions: Shape (1, special + old patches, width).
        old: Patches down and across that they were learned for.
        new: Patches down and across that are wanted.
        special: Tokens before the patches.
        rule: "size" asks the interpolation for the new size (DINOv2 as in transformers); "factor"
            for the scale (new + 0.1) / old, which samples slightly elsewhere (DINO, ClearCLIP).
    """
    if old == new:
        return positions
    kept, patches = positions[:, :special], positions[:, special:]
    square = patches.reshape(1, *old, -1).permute(0, 3, 1, 2)
    if rule == "factor":
        factors = ((new[0] + 0.1) / old[0], (new[1] + 0.1) / old[1])
        square = F.interpolate(square, scale_factor=factors, mode="bicubic", align_corners=False)
    else:
        square = F.interpolate(square, size=new, mode="bicubic", align_corners=False)
    return torch.cat([kept, square.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


@dataclass(frozen=True, kw_only=True)
class TextConfig(BlockConfig):
    """What a text tower is like."""

    vocabulary: int
    """Number of tokens that there are."""
    context: int
    """Most tokens of a text."""
    causal: bool
    """Whether a token sees only those before it."""


class TextTower(nn.Module):
    """Token ids to tokens after the final norm; families pool them."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embed = nn.Embedding(config.vocabulary, config.width)
        self.pos_embed = nn.Parameter(torch.empty(config.context, config.width))
        self.blocks = Blocks(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=config.eps)

    def forward(self, ids: Tensor) -> Tensor:
        """Return tokens after the last block and the final norm for ids of shape (n, length).

        Raises:
            ShapeError: If there are more ids than the model takes, or ids that it does not know.
        """
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, causal=self.config.causal)
        return self.norm(x)

    def at(self, ids: Tensor, rows: Tensor) -> Tensor:
        """Return one token of `forward` for each text, shape (n, width), with less work.

        Where tokens see only those before them, what follows the last wanted token is not computed.
        """
        causal = self.config.causal
        if causal and len(ids):
            ids = ids[:, : int(rows.max()) + 1]
        x = self.embed(ids)
        for block in list(self.blocks)[:-1]:
            x = block(x, causal=causal)
        return self.norm(self.blocks.last().at(x, rows, causal=causal))

    def embed(self, ids: Tensor) -> Tensor:
        """Return tokens as they enter the blocks."""
        if ids.ndim != 2 or not 0 < ids.shape[1] <= self.config.context:  # noqa: PLR2004
            message = f"Expected (n, {self.config.context}) token ids, got {tuple(ids.shape)}."
            raise ShapeError(message, hint="Cut or pad the texts.")
        if len(ids) and (ids.min() < 0 or ids.max() >= self.config.vocabulary):
            message = f"Token ids are 0 to {self.config.vocabulary - 1}; others were given."
            raise ShapeError(message, hint="Use the tokenizer of this model.")
        return self.token_embed(ids) + self.pos_embed[: ids.shape[1]]


def filled(module: nn.Module, tensors: Mapping[str, Tensor], *, path: Path, model: str) -> None:
    """Put every tensor into the module, none missing and none left over.

    The module is made on the `meta` device and takes the tensors as they are, so that a file mapped
    into memory is not copied.

    Raises:
        DamagedWeightsError: If names, shapes or kinds of numbers do not fit.
    """
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in tensors.items()}
    missing = sorted(wanted.keys() - given.keys())
    extra = sorted(given.keys() - wanted.keys())
    other = sorted(name for name in wanted.keys() & given.keys() if wanted[name] != given[name])
    if missing or extra or other:
        told = []
        if missing:
            told.append(f"{len(missing)} tensors are missing (such as {missing[0]})")
        if extra:
            told.append(f"{len(extra)} are not known (such as {extra[0]})")
        if other:
            name = other[0]
            told.append(
                f"{len(other)} have another shape "
                f"(such as {name}: {given[name]}, not {wanted[name]})"
            )
        message = f"{path} does not hold weights of {model}: {', '.join(told)}."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    floats = [name for name, _ in module.named_parameters()]
    if odd := [name for name in floats if not tensors[name].is_floating_point()]:
        kind = str(tensors[odd[0]].dtype).removeprefix("torch.")
        message = f"{path} holds {kind} numbers, such as {odd[0]}, where weights are fractions."
        raise DamagedWeightsError(message, hint="Give weights that are not quantised.")
    module.load_state_dict(dict(tensors), strict=True, assign=True)
    module.requires_grad_(requires_grad=False)
    module.eval()
