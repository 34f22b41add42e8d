"""Options of every command that runs a model, and loading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eex.cli.say import read_settings, say
from eex.config import PRECISIONS

if TYPE_CHECKING:
    from eex.encoders.open import Encoder
    from eex.imagery.scene import Scene

Command = Callable[..., None]


def model_options(command: Command) -> Command:
    """Add --model, --weights, --variant, --device and --precision; they arrive by these names."""
    options = (
        click.option("--model", required=True, metavar="NAME", help="A name of eex models."),
        click.option(
            "--weights",
            type=click.Path(path_type=Path),
            help="File or folder of its weights; by default those that eex models get fetched.",
        ),
        click.option("--variant", default="", help="Way of running it; see eex models info."),
        click.option("--device", help="auto, cpu, cuda or mps.  [default: auto]"),
        click.option(
            "--precision",
            type=click.Choice(PRECISIONS),
            help="Number format.  [default: float32]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def bands_option(command: Command) -> Command:
    """Add --bands; `as_source` reads it."""
    return click.option(
        "--bands",
        metavar="B04,B03,…",
        help="Names of a GeoTIFF's bands, in its order, where it does not say them.",
    )(command)


def as_source(file: Path, bands: str | None) -> Path | Scene:
    """Return the file, or what is in it where its bands were named."""
    if bands is None:
        return file
    from eex.imagery.sentinel2 import read_scene

    return read_scene(file, bands=[band.strip() for band in bands.split(",")])


def prompt_options(command: Command) -> Command:
    """Add --prompts and --prompt; `templates_of` reads them."""
    own = click.option("--prompts", is_flag=True, help="Put words into the model's own prompts.")
    given = click.option(
        "--prompt",
        "prompt",
        multiple=True,
        metavar='"A {}"',
        help="Put words into this prompt; may be given several times.",
    )
    return own(given(command))


def loaded(
    model: str, *, weights: Path | None, variant: str, device: str | None, precision: str | None
) -> Encoder:
    """Load the model that the options name."""
    from eex.encoders.open import encoder

    return encoder(
        model,
        weights=weights,
        variant=variant,
        device=device,
        precision=precision,
        settings=read_settings(),
    )


def templates_of(encoder: Encoder, *, prompts: bool, prompt: tuple[str, ...]) -> tuple[str, ...]:
    """Return the prompts that the options ask for, and say which."""
    chosen = (*(encoder.spec.prompts() if prompts else ()), *prompt)
    if chosen:
        say(f"The words are put into: {', '.join(chosen)}")
    return chosen
