"""SatCLIP: places and Sentinel-2 rasters become vectors of one space.

What enters: longitudes and latitudes, or digital numbers of the 12 bands of Sentinel-2 L2A (13 with
B10, which the network was trained to see as zeros). What leaves: 256 numbers. The networks are in
`satclip_net.py`, what a place is turned into first in `harmonics.py`, their files in
`satclip_file.py`.

Any public SatCLIP file loads: ViT16, ResNet18 and ResNet50, L10 and L40. Of a ResNet file only the
places can be used; its picture tower is another architecture, which no published table needs. A
file of the location network alone serves places likewise.

Harmonics are exact. SatCLIP's own code evaluates polynomials with 15 printed digits, so its vectors
differ from ours beyond 60 degrees of latitude: by 4e-4 at most in 1 - cosine with a network as it
is before training. Its digits are not imitated; what trained weights make of it is not known.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, Variant
from eex.weights.read import one_of, read_checkpoint
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.running import Precision

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
"""Bands of a Sentinel-2 L2A product in the order of their numbers; B10 is not among them."""

ZERO_BAND = 10
"""Where B10 stands among the 13 bands that the network sees."""

REFLECTANCE_SCALE = 10_000
"""Digital numbers that the network sees as 1."""

CHECKPOINT = "satclip-vit16-l40.ckpt"


def load(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> object:
    """Return a `SatClip` of the weights in a file, or in the folder that has `CHECKPOINT`.

    Raises:
        MissingWeightsError: If the file is not there.
        DamagedWeightsError: If it is not whole, of another model, or of a kind of SatCLIP that is
            not supported.
        MissingExtraError: If PyTorch is not installed.
    """
    checkpoint = read_checkpoint(one_of(weights, (CHECKPOINT,)))
    from eex.encoders.satclip_file import open_satclip

    return open_satclip(checkpoint, spec, variant, device=device, precision=precision)


SATCLIP_VIT16_L40 = EncoderSpec(
    name="satclip-vit16-l40",
    title="SatCLIP ViT16-L40",
    dim=256,
    modalities=("place", "image"),
    bands=BANDS,
    pixels="sentinel2-l2a",
    image_size=224,
    preprocessing="Centre crop of 224 x 224 pixels of 10 m, divided by 10 000, zeros for B10.",
    licence="MIT",
    attribution="SatCLIP, Microsoft (Klemmer et al.); contains Copernicus Sentinel data",
    source="microsoft/satclip, trained on S2-100K",
    paper="https://arxiv.org/abs/2311.17179",
    weights="microsoft/SatCLIP-ViT16-L40, commit 0ef2acc0b91d3c8cfdf4a0cc03207095989287ab",
    files=(WeightFile(name=CHECKPOINT),),
    homes=(
        Home(
            hub="huggingface",
            repo="microsoft/SatCLIP-ViT16-L40",
            revision="0ef2acc0b91d3c8cfdf4a0cc03207095989287ab",
        ),
        Home(hub="modelscope.cn", repo="microsoft/SatCLIP-ViT16-L40"),
        Home(hub="modelscope.ai", repo="VoyagerX/SatCLIP-ViT16-L40"),
    ),
    variants=(
        Variant(
            name="official",
            title="The middle 224 x 224 pixels at 10 m, as the model was trained.",
            options={"image": "crop"},
        ),
        Variant(
            name="eee",
            title="The whole raster resized to 224 x 224 pixels (bicubic, no antialias), as the "
            "EarthEmbeddingExplorer app made its tables.",
            options={"image": "resize"},
        ),
    ),
    verified="Harmonics are within 3e-13 of exact ones; small and full-size random weights equal "
    "SatCLIP's own code within 1e-12 (places) and 1e-6 (images); every tensor of the public layout "
    "is used. The real weights were not run.",
    extra="models",
    good_for="Where else is the Earth like here? Asked with a place alone, or with a raster.",
    notices={
        "place": "Above 60 degrees of latitude SatCLIP's own code computes places inexactly, and "
        "its weights were trained so; here they are exact, so answers may differ a little there.",
    },
    load=load,
)
"""Places with 40 degrees of spherical harmonics, rasters with a small ViT of patch 16."""
