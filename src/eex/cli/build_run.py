"""What `eex build` measures before it works: rates of models, and the whole cost of a build."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.cli.say import progress, say
from eex.errors import EexError

if TYPE_CHECKING:
    from eex.build.asked import Asked, Source
    from eex.build.estimate import Estimate
    from eex.build.items import Item, Tiling, Want
    from eex.config import Settings
    from eex.encoders.base import EncoderSpec


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a build costs."""

    whole: Estimate
    """All of it; of a finished build nothing, which is not planned again."""
    left: Estimate | None = None
    """What remains of one that was begun."""
    rows: tuple[int, ...] = ()
    """Of the sets, once they are finished."""

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON: the whole, and `left` where it was begun."""
        left = {} if self.left is None else {"left": self.left.to_json()}
        rows = {"rows": list(self.rows)} if self.rows else {}
        return self.whole.to_json() | left | rows


def dry_run(
    source: Source,
    asked: Asked,
    settings: Settings,
    *,
    output: Path | None = None,
    keeps: Source | None = None,
) -> Costs:
    """List and plan a build, or look how far it is, and say what it costs; nothing is written.

    Args:
        source: What the imagery is.
        asked: What to do.
        settings: For models and the network.
        output: The set, if it was said.
        keeps: The same source where its scenes are kept whole: as the build itself asks it.

    Raises:
        EexError: As the build itself would before it works.
    """
    from eex.build.asked import checked, request_of, want_of
    from eex.build.begun import begun
    from eex.build.estimate import estimate_of
    from eex.build.result import DTYPES
    from eex.build.world import WorldScenes

    specs = checked(asked, settings)
    there = None
    if output is not None:
        there = begun(output, asked, request_of(keeps or source, asked, specs))
    items = _items(source, asked, specs, settings) if there is None else there.every
    wants = [want_of(s, asked, world=isinstance(source, WorldScenes)) for s in specs]
    rates = {} if there is not None and there.rows else _rates(asked, specs, wants, settings)
    cost = partial(
        estimate_of,
        tiling=asked.tiling,
        wants=wants,
        specs=specs,
        rates=rates,
        dtype=asked.dtype or DTYPES[0],
    )
    if there is None:
        return Costs(whole=cost(items))
    return Costs(whole=cost(items), left=cost(there.left), rows=there.rows)


def _items(
    source: Source, asked: Asked, specs: Sequence[EncoderSpec], settings: Settings
) -> Sequence[Item]:
    """List and plan."""
    from eex.build.make import planned

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
    return plan.items


def _rates(
    asked: Asked, specs: Sequence[EncoderSpec], wants: Sequence[Want], settings: Settings
) -> dict[str, float]:
    """Return images a second of each model: as in earlier builds, else measured."""
    from eex.build.estimate import measured_rate, rate_key, remembered
    from eex.build.job import Job

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
    return rates


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
