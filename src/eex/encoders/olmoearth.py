"""OlmoEarth v1: Sentinel-2 rasters of twelve bands to vectors (image only), by its own package.

What enters: digital numbers in the order of `BANDS`, and when they were taken, if known: of one
raster only the month counts. What leaves: the mean of all tokens, 768 numbers. The network is that
of `olmoearth-pretrain-minimal` (Apache-2.0), which the extra `olmoearth` installs; reading the
file, checking it and making rasters ready is done here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, Variant
from eex.errors import MissingExtraError
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.running import Precision

BANDS = ("B02", "B03", "B04", "B08", "B05", "B06", "B07", "B8A", "B11", "B12", "B01", "B09")
"""Sentinel-2 bands of 10, 20 and 60 m, in the model's order; each resolution makes a token."""

SIZE = 128
"""Height and width of a raster, pixels."""

EEE_SIZE = 384
"""What EarthEmbeddingExplorer brought to 128 pixels: its tiles."""

MONTH = 6
"""Month where none is known, 0 for January."""

PATCH = 8
"""Height and width of a patch, pixels."""

GSD = 10
"""Size of a pixel, metres."""

STD_MULTIPLIER = 2.0
"""Standard deviations from the mean to 0 and to 1."""

FILES = ("weights.pth", "weights_encoder_only.pth")

PREFIX = "encoder."
"""Before names of the encoder in the file."""

IGNORED = re.compile(
    r"(decoder|target_encoder|reconstructor|supervision_head|location_token_distillation_head)\."
    r"|encoder\.composite_encodings\.pos_embed$"
)
"""What only training needs, and a table of sines that follows from the sizes."""

REVISION = "93589e2dee5b5c95a660d1e9365bc017ea7f35d6"


def load(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> object:
    """Load OlmoEarth's encoder.

    Args:
        device: What to run it on.
        spec: What was asked for.
        weights: `weights.pth`, or a folder that has it.
        variant: How rasters are brought to 128 pixels, and whether the month counts.
        precision: Number format of the network.

    Raises:
        MissingWeightsError: If there is no such file.
        DamagedWeightsError: If it is not whole, or not OlmoEarth v1.
        MissingExtraError: If PyTorch or the model's package is not installed.
    """
    from eex.weights.read import config_beside, one_of, read_checkpoint

    path = one_of(weights, FILES)
    checkpoint = read_checkpoint(path)
    try:
        import olmoearth_pretrain_minimal  # noqa: F401
    except ImportError as error:
        message = "OlmoEarth runs by its own package, which is not installed."
        hint = "pip install 'earth-embedding-explorer[olmoearth]'"
        raise MissingExtraError(message, hint=hint) from error
    from eex.encoders.olmoearth_model import OlmoEarthEncoder, network_of

    network = network_of(checkpoint.tensors, config_beside(path, "config.json"), path=path)
    return OlmoEarthEncoder(network, spec=spec, variant=variant, device=device, precision=precision)


OFFICIAL = Variant(
    name="official",
    title="The central 128 px at 10 m, with the month of the date where it is known, else July.",
    options={"size": SIZE, "month": True},
)

EEE = Variant(
    name="eee",
    title=(
        "As EarthEmbeddingExplorer made its table: 384 px (the middle of larger rasters) brought "
        "to 128 bilinearly without antialiasing, as if still at 10 m; always July."
    ),
    options={"size": EEE_SIZE, "shrink": SIZE, "month": False},
)

OLMOEARTH_BASE = EncoderSpec(
    name="olmoearth-base",
    title="OlmoEarth v1 Base",
    dim=768,
    modalities=("image",),
    bands=BANDS,
    pixels="sentinel2-l2a",
    image_size=SIZE,
    preprocessing=(
        "Each band from mean - 2 std to mean + 2 std of the training data becomes 0 to 1; 128 px "
        "at 10 m, bands of 20 and 60 m brought to 10 m."
    ),
    licence="OlmoEarth Artifact License",
    attribution="Allen Institute for AI, OlmoEarth",
    source="OlmoEarth v1 Base (Ai2, November 2025)",
    paper="https://arxiv.org/abs/2511.13655",
    weights=f"allenai/OlmoEarth-v1-Base@{REVISION}, weights.pth",
    files=(
        WeightFile(name="weights.pth"),
        WeightFile(name="config.json", optional=True),
    ),
    homes=(
        Home(hub="huggingface", repo="allenai/OlmoEarth-v1-Base", revision=REVISION),
        Home(hub="modelscope.cn", repo="allenai/OlmoEarth-v1-Base", revision="master"),
        Home(hub="modelscope.ai", repo="WeijieWu/OlmoEarth-v1-Base", revision="master"),
    ),
    variants=(OFFICIAL, EEE),
    verified="Its own package computes it; small random weights give its outputs exactly; "
    "every tensor of the encoder's public layout is used. The real weights were not run.",
    extra="olmoearth",
    good_for="More of the same, aware of the season: land cover, crops, ecosystems.",
    load=load,
)
