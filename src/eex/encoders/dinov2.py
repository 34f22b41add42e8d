"""DINOv2: pictures become vectors without words.

What enters: pictures, or pixels (n, 3, height, width) as the network takes them. What leaves: the
mean of all tokens after the final norm, the class token among them, as Major TOM and the
EarthEmbeddingExplorer app pool them; or the class token, as the model's authors do. The network is
in `dinov2_net.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, Variant
from eex.weights.read import one_of, read_checkpoint
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.running import Precision

NAMES = ("model.safetensors", "pytorch_model.bin")
"""Files of weights in a folder, the better first."""

VARIANTS = (
    Variant(
        name="official",
        title="Pictures prepared as published, the mean of all tokens.",
        options={"pool": "mean"},
    ),
    Variant(
        name="cls",
        title="Pictures prepared as published, the class token alone, as the authors evaluate it.",
        options={"pool": "cls"},
    ),
    Variant(
        name="eee",
        title="The mean of all tokens of pictures divided by 255 twice, as the "
        "EarthEmbeddingExplorer app and Major TOM made their tables.",
        options={"pool": "mean", "rescale_twice": True},
    ),
)


def load(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> object:
    """Return a `Dinov2` of the weights in a file, or in the folder that has one of `NAMES`.

    Raises:
        MissingWeightsError: If the file is not there.
        DamagedWeightsError: If it is not whole, of another model, or of a DINOv2 that is not
            supported (giant, with registers).
        MissingExtraError: If PyTorch is not installed.
    """
    checkpoint = read_checkpoint(one_of(weights, NAMES))
    from eex.encoders.dinov2_net import open_dinov2

    return open_dinov2(checkpoint, spec, variant, device=device, precision=precision)


def _spec(size: str, dim: int, parameters: int, homes: tuple[Home, ...]) -> EncoderSpec:
    return EncoderSpec(
        name=f"dinov2-{size}",
        title=f"DINOv2 {size}",
        dim=dim,
        modalities=("image",),
        bands=("B04", "B03", "B02"),
        image_size=224,
        preprocessing="Shortest side to 256 pixels (bicubic), centre crop of 224, ImageNet mean "
        "and standard deviation.",
        licence="Apache-2.0",
        attribution="DINOv2, Meta AI (Oquab et al.)",
        source="facebookresearch/dinov2, trained on LVD-142M",
        paper="https://arxiv.org/abs/2304.07193",
        weights=f"facebook/dinov2-{size}",
        files=(
            WeightFile(name=NAMES[0], or_else=NAMES[1:], size=4 * parameters),
            WeightFile(name="config.json", optional=True),
        ),
        homes=homes,
        variants=VARIANTS,
        heatmaps=True,
        verified="Small random weights equal transformers within 1e-6, full-size ones exactly; "
        "every tensor of the public layout is used. The real weights were not run.",
        extra="models",
        good_for="Looks like: textures, shapes and layouts, with a picture as the question.",
        load=load,
    )


DINOV2_LARGE = _spec(
    "large",
    1024,
    304_368_640,
    (
        Home(hub="huggingface", repo="facebook/dinov2-large"),
        Home(hub="modelscope.cn", repo="facebook/dinov2-large"),
        Home(hub="modelscope.ai", repo="VoyagerX/dinov2-large"),
    ),
)
"""ViT-L/14, of the EarthEmbeddingExplorer app's tables."""

DINOV2_BASE = _spec(
    "base",
    768,
    86_580_480,
    (
        Home(hub="huggingface", repo="facebook/dinov2-base"),
        Home(hub="modelscope.cn", repo="facebook/dinov2-base"),
    ),
)
"""ViT-B/14, of Major TOM's table Core-S2RGB-DINOv2."""
