"""`eex models`: what is installed, and getting, checking and removing weights."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from eex.cli.say import Commands, answer, byte_bars, json_text, read_settings, say
from eex.errors import DamagedWeightsError

if TYPE_CHECKING:
    from eex.weights.store import Installed

STATES = {
    "packaged": "in the package",
    "here": "here",
    "cached": "here (HF)",
    "partial": "begun",
    "missing": "-",
}
"""Where weights are, in a word for the list."""


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def models(context: click.Context, *, as_json: bool) -> None:
    """List the models (loads none); get, check or remove their weights.

    \b
    Examples:
      eex models
      eex models info farslip-vit-b-16
      eex models get farslip-vit-b-16
      eex models get farslip-vit-b-16 --from modelscope.cn --accept-licence
      eex models get clip:hf-hub:org/name
    """  # noqa: D301 - click reads the backspace
    if context.invoked_subcommand is not None:
        return
    from eex.encoders.listing import encoder_record
    from eex.encoders.open import encoder_specs

    settings = read_settings()
    records = [encoder_record(spec, settings) for spec in encoder_specs()]
    if as_json:
        answer(json_text({"models": records}))
        return
    lines = [f"{'name':<26} {'dim':>5}  {'takes':<20} {'weights':<15} good for"]
    for r in records:
        takes, where = ", ".join(r["modalities"]), STATES[r["state"]]
        lines.append(f"{r['name']:<26} {r['dim']:>5}  {takes:<20} {where:<15} {r['good_for']}")
    answer("\n".join(lines))
    if any(r["get"] for r in records):
        say("To get weights: eex models get NAME. All about a model: eex models info NAME.")


@models.command()
@click.argument("name", metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(name: str, *, as_json: bool) -> None:
    """Tell all that is known of a model."""
    from eex.encoders.listing import encoder_record
    from eex.encoders.open import encoder_spec
    from eex.weights.store import installed

    settings, spec = read_settings(), encoder_spec(name)
    record, found = encoder_record(spec, settings), installed(spec, settings)
    if as_json:
        path = "" if found.path is None else str(found.path)
        answer(json_text({**record, "path": path, "receipt": _receipt(found)}))
        return
    answer("\n".join(_lines(record, found)))


@models.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--from",
    "source",
    default="",
    metavar="SOURCE",
    help="huggingface, modelscope.cn, modelscope.ai, the address of a mirror, or a file or folder."
    "  [default: EEX_HUB, else huggingface]",
)
@click.option("--accept-licence", is_flag=True, help="Accept the licence without being asked.")
def get(name: str, source: str, *, accept_licence: bool) -> None:
    """Get a model's weights; what is here already is not fetched again.

    Shows the licence, and asks once. An interrupted download goes on where it stopped. Prints the
    folder.
    """
    from eex.encoders.open import encoder_spec
    from eex.weights.get import get_weights, needs_licence
    from eex.weights.licences import licence_text

    settings, spec = read_settings(), encoder_spec(name)
    if needs_licence(spec, settings, source=source):
        say(licence_text(spec))
        if not accept_licence and sys.stdin.isatty():
            click.confirm("Do you accept this licence?", abort=True, err=True)
            accept_licence = True
    with byte_bars() as progress:
        folder = get_weights(
            spec,
            settings,
            source=source,
            accept=accept_licence,
            progress=progress,
            waiting=lambda: say(f"Another process is getting {name}; waiting for it."),
        )
    say(f"The weights of {name} are here:")
    answer(str(folder))


@models.command()
@click.argument("name", metavar="NAME")
def verify(name: str) -> None:
    """Compare the checksums of a model's files with the known ones."""
    from eex.encoders.open import encoder_spec
    from eex.weights.store import verify as verify_weights

    settings, spec = read_settings(), encoder_spec(name)
    if not spec.files:
        answer(f"{name} has its weights in the package; the installer checked them.")
        return
    with byte_bars() as progress:
        checked = verify_weights(spec, settings, progress=progress)
    answer("\n".join(f"{c.state:<8} {c.name}  {c.sha256}".rstrip() for c in checked))
    if any(c.state == "unknown" for c in checked):
        say("unknown: no checksum of that file is known to compare with.")
    wrong = [c.name for c in checked if c.state in {"wrong", "missing"}]
    if wrong:
        message = f"Not as they came: {', '.join(wrong)}."
        raise DamagedWeightsError(message, hint=f"eex models remove {name}, then get it again.")


@models.command()
@click.argument("name", metavar="NAME")
def remove(name: str) -> None:
    """Remove a model's weights from this machine."""
    from eex.encoders.open import encoder_spec
    from eex.weights.store import forget

    freed = forget(encoder_spec(name), read_settings())
    say(f"Removed the weights of {name}, {_size(freed)}.")


def _lines(record: dict[str, Any], found: Installed) -> list[str]:
    """Return all that is known of a model, for people; what is empty is left out."""
    pixels = {"picture": "pictures (8-bit sRGB)", "sentinel2-l2a": "Sentinel-2 L2A numbers"}
    size = f"{record['image_size']} x {record['image_size']}" if record["image_size"] else ""
    told = {
        "name": record["name"],
        "title": record["title"],
        "good for": record["good_for"],
        "takes": ", ".join(record["modalities"]),
        "dimensions": record["dim"] or "",
        "images": pixels.get(record["pixels"], ""),
        "bands": " ".join(record["bands"]),
        "input size": size,
        "prepared": record["preprocessing"],
        "text tokens": record["context"] or "",
        "templates": "; ".join(record["templates"]),
        "heatmaps": "yes" if record["heatmaps"] else "no",
        "licence": record["licence"] or ("see the page of the weights" if record["homes"] else ""),
        "credit": record["attribution"],
        "paper": record["paper"],
        "source": record["source"],
        "published": record["weights"],
        "verified": record["verified"],
        "needs": f"pip install 'earth-embedding-explorer[{record['extra']}]'"
        if record["extra"]
        else "",
    }
    lines = [f"{key:<12} {value}" for key, value in told.items() if value != ""]
    lines += [f"{'variant':<12} {v['name']}: {v['title']}" for v in record["variants"]]
    lines += [f"{'home':<12} {h['page']} ({_revision(h['revision'])})" for h in record["homes"]]
    for file in record["files"]:
        notes = [
            _size(file["size"]) if file["size"] else "",
            f"sha256 {file['sha256']}" if file["sha256"] else "",
            f"or {', '.join(file['or_else'])}" if file["or_else"] else "",
            "optional" if file["optional"] else "",
            f"from {file['home']['page']}" if file["home"] else "",
        ]
        lines.append(f"{'file':<12} {', '.join([file['name'], *filter(None, notes)])}")
    where = {
        "packaged": "where its name says" if _named(record["name"]) else "in the package",
        "here": f"{found.path}, {_size(found.size)}",
        "cached": f"{found.path}, in the cache of Hugging Face's tools",
        "partial": f"begun in {found.path}; {record['get']} goes on",
        "missing": f"not on this machine; {record['get']}",
    }
    lines.append(f"{'weights':<12} {where[found.state]}")
    if found.receipt is not None:
        met = f", commit {found.receipt.commit}" if found.receipt.commit else ""
        lines.append(f"{'got':<12} {found.receipt.date} from {found.receipt.source}{met}")
    return lines


def _receipt(found: Installed) -> dict[str, Any] | None:
    from dataclasses import asdict

    return None if found.receipt is None else asdict(found.receipt)


def _revision(name: str) -> str:
    """Return a commit as it is; a branch, which may move, is told to be no pin."""
    return name if re.fullmatch(r"[0-9a-f]{40}", name) else f"{name}, not pinned"


def _named(model: str) -> bool:
    """Say whether a model's name is the path of its weights."""
    return model.startswith("clip:") and not model.startswith("clip:hf-hub:")


def _size(count: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6)):
        if count >= scale:
            return f"{count / scale:.2f} {unit}"
    return f"{count / 1000:.1f} kB"
