"""Galileo: Sentinel-2 rasters, one or a series, to vectors (image only).

What enters: digital numbers in the order of `BANDS`. The model was trained on harmonised numbers of
the top of the atmosphere; it takes L2A ones, best with the 1000 of baseline 04.00 taken off. What
leaves: the mean of all tokens, 128 numbers. Tensors for other sensors are in the file, not used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, Variant
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.running import Precision

STATISTICS = {
    "B02": (1395.3408730676722, 917.7041440370853),
    "B03": (1338.4026921784578, 913.2988423581528),
    "B04": (1343.09883810357, 1092.678723527555),
    "B05": (1543.8607982512297, 1047.2206083460424),
    "B06": (2186.2022069512263, 1048.0101611156767),
    "B07": (2525.0932853316694, 1143.6903026819996),
    "B08": (2410.3377187373408, 1098.979177731649),
    "B8A": (2750.2854646886753, 1204.472755085893),
    "B11": (2234.911100061487, 1145.9774063078878),
    "B12": (1474.5311266077113, 980.2429840007796),
}
"""Mean and standard deviation of digital numbers in training, by band: nasaharvest/galileo,
config/normalization.json."""

BANDS = tuple(STATISTICS)
"""Sentinel-2 bands of 10 and 20 m, in the model's order."""

STD_MULTIPLIER = 2
"""Standard deviations from the mean to 0 and to 1."""

MONTH = 6
"""Month where none is known, 0 for January: what the model's authors use in their evaluations."""

ENCODER_FILE = "encoder.pt"

HEADS = {128: 8, 192: 3, 768: 12}
"""Attention heads by width, where no config.json lies beside the weights."""

EPS = 1e-5

IGNORED = re.compile(r"(sp|t|st)_channel_embed|space_time_embed\.S1\.|(space|time|static)_embed\.")
"""Tensors for sensors that are not fed: radar, elevation, land cover maps, weather, night lights,
population, place. The model takes any part of its inputs."""


def load(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> object:
    """Load Galileo's encoder.

    Args:
        device: What to run it on.
        spec: What was asked for.
        weights: `encoder.pt`, or a folder that has it; `config.json` beside it tells the heads.
        variant: With the vegetation index as a group of its own, or without.
        precision: Number format of the network.

    Raises:
        MissingWeightsError: If there is no such file.
        DamagedWeightsError: If it is not whole, or not the encoder of Galileo.
        MissingExtraError: If PyTorch is not installed.
    """
    from eex.weights.read import config_beside, one_of, read_checkpoint

    path = one_of(weights, (ENCODER_FILE, f"models/nano/{ENCODER_FILE}"))
    checkpoint = read_checkpoint(path)
    from eex.encoders.galileo_model import GalileoEncoder, network_of

    network = network_of(checkpoint.tensors, config_beside(path, "config.json"), path=path)
    return GalileoEncoder(network, spec=spec, variant=variant, device=device, precision=precision)


OFFICIAL = Variant(
    name="official",
    title="The five groups of Sentinel-2 bands, as the authors evaluate it.",
)

NDVI = Variant(
    name="ndvi",
    title="With the vegetation index (B08 - B04) / (B08 + B04) as a sixth group, as in training.",
    options={"ndvi": True},
)

GALILEO_NANO = EncoderSpec(
    name="galileo-nano",
    title="Galileo nano",
    dim=128,
    modalities=("image",),
    bands=BANDS,
    pixels="sentinel2-l2a",
    image_size=96,
    preprocessing=(
        "Each band from mean - 2 std to mean + 2 std of the training data becomes 0 to 1; rasters "
        "over 96 px are read in windows whose tokens are averaged; month from the date, else July."
    ),
    licence="MIT",
    attribution="NASA Harvest, Galileo",
    source="Tseng et al. 2025, trained on 127,155 places of many sensors",
    paper="https://arxiv.org/abs/2502.09356",
    weights="nasaharvest/galileo@0bbc53293a37dea7d563566f015c5527bdaf3793, models/nano/encoder.pt",
    files=(
        WeightFile(
            name="models/nano/encoder.pt",
            sha256="eab6acacf527886a508a555bc24efe4b4a2cf91b162e84cd1c4a1807e942180c",
            size=4_189_406,
            or_else=("encoder.pt",),
        ),
        WeightFile(name="models/nano/config.json", size=2_246, or_else=("config.json",)),
    ),
    homes=(
        Home(
            hub="huggingface",
            repo="nasaharvest/galileo",
            revision="0bbc53293a37dea7d563566f015c5527bdaf3793",
        ),
    ),
    variants=(OFFICIAL, NDVI),
    verified="The real weights were run: on 14 scenes they equal the authors' code within 4e-7.",
    extra="models",
    good_for="More of the same on a laptop: a million parameters, 128 numbers for a raster.",
    load=load,
)
