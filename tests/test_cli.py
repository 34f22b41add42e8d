"""The command line as a user meets it: answers, messages and exit codes where they belong."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import eex
from eex.search.run import OpenSet

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(world: OpenSet, monkeypatch: pytest.MonkeyPatch, eex_command: Run) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(world.settings.cache_dir))

    return eex_command


def test_json_is_the_only_thing_on_standard_output(run: Run, world: OpenSet) -> None:
    code, out, err = run("search", "--text", "sand desert", "--k", "3", "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert answer["count"] == len(answer["results"]) == 3
    assert list(answer["results"][0]) == ["rank", "row", "id", "lon", "lat", "score"]
    assert answer["recipe"]["parts"][0]["text"] == "sand desert"
    assert answer["results"] == [r.to_json() for r in world.search(text="sand desert", k=3).results]
    assert answer["demo"] is True
    assert "not SigLIP" in err
    assert "Read as: sand desert" in err


def test_every_format_has_the_same_tiles(run: Run) -> None:
    ask = ("search", "--text", "fjords", "--k", "4", "--format")
    rows = [result["row"] for result in json.loads(run(*ask, "json")[1])["results"]]
    features = json.loads(run(*ask, "geojson")[1])["features"]
    assert [feature["properties"]["row"] for feature in features] == rows
    lines = list(csv.DictReader(io.StringIO(run(*ask, "csv")[1])))
    assert [int(line["row"]) for line in lines] == rows
    table = run(*ask, "table")[1].splitlines()
    assert [int(line.split()[-1]) for line in table[1:]] == rows


def test_the_output_file_gets_the_format_of_its_name(run: Run, tmp_path: Path) -> None:
    path, chart = tmp_path / "best.geojson", tmp_path / "map.png"
    code, out, _ = run("search", "--text", "tundra", "-o", str(path), "--map", str(chart))
    assert (code, out) == (0, "")
    assert json.loads(path.read_text())["type"] == "FeatureCollection"
    with Image.open(chart) as picture:
        assert picture.size == (1800, 964)


def test_pictures_places_and_rows_can_be_mixed(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(np.full((50, 60, 3), (200, 170, 120), np.uint8)).save(photo)
    code, out, err = run(
        *("search", "--image", str(photo), "--place", "25, 10", "--row", "9000"),
        *("--text", "sand", "--weight", "text=0.5", "--weight", "row=-0.1", "--format", "json"),
    )
    assert code == 0
    assert set(json.loads(out)["results"][0]["parts"]) == {"text", "image", "place", "row"}
    assert "colour and texture" in err


def test_a_box_may_cross_the_antimeridian(run: Run) -> None:
    ask = ("search", "--text", "coast", "--bbox", "170", "-50", "-170", "-10", "--format", "json")
    results = json.loads(run(*ask)[1])["results"]
    assert results
    assert all(abs(result["lon"]) >= 170 for result in results)


@pytest.mark.parametrize(
    "box", [["-85", "-60", "-30", "15"], ["-85,-60,-30,15"], ["-85,", "-60,", "-30,", "15"]]
)
def test_a_box_is_four_words_or_one(run: Run, world: OpenSet, box: list[str]) -> None:
    ask = ("search", "--text", "snow", "--k", "3", "--format", "json")
    found = world.search(text="snow", k=3, bbox=(-85, -60, -30, 15))
    for given in (("--bbox", *box), ("--bbox=" + ",".join(box),)):
        code, out, _ = run(*ask, *given)
        assert code == 0
        assert json.loads(out)["results"] == [result.to_json() for result in found.results]
        assert json.loads(out)["recipe"]["filter"]["bbox"] == [-85, -60, -30, 15]


def test_every_row_that_is_named_is_a_part(run: Run, world: OpenSet) -> None:
    code, out, _ = run("search", "--row", "3", "--row", "4000", "--format", "json")
    recipe = json.loads(out)["recipe"]
    assert code == 0
    assert [(part["row"], part["weight"]) for part in recipe["parts"]] == [(3, 1.0), (4000, 1.0)]
    named = [word for row in (3, 4000) for word in ("--id", str(world.embeddings.ids[row]))]
    words = ("--weight", "row=0.5", "--text", "sand", "--format", "json")
    recipe = json.loads(run("search", *named, "--row", "7", *words)[1])["recipe"]
    assert [p["row"] for p in recipe["parts"] if p["kind"] == "row"] == [7, 3, 4000]
    assert {p["weight"] for p in recipe["parts"] if p["kind"] == "row"} == {0.5}


def test_a_place_can_be_named(run: Run) -> None:
    code, out, err = run("search", "--place", "Cairo", "--format", "json")
    assert code == 0
    part = json.loads(out)["recipe"]["parts"][0]
    assert (part["lon"], part["lat"]) == pytest.approx((31.2, 30.0), abs=0.3)
    assert "Place: Cairo, city" in err


def test_lists_tell_what_is_there(run: Run) -> None:
    assert "demo-bluemarble-100km" in run("sets", "--json")[1]
    assert "world" in run("sets")[1].splitlines()[1]
    assert json.loads(run("sets", "--json")[1])["sets"][0]["name"] == "world"
    models = json.loads(run("models", "--json")[1])["models"]
    assert [m["name"] for m in models if m["demo"]] == ["demo-bluemarble-concepts"]
    info = json.loads(run("info", "world", "--json")[1])
    assert info["rows"] == info["usable"]
    assert "NASA" in info["attribution"]


WRONG = [
    (["search", "--text", ""], 1, "empty"),
    (["search"], 1, "Give a text"),
    (["search", "--text", "x" * 10_000], 1, "10,000 characters"),
    (["search", "--text", "quantum keyboard"], 1, "All that it knows: tropical rainforest"),
    (["search", "--text", "sand", "--k", "0"], 1, "k must be"),
    (["search", "--text", "sand", "--k", "1000000000"], 1, "k must be"),
    (["search", "--text", "sand", "--k", "ten"], 2, "not a valid integer"),
    (["search", "--text", "sand", "--bbox", "0", "50", "10", "40"], 1, "upside down"),
    (["search", "--text", "sand", "--bbox", "0", "50"], 2, "west,south,east,north"),
    (["search", "--text", "sand", "--bbox", "0,50,east,60"], 2, "west,south,east,north"),
    (["open", "world", "--bbox", "0", "50"], 2, "west,south,east,north"),
    (["set", "write", "world", "-o", "x.parquet", "--bbox=0,50"], 2, "west,south,east,north"),
    (["search", "glacier", "on", "rock"], 2, '--text "glacier on rock"'),
    (["search", "48.9, 2.4"], 2, '--place "48.9, 2.4"'),
    (["search", "1042"], 2, "--row 1042"),
    (["search", "photo.jpg", "--k", "5"], 2, "--image photo.jpg"),
    (["search", "tiles.parquet", "--text", "x"], 2, "--set tiles.parquet"),
    (["serve", "tiles.parquet"], 2, "--set tiles.parquet"),
    (["heatmap", "port.png", "ships"], 2, '--text "ships"'),
    (["tile", "world", "7", "tile.png"], 2, "-o tile.png"),
    (["set", "write", "world", "world.parquet"], 2, "-o world.parquet"),
    (["search", "--cell", "1U_1R"], 1, "no tile 1U_1R"),
    (["search", "--id", "nowhere"], 1, "no tile nowhere"),
    (["search", "--place", "120, 30"], 1, "Swapped? Latitude 30, longitude 120 is."),
    (["search", "--place", "95, 10"], 1, "not on the globe"),
    (["search", "--place", "Qwxzyplace"], 1, "not a place"),
    (["search", "--image", "none.png"], 1, "cannot be read"),
    (["search", "--text", "sand", "--set", "wrold"], 1, "Did you mean 'world'"),
    (["search", "--set", "none.parquet", "--text", "sand"], 1, "no embedding set"),
    (["search", "--text", "sand", "-o", "none/best.csv"], 1, "does not exist"),
    (["search", "--text", "sand", "--weight", "text"], 2, "PART=NUMBER"),
    (["search", "--text", "sand", "-o", "best.xyz"], 1, "Give --format"),
    (["search", "--text", "sand", "--map", "map.jpg"], 1, "PNG"),
    (["search", "--text", "sand", "-o", "x" * 300 + ".json"], 1, "name of a file"),
    (["search", "--place", "San"], 1, "Did you mean San"),
    (["search", "--text", "sand", "--format", "xml"], 2, "xml"),
    (["search", "--txt", "sand"], 2, "--text"),
    (["serch", "--text", "sand"], 2, "Did you mean 'search'"),
    (["serve", "--port", "99999"], 1, "no port 99999"),
    (["serve", "--host", "not.an.address.invalid"], 1, "not an address"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_a_mistake_gets_one_line_that_says_what_to_do(
    run: Run, arguments: list[str], code: int, words: str
) -> None:
    got, out, err = run(*arguments)
    assert (got, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("content", [b"just some text", b""])
def test_a_text_file_is_no_picture(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    code, _, err = run("search", "--image", str(path))
    assert code == 1
    assert "not a picture" in err


def test_a_damaged_set_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 but no more")
    code, _, err = run("info", str(path))
    assert code == 1
    assert "not a whole GeoParquet file" in err


def test_a_failed_write_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "best.csv"
    path.write_text("old")
    run("search", "--text", "quantum keyboard", "-o", str(path))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_help_has_examples(run: Run) -> None:
    code, out, _ = run("search", "--help")
    assert code == 0
    assert "Examples:" in out
    assert re.search(r"^    eex search --text", out, re.MULTILINE)


def test_the_demo_writes_its_files_and_asks_every_kind(run: Run, tmp_path: Path) -> None:
    code, out, err = run("demo", "--no-serve", "--out", str(tmp_path / "demo"))
    assert code == 0
    assert {p.name for p in (tmp_path / "demo").iterdir()} == {
        "query.png",
        "map.png",
        "best.geojson",
    }
    assert all(kind in out for kind in ("Words:", "A picture:", "A place:", "A mix:"))
    assert out.count("\n   1   0.") == 4
    assert "not Sentinel-2" in err


def eex_process(*arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "eex.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_answers_are_utf_8_whatever_the_locale(world: OpenSet, encoding: str) -> None:
    env = {"EEX_CACHE_DIR": str(world.settings.cache_dir), "PYTHONIOENCODING": encoding}
    ask = ("search", "--text", "river", "--format", "json")
    process = eex_process(*ask, env={**os.environ, **env}, encoding="utf-8")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "“river”" in json.loads(out)["messages"][0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_output_that_is_full_is_told(world: OpenSet) -> None:
    env = {**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)}
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "eex.cli", "sets"], stdout=full, stderr=subprocess.PIPE, env=env
        )
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Error: No space left" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("name", "value"), [("EEX_THREADS", "9" * 5_000), ("EEX_PORT", "x"), ("EEX_CACHE_DIR", "~no/x")]
)
def test_a_wrong_setting_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, _, err = run("search", "--text", "sand")
    assert code == 1
    assert name in err
    assert len(err) < 300


def test_a_full_disk_leaves_nothing_half_made(tmp_path: Path) -> None:
    """The limit on file size stands for a full disk while the world is prepared."""
    process = eex_process(
        *("search", "--text", "sand"),
        env={**os.environ, "EEX_CACHE_DIR": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert "Error: Stopped" in err
    assert "Traceback" not in err
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert all(name.endswith(".lock") for name in left)


def test_the_server_says_where_and_ends_on_ctrl_c(world: OpenSet) -> None:
    env = {**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)}
    process = eex_process("serve", "--port", "0", env=env)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, line
        url = f"{found[0]}/api/v1/health"
        for _ in range(100):
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert json.load(answer)["version"] == eex.__version__
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server never answered")
    finally:
        process.send_signal(2)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_port_in_use_is_told(world: OpenSet) -> None:
    env = {**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = eex_process("serve", "--port", str(taken.getsockname()[1]), env=env)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "--port" in err


def test_importing_loads_nothing_heavy() -> None:
    code = "import eex, sys; print([m for m in ('numpy', 'pyarrow', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert all(getattr(eex, name) is not None for name in eex.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = eex.nothing
