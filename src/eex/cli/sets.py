"""`eex sets`, `eex info`, `eex evaluate`: what is known of embedding sets."""

from __future__ import annotations

import click

from eex.cli.say import answer, json_text, open_named, progress, read_settings


@click.command()
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
        answer(json_text({"sets": records}))
        return
    lines = [f"{r['name']:<10} {r['id']:<24} {r['model']:<26} {r['title']}" for r in records]
    answer("\n".join(lines))


@click.command()
@click.argument("name", metavar="SET")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(name: str, *, as_json: bool) -> None:
    """Tell what is known of a set (a name or a .parquet file)."""
    opened = open_named(name, read_settings())
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
    answer(json_text(record) if as_json else "\n".join(f"{k:<12} {v}" for k, v in record.items()))


@click.command()
@click.argument("name", metavar="SET", type=click.Choice(["world"]))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def evaluate(name: str, *, as_json: bool) -> None:  # noqa: ARG001
    """Measure retrieval on places and words that the model was not fitted on."""
    from eex.evaluate import evaluate_world

    report = evaluate_world(progress=progress("evaluating", "steps"))
    answer(json_text(report.to_json()) if as_json else report.to_table())
