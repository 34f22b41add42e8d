"""The commands and the code of docs/guide/imagery.md, run on servers and files made here."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from eex.sources import stac
from loopback_hub import running_hub
from stac_world import StacWorld
from test_sources_folder import write
from test_sources_shards import metadata
from test_sources_shards import write as write_shards

PAGE = (Path(__file__).parents[1] / "docs" / "guide" / "imagery.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(text) for kind, text in BLOCKS if kind == "bash"]
CODE = [text for kind, text in BLOCKS if kind == "python"]

Command = Callable[..., tuple[int, str, str]]


def said(command: Command, kind: str, *, number: int = 0, **files: str) -> dict[str, object]:
    """Run one of the page's commands dry, with a model that is here; return what it says."""
    lines = [words for words in COMMANDS if words[2] == kind]
    words = [word for word in lines[number][1:] if word != "--dry-run"]
    words = [files.get(word, word) for word in words]
    words[words.index("siglip-so400m-14-384")] = "demo-bluemarble-concepts"
    code, out, err = command(*words, "--size", "32", "--dry-run", "--json")
    assert code == 0, err
    told: dict[str, object] = json.loads(out)
    return told


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, stac_world: StacWorld, tmp_path: Path) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EEX_FETCH_HOSTS", "127.0.0.1")
    monkeypatch.setattr(stac.StacSource.__init__, "__kwdefaults__", {
        **(stac.StacSource.__init__.__kwdefaults__ or {}), "api": stac_world.api,
    })  # fmt: skip
    monkeypatch.chdir(tmp_path)


def test_a_stac_api(eex_command: Command) -> None:
    assert said(eex_command, "stac")["scenes"] == 2


def test_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    exec(CODE[0], {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "S2A_54SUE_20240110_0_L2A", "S2A_54SVE_20240110_0_L2A",
    ]  # fmt: skip
    assert all(line.split()[3] == "3.25" for line in lines)


def test_a_file_of_items(eex_command: Command, stac_world: StacWorld) -> None:
    import rustac

    items = [made.item for made in stac_world.scenes.values()]
    rustac.write_sync("scenes.parquet", {"type": "FeatureCollection", "features": items})
    assert said(eex_command, "items")["scenes"] == 4


def test_geotiffs(eex_command: Command, tmp_path: Path, stac_world: StacWorld) -> None:
    for band in ("B04", "B03", "B02"):
        write(tmp_path / "scenes" / f"T33UWP_20250330T100051_{band}_10m.tif", size=(64, 96))
    write(tmp_path / "more" / "a.tif", bands=12, size=(64, 96))
    content = (tmp_path / "more" / "a.tif").read_bytes()
    url = stac_world.files.put("/own/b.tif", content)
    told = said(eex_command, "folder", **{"https://example.org/b.tif": url})
    assert told["scenes"] == 3


def test_shards(eex_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_shards(tmp_path / "images")
    table = metadata(tmp_path / "table.parquet")
    assert said(eex_command, "shards")["scenes"] == 2
    with running_hub() as hub:
        files = {f"images/{path.name}": path.read_bytes() for path in paths}
        hub.put_dataset("Major-TOM/Core-S2L2A", {**files, "metadata.parquet": table.read_bytes()})
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert said(eex_command, "shards", number=1)["scenes"] == 1  # of clouds up to 10 percent


def test_what_does_not_fit_is_said(eex_command: Command) -> None:
    code, _, err = eex_command("build", "folder", "x", "--asset", "B04=red", "-o", "x.parquet")
    assert code == 2  # folders have no items, nor an option for them
    assert "No such option '--asset'" in err
    code, _, err = eex_command("build", "shards", "--model", "demo-bluemarble-concepts", "-o", "x")
    assert code
    assert "either files, or a repository" in err
