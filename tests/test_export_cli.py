"""`eex search -o FILE` writes what the name says, and tells what it could not."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from eex.cli.search import FORMATS as NAMES
from eex.cli.search import OURS
from eex.errors import OfflineError
from eex.export.formats import FORMATS
from eex.search import taking
from eex.search.run import OpenSet

Run = Callable[..., tuple[int, str, str]]

ASK = ("search", "--text", "fjords", "--k", "3")


@pytest.fixture
def run(world: OpenSet, monkeypatch: pytest.MonkeyPatch, eex_command: Run) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(world.settings.cache_dir))
    return eex_command


def test_the_command_line_knows_every_format() -> None:
    assert (*OURS, *(form.name for form in FORMATS)) == NAMES


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if not form.binary], ids=lambda form: form.name
)
def test_text_goes_to_standard_output_and_files_are_the_same(
    run: Run, world: OpenSet, tmp_path: Path, form: taking.Format
) -> None:
    code, out, _ = run(*ASK, "--format", form.name)
    assert code == 0
    assert out == taking.answer_text(world.search(text="fjords", k=3), form.name)
    target = tmp_path / f"best{form.endings[0]}"
    code, said, err = run(*ASK, "-o", str(target))
    assert (code, said) == (0, "")
    assert target.read_text(encoding="utf-8") == out
    assert f"Wrote {target}" in err


@pytest.mark.parametrize("form", ["geoparquet", "png", "zip", "chips"])
def test_what_is_no_text_goes_into_a_file(run: Run, form: str) -> None:
    code, out, err = run(*ASK, "--format", form)
    assert (code, out) == (1, "")
    assert "Give one: -o answer." in err


def test_an_unknown_ending_is_told_with_all_that_are_known(run: Run, tmp_path: Path) -> None:
    code, _, err = run(*ASK, "-o", str(tmp_path / "best.shp"))
    assert code == 1
    assert all(form.endings[0] in err for form in FORMATS)
    assert not list(tmp_path.iterdir())


def test_the_answer_as_json_is_no_stac_and_no_recipe(run: Run, tmp_path: Path) -> None:
    for name, key in (("a.json", "results"), ("a.stac.json", "features"), ("a.recipe.json", "k")):
        assert run(*ASK, "-o", str(tmp_path / name))[0] == 0
        assert key in json.loads((tmp_path / name).read_text())


def test_missing_pixels_are_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rasterio")
    real = taking.chip

    def chip(*arguments: object) -> bytes:
        if arguments[-1].rank > 1:  # type: ignore[attr-defined]
            message = "http://10.1.2.3"
            raise OfflineError(message)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(taking, "chip", chip)
    code, _, err = run(*ASK, "-o", str(tmp_path / "best.zip"), "--chips", "3")
    assert code == 0
    assert "Without pixels of 2 tiles" in err
    assert "none are fetched now" in err
    names = zipfile.ZipFile(io.BytesIO((tmp_path / "best.zip").read_bytes())).namelist()
    assert "chips/MISSING.txt" in names
    assert sum(name.endswith(".tif") for name in names) == 1


def test_feedback_writes_them_too(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "best.kml"
    code, _, err = run("feedback", "world", "--positive", "2921", "-o", str(target))
    assert code == 0, err
    assert target.read_text().startswith("<?xml")
