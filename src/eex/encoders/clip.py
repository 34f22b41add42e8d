"""RemoteCLIP and FarSLIP: CLIPs that were trained further on pictures from above.

Both come from OpenAI's weights and so need its QuickGELU, whatever a snippet says; the other
activation is a variant, since tables were made with it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import OFFICIAL, EncoderSpec, Variant
from eex.encoders.pair_config import CLIP_RULES, PairConfig, config_of
from eex.errors import WeightsError
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.pair import PairEncoder
    from eex.encoders.running import Precision

OTHER_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)
"""Names of weights in folders, ours first looked for under its own."""

PREPROCESSING = (
    "Shortest side to 224 pixels (bicubic, antialiased), centre crop of 224 x 224, "
    "mean and deviation of OpenAI's CLIP."
)

TEMPLATES = ("a satellite image of {}.", "an aerial photograph of {}.", "a satellite photo of {}.")


def load_clip(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> PairEncoder:
    """Return a CLIP in the layout of open_clip or of transformers, filled.

    Raises:
        MissingWeightsError: If a folder has none of its files.
        DamagedWeightsError: If the file is not whole, not safe to read or of another model.
        MissingExtraError: If PyTorch is not installed.
    """
    from eex.weights.read import needs_torch

    needs_torch()
    from eex.encoders.pair import load_pair

    config = with_heads(CLIP_RULES, weights)
    activation = variant.options.get("activation", "quick_gelu")
    return load_pair(
        device,
        spec=spec,
        weights=weights,
        variant=variant,
        precision=precision,
        config=replace(config, vision_activation=activation, text_activation=activation),
        files=(*(file.name for file in spec.files), *OTHER_NAMES),
    )


def with_heads(rules: PairConfig, weights: Path) -> PairConfig:
    """Return the rules with heads and size of pictures from a configuration beside the weights.

    One that is of another kind of model is not looked at: published sizes follow the rules.
    """
    try:
        told = config_of(weights)
    except WeightsError:
        return rules
    if told is None or told.family != rules.family:
        return rules
    return replace(
        rules,
        vision_heads=told.vision_heads,
        text_heads=told.text_heads,
        vision_width=told.vision_width,
        text_width=told.text_width,
        prepare=replace(rules.prepare, size=told.prepare.size),
    )


def _remoteclip(kind: str, *, dim: int, good_for: str, size: int) -> EncoderSpec:
    return EncoderSpec(
        name=f"remoteclip-{kind.lower()}",
        title=f"RemoteCLIP {kind}",
        dim=dim,
        modalities=("text", "image"),
        bands=("B04", "B03", "B02"),
        image_size=224,
        preprocessing=PREPROCESSING,
        context=77,
        licence="Apache-2.0",
        attribution="RemoteCLIP, Liu et al.",
        source="chendelong/RemoteCLIP; code at github.com/ChenDelong1999/RemoteCLIP",
        paper="F. Liu et al., RemoteCLIP: A Vision Language Foundation Model for Remote Sensing, "
        "IEEE TGRS 2024, arXiv 2306.11029",
        weights="chendelong/RemoteCLIP at bf1d8a3c",
        files=(WeightFile(name=f"RemoteCLIP-{kind}.pt", size=size),),
        homes=(
            Home(
                hub="huggingface",
                repo="chendelong/RemoteCLIP",
                revision="bf1d8a3ccf2ddbf7c875705e46373bfe542bce38",
            ),
        ),
        variants=(
            OFFICIAL,
            Variant(
                name="readme-gelu",
                title="With GELU in place of QuickGELU, as the model's README loads it.",
                options={"activation": "gelu"},
            ),
        ),
        templates=TEMPLATES,
        heatmaps=True,
        verified="Small random weights equal open_clip within 2e-6, full-size ones within 4e-6; "
        "every tensor of the public layout is used. The real weights were not run.",
        extra="models",
        good_for=good_for,
        load=load_clip,
    )


REMOTECLIP_VIT_B_32 = _remoteclip(
    "ViT-B-32", dim=512, size=605_000_000, good_for="Objects in aerial pictures; small and quick."
)
"""RemoteCLIP, 151 million parameters."""

REMOTECLIP_VIT_L_14 = _remoteclip(
    "ViT-L-14", dim=768, size=1_710_000_000, good_for="Objects in aerial pictures, finer."
)
"""RemoteCLIP, 428 million parameters."""

FARSLIP_VIT_B_16 = EncoderSpec(
    name="farslip-vit-b-16",
    title="FarSLIP2 ViT-B-16",
    dim=512,
    modalities=("text", "image"),
    bands=("B04", "B03", "B02"),
    image_size=224,
    preprocessing=PREPROCESSING,
    context=248,
    licence="MIT",
    attribution="FarSLIP, Li et al.",
    source="ZhenShiL/FarSLIP; code at github.com/NJU-LHRS/FarSLIP",
    paper="Z. Li et al., FarSLIP: Discovering Effective CLIP Adaptation for Fine-Grained Remote "
    "Sensing Understanding, 2025, arXiv 2511.14901",
    weights="ZhenShiL/FarSLIP",
    files=(WeightFile(name="FarSLIP2_ViT-B-16.pt"),),
    homes=(
        Home(hub="huggingface", repo="ZhenShiL/FarSLIP"),
        Home(hub="modelscope.cn", repo="VoyagerX/FarSLIP", revision="master"),
        Home(hub="modelscope.ai", repo="VoyagerX/FarSLIP", revision="master"),
    ),
    variants=(
        OFFICIAL,
        Variant(
            name="eee",
            title="With GELU in place of QuickGELU, as EarthEmbeddingExplorer made its tables.",
            options={"activation": "gelu"},
        ),
    ),
    templates=("a satellite photo of {}.", "a satellite image of {}"),
    heatmaps=True,
    verified="Small random weights equal FarSLIP's own code within 3e-6, full-size ones within "
    "3e-6; every tensor of the public layout is used. The real weights were not run.",
    extra="models",
    good_for="Remote-sensing captions, long texts (248 tokens), where in a picture things are.",
    load=load_clip,
)
"""FarSLIP, second stage, 150 million parameters, texts as in LongCLIP."""
