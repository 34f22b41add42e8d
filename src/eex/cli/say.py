"""What every command needs: where answers and messages go, settings, progress.

Answers go to standard output and nothing else does; messages and progress go to standard error.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import eex
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.encoders.pool import EncoderPool
    from eex.search.run import OpenSet


Command = Callable[..., Any]
"""What options are added to."""

CATALOGS = "eex.catalogs"
"""Where the context of a command keeps the catalogues that it was given."""


class Commands(click.Group):
    """Suggests the nearest command for a typo."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        name = args[0] if args else ""
        known = self.list_commands(ctx)
        if name and not name.startswith("-") and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def say(text: str) -> None:
    """Write a message for people."""
    click.echo(text, err=True)


def answer(text: str, output: Path | None = None) -> None:
    """Write the answer, to a file where one is given."""
    if output is None:
        click.echo(text)
        return
    from eex.files import write_bytes

    write_bytes(output, f"{text}\n".encode())
    say(f"Wrote {output}")


def json_text(record: dict[str, Any]) -> str:
    """Return a record as JSON."""
    from eex.export import dumps

    return dumps(record)


def read_settings() -> Settings:
    """Read the settings, once a command; with the catalogues that it was given.

    Raises:
        BadCatalogError: If one that was given cannot be used.
    """
    settings = eex.Settings.from_env()
    context = click.get_current_context(silent=True)
    given = () if context is None else context.meta.get(CATALOGS, ())
    if not given:
        return settings
    from eex.catalog.gather import records_at

    for path in given:
        records_at(path)
    return replace(settings, catalogs=(*settings.catalogs, *given))


def catalog_option(command: Command) -> Command:
    """Add --catalog; `read_settings` takes what it was given."""

    def keep(context: click.Context, _option: click.Parameter, given: tuple[Path, ...]) -> None:
        context.meta[CATALOGS] = given

    return click.option(
        "--catalog",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=keep,
        help="Further records of sets, TOML or JSON; may be given several times (EEX_CATALOG).",
    )(command)


def open_named(
    name: str,
    settings: Settings,
    *,
    weights: Path | None = None,
    engine: str = "exact",
    options: Mapping[str, Any] | None = None,
    pool: EncoderPool | None = None,
) -> OpenSet:
    """Open a set that is here, with a bar while it is prepared; fetches nothing.

    Raises:
        NotOpenError: If it is published and not open; the hint has the command that opens it.
    """
    from eex.search.open import open_set

    return open_set(
        name,
        fetch=False,
        settings=settings,
        progress=progress(f"preparing {name}", "tiles"),
        weights=weights,
        engine=engine,
        options=options,
        pool=pool,
    )


def progress(doing: str, unit: str, drawn: ExitStack | None = None) -> Callable[[int, int], None]:
    """Return what draws a bar of work done, from its first call on; `drawn` closes it."""
    bar: Any = None
    ended = 0

    def report(done: int, total: int) -> None:
        nonlocal bar, ended
        if bar is None and done >= total == ended > 0:
            return
        if bar is None:
            from tqdm import tqdm

            told = {"desc": doing, "unit": f" {unit}", "file": sys.stderr}
            bar = tqdm(total=total or None, initial=done, **told)  # a rate is of what comes after
            if drawn is not None:
                drawn.callback(bar.close)
        bar.update(done - bar.n)
        if done >= total > 0:
            bar.close()
            bar, ended = None, total  # more may come: then another one is drawn

    return report


@contextmanager
def byte_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Give what draws a bar for each file: its name, bytes done, bytes in all (0 if not known)."""
    with ExitStack() as drawn:
        bars: dict[str, Any] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in bars:
                from tqdm import tqdm

                fresh = tqdm(
                    desc=name,
                    total=total or None,
                    initial=done,
                    unit="B",
                    unit_scale=True,
                    file=sys.stderr,
                )
                bars[name] = drawn.enter_context(fresh)
            bars[name].update(done - bars[name].n)
            if done >= total > 0:
                bars[name].close()

        yield report


def check_target(path: Path | None) -> None:
    """Refuse a file that cannot be written before any work is done."""
    if path is None:
        return
    try:
        folder, parent = path.is_dir(), path.absolute().parent.is_dir()
    except (OSError, ValueError) as error:
        message = f"{str(path)[:60]!r}… is not the name of a file."
        raise BadQueryError(message, hint="Give a shorter, plain name.") from error
    if folder:
        message = f"{path} is a folder."
        raise BadQueryError(message, hint="Give a file name.")
    if not parent:
        message = f"The folder {path.absolute().parent} does not exist."
        raise BadQueryError(message, hint="Make it first, or choose another.")


def check_new(path: Path, *, force: bool, beside: tuple[Path, ...] = ()) -> None:
    """Refuse a file that cannot be written, and one that is there unless it may be replaced.

    Args:
        path: To write.
        force: Whether files that are there are replaced.
        beside: What else is written.
    """
    check_target(path)
    there = next((file for file in (path, *beside) if file.exists()), None)
    if there is not None and not force:
        message = f"{there} is there already."
        raise BadQueryError(message, hint="Give another name, or --force to replace it.")


def force_option(command: Command) -> Command:
    """Add --force, which `check_new` takes."""
    return click.option("--force", is_flag=True, help="Replace files that are there.")(command)
