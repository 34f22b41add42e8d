"""`eex publish`: a set as a repository on a hub."""

from __future__ import annotations

from pathlib import Path

import click

from eex.cli.say import answer, json_text, read_settings, say
from eex.cli.sets import size_text


@click.command()
@click.argument("path", metavar="SET.parquet", type=click.Path(path_type=Path))
@click.option("--repo", required=True, metavar="OWNER/NAME", help="Of the hub's data sets.")
@click.option("--dry-run", is_flag=True, help="Say what would be there; nothing is written.")
@click.option("--to", type=click.Path(path_type=Path), metavar="FOLDER", help="Make it there only.")
@click.option("--private", is_flag=True, help="If the repository is made: not for everybody.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def publish(
    path: Path, repo: str, *, dry_run: bool, to: Path | None, private: bool, as_json: bool
) -> None:
    """Publish a set that was built here: Parquet files, a filled card, a STAC collection.

    Tokens are those of Hugging Face's own tools (hf auth login, HF_TOKEN).

    \b
    Examples:
      eex publish kanto.parquet --repo me/kanto-remoteclip --dry-run
      eex publish kanto.parquet --repo me/kanto-remoteclip --to kanto-hub
      eex publish kanto.parquet --repo me/kanto-remoteclip
    """  # noqa: D301 - click reads the backspace
    from eex.build.publish import publish as send

    found = send(path, repo, settings=read_settings(), dry_run=dry_run, to=to, private=private)
    if as_json:
        files = [{"name": name, "bytes": size} for name, size in found.files]
        answer(json_text({"repo": found.repo, "files": files, "url": found.url}))
    else:
        for name, size in found.files:
            answer(f"{size_text(size) or '0':>9}  {name}")
    if not found.licence:
        say("No licence is stated: a folder is built with --licence and --credit to say it.")
    if dry_run:
        say(f"Nothing was written; {size_text(found.bytes)} would go to {repo}.")
    elif to is not None:
        say(f"Wrote {to}; nothing was sent.")
    else:
        say(f"Published {found.url}")
