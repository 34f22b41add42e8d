"""The command line: each command parses, makes one call, answers.

Answers go to standard output and nothing else does; messages and progress go to standard error.
Exit codes: 0 done, 1 an error of ours in one line, 2 wrong usage.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress

import click

import eex
from eex.cli import (
    build,
    encode,
    feedback,
    heatmap,
    index,
    info,
    models,
    opening,
    publishing,
    search,
    serving,
    sets,
    tile,
)
from eex.cli import write as _write  # noqa: F401 - gives `eex set` its command
from eex.cli.say import Commands, say
from eex.errors import EexError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(eex.__version__, prog_name="eex")
def cli() -> None:
    """Ask the Earth in words, with a picture or a place.

    \b
    Examples:
      eex search --text "sand desert"
      eex search --place "48.9, 2.4" --k 5
      eex search --image photo.jpg --format geojson -o best.geojson
      eex serve
    """  # noqa: D301 - click reads the backspace


COMMANDS = (
    search.search,
    feedback.feedback,
    feedback.classify,
    sets.sets,
    opening.open_command,
    build.build,
    publishing.publish,
    index.index,
    info.info,
    sets.one_set,
    models.models,
    encode.encode,
    heatmap.heatmap,
    tile.tile,
    serving.serve,
    serving.demo,
    sets.evaluate,
)
"""Every command; new ones are added here."""

for command in COMMANDS:
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors of ours become one line and exit code 1."""
    _use_utf8()
    try:
        cli.main(arguments, prog_name="eex", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except EexError as error:
        say(f"Error: {error}" + (f" {error.hint}" if error.hint else ""))
        if concepts := error.details.get("concepts"):
            say(f"All that it knows: {', '.join(concepts)}")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        named = f"{error.filename}: " if isinstance(error.filename, str) else ""
        say(f"Error: {named}{error.strerror or error}.")
        with suppress(OSError):
            sys.stdout.close()  # what it still holds cannot be written either
        sys.exit(1)


def _use_utf8() -> None:
    """Write UTF-8 into files and pipes, whatever the locale; a terminal keeps its own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
