"""`eex models`: the installed models."""

from __future__ import annotations

import click

from eex.cli.say import answer, json_text


@click.command()
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
        answer(json_text({"models": [{key: getattr(spec, key) for key in keys} for spec in specs]}))
        return
    lines = [f"{s.name:<26} {s.dim:>5}  {', '.join(s.modalities):<20} {s.good_for}" for s in specs]
    answer("\n".join(lines))
