"""What `eex build` says once it has built: sets, how long it took, what is left out and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from eex.cli.build_costs import time_text
from eex.cli.facts import counted
from eex.cli.say import answer, json_text, say
from eex.cli.sets import size_text

if TYPE_CHECKING:
    from eex.build.asked import Asked
    from eex.build.make import Made

SHOWN = 12
"""Scenes that could not be read, that are listed."""


def tell(made: Made, output: str | Path, *, as_json: bool, asked: Asked) -> None:
    """Answer with what was made; beside it say what there is to know.

    Args:
        made: What was made.
        output: What was asked for: notes lie beside it.
        as_json: Answer as JSON.
        asked: What was asked of the build.
    """
    if as_json:
        record = asdict(made) | {"files": [str(file) for file in made.files]}
        answer(json_text(record))
    else:
        for file, rows in zip(made.files, made.rows, strict=True):
            size = size_text(file.stat().st_size)
            state = "is there already" if made.before else "written"
            answer(f"{file}: {counted(rows, 'tile')}, {size}, {state}")
    for note in made.notes:
        say(note)
    if made.tiles and made.seconds:
        rate = made.tiles / made.seconds
        precision = ", ".join(dict.fromkeys(model.precision for model in asked.models))
        say(
            f"{counted(made.tiles, 'tile')} in {time_text(made.seconds)}, {rate:,.1f} a second on "
            f"{made.device}, {precision}; models waited for pixels {100 * made.waited:.0f} % of it."
        )
    _tell_left_out(made, output)
    if made.aside:
        say("The same command with --retry tries them again.")
    elif made.before:
        say(
            "Nothing was looked for: what has come since is added with "
            f"--append {made.files[0]}, all is made anew with --fresh."
        )
    elif not as_json:
        how = "--text …" if _takes_text(asked) else "--row 0"
        say(f"Search it: eex search --set {made.files[0]} {how}")


def _tell_left_out(made: Made, output: str | Path) -> None:
    """Say what no tile is from."""
    from eex.build.plan import BuildFolder

    if made.empty:
        gave = "scene or shard gave" if len(made.empty) == 1 else "scenes or shards gave"
        note = BuildFolder(Path(output)).path / "done.json"
        say(f"{len(made.empty):,} {gave} no tile; {note} names them.")
    if not made.aside:
        return
    are = "is" if len(made.aside) == 1 else "are"
    say(f"{counted(len(made.aside), 'piece')} could not be read and {are} set aside:")
    lines = dict.fromkeys(f"  {one.ref}: {one.reason}" for one in made.aside)
    for line in list(lines)[:SHOWN]:
        say(line)
    if len(lines) > SHOWN:
        say(f"  … and {len(lines) - SHOWN} more")
    if made.instead:
        say("Places of theirs that other scenes have were read from these.")


def _takes_text(asked: Asked) -> bool:
    from eex.encoders.open import encoder_spec

    model = asked.models[0]
    return "text" in encoder_spec(model.name, model.weights or None).modalities
