"""The command that is told after opening a set is one that has an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eex.cli.next import search_next
from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.encoders.base import EncoderSpec
from toy_sets import SHORT, embedding_set


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    def spec(name: str) -> EncoderSpec:
        return {"short": SHORT, "packaged": replace(SHORT, name="packaged", files=())}[name]

    monkeypatch.setattr("eex.encoders.open.encoder_spec", spec)


def made(**header: str) -> EmbeddingSet:
    some = embedding_set(SHORT, rows=4)
    return replace(some, header=replace(some.header, **header))  # type: ignore[arg-type]


@pytest.mark.usefixtures("known")
def test_a_model_that_is_here_is_asked_in_its_own_way(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1)
    told = search_next("mine", made(model="packaged"), settings)
    assert told == ['eex search --set mine --text "a river delta"']


@pytest.mark.usefixtures("known")
def test_a_model_without_weights_is_named_and_a_tile_is_asked_with(tmp_path: Path) -> None:
    first, second = search_next("mine", made(), Settings(cache_dir=tmp_path, threads=1))
    assert first == "eex search --set mine --row 0"
    assert second.startswith("To ask with text")
    assert second.endswith(": eex models get short")
    some = replace(made(model=""), unusable=np.array([0, 1, 3]))
    assert search_next("mine", some, Settings(cache_dir=tmp_path, threads=1)) == [
        "eex search --set mine --row 2"
    ]
