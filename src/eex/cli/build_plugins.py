"""Sources of scenes of other packages are commands of `eex build`, under their own names.

    eex build archive --option table=scenes.csv --dates 2024 --model … -o ours.parquet

Their names are known without importing them; what they take is read from how they are made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import click

from eex.cli.build_options import build_options, keep_option, scene_options, tiling_options
from eex.cli.say import Commands
from eex.cli.words import Words, key_values, output_words
from eex.sources.asking import kinds, options_of

Run = Callable[[str, dict[str, Any], dict[str, Any]], None]
"""Builds from a source: its name, what every source is asked, what it alone is asked."""


class Sources(Commands):
    """Finds commands that are here, then sources of scenes that are installed."""

    run: Run
    """What builds; set beside the group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all; nothing is imported."""
        return sorted({*super().list_commands(ctx), *kinds()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; one of ours comes before a source of the same name."""
        own = super().get_command(ctx, cmd_name)
        if own is None and cmd_name in kinds():
            return _command(cmd_name, self.run)
        return own


class _Plugged(Words):
    """Its help says what the source takes, which imports it."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the source."""
        needed, other = options_of(cast("str", self.name))
        about = inspect.getdoc(_made_by(cast("str", self.name))) or ""
        rows = [(f"--option {name}=…", "needed") for name in needed]
        rows += [(f"--option {name}=…", "") for name in other]
        with formatter.section(f"Of {self.name} itself"):
            if about:
                formatter.write_text(about.partition("\n\n")[0].replace("\n", " "))
            if rows:
                formatter.write_dl(rows)


def _command(name: str, run: Run) -> click.Command:
    @click.command(
        name,
        cls=_Plugged,
        bare=output_words,
        short_help="Scenes of an installed package.",
        help=f"Scenes of {name}, a source of an installed package.",
    )
    @click.option(
        "--option",
        "own",
        multiple=True,
        metavar="NAME=VALUE",
        help="Of the source itself, see below; may be given several times.",
    )
    @scene_options
    @keep_option
    @tiling_options
    @build_options
    def command(own: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401
        needed, other = options_of(name)
        told = key_values(own, such_as=f"{(*needed, *other, 'name')[0]}=…")
        if lacking := [key for key in needed if key not in told]:
            message = f"The source {name} needs {' and '.join(lacking)}: --option {lacking[0]}=…"
            raise click.UsageError(message)
        run(name, given, dict(told))

    return cast("click.Command", command)


def _made_by(name: str) -> object:
    from eex.registry import find

    return find("eex.scenes", name)
