"""Mistakes on the command line of `eex build` and `eex publish`: told before work, nothing lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import eex
from build_world import DEMO
from eex.build.plan import BuildFolder
from eex.build.publish import publish
from eex.cli import main
from eex.cli.say import progress
from eex.config import Settings
from eex.errors import BadQueryError, SourceError, UnavailableError
from eex.sources.asking import source_of
from scenes import numbers, write_tif
from shards import cached_sample, write_shard

pytest.importorskip("rasterio")

MODEL = ("--model", DEMO, "--size", "32", "--stride", "32", "--engine", "here")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))


def tif(name: str, *, seed: int = 0, descriptions: tuple[str, ...] = (), **more: Any) -> Path:
    """Write three bands of 64 x 64 pixels: four tiles."""
    rasterio = pytest.importorskip("rasterio")
    values = np.stack([numbers(64, 64, seed=seed + band) for band in range(3)])
    path = write_tif(Path(name), values, **{"left": 499_840.0, "top": 5_200_000.0} | more)
    if descriptions:
        with rasterio.open(path, "r+") as file:
            file.descriptions = descriptions
    return path


RGB = ("B04", "B03", "B02")


def folder(*words: str, out: str = "x.parquet") -> None:
    main(["build", "folder", *MODEL, *words, "-o", out])


def refused(capsys: pytest.CaptureFixture[str], *words: str, out: str = "x.parquet") -> str:
    """Run a build that is refused; return what it says."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        folder(*words, out=out)
    assert ended.value.code in {1, 2}
    told = capsys.readouterr()
    assert not told.out
    return told.err.replace("\r", "\n").splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rgb", "B04,B03"), "three bands, not B04, B03. Name red, green and blue: --rgb"),
        (("--rgb", "B04,B04,B03"), "three bands"),
        (("--rgb", "red,green,blue"), "No scene has red, green, blue; there are B04, B03, B02."),
        (("--size", "100"), "no tile lies whole in any of the 1 scenes. Take smaller tiles than"),
        (("--grid", "majortom"), "10 km wide, lies whole in any of the 1 scenes. Cut small scenes"),
        (("--dates", "2024"), "no scene is as asked. Choose more dates. A scene that does not say"),
        (("--area", "10,10,11,11"), "no scene is as asked. Choose a larger area."),
        (("--address", "h:1"), "the engine is here. Add --engine ray, or leave --address out."),
        (("--weights", "nowhere"), "There are no weights at nowhere."),
        (("--append", "nowhere.parquet"), "There is no embedding set at nowhere.parquet."),
        (("--cloud", "much"), "'much' is not a percentage from 0 to 100"),
        (("--max-nodata", "nan"), "'nan' is not a percentage"),
        (("--max-cloud", "150"), "'150' is not a percentage"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_made_is_told_before_work_and_leaves_nothing(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tif("in/a.tif", descriptions=RGB)
    assert said in refused(capsys, "in", *words)
    assert sorted(path.name for path in Path().iterdir()) == ["in"]
    if words[0] not in {"--cloud", "--max-nodata", "--max-cloud"}:  # the same of a dry run
        assert said in refused(capsys, "in", *words, "--dry-run")


@pytest.mark.parametrize(
    ("name", "descriptions", "said"),
    [
        ("a.tif", ("red", "green", "blue"), "red, green and blue: --rgb red,green,blue"),
        ("a.tif", (), "has 3 bands and does not say which. Name all 3, in their order: --bands"),
        ("a.tif", ("B04", "B04", "B02"), "several bands called B04. Name all 3"),
        ("a.tif", ("prog-1", "prog-1", "prog-1"), "has 3 bands and does not say which."),
    ],
)
def test_bands_that_are_called_otherwise_are_asked_for(
    name: str, descriptions: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tif(name, descriptions=descriptions)
    assert said in refused(capsys, name)


def test_a_program_that_describes_every_band_alike_names_none_of_twelve() -> None:
    rasterio = pytest.importorskip("rasterio")
    values = np.stack([numbers(64, 64, seed=band) for band in range(12)])
    with rasterio.open(write_tif(Path("a.tif"), values, left=499_840.0, top=5.2e6), "r+") as file:
        file.descriptions = ("stack-1",) * 12
    folder("a.tif")
    assert pq.read_metadata("x.parquet").num_rows == 4


def test_a_list_that_is_not_there_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no file" in refused(capsys, "list.txt")


@pytest.mark.parametrize("option", [("--stretch", "keenkite"), ("--rgb", "B04,B03,B02")])
def test_what_a_model_of_bands_would_not_heed_is_refused(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["build", "folder", "in", "--model", "galileo-nano", "-o", "x.parquet", *option]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = f"{option[0]} is for models of pictures; galileo-nano takes bands as stored."
    assert said in capsys.readouterr().err


def test_percentages_may_have_their_sign(capsys: pytest.CaptureFixture[str]) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif", "--max-nodata", "10%", "--max-cloud", "20 %")
    assert "4 tiles" in capsys.readouterr().out
    made = BuildFolder(Path("x.parquet")).made()
    assert made is not None
    assert made["request"]["tiling"]["max_nodata"] == 0.1


def test_after_a_build_that_could_read_nothing_other_options_are_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("a.tif", descriptions=RGB, crs=None)
    said = refused(capsys, "a.tif")
    assert "1 piece of it: a: B04 of a does not say where it lies. Give files" in said
    assert BuildFolder(Path("x.parquet")).aside()
    tif("b.tif", descriptions=RGB)
    folder("b.tif")
    assert "4 tiles" in capsys.readouterr().out


def test_a_mistyped_fresh_command_leaves_what_was_finished(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    before = BuildFolder(Path("x.parquet")).made()
    assert before
    assert "no scene is as asked" in refused(capsys, "a.tif", "--fresh", "--dates", "1999")
    assert BuildFolder(Path("x.parquet")).made() == before
    folder("a.tif")
    assert "is there already" in capsys.readouterr().out


def test_adding_what_cannot_be_added_leaves_the_note_of_what_was_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("in/a.tif", descriptions=RGB)
    folder("in")
    tif("more/b.tif", descriptions=RGB, seed=9, left=600_000.0)
    before = BuildFolder(Path("x.parquet")).made()
    capsys.readouterr()
    said = refused(capsys, "more", "--append", "x.parquet", "--stretch", "keenkite")
    assert "cannot be added to: its stretch, preprocessing differ" in said
    assert BuildFolder(Path("x.parquet")).made() == before
    folder("more", "--append", "x.parquet")
    assert "x.parquet: 8 tiles" in capsys.readouterr().out


def test_scenes_that_came_since_are_not_passed_over_in_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("in/a.tif", descriptions=RGB)
    folder("in")
    tif("in/b.tif", descriptions=RGB, seed=9, left=600_000.0)
    capsys.readouterr()
    folder("in")
    told = capsys.readouterr()
    assert "4 tiles" in told.out
    assert "--append x.parquet" in told.err
    folder("in", "--append", "x.parquet")
    assert "x.parquet: 8 tiles" in capsys.readouterr().out


def test_what_a_set_has_is_not_embedded_again(capsys: pytest.CaptureFixture[str]) -> None:
    tif("in/a.tif", descriptions=RGB)
    rasterio = pytest.importorskip("rasterio")
    wide = np.stack([numbers(64, 128, seed=20 + band) for band in range(3)])
    wide[:, :32, :32] = 0  # one of its eight tiles has no data
    place = {"left": 600_000.0, "top": 5_200_000.0}
    with rasterio.open(write_tif(Path("in/b.tif"), wide, nodata=0, **place), "r+") as file:
        file.descriptions = RGB
    folder("in", out="whole.parquet")
    folder("in", "--area", "14.9,46,15.1,47")  # a.tif alone
    before = pq.read_table("x.parquet")
    assert before.num_rows == 4
    again = eex.make_set(
        "folder", "x.parquet", paths=["in"], model=DEMO, append="x.parquet",
        size=32, stride=32, engine="here",
    )  # fmt: skip
    assert (again.rows, again.tiles) == ((11,), 7)
    after = pq.read_table("x.parquet")
    order = pc.index_in(before["unique_id"], value_set=after["unique_id"])
    assert after.take(order).equals(before)
    same = pq.read_table("whole.parquet")
    assert sorted(after["unique_id"].to_pylist()) == sorted(same["unique_id"].to_pylist())
    nothing = eex.make_set(
        "folder", "y.parquet", paths=["in/a.tif"], model=DEMO, append="x.parquet",
        size=32, stride=32, engine="here",
    )  # fmt: skip
    assert (nothing.rows, nothing.tiles) == ((11,), 0)
    assert pq.read_table("y.parquet").equals(after)
    capsys.readouterr()
    folder("in", "--append", "x.parquet", "--size", "48")  # other tiles of the same scenes
    assert pq.read_metadata("x.parquet").num_rows > 11


def test_options_that_differ_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    said = refused(capsys, "a.tif", "--stride", "16", "--area", "15,46,16,47", "--once", "place")
    assert "is of another build: area, once, stride differ." in said


def test_of_another_source_all_else_is_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    with pytest.raises(SystemExit):
        main(["build", "world", "--bbox", "5", "44", "16", "48", "-o", "x.parquet"])
    assert "is of another build: source differ." in capsys.readouterr().err


def test_a_bar_begins_before_work_and_counts_no_rate_of_what_was_done_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    shown = capsys.readouterr().err.replace("\r", "\n").splitlines()
    bars = [line for line in shown if line.startswith("embedding:")]
    assert "0/4 [00:00<?" in bars[0]
    bar = progress("resuming", "tiles")
    bar(600, 1000)
    bar(1000, 1000)
    shown = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert any("600/1000 [00:00<?, ? tiles/s]" in line for line in shown)


def test_the_place_that_was_understood_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tif("a.tif", descriptions=RGB)
    with pytest.raises(SystemExit):
        folder("a.tif", "--area", "Tokio, 30")
    assert "Area: 30 km round Tokyo." in capsys.readouterr().err


def test_licence_and_credit_of_a_folder_go_into_the_set_and_the_card(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    main(["publish", "x.parquet", "--repo", "me/x", "--dry-run"])
    assert "No licence is stated" in capsys.readouterr().err
    folder("a.tif", "--licence", "CC-BY-4.0", "--credit", "Our aircraft", out="y.parquet")
    header = json.loads(pq.read_metadata("y.parquet").metadata[b"emb"])
    assert header["licence"] == "CC-BY-4.0"
    assert "Our aircraft" in header["attribution"]
    main(["publish", "y.parquet", "--repo", "me/y", "--to", "hub"])
    assert "No licence" not in capsys.readouterr().err
    card = Path("hub/README.md").read_text(encoding="utf-8")
    assert 'license: "cc-by-4.0"' in card
    assert "| 1 scene or shard |" in card


@pytest.mark.parametrize(
    ("api", "said"),
    [
        ("http://127.0.0.1:9", "cannot be reached: Failed to establish a new connection: "),
        ("http://no.invalid", "cannot be reached: Failed to resolve 'no.invalid' ("),
    ],
)
def test_a_catalogue_that_is_not_reached_says_why(api: str, said: str) -> None:
    pytest.importorskip("pystac_client")
    source = source_of("stac", Settings.from_env(), api=api, dates="2024", tries=0)
    with pytest.raises(SourceError, match=re.escape(said)) as told:
        source.refs()
    assert "Errno" not in str(told.value)
    assert "Max retries" not in str(told.value)


def shards(*words: str) -> None:
    main(["build", "shards", *MODEL, *words, "-o", "x.parquet"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cloud", "10"), "how cloudy their samples are. Give their table: --metadata metadata"),
        (("--size", "3000"), "A tile of 1068 pixels has no windows of 3000. Give 224 or 384"),
        (("--area", "0,0,1,1"), "no scene is as asked. Choose a larger area."),
    ],
    ids=" ".join,
)
def test_what_shards_cannot_give_is_told(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shard(Path("part_00001.parquet"), [cached_sample()])
    with pytest.raises(SystemExit):
        shards("part_00001.parquet", *words)
    assert said in capsys.readouterr().err


def test_a_hub_that_does_not_list_shards_may_be_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SystemExit):
        shards("--repo", "Major-TOM/Core-S2L2A", "--dates", "2024")
    assert "or choose another hub (EEX_HUB)." in capsys.readouterr().err


def test_options_of_python_are_told_alike() -> None:
    tif("a.tif", descriptions=("red", "green", "blue"))
    given: dict[str, Any] = {"model": DEMO, "size": 32, "stride": 32, "engine": "here"}
    with pytest.raises(BadQueryError, match="No option of world is called 'box'") as told:
        eex.make_set("world", "x.parquet", box=(1, 2, 3, 4), **given)
    assert "'bbox'" in told.value.hint
    with pytest.raises(BadQueryError, match="The source folder needs paths") as told:
        eex.make_set("folder", "x.parquet", **given)
    assert told.value.hint == "Give paths=…"
    made = eex.make_set("folder", "x.parquet", paths="a.tif", rgb="red, green,blue", **given)
    assert made.rows == (4,)


@pytest.mark.parametrize("kind", ["folder", "shards", "items"])
def test_addresses_that_are_not_read_are_told_as_such(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["build", kind, "s3://bucket/a.tif", *MODEL, "-o", "x.parquet"])
    assert "s3://bucket/a.tif is not read: only files, http://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "Point", "coordinates": [2.4, 48.9]}', "give --area '48.9, 2.4, 50'."),
        ('{"type":', "a.geojson: The area is not GeoJSON"),
    ],
)
def test_a_file_of_no_area_is_named_and_told_what_to_give(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.geojson").write_text(text)
    with pytest.raises(SystemExit):
        main(["build", "stac", "--area", "a.geojson", *MODEL, "-o", "x.parquet"])
    assert said in capsys.readouterr().err


def test_a_listing_of_unknown_length_counts_on(capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as drawn:
        bar = progress("listing", "scenes", drawn)
        for found in (0, 1, 4):
            bar(found, 0)
    shown = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert "listing: 4 scenes" in shown[-1]


class NoNetwork:
    """A hub that nothing can be asked of."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def create_repo(self, *_: Any, **__: Any) -> None:
        raise self.error

    def upload_folder(self, **_: Any) -> None:
        raise AssertionError


def unreached(name: str) -> Exception:
    """Return an error of a class as those of httpx or requests, which may not be installed."""
    error: Exception = type(name, (Exception,), {})("[Errno -2] Name or service not known")
    return error


@pytest.mark.parametrize("name", ["TransportError", "ConnectionError", "Timeout"])
def test_a_hub_that_is_not_reached_is_not_one_that_refuses(name: str) -> None:
    tif("a.tif", descriptions=RGB)
    folder("a.tif")
    settings = Settings.from_env()
    with pytest.raises(UnavailableError, match=r"cannot be reached: .* not known\.") as told:
        publish(Path("x.parquet"), "me/x", settings=settings, api=NoNetwork(unreached(name)))
    assert "--to" in told.value.hint
    refusal = NoNetwork(unreached("HfHubHTTPError"))
    with pytest.raises(UnavailableError, match="does not take me/x") as told:
        publish(Path("x.parquet"), "me/x", settings=settings, api=refusal)
    assert "hf auth login" in told.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupted_build_says_that_it_goes_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(1, 9_999, (3, 600, 600)).astype(np.uint16)
    write_tif(tmp_path / "a.tif", values, left=499_840.0, top=5.2e6)
    words = ["build", "folder", "a.tif", "--bands", "B04,B03,B02", *MODEL]
    words[words.index("--stride") + 1] = "4"  # some 20,000 tiles
    command = [sys.executable, "-m", "eex.cli", *words, "--piece", "200", "-o", "x.parquet"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=env, text=True) as running:
        parts = BuildFolder(tmp_path / "x.parquet").parts
        end = time.monotonic() + 60
        while not list(parts.glob("*/*.parquet")) and time.monotonic() < end:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Stopped. What is finished is kept; the same command goes on where it was." in said
    assert "Traceback" not in said
    assert list(parts.glob("*/*.parquet"))
