"""What `eex build` measures before it works: rates of models, and the whole cost of a build."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from eex.cli.say import progress, say
from eex.errors import EexError

if TYPE_CHECKING:
    from eex.build.asked import Asked, Source
    from eex.build.estimate import Estimate
    from eex.build.items import Tiling
    from eex.config import Settings
    from eex.encoders.base import EncoderSpec


def dry_run(source: Source, asked: Asked, settings: Settings) -> Estimate:
    """List and plan a build and say what it costs; nothing is written.

    Raises:
        EexError: As the build itself would before it works.
    """
    from eex.build.asked import checked, want_of
    from eex.build.estimate import estimate_of, measured_rate, rate_key, remembered
    from eex.build.job import Job
    from eex.build.make import planned
    from eex.build.result import DTYPES
    from eex.build.world import WorldScenes

    specs = checked(asked, settings)
    with ExitStack() as drawn:
        bar = progress("listing", "scenes", drawn)
        plan, aside = planned(
            source,
            asked,
            specs,
            settings=settings,
            progress=lambda _, done, total: bar(done, total),
        )
    for one in aside:
        say(f"{one.ref} cannot be planned: {one.reason}")
    wants = [want_of(s, asked, world=isinstance(source, WorldScenes)) for s in specs]
    rates: dict[str, float] = {}
    for model, spec, want in zip(asked.models, specs, wants, strict=True):
        before = remembered(settings).get(rate_key([model], asked.tiling, asked.device))
        if before:
            rates[spec.name] = before
            continue
        job = Job(
            parts="",
            tiling=asked.tiling,
            models=(model,),
            wants=(want,),
            device=asked.device,
            settings=settings,
        )
        with suppress(EexError):
            rates[spec.name] = measured_rate(model, spec, job)
    return estimate_of(
        plan.items, asked.tiling, wants, specs, rates=rates, dtype=asked.dtype or DTYPES[0]
    )


def rate_here(
    spec: EncoderSpec,
    tiling: Tiling,
    settings: Settings,
    device: str | None,
    precision: str | None,
) -> float:
    """Return how many images a second a model encodes here.

    Raises:
        WeightsError: If it cannot be loaded.
    """
    from eex.build.estimate import measured_rate
    from eex.build.job import Job
    from eex.build.plan import Model

    model = Model(name=spec.name, precision=precision or settings.precision)
    job = Job(
        parts="", tiling=tiling, models=(model,), wants=(), device=device or "", settings=settings
    )
    return measured_rate(model, spec, job)
