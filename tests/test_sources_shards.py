"""Image shards of Major TOM: here, at addresses, at a hub; samples chosen by their metadata."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eex.config import Settings
from eex.errors import BadQueryError, DownloadError, OfflineError, SourceError
from eex.grid.cells import Cells, Grid
from eex.sources.asking import wanted_of
from eex.sources.refs import ShardRef, from_json, to_json
from eex.sources.shards import ShardsSource
from loopback_hub import running_hub
from range_server import range_server
from shards import RASTERS, write_shard

REPO = "Major-TOM/Core-S2L2A"
HOME = f"https://huggingface.co/datasets/{REPO}/resolve/main/images"
NAPOLI = "13.9,40.6,14.6,41.1"
"""Box round 454U_120R and its neighbours."""

CELLS = (
    ("454U_120R", "20220719T095559", 12.5, 0),
    ("455U_120R", "20220719T095559", 40.0, 0),
    ("922D_249L", "20230119T161811", 18.941737, 0),
    ("455U_119R", "20240210T100001", 0.0, 1),
    ("0U_0R", "20240610T100001", None, 1),
)
"""Cell, when it was taken, clouds, number of its shard."""


def row_of(cell: str, when: str) -> dict[str, Any]:
    product = f"S2B_MSIL2A_{when}_N0400_R122_T33TVF_20220719T153419"
    row = {"product_id": product, "grid_cell": cell, "timestamp": when, "thumbnail": b"jpeg"}
    return row | dict.fromkeys(RASTERS, b"tiff")


def write(folder: Path, **told: Any) -> list[Path]:
    """Write two shards of three and two samples."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for shard in (0, 1):
        rows = [row_of(cell, when) for cell, when, _, at in CELLS if at == shard]
        paths.append(write_shard(folder / f"part_{shard + 1:05}.parquet", rows, **told))
    return paths


def metadata(path: Path, *, text: bool = True) -> Path:
    """Write the metadata table, in the order of its cells' names, in row groups of two."""
    rows = []
    count = [0, 0]
    for cell, when, clouds, shard in CELLS:
        lon, lat = Grid(10).centres(Cells.parse([cell]))[0]
        rows.append({
            "grid_cell": cell, "product_id": row_of(cell, when)["product_id"],
            "timestamp": when if text else datetime.strptime(when, "%Y%m%dT%H%M%S"),  # noqa: DTZ007
            "cloud_cover": clouds, "nodata": 0.0, "centre_lat": lat, "centre_lon": lon,
            "crs": "EPSG:32633", "parquet_row": count[shard],
            "parquet_url": f"{HOME}/part_{shard + 1:05}.parquet",
        })  # fmt: skip
        count[shard] += 1
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["grid_cell"])))
    pq.write_table(table, path, row_group_size=2)
    return path


def listed(source: ShardsSource) -> list[ShardRef]:
    refs = source.refs()
    assert [from_json(to_json(ref)) for ref in refs] == refs
    return [ref for ref in refs if isinstance(ref, ShardRef)]


def kept(source: ShardsSource) -> dict[str, tuple[int, ...] | None]:
    return {ref.id: ref.keep for ref in listed(source)}


def test_whole_shards_are_listed(settings: Settings, tmp_path: Path) -> None:
    paths = write(tmp_path / "images")
    expected = [("part_00001", 3, None), ("part_00002", 2, None)]
    for given in (
        [str(path) for path in reversed(paths)], str(tmp_path), f"{tmp_path}/images/part_*.parquet",
        [str(tmp_path / "images"), str(paths[0])],
    ):  # fmt: skip
        refs = listed(ShardsSource(settings, paths=given))
        assert [(ref.id, ref.rows, ref.keep) for ref in refs] == expected
        assert [ref.href for ref in refs] == [str(path) for path in paths]
        assert [ref.bytes for ref in refs] == [path.stat().st_size for path in paths]
    assert refs[0].licence == "CC-BY-SA-4.0"
    assert "Copernicus" in refs[0].attribution


ASKED: list[tuple[dict[str, Any], dict[str, tuple[int, ...] | None]]] = [
    ({}, {"part_00001": None, "part_00002": None}),
    ({"area": NAPOLI}, {"part_00001": (0, 1), "part_00002": (0,)}),
    ({"dates": "2023"}, {"part_00001": (2,)}),
    ({"season": "06/08"}, {"part_00001": (0, 1), "part_00002": (1,)}),
    ({"area": NAPOLI, "dates": "2024"}, {"part_00002": (0,)}),
    ({"area": "10,10,11,11"}, {}),
    ({"area": "-1,-1,0.001,0.001"}, {"part_00002": (1,)}),  # a corner of the sample
]


@pytest.mark.parametrize(("asked", "expected"), ASKED)
@pytest.mark.parametrize("with_metadata", [False, True])
def test_samples_are_chosen(
    settings: Settings, tmp_path: Path, asked: dict[str, Any],
    expected: dict[str, tuple[int, ...] | None], *, with_metadata: bool,
) -> None:  # fmt: skip
    write(tmp_path / "images")
    table = str(metadata(tmp_path / "metadata.parquet")) if with_metadata else ""
    wanted = wanted_of(**asked)
    source = ShardsSource(settings, paths=str(tmp_path), metadata=table, wanted=wanted)
    assert kept(source) == expected


def test_clouds_are_told_by_the_metadata(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "images")
    table = str(metadata(tmp_path / "metadata.parquet", text=False))

    def choose(**asked: Any) -> dict[str, tuple[int, ...] | None]:
        wanted = wanted_of(**asked)
        return kept(ShardsSource(settings, paths=str(tmp_path), metadata=table, wanted=wanted))

    assert choose(cloud_cover=20) == {"part_00001": (0, 2), "part_00002": (0,)}
    assert choose(cloud_cover=12.5) == {"part_00001": (0,), "part_00002": (0,)}
    assert choose(limit=2) == {"part_00001": (0,), "part_00002": (0,)}
    assert choose(limit=4) == {"part_00001": None, "part_00002": (0,)}
    assert choose(limit=1, dates="2022") == {"part_00001": (0,)}
    with pytest.raises(BadQueryError, match="do not say how cloudy") as caught:
        listed(ShardsSource(settings, paths=str(tmp_path), wanted=wanted_of(cloud_cover=20)))
    assert "metadata.parquet" in caught.value.hint


def test_a_number_of_samples_without_metadata(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path)
    source = ShardsSource(settings, paths=str(tmp_path), wanted=wanted_of(limit=4))
    assert kept(source) == {"part_00001": None, "part_00002": (0,)}
    assert kept(ShardsSource(settings, paths=str(tmp_path), wanted=wanted_of(limit=1))) == {
        "part_00001": (0,)
    }


@pytest.mark.parametrize("statistics", [True, False])
def test_addresses_are_read_by_footer_and_key(
    settings: Settings, tmp_path: Path, *, statistics: bool
) -> None:
    paths = write(tmp_path, when="product_datetime", statistics=statistics)
    with range_server() as server:
        urls = [server.put(f"/images/{path.name}", path.read_bytes()) for path in paths]
        source = ShardsSource(
            settings, paths=urls, wanted=wanted_of(area=NAPOLI, dates="2022/2024")
        )
        refs = listed(source)
        assert {ref.id: ref.keep for ref in refs} == {"part_00001": (0, 1), "part_00002": (0,)}
        assert [ref.bytes for ref in refs] == [path.stat().st_size for path in paths]
        if statistics:
            assert server.requests == 2  # the footers


def test_a_repository_is_listed_by_its_hub(tmp_path: Path) -> None:
    paths = write(tmp_path / "images")
    table = metadata(tmp_path / "metadata.parquet")
    with running_hub() as hub:
        files = {f"images/{path.name}": path.read_bytes() for path in paths}
        hub.put_dataset(REPO, {**files, "metadata.parquet": table.read_bytes(), "README.md": b"-"})
        settings = Settings(cache_dir=tmp_path / "cache", threads=1, hub_endpoint=hub.address)
        source = ShardsSource(settings, repo=REPO, wanted=wanted_of(area=NAPOLI, cloud_cover=20))
        refs = listed(source)
        assert [(ref.id, ref.rows, ref.keep) for ref in refs] == [
            ("part_00001", 3, (0,)), ("part_00002", 2, (0,)),
        ]  # fmt: skip
        address = f"{hub.address}/datasets/{REPO}/resolve/main/images/part_00001.parquet"
        assert refs[0].href == address
        assert [ref.bytes for ref in refs] == [path.stat().st_size for path in paths]
        asked = [one.path for one in hub.asked]
        assert not any("/images/" in path for path in asked)  # nothing of any shard is read
        assert "Core-S2L2A" in refs[0].attribution
        with pytest.raises(DownloadError):
            listed(ShardsSource(settings, repo="Major-TOM/None"))


def test_a_sample_at_180_degrees_lies_on_both_sides(settings: Settings, tmp_path: Path) -> None:
    grid = Grid(10)
    row = np.array([100], np.int32)
    cell = f"100U_{int(grid.column_count(row)[0]) // 2}R"
    west, _ = grid.bottom_left(Cells.parse([cell]))[0]
    assert 179.95 < west < 180 < west + 10 / 111.2 / np.cos(np.radians(9))
    write_shard(tmp_path / "part_00001.parquet", [row_of(cell, "20240101T000000")])
    for area in ("179.5,8,179.999,10", "-180,8,-179.99,10"):
        source = ShardsSource(settings, paths=str(tmp_path), wanted=wanted_of(area=area))
        assert kept(source) == {"part_00001": None}
    source = ShardsSource(settings, paths=str(tmp_path), wanted=wanted_of(area="-179,8,-178,10"))
    assert kept(source) == {}


def test_samples_lie_where_their_tiles_do(settings: Settings, tmp_path: Path) -> None:
    """The tile of 454U_120R reaches 340 m beyond its cell, which is told by the metadata's crs."""
    from pyproj import Transformer

    write(tmp_path / "images")
    table = str(metadata(tmp_path / "metadata.parquet"))
    grid = Grid(10)
    corner = grid.bottom_left(Cells.parse(["454U_120R"]))[0]
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
    x, y = to_metres.transform(*corner)

    def found(x: float, y: float) -> bool:
        lon, lat = to_metres.transform(x, y, direction="INVERSE")
        area = f"{lon - 1e-5},{lat - 1e-5},{lon + 1e-5},{lat + 1e-5}"
        for told in ("", table):
            source = ShardsSource(
                settings, paths=str(tmp_path / "images" / "part_00001.parquet"), metadata=told,
                wanted=wanted_of(area=area),
            )  # fmt: skip
            kept_rows = kept(source)
            assert kept_rows in ({}, {"part_00001": (0,)})
        return bool(kept_rows)

    for inside, beyond in ((-335, -345), (10_335, 10_345)):
        assert found(x + inside, y + 3_000)
        assert found(x + 3_000, y + min(inside, 9_000))
        assert not found(x + beyond, y + 3_000)
    assert not found(x + 3_000, y - 345)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": ["x"]}, "no image shard of Major TOM: it lacks grid_cell"),
        (
            {n: ["x", "y"] for n in ("grid_cell", "product_id", "B02", "B03", "B04")},
            "several samples in a row group",
        ),
    ],
)
def test_other_tables_are_refused(
    settings: Settings, tmp_path: Path, columns: dict[str, list[str]], said: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "part_1.parquet")
    with pytest.raises(SourceError, match=said):
        listed(ShardsSource(settings, paths=str(tmp_path)))


def test_what_cannot_be_listed_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadQueryError, match="either files, or a repository"):
        ShardsSource(settings)
    with pytest.raises(BadQueryError, match="either files, or a repository"):
        ShardsSource(settings, paths="a", repo="b/c")
    with pytest.raises(BadQueryError, match="no repository"):
        listed(ShardsSource(settings, repo="Core-S2L2A"))
    with pytest.raises(SourceError, match="no file or folder"):
        listed(ShardsSource(settings, paths=str(tmp_path / "part_*.parquet")))
    with pytest.raises(SourceError, match="no image shard in"):
        listed(ShardsSource(settings, paths=str(tmp_path)))
    write(tmp_path / "images")
    table = pa.table({"parquet_url": ["other.parquet"], "parquet_row": [0]})
    pq.write_table(table, tmp_path / "metadata.parquet")
    told = str(tmp_path / "metadata.parquet")
    with pytest.raises(SourceError, match="tells nothing of these shards"):
        listed(ShardsSource(settings, paths=str(tmp_path), metadata=told))
    wanted = wanted_of(area=NAPOLI)
    with pytest.raises(SourceError, match="lacks centre_lat, centre_lon"):
        listed(ShardsSource(settings, paths=str(tmp_path), metadata=told, wanted=wanted))


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, offline=True)
    with pytest.raises(OfflineError):
        listed(ShardsSource(settings, repo=REPO))
    with pytest.raises(OfflineError):
        listed(ShardsSource(settings, paths="https://example.org/part_00001.parquet"))
