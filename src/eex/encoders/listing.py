"""What is known of encoders, as plain records for lists, programs and the API; loads none."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eex.encoders.anyclip import PREFIX, any_clip_spec
from eex.errors import EexError
from eex.weights.hubs import page_of
from eex.weights.store import get_command, installed

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.encoders.base import EncoderSpec
    from eex.weights.records import WeightFile


def encoder_record(spec: EncoderSpec, settings: Settings) -> dict[str, Any]:
    """Return all that is known of an encoder, and whether its weights are here, as plain values.

    Nothing in it tells where on this machine they lie.
    """
    found = installed(spec, settings)
    if spec.name.startswith(PREFIX) and found.state in {"here", "cached"}:
        with suppress(EexError):  # loading it says what is wrong with its configuration
            spec = any_clip_spec(spec.name, found.path)
    return {
        "name": spec.name,
        "title": spec.title,
        "dim": spec.dim,
        "modalities": list(spec.modalities),
        "bands": list(spec.bands),
        "pixels": spec.pixels if spec.bands else "",
        "image_size": spec.image_size,
        "preprocessing": spec.preprocessing,
        "context": spec.context,
        "templates": list(spec.templates),
        "variants": [{"name": v.name, "title": v.title} for v in spec.variants],
        "heatmaps": spec.heatmaps,
        "licence": spec.licence,
        "attribution": spec.attribution,
        "source": spec.source,
        "paper": spec.paper,
        "weights": spec.weights,
        "homes": [{**asdict(home), "page": page_of(home)} for home in spec.homes],
        "files": [_file_record(file) for file in spec.files],
        "verified": spec.verified,
        "extra": spec.extra,
        "good_for": spec.good_for,
        "notice": spec.notice,
        "demo": spec.demo,
        "installed": found.ready,
        "state": found.state,
        "get": "" if found.ready else get_command(spec.name),
    }


def _file_record(file: WeightFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "or_else": list(file.or_else),
        "sha256": file.sha256,
        "size": file.size,
        "optional": file.optional,
        "home": None if file.home is None else {**asdict(file.home), "page": page_of(file.home)},
    }
