"""What a build leaves: rows once, a header, a STAC collection; and what is added to it later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pystac
import pytest

import eex
from build_world import BOX, DEMO, made, rows, small_pieces
from eex.build.about import About, header_of, preprocessing
from eex.build.append import header_at
from eex.build.collection import EMBEDDING, collection_of
from eex.build.estimate import PART_BYTES, ROW_BYTES, estimate_of, planet_cost
from eex.build.items import Item, Tiling, Want
from eex.build.plan import Model
from eex.build.result import first_of_each, place_keys
from eex.encoders.open import encoder_spec
from eex.errors import BadQueryError, DamagedSetError, OutputError
from eex.sources.beside import load_scenes
from eex.sources.refs import Asset, SceneRef, ShardRef

WEST = (0.0, 40.0, 15.0, 60.0)
EAST = (14.0, 40.0, 30.0, 60.0)
"""Two boxes that overlap, and together are `BOX`."""


def toy_tiles(seed: int, count: int = 400) -> pa.Table:
    """Return tiles of few places, so that many come twice."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 30, count)
    return pa.table(
        {
            "unique_id": [f"u{i}" for i in range(count)],
            "grid_cell": [f"{p // 6}U_1R" for p in places],
            "pixel_bbox": pa.array(
                [[0, int(p % 6), 8, 8] for p in places], pa.list_(pa.int32(), 4)
            ),
            "utm_crs": [f"EPSG:3263{p % 2}" for p in places],
            "utm_footprint": [f"POLYGON (({p // 2} 0))" for p in places],
            "scene": [f"s{i}" for i in rng.integers(0, 5, count)],
        }
    )


def first_places(tiles: pa.Table, tiling: Tiling, *, groups: Any) -> list[bool]:
    """Return which rows are the first of their place, row by row."""
    seen, keep = set(), []
    for row in tiles.to_pylist():
        place = (row["utm_crs"], row["utm_footprint"])
        if tiling.grid == "majortom":
            place = (row["grid_cell"], tuple(row["pixel_bbox"]))
        once = None if groups is None else groups.get(row["scene"]) or row["scene"]
        if groups is not None and row.get("parquet_row") is not None:
            once = row["product_id"]
        keep.append((place, once) not in seen)
        seen.add((place, once))
    return keep


@pytest.mark.parametrize("grid", ["scene", "majortom"])
@pytest.mark.parametrize("groups", [None, {}, {"s0": "a", "s1": "a", "s2": "b", "s3": ""}])
def test_the_first_of_each_place_is_kept_as_plans_mean_it(grid: Any, groups: Any) -> None:
    tiles, tiling = toy_tiles(3), Tiling(grid=grid)
    keep = first_of_each(place_keys(tiles, tiling, groups=groups))
    np.testing.assert_array_equal(keep, first_places(tiles, tiling, groups=groups))
    assert 0 < keep.sum() < len(tiles)
    rng = np.random.default_rng(4)
    in_shard = pa.array([int(n) if n else None for n in rng.integers(0, 3, len(tiles))], pa.int64())
    products = [f"p{n}" for n in rng.integers(0, 3, len(tiles))]
    tiles = tiles.append_column("product_id", [products]).append_column("parquet_row", in_shard)
    keep = first_of_each(place_keys(tiles, tiling, groups=groups))
    np.testing.assert_array_equal(keep, first_places(tiles, tiling, groups=groups))
    assert 0 < keep.sum() < len(tiles)


def test_old_rows_stay_and_nothing_comes_twice(tmp_path: Path) -> None:
    west, both, whole = (tmp_path / name for name in ("w.parquet", "b.parquet", "all.parquet"))
    made(west, box=WEST)
    before = west.read_bytes()
    found = made(both, box=EAST, append=west)
    assert west.read_bytes() == before
    made(whole)
    joined, once = rows(both), rows(whole)
    assert found.rows == (once.num_rows,)
    assert joined.num_rows == once.num_rows
    by_cell = {row["grid_cell"]: row["embedding"] for row in once.to_pylist()}
    old = {row["grid_cell"]: row["embedding"] for row in rows(west).to_pylist()}
    assert set(joined["grid_cell"].to_pylist()) == set(by_cell)
    assert len(set(joined["grid_cell"].to_pylist())) == joined.num_rows
    for row in joined.to_pylist():
        if row["grid_cell"] in old:
            assert row["embedding"] == old[row["grid_cell"]]  # to the bit
        else:
            np.testing.assert_allclose(row["embedding"], by_cell[row["grid_cell"]], atol=2e-3)


def test_a_set_can_be_added_to_in_place_and_the_old_file_stays_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=WEST)
    before = path.read_bytes()
    from eex.build import finish as finishing

    def full(*_: object, **__: object) -> int:
        message = "Stopped writing: the disk is full."
        raise OutputError(message)

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "write_result", full)
        with pytest.raises(OutputError):
            made(path, box=EAST, append=path)
    assert path.read_bytes() == before
    found = made(path, box=EAST, append=path)
    assert found.rows == (rows(path).num_rows,)
    assert rows(path).num_rows > pq.read_table(pa.BufferReader(before)).num_rows
    again = made(path, box=EAST, append=path)
    assert again.before


def test_what_is_not_comparable_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=WEST)
    table = rows(path)
    for change, match in (
        ({"model": "remoteclip-vit-b-32"}, "model differ"),
        ({"preprocessing": "Something else."}, "preprocessing differ"),
    ):
        header = replace(header_at(path), **change)
        other = tmp_path / f"{next(iter(change))}.parquet"
        kept = {**table.schema.metadata, b"emb": header.to_json().encode()}
        pq.write_table(table.replace_schema_metadata(kept), other)
        with pytest.raises(BadQueryError, match=match):
            made(tmp_path / "new.parquet", box=EAST, append=other, fresh=True)
        assert not (tmp_path / "new.parquet").exists()
    bare = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"a": [1]}), bare)
    with pytest.raises(DamagedSetError, match="does not say how it was made"):
        made(tmp_path / "new.parquet", box=EAST, append=bare, fresh=True)


def check_valid(record: dict[str, Any]) -> None:
    """Check a collection against the schema of STAC 1.1; schemas of extensions lie elsewhere."""
    pystac.Collection.from_dict({**record, "stac_extensions": []}).validate()


def test_the_collection_is_valid_stac_with_the_fields_of_the_extension(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path)
    record = json.loads((tmp_path / "set.json").read_text())
    check_valid(record)
    assert EMBEDDING in record["stac_extensions"]
    table = rows(path)
    assert record["emb:type"] == "chip"
    assert record["emb:dimensions"] == table.schema.field("embedding").type.list_size
    assert record["data_type"] == "float16"
    assert record["emb:chip_layout"]["chip_size"] == [32, 32]
    assert {"emb:model", "emb:source-data"} <= {link["rel"] for link in record["links"]}
    asset = record["assets"]["embeddings"]
    assert asset["href"] == "./set.parquet"
    assert asset["type"] == "application/vnd.apache.parquet"
    assert asset["file:size"] == path.stat().st_size
    ((west, south, east, north),) = record["extent"]["spatial"]["bbox"]
    assert west <= table["centre_lon"].to_numpy().min()
    assert east >= table["centre_lon"].to_numpy().max()
    assert south <= table["centre_lat"].to_numpy().min()
    assert north >= table["centre_lat"].to_numpy().max()
    assert load_scenes(path)["bluemarble"].href == "eex:bluemarble"


def two_scenes(**more: Any) -> list[SceneRef]:
    about: dict[str, Any] = {"licence": "L", "attribution": "Contains modified data 2024"}
    return [
        SceneRef(
            id=f"S{day}",
            when=datetime(2024, 1, day, 1, 30, tzinfo=UTC),
            href=f"https://stac.example/collections/c/items/S{day}",
            size=(10980, 10980),
            crs="EPSG:32654",
            transform=(10.0, 0.0, 300000.0, 0.0, -10.0, 4000020.0),
            bands={"B04": Asset(href=f"/{day}/B04", bytes=10**8), "B03": Asset(href=f"/{day}/B03")},
            **about | more,
        )
        for day in (5, 9)
    ]


def test_items_that_tiles_are_from_are_linked(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=(5, 44, 10, 48))
    spec, refs = encoder_spec("remoteclip-vit-b-32"), two_scenes()
    header = replace(header_at(path), pixels="scenes")
    record = collection_of(
        path, header=header, spec=spec, tiling=Tiling(grid="majortom"), refs=refs, dtype="float16"
    )
    links = [(link["rel"], link["href"]) for link in record["links"]]
    assert ("derived_from", "https://stac.example/collections/c/items/S5") in links
    assert ("emb:source-data", "https://stac.example/collections/c") in links
    assert record["extent"]["temporal"]["interval"] == [
        ["2024-01-05T01:30:00Z", "2024-01-09T01:30:00Z"]
    ]
    assert record["emb:chip_layout"]["grid_id"] == "major-tom-v1"
    assert record["summaries"]["grid:code"] == sorted(
        f"MAJORTOM-{cell}" for cell in set(rows(path)["grid_cell"].to_pylist())
    )
    check_valid(record)


@pytest.mark.parametrize(
    ("removed", "tiling", "expected"),
    [
        (None, Tiling(), "the offset of 1000 of baseline 04.00 left in where it was there."),
        (True, Tiling(), "the offset of 1000 taken off by the provider."),
        (None, Tiling(remove_offset=True), "taken off first where it was there."),
    ],
)
def test_preprocessing_is_told_in_sentences(removed: Any, tiling: Tiling, expected: str) -> None:
    spec = encoder_spec("remoteclip-vit-b-32")
    about = About(
        id="x",
        title="X",
        model=Model(name=spec.name),
        spec=spec,
        dim=512,
        want=Want(bands=("B04", "B03", "B02"), stretch="keenkite"),
        tiling=tiling,
        refs=two_scenes(offset_removed=removed),
    )
    text = preprocessing(about)
    assert text.startswith("Digital numbers 0 to 3000 to 0 to 255")
    assert expected in text
    header = header_of(about, None)
    assert header.attribution.startswith("Contains modified data 2024")  # once, not twice
    assert header.attribution.count("Contains") == 1
    assert header.licence == "L"
    assert header.sources == ("S5", "S9")
    assert header.pixels == "scenes"
    for href, reader in (("/p.parquet", "scenes"), ("https://hub.example/p.parquet", "majortom")):
        shards = replace(about, refs=[ShardRef(id="p", href=href, rows=5)])
        assert header_of(shards, None).pixels == reader


def test_costs_are_arithmetic() -> None:
    spec = encoder_spec("remoteclip-vit-b-32")
    want = Want(bands=("B04", "B03"), stretch="majortom")
    (scene, _) = two_scenes()
    rows_of_tiles = tuple((112 * i, 0, 97) for i in range(97))
    items = [
        Item(ref=scene, windows=rows_of_tiles[:49], tiles=49 * 97),
        Item(ref=scene, windows=rows_of_tiles[49:], tiles=48 * 97),
    ]
    found = estimate_of(items, Tiling(), [want], [spec], rates={spec.name: 50.0})
    assert found.tiles == 97 * 97
    assert found.seconds == 97 * 97 / 50
    heights = 48 * 112 + 224, 47 * 112 + 224
    unpacked = 2 * 10980**2
    expected = sum((10**8 + unpacked) * height / 10980 for height in heights)
    assert found.bytes == round(expected)
    assert not found.packed
    assert found.requests == 2 * (2 + 1 + heights[0] // 1024) + 2 * (2 + 1 + heights[1] // 1024)
    assert found.set_bytes == 97 * 97 * (512 * 2 + ROW_BYTES)
    assert found.parts_bytes == 97 * 97 * (512 * PART_BYTES + ROW_BYTES)
    assert estimate_of(items, Tiling(), [want], [spec], rates={}).seconds is None


def test_the_cost_of_a_planet_is_arithmetic() -> None:
    spec = encoder_spec("dinov2-base")
    cost = planet_cost(56_147_150, spec, 800.0, fragments=25)
    assert cost["samples"] == 2_245_886
    assert cost["shards"] == 4_492
    assert cost["gpu_hours"] == pytest.approx(56_147_150 / 800 / 3600)
    assert cost["requests"] == 2_245_886 + 4_492
    assert cost["bytes"] == 2_245_886 * 5_700_000 + 4_492 * 1_031_336
    assert cost["set_bytes"] == 56_147_150 * (768 * 2 + ROW_BYTES)
    assert cost["bytes_per_s_at_this_rate"] == pytest.approx(800 / 25 * 5_700_000)


def test_python_makes_sets_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    found = eex.make_set("world", path, model=DEMO, engine="here", bbox=BOX)
    assert found.files == (path,)
    assert found.rows == (rows(path).num_rows,)
    opened = eex.open_set(path)
    answer = opened.search(text="mountains", k=3)
    assert len(answer.results) == 3


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    return
