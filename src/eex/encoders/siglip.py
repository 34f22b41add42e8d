"""SigLIP ViT-SO400M-14 at 384 pixels, from the files of open_clip or of transformers.

The two have the same weights. They differ in the GELU (exact in open_clip and timm, the tanh
approximation in transformers and in the original JAX code; vectors differ by 5e-8 in cosine), and
in what a tool does to pictures and texts when it is given a bare file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import OFFICIAL, EncoderSpec, Variant
from eex.encoders.clip import OTHER_NAMES, with_heads
from eex.encoders.pair_config import SIGLIP_RULES
from eex.encoders.preprocess import SIGLIP_384_CLIP_STATISTICS
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.pair import PairEncoder
    from eex.encoders.running import Precision


def load_siglip(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> PairEncoder:
    """Return a SigLIP in the layout of open_clip or of transformers, filled.

    Pictures work with the weights alone; texts need `tokenizer.json` beside them.

    Raises:
        MissingWeightsError: If a folder has none of its files.
        DamagedWeightsError: If the file is not whole, not safe to read or of another model.
        MissingExtraError: If PyTorch is not installed.
    """
    from eex.weights.read import needs_torch

    needs_torch()
    from eex.encoders.pair import load_pair

    config = with_heads(SIGLIP_RULES, weights)
    prepare = config.prepare
    if variant.options.get("clip_statistics"):
        prepare = replace(SIGLIP_384_CLIP_STATISTICS, size=prepare.size)
    activation = variant.options.get("activation", "gelu")
    return load_pair(
        device,
        spec=spec,
        weights=weights,
        variant=variant,
        precision=precision,
        config=replace(
            config,
            vision_activation=activation,
            text_activation=activation,
            clean=variant.options.get("clean", "canonicalize"),
            prepare=prepare,
        ),
        files=OTHER_NAMES,
    )


SIGLIP_SO400M_14_384 = EncoderSpec(
    name="siglip-so400m-14-384",
    title="SigLIP ViT-SO400M-14 at 384 pixels",
    dim=1152,
    modalities=("text", "image"),
    bands=("B04", "B03", "B02"),
    image_size=384,
    preprocessing="Both sides to 384 pixels (bicubic, antialiased), mean and deviation 0.5.",
    context=64,
    licence="Apache-2.0",
    attribution="SigLIP, Google Research; packed by the authors of timm",
    source="timm/ViT-SO400M-14-SigLIP-384, the weights of google/siglip-so400m-patch14-384",
    paper="X. Zhai et al., Sigmoid Loss for Language Image Pre-Training, ICCV 2023, "
    "arXiv 2303.15343",
    weights="timm/ViT-SO400M-14-SigLIP-384",
    files=(
        WeightFile(
            name="open_clip_model.safetensors",
            or_else=("open_clip_pytorch_model.bin",),
            size=3_511_900_000,
        ),
        WeightFile(name="tokenizer.json"),
        WeightFile(name="tokenizer_config.json", optional=True),
        WeightFile(name="open_clip_config.json", optional=True),
    ),
    homes=(
        Home(hub="huggingface", repo="timm/ViT-SO400M-14-SigLIP-384"),
        Home(hub="modelscope.cn", repo="timm/ViT-SO400M-14-SigLIP-384", revision="master"),
        Home(hub="modelscope.ai", repo="VoyagerX/ViT-SO400M-14-SigLIP-384", revision="master"),
    ),
    variants=(
        OFFICIAL,
        Variant(
            name="eee",
            title="With the mean, deviation and crop of OpenAI's CLIP, and texts with their "
            "capitals and punctuation, as EarthEmbeddingExplorer made its tables.",
            options={"clip_statistics": True, "clean": "whitespace"},
        ),
        Variant(
            name="transformers",
            title="With the tanh approximation of GELU, as transformers computes it.",
            options={"activation": "gelu_tanh"},
        ),
    ),
    templates=("a satellite image of {}.", "This is a photo of {}.", "an aerial photo of {}."),
    heatmaps=True,
    verified="Small random weights equal open_clip and transformers within 2e-6, full-size ones "
    "transformers within 3e-6; every tensor of the public layout is used. The real weights and the "
    "real vocabulary were not run.",
    extra="models",
    good_for="Words of any kind; the strongest on everyday language, and the slowest.",
    load=load_siglip,
)
"""SigLIP, 878 million parameters."""
