"""From a STAC API and files read by range to a set that is searched: all of it on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

import eex
from build_world import DEMO, rows
from eex.build.plan import BuildFolder
from eex.cli import cli
from eex.config import Settings
from eex.errors import UnavailableError
from eex.index.built import build_index
from eex.registry import names
from range_server import Fault
from stac_world import SIDE, StacWorld, running_world

SIZES: dict[str, Any] = {"size": 64, "stride": 64}


@pytest.fixture(scope="module")
def stac_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StacWorld]:
    with running_world(tmp_path_factory.mktemp("stac")) as world:
        yield world


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache_dir=tmp_path / "cache", threads=2, fetch_hosts=("127.0.0.1",), device="cpu"
    )


def built(world: StacWorld, path: Path, settings: Settings, **more: Any) -> Any:
    given: dict[str, Any] = {
        "model": DEMO,
        "api": world.api,
        "area": world.area,
        "engine": "here",
        "stretch": "keenkite",
        "settings": settings,
        **SIZES,
    }
    return eex.make_set("stac", path, **given | more)


def stretched(numbers: dict[str, Any], box: list[int]) -> Any:
    top, left, bottom, right = box
    bands = [numbers[band][top:bottom, left:right] for band in ("B04", "B03", "B02")]
    return (np.clip(np.stack(bands, axis=2) / 3000, 0, 1) * 255).astype(np.uint8)


def test_scenes_of_an_api_become_a_set(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "kanto.parquet"
    whole = sum(
        len(content) for made in stac_world.scenes.values() for content in made.files.values()
    )
    before = stac_world.files.body_bytes
    found = built(stac_world, path, settings, dates="2024-01")
    assert not found.aside
    assert 0 < stac_world.files.body_bytes - before < whole
    table = rows(path).to_pylist()
    assert len(table) == found.rows[0] > 50
    assert {row["timestamp"][:8] for row in table} == {"20240110"}
    squares = [(row["utm_crs"], row["utm_footprint"]) for row in table]
    shape = shapely.box(*stac_world.bbox)
    tiles = shapely.from_wkb(rows(path)["geometry"].to_pylist())
    assert shapely.intersects(shape, tiles).all()  # tiles outside the area are not read
    assert shapely.union_all(tiles).buffer(1e-9).covers(shape)  # and it is covered
    assert len(set(squares)) == len(squares)  # where two scenes overlap, no tile comes twice
    encoder = eex.encoder(DEMO)
    for row in table[:: len(table) // 10]:
        scene = stac_world.scenes[row["scene"]]
        picture = stretched(dict(scene.numbers), row["pixel_bbox"])
        expected = encoder.encode_image([picture])[0]
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(row["embedding"], expected, atol=2e-3)
        top, left = row["pixel_bbox"][:2]
        west = scene.left + 10 * left
        north = scene.top - 10 * top
        assert f"{west:.0f}" in row["utm_footprint"].replace(".0", "")
        assert f"{north:.0f}" in row["utm_footprint"].replace(".0", "")
        assert top % 1 == 0 <= top < SIDE
    record = json.loads((tmp_path / "kanto.json").read_text())
    assert record["extent"]["temporal"]["interval"][0][0].startswith("2024-01-10")


def test_a_set_is_searched_by_both_engines_and_exported(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "kanto.parquet"
    built(stac_world, path, settings)
    exact = eex.open_set(path, settings=settings)
    found = exact.search(text="farmland", k=5, filter={"time": ["2024-03", "2024-03"]})
    assert len(found.results) == 5
    rows_of = rows(path)["timestamp"].to_pylist()
    assert all(rows_of[result.row].startswith("202403") for result in found.results)
    features = found.to_geojson()["features"]
    assert len(features) == 5
    assert all(139.6 < f["properties"]["lon"] < 139.8 for f in features)
    pytest.importorskip("qdrant_edge")
    build_index(exact.embeddings, "qdrant-edge")
    edge = eex.open_set(path, settings=settings, engine="qdrant-edge")
    again = edge.search(text="farmland", k=5)
    assert [r.row for r in again.results] == [
        r.row for r in exact.search(text="farmland", k=5).results
    ]


@pytest.mark.skipif(
    "scenes" not in names("eex.readers") or find_spec("eex.build.reader") is None,
    reason="installed before this reader",
)
def test_pixels_of_own_tiles_are_read_from_the_scenes(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "kanto.parquet"
    built(stac_world, path, settings, dates="2024-01")
    opened = eex.open_set(path, settings=settings)
    row = rows(path).to_pylist()[7]
    pixels = opened.pixels(7, kind="rgb")
    top, left, bottom, right = row["pixel_bbox"]
    numbers = stac_world.scenes[row["scene"]].numbers
    expected = np.stack([numbers[b][top:bottom, left:right] for b in ("B04", "B03", "B02")])
    np.testing.assert_array_equal(pixels.values, expected)


def test_a_network_that_fails_is_told_and_the_same_command_goes_on(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    path, whole = tmp_path / "kanto.parquet", tmp_path / "whole.parquet"
    built(stac_world, whole, settings, dates="2024-03")
    stac_world.files.fail("*", Fault("status", code=503), times=None)
    try:
        with pytest.raises(UnavailableError, match="pieces are left"):
            built(stac_world, path, settings, dates="2024-03")
    finally:
        stac_world.files.heal()
    assert not path.exists()
    built(stac_world, path, settings, dates="2024-03")
    assert rows(path).equals(rows(whole))


def test_a_second_date_is_added(stac_world: StacWorld, tmp_path: Path, settings: Settings) -> None:
    path, both = tmp_path / "kanto.parquet", tmp_path / "both.parquet"
    first = built(stac_world, path, settings, dates="2024-01")
    old = rows(path).to_pylist()
    found = built(stac_world, path, settings, dates="2024-03", append=path)
    built(stac_world, both, settings)
    assert found.rows[0] > first.rows[0]
    ids = set(rows(path)["unique_id"].to_pylist())
    assert ids == set(rows(both)["unique_id"].to_pylist())
    vectors = {row["unique_id"]: row["embedding"] for row in rows(path).to_pylist()}
    assert all(vectors[row["unique_id"]] == row["embedding"] for row in old)


def test_the_command_line_builds_dry_and_for_real(
    stac_world: StacWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EEX_FETCH_HOSTS", "127.0.0.1")
    west, south, east, north = stac_world.bbox
    path = tmp_path / "out" / "kanto.parquet"
    path.parent.mkdir()
    words = [
        *("build", "stac", "--api", stac_world.api, "--dates", "2024-01"),
        *("--area", f"{west},{south},{east},{north}", "--model", DEMO),
        *("--size", "64", "--stride", "64", "--engine", "here", "-o", str(path)),
    ]
    dry = CliRunner().invoke(cli, [*words, "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    told = json.loads(dry.stdout)
    assert told["scenes"] == 2
    assert told["bytes"] > 0
    assert told["rates"][DEMO] > 0
    assert not list(path.parent.iterdir())
    real = CliRunner().invoke(cli, [*words, "--json"])
    assert real.exit_code == 0, real.output
    made = json.loads(real.stdout)
    assert 0 < made["rows"][0] <= told["tiles"]
    assert made["device"] == "cpu"
    assert BuildFolder(path).made() is not None
    wrong = CliRunner().invoke(cli, [*words[:-1], str(tmp_path / "x.csv")])
    assert wrong.exit_code != 0


def test_scenes_are_kept_whole_when_asked(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    kept, path = tmp_path / "scenes", tmp_path / "kanto.parquet"
    built(stac_world, path, settings, dates="2024-01", keep_scenes=kept)
    for made in stac_world.scenes.values():
        if "20240110" not in made.id:
            continue
        for band in ("B04", "B03", "B02"):
            (copy,) = (kept / made.id).glob(f"{band}-*.tif")
            assert copy.read_bytes() == made.files[band]
        assert not list((kept / made.id).glob("SCL*"))
    other = tmp_path / "other.parquet"
    built(stac_world, other, settings, dates="2024-01")
    assert rows(path).equals(rows(other))


def test_places_of_a_scene_that_is_gone_are_read_from_the_next_date(
    stac_world: StacWorld, tmp_path: Path, settings: Settings
) -> None:
    """Its item is listed, its files are not there any more."""
    path, whole = tmp_path / "kanto.parquet", tmp_path / "whole.parquet"
    built(stac_world, whole, settings, once="place")
    gone = "S2A_54SUE_20240110_0_L2A"
    assert gone in set(rows(whole)["scene"].to_pylist())
    for band in ("B04", "B03", "B02"):
        fault = Fault("status", code=404)
        stac_world.files.fail(f"/54SUE/20240110/{band}.tif", fault, times=None)
    try:
        found = built(stac_world, path, settings, once="place")
    finally:
        stac_world.files.heal()
    assert {one.ref for one in found.aside} == {gone}
    assert gone in found.empty
    of_each = [dict(zip(*(rows(p)[n].to_pylist() for n in ("utm_footprint", "scene")), strict=True))
               for p in (path, whole)]  # fmt: skip
    assert of_each[0].keys() == of_each[1].keys()
    lost = {place for place, scene in of_each[1].items() if scene == gone}
    beside, later = "S2A_54SVE_20240110_0_L2A", "S2B_54SUE_20240318_0_L2A"
    assert {of_each[0][place] for place in lost} == {beside, later}  # where they overlap, beside
    assert all(of_each[0][p] == scene for p, scene in of_each[1].items() if p not in lost)
    again = built(stac_world, path, settings, once="place", retry=True)
    assert not again.aside
    assert rows(path).equals(rows(whole))
