"""`eex serve` and `eex demo`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.asking import engine_options, engine_settings
from eex.cli.say import answer, catalog_option, open_named, read_settings, say
from eex.cli.words import Words, set_words

if TYPE_CHECKING:
    from eex.config import Settings


@click.command(cls=Words, bare=set_words)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [default: 8000]")
@click.option(
    "--set",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SET",
    help="Also serve this .parquet file; what eex open opened is served anyway.",
)
@engine_options
@catalog_option
def serve(
    host: str | None,
    port: int | None,
    files: tuple[Path, ...],
    **asked: Any,  # noqa: ANN401
) -> None:
    """Serve the web page and the API until Ctrl-C: the embedded world, and every opened set.

    \b
    Examples:
      eex serve
      eex serve --set tiles.parquet --port 8080
      eex serve --engine faiss-ivf-rabitq --option nprobe=64
    """  # noqa: D301 - click reads the backspace
    from eex.index.engines import engine as known_engine

    settings = read_settings()
    if asked["engine"] or asked["options"]:
        asked["engine"] = asked["engine"] or settings.engine
        name, options = engine_settings(asked)
        settings = replace(settings, engine=name, engine_options=tuple(options.items()))
    known_engine(settings.engine)  # a typo is told before anything is served
    for name in ("world", *map(str, files)):
        open_named(name, settings)
    own = tuple(path for path in files if path.exists())  # others are names of opened sets
    _serve(settings, host, port, own)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Folder for the files.",
)
@click.option("--serve/--no-serve", "serving", default=True, help="Serve the web page afterwards.")
@click.option("--port", type=int, help="Port of the web page; 0 takes a free one.  [default: 8000]")
def demo(out: Path, *, serving: bool, port: int | None) -> None:
    """Ask the embedded world one query of each kind, then serve the web page."""
    from eex.demo import run_demo

    settings = read_settings()
    run_demo(open_named("world", settings), out, say=say, answer=answer)
    if serving:
        _serve(settings, None, port, ())


def _serve(settings: Settings, host: str | None, port: int | None, files: tuple[Path, ...]) -> None:
    from eex.server.run import serve_forever

    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
    )
    serve_forever(settings, sets=files, say=say)
