"""What is asked of a build: checked before any work, and compared with what was asked before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from eex.build.about import weights_of
from eex.build.items import Tiling, Want
from eex.build.job import BATCH, READERS
from eex.build.plan import Model
from eex.build.result import DTYPES
from eex.build.world import RGB as WORLD_RGB
from eex.config import PRECISIONS, Settings
from eex.encoders.base import EncoderSpec
from eex.errors import BadQueryError
from eex.files import user_path
from eex.imagery.scene import RGB
from eex.registry import unknown_name
from eex.sources.refs import Listed, Ref

SUFFIXES = (".parquet", ".geoparquet")
"""Endings of sets."""

Engine = Literal["local", "ray", "here"]
"""Who embeds: processes of this machine, Ray, or this process itself."""

PIECE = 4096
"""Tiles of an item, about."""

ENGINES = ("local", "ray", "here")


class Source(Protocol):
    """Lists references; see `eex.sources.refs.SceneSource`."""

    name: str
    title: str

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return what matches."""
        ...

    def asked(self) -> dict[str, Any]:
        """Return what was asked for."""
        ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a build makes, and how; from `dtype` on, nothing is part of what makes two the same."""

    models: tuple[Model, ...]
    """Each gives a set."""
    tiling: Tiling = field(default_factory=Tiling)
    """How scenes become tiles."""
    stretch: str = "majortom"
    """How numbers become 8 bits for models of pictures; see `eex.imagery.stretch`."""
    bands: tuple[str, ...] = ()
    """Bands that models of pictures see as red, green and blue; by default those of Sentinel-2."""
    once: str = ""
    """"place": one tile for each place; "group": one for each place and pass."""
    title: str = ""
    """Of the set; the source's own by default."""
    batch: int = BATCH
    """Tiles that are read and encoded at a time; it decides the last bits of vectors."""
    piece: int = PIECE
    """Tiles of an item, about: what is done again after a stop."""
    append: Path | None = None
    """A set whose rows stay."""
    dtype: str = ""
    """Number format of the vectors; empty: float16, or that of the set that is added to."""
    engine: Engine = "local"
    """Who embeds."""
    workers: int = 1
    """Processes that embed; each loads the models."""
    address: str = ""
    """Of a Ray that runs; empty starts one here."""
    device: str = ""
    """What networks run on; empty: as the settings say."""
    readers: int = READERS
    """Items that are read side by side in a process."""
    fresh: bool = False
    """Throw away what an earlier build of this output left, and replace the set."""
    retry: bool = False
    """Try again what was set aside."""


def checked_output(output: Path) -> Path:
    """Return the path of a set, or refuse it."""
    output = user_path(output)
    if output.suffix.lower() not in SUFFIXES:
        message = f"A set is not written as {output.suffix or 'a file without an ending'}."
        raise BadQueryError(message, hint=f"It is GeoParquet: -o {output.stem or 'NAME'}.parquet")
    return output


def checked(asked: Asked, settings: Settings) -> tuple[EncoderSpec, ...]:
    """Return what is known of the models, or say what cannot be asked for.

    Raises:
        UnknownNameError: If there is no such model, variant, stretch or engine.
        BadQueryError: If a model takes no images, or numbers make no sense.
        MissingWeightsError: If its weights are not here.
    """
    from eex.encoders.devices import check_device
    from eex.encoders.open import encoder_spec
    from eex.imagery.stretch import STRETCHES
    from eex.weights.store import find_weights

    tiling = asked.tiling
    for kind, name, known in (
        ("engine", asked.engine, ENGINES),
        ("precision", asked.models[0].precision if asked.models else "", ("", *PRECISIONS)),
        ("number format", asked.dtype, ("", *DTYPES)),
        ("way of embedding once", asked.once, ("", "place", "group")),
        ("grid", tiling.grid, ("scene", "majortom")),
        ("stretch", asked.stretch, ("", *STRETCHES)),
    ):
        if name not in known:
            raise unknown_name(kind, name, tuple(filter(None, known)))
    if not asked.models:
        message = "No model is given."
        raise BadQueryError(message, hint="Name one: --model remoteclip-vit-b-32")
    counts = {n: getattr(asked, n) for n in ("workers", "batch", "piece", "readers")}
    if bad := [f"{count} {name}" for name, count in counts.items() if count < 1]:
        message = f"There cannot be {bad[0]}."
        raise BadQueryError(message, hint="Give 1 or more, or leave it out.")
    if tiling.size < 8 or tiling.stride < 1:  # noqa: PLR2004
        message = f"Tiles of {tiling.size} pixels every {tiling.stride}: that cannot be."
        raise BadQueryError(message, hint="Such as --size 224 --stride 112.")
    _check_together(asked)
    specs = []
    for model in asked.models:
        spec = encoder_spec(model.name, model.weights or None)
        spec.variant(model.variant)
        if asked.device and (spec.demo or spec.extra):  # a plug-in may have names of its own
            check_device(asked.device)
        if "image" not in spec.modalities:
            message = f"The model {spec.name} takes no images."
            raise BadQueryError(message, hint=f"It takes: {', '.join(spec.modalities)}.")
        if spec.files or model.weights:
            find_weights(spec, model.weights or None, settings=settings)
        specs.append(spec)
    return tuple(specs)


def _check_together(asked: Asked) -> None:
    """Let pass options that go together."""
    if len({model.stem for model in asked.models}) < len(asked.models):
        message = "A model is given twice."
        raise BadQueryError(message, hint="Build two variants of it in two builds.")
    if asked.bands and len({*asked.bands}) != len(RGB):
        message = f"A picture has three bands, not {', '.join(asked.bands)}."
        raise BadQueryError(message, hint="Name red, green and blue: --rgb B04,B03,B02")
    if asked.address and asked.engine != "ray":
        message = f"There is no Ray at {asked.address} to go to: the engine is {asked.engine}."
        raise BadQueryError(message, hint="Add --engine ray, or leave --address out.")


def outputs(output: Path, models: Sequence[Model]) -> tuple[Path, ...]:
    """Return the file of each model."""
    if len(models) == 1:
        return (output,)
    return tuple(output.with_name(f"{output.stem}-{m.stem}{output.suffix}") for m in models)


def check_free(files: Sequence[Path], asked: Asked) -> None:
    """Refuse to replace a set that is there.

    Raises:
        BadQueryError: If one is.
    """
    there = next((path for path in files if path.exists()), None)
    if there is None or asked.fresh:
        return
    if asked.append is not None and there.resolve() == asked.append.resolve():
        return
    message = f"{there} is there already."
    hint = f"Add to it with --append {there}, replace it with --fresh, or give another name."
    raise BadQueryError(message, hint=hint)


def request_of(source: Source, asked: Asked, specs: Sequence[EncoderSpec]) -> dict[str, Any]:
    """Return what makes two builds the same."""
    return {
        "source": source.name,
        "asked": json.loads(json.dumps(source.asked(), default=str)),
        "tiling": asdict(asked.tiling),
        "models": [asdict(model) for model in asked.models],
        "weights": [weights_of(*both) for both in zip(asked.models, specs, strict=True)],
        "stretch": asked.stretch,
        "bands": list(asked.bands),
        "once": asked.once,
        "batch": asked.batch,
        "piece": asked.piece,
        "append": str(asked.append.resolve()) if asked.append else "",
    }


def want_of(spec: EncoderSpec, asked: Asked, *, world: bool = False) -> Want:
    """Return what form of pixels a model takes.

    Raises:
        BadQueryError: If it takes bands, and there are none.
    """
    if spec.pixels == "picture":
        if world:
            return Want(bands=WORLD_RGB, stretch="stored")
        return Want(bands=asked.bands or RGB, stretch=asked.stretch)
    if world:
        message = f"The model {spec.name} takes bands of Sentinel-2; the embedded world has none."
        raise BadQueryError(message, hint="Choose a model that takes pictures.")
    return Want(bands=spec.bands)


def bands_of(asked: Asked) -> tuple[str, ...]:
    """Return the bands that are read of scenes: those of all models, and classes for clouds."""
    from eex.encoders.open import encoder_spec

    specs = [encoder_spec(model.name, model.weights or None) for model in asked.models]
    bands = [band for spec in specs for band in want_of(spec, asked).bands]
    clouds = ("SCL",) if asked.tiling.max_cloud < 1 else ()
    return tuple(dict.fromkeys((*bands, *clouds)))
