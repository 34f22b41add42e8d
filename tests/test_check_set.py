"""`eex set check` finds the variant that made a table, and says so when none did."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eex
from build_world import DEMO
from eex.catalog.known import open_embeddings
from eex.check.run import AS_TABLES, THUMBNAIL, SetCheck
from eex.cli import main
from eex.config import Settings
from eex.embeddings import SetHeader
from eex.errors import (
    BadPictureError,
    BadQueryError,
    DamagedSetError,
    EexError,
    SetNotFoundError,
)
from eex.imagery.scene import RGB
from eex.imagery.sentinel2 import read_major_tom_folder, thumbnail_tone, true_colour
from eex.search.run import OpenSet
from range_server import range_server
from scenes import write_tif
from shards import cached_sample, write_shard

torch = pytest.importorskip("torch")
rasterio = pytest.importorskip("rasterio")

BANDS = ("B02", "B03", "B04")
CELLS = ("454U_120R", "454U_121R", "10D_3L", "199U_1099R", "0U_199R", "7U_7R")
SIZE, CROP = 96, 48


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small random DINOv2, whose variants differ much."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Dinov2Config(
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        mlp_ratio=2,
        image_size=56,
        patch_size=14,
    )
    model = transformers.Dinov2Model(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    path = tmp_path_factory.mktemp("dinov2")
    model.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write tiles of Major TOM: CELL_ROW/CELL/PRODUCT/B04.tif, with colours that differ."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("tiles")
    for number, cell in enumerate(CELLS):
        place = folder / cell.split("_")[0] / cell / product(number)
        place.mkdir(parents=True)
        ramp = np.linspace(0, 1, SIZE)
        for band in BANDS:
            wave = np.sin(rng.uniform(3, 25) * ramp[:, None] + rng.uniform(3, 25) * ramp)
            dn = 1800 + 1300 * wave + rng.normal(0, 120, (SIZE, SIZE))
            transform = rasterio.Affine(10, 0, 500_000 + 9_000 * number, 0, -10, 5_000_000)
            with rasterio.open(
                place / f"{band}.tif", "w", driver="GTiff", width=SIZE, height=SIZE, count=1,
                dtype="uint16", crs="EPSG:32633", transform=transform,
            ) as file:  # fmt: skip
                file.write(np.clip(dn, 1, 10_000).astype(np.uint16), 1)
    return folder


def product(number: int) -> str:
    return f"S2A_MSIL2A_2022070{number + 1}T085611_N0400_R007_T33NZA_20220706T153419"


def scene_of(tiles: Path, number: int) -> Any:
    cell = CELLS[number]
    return read_major_tom_folder(
        tiles / cell.split("_")[0] / cell / product(number), bands=("B04", "B03", "B02")
    )


def published(
    path: Path,
    tiles: Path,
    weights: Path,
    *,
    variant: str,
    tone: Any = true_colour,
    box: tuple[int, int, int, int] = (0, 0, CROP, CROP),
    header: SetHeader | None = None,
) -> Path:
    """Write a table as published: 15 columns, raw vectors, and rows whose pixels are elsewhere."""
    encoder = eex.encoder("dinov2-large", weights=weights, device="cpu", variant=variant)
    pictures = []
    for number in range(len(CELLS)):
        scene = scene_of(tiles, number)
        window = scene.dn[:, box[0] : box[2], box[1] : box[3]]
        pictures.append(tone(scene.centre(CROP).dn if box[:2] == (0, 0) else window))
    vectors = 3.5 * encoder.encode_image(pictures)
    others = np.random.default_rng(0).normal(size=(40, vectors.shape[1]))
    vectors = np.concatenate([others[:20], vectors, others[20:]]).astype(np.float32)
    count = len(vectors)
    cells = [f"{i}U_1R" for i in range(20)] + list(CELLS) + [f"{i}U_2R" for i in range(20)]
    products = ["other"] * 20 + [product(i) for i in range(len(CELLS))] + ["other"] * 20
    table = pa.table(
        {
            "unique_id": [f"{i:064x}" for i in range(count)],
            "embedding": pa.array(list(vectors), pa.list_(pa.float32())),
            "timestamp": ["20220706T085611"] * count,
            "product_id": products,
            "grid_cell": cells,
            "grid_row_u": pa.array([0] * count, pa.int16()),
            "grid_col_r": pa.array([0] * count, pa.int16()),
            "geometry": [b""] * count,
            "centre_lat": pa.array([45.0] * count, pa.float32()),
            "centre_lon": pa.array([15.0] * count, pa.float32()),
            "utm_footprint": [""] * count,
            "utm_crs": ["EPSG:32633"] * count,
            "pixel_bbox": [list(box)] * count,
            "parquet_row": [0] * count,
            "parquet_url": [""] * count,
        }
    )
    if header is not None:
        table = table.replace_schema_metadata({"emb": header.to_json()})
    pq.write_table(table, path, row_group_size=7)
    return path


def checked(path: Path | str, tiles: Path, weights: Path, **more: Any) -> SetCheck:
    more = {"model": "dinov2-large", "device": "cpu", **more}
    return eex.check_set(path, pixels=tiles, weights=weights, **more)


@pytest.mark.parametrize("variant", ["official", "cls", "eee"])
def test_the_variant_that_made_a_table_is_found(
    tmp_path: Path, tiles: Path, weights: Path, variant: str
) -> None:
    path = published(tmp_path / "set.parquet", tiles, weights, variant=variant)
    found = checked(path, tiles, weights)
    assert found.rows == tuple(range(20, 26))
    assert (found.best.variant, found.best.fits) == (variant, True)
    assert found.best.mean == pytest.approx(1, abs=1e-5)
    assert not any(way.fits for way in found.ways if way.variant != variant)
    assert {(way.variant, way.tone, way.crop) for way in found.ways} == {
        (v, t, c)
        for v in ("official", "cls", "eee")
        for t in (AS_TABLES, THUMBNAIL)
        for c in ("centre", "corner")
    }
    alike = "Its tiles are all alike" in found.verdict
    assert alike == (variant == "eee")  # divided by 255 twice, pictures are all but black
    if not alike:
        assert (found.best.tone, found.best.crop) == (AS_TABLES, "centre")
        assert found.verdict == f"Fits: {variant} ({AS_TABLES}, centre), mean cosine 1.0000."


def test_the_tone_and_the_crop_that_made_a_table_are_found(
    tmp_path: Path, tiles: Path, weights: Path
) -> None:
    path = published(
        tmp_path / "a.parquet", tiles, weights, variant="official", tone=thumbnail_tone
    )
    assert checked(path, tiles, weights).best.tone == THUMBNAIL
    box = (8, 40, 8 + CROP, 40 + CROP)
    path = published(tmp_path / "b.parquet", tiles, weights, variant="official", box=box)
    best = checked(path, tiles, weights).best
    assert (best.variant, best.crop, best.fits) == ("official", "corner", True)
    given = checked(path, tiles, weights, crop=CROP)
    assert {way.crop for way in given.ways} == {"centre"}
    assert not given.best.fits
    assert given.verdict.startswith("No variant fits; the nearest is")


def test_rasters_that_are_cut_already_are_looked_at_once(
    tmp_path: Path, tiles: Path, weights: Path
) -> None:
    box = (0, 0, SIZE, SIZE)
    path = published(tmp_path / "s.parquet", tiles, weights, variant="official", box=box)
    ways = checked(path, tiles, weights).ways
    assert len(ways) == 3 * 2  # variants and tones
    assert {way.crop for way in ways} == {"centre"}


def test_a_wrong_header_is_told(tmp_path: Path, tiles: Path, weights: Path) -> None:
    header = SetHeader(id="s", title="S", model="dinov2-large", dim=24, variant="eee")
    path = published(tmp_path / "s.parquet", tiles, weights, variant="cls", header=header)
    found = checked(path, tiles, weights, model="")
    assert (found.model, found.stated, found.best.variant) == (header.model, "eee", "cls")
    assert found.verdict.endswith("The set says eee, which is wrong.")


def test_pixels_come_from_a_shard_too(tmp_path: Path, tiles: Path, weights: Path) -> None:
    records = []
    for number, cell in enumerate(CELLS[:3]):
        place = tiles / cell.split("_")[0] / cell / product(number)
        files = {band: (place / f"{band}.tif").read_bytes() for band in BANDS}
        records.append({"product_id": product(number), "grid_cell": cell, **files})
    shard = tmp_path / "part_00001.parquet"
    pq.write_table(pa.Table.from_pylist(records), shard, row_group_size=1)
    path = published(tmp_path / "set.parquet", tiles, weights, variant="eee")
    found = checked(path, shard, weights, rows=2)
    assert found.rows == (20, 22)
    assert found.best.variant == "eee"
    assert found.best.fits


def test_pixels_come_from_the_shards_that_rows_name(
    tmp_path: Path, tiles: Path, weights: Path
) -> None:
    records = []
    for number, cell in enumerate(CELLS):
        place = tiles / cell.split("_")[0] / cell / product(number)
        files = {band: (place / f"{band}.tif").read_bytes() for band in BANDS}
        records.append({"product_id": product(number), "grid_cell": cell, **files})
    shard = tmp_path / "part_00001.parquet"
    pq.write_table(pa.Table.from_pylist(records), shard, row_group_size=1)
    path = published(tmp_path / "set.parquet", tiles, weights, variant="eee")
    table = pq.read_table(path).slice(20, len(CELLS))
    settings = eex.Settings(
        cache_dir=tmp_path / "cache", threads=1, device="cpu", fetch_hosts=("127.0.0.1",)
    )
    with range_server() as server:
        url = server.put("/images/part_00001.parquet", shard.read_bytes())
        places = {
            "parquet_url": pa.array([url] * len(CELLS)),
            "parquet_row": pa.array(range(len(CELLS))),
        }
        for name, values in places.items():
            table = table.set_column(table.column_names.index(name), name, values)
        pq.write_table(table, path)
        found = eex.check_set(
            path, model="dinov2-large", weights=weights, rows=2, settings=settings, device="cpu"
        )
    assert found.best.variant == "eee"
    assert found.best.fits


def test_the_embedded_world_is_checked_with_its_own_reader(world: OpenSet) -> None:
    found = eex.check_set("world", rows=50, settings=world.settings)
    assert found.best.fits
    assert found.best.variant == found.stated == "official"
    assert (found.rows[0], found.rows[-1], len(found.rows)) == (0, len(world) - 1, 50)
    assert found.best.least > 0.99999


@pytest.mark.parametrize("stretch", ["majortom", "keenkite"])
def test_a_set_that_was_built_here_is_checked_with_its_own_scenes(
    stretch: str, tmp_path: Path, settings: Settings
) -> None:
    rng = np.random.default_rng(5)
    smooth = np.kron(rng.uniform(300, 2_900, (3, 6, 6)), np.ones((1, 32, 32))).astype(np.uint16)
    path = write_tif(tmp_path / "a.tif", smooth, left=499_840.0, top=5_200_000.0)
    made = tmp_path / "mine.parquet"
    given = {"size": 64, "stride": 64, "engine": "here", "settings": settings, "stretch": stretch}
    eex.make_set("folder", made, paths=[path], bands=RGB, model=DEMO, **given)
    found = eex.check_set(made, settings=settings)
    assert found.best.fits
    assert found.best.least > 0.9999  # stored as float16
    assert found.unrelated < 0.999
    write_tif(path, smooth[:, ::-1, ::-1] // 3, left=499_840.0, top=5_200_000.0)
    assert not eex.check_set(made, settings=settings).best.fits


def test_a_set_of_shards_far_away_is_checked_with_the_tiles_of_its_rows(
    tmp_path: Path, settings: Settings
) -> None:
    settings = replace(settings, fetch_hosts=("127.0.0.1",))
    shard = write_shard(tmp_path / "part_00001.parquet", [cached_sample(n) for n in range(2)])
    made = tmp_path / "mine.parquet"
    with range_server() as server:
        url = server.put("/images/part_00001.parquet", shard.read_bytes())
        given = {"size": 384, "engine": "here", "settings": settings}
        eex.make_set("shards", made, paths=[url], model=DEMO, **given)
        found = eex.check_set(made, settings=settings)
    assert found.best.fits
    assert len(found.rows) == 18  # nine of each sample
    assert found.best.least > 0.9999


def test_the_command_prints_a_table_or_json(
    tmp_path: Path,
    tiles: Path,
    weights: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    path = published(tmp_path / "set.parquet", tiles, weights, variant="eee")
    common = ["set", "check", str(path), "--pixels", str(tiles), "--device", "cpu"]
    common += ["--model", "dinov2-large", "--weights", str(weights)]
    main(common)
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("eee ")
    assert out.splitlines()[1].endswith("fits")
    assert "Fits: eee" in out
    main([*common, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["fits"] == "eee"
    assert record["ways"][0]["mean"] > 0.9999


def test_a_set_that_is_open_here_is_checked_by_its_name(
    tmp_path: Path, tiles: Path, weights: Path
) -> None:
    path = published(tmp_path / "set.parquet", tiles, weights, variant="eee")
    settings = Settings(cache_dir=tmp_path / "cache", threads=1)
    open_embeddings(path, settings=settings, fetch=True, called="mine")
    path.unlink()
    found = checked("mine", tiles, weights, settings=settings)
    assert (found.set, found.best.variant, found.best.fits) == ("mine", "eee", True)
    with pytest.raises(EexError, match="other"):
        checked("other", tiles, weights, settings=settings)


def test_what_cannot_be_checked_is_refused_in_words(
    tmp_path: Path, tiles: Path, weights: Path
) -> None:
    path = published(tmp_path / "set.parquet", tiles, weights, variant="eee")
    with pytest.raises(BadQueryError, match="does not say which model"):
        checked(path, tiles, weights, model="")
    with pytest.raises(BadQueryError, match="does not say how its pixels"):
        eex.check_set(path, model="dinov2-large", weights=weights)
    with pytest.raises(BadQueryError, match="None of the 46 tiles"):
        checked(path, tmp_path, weights)
    with pytest.raises(BadQueryError, match="At least one row"):
        checked(path, tiles, weights, rows=0)
    with pytest.raises(BadPictureError, match="no pixels at"):
        checked(path, tmp_path / "nowhere", weights)
    with pytest.raises(SetNotFoundError):
        checked(tmp_path / "none.parquet", tiles, weights)
    (tmp_path / "text.parquet").write_text("not a table")
    with pytest.raises(DamagedSetError):
        checked(tmp_path / "text.parquet", tiles, weights)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DamagedSetError, match="no column of vectors"):
        checked(tmp_path / "other.parquet", tiles, weights)
    table = pq.read_table(path)
    short = table.set_column(1, "embedding", pa.array([[1.0, 2.0]] * 46))
    pq.write_table(short, tmp_path / "short.parquet")
    with pytest.raises(BadQueryError, match="24 numbers, the set has 2"):
        checked(tmp_path / "short.parquet", tiles, weights)
