"""`eex build` and `eex publish` on the command line: what is told, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from build_world import DEMO, made, rows
from eex.build import estimate as estimating
from eex.build.plan import BuildFolder
from eex.build.scenes import fetch_whole
from eex.cli import cli, main
from eex.cli.build_costs import time_text
from eex.config import Settings
from eex.errors import UnavailableError
from eex.remote.client import RemoteClient
from range_server import Fault, range_server

GUIDE = (Path(__file__).parents[1] / "docs" / "guide" / "building.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line.partition("#")[0].replace("…", "part_00001.parquet"))
    for block in re.findall(r"^```bash\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("eex ")
]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


BUILD = ("build", "world", "--bbox", "5", "44", "16", "48", "--engine", "here")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_guides_commands_are_understood(words: list[str]) -> None:
    command: click.Command = cli
    rest = words[1:]
    while isinstance(command, click.Group):
        found = command.commands.get(rest[0])
        assert found is not None, rest[0]
        command, rest = found, rest[1:]
    assert command.make_context(words[1], list(rest)).params


def test_the_guide_has_every_command() -> None:
    assert {"stac", "world", "estimate", "shards"} <= {w[2] for w in COMMANDS if w[1] == "build"}
    assert any(w[1] == "publish" for w in COMMANDS)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("folder", ".", "--size", "9" * 20, "--dry-run"), 2, "16384"),
        (("folder", ".", "--stride", "9" * 20, "--dry-run"), 2, "16384"),
        (("estimate", "--tiles", "9", "--model", DEMO, "--rate", "inf", "--json"), 1, "inf images"),
        (("stac", "--api", "http://[::1", "--dates", "2024", "--dry-run"), 1, "not the address"),
    ],
)
def test_odd_values_are_told_in_words(
    words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["build", *words])
    assert ended.value.code == code
    assert said in capsys.readouterr().err


def test_a_build_tells_what_it_made(tmp_path: Path) -> None:
    path = tmp_path / "alps.parquet"
    first = run(*BUILD, "-o", str(path))
    assert first.exit_code == 0, first.output
    count = rows(path).num_rows
    assert first.stdout.startswith(f"{path}: {count} tiles, ")
    assert re.search(
        rf"{count} tiles in .* on cpu, float32; models waited for pixels", first.stderr
    )
    assert f"eex search --set {path}" in first.stderr
    again = run(*BUILD, "-o", str(path))
    assert "is there already" in again.stdout
    other = run(*BUILD, "-o", str(path), "--dtype", "float32", "--fresh")
    assert other.exit_code == 0
    assert str(rows(path).schema.field("embedding").type.value_type) == "float"


def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "SECONDS", 0.05)
    path = tmp_path / "alps.parquet"
    told = run(*BUILD, "-o", str(path), "--dry-run")
    assert told.exit_code == 0, told.output
    assert "Nothing was written." in told.stdout
    assert f"{DEMO}: " in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_rates_of_builds_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eex.build.make.LEAST_TILES", 1)
    assert run(*BUILD, "-o", str(tmp_path / "a.parquet")).exit_code == 0
    kept = json.loads((tmp_path / "cache" / "build-rates.json").read_text())
    ((key, rate),) = kept.items()
    assert key == f"{DEMO}::float32 32 auto"
    told = json.loads(run(*BUILD, "--dry-run", "--json").stdout)
    assert told["rates"] == {DEMO: rate}
    assert told["seconds"] == pytest.approx(told["tiles"] / rate)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("build", "wrld"), 2, "Did you mean 'world'?"),
        (("build", "world", "--bbx", "1 2 3 4"), 2, "--bbox"),
        ((*BUILD,), 2, "Say where to: -o NAME.parquet"),
        ((*BUILD, "-o", "x.csv"), 1, "x.parquet"),
        ((*BUILD, "-o", "x.parquet", "--model", "demo-blumarble-concepts"), 1, "Did you mean"),
        ((*BUILD, "-o", "x.parquet", "--model", "satclip-vit16-l40"), 1, "satclip"),
        (("build", "folder", "nowhere", "--model", DEMO, "-o", "x.parquet"), 1, "nowhere"),
        (("build", "stac", "--model", DEMO, "-o", "x.parquet"), 1, "area"),
        (("build", "estimate", "--tiles", "5", "--model", DEMO, "--rate", "0"), 1, "--rate"),
        (("build", "items", "x.json", "--asset", "B04"), 2, "BAND=NAME"),
        (("publish", "nowhere.parquet", "--repo", "a/b"), 1, "no embedding set"),
    ],
)
def test_mistakes_are_told_in_one_line(  # noqa: PLR0917
    words: tuple[str, ...],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    told = capsys.readouterr().err
    assert (ended.value.code, said in told) == (code, True), told
    assert "Traceback" not in told
    assert not list(tmp_path.glob("x*"))


def test_the_cost_of_a_planet_is_told() -> None:
    told = run(
        "build",
        "estimate",
        "--tiles",
        "2245886",
        "--model",
        "siglip-so400m-14-384",
        "--rate",
        "400",
    )
    assert told.exit_code == 0, told.output
    assert "1.6 hours of one GPU" in told.stdout  # 2,245,886 / 400 / 3600
    assert "12,806.2 GB in 2,250,378 requests" in told.stdout
    assert [time_text(s) for s in (2.34, 75, 7384)] == ["2.3 s", "1 min 15 s", "2 h 3 min"]


def test_what_was_set_aside_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from eex.build import work
    from eex.errors import BadPictureError

    monkeypatch.setattr("eex.build.world.PIECE", 20)
    real, calls = work.read_tiles, 0

    def faulty(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            message = "The file is damaged."
            raise BadPictureError(message)
        return real(*given)

    monkeypatch.setattr(work, "read_tiles", faulty)
    path = tmp_path / "alps.parquet"
    told = run(*BUILD, "-o", str(path))
    assert told.exit_code == 0, told.output
    assert "1 piece could not be read" in told.stderr
    assert "bluemarble: The file is damaged." in told.stderr
    assert "--retry" in told.stderr
    last = run(*BUILD, "-o", str(path), "--retry")
    assert "could not be read" not in last.stderr
    assert rows(path).num_rows > 20


@pytest.mark.skipif(os.name == "nt", reason="signals are sent")
def test_ctrl_c_ends_all_and_the_same_command_goes_on(tmp_path: Path) -> None:
    path, whole = tmp_path / "set.parquet", tmp_path / "whole" / "set.parquet"
    code = (
        "import eex.build.world as w; w.PIECE = 12\n"
        "import sys; from eex.cli import main; main(sys.argv[1:])"
    )
    words = ["build", "world", "--bbox", "0", "40", "30", "60", "-o", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, start_new_session=True
    )
    parts = BuildFolder(path).parts
    while len(list(parts.glob("*/*.parquet"))) < 3 and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told.decode()
    assert b"Traceback" not in told
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left
    before = len(list(parts.glob("*/*.parquet")))
    assert before >= 3
    again = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert again.returncode == 0, again.stderr.decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eex.build.world.PIECE", 12)
        made(whole, box=(0.0, 40.0, 30.0, 60.0))
    assert rows(path).equals(rows(whole))


def test_a_scene_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    from eex.build import scenes

    content = os.urandom(300_000)
    client = RemoteClient(Settings(cache_dir=tmp_path, threads=1, fetch_hosts=("127.0.0.1",)))
    path = tmp_path / "kept" / "B04.tif"
    with closing(client), range_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "CHUNK", 100_000)
        url = server.put("/B04.tif", content)
        steps: list[int] = []

        def broken(_name: str, done: int, _total: int) -> None:
            steps.append(done)
            if done == 200_000:
                server.fail("/B04.tif", Fault("status", code=403), times=None)

        with pytest.raises(Exception, match="403") as stopped:
            fetch_whole(client, url, path, progress=broken)
        assert not isinstance(stopped.value, UnavailableError)
        assert not path.exists()
        server.heal()
        drawn = server.body_bytes
        fetch_whole(client, url, path, progress=lambda *_: None)
        assert path.read_bytes() == content
        assert server.body_bytes - drawn < 150_000
        assert [p.name for p in path.parent.iterdir()] == ["B04.tif"]
        asked = server.requests
        fetch_whole(client, url, path)
        assert server.requests == asked
