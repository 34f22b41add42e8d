"""SatCLIP's checkpoints: a Lightning file becomes filled networks.

Sizes come from the shapes of tensors; what shapes cannot say, such as the convention of the
harmonics, from the hyper-parameters beside them. Names of tensors begin with `model.`; the location
network is there twice, as `nnet` and `location.nnet`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from eex.encoders.harmonics import CONVENTIONS
from eex.encoders.layouts import translated
from eex.encoders.published import check_sizes, heads_of
from eex.encoders.satclip_net import SatClip, Siren, Tower
from eex.encoders.vit import VisionConfig, filled
from eex.errors import DamagedWeightsError

if TYPE_CHECKING:
    from eex.encoders.base import EncoderSpec, Variant
    from eex.encoders.running import Precision
    from eex.weights.read import Checkpoint

TIMM_HEADS = 6
"""Attention heads of timm's vit_small_patch16_224, whatever its width."""

CLIP_HEAD_WIDTH = 64
"""Width of an attention head of CLIP's ViT."""

PUBLISHED = {
    "satclip-vit16-l40": {"degrees": 40, "capacity": 512, "dim": 256, "width": 384, "depth": 12}
}
"""Sizes by model."""

_log = logging.getLogger("eex")


def open_satclip(
    checkpoint: Checkpoint,
    spec: EncoderSpec,
    variant: Variant,
    *,
    device: str = "cpu",
    precision: Precision = "float32",
) -> SatClip:
    """Return a SatCLIP of what a Lightning checkpoint holds.

    Sizes come from the shapes of tensors, the convention of the harmonics from the
    hyper-parameters ("analytic" where there are none, as every public file has it).

    Raises:
        DamagedWeightsError: If it is of another model, or of a kind that is not supported.
    """
    path, hyper = checkpoint.path, checkpoint.hyper
    tensors = {name.removeprefix("model."): value for name, value in checkpoint.tensors.items()}
    _check_kind(hyper, path)
    places = _place_tensors(tensors, path)
    widths = _widths(places, path)
    degrees = math.isqrt(widths[0])
    if degrees**2 != widths[0] or hyper.get("legendre_polys", degrees) != degrees:
        message = f"{path}: its network takes {widths[0]} harmonics, its hyper-parameters differ."
        raise DamagedWeightsError(message, hint="Get the model again.")
    visual = {k.removeprefix("visual."): v for k, v in tensors.items() if k.startswith("visual.")}
    seen = {"logit_scale"} | {
        name for name in tensors if name.startswith(("nnet.", "location.nnet."))
    }
    rest = {k: v for k, v in tensors.items() if k not in seen and not k.startswith("visual.")}
    with torch.device("meta"):
        location = Siren(widths)
        tower, picture = _tower_of(visual, widths[-1], path)
    network = nn.ModuleDict({"location": location, "tower": tower or nn.Identity()})
    wanted = {f"location.{k}": v for k, v in places.items()}
    wanted |= {f"tower.{k}": v for k, v in picture.items()} | rest
    filled(network, wanted, path=path, model="SatCLIP")
    check_sizes(_sizes(widths, tower), PUBLISHED, model=spec.name, path=path)
    return SatClip(
        tower,
        location,
        convention=hyper.get("harmonics_calculation", CONVENTIONS[0]),
        resnet=bool(visual),
        spec=spec,
        variant=variant,
        device=device,
        precision=precision,
    )


def _check_kind(hyper: Mapping[str, Any], path: Path) -> None:
    """Refuse location networks that none of the public files has."""
    supported = {
        "le_type": ("sphericalharmonics",),
        "pe_type": ("siren",),
        "harmonics_calculation": CONVENTIONS,
    }
    for key, known in supported.items():
        value = hyper.get(key, known[0])
        if value not in known:
            message = f"{path} is a SatCLIP with {key} {value!r}, which is not supported."
            raise DamagedWeightsError(message, hint=f"Supported: {', '.join(known)}.")


def _place_tensors(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the location network, which the file has twice."""
    copies = [
        {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        for prefix in ("nnet.", "location.nnet.")
    ]
    one, other = (copies[0] or copies[1]), (copies[1] or copies[0])
    if not one:
        message = f"{path} does not hold weights of SatCLIP: it has no location network."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    if one.keys() != other.keys() or not all(torch.equal(one[k], other[k]) for k in one):
        message = f"{path} has two location networks, which are not the same."
        raise DamagedWeightsError(message, hint="Get the model again.")
    return {name: value.double() for name, value in one.items()}


def _widths(places: Mapping[str, Tensor], path: Path) -> list[int]:
    names = [f"layers.{i}.weight" for i in range(len(places))]
    names = [name for name in names if name in places] + ["last_layer.weight"]
    shapes = [tuple(places[name].shape) for name in names if name in places]
    if len(shapes) < 2 or any(len(shape) != 2 for shape in shapes):  # noqa: PLR2004
        message = f"{path} has no location network of the kind siren."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    return [shapes[0][1], *(shape[0] for shape in shapes)]


def _tower_of(
    visual: Mapping[str, Tensor], dim: int, path: Path
) -> tuple[Tower | None, dict[str, Tensor]]:
    """Return an empty tower and the tensors that fill it; none for a ResNet or for none."""
    if not visual:
        _log.warning("%s has no picture tower; only places can be encoded.", path)
        return None, {}
    if "layer1.0.conv1.weight" in visual:
        _log.warning("%s: its picture tower is a ResNet; only places can be encoded.", path)
        return None, {}
    clip = "class_embedding" in visual
    prefix = "visual." if clip else "visual.trunk."
    named = {prefix + name: tensor for name, tensor in visual.items()}
    made = {
        re.sub(r"^(visual_proj|visual\.head)\.", "head.", name): tensor
        for name, tensor in translated(named, path=path, model="SatCLIP").tensors.items()
    }
    try:
        width, bands, patch, _ = made["visual.patch_embed.weight"].shape
        side = math.isqrt(made["visual.pos_embed"].shape[1] - 1)
        hidden = made["visual.blocks.0.mlp.fc1.weight"].shape[0]
    except (KeyError, ValueError, IndexError) as error:
        message = f"{path} has no picture tower that SatCLIP has."
        raise DamagedWeightsError(message, hint="Supported: ViT, ResNet (places only).") from error
    rule = max(width // CLIP_HEAD_WIDTH, 1) if clip else TIMM_HEADS
    blocks = {name.split(".")[2] for name in made if name.startswith("visual.blocks.")}
    config = VisionConfig(
        width=width,
        heads=heads_of(width, None, rule, path=path),
        hidden=hidden,
        depth=len(blocks),
        activation="quick_gelu" if clip else "gelu",
        eps=1e-5 if clip else 1e-6,
        patch=patch,
        grid=(side, side),
        bands=bands,
        patch_bias=not clip,
        norm_pre=clip,
        resize="none",
    )
    return Tower(config, dim, bias=not clip), made


def _sizes(widths: Sequence[int], tower: Tower | None) -> dict[str, int]:
    sizes = {"degrees": math.isqrt(widths[0]), "capacity": widths[1], "dim": widths[-1]}
    if tower is not None:
        sizes |= {"width": tower.visual.config.width, "depth": tower.visual.config.depth}
    return sizes
