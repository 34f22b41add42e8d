"""The plug-ins of docs/plugins.md, taken from the page itself: installed, listed, run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

import eex
from eex import registry
from eex.cli import main
from eex.config import Settings
from eex.encoders.base import EncoderSpec
from eex.encoders.open import encoder_spec
from eex.errors import BadQueryError, MissingWeightsError
from eex.index.base import FindsRows
from eex.search.run import OpenSet
from eex.sources.asking import source_of
from eex.sources.refs import SceneSource
from eex.sources.wanted import Wanted
from eex.testing import EncoderContract, IndexContract, SceneSourceContract

PAGE = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TABLES = [tomllib.loads(text) for kind, text in BLOCKS if kind == "toml"]
PROJECT = next(tomllib.loads(text) for kind, text in BLOCKS if kind == "toml")
MODULES = [text for kind, text in BLOCKS if kind == "python"]


def is_of_sets(table: dict[str, Any]) -> bool:
    return "eex.sets" in table["project"].get("entry-points", {})


def dist_info(
    folder: Path, name: str, points: dict[str, str], *, group: str = "eex.encoders"
) -> None:
    """Write what installing a distribution leaves behind."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the page's two modules; give the folder."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "mean_colour.py").write_text(MODULES[0])
    (folder / "mixed_colour.py").write_text(MODULES[2])
    project = PROJECT["project"]
    dist_info(folder, project["name"], project["entry-points"]["eex.encoders"])
    dist_info(folder, "mixed-colour", {"mixed-colour": "mixed_colour:MIXED_COLOUR"})
    (folder / "alps_set.py").write_text(next(m for m in MODULES if "SETS = [" in m))
    (folder / "in_memory.py").write_text(next(m for m in MODULES if "IN_MEMORY = " in m))
    engines = next(t["project"]["entry-points"] for t in TABLES if "in-memory" in str(t))
    dist_info(folder, "in-memory", engines["eex.indexes"], group="eex.indexes")
    (folder / "archive.py").write_text(next(m for m in MODULES if "class Archive" in m))
    scenes = next(t["project"]["entry-points"] for t in TABLES if "eex.scenes" in str(t))
    dist_info(folder, "archive", scenes["eex.scenes"], group="eex.scenes")
    points = next(t["project"]["entry-points"]["eex.sets"] for t in TABLES if is_of_sets(t))
    dist_info(folder, "alps-set", points, group="eex.sets")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("EEX_MODELS_DIR", str(tmp_path / "models"))
    registry._installed.cache_clear()
    registry._load.cache_clear()
    yield folder
    for name in ("mean_colour", "mixed_colour", "alps_set", "in_memory", "archive"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    registry._installed.cache_clear()
    registry._load.cache_clear()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "x.png"
    Image.new("RGB", (20, 10), (30, 40, 0)).save(path)
    return path


class TestInMemory(IndexContract):
    """What the page tells authors to put into their tests, run."""

    @staticmethod
    def make(vectors: Any) -> FindsRows:
        scope: dict[str, Any] = {}
        exec(next(m for m in MODULES if "class TestInMemory" in m), scope)
        made: FindsRows = scope["TestInMemory"].make(vectors)
        return made


def test_an_engine_of_a_package_ranks_by_its_name(
    world: OpenSet, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["index", "engines"])
    assert "in-memory" in capsys.readouterr().out
    other = OpenSet("world", world.embeddings, world.settings, pool=world.pool, engine="in-memory")
    found = other.search(text="sand desert", k=20)
    expected = world.search(text="sand desert", k=20)
    assert [tile.row for tile in found.results] == [tile.row for tile in expected.results]
    assert any("Found by in-memory" in message for message in found.messages)


class TestArchive(SceneSourceContract):
    """What the page tells authors to put into their tests, run."""

    time = ("2024-01", "2024-02")
    cloud_cover = 20

    @staticmethod
    def make(settings: Settings, wanted: Wanted) -> SceneSource:
        scope: dict[str, Any] = {}
        exec(next(m for m in MODULES if "class TestArchive" in m), scope)
        assert scope["TestArchive"].time == TestArchive.time
        made: SceneSource = scope["TestArchive"].make(settings, wanted)
        return made


def test_a_source_of_a_package_is_asked_by_its_name(settings: Settings, tmp_path: Path) -> None:
    table = tmp_path / "archive.csv"
    table.write_text("name,time,clouds,file\none,2024-01-10T01:30:00+00:00,5,one.tif\n")
    made = source_of("archive", settings, dates="2024", table=str(table))
    assert [ref.id for ref in made.refs()] == ["one"]
    assert source_of("archive", settings, dates="2023", table=str(table)).refs() == []
    with pytest.raises(BadQueryError, match="needs table"):
        source_of("archive", settings, dates="2024")


def raster(path: Path, values: Sequence[int]) -> None:
    """Write 64 x 64 pixels of 10 m of one colour."""
    rasterio = pytest.importorskip("rasterio")
    grid = rasterio.Affine(10, 0, 500_000, 0, -10, 5_200_000)
    with rasterio.open(
        path, "w", driver="GTiff", width=64, height=64, count=3, dtype="uint16",
        crs="EPSG:32633", transform=grid,
    ) as file:  # fmt: skip
        for band, value in enumerate(values, 1):
            file.write(np.full((64, 64), value, np.uint16), band)


def test_the_pages_build_makes_a_set_of_the_source_and_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    exec(next(m for m in MODULES if "class TestArchive" in m), scope)
    Path("archive.csv").write_text(scope["TABLE"])
    raster(Path("one.tif"), (1200, 1600, 0))
    words = shlex.split(next(text for kind, text in BLOCKS if kind == "bash"))[1:]
    main(words)
    assert capsys.readouterr().out.startswith("ours.parquet: 1 tile, ")
    made = eex.open_set("ours.parquet")
    assert made.embeddings.vectors.shape == (1, 3)
    np.testing.assert_allclose(made.embeddings.vectors[0], [0.6, 0.8, 0], atol=2e-3)
    header = made.embeddings.header
    assert header.model == "mean-colour"

    main(["build", "--help"])
    assert re.search(
        r"^  archive +Scenes of an installed package", capsys.readouterr().out, re.MULTILINE
    )
    main(["build", "archive", "--help"])
    told = capsys.readouterr().out
    assert re.search(
        r"Of archive itself:\n  Scenes of a table: .*--option table=… +needed", told, re.DOTALL
    )
    assert "--dates" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["archive"], 2, "The source archive needs table: --option table=…"),
        (["archive", "--option", "table=x", "--option", "tabel=x"], 1, "Did you mean 'table'?"),
        (["archive", "--option", "table"], 1, "is not KEY=VALUE. Such as: --option table="),
        (["archiv", "--option", "table=x"], 2, "Did you mean 'archive'?"),
        (["archive", "--option", "table=x", "ours.parquet"], 2, "-o ours.parquet"),
    ],
)
def test_mistakes_with_a_source_of_a_package_are_told(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["build", *words])
    assert ended.value.code == code
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_file_that_a_package_does_not_find_is_named(installed: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(installed), *filter(None, sys.path)])
    env = {**os.environ, "PYTHONPATH": path, "EEX_CACHE_DIR": str(tmp_path / "cache")}
    words = [
        "archive",
        "--option",
        "table=nowhere.csv",
        "--model",
        "mean-colour",
        "-o",
        "x.parquet",
    ]
    command = [sys.executable, "-m", "eex.cli", "build", *words]
    ended = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["Error: nowhere.csv: No such file or directory."]


class TestMeanColour(EncoderContract):
    @pytest.fixture(autouse=True)
    def spec_of_the_page(self, installed: Path) -> None:
        assert installed
        type(self).spec = encoder_spec("mean-colour")

    spec: ClassVar[EncoderSpec]


def test_the_command_line_lists_and_runs_it(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "--json"])
    listed = {m["name"]: m for m in json.loads(capsys.readouterr().out)["models"]}
    assert listed["mean-colour"]["installed"]
    out = tmp_path / "vector.npy"
    main(["encode", "image", str(picture), "--model", "mean-colour", "-o", str(out)])
    np.testing.assert_allclose(np.load(out), [[0.6, 0.8, 0]], atol=1e-6)
    with pytest.raises(SystemExit):
        main(["encode", "text", "a lake", "--model", "mean-colour"])
    assert "takes no text" in capsys.readouterr().err


def test_an_error_says_of_which_image_it_is(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, none = tmp_path / "small.png", tmp_path / "none.png"
    Image.new("RGB", (1, 1)).save(small)
    none.write_text("no picture")
    for bad in (small, none):
        with pytest.raises(SystemExit):
            main(["encode", "image", str(picture), str(bad), "--model", "mean-colour"])
        assert f"Error: {bad}: " in capsys.readouterr().err


def test_the_pages_own_test_is_one(installed: Path) -> None:
    scope: dict[str, object] = {}
    exec(MODULES[1], scope)  # what the page tells authors to put into their tests
    made = scope["TestMeanColour"]
    assert installed
    assert isinstance(made, type)
    assert issubclass(made, EncoderContract)
    assert made.spec.name == "mean-colour"


def test_one_with_weights_is_found_before_they_are_here_and_runs_with_them(
    picture: Path, tmp_path: Path
) -> None:
    spec = encoder_spec("mixed-colour")
    assert [v.name for v in spec.variants] == ["official", "grey"]
    with pytest.raises(MissingWeightsError) as missing:
        eex.encoder("mixed-colour")
    assert missing.value.hint == "eex models get mixed-colour"
    turned = np.array([[0, 1], [1, 0], [0, 0]], np.float32)
    save_file({"matrix": turned}, tmp_path / "mix.safetensors")
    for weights in (tmp_path, tmp_path / "mix.safetensors"):
        made = eex.encoder("mixed-colour", weights=weights).encode_image([picture])
        np.testing.assert_allclose(made, [[0.8, 0.6]], atol=1e-6)
    grey = eex.encoder("mixed-colour", weights=tmp_path, variant="grey").encode_image([picture])
    np.testing.assert_allclose(grey, [[0.5**0.5, 0.5**0.5]], atol=1e-6)


def test_a_set_of_a_package_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["sets", "alps", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert (record["model"], record["state"]) == ("clay-v1.5", "absent")
    assert record["homes"][0]["page"] == "https://huggingface.co/datasets/somebody/alps"
    assert record["files"][0]["name"] == "embeddings/*.parquet"
