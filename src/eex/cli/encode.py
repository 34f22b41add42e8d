"""`eex encode`: texts, images and places to vectors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.running import (
    as_source,
    bands_option,
    loaded,
    model_options,
    prompt_options,
    templates_of,
)
from eex.cli.say import Commands, answer, check_target, json_text, progress, say
from eex.errors import BadQueryError, EexError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.encoders.inputs import ImageInput
    from eex.encoders.open import Encoder

SUFFIXES = (".npy", ".json")
"""What is written: an array, float32, one row for each input; or JSON with what it is."""

AT_ONCE = 16
"""Images that are held in memory at a time."""

WIDE = 48
"""Characters of a text or a path that a terminal shows."""

SHOWN = 4
"""Numbers of a vector that a terminal shows."""


@click.group(cls=Commands)
def encode() -> None:
    """Turn texts, images or places into unit vectors.

    \b
    Examples:
      eex encode text "a lake" "a forest" --model remoteclip-vit-b-32 -o vectors.npy
      eex encode text airport --model siglip-so400m-14-384 --prompts
      eex encode image tile.tif --model galileo-nano -o tile.npy
      eex encode place "48.9, 2.4" Cairo --model satclip-vit16-l40 -o places.json
    """  # noqa: D301 - click reads the backspace


_output = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write .npy or .json there."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, all numbers.")


@encode.command()
@click.argument("texts", nargs=-1, required=True)
@model_options
@prompt_options
@_output
@_as_json
def text(
    texts: tuple[str, ...],
    output: Path | None,
    *,
    prompts: bool,
    prompt: tuple[str, ...],
    as_json: bool,
    **model: Any,  # noqa: ANN401
) -> None:
    """Turn texts into vectors; what is beyond the model's context is cut, and told."""
    _check_output(output)
    encoder = loaded(**model)
    templates = templates_of(encoder, prompts=prompts, prompt=prompt)
    vectors = encoder.encode_text(list(texts), templates=templates)
    _write(encoder, list(texts), vectors, output, as_json=as_json)


@encode.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@bands_option
@model_options
@_output
@_as_json
def image(
    files: tuple[Path, ...],
    output: Path | None,
    *,
    bands: str | None,
    as_json: bool,
    **model: Any,  # noqa: ANN401
) -> None:
    """Turn images into vectors: pictures, GeoTIFFs of Sentinel-2 bands, folders of Major TOM.

    A model of pictures sees a raster of bands in true colour, 2.5 x reflectance.
    """
    import numpy as np

    from eex.encoders.inputs import encode_inputs

    _check_output(output)
    encoder = loaded(**model)
    tell = progress("encoding", "images") if len(files) > AT_ONCE else (lambda _d, _t: None)
    made = []
    for low in range(0, len(files), AT_ONCE):
        some = [
            _read(file, encoder, bands, alone=len(files) == 1)
            for file in files[low : low + AT_ONCE]
        ]
        made.append(encode_inputs(encoder, some))
        tell(min(low + AT_ONCE, len(files)), len(files))
    names = [str(file) for file in files]
    _write(encoder, names, np.concatenate(made), output, as_json=as_json)


@encode.command(context_settings={"ignore_unknown_options": True})  # such as "-14.2, -69.1"
@click.argument("places", nargs=-1, required=True)
@model_options
@_output
@_as_json
def place(
    places: tuple[str, ...],
    output: Path | None,
    *,
    as_json: bool,
    **model: Any,  # noqa: ANN401
) -> None:
    """Turn places into vectors: "LAT, LON", or names."""
    import numpy as np

    from eex.search.place import parse_place

    _check_output(output)
    found = [parse_place(given) for given in places]
    encoder = loaded(**model)
    vectors = encoder.encode_place(np.array([(p.lon, p.lat) for p in found]))
    names = [f"{p.name} ({p.lat:.4f}, {p.lon:.4f})" for p in found]
    _write(encoder, names, vectors, output, as_json=as_json)


def _read(file: Path, encoder: Encoder, bands: str | None, *, alone: bool) -> ImageInput:
    """Read an image; where there are several, an error says of which."""
    from eex.encoders.inputs import image_input

    try:
        return image_input(as_source(file, bands), encoder.spec)
    except EexError as error:
        if alone or file.name in error.message:
            raise
        message = f"{file}: {error.message}"
        raise type(error)(message, hint=error.hint) from error


def _check_output(output: Path | None) -> None:
    check_target(output)
    if output is not None and output.suffix.lower() not in SUFFIXES:
        message = f"The name {output} does not say in which format to write."
        raise BadQueryError(message, hint=f"Formats: {', '.join(SUFFIXES)}.")


def _write(
    encoder: Encoder,
    names: list[str],
    vectors: NDArray[np.float32],
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    if output is not None and output.suffix.lower() == ".npy":
        import numpy as np

        from eex.files import write_bytes

        out = io.BytesIO()
        np.save(out, vectors.astype(np.float32))
        write_bytes(output, out.getvalue())
        say(f"Wrote {output}: {len(vectors)} x {encoder.dim}, float32")
        return
    if as_json or output is not None:
        record = {
            "model": encoder.spec.name,
            "variant": encoder.variant.name,
            "dim": encoder.dim,
            "inputs": names,
            "vectors": [[float(f"{number:.9g}") for number in vector] for vector in vectors],
        }
        answer(json_text(record), output)
        return
    about = f"{encoder.spec.name}, {encoder.variant.name}: {encoder.dim} numbers, unit length"
    lines = [
        f"{_short(name):<{WIDE}}  {' '.join(f'{n:8.4f}' for n in vector[:SHOWN])} …"
        for name, vector in zip(names, vectors, strict=True)
    ]
    answer("\n".join([about, *lines]))


def _short(name: str) -> str:
    """Return a name that fits, its middle left out: paths differ at the end, texts at both."""
    return name if len(name) <= WIDE else f"{name[:15]}…{name[16 - WIDE :]}"
