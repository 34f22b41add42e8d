"""Any CLIP or SigLIP checkpoint as an encoder, by hub id or by path, without new code.

    clip:hf-hub:org/name        a repository of Hugging Face, of open_clip or of transformers
    clip:hf-hub:org/name@COMMIT   the same, pinned
    clip:PATH                   a folder, or a file of weights

What shapes do not tell is read from the configuration beside the weights (`pair_config`). A file
without one is taken for a CLIP like OpenAI's; "gelu" is the other variant.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eex.encoders.base import OFFICIAL, EncoderSpec, Variant
from eex.encoders.clip import OTHER_NAMES
from eex.encoders.pair_config import CLIP_RULES, PairConfig, config_of
from eex.errors import MissingWeightsError, UnknownNameError
from eex.files import user_path
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.encoders.pair import PairEncoder
    from eex.encoders.running import Precision

PREFIX = "clip:"
"""Begins the names of all of them."""

HUB = re.compile(r"hf-hub:(\w[\w.-]*/\w[\w.-]*)(?:@([\w./-]+))?", re.ASCII)
"""What follows for a repository."""

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
"""How files of weights end; the only one in a folder is taken, whatever it is called."""

HUB_FILES = (
    WeightFile(name="open_clip_config.json", or_else=("config.json",)),
    WeightFile(name=OTHER_NAMES[0], or_else=OTHER_NAMES[1:]),
    WeightFile(name="preprocessor_config.json", optional=True),
    WeightFile(name="tokenizer.json", optional=True),
    WeightFile(name="tokenizer_config.json", optional=True),
)
"""What is fetched of a repository."""

UNTOLD = (
    Variant(name="official", title="With QuickGELU, as OpenAI's CLIP and what came from it."),
    Variant(name="gelu", title="With GELU.", options={"activation": "gelu"}),
)
"""Ways of running a file that has no configuration beside it."""


def any_clip_spec(name: str, weights: str | Path | None = None) -> EncoderSpec:
    """Return what is known of a checkpoint before it is loaded.

    Lengths and sizes are those of its configuration where that is at a path or beside `weights`; of
    a repository, 0 otherwise. The `spec` of the loaded encoder has them always.

    Args:
        name: `clip:` and a hub id or a path.
        weights: Where its file or folder is: that which was fetched of a repository, or another
            than that path, which may be one of another machine.

    Raises:
        UnknownNameError: If neither follows.
        MissingWeightsError: If nothing is at the path.
        WeightsError: If the configuration is of a model that is not supported.
    """
    rest = name.removeprefix(PREFIX)
    if rest.startswith("hf-hub:"):
        match = HUB.fullmatch(rest)
        if match is None:
            message = f"{name!r} has no hub id."
            raise UnknownNameError(message, hint="Such as clip:hf-hub:org/name.")
        repo, revision = match[1], match[2] or "main"
        home = Home(hub="huggingface", repo=repo, revision=revision)
        told = None if weights is None else config_of(user_path(weights))
        return _spec(name, repo, told, files=HUB_FILES, homes=(home,))
    path = local_path(name)
    if path is not None and weights is not None:
        path = user_path(weights)
    if path is None:
        message = f"{name!r} has neither a hub id nor a path."
        raise UnknownNameError(message, hint="Such as clip:hf-hub:org/name or clip:FOLDER.")
    if not path.exists():
        message = f"There are no weights at {path}."
        hint = "Check the path; clip:hf-hub:org/name is a model of Hugging Face."
        raise MissingWeightsError(message, hint=hint)
    told = config_of(path)
    return _spec(name, path.stem, told, variants=(OFFICIAL,) if told else UNTOLD)


def local_path(name: str) -> Path | None:
    """Return the path in `clip:PATH`; None for a hub id."""
    rest = name.removeprefix(PREFIX)
    if not rest.strip() or rest.startswith("hf-hub:"):
        return None
    return user_path(rest)


def load_any_clip(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision = "float32",
) -> PairEncoder:
    """Return the checkpoint at a path, filled; its `spec` has lengths and sizes.

    Raises:
        MissingWeightsError: If a folder has no weights.
        DamagedWeightsError: If they are not whole, not safe to read, or of another kind of model.
        WeightsError: If the configuration is of a model that is not supported.
        MissingExtraError: If PyTorch is not installed.
    """
    from eex.weights.read import needs_torch

    needs_torch()
    from eex.encoders.pair import load_pair

    config, rules = config_of(weights), CLIP_RULES
    if activation := variant.options.get("activation"):
        rules = replace(rules, vision_activation=activation, text_activation=activation)
    return load_pair(
        device,
        spec=spec,
        weights=weights,
        variant=variant,
        precision=precision,
        config=config,
        rules=rules,
        files=(*OTHER_NAMES, *_only_file(weights)),
    )


def _only_file(weights: Path) -> tuple[str, ...]:
    if not weights.is_dir():
        return ()
    some = [path.name for path in weights.iterdir() if path.suffix in SUFFIXES]
    return tuple(some) if len(some) == 1 else ()


def _spec(
    name: str,
    title: str,
    told: PairConfig | None,
    *,
    files: tuple[WeightFile, ...] = (),
    homes: tuple[Home, ...] = (),
    variants: tuple[Variant, ...] = (OFFICIAL,),
) -> EncoderSpec:
    config = told or CLIP_RULES
    return EncoderSpec(
        name=name,
        title=f"{'SigLIP' if config.family == 'siglip' else 'CLIP'} {title}",
        dim=config.dim,
        modalities=("text", "image"),
        bands=("B04", "B03", "B02"),
        image_size=config.prepare.size,
        preprocessing="As its configuration says.",
        context=config.context,
        attribution=homes[0].repo if homes else "",
        weights=name.removeprefix(PREFIX),
        files=files,
        homes=homes,
        variants=variants,
        templates=("a satellite image of {}.", "an aerial photo of {}."),
        heatmaps=True,
        extra="models",
        good_for="Your own choice of a CLIP or SigLIP.",
        load=load_any_clip,
    )
