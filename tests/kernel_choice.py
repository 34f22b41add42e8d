"""Which library multiplies rows, chosen by a test."""

from __future__ import annotations

import numpy as np
import pytest

from eex.index import kernels


def use(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows multiplied by this library, as where the others are not installed."""
    if kernel == "llvmlite":
        pytest.importorskip("llvmlite", reason="optional: pip install '.[fast]'")
        assert np.dtype(np.float16) in kernels.compiled_kernels()
    else:
        monkeypatch.setattr(kernels, "compiled_kernels", dict)
    if kernel == "numpy":
        monkeypatch.setattr(kernels, "numkong", None)
