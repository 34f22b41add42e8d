"""The licence of a model's weights: shown before they are got, accepted once.

What was accepted is kept in `licences.json` in the folder of all models, so that a model that is
removed and got again, or that another process gets, is not asked about again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from eex.errors import LicenceError
from eex.files import guarded, making, write_bytes
from eex.weights.hubs import page_of

if TYPE_CHECKING:
    from eex.weights.records import HasWeights

ACCEPTED = "licences.json"
"""Name of the file in the folder of all models."""


def licence_text(spec: HasWeights) -> str:
    """Return what a user is shown before accepting."""
    homes = [page_of(home) for home in spec.homes[:1]]
    others = [page_of(f.home) for f in spec.files if f.home is not None]
    lines = [
        f"{spec.title} ({spec.name})",
        f"Licence: {spec.licence or 'not stated here; see the page of the weights'}",
        *([f"Credit: {spec.attribution}"] if spec.attribution else []),
        *(f"Terms: {page}" for page in dict.fromkeys(homes + others)),
    ]
    return "\n".join(lines)


def accepted_on(spec: HasWeights, models_dir: Path) -> str:
    """Return when the licence was accepted; empty if it was not, or has changed since."""
    entry = _read(models_dir).get(spec.name, {})
    return entry.get("date", "") if entry.get("licence") == spec.licence else ""


def keep_acceptance(spec: HasWeights, models_dir: Path, *, date: str) -> None:
    """Keep that the licence was accepted.

    Raises:
        OutputError: If that cannot be written.
    """
    path = models_dir / ACCEPTED
    with guarded(f"writing {path}"), making(path):
        record = _read(models_dir) | {spec.name: {"licence": spec.licence, "date": date}}
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_bytes(path, f"{text}\n".encode())


def not_accepted(spec: HasWeights) -> LicenceError:
    """Return the error for weights whose licence has not been accepted."""
    licence = spec.licence or "a licence that the page of the weights states"
    message = f"The weights of {spec.name} come under {licence}, which has not been accepted."
    hint = f"eex models get {spec.name} --accept-licence"
    return LicenceError(message, hint=hint, licence=licence_text(spec))


def _read(models_dir: Path) -> dict[str, dict[str, str]]:
    try:
        record = json.loads((models_dir / ACCEPTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(record, dict)
    return {k: v for k, v in record.items() if isinstance(v, dict)} if whole else {}
