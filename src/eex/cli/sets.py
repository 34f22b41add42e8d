"""`eex sets`, `eex evaluate`, `eex set check`: what is known of embedding sets."""

from __future__ import annotations

from pathlib import Path

import click

from eex.cli.say import Commands, answer, json_text, progress, read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def sets(*, as_json: bool) -> None:
    """List the sets that can be searched by name."""
    from eex.catalog.known import known_sets

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
        answer(json_text({"sets": records}))
        return
    lines = [f"{r['name']:<10} {r['id']:<24} {r['model']:<26} {r['title']}" for r in records]
    answer("\n".join(lines))


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
