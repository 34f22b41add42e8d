"""Where weights are on this machine: finding them, getting them, checking them, removing them.

A model's files lie in a folder of its own in `Settings.models_dir`, with a receipt. Weights that
Hugging Face's own tools have fetched are used where they lie.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eex.errors import MissingWeightsError
from eex.files import guarded, making, user_path
from eex.weights.checksum import sha256_of
from eex.weights.hubcache import blob_sha256, cached_folder
from eex.weights.receipts import Receipt, is_complete, read_receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from eex.config import Settings
    from eex.weights.records import HasWeights

State = Literal["packaged", "here", "cached", "partial", "missing"]
"""In the package; in our folder; in Hugging Face's cache; begun; not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """Whether a model's weights are on this machine."""

    state: State
    """Where they are."""
    path: Path | None = None
    """Their folder."""
    size: int = 0
    """Bytes there."""
    receipt: Receipt | None = None
    """What was written down when they were got."""

    @property
    def ready(self) -> bool:
        """Whether the model can be loaded."""
        return self.state in {"packaged", "here", "cached"}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What checking one file found."""

    name: str
    """Path in the folder."""
    state: Literal["right", "wrong", "missing", "unknown"]
    """Whether its checksum is the expected one; unknown if none is known."""
    size: int = 0
    """Bytes there."""
    sha256: str = ""
    """Checksum there."""
    expected: str = ""
    """Checksum that it should have."""


def models_folder(settings: Settings) -> Path:
    """Return the folder of all models."""
    return settings.models_dir or settings.cache_dir / "models"


def model_folder(name: str, settings: Settings) -> Path:
    """Return the folder of one model, whether it is there or not."""
    safe = re.sub(r"[^a-z0-9._-]+", "--", name).strip("-.")[:80]
    if safe != name:  # such as clip:hf-hub:org/name: two names, two folders
        safe += f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return models_folder(settings) / safe


def find_weights(spec: HasWeights, given: str | Path | None, *, settings: Settings) -> Path:
    """Return the file or folder of a model's weights.

    That is the given one; else the model's folder; else Hugging Face's cache.

    Raises:
        MissingWeightsError: If they are not here; the hint has the command that gets them.
    """
    if given is not None:
        path = user_path(given)
        if not path.exists():
            message = f"There are no weights at {path}."
            raise MissingWeightsError(message, hint="Check the path.")
        return path
    found = installed(spec, settings)
    if found.ready and found.path is not None:
        return found.path
    where = "only partly on" if found.state == "partial" else "not on"
    message = f"The weights of {spec.name} are {where} this machine."
    raise MissingWeightsError(message, hint=get_command(spec.name))


def get_command(name: str) -> str:
    """Return the command that gets a model's weights."""
    return f"eex models get {name}"


def installed(spec: HasWeights, settings: Settings) -> Installed:
    """Say whether a model's weights are here; looks at names and sizes only."""
    if not spec.files:
        return Installed(state="packaged")
    folder = model_folder(spec.name, settings)
    receipt = read_receipt(folder)
    if is_complete(folder, spec):
        return Installed(state="here", path=folder, size=_size(folder, spec), receipt=receipt)
    if (cached := cached_folder(settings.hub_cache, spec)) is not None:
        return Installed(state="cached", path=cached, size=_size(cached, spec))
    if folder.is_dir() and any(folder.iterdir()):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return Installed(state="partial", path=folder, size=size, receipt=receipt)
    return Installed(state="missing")


def verify(
    spec: HasWeights,
    settings: Settings,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Checked, ...]:
    """Compare the checksums of a model's files with those of its record or its receipt.

    Raises:
        MissingWeightsError: If none of it is here.
    """
    found = installed(spec, settings)
    if found.state == "missing" or found.path is None:
        find_weights(spec, None, settings=settings)
        return ()
    checked = []
    for file in spec.files:
        got = found.receipt.files.get(file.name) if found.receipt else None
        names = (got.name,) if got else (file.name, *file.or_else)
        path = next((found.path / name for name in names if (found.path / name).is_file()), None)
        if path is None:
            if got or not file.optional:
                checked.append(Checked(name=names[0], state="missing"))
            continue
        expected = file.sha256 or (got.sha256 if got else blob_sha256(path))
        report = _for_file(progress, names[0])
        digest = sha256_of(path, progress=report)
        state: Literal["right", "wrong", "unknown"] = "unknown"
        if expected:
            state = "right" if digest == expected else "wrong"
        name = path.relative_to(found.path).as_posix()
        size = path.stat().st_size
        checked.append(Checked(name=name, state=state, size=size, sha256=digest, expected=expected))
    return tuple(checked)


def forget(spec: HasWeights, settings: Settings) -> int:
    """Remove a model's folder; what lies in Hugging Face's cache stays.

    Returns:
        The bytes that were freed.

    Raises:
        MissingWeightsError: If there is no such folder.
        OutputError: If it cannot be removed.
    """
    folder = model_folder(spec.name, settings)
    if not folder.is_dir():
        message = f"No weights of {spec.name} are in {folder.parent}."
        state = installed(spec, settings).state
        hints = {
            "packaged": "They are in the package.",
            "cached": f"They are in Hugging Face's cache, {settings.hub_cache}.",
        }
        raise MissingWeightsError(message, hint=hints.get(state, ""))
    with guarded(f"removing {folder}"), making(folder):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    return size


def _size(folder: Path, spec: HasWeights) -> int:
    """Return the bytes of a model's files in a folder, other names included."""
    names = {name for file in spec.files for name in (file.name, *file.or_else)}
    return sum(path.stat().st_size for path in map(folder.joinpath, names) if path.is_file())


def _for_file(
    progress: Callable[[str, int, int], None] | None, name: str
) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(name, done, total)
