"""What is written down of a model that was got: `eex.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.files import write_bytes

if TYPE_CHECKING:
    from eex.weights.records import HasWeights, WeightFile

RECEIPT = "eex.json"
"""Name of the receipt in a model's folder."""


@dataclass(frozen=True, kw_only=True)
class Got:
    """One file that was got."""

    name: str
    """Path in the model's folder: the file's name, or the other name that it was found under."""
    sha256: str
    """Checksum when it came."""
    size: int
    """Bytes."""
    source: str
    """Where it came from: an address or a path."""
    commit: str = ""
    """Commit of the repository; empty if the hub does not tell."""
    checked: bool = False
    """Whether the checksum was compared with one known before."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was got, from where."""

    model: str
    """Name of the model."""
    source: str
    """Hub, mirror or path."""
    repo: str = ""
    """Repository of the first file."""
    revision: str = ""
    """Commit or branch that was asked for."""
    commit: str = ""
    """Commit that was met."""
    date: str = ""
    """When, ISO 8601, UTC."""
    licence: str = ""
    """Licence of the weights, as the model's record names it."""
    accepted: str = ""
    """When the licence was accepted; empty for files of the user's own."""
    complete: bool = False
    """Whether every file that is to be had is here."""
    files: Mapping[str, Got] = field(default_factory=dict)
    """Files by their name in the model's record."""

    def with_file(self, name: str, got: Got) -> Receipt:
        """Return it with one more file."""
        return replace(self, files={**self.files, name: got})


def read_receipt(folder: Path) -> Receipt | None:
    """Return the receipt in a folder; None if there is none that can be read."""
    try:
        record: Any = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        record.pop("version")
        files = {name: Got(**entry) for name, entry in record.pop("files").items()}
        for got in files.values():
            checked_name(got.name)
            int(got.size)
        return Receipt(**record, files=files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_receipt(folder: Path, receipt: Receipt) -> None:
    """Write the receipt, whole or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    text = json.dumps({"version": 1} | asdict(receipt), indent=2, ensure_ascii=False)
    write_bytes(folder / RECEIPT, f"{text}\n".encode())


def file_here(folder: Path, file: WeightFile, receipt: Receipt | None) -> Path | None:
    """Return where a model's file lies in a folder, if it is whole as far as its size tells.

    Without a receipt, as in a folder that a user filled, a file that is there counts.
    """
    if receipt is not None:
        got = receipt.files.get(file.name)
        if got is None or (file.sha256 and got.sha256 != file.sha256):
            return None
        path = folder / got.name
        return path if _size(path) == got.size else None
    for name in (file.name, *file.or_else):
        path = folder / checked_name(name)
        size = -1 if note_path(path).exists() else _size(path)  # with a note, it is being got
        if size > 0 and (not (file.sha256 and file.size) or size == file.size):
            return path
    return None


def is_complete(folder: Path, spec: HasWeights) -> bool:
    """Whether all files that a model needs are in its folder."""
    if not folder.is_dir():
        return False
    receipt = read_receipt(folder)
    if receipt is not None and not receipt.complete:
        return False
    return all(file.optional or file_here(folder, file, receipt) for file in spec.files)


def checked_name(name: str) -> str:
    """Return the name of a file inside a folder, or refuse one that leads out of it.

    Raises:
        BadQueryError: If it does.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        message = f"{name!r} is not the name of a file in a repository."
        raise BadQueryError(message, hint="This is a fault of the model's record; report it.")
    return name


def note_path(target: Path) -> Path:
    """Return where it is noted what has come of a file, until it is in the receipt."""
    return target.with_name(f"{target.name}.part.json")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1
