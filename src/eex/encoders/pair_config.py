"""What shapes of tensors do not tell of a CLIP or SigLIP: read from the configuration beside them.

Two kinds of configuration are understood: `open_clip_config.json`, and the `config.json` (with
`preprocessor_config.json`) of Hugging Face transformers. What would be computed otherwise than our
towers compute it is refused in words, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from eex.encoders.preprocess import (
    CLIP_224,
    CLIP_MEAN,
    CLIP_STD,
    HALF,
    SIGLIP_384,
    Preprocess,
)
from eex.errors import DamagedWeightsError, WeightsError
from eex.weights.read import config_beside

Family = Literal["clip", "siglip"]
"""Class token, causal text read at its end; or pooling query, text read at its last position."""

Clean = Literal["lower", "canonicalize", "whitespace"]
"""What is done to a text before it is cut into tokens, see `clip_tokens.cleaned`."""

Activation = Literal["gelu", "gelu_tanh", "quick_gelu"]

CLIP_VOCABULARY = 49408
"""Tokens of OpenAI's vocabulary, the two marks included."""

TIMM_TANH = (
    "vit_base_patch32_siglip_256",
    "vit_large_patch16_siglip_512",
    "vit_so400m_patch16_siglip_",
    "vit_giantopt_patch16_siglip_",
)
"""Beginnings of names of timm's SigLIP towers that use the tanh approximation of GELU."""

OTHER_ARITHMETIC = {
    "no_ln_pre", "final_ln_after_pool", "attentional_pool", "input_patchnorm", "pos_embed_type",
    "global_average_pool", "embed_cls", "qk_norm", "scale_attn", "scale_fc", "scale_heads",
    "inner_norm", "proj_type", "block_type", "no_causal_mask", "attn_type",
}  # fmt: skip
"""Settings of open_clip that change what is computed and that plain towers do not have."""


@dataclass(frozen=True, kw_only=True)
class PairConfig:
    """What is known of a text and picture model beside its tensors."""

    family: Family
    """How tokens become vectors."""
    vision_heads: int = 0
    """Attention heads for pictures; 0: by the family's rule from the width."""
    text_heads: int = 0
    """Attention heads for texts; 0 likewise."""
    vision_width: int = 0
    """Width of the picture tower, where it is told."""
    text_width: int = 0
    """Width of the text tower, where it is told."""
    vision_activation: Activation = "quick_gelu"
    """In the picture tower."""
    text_activation: Activation = "quick_gelu"
    """In the text tower."""
    vision_eps: float = 1e-5
    """Of layer norms in the picture tower."""
    text_eps: float = 1e-5
    """Of layer norms in the text tower."""
    eot: int | None = None
    """Id that ends a text, None for the largest id in it (CLIP only)."""
    prepare: Preprocess = CLIP_224
    """What is done to pictures; where its size does not fit the positions, they win."""
    clean: Clean = "lower"
    """What is done to texts."""
    context: int = 0
    """Most tokens of a text, where it is told."""
    dim: int = 0
    """Length of a vector, where it is told."""
    known: bool = True
    """Whether a configuration told all this; False: the family's rules, and heads at most."""


CLIP_RULES = PairConfig(family="clip", known=False)
"""CLIP where no configuration is beside the file."""

SIGLIP_RULES = PairConfig(
    family="siglip",
    vision_activation="gelu",
    text_activation="gelu",
    vision_eps=1e-6,
    text_eps=1e-6,
    prepare=SIGLIP_384,
    clean="canonicalize",
    known=False,
)
"""SigLIP where no configuration is beside the file."""


def config_of(weights: Path) -> PairConfig | None:
    """Return what the configuration beside a file or in a folder tells; None if there is none.

    Raises:
        DamagedWeightsError: If it is no configuration.
        WeightsError: If it is one of a model that is not supported.
    """
    for name in ("open_clip_config.json", "config.json"):
        record = config_beside(weights, name)
        try:
            if "model_cfg" in record or "vision_cfg" in record:
                return from_open_clip(record)
            if "model_type" in record or "vision_config" in record:
                return from_hugging_face(record, config_beside(weights, "preprocessor_config.json"))
        except WeightsError as error:
            message = f"{weights}, {name}: {error}"
            raise type(error)(message, hint=error.hint) from error
    return None


def from_open_clip(record: Mapping[str, Any]) -> PairConfig:
    """Return what an `open_clip_config.json` tells.

    Raises:
        DamagedWeightsError: If values have other types than they should.
        WeightsError: If the model is not supported.
    """
    model = _part(record, "model_cfg") or record
    vision, text = _part(model, "vision_cfg"), _part(model, "text_cfg")
    _refuse_other_open_clip(model, vision, text)
    siglip = bool(vision.get("timm_model_name"))
    quick: Activation = "quick_gelu" if model.get("quick_gelu") else "gelu"
    base = SIGLIP_RULES if siglip else CLIP_RULES
    width = _whole(vision, "width", 0)
    heads = width // (_whole(vision, "head_width", 64) or 64) if width else 0
    eps = _number(_part(text, "norm_kwargs"), "eps", 1e-5)
    size = _side(vision.get("image_size"))
    return replace(
        base,
        vision_heads=heads,
        text_heads=_whole(text, "heads", 0),
        vision_width=width,
        text_width=_whole(text, "width", 0),
        vision_activation=_timm_activation(vision) if siglip else _tanh(vision, quick),
        text_activation=_tanh(text, quick),
        vision_eps=1e-6 if siglip else _number(_part(vision, "norm_kwargs"), "eps", 1e-5),
        text_eps=eps,
        prepare=_open_clip_pictures(_part(record, "preprocess_cfg"), size),
        clean=_clean(text, base.clean),
        context=_whole(text, "context_length", 77),
        dim=_whole(model, "embed_dim", 0),
        known=True,
    )


def from_hugging_face(record: Mapping[str, Any], pictures: Mapping[str, Any]) -> PairConfig:
    """Return what a `config.json` and a `preprocessor_config.json` of transformers tell.

    Raises:
        DamagedWeightsError: If values have other types than they should.
        WeightsError: If the model is not supported.
    """
    kind = record.get("model_type", "clip")
    if kind not in {"clip", "siglip"}:
        _refuse(f"a model of the type {kind!r}")
    vision, text = _part(record, "vision_config"), _part(record, "text_config")
    clip = kind == "clip"
    base = CLIP_RULES if clip else SIGLIP_RULES
    act, eps = ("quick_gelu", 1e-5) if clip else ("gelu_pytorch_tanh", 1e-6)
    size = _side(vision.get("image_size", 224))
    eot = _whole(text, "eos_token_id", 2)
    return replace(
        base,
        vision_heads=_whole(vision, "num_attention_heads", 12),
        text_heads=_whole(text, "num_attention_heads", 8 if clip else 12),
        vision_width=_whole(vision, "hidden_size", 768),
        text_width=_whole(text, "hidden_size", 512 if clip else 768),
        vision_activation=_hidden_act(vision, act),
        text_activation=_hidden_act(text, act),
        vision_eps=_number(vision, "layer_norm_eps", eps),
        text_eps=_number(text, "layer_norm_eps", eps),
        eot=eot if clip and eot not in {2, CLIP_VOCABULARY - 1} else None,
        prepare=_hugging_face_pictures(pictures, size, clip=clip),
        context=_whole(text, "max_position_embeddings", 77 if clip else 64),
        dim=_whole(record, "projection_dim", 512) if clip else _whole(vision, "hidden_size", 768),
        known=True,
    )


def _refuse_other_open_clip(
    model: Mapping[str, Any], vision: Mapping[str, Any], text: Mapping[str, Any]
) -> None:
    timm, other_text = vision.get("timm_model_name"), text.get("hf_model_name")
    siglip = str(timm).startswith("vit_") and "siglip" in str(timm)
    read_last = text.get("no_causal_mask") and text.get("pool_type") == "last"
    pool = vision.get("timm_pool", "map")
    reasons = (
        ("multimodal_cfg" in model, "a CoCa"),
        (isinstance(vision.get("layers"), list), "a CLIP with a ResNet for pictures"),
        (other_text, f"a CLIP with {other_text} for texts"),
        (timm and not siglip, f"a CLIP with timm's {timm} for pictures"),
        (timm and pool != "map", f"a SigLIP with {pool!r} pooling"),
        (timm and not read_last, "a SigLIP whose texts are not read at their last position"),
    )
    for holds, what in reasons:
        if holds:
            _refuse(what)
    usual = {"no_causal_mask"} if timm else set[str]()
    pools = {"tok", "last"} if timm else {"tok", "argmax"}
    for settings in (vision, text):
        for name in sorted(OTHER_ARITHMETIC - usual):
            if settings.get(name):
                _refuse(f"a CLIP with {name} = {settings[name]!r}")
        if settings.get("pool_type", "tok") not in pools:
            _refuse(f"a CLIP with {settings['pool_type']!r} pooling")


def _refuse(what: str) -> NoReturn:
    message = f"This is {what}, which is not supported."
    raise WeightsError(message, hint="Supported: CLIP and SigLIP with plain vision transformers.")


def _open_clip_pictures(record: Mapping[str, Any], size: int) -> Preprocess:
    mode = record.get("resize_mode", "shortest")
    if mode not in {"shortest", "squash"}:
        _refuse(f"a model whose pictures are resized by {mode!r}")
    return Preprocess(
        size=_side(record.get("size")) or size or 224,
        resize=mode,
        interpolation=_filter(record.get("interpolation", "bicubic")),
        mean=_rgb(record.get("mean"), CLIP_MEAN),
        std=_rgb(record.get("std"), CLIP_STD),
    )


def _hugging_face_pictures(record: Mapping[str, Any], size: int, *, clip: bool) -> Preprocess:
    sizes, crop = record.get("size"), record.get("crop_size")
    shortest = sizes.get("shortest_edge") if isinstance(sizes, Mapping) else sizes
    squash = not clip if sizes is None else not shortest
    numbers = {0: "nearest", 2: "bilinear", 3: "bicubic"}
    crops = clip and record.get("do_center_crop", True) and not squash
    return Preprocess(
        size=(_side(crop) if crops else 0) or size,
        resize="squash" if squash else "shortest",
        resize_to=0 if squash else _side(shortest),
        crop_rounding="down",
        interpolation=_filter(numbers.get(record.get("resample", 3), "?")),
        mean=_rgb(record.get("image_mean"), CLIP_MEAN if clip else HALF),
        std=_rgb(record.get("image_std"), CLIP_STD if clip else HALF),
    )


def _timm_activation(vision: Mapping[str, Any]) -> Activation:
    tanh = str(vision["timm_model_name"]).startswith(TIMM_TANH)
    return "gelu_tanh" if tanh else "gelu"


def _tanh(settings: Mapping[str, Any], quick: Activation) -> Activation:
    return "gelu_tanh" if _part(settings, "act_kwargs").get("approximate") == "tanh" else quick


def _hidden_act(settings: Mapping[str, Any], default: str) -> Activation:
    name = settings.get("hidden_act", default)
    known: dict[Any, Activation] = {
        "gelu": "gelu",
        "quick_gelu": "quick_gelu",
        "gelu_pytorch_tanh": "gelu_tanh",
        "gelu_new": "gelu_tanh",
    }
    if not isinstance(name, str) or name not in known:
        _refuse(f"a model with {name!r} as activation")
    return known[name]


def _clean(text: Mapping[str, Any], default: Clean) -> Clean:
    name = _part(text, "tokenizer_kwargs").get("clean", default)
    if name not in {"lower", "canonicalize", "whitespace"}:
        _refuse(f"a model whose texts are cleaned by {name!r}")
    return name


def _filter(name: object) -> Literal["bicubic", "bilinear", "nearest"]:
    if name not in {"bicubic", "bilinear", "nearest"}:
        _refuse(f"a model whose pictures are resized by {name!r}")
    return name


def _side(value: object) -> int:
    """Return the side of a square that is written as a number, a pair or a record; 0 for none."""
    if isinstance(value, Mapping):
        value = value.get("height", value.get("shortest_edge"))
    if isinstance(value, list | tuple):
        if len({*map(repr, value)}) != 1:
            _refuse(f"a model whose pictures are not square: {value}")
        value = value[0]
    if value is None:
        return 0
    return _whole({"size of pictures": value}, "size of pictures", 0)


def _rgb(value: object, default: tuple[float, float, float]) -> tuple[float, float, float]:
    if value is None:
        return default
    if not isinstance(value, list | tuple) or len(value) != len(default):
        _refuse_value("mean or std of pictures", value)
    first, second, third = (_number({"mean": number}, "mean", 0) for number in value)
    return first, second, third


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name) or {}
    if not isinstance(value, Mapping):
        _refuse_value(name, value)
    return value


def _whole(record: Mapping[str, Any], name: str, default: int) -> int:
    value = default if record.get(name) is None else record[name]
    if not isinstance(value, int) or not 0 <= value < 2**31:
        _refuse_value(name, value)
    return int(value)


def _number(record: Mapping[str, Any], name: str, default: float) -> float:
    value = default if record.get(name) is None else record[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse_value(name, value)
    return float(value)


def _refuse_value(name: str, value: object) -> NoReturn:
    message = f"The model's configuration has {name} = {str(value)[:40]!r}."
    raise DamagedWeightsError(message, hint="Get the model again.")
