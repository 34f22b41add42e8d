"""`eex sets`, `eex evaluate`, `eex set check`: what is known of embedding sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eex.cli.facts import counted, facts_text, files_text, model_text
from eex.cli.say import (
    CATALOGS,
    Commands,
    answer,
    catalog_option,
    json_text,
    progress,
    read_settings,
    say,
)

GIGABYTE = 10**9
"""Bytes."""

SMALL = 10**7
"""Bytes below which megabytes have a decimal."""

MOST_SHOWN = 14
"""Characters of a licence that the list has room for."""

STATES = {
    "open": "open",
    "part": "part open",
    "begun": "begun",
    "made": "made",
    "absent": "not here",
}
"""What of a set is here, in a word for the list."""


@click.command()
@click.argument("name", metavar="[SET]", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all that is known.")
@catalog_option
def sets(name: str | None, *, as_json: bool) -> None:
    """List the embedding sets that are known by name, and what of them is here.

    \b
    Examples:
      eex sets
      eex sets siglip-249k
      eex sets --catalog my-sets.toml --json
    """  # noqa: D301 - click reads the backspace
    from eex.catalog.listing import set_records
    from eex.registry import unknown_name

    records = set_records(read_settings())
    if name is not None:
        named = {r["id"]: r for r in records} | {r["name"]: r for r in records}
        if name not in named:
            raise unknown_name("set", name, tuple(r["name"] for r in records))  # noqa: EM101
        answer(json_text(named[name]) if as_json else record_text(named[name], _given(name)))
        return
    if as_json:
        answer(json_text({"sets": records}))
        return
    lines = [f"{'name':<16} {'rows':>11} {'size':>9}  {'model':<24} {'licence':<13} state"]
    for r in records:
        count = r["open"]["rows"] if r["state"] == "open" else r["rows"]
        rows = f"{count:,}" if count else ""
        here = STATES[r["state"]]
        if r["state"] == "part":
            here += f" ({r['open']['rows']:,} rows)"
        licence = r["licence"] if len(r["licence"]) < MOST_SHOWN else f"{r['licence'][:12]}…"
        lines.append(
            f"{r['name']:<16} {rows:>11} {size_text(r['size']) or '-':>9}  {r['model'] or '-':<24} "
            f"{licence:<13} {here}"
        )
    answer("\n".join(lines))
    say("All about a set: eex sets NAME. To have one here: eex open NAME.")


def size_text(count: int) -> str:
    """Return bytes for people; nothing where they are not known."""
    if not count:
        return ""
    if count < SMALL:
        return f"{count / 1e6:.1f} MB" if count >= SMALL / 100 else f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:,.1f} GB" if count >= GIGABYTE else f"{count / 1e6:,.0f} MB"


def _given(name: str) -> str:
    """Return the option that a command needs to know a set, where it came from `--catalog`."""
    from eex.catalog.gather import records_at

    for path in click.get_current_context().meta.get(CATALOGS, ()):
        if any(record.name == name for record in records_at(path)):
            return f" --catalog {path}"
    return ""


def record_text(record: dict[str, Any], given: str = "") -> str:
    """Return all that is known of a set, for people; `given` is what a command needs to know it."""
    opened = record.get("open") or {}
    homes = [home["page"] for home in record["homes"]]
    said = {
        "title": record["title"],
        "model": model_text(record["model"], record.get("variant", "")),
        "rows": f"{record['rows']:,}" if record["rows"] else "",
        "vectors": counted(record["dim"], "number") if record.get("dim") else "",
        "size": size_text(record["size"]),
        "licence": record["licence"],
        "credit": record["attribution"],
        "from": "\n".join(homes),
        "files": files_text([file["name"] for file in record.get("files", ())]),
        "bands": ", ".join(record.get("bands", ())),
        "fed with": record.get("preprocessing", ""),
        "pixels": record["pixels_home"],
        "tile": f"{record['tile_km']:g} km" if record.get("tile_km") else "",
        "described": record.get("source", ""),
        "state": STATES[record["state"]],
        "open": f"{opened['rows']:,} rows in {opened['folder']}" if opened else "",
        "note": "\n".join(record["notices"]),
    }
    text = facts_text(record["name"], said)
    if record["state"] in {"absent", "begun"} and not record["demo"]:
        text += f"\nOpen it: eex open {record['name']}{given}"
    return text


@click.command()
@click.argument("name", metavar="SET", type=click.Choice(["world"]))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def evaluate(name: str, *, as_json: bool) -> None:  # noqa: ARG001
    """Measure retrieval on places and words that the model was not fitted on."""
    from eex.evaluate import evaluate_world

    report = evaluate_world(progress=progress("evaluating", "steps"))
    answer(json_text(report.to_json()) if as_json else report.to_table())


@click.group("set", cls=Commands)
def one_set() -> None:
    """Look into one set."""


@one_set.command()
@click.argument("name", metavar="SET")
@click.option(
    "--pixels",
    type=click.Path(path_type=Path),
    help="A folder or a Parquet shard of Major TOM Core-S2L2A; by default the set's own reader.",
)
@click.option("--rows", type=int, default=20, show_default=True, help="How many tiles.")
@click.option("--model", default="", metavar="NAME", help="For tables that do not name theirs.")
@click.option("--weights", type=click.Path(path_type=Path), help="Of the model.")
@click.option("--crop", type=int, default=0, help="Pixels around a tile's centre.")
@click.option("--device", help="auto, cpu, cuda or mps.  [default: auto]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(
    name: str,
    *,
    pixels: Path | None,
    rows: int,
    model: str,
    weights: Path | None,
    crop: int,
    device: str | None,
    as_json: bool,
) -> None:
    """Say which variant of its model made a set, from pixels of some tiles.

    Every variant encodes the sample again, in both renderings where the model takes pictures; the
    one whose vectors are those of the set (cosine over 0.99) made it.

    \b
    Examples:
      eex set check world
      eex set check SigLIP_crop_384x384.parquet --model siglip-so400m-14-384 \\
          --pixels part_00001.parquet --weights SigLIP/
    """  # noqa: D301 - click reads the backspace
    from eex.check.run import check_set

    found = check_set(
        name,
        pixels=pixels,
        rows=rows,
        model=model,
        weights=weights,
        crop=crop,
        device=device,
        settings=read_settings(),
        progress=progress("encoding", "variants"),
    )
    answer(json_text(found.to_json()) if as_json else found.to_table())
