"""Outputs of reference code that lie beside the repository; tests that need them skip without."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


def _found() -> Path | None:
    folder = Path(os.environ.get("EEX_SHARED") or ROOT.parent / "shared")
    return folder if (folder / "conformance").is_dir() else None


SHARED: Path | None = _found()
"""The folder, or None."""

needs_shared = pytest.mark.skipif(
    SHARED is None, reason="outputs of reference code are not here (EEX_SHARED)"
)


def shared(path: str) -> Path:
    """Return a file or folder below `conformance`; a test that asks for it needs `needs_shared`."""
    assert SHARED is not None
    return SHARED / "conformance" / path


def golden(path: str) -> Any:
    """Return the array (.npy) or the record (.json) below `conformance`."""
    file = shared(path)
    if file.suffix == ".json":
        return json.loads(file.read_text(encoding="utf-8"))
    return np.load(file)


def ruled(key: str, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a tensor of the full-size checkpoints that are made by a rule, not trained.

    The rule is that of `conformance/fullsize`: uniform numbers seeded with the CRC of the key.
    """
    from zlib import crc32

    u = np.random.Generator(np.random.PCG64(crc32(key.encode()))).random(shape, np.float32) - 0.5
    if len(shape) < 2 and key.endswith(("weight", "lambda1")):
        return np.asarray(1 + np.float32(0.2) * u, np.float32)
    return np.asarray(np.float32(0.1) * u, np.float32)


def ruled_picture(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return network input made by the same rule, such as "img224" of shape (1, 3, 224, 224)."""
    from zlib import crc32

    u = np.random.Generator(np.random.PCG64(crc32(name.encode()))).random(shape, np.float32) - 0.5
    return (u * 4).astype(np.float32)
