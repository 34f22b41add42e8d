"""`eex open`, `eex set remove`: having published sets here, and no longer."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from eex.cli.next import search_next
from eex.cli.say import answer, byte_bars, catalog_option, json_text, progress, read_settings, say
from eex.cli.sets import one_set
from eex.cli.words import Words, bbox_option
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.catalog.opened import OpenHere
    from eex.catalog.wish import Wish
    from eex.config import Settings


@click.command("open", cls=Words)
@click.argument("target", metavar="TARGET")
@click.option(
    "--from",
    "source",
    default="",
    metavar="SOURCE",
    help="huggingface, modelscope.cn, modelscope.ai, the address of a mirror, or a file or folder."
    "  [default: EEX_HUB, else huggingface, else another hub that has the set]",
)
@click.option("--as", "name", default="", metavar="NAME", help="What to call it here.")
@bbox_option("Only tiles inside this box; W > E crosses 180°.")
@click.option("--rows", metavar="A:B", help="Only rows from A on, before B.")
@click.option("--shards", metavar="1,3-5", help="Only these of its files, in the order of names.")
@click.option("--file", "file", default="", metavar="NAME", help="Which table of a repository.")
@click.option(
    "--dtype",
    type=click.Choice(["float16", "float32"]),
    metavar="FORMAT",
    help="Convert vectors to float16 (half the disk) or float32.  [default: as they are]",
)
@click.option("--model", default="", metavar="NAME", help="Made the vectors, if nothing says so.")
@click.option("--variant", default="", metavar="NAME", help="Way of running the model.")
@click.option("--weights", default="", metavar="TEXT", help="Which weights, for the record.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME",
    help="Name of a column: embedding, geometry, lon, lat or id; may be given several times.",
)
@click.option("--scale", type=float, help="Stored integers times this …")
@click.option("--offset", type=float, help="… plus this are the vectors' numbers.")
@click.option("--refresh", is_flag=True, help="Ask again, and open it again if it has changed.")
@click.option(
    "--keep/--discard",
    default=True,
    help="Keep fetched files: another part or format then needs no network.  [default: keep]",
)
@click.option("--yes", is_flag=True, help="Also fetch more than 10 GB.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@catalog_option
def open_command(target: str, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Open a published set, so that it can be searched; what is open costs nothing to open again.

    TARGET is a name of eex sets, a hub's org/name, the address of a Parquet file, or the path of a
    file or folder. An interrupted download goes on where it stopped. Of a part (--bbox, --rows)
    only what is needed is read, where that can be told.

    \b
    Examples:
      eex open siglip-249k
      eex open siglip-249k --from modelscope.cn --dtype float16
      eex open siglip-core --bbox 5.9,45.8,10.5,47.8 --as swiss
      eex open Major-TOM/Core-S2RGB-DINOv2 --shards 1
      eex open tiles.parquet --model clay-v1.5 --column embedding=vector
    """  # noqa: D301 - click reads the backspace
    from eex.catalog.opened import open_here

    settings = read_settings()
    if _made_here(target, settings, _asked_for(options)):
        return
    brought: set[str] = set()
    try:
        here, before = _opened(target, settings, options, brought)
    except KeyboardInterrupt:
        resumed = any(not name.endswith("(by range)") for name in brought)
        kept = "What has come of its files is kept; the same command goes on from there."
        say(f"\nStopped. {kept if resumed else 'Nothing has come; the same command starts over.'}")
        raise
    latest = open_here(here.opened.name, settings) or here
    if as_json:
        answer(json_text(_record(latest, settings, already=before)))
        return
    _tell(latest, settings, already=before, brought=brought)


@one_set.command()
@click.argument("name", metavar="NAME")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, *, yes: bool) -> None:
    """Remove an opened set, or a download that was begun; frees the disk.

    What was fetched for it alone goes too.

    \b
    Examples:
      eex set remove siglip-249k
    """  # noqa: D301 - click reads the backspace
    from eex.catalog.opened import open_here
    from eex.catalog.removing import remove_named

    settings = read_settings()
    here = open_here(name, settings)
    if here is not None and not yes:
        if not sys.stdin.isatty():
            message = f"Removing {name} is to be confirmed."
            raise BadQueryError(message, hint=f"eex set remove {name} --yes")
        say(f"{name}: {here.counts['rows']:,} rows, {here.size / 1e6:,.0f} MB in {here.folder}")
        click.confirm("Remove it, with the files that were fetched for it?", abort=True, err=True)
    freed, fetched = remove_named(name, settings)
    more = f" and {fetched / 1e6:,.1f} MB of fetched files" if fetched else ""
    answer(f"Removed {name}: {freed / 1e6:,.1f} MB{more}.")


def _opened(
    target: str, settings: Settings, options: dict[str, Any], brought: set[str]
) -> tuple[OpenHere, bool]:
    """Open a set with bars; say whether it was open before. `brought` gets the files that come."""
    from eex.catalog.opening import open_named_set

    worked = False
    with ExitStack() as drawn:
        bytes_bar = drawn.enter_context(byte_bars())
        rows_bar = progress("writing", "rows", drawn)

        def fetched(name: str, done: int, total: int) -> None:
            nonlocal worked
            worked = True
            brought.add(name)
            bytes_bar(name, done, total)

        def written(done: int, total: int) -> None:
            nonlocal worked
            worked = True
            if total:
                rows_bar(done, total)

        here = open_named_set(
            target,
            settings,
            wish=_wish(options),
            name=options["name"],
            source=options["source"],
            refresh=options["refresh"],
            keep=options["keep"],
            large=options["yes"],
            progress=fetched,
            rows=written,
            waiting=lambda: say(f"Another process is opening {target}; waiting for it."),
        )
    return here, not worked


def _wish(options: dict[str, Any]) -> Wish:
    from eex.catalog.selection import selection_of
    from eex.catalog.wish import Wish

    columns = {}
    for text in options["columns"]:
        role, equals, column = text.partition("=")
        if not equals or not column:
            message = f"--column {text!r} is not ROLE=NAME."
            raise BadQueryError(message, hint="Such as --column embedding=vector.")
        columns[role.strip()] = column.strip()
    return Wish(
        selection=selection_of(options["bbox"], options["rows"], options["shards"]),
        columns=columns,
        dtype=options["dtype"] or "",
        **{k: options[k] for k in ("model", "variant", "weights", "file")},
        **{k: options[k] for k in ("scale", "offset")},
    )


def _asked_for(options: dict[str, Any]) -> list[str]:
    """Return the options that say how a set shall be opened, as they are typed."""
    typed = {"name": "as", "source": "from", "columns": "column"}
    said = [key for key, value in options.items() if value or isinstance(value, float)]
    return [f"--{typed.get(key, key)}" for key in said if key not in {"keep", "yes", "refresh"}]


def _made_here(target: str, settings: Settings, asked: list[str]) -> bool:
    """Whether it is a set that is made here, which needs no opening; makes it."""
    from eex.catalog.known import known_sets
    from eex.cli.say import open_named

    for spec in known_sets():
        if target in {spec.name, spec.set_id}:
            if asked:
                message = f"{spec.name} is made here as a whole; {', '.join(asked)} cannot be used."
                hint = f"eex open {spec.name}; to search a part of it, eex search --bbox W,S,E,N."
                raise BadQueryError(message, hint=hint)
            rows = len(open_named(spec.name, settings))
            answer(f"{spec.name} is ready: {rows:,} rows. It is made here, nothing is fetched.")
            return True
    return False


def _record(here: OpenHere, settings: Settings, *, already: bool) -> dict[str, Any]:
    """Return what was opened, for programs."""
    from dataclasses import asdict

    from eex.catalog.gather import catalogue
    from eex.catalog.notes import notes_of

    return {
        **asdict(here.opened),
        "already": already,
        "folder": str(here.folder),
        "bytes": here.size,
        "counts": dict(here.counts),
        "header": dict(here.header),
        "notes": notes_of(here, catalogue(settings).get(here.opened.target)),
    }


def _tell(here: OpenHere, settings: Settings, *, already: bool, brought: set[str]) -> None:
    """Say what was opened, and what to do with it."""
    from eex.catalog.gather import catalogue
    from eex.catalog.joining import words_of
    from eex.catalog.notes import notes_of
    from eex.catalog.opened import map_open
    from eex.catalog.selection import Selection

    known, header, counts = here.opened, here.header, here.counts
    embeddings = map_open(here)
    if already:
        part = "" if known.whole else f" ({_words(known.selection, Selection)})"
        answer(f"{known.name} is open{part}: {counts['rows']:,} rows in {here.folder}")
        if known.places.get("problem"):
            say(f"  note: {words_of(known.places)}")
        say("\n".join(search_next(known.name, embeddings, settings)))
        return
    left_out = sum(counts[name] for name in ("null", "zero", "not_finite"))
    of = f" of {known.rows_of:,}" if known.rows_of != counts["rows"] else ""
    lines = [
        f"{known.name} is open: {header['title']}",
        f"  rows       {counts['rows']:,}{of}, {counts['rows'] - left_out:,} usable",
        f"  vectors    {header['dim']} x {embeddings.vectors.dtype.name}",
        f"  model      {header['model'] or 'not known'} {header['variant']}".rstrip(),
        f"  disk       {here.size / 1e6:,.1f} MB in {here.folder}",
    ]
    if known.downloads:
        kept = sum(file.size for file in known.files)
        came = brought - {known.places.get("file")}
        said = f"fetched    {kept / 1e6:,.1f} MB, kept (--discard does not)"
        lines.append(f"  {said if came else f'files      {kept / 1e6:,.1f} MB, already here'}")
    if known.bytes_read:
        read, whole = known.bytes_read / 1e6, sum(file.size for file in known.files) / 1e6
        lines.append(f"  read       {read:,.1f} of {whole:,.1f} MB, by range")
    lines += [
        f"  from       {known.repo or known.source}{f' at {known.source}' if known.repo else ''}"
        + (f", commit {known.commit[:12]}" if known.commit else ""),
        f"  took       {known.seconds:,.1f} s",
        f"  licence    {header['licence'] or 'not stated; see where it came from'}",
    ]
    if known.places:
        there, lacking = known.places["found"], known.places["missing"]
        file, repo = known.places["file"], known.places.get("repo")
        of = f"{there:,} of {there + lacking:,} tiles, by {file}"
        lines.append(f"  pixels     of {of}{f' of {repo}' if repo else ''}")
    if header["attribution"]:
        lines.append(f"  credit     {header['attribution']}")
    answer("\n".join(lines))
    record = catalogue(settings).get(known.target)
    notes = [*(record.notices if record is not None else ()), *notes_of(here, record)]
    for note in (*notes, words_of(known.places), embeddings.counts.message()):
        if note:
            say(f"  note: {note}")
    say("Next: " + "\n".join(search_next(known.name, embeddings, settings)))


def _words(selection: Any, make: Any) -> str:  # noqa: ANN401
    text: str = make(**{key: tuple(value) for key, value in selection.items()}).words()
    return text
