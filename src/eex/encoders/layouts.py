"""Names of tensors in public files of CLIP and SigLIP become ours.

Three layouts are read: open_clip's (`visual.transformer.resblocks…`, OpenAI's too), timm's inside
open_clip (`visual.trunk…`), and that of Hugging Face transformers (`vision_model.encoder…`, with
queries, keys and values apart). What comes out has the names of `vit.py`, `clip_net.py` and
`siglip_net.py`. A name that no rule knows stays as it is, so that `vit.filled` tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eex.errors import DamagedWeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

LONG_TEXT_KEPT = 20
"""Positions of CLIP that LongCLIP keeps; those after have embeddings of their own."""

WRAPPED = ("module.", "_orig_mod.", "model.module.")
"""What trainers put before every name."""

IGNORED = re.compile(
    r"(text\.|visual\.)?attn_mask|(text_model|vision_model)\.embeddings\.position_ids"
    r"|input_resolution|context_length|vocab_size"
)
"""Constants that follow from the sizes; files of several versions hold them."""

VALUES = ("logit_scale", "logit_bias")
"""Numbers beside the towers: what a cosine is multiplied with (its logarithm), and added."""

Rules = tuple[tuple[str, str], ...]

_RESBLOCK: Rules = (
    (r"\.ln_([12])\.", r".norm\1."),
    (r"\.attn\.in_proj_(weight|bias)$", r".attn.qkv.\1"),
    (r"\.attn\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
    (r"\.ls_([12])\.", r".ls\1."),
)

OPEN_CLIP: Rules = (
    (r"^visual\.trunk\.attn_pool\.", "pool."),
    (r"^visual\.trunk\.patch_embed\.proj\.", "visual.patch_embed."),
    (r"^visual\.trunk\.", "visual."),
    (r"^visual\.class_embedding$", "visual.cls_token"),
    (r"^visual\.positional_embedding$", "visual.pos_embed"),
    (r"^visual\.proj$", "visual_proj.weight"),
    (r"^visual\.conv1\.", "visual.patch_embed."),
    (r"^visual\.ln_pre\.", "visual.norm_pre."),
    (r"^visual\.ln_post\.", "visual.norm."),
    (r"^visual\.transformer\.resblocks\.", "visual.blocks."),
    (r"^(text\.)?transformer\.resblocks\.", "text.blocks."),
    (r"^(text\.)?token_embedding\.", "text.token_embed."),
    (r"^(text\.)?positional_embedding$", "text.pos_embed"),
    (r"^(text\.)?ln_final\.", "text.norm."),
    (r"^(text\.)?text_projection$", "text_proj.weight"),
    (r"^text\.text_projection\.", "text_proj."),
    *_RESBLOCK,
)

HUGGING_FACE: Rules = (
    (r"^vision_model\.encoder\.layers\.", "visual.blocks."),
    (r"^vision_model\.embeddings\.class_embedding$", "visual.cls_token"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.patch_embed."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.pos_embed"),
    (r"^vision_model\.pre_layrnorm\.", "visual.norm_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.norm."),
    (r"^vision_model\.head\.probe$", "pool.latent"),
    (r"^vision_model\.head\.attention\.out_proj\.", "pool.proj."),
    (r"^vision_model\.head\.layernorm\.", "pool.norm."),
    (r"^vision_model\.head\.mlp\.", "pool.mlp."),
    (r"^visual_projection\.", "visual_proj."),
    (r"^text_model\.encoder\.layers\.", "text.blocks."),
    (r"^text_model\.embeddings\.token_embedding\.", "text.token_embed."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "text.pos_embed"),
    (r"^text_model\.final_layer_norm\.", "text.norm."),
    (r"^text_model\.head\.", "text_proj."),
    (r"^text_projection\.", "text_proj."),
    (r"\.layer_norm([12])\.", r".norm\1."),
    (r"\.self_attn\.out_proj\.", ".attn.proj."),
    (r"\.self_attn\.([qkv])_proj\.", r".attn.\1."),
)

TURNED = ("visual.proj", "text_projection", "text.text_projection")
"""Matrices that open_clip keeps as (inputs, outputs)."""

HALLMARKS = {
    "embeddings.patch_embeddings.projection.weight": "DINOv2 (dinov2-large)",
    "model.visual.patch_embed.proj.weight": "SatCLIP (satclip-vit16-l40)",
    "model.encoder.patch_embedding.weight_generator.weight_tokens": "Clay (clay-v1.5)",
    "visual.layer1.0.conv1.weight": "a CLIP with a ResNet, which is not supported",
    "text.transformer.embeddings.word_embeddings.weight": "a CLIP with another text tower,"
    " which is not supported",
    "text_decoder.token_embedding.weight": "a CoCa, which is not supported",
}
"""A tensor of other models, and what they are."""


@dataclass(frozen=True)
class Translated:
    """Tensors under our names."""

    tensors: dict[str, Tensor]
    """What `vit.filled` takes."""
    values: dict[str, float]
    """`VALUES` that the file holds."""


def translated(tensors: Mapping[str, Tensor], *, path: Path, model: str) -> Translated:
    """Return the tensors of a CLIP or SigLIP under our names.

    Args:
        tensors: As the file has them.
        path: The file, for errors.
        model: What it should be, for errors.

    Raises:
        DamagedWeightsError: If they are those of neither.
    """
    plain = {unwrapped(name): value for name, value in tensors.items()}
    theirs = any(name.startswith(("vision_model.", "text_model.")) for name in plain)
    if other := [what for name, what in HALLMARKS.items() if name in {*plain, *tensors}]:
        message = f"{path} does not hold weights of {model}, but of {other[0]}."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    if not theirs and not any(name.startswith("visual.") for name in plain):
        some = next(iter(tensors), "nothing at all")
        message = f"{path} does not hold weights of {model}: no picture tower (it has {some})."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    values = {name: float(plain.pop(name).flatten()[0]) for name in VALUES if name in plain}
    plain = {name: value for name, value in plain.items() if not IGNORED.fullmatch(name)}
    if theirs:
        return Translated(_shaped(joined(renamed(plain, HUGGING_FACE))), values)
    plain = {name: value.T if name in TURNED else value for name, value in plain.items()}
    return Translated(_shaped(renamed(_long_text(plain), OPEN_CLIP)), values)


def unwrapped(name: str) -> str:
    """Return the name without what trainers put before it."""
    for prefix in WRAPPED:
        if name.startswith(prefix):
            return unwrapped(name.removeprefix(prefix))
    return name


def renamed(tensors: Mapping[str, Tensor], rules: Rules) -> dict[str, Tensor]:
    """Return tensors under the names that all rules, one after another, make of theirs."""
    patterns = [(re.compile(pattern), new) for pattern, new in rules]
    made = {}
    for name, tensor in tensors.items():
        ours = name
        for pattern, new in patterns:
            ours = pattern.sub(new, ours)
        made[name if ours in made else ours] = tensor
    return made


def joined(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Put queries, keys and values into one matrix; take those of the pooling apart.

    It takes them out of `tensors`, so that nothing is in memory twice for longer than a block.
    """
    import torch

    for name in [name for name in tensors if ".attn.q." in name]:
        parts = [name.replace(".attn.q.", f".attn.{part}.") for part in "qkv"]
        if all(part in tensors for part in parts):
            whole = torch.cat([tensors.pop(part) for part in parts])
            tensors[name.replace(".attn.q.", ".attn.qkv.")] = whole
    for kind in ("weight", "bias"):
        whole_name = f"vision_model.head.attention.in_proj_{kind}"
        if whole_name in tensors:
            whole = tensors.pop(whole_name)
            third = len(whole) // 3
            tensors[f"pool.q.{kind}"], tensors[f"pool.kv.{kind}"] = whole[:third], whole[third:]
    return tensors


def _long_text(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Merge LongCLIP's two tables of positions: CLIP's first 20, and stretched ones after."""
    name = next((n for n in tensors if n.endswith("positional_embedding_res")), None)
    if name is None:
        return tensors
    import torch

    prefix = name.removesuffix("positional_embedding_res")
    later = tensors.pop(name)
    first = tensors.get(f"{prefix}positional_embedding")
    masks = [tensors.pop(f"{prefix}mask{number}", None) for number in (1, 2)]
    if first is None or first.shape != later.shape:
        return {**tensors, name: later}
    if masks[0] is not None and masks[1] is not None:
        whole = first * masks[0] + later * masks[1]
    else:
        whole = torch.cat([first[:LONG_TEXT_KEPT], later[LONG_TEXT_KEPT:]])
    return {**tensors, f"{prefix}positional_embedding": whole}


def _shaped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give tokens and positions of pictures their batch axis."""
    for name, axes in (("visual.cls_token", 1), ("visual.pos_embed", 2)):
        if name in tensors and tensors[name].ndim == axes:
            tensors[name] = tensors[name].reshape((1,) * (3 - axes) + tuple(tensors[name].shape))
    return tensors
