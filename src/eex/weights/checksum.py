"""SHA-256 of files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from eex.files import guarded

CHUNK = 2**20
"""Bytes read from a disk at once."""

SHA256 = re.compile(r"[0-9a-f]{64}")
"""What a SHA-256 looks like."""

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, 0 where that is not known."""


def sha256_of(path: Path, *, progress: Progress | None = None) -> str:
    """Return the SHA-256 of a file.

    Raises:
        OutputError: If it cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with guarded(f"reading {path}"), path.open("rb") as file:
        total = path.stat().st_size
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest()
