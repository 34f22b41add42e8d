"""`eex index`: build, look at, measure and remove indexes of a set."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from eex.cli.facts import facts_text
from eex.cli.say import (
    Commands,
    answer,
    catalog_option,
    json_text,
    open_named,
    progress,
    read_settings,
    say,
)
from eex.cli.sets import size_text
from eex.cli.words import key_values
from eex.errors import BadQueryError, EexError

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.index.built_record import BuiltIndex
    from eex.index.engines import EngineSpec

LARGE = 5_000_000
"""Rows from which it is said how much is read to measure an index."""

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
engine_option = click.option("--engine", required=True, metavar="NAME", help="See: index engines.")
option_option = click.option(
    "--option",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="Of the engine; may be given several times. See: index engines.",
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="By default all processors (EEX_THREADS)."
)


@click.group(cls=Commands)
def index() -> None:
    """Build an index of a set, for sets of many millions of rows.

    Sets of less are searched exactly, as they are, with nothing built.
    """


@index.command()
@click.argument("name", metavar="SET")
@engine_option
@option_option
@threads_option
@click.option("--force", is_flag=True, help="Replace an index that is there.")
@json_option
@catalog_option
def build(
    name: str,
    *,
    engine: str,
    given: tuple[str, ...],
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Build an index; it appears whole or not at all.

    \b
    Examples:
      eex index build world --engine faiss-ivf-rabitq
      eex index build big.parquet --engine faiss-ivf-rabitq --option bits=4 --option nlist=4096
    """  # noqa: D301 - click reads the backspace
    from eex.index.built import build_index

    _let_threads_sleep()
    embeddings, ours = _opened(name)
    with ExitStack() as drawn:
        built = build_index(
            embeddings,
            engine,
            options=key_values(given, such_as="nlist=4096"),
            threads=threads or ours,
            progress=progress(f"building {engine}", "tiles", drawn),
            force=force,
        )
    answer(json_text(built.to_json()) if as_json else built_text(built))
    say(f"What it finds: eex index verify {name} --engine {engine}")


@index.command()
@click.argument("name", metavar="SET")
@json_option
@catalog_option
def info(name: str, *, as_json: bool) -> None:
    """Say what is built for a set, and what of it can be used.

    \b
    Examples:
      eex index info world
      eex index info world --json
    """  # noqa: D301 - click reads the backspace
    from eex.index.built import built_indexes

    built = built_indexes(_opened(name)[0])
    if as_json:
        answer(json_text({"indexes": [one.to_json() for one in built]}))
    elif built:
        answer("\n\n".join(built_text(one) for one in built))
    else:
        answer(f"{name} has no index; it is searched exactly.")
        say(f"Build one: eex index build {name} --engine NAME")


@index.command()
@click.argument("name", metavar="SET")
@click.option("--engine", metavar="NAME", help="By default all that are built.")
@option_option
@click.option(
    "--queries", type=click.IntRange(min=1), default=100, show_default=True, help="Of each kind."
)
@threads_option
@json_option
@catalog_option
def verify(
    name: str,
    *,
    engine: str | None,
    given: tuple[str, ...],
    queries: int,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure what an index finds of what an exact search finds, and keep it in its record.

    Image-like queries are near rows of the set, text-like ones near none, as texts are for models
    such as CLIP; their recall is told apart. With --option, as of a search, nothing is kept. The
    set is read once for the exact answers; of very large ones ask fewer --queries.

    \b
    Examples:
      eex index verify world
      eex index verify world --engine faiss-ivf-rabitq --queries 500
      eex index verify world --engine faiss-ivf-rabitq --option nprobe=256
    """  # noqa: D301 - click reads the backspace
    from eex.index.built import built_index, built_indexes

    _let_threads_sleep()
    embeddings, ours = _opened(name)
    if given and engine is None:
        message = "Options are those of one engine."
        raise BadQueryError(message, hint="Name it with --engine.")
    chosen = built_indexes(embeddings) if engine is None else [built_index(embeddings, engine)]
    if not chosen:
        message = f"{name} has no index."
        raise BadQueryError(message, hint=f"Build one: eex index build {name} --engine NAME")
    options = key_values(given, such_as="nlist=4096")
    if len(embeddings) > LARGE:
        size = size_text(embeddings.vectors.nbytes)
        say(f"For the exact answers {size} are read once for each index; the bar says how long.")
        say(f"Fewer --queries than {queries} are quicker.")
    told, failed = [], False
    for built in chosen:
        one, error = _verified(embeddings, built, options, queries, threads or ours)
        if error is not None:
            if engine is not None and one.problem:
                raise error
            say(f"Error: {error}" + (f" {error.hint}" if error.hint else ""))
            failed = True
        told.append(one)
    if as_json:
        answer(json_text({"indexes": [one.to_json() for one in told]}))
    else:
        answer("\n\n".join(built_text(one) for one in told))
    if failed:
        sys.exit(1)


@index.command()
@click.argument("name", metavar="SET")
@engine_option
@json_option
@catalog_option
def remove(name: str, *, engine: str, as_json: bool) -> None:
    """Remove an index; the set stays as it is.

    \b
    Examples:
      eex index remove world --engine faiss-hnsw
    """  # noqa: D301 - click reads the backspace
    from eex.index.built import remove_index

    freed = remove_index(_opened(name)[0], engine)
    if as_json:
        answer(json_text({"engine": engine, "bytes": freed}))
    else:
        answer(f"Removed {engine} of {name}: {size_text(freed)}.")


@index.command()
@json_option
def engines(*, as_json: bool) -> None:
    """List the engines that are installed, and their options; one that is broken says why.

    \b
    Examples:
      eex index engines
      eex index engines --json
    """  # noqa: D301 - click reads the backspace
    from eex.index.engines import engine as spec_of
    from eex.index.engines import engine_names
    from eex.index.kernels import kernel_of_halves

    specs: list[EngineSpec] = []
    broken: dict[str, str] = {}
    for name in engine_names():
        try:
            specs.append(spec_of(name))
        except EexError as error:
            broken[name] = f"{error} {error.hint}".strip()
        except Exception as error:  # noqa: BLE001 - whatever the module of another raises
            broken[name] = f"It cannot be imported: {type(error).__name__}: {error}"
    if as_json:
        records = [
            {
                "name": spec.name,
                "problem": "",
                "title": spec.title,
                "exact": spec.exact,
                "scores_all": spec.scores_all,
                "builds": spec.build is not None,
                "extra": spec.extra,
                "options": [
                    {
                        "name": option.name,
                        "default": option.default,
                        "about": option.about,
                        "searching": option.searching,
                    }
                    for option in spec.options
                ],
            }
            for spec in specs
        ]
        records += [{"name": name, "problem": problem} for name, problem in broken.items()]
        records.sort(key=lambda record: str(record["name"]))
        answer(json_text({"engines": records, "float16_kernel": kernel_of_halves()}))
        return
    lines = []
    for spec in specs:
        kinds = ["exact" if spec.exact else "approximate"]
        kinds += ["map" if spec.scores_all else "best rows only"]
        kinds += ["built" if spec.build else "nothing built"]
        kinds += [f"needs [{spec.extra}]"] if spec.extra else []
        lines.append(f"{spec.name:<18} {spec.title} ({', '.join(kinds)})")
        for option in spec.options:
            when = " May be given when searching." if option.searching else ""
            lines.append(f"  {option.name}={option.default}: {option.about}{when}")
    lines += [f"{name:<18} cannot be used: {problem}" for name, problem in broken.items()]
    lines += [f"exact and int8 read with {kernel_of_halves()}{FASTER[kernel_of_halves()]}"]
    answer("\n".join(lines))


FASTER = {
    "llvmlite": ": kernels compiled for this processor.",
    "numkong": "; kernels compiled for this processor can be quicker: install [fast].",
    "numpy": ", which is slow: install numkong, or [fast].",
}
"""What is said of the library that multiplies rows."""


def built_text(built: BuiltIndex) -> str:
    """Return what is known of an index, for people."""
    made = " ".join(f"{package} {version}" for package, version in built.made_with.items())
    told: dict[str, Any] = {
        "problem": built.problem,
        "options": " ".join(f"{key}={value}" for key, value in built.options.items()),
        "rows": f"{built.rows:,}" if built.rows else "",
        "size": size_text(built.bytes),
        "per vector": f"{built.bytes_per_vector:.1f} bytes" if built.rows else "",
        "built in": f"{built.seconds:.1f} s" if built.rows else "",
        "with": made,
    }
    for kind, found in built.recall.items():
        shares = ", ".join(f"{share:.3f} of the best {k}" for k, share in found["recall"].items())
        told[f"{kind}-like"] = f"{shares}; {found['median_ms']:.1f} ms, {found['queries']} queries"
    if not built.recall and not built.problem:
        told["recall"] = "not measured"
    return facts_text(built.engine, told)


def _verified(
    embeddings: EmbeddingSet, built: BuiltIndex, options: dict[str, str], queries: int, threads: int
) -> tuple[BuiltIndex, EexError | None]:
    """Measure an index and keep what was measured, unless with options; return what went wrong."""
    from eex.index.built import keep_recall

    try:
        recall = _measured(embeddings, built.engine, options, queries, threads)
    except EexError as error:
        return replace(built, problem=built.problem or error.message), error
    if not options:
        try:
            keep_recall(built, recall)
        except EexError as error:
            return replace(built, recall=recall), error
    return replace(built, recall=recall), None


def _measured(
    embeddings: EmbeddingSet, engine: str, options: dict[str, str], queries: int, threads: int
) -> dict[str, Any]:
    """Open an index, measure it, and close it where it can be closed."""
    from eex.index.built import open_index
    from eex.index.recall import measure_recall

    with ExitStack() as held:
        opened = open_index(embeddings, engine, options=options, threads=threads)
        if callable(close := getattr(opened, "close", None)):
            held.callback(close)
        return measure_recall(
            opened,
            embeddings,
            queries=queries,
            threads=threads,
            reading=progress(f"exact answers for {engine}", "tiles", held),
            progress=progress(f"measuring {engine}", "queries", held),
        )


def _opened(name: str) -> tuple[EmbeddingSet, int]:
    """Return a set and how many threads may work."""
    settings = read_settings()
    return open_named(name, settings).embeddings, settings.threads


def _let_threads_sleep() -> None:
    """Have idle threads of OpenMP sleep: several of its libraries may be loaded, and spin.

    It is read when such a library is loaded, so it must be said before.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
