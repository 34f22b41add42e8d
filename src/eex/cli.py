"""The command line: each command parses, makes one call, answers.

Answers go to standard output and nothing else does; messages and progress go to standard error.
Exit codes: 0 done, 1 an error of ours in one line, 2 wrong usage.
"""

from __future__ import annotations

import difflib
import io
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import eex
from eex.errors import BadQueryError, EexError

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.search.found import Found
    from eex.search.run import OpenSet

FORMATS = ("table", "json", "geojson", "csv")


class Commands(click.Group):
    """Suggests the nearest command for a typo."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            near = difflib.get_close_matches(name, self.commands, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


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


@cli.command()
@click.option("--set", "name", default="world", show_default=True, help="Name or .parquet file.")
@click.option("--text", help="Words that describe what to look for.")
@click.option("--image", metavar="FILE", help="A picture to compare with.")
@click.option("--place", metavar='"LAT, LON"', help="A place, or its name: what looks like there.")
@click.option("--row", type=int, help="A tile of the set, by row: more like it.")
@click.option("--weight", "weights", multiple=True, metavar="PART=NUMBER", help="Share of a part.")
@click.option("--k", type=int, help="How many results.  [default: 10]")
@click.option("--bbox", type=float, nargs=4, metavar="W S E N", help="Only inside this box.")
@click.option("--spread", type=float, metavar="KM", help="Least distance between results.")
@click.option("--top-percent", type=float, metavar="P", help="Every tile among the best P percent.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Of the answer.  [default: table]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the answer there.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Also write a map, PNG.")
def search(
    name: str,
    form: str | None,
    output: Path | None,
    map_file: Path | None,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Find the tiles that fit best.

    \b
    Examples:
      eex search --text "tropical rainforest"
      eex search --text "snow covered mountains" --bbox -85 -60 -30 15
      eex search --place "-14.2, -69.1" --text lake --weight text=2
      eex search --text fjords --top-percent 2 --format geojson -o fjords.geojson --map fjords.png
    """  # noqa: D301 - click reads the backspace
    for target in (output, map_file):
        _check_target(target)
    form = form or _format_of(output)
    if map_file is not None and map_file.suffix.lower() != ".png":
        message = f"The map is a PNG, but {map_file} is not called so."
        raise BadQueryError(message)
    parts = _parts(asked)
    opened = _open(name, _settings())
    found = opened.search(**parts)
    _explain(found)
    if map_file is not None:
        found.map(map_file)
        _say(f"Wrote {map_file}")
    _answer(_formatted(found, form), output)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def sets(*, as_json: bool) -> None:
    """List the sets that can be searched by name."""
    from eex.catalog import known_sets

    records = [
        {
            "name": s.name,
            "id": s.set_id,
            "title": s.title,
            "model": s.encoder,
            "licence": s.licence,
            "demo": s.demo,
        }
        for s in known_sets()
    ]
    if as_json:
        _answer(_json({"sets": records}))
        return
    lines = [f"{r['name']:<10} {r['id']:<24} {r['model']:<26} {r['title']}" for r in records]
    _answer("\n".join(lines))


@cli.command()
@click.argument("name", metavar="SET")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(name: str, *, as_json: bool) -> None:
    """Tell what is known of a set (a name or a .parquet file)."""
    opened = _open(name, _settings())
    header = opened.embeddings.header
    record = {
        "id": header.id,
        "title": header.title,
        "rows": len(opened),
        "usable": int(opened.embeddings.vectors.any(axis=1).sum()),
        "dim": header.dim,
        "model": header.model,
        "weights": header.weights,
        "tile_km": header.tile_km,
        "spread_km": header.spread_km,
        "licence": header.licence,
        "attribution": header.attribution,
        "demo": header.demo,
        "banner": header.banner,
    }
    _answer(_json(record) if as_json else "\n".join(f"{k:<12} {v}" for k, v in record.items()))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def models(*, as_json: bool) -> None:
    """List the installed models; loads none."""
    from eex.encoders.open import encoder_spec
    from eex.registry import names

    specs = [encoder_spec(name) for name in names("eex.encoders")]
    if as_json:
        keys = (
            "name",
            "title",
            "dim",
            "modalities",
            "licence",
            "attribution",
            "good_for",
            "demo",
            "notice",
        )
        _answer(_json({"models": [{key: getattr(spec, key) for key in keys} for spec in specs]}))
        return
    lines = [f"{s.name:<26} {s.dim:>5}  {', '.join(s.modalities):<20} {s.good_for}" for s in specs]
    _answer("\n".join(lines))


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [default: 8000]")
@click.option(
    "--set",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also serve this .parquet file.",
)
def serve(host: str | None, port: int | None, files: tuple[Path, ...]) -> None:
    """Serve the web page and the API until Ctrl-C."""
    settings = _settings()
    for name in ("world", *map(str, files)):
        _open(name, settings)
    _serve(settings, host, port, files)


@cli.command()
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

    settings = _settings()
    run_demo(_open("world", settings), out, say=_say, answer=_answer)
    if serving:
        _serve(settings, None, port, ())


@cli.command()
@click.argument("name", metavar="SET", type=click.Choice(["world"]))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def evaluate(name: str, *, as_json: bool) -> None:  # noqa: ARG001
    """Measure retrieval on places and words that the model was not fitted on."""
    from eex.evaluate import evaluate_world

    report = evaluate_world(progress=_progress("evaluating", "steps"))
    _answer(_json(report.to_json()) if as_json else report.to_table())


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
        _say(f"Error: {error}" + (f" {error.hint}" if error.hint else ""))
        if concepts := error.details.get("concepts"):
            _say(f"All that it knows: {', '.join(concepts)}")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _say(f"Error: {error.strerror or error}.")
        with suppress(OSError):
            sys.stdout.close()  # what it still holds cannot be written either
        sys.exit(1)


def _use_utf8() -> None:
    """Write UTF-8 into files and pipes, whatever the locale; a terminal keeps its own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _parts(asked: dict[str, Any]) -> dict[str, Any]:
    from eex.search.place import POINT, parse_place

    weights = {}
    for entry in asked.pop("weights"):
        part, equals, number = entry.partition("=")
        try:
            weights[part] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            message = f"--weight takes PART=NUMBER, such as text=2; got {entry!r}."
            raise click.UsageError(message)
    if asked["place"] is not None:
        place = parse_place(asked["place"])
        asked["place"] = (place.lon, place.lat)
        if place.kind != POINT:
            where = f"{place.lat:.2f}, {place.lon:.2f}"
            _say(f"Place: {place.name}, {place.kind} ({where})")
    asked["spread_km"] = asked.pop("spread")
    return {**asked, "weights": weights}


def _settings() -> Settings:
    return eex.Settings.from_env()


def _open(name: str, settings: Settings) -> OpenSet:
    from eex.search.run import open_set

    return open_set(name, settings=settings, progress=_progress(f"preparing {name}", "tiles"))


def _progress(doing: str, unit: str) -> Callable[[int, int], None]:
    bar: Any = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            from tqdm import tqdm

            bar = tqdm(total=total, desc=doing, unit=f" {unit}", file=sys.stderr)
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return report


def _explain(found: Found) -> None:
    if found.credit.banner:
        _say(found.credit.banner)
    if found.read_as:
        read = ", ".join(f"{r.phrase} ({r.similarity:.2f})" for r in found.read_as)
        _say(f"Read as: {read}")
    for message in found.messages:
        _say(message)
    for place in found.places:
        where = f'--place "{place.lat:.2f}, {place.lon:.2f}"'
        _say(f"{place.name} is a place; for what looks like there: {where}")


def _formatted(found: Found, form: str) -> str:
    from eex.export import to_table

    if form == "csv":
        return found.to_csv().rstrip("\n")
    if form == "table":
        return to_table(found.results)
    return _json(found.to_geojson() if form == "geojson" else found.to_json())


def _format_of(output: Path | None) -> str:
    if output is None or output.suffix.lower() == ".txt":
        return "table"
    form = output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        message = f"The name {output} does not say in which format to write."
        raise BadQueryError(message, hint=f"Give --format: {', '.join(FORMATS)}.")
    return form


def _json(record: dict[str, Any]) -> str:
    from eex.export import dumps

    return dumps(record)


def _check_target(path: Path | None) -> None:
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


def _answer(text: str, output: Path | None = None) -> None:
    if output is None:
        click.echo(text)
        return
    from eex.files import write_bytes

    write_bytes(output, f"{text}\n".encode())
    _say(f"Wrote {output}")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _serve(settings: Settings, host: str | None, port: int | None, files: tuple[Path, ...]) -> None:
    from dataclasses import replace

    from eex.server.run import serve_forever

    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
    )
    serve_forever(settings, sets=files, say=_say)


if __name__ == "__main__":
    main()
