"""Which library multiplies rows, chosen by a test."""

from __future__ import annotations

import numpy as np
import pytest

from eex.index import kernels


def use(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows multiplied by this library, as where the others are not installed."""
    if kernel == "llvmlite":
        pytest.importorskip("llvmlite", reason="optional: pip install '.[fast]'")
        assert kernels.compiled_dots(np.dtype(np.float16)) is not None
    else:
        monkeypatch.setattr(kernels, "compiler", lambda: None)
    if kernel == "numpy":
        monkeypatch.setattr(kernels, "numkong", None)
