"""What opened sets can be called, and that one name never means two sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from eex.catalog.gather import catalogue
from eex.catalog.known import open_embeddings
from eex.catalog.opened import map_open, open_here, remove_open
from eex.catalog.opening import open_named_set
from eex.catalog.wish import Wish
from eex.cli import main
from eex.config import Settings
from eex.errors import BadQueryError, NotOpenError, UnknownNameError
from published import table


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


@pytest.mark.parametrize("name", ["world", "siglip-249k", "dinov2-core"])
def test_the_name_of_a_known_set_stays_its_own(tmp_path: Path, own: Settings, name: str) -> None:
    pq.write_table(table(9), tmp_path / f"{name}.parquet")
    for called in (name, ""):
        with pytest.raises(BadQueryError, match="is known") as told:
            open_named_set(tmp_path / f"{name}.parquet", own, name=called)
        assert "--as" in told.value.hint
    assert open_here(name, own) is None
    assert open_named_set(tmp_path / f"{name}.parquet", own, name="mine").counts["rows"] == 9


@pytest.mark.parametrize("name", ["../x", "/x", "X", "world"])
def test_a_set_that_is_open_gets_no_bad_second_name(
    tmp_path: Path, own: Settings, name: str
) -> None:
    pq.write_table(table(9), tmp_path / "tiles.parquet")
    open_named_set(tmp_path / "tiles.parquet", own)
    with pytest.raises(BadQueryError):
        open_named_set("tiles", own, name=name)


def test_a_changed_record_is_met_by_refresh(tmp_path: Path, own: Settings) -> None:
    pq.write_table(table(9), tmp_path / "tiles.parquet")
    record = '[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["tiles.parquet"]\nmodel = "{}"\n'
    catalog = tmp_path / "sets.toml"
    own = replace(own, catalogs=(catalog,))
    keys = []
    for model in ("clay-v1.5", "clay-v1.5", "olmoearth-base"):
        catalog.write_text(record.format(model))
        here = open_named_set("mine", own, refresh=True)
        assert map_open(here).header.model == model
        keys.append(here.opened.key)
    assert keys[0] == keys[1] != keys[2]
    left = replace(own, catalogs=())
    assert len(open_embeddings("mine", settings=left)) == 9
    with pytest.raises(UnknownNameError) as told:
        open_named_set("mine", left)
    assert "--catalog" in told.value.hint


def test_two_sets_of_one_repository_are_not_mixed_up(tmp_path: Path, own: Settings) -> None:
    entry = """[[sets]]
    name = "{0}"
    title = "{0}"
    homes = [{{ hub = "huggingface", repo = "me/two" }}]
    files = ["{0}.parquet"]
    """
    for name, rows in (("one", 9), ("two", 7)):
        pq.write_table(table(rows), tmp_path / f"{name}.parquet")
    catalog = tmp_path / "sets.toml"
    catalog.write_text(entry.format("one") + entry.format("two"))
    own = replace(own, catalogs=(catalog,))
    open_named_set("one", own, source=str(tmp_path))
    with pytest.raises(NotOpenError):
        open_embeddings("two", settings=own)
    open_named_set("two", own, source=str(tmp_path))
    assert len(open_embeddings("one", settings=own)) == 9
    assert len(open_embeddings("two", settings=own)) == 7


def test_a_catalogue_cannot_call_a_set_as_one_that_is_made_here(
    tmp_path: Path,
    own: Settings,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalog = tmp_path / "sets.toml"
    catalog.write_text('[[sets]]\nname = "world"\ntitle = "Mine"\nfiles = ["a.parquet"]\n')
    assert "world" not in catalogue(replace(own, catalogs=(catalog,)))
    assert "'world', which is made here" in caplog.text
    with pytest.raises(SystemExit) as left:
        main(["sets", "--catalog", str(catalog)])
    assert left.value.code == 1
    assert "Give it another name." in capsys.readouterr().err


@pytest.mark.parametrize("wish", [{"scale": 0.0}, {"scale": float("nan")}, {"offset": np.inf}])
def test_a_scale_that_makes_no_numbers_is_refused(
    tmp_path: Path, own: Settings, wish: dict[str, float]
) -> None:
    pq.write_table(table(9), tmp_path / "tiles.parquet")
    with pytest.raises(BadQueryError, match="cannot be made with"):
        open_named_set(tmp_path / "tiles.parquet", own, wish=Wish(**wish))  # type: ignore[arg-type]
    assert open_here("tiles", own) is None
