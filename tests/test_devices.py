"""Names of devices that there are not are refused, whatever the model."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import eex
from build_world import DEMO, made
from eex.cli import cli
from eex.config import Settings
from eex.encoders.devices import check_device
from eex.errors import BadQueryError


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps", "xpu:1"])
def test_devices_pass(name: str) -> None:
    check_device(name)


@pytest.mark.parametrize("name", ["cuda0", "cudaa", "gpu", "auto:1", "CUDA", "cpu ", "cuda:", ""])
def test_typos_are_refused(name: str) -> None:
    with pytest.raises(BadQueryError, match="There is no device") as told:
        check_device(name)
    assert "auto, cpu, cuda, mps" in told.value.hint


def test_the_demo_model_takes_no_typo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadQueryError, match="cudaa") as told:
        eex.encoder(DEMO, device="cudaa")
    assert "Did you mean 'cuda'?" in told.value.hint
    settings = Settings(cache_dir=tmp_path, threads=1, device="cqu")
    with pytest.raises(BadQueryError, match="cqu"):
        eex.encoder(DEMO, settings=settings)
    assert eex.encoder(DEMO, device="cpu").spec.name == DEMO
    with pytest.raises(BadQueryError, match="cudaa"):
        made(tmp_path / "set.parquet", device="cudaa")
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    path = str(tmp_path / "set.parquet")
    words = ["build", "world", "--bbox", "5 44 16 48", "--device", "cudaa", "-o", path]
    told_by = CliRunner().invoke(cli, words)
    assert told_by.exit_code == 1
    assert isinstance(told_by.exception, BadQueryError)  # which `main` tells in a line
