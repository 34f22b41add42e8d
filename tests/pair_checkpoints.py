"""Small random CLIPs and SigLIPs in the layouts of public files, made from seeds.

`transformers` makes them and is what ours is compared with; `as_open_clip` writes the same tensors
under open_clip's names, so that both layouts are tried with one oracle.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared_data import ruled

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Tensors = dict[str, Any]


def tiny_clip(act: str = "quick_gelu", *, vocabulary: int = 49408, context: int = 77) -> Any:
    """Return a CLIP of transformers: 32 pixels, patch 8, widths 128 and 64, vectors of 24."""
    torch.manual_seed(5)
    vision = {
        "hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 3,
        "num_attention_heads": 2, "image_size": 32, "patch_size": 8, "hidden_act": act,
    }  # fmt: skip
    text = {
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 1, "vocab_size": vocabulary, "hidden_act": act,
        "max_position_embeddings": context, "eos_token_id": 2,
    }  # fmt: skip
    config = transformers.CLIPConfig(vision_config=vision, text_config=text, projection_dim=24)
    return livened(transformers.CLIPModel(config))


def tiny_siglip(act: str = "gelu", *, vocabulary: int = 300, image_size: int = 46) -> Any:
    """Return a SigLIP of transformers: 46 pixels, patch 14 (4 pixels are over), vectors of 96."""
    torch.manual_seed(6)
    both = {
        "hidden_size": 96, "intermediate_size": 130, "num_hidden_layers": 2,
        "num_attention_heads": 3, "hidden_act": act,
    }  # fmt: skip
    config = transformers.SiglipConfig(
        vision_config=both | {"image_size": image_size, "patch_size": 14},
        text_config=both
        | {"vocab_size": vocabulary, "max_position_embeddings": 64, "projection_size": 96},
    )
    return livened(transformers.SiglipModel(config))


def livened(model: Any) -> Any:
    """Make every tensor matter: fresh models have zero biases and tiny embeddings."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim < 2:
                noise = torch.randn(value.shape, generator=generator)
                value.add_(noise, alpha=0.1)
            elif "embedding" in name:
                value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    return model.eval()


def as_open_clip(model: Any) -> Tensors:
    """Return the tensors of a model of transformers under open_clip's names (timm's in SigLIP)."""
    theirs = {name: value.detach().clone() for name, value in model.state_dict().items()}
    made: Tensors = {}
    siglip = "logit_bias" in theirs
    for name, value in theirs.items():
        if name.endswith("position_ids"):
            continue
        tower = name.partition(".")[0]
        if ".layers." in name:
            _put_block(made, theirs, name, timm=siglip and tower == "vision_model", siglip=siglip)
        else:
            made.update(_siglip(name, value) if siglip else _clip(name, value))
    return made


def _put_block(made: Tensors, theirs: Tensors, name: str, *, timm: bool, siglip: bool) -> None:
    tower, _, rest = name.partition(".encoder.layers.")
    number, _, rest = rest.partition(".")
    kind = rest.rpartition(".")[2]
    if timm:
        prefix = f"visual.trunk.blocks.{number}."
    elif tower == "vision_model":
        prefix = f"visual.transformer.resblocks.{number}."
    else:
        prefix = f"{'text.' if siglip else ''}transformer.resblocks.{number}."
    if ".k_proj" in rest or ".v_proj" in rest:
        return
    if ".q_proj" in rest:
        names = [name.replace(".q_proj.", f".{part}_proj.") for part in "qkv"]
        joined = torch.cat([theirs[each] for each in names])
        made[prefix + (f"attn.qkv.{kind}" if timm else f"attn.in_proj_{kind}")] = joined
        return
    ours = {
        "layer_norm1": ("ln_1", "norm1"),
        "layer_norm2": ("ln_2", "norm2"),
        "self_attn.out_proj": ("attn.out_proj", "attn.proj"),
        "mlp.fc1": ("mlp.c_fc", "mlp.fc1"),
        "mlp.fc2": ("mlp.c_proj", "mlp.fc2"),
    }[rest.rpartition(".")[0]][timm]
    made[f"{prefix}{ours}.{kind}"] = theirs[name]


def _clip(name: str, value: Any) -> Tensors:
    kind = name.rpartition(".")[2]
    known = {
        "logit_scale": "logit_scale",
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        f"text_model.final_layer_norm.{kind}": f"ln_final.{kind}",
        "text_projection.weight": "text_projection",
        "vision_model.embeddings.class_embedding": "visual.class_embedding",
        "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
        "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
        f"vision_model.pre_layrnorm.{kind}": f"visual.ln_pre.{kind}",
        f"vision_model.post_layernorm.{kind}": f"visual.ln_post.{kind}",
        "visual_projection.weight": "visual.proj",
    }
    turned = name in {"text_projection.weight", "visual_projection.weight"}
    return {known[name]: value.T.contiguous() if turned else value}


def _siglip(name: str, value: Any) -> Tensors:
    kind = name.rpartition(".")[2]
    pool = "visual.trunk.attn_pool."
    if "head.attention.in_proj" in name:
        third, kind = len(value) // 3, kind.removeprefix("in_proj_")
        return {f"{pool}q.{kind}": value[:third], f"{pool}kv.{kind}": value[third:]}
    known = {
        "logit_scale": "logit_scale",
        "logit_bias": "logit_bias",
        "text_model.embeddings.token_embedding.weight": "text.token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "text.positional_embedding",
        f"text_model.final_layer_norm.{kind}": f"text.ln_final.{kind}",
        f"text_model.head.{kind}": f"text.text_projection.{kind}",
        f"vision_model.embeddings.patch_embedding.{kind}": f"visual.trunk.patch_embed.proj.{kind}",
        "vision_model.embeddings.position_embedding.weight": "visual.trunk.pos_embed",
        f"vision_model.post_layernorm.{kind}": f"visual.trunk.norm.{kind}",
        "vision_model.head.probe": f"{pool}latent",
        f"vision_model.head.attention.out_proj.{kind}": f"{pool}proj.{kind}",
        f"vision_model.head.layernorm.{kind}": f"{pool}norm.{kind}",
        f"vision_model.head.mlp.fc1.{kind}": f"{pool}mlp.fc1.{kind}",
        f"vision_model.head.mlp.fc2.{kind}": f"{pool}mlp.fc2.{kind}",
    }
    ours = known[name]
    return {ours: value[None] if ours == "visual.trunk.pos_embed" else value}


Shapes = dict[str, tuple[int, ...]]


def clip_shapes(
    *, patch: int, width: int, depth: int, grid: int, text: int, dim: int, hidden: int = 4,
    text_depth: int = 12, context: int = 77, vocabulary: int = 49408,
) -> Shapes:  # fmt: skip
    """Return names and shapes of a CLIP in open_clip's layout; over 77 tokens as LongCLIP."""
    shapes: Shapes = {
        "positional_embedding": (context, text),
        "text_projection": (text, dim),
        "logit_scale": (),
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (grid * grid + 1, width),
        "visual.proj": (width, dim),
        "visual.conv1.weight": (width, 3, patch, patch),
        "token_embedding.weight": (vocabulary, text),
    }
    for name, size in (("visual.ln_pre", width), ("visual.ln_post", width), ("ln_final", text)):
        shapes |= {f"{name}.weight": (size,), f"{name}.bias": (size,)}
    shapes |= _blocks("visual.transformer.resblocks", width, hidden * width, depth)
    shapes |= _blocks("transformer.resblocks", text, hidden * text, text_depth)
    if context > 77:
        shapes |= {"positional_embedding_res": (context, text)}
        shapes |= {"mask1": (context, 1), "mask2": (context, 1)}
    return shapes


def siglip_shapes(
    *, patch: int, width: int, depth: int, grid: int, hidden: int, vocabulary: int
) -> Shapes:
    """Return names and shapes of a SigLIP in open_clip's layout with timm's picture tower."""
    trunk = "visual.trunk."
    shapes: Shapes = {
        "logit_scale": (),
        "logit_bias": (),
        f"{trunk}pos_embed": (1, grid * grid, width),
        f"{trunk}patch_embed.proj.weight": (width, 3, patch, patch),
        f"{trunk}patch_embed.proj.bias": (width,),
        f"{trunk}attn_pool.latent": (1, 1, width),
        "text.positional_embedding": (64, width),
        "text.token_embedding.weight": (vocabulary, width),
    }
    for name in (f"{trunk}norm", f"{trunk}attn_pool.norm", "text.ln_final"):
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    for name, outputs, inputs in (
        (f"{trunk}attn_pool.q", width, width),
        (f"{trunk}attn_pool.kv", 2 * width, width),
        (f"{trunk}attn_pool.proj", width, width),
        (f"{trunk}attn_pool.mlp.fc1", hidden, width),
        (f"{trunk}attn_pool.mlp.fc2", width, hidden),
        ("text.text_projection", width, width),
    ):
        shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    timm = _blocks("visual.trunk.blocks", width, hidden, depth)
    for name, shape in timm.items():
        ours = name.replace("attn.in_proj_", "attn.qkv.").replace("attn.out_proj", "attn.proj")
        ours = ours.replace("c_fc", "fc1").replace("c_proj", "fc2").replace(".ln_", ".norm")
        shapes[ours] = shape
    return shapes | _blocks("text.transformer.resblocks", width, hidden, depth)


def _blocks(prefix: str, width: int, hidden: int, depth: int) -> Shapes:
    one: Shapes = {}
    for name, outputs, inputs in (
        ("attn.in_proj_", 3 * width, width),
        ("attn.out_proj.", width, width),
        ("mlp.c_fc.", hidden, width),
        ("mlp.c_proj.", width, hidden),
    ):
        one |= {f"{name}weight": (outputs, inputs), f"{name}bias": (outputs,)}
    for name in ("ln_1", "ln_2"):
        one |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return {f"{prefix}.{n}.{name}": shape for n in range(depth) for name, shape in one.items()}


FULL: dict[str, tuple[Shapes, int]] = {
    "remoteclip-vit-b-32": (
        clip_shapes(patch=32, width=768, depth=12, grid=7, text=512, dim=512),
        151_277_313,
    ),
    "remoteclip-vit-l-14": (
        clip_shapes(patch=14, width=1024, depth=24, grid=16, text=768, dim=768),
        427_616_513,
    ),
    "farslip-vit-b-16": (
        clip_shapes(patch=16, width=768, depth=12, grid=14, text=512, dim=512, context=248),
        149_835_265,
    ),
    "siglip-so400m-14-384": (
        siglip_shapes(patch=14, width=1152, depth=27, grid=27, hidden=4304, vocabulary=32000),
        877_960_498,
    ),
}
"""Names and shapes of the published files, and how many parameters they are known to have."""


def ruled_tensors(shapes: Shapes) -> Tensors:
    """Return tensors by the rule of `shared_data.ruled`; the masks of LongCLIP as they are."""
    made: Tensors = {}
    for name, shape in shapes.items():
        if name in {"mask1", "mask2"}:
            first = torch.arange(shape[0])[:, None] < 20
            made[name] = (first if name == "mask1" else ~first).float()
        else:
            made[name] = torch.from_numpy(ruled(name, shape))
    return made


def word_tokenizer(folder: Path, words: str) -> None:
    """Write a `tokenizer.json` that knows single letters and some words, T5-style ids."""
    tokenizers = pytest.importorskip("tokenizers")
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"\u2581{word}", -3.0) for word in words.split()]
    pieces += [(letter, -6.0) for letter in "\u2581abcdefghijklmnopqrstuvwxyzABC!,"]
    made = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=2))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    made.save(str(folder / "tokenizer.json"))
    record = {"pad_token": "</s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(record))
