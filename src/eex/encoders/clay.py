"""Clay v1.5: Sentinel-2 rasters of ten bands to vectors (image only).

What enters: digital numbers in the order of `BANDS`, and when and where they were taken, if known.
What leaves: the class token, 1024 numbers. The public file of 4.8 GB also holds the decoder and the
teacher of training; it is mapped into memory, so that what is not used is not read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, Variant
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.running import Precision

SENSOR = {
    "B02": (1105.0, 1809.0, 0.493),
    "B03": (1355.0, 1757.0, 0.56),
    "B04": (1552.0, 1888.0, 0.665),
    "B05": (1887.0, 1870.0, 0.704),
    "B06": (2422.0, 1732.0, 0.74),
    "B07": (2630.0, 1697.0, 0.783),
    "B08": (2743.0, 1742.0, 0.842),
    "B8A": (2785.0, 1648.0, 0.865),
    "B11": (2388.0, 1470.0, 1.61),
    "B12": (1835.0, 1379.0, 2.19),
}
"""Mean and standard deviation of digital numbers in training, and wavelength in micrometres, by
band: Clay-foundation/model, configs/metadata.yaml, sentinel-2-l2a."""

BANDS = tuple(SENSOR)
"""Sentinel-2 bands of 10 and 20 m, in the model's order."""

GSD = 10.0
"""Size of a pixel, metres."""

SIZE = 256
"""Height and width of rasters in training, pixels."""

EEE_SIZE = 384
"""What EarthEmbeddingExplorer fed: its tiles as they are."""

FILES = ("clay-v1.5.ckpt", "v1.5/clay-v1.5.ckpt")

PREFIX = "model.encoder."
"""Before names of the encoder in the file."""

IGNORED = re.compile(r"model\.(decoder|teacher|proj|mrl)\.")
"""What only training needs: the decoder, the DINOv2 teacher, and what compares with it."""

HEADS = {192: 4, 384: 6, 768: 12, 1024: 16}
"""Attention heads by width, as published; for other widths one for each 16 channels."""

EPS = 1e-5


def load(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> object:
    """Load Clay's encoder.

    Args:
        device: What to run it on.
        spec: What was asked for.
        weights: `clay-v1.5.ckpt`, or a folder that has it.
        variant: Whether when and where count, and how large rasters are made.
        precision: Number format of the network.

    Raises:
        MissingWeightsError: If there is no such file.
        DamagedWeightsError: If it is not whole, or not Clay's.
        MissingExtraError: If PyTorch is not installed.
    """
    from eex.weights.read import one_of, read_checkpoint

    path = one_of(weights, FILES)
    checkpoint = read_checkpoint(path)
    from eex.encoders.clay_model import ClayEncoder, network_of

    network = network_of(checkpoint.tensors, path=path)
    return ClayEncoder(network, spec=spec, variant=variant, device=device, precision=precision)


OFFICIAL = Variant(
    name="official",
    title=(
        "As in Clay's tutorials: when and where are told where they are known, else zeros; of "
        "rasters over 256 px, the size in training, the middle is read."
    ),
    options={"size": SIZE, "known": True},
)

EEE = Variant(
    name="eee",
    title=(
        "As EarthEmbeddingExplorer made its table: 384 px (the middle of larger rasters, smaller "
        "ones enlarged bicubically), when and where always zeros."
    ),
    options={"size": EEE_SIZE, "known": False, "enlarge": True},
)

CLAY_V1_5 = EncoderSpec(
    name="clay-v1.5",
    title="Clay v1.5",
    dim=1024,
    modalities=("image",),
    bands=BANDS,
    pixels="sentinel2-l2a",
    image_size=SIZE,
    preprocessing="(digital number - mean) / standard deviation of each band; 256 px at 10 m.",
    licence="Apache-2.0",
    attribution="Clay Foundation",
    source="Clay Foundation Model v1.5 (2024), trained on 70 million chips of seven sensors",
    paper="https://clay-foundation.github.io/model/release-notes/specification.html",
    weights="made-with-clay/Clay@main, v1.5/clay-v1.5.ckpt",
    files=(
        WeightFile(name="v1.5/clay-v1.5.ckpt", size=4_800_000_000, or_else=("clay-v1.5.ckpt",)),
    ),
    homes=(
        Home(hub="huggingface", repo="made-with-clay/Clay"),
        Home(hub="modelscope.cn", repo="VoyagerX/Clay", revision="master"),
        Home(hub="modelscope.ai", repo="VoyagerX/Clay", revision="master"),
    ),
    variants=(OFFICIAL, EEE),
    verified="Small random weights equal Clay's own code within 3e-6, full-size ones within 5e-6; "
    "every tensor of the encoder's public layout is used. The real weights were not run.",
    extra="models",
    good_for="More of the same, with infrared: land cover and use, season and place if told.",
    load=load,
)
