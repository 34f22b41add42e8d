"""What opened sets can be called, and that one name never means two sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from eex.catalog.opened import open_here, remove_open
from eex.config import Settings
from eex.errors import NotOpenError


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings with folders of their own, and no network."""
    return Settings(
        cache_dir=tmp_path / "cache", sets_dir=tmp_path / "sets", threads=1, offline=True
    )


@pytest.mark.parametrize("name", ["{folder}", "../../precious", "../downloads", "..", ".", "a\0b"])
def test_a_path_is_never_removed_as_if_it_were_a_set(
    tmp_path: Path, own: Settings, name: str
) -> None:
    kept = [tmp_path / "precious" / "file", tmp_path / "sets" / "downloads" / "file"]
    for file in kept:
        file.parent.mkdir(parents=True)
        file.write_text("x")
    (tmp_path / "sets" / "open").mkdir()
    name = name.format(folder=tmp_path / "precious")
    with pytest.raises(NotOpenError):
        remove_open(name, own)
    assert all(file.read_text() == "x" for file in kept)
    assert open_here(name, own) is None
