"""What is written is GeoParquet 1.1, and DuckDB, GeoPandas and GDAL read it without a warning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from click.testing import CliRunner

from eex.cli import cli
from eex.embeddings import EmbeddingSet, SetHeader, open_table
from eex.errors import BadQueryError, OutputError
from eex.geoparquet import write_batches, write_set
from eex.geoparquet.order import hilbert
from eex.grid import Cells, Grid, fragment_boxes, tile_footprints
from eex.tiles import SCHEMA, tile_table, true_centres

ROWS, DIM = 12_000, 8
RNG = np.random.default_rng(0)
HEADER = SetHeader(
    id="toy",
    title="Toy",
    model="demo-bluemarble-concepts",
    dim=DIM,
    weights="hub/model@0123abc",
    bands=("B04", "B03", "B02"),
    preprocessing="2.5 * DN / 10000, clipped",
    licence="CC-BY-SA-4.0",
    attribution="Somebody",
)


def tiles(rows: int = ROWS, *, dtype: str = "float32") -> pa.Table:
    """Return tiles all over the globe, those of one meridian at 180 degrees among them."""
    rng = np.random.default_rng(1)
    lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-84, 84, rows)])
    lonlat[: rows // 100, 0] = 179.98
    cells = Grid(10).cells_at(lonlat)
    found = tile_footprints(Grid(10), cells)
    centres, names = found.centres(), cells.names()
    vectors = rng.normal(size=(rows, DIM)).astype(np.float32)
    if dtype == "int8":
        vectors = np.clip(vectors * 40, -127, 127)
    flat = pa.array(vectors.astype(dtype).ravel())
    table = tile_table(
        {
            "unique_id": [f"{i:064x}" for i in range(rows)],
            "timestamp": ["20230119T161811"] * rows,
            "product_id": [f"S2A_{i}" for i in range(rows)],
            "grid_cell": names,
            "grid_row_u": cells.row,
            "grid_col_r": cells.col,
            "geometry": shapely.to_wkb(found.polygons()),
            "centre_lat": centres[:, 1],
            "centre_lon": centres[:, 0],
            "utm_footprint": found.utm_wkt(),
            "utm_crs": found.crs.tolist(),
            "pixel_bbox": [[342, 342, 726, 726]] * rows,
        }
    )
    return (
        table.append_column("parquet_url", pa.array(["https://example.org/a.parquet"] * rows))
        .append_column("parquet_row", pa.array(np.arange(rows) % 500))
        .append_column("embedding", pa.FixedSizeListArray.from_arrays(flat, DIM))
    )


def opened(table: pa.Table, folder: Path, *, header: SetHeader = HEADER) -> EmbeddingSet:
    path = folder / "source.parquet"
    pq.write_table(table.replace_schema_metadata({"emb": header.to_json()}), path)
    return open_table(path, cache_dir=folder / "cache")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.fixture(scope="module")
def embeddings(folder: Path) -> EmbeddingSet:
    return opened(tiles(), folder)


@pytest.fixture(scope="module")
def files(folder: Path, embeddings: EmbeddingSet) -> dict[tuple[str, str], Path]:
    made = {}
    for dtype in ("float16", "float32", "int8"):
        for encoding in ("wkb", "native"):
            made[dtype, encoding] = folder / f"{dtype}-{encoding}.parquet"
            write_set(embeddings, made[dtype, encoding], dtype=dtype, encoding=encoding)
    return made


@pytest.fixture(scope="module")
def libduckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library that GDAL's ADBC driver reads Parquet through, by the name it asks for."""
    if "ADBC" not in pyogrio.list_drivers():
        pytest.skip("this GDAL has neither a Parquet nor an ADBC driver")
    module = next(Path(duckdb.__file__).parents[1].glob("_duckdb*.so"), None)
    if module is None:
        pytest.skip("this duckdb has no library beside it")
    link = tmp_path_factory.mktemp("lib") / "libduckdb.so"
    link.symlink_to(module)
    return link


ALL = [
    (dtype, encoding) for dtype in ("float16", "float32", "int8") for encoding in ("wkb", "native")
]


def geo_of(path: Path) -> dict[str, Any]:
    return json.loads(pq.read_metadata(path).metadata[b"geo"])


def check_geo(path: Path) -> None:
    """Check the key `geo` against the rules of GeoParquet 1.1 and its JSON schema."""
    schema, geo = pq.read_schema(path), geo_of(path)
    assert set(geo) == {"version", "primary_column", "columns"}
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] in geo["columns"]
    for name, column in geo["columns"].items():
        kind = schema.field(name).type
        known = {"encoding", "geometry_types", "crs", "edges", "orientation", "bbox", "covering"}
        assert set(column) == known  # `epoch` is for moving systems
        encodings = ["point", "linestring", "polygon", "multipoint", "multilinestring"]
        assert column["encoding"] in ["WKB", *encodings, "multipolygon"]
        singles = ["Point", "LineString", "Polygon"]
        kinds = [*singles, *(f"Multi{single}" for single in singles), "GeometryCollection"]
        assert set(column["geometry_types"]) <= {*kinds, *(f"{each} Z" for each in kinds)}
        assert len(set(column["geometry_types"])) == len(column["geometry_types"])
        assert column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
        assert column["edges"] in {"planar", "spherical"}
        assert column["orientation"] == "counterclockwise"
        assert len(column["bbox"]) in {4, 6}
        assert set(column["covering"]) == {"bbox"}
        box = column["covering"]["bbox"]
        assert box == {edge: ["bbox", edge] for edge in ("xmin", "ymin", "xmax", "ymax")}
        types = {field.name: field.type for field in schema.field("bbox").type}
        assert set(types.values()) == {pa.float32()}
        assert list(types) == list(box)
        if column["encoding"] == "WKB":
            assert pa.types.is_binary(kind)
        else:
            depth = {"point": 0, "linestring": 1, "polygon": 2, "multipolygon": 3}
            for _ in range(depth[column["encoding"]]):
                assert pa.types.is_list(kind)
                kind = kind.value_type
            assert kind == pa.struct(
                [pa.field(axis, pa.float64(), nullable=False) for axis in "xy"]
            )


@pytest.mark.parametrize("which", ALL)
def test_the_header_keeps_to_the_specification(
    files: dict[tuple[str, str], Path], which: tuple[str, str]
) -> None:
    check_geo(files[which])


@pytest.mark.parametrize("which", ALL)
def test_rows_are_those_of_the_set_in_another_order(
    files: dict[tuple[str, str], Path], which: tuple[str, str]
) -> None:
    source, table = tiles(), pq.read_table(files[which])
    assert {*SCHEMA.names, "parquet_url", "parquet_row", "row", "bbox", "embedding"} == set(
        table.column_names
    )
    back = np.argsort(table["unique_id"].to_numpy(zero_copy_only=False))
    for name in source.column_names:
        if name not in {"geometry", "embedding"}:
            assert table[name].take(back).to_pylist() == source[name].to_pylist(), name
    shapes = geopandas.read_parquet(files[which]).geometry.to_numpy()[back]
    assert shapely.equals(shapes, shapely.from_wkb(source["geometry"].to_numpy())).all()
    vectors = np.stack(table["embedding"].to_numpy(zero_copy_only=False))[back]
    assert vectors.dtype == which[0]
    header = SetHeader.from_json(pq.read_metadata(files[which]).metadata[b"emb"])
    wanted = np.stack(source["embedding"].to_numpy(zero_copy_only=False))
    if which[0] != "float32":
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    numbers = vectors.astype(np.float32) * np.float32(header.scale) + np.float32(header.offset)
    allowed = {"float32": 0, "float16": 5e-4, "int8": header.scale * 0.51}[which[0]]
    np.testing.assert_allclose(numbers, wanted, rtol=0, atol=allowed)
    for name in ("model", "weights", "bands", "preprocessing", "licence", "attribution"):
        assert getattr(header, name) == getattr(HEADER, name)
    assert header.quantization.startswith("int8") == (which[0] == "int8")


@pytest.mark.parametrize("which", ALL)
def test_a_written_set_opens_again(
    files: dict[tuple[str, str], Path], which: tuple[str, str], tmp_path: Path
) -> None:
    again = open_table(files[which], cache_dir=tmp_path)
    assert len(again) == again.counts.usable == ROWS
    row = again.ids.to_pylist().index(again.properties(7)["grid_cell"])
    assert np.abs(again.lonlat).max() <= 180
    assert again.vector(row).shape == (DIM,)


def test_files_are_packed_and_grouped(files: dict[tuple[str, str], Path]) -> None:
    for (dtype, encoding), path in files.items():
        metadata = pq.read_metadata(path)
        assert [metadata.row_group(i).num_rows for i in range(3)] == [5000, 5000, 2000]
        group = metadata.row_group(0)
        for i in range(group.num_columns):
            column = group.column(i)
            assert column.compression == "ZSTD"
            top = column.path_in_schema.split(".")[0]
            assert column.is_stats_set == (top not in {"geometry", "embedding"}), column
        split = "BYTE_STREAM_SPLIT" in group.column(group.num_columns - 1).encodings
        assert split == (dtype == "float32"), (dtype, encoding)
        assert pq.read_schema(path).field("embedding").type.list_size == DIM


def test_close_tiles_are_close_in_the_file(files: dict[tuple[str, str], Path]) -> None:
    table = pq.read_table(files["float32", "wkb"], columns=["centre_lon", "centre_lat"])
    lonlat = np.column_stack([table["centre_lon"].to_numpy(), table["centre_lat"].to_numpy()])
    rows = ROWS - ROWS // 50  # before those that are cut at 180 degrees
    steps = np.linalg.norm(np.diff(lonlat[:rows], axis=0), axis=1)
    assert np.median(steps) < 4  # at random it is over 100 degrees
    assert (np.diff(hilbert(lonlat[:rows]).astype(np.int64)) >= 0).all()


def test_the_curve_visits_every_cell_and_never_jumps() -> None:
    size = 32
    x, y = (part.ravel() for part in np.meshgrid(np.arange(size), np.arange(size)))
    lonlat = np.column_stack([(x + 0.5) / size * 360 - 180, (y + 0.5) / size * 180 - 90])
    order = np.argsort(hilbert(lonlat))
    assert len(set(hilbert(lonlat).tolist())) == size * size
    assert (np.abs(np.diff(x[order])) + np.abs(np.diff(y[order])) == 1).all()


def test_no_box_is_wrapped_and_each_holds_its_shape(files: dict[tuple[str, str], Path]) -> None:
    for path in files.values():
        boxes = pq.read_table(path, columns=["bbox"])["bbox"].combine_chunks()
        west, south, east, north = (boxes.field(i).to_numpy() for i in range(4))
        assert (west <= east).all()
        assert (south <= north).all()
        shapes = geopandas.read_parquet(path).geometry
        bounds = shapely.bounds(shapes.to_numpy())
        assert (np.column_stack([west, south]) <= bounds[:, :2]).all()
        assert (np.column_stack([east, north]) >= bounds[:, 2:]).all()
        np.testing.assert_allclose(np.column_stack([west, south, east, north]), bounds, atol=2e-5)
        # A tile is 10 km: no part of any is wide, except beside a pole.
        parts = shapely.bounds(shapely.get_parts(shapes.to_numpy()))
        assert (parts[:, 2] - parts[:, 0]).max() < 2
        metadata = pq.read_metadata(path)
        wide = [
            metadata.row_group(i).column(j).statistics.max >= 180
            for i in range(metadata.num_row_groups)
            for j in range(metadata.num_columns)
            if metadata.row_group(i).column(j).path_in_schema == "bbox.xmax"
        ]
        assert wide == [False, False, True]  # tiles cut at 180 degrees do not widen other groups


def test_the_files_own_box_crosses_180_degrees_where_the_set_does(
    tmp_path: Path, embeddings: EmbeddingSet, files: dict[tuple[str, str], Path]
) -> None:
    west, _, east, _ = geo_of(files["float32", "wkb"])["columns"]["geometry"]["bbox"]
    assert (west, east) == (-180, 180)
    path = tmp_path / "fiji.parquet"
    near = np.flatnonzero(np.abs(embeddings.lonlat[:, 0]) > 175)
    write_set(embeddings, path, rows=near)
    west, _, east, _ = geo_of(path)["columns"]["geometry"]["bbox"]
    assert 174 < west < 180
    assert -180 < east < -174
    assert len(geopandas.read_parquet(path)) == len(near)


@pytest.mark.parametrize("which", ALL)
def test_geopandas_reads_it_and_finds_an_area(
    files: dict[tuple[str, str], Path], which: tuple[str, str]
) -> None:
    whole = geopandas.read_parquet(files[which])
    assert len(whole) == ROWS
    assert whole.crs == "OGC:CRS84"
    assert whole.geometry.is_valid.all()
    area = geopandas.read_parquet(files[which], bbox=(0, 0, 20, 20))
    wanted = whole[whole.intersects(shapely.box(0, 0, 20, 20))]
    assert 0 < len(wanted) < 200
    assert set(wanted.unique_id) <= set(area.unique_id)
    assert len(area) < len(wanted) + 20


@pytest.mark.parametrize("which", ALL)
def test_duckdb_reads_it_and_finds_an_area(
    files: dict[tuple[str, str], Path], which: tuple[str, str]
) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        table = connection.read_parquet(str(files[which]))
        assert table.shape[0] == ROWS
        got = table.order("unique_id").fetchnumpy()
        wanted = pq.read_table(files[which]).sort_by("unique_id")
        vectors = np.stack(wanted["embedding"].to_numpy(zero_copy_only=False))
        assert np.array_equal(np.stack(got["embedding"]).astype(vectors.dtype), vectors)
        assert got["grid_cell"].tolist() == wanted["grid_cell"].to_pylist()
        box = "bbox.xmax >= 0 AND bbox.xmin <= 20 AND bbox.ymax >= 0 AND bbox.ymin <= 20"
        found = {row[0] for row in table.filter(box).project("unique_id").fetchall()}
    area = geopandas.read_parquet(files[which], bbox=(0, 0, 20, 20))
    assert found == set(area.unique_id)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_gdal_reads_it_and_finds_an_area(
    files: dict[tuple[str, str], Path], dtype: str, libduckdb: Path
) -> None:
    path = files[dtype, "wkb"]
    options = {"ADBC_DRIVER": str(libduckdb)}
    told = pyogrio.read_info(f"ADBC:{path}", **options)
    assert told["driver"] == "ADBC"
    assert told["geometry_name"] == "geometry"
    assert "CRS84" in told["crs"]
    whole = pyogrio.read_dataframe(f"ADBC:{path}", use_arrow=True, **options)
    wanted = geopandas.read_parquet(path)
    assert whole.unique_id.tolist() == wanted.unique_id.tolist()
    assert shapely.equals(whole.geometry.to_numpy(), wanted.geometry.to_numpy()).all()
    assert np.array_equal(
        np.stack(whole.embedding.to_numpy()).astype(np.float32),
        np.stack(wanted.embedding.to_numpy()).astype(np.float32),
    )
    area = pyogrio.read_dataframe(
        f"ADBC:{path}", bbox=(0, 0, 20, 20), columns=["unique_id"], **options
    )
    inside = wanted[wanted.intersects(shapely.box(0, 0, 20, 20))]
    assert set(area.unique_id) == set(inside.unique_id)


def product(shapes: list[Any], **metadata: Any) -> pa.Table:
    """Return a table as other products write them."""
    vectors = RNG.normal(size=(len(shapes), DIM)).astype(np.float32)
    table = pa.table(
        {
            "id": [f"t{i}" for i in range(len(shapes))],
            "geometry": pa.array(shapely.to_wkb(np.array(shapes)), pa.binary()),
            "embedding": list(vectors),
        }
    )
    return table.replace_schema_metadata({k: json.dumps(v) for k, v in metadata.items()})


def test_geometry_of_other_products_is_put_right(tmp_path: Path) -> None:
    shapes = [
        shapely.box(10, 10, 10.1, 10.1),
        shapely.box(-179.95, 20, 179.95, 20.1),  # drawn round the whole globe
        shapely.box(179.95, 30, 180.05, 30.1),  # beyond its edge
        shapely.reverse(shapely.box(0, 0, 0.1, 0.1)),
    ]
    path = tmp_path / "out.parquet"
    count = write_batches(product(shapes).to_batches(), path, header=HEADER)
    assert count == 4
    check_geo(path)
    found = geopandas.read_parquet(path).set_index("id").sort_index()
    assert found.geom_type.tolist() == ["Polygon", "MultiPolygon", "MultiPolygon", "Polygon"]
    areas = shapely.area(found.geometry.to_numpy())
    np.testing.assert_allclose(areas, [0.01] * 4, rtol=1e-6)
    assert all(p.exterior.is_ccw for p in shapely.get_parts(found.geometry.to_numpy()))
    assert found.unique_id.tolist() == found.index.tolist()
    assert {*SCHEMA.names} <= {*found.reset_index().columns}
    np.testing.assert_allclose(np.abs(found.centre_lon), [10.05, 180, 180, 0.05], atol=1e-6)


@pytest.mark.parametrize("encoding", ["wkb", "native"])
def test_points_stay_points(tmp_path: Path, encoding: str) -> None:
    shapes = [shapely.Point(i, -i) for i in range(5)]
    path = tmp_path / "out.parquet"
    write_batches(product(shapes).to_batches(), path, header=HEADER, encoding=encoding)
    check_geo(path)
    found = geopandas.read_parquet(path)
    assert set(found.geom_type) == {"Point"}
    assert sorted(found.geometry.x) == [0, 1, 2, 3, 4]
    assert len(geopandas.read_parquet(path, bbox=(0.5, -2.5, 2.5, -0.5))) == 2


def test_geometry_in_metres_becomes_degrees(tmp_path: Path) -> None:
    found = tile_footprints(Grid(10), Cells.parse(["454U_120R"]))
    shape = shapely.from_wkt(found.utm_wkt()[0])
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": [], "crs": "EPSG:32633"},
        },
    }
    path = tmp_path / "out.parquet"
    write_batches(product([shape] * 2, geo=geo).to_batches(), path, header=HEADER)
    written = geopandas.read_parquet(path).geometry[0]
    np.testing.assert_allclose(written.bounds, found.polygons()[0].bounds, atol=1e-6)


@pytest.mark.parametrize("encoding", ["wkb", "native"])
def test_tiles_without_a_footprint_keep_their_place(tmp_path: Path, encoding: str) -> None:
    table = product([shapely.box(i, 0, i + 1, 1) if i % 2 else None for i in range(6)])
    table = table.rename_columns(["id", "geom", "embedding"])
    table = table.append_column("lon", pa.array(np.arange(6) + 0.5))
    table = table.append_column("lat", pa.array(np.full(6, 0.5)))
    path = tmp_path / "out.parquet"
    write_batches(table.to_batches(), path, header=HEADER, encoding=encoding)
    check_geo(path)
    found = geopandas.read_parquet(path).set_index("id").sort_index()
    assert "geom" not in found.columns
    assert found.geometry.isna().tolist() == [True, False] * 3
    boxes = pq.read_table(path).sort_by("id")["bbox"]
    assert boxes.is_null().to_pylist() == [True, False] * 3
    assert found.centre_lon.tolist() == (np.arange(6) + 0.5).tolist()


def test_what_was_written_is_written_again_alike(
    tmp_path: Path, files: dict[tuple[str, str], Path]
) -> None:
    for which in (("float32", "wkb"), ("int8", "native")):
        again = tmp_path / "again.parquet"
        write_set(open_table(files[which], cache_dir=tmp_path), again, encoding=which[1])
        first, second = pq.read_table(files[which]), pq.read_table(again)
        assert second["row_before"].to_pylist() == first["row"].to_pylist()
        second = second.drop_columns(["row", "row_before"])
        assert second.equals(first.drop_columns(["row"]), check_metadata=True)


def test_memory_stays_that_of_a_few_groups(
    tmp_path: Path, embeddings: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.geoparquet.rows import Rows

    most = []
    take = Rows.take

    def watched(self: Rows, rows: Any) -> pa.RecordBatch:
        most.append(len(rows))
        return take(self, rows)

    monkeypatch.setattr("eex.geoparquet.write.LOOKED_AT", 3000)
    monkeypatch.setattr("eex.geoparquet.write.ROW_GROUP", 1000)
    monkeypatch.setattr(Rows, "take", watched)
    write_set(embeddings, tmp_path / "out.parquet")
    assert max(most) == 3000
    assert sum(most) == 2 * ROWS


def test_mixed_kinds_have_no_native_encoding(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    mixed = product([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)])
    with pytest.raises(BadQueryError, match="Point and Polygon"):
        write_batches(mixed.to_batches(), path, header=HEADER, encoding="native")
    assert list(tmp_path.iterdir()) == []
    write_batches(mixed.to_batches(), path, header=HEADER)
    assert geo_of(path)["columns"]["geometry"]["geometry_types"] == ["Point", "Polygon"]


def test_mirrored_fragments_are_written_where_they_are(tmp_path: Path) -> None:
    boxes = fragment_boxes(224)
    cells = Cells.parse(["454U_120R"] * len(boxes))
    tile = tile_footprints(Grid(10), cells)
    mirrored, true = tile.windows(boxes[:, [1, 0, 3, 2]]), tile.windows(boxes)
    table = tiles(len(boxes))
    columns = {
        "geometry": shapely.to_wkb(mirrored.polygons()),
        "utm_footprint": mirrored.utm_wkt(),
        "utm_crs": mirrored.crs.tolist(),
        "pixel_bbox": boxes.tolist(),
        "centre_lon": mirrored.centres()[:, 0],
        "centre_lat": mirrored.centres()[:, 1],
    }
    for name, values in columns.items():
        i = table.column_names.index(name)
        table = table.set_column(i, table.field(i), pa.array(values, table.field(i).type))
    embeddings = opened(table, tmp_path)
    right = true_centres(embeddings.lonlat, boxes, tile.crs.tolist())
    put_right = EmbeddingSet(
        embeddings.header, embeddings.vectors, right, embeddings.rows, "", roles=embeddings.roles
    )
    path = tmp_path / "out.parquet"
    write_set(put_right, path)
    found = geopandas.read_parquet(path).sort_values("unique_id")
    bounds = shapely.bounds(found.geometry.to_numpy())
    np.testing.assert_allclose(bounds, shapely.bounds(true.polygons()), atol=1e-8)
    outlines = shapely.bounds(shapely.from_wkt(found.utm_footprint.tolist()))
    np.testing.assert_allclose(outlines, true.bounds, atol=1e-3)


def test_integers_with_a_scale_become_numbers_and_back(tmp_path: Path) -> None:
    table = tiles(300, dtype="int8")
    header = SetHeader(id="q", title="", model="", dim=DIM, scale=0.5, offset=3.0)
    embeddings = opened(table, tmp_path, header=header)
    stored = np.stack(table["embedding"].to_numpy(zero_copy_only=False))
    same, wide = tmp_path / "same.parquet", tmp_path / "wide.parquet"
    write_set(embeddings, same)
    write_set(embeddings, wide, dtype="float32")
    for path, wanted, scale in ((same, stored, 0.5), (wide, stored * 0.5 + 3, 1.0)):
        written = pq.read_table(path).sort_by("unique_id")["embedding"]
        np.testing.assert_array_equal(np.stack(written.to_numpy(zero_copy_only=False)), wanted)
        assert SetHeader.from_json(pq.read_metadata(path).metadata[b"emb"]).scale == scale


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@pytest.mark.parametrize("length", [1e-9, 1e6])
def test_short_and_long_vectors_keep_their_direction_in_small_formats(
    dtype: str, length: float, tmp_path: Path
) -> None:
    table = tiles(10)
    units = np.random.default_rng(0).normal(size=(10, DIM)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    flat = pa.array((units * np.float32(length)).ravel())
    i = table.column_names.index("embedding")
    vectors = pa.FixedSizeListArray.from_arrays(flat, DIM)
    path = tmp_path / "out.parquet"
    write_set(opened(table.set_column(i, "embedding", vectors), tmp_path), path, dtype=dtype)
    written = pq.read_table(path).sort_by("unique_id")["embedding"]
    numbers = np.stack(written.to_numpy(zero_copy_only=False)).astype(np.float32)
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    order = np.argsort(table["unique_id"].to_pylist())
    assert np.einsum("ij,ij->i", numbers, units[order]).min() > 0.999


def test_wishes_that_cannot_be_met_are_told(tmp_path: Path, embeddings: EmbeddingSet) -> None:
    path = tmp_path / "out.parquet"
    for wish in ({"dtype": "int4"}, {"encoding": "wkt"}):
        with pytest.raises(BadQueryError, match="cannot be written as"):
            write_set(embeddings, path, **wish)  # type: ignore[arg-type]
    with pytest.raises(BadQueryError, match="no tiles to write"):
        write_set(embeddings, path, rows=np.empty(0, np.int64))
    with pytest.raises(OutputError):
        write_set(embeddings, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_an_area_and_replaces_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    source, path = tmp_path / "source.parquet", tmp_path / "out.parquet"
    pq.write_table(tiles(500).replace_schema_metadata({"emb": HEADER.to_json()}), source)
    words = ["set", "write", str(source), "-o", str(path), "--bbox", "-20", "-20", "60", "60"]
    first = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert first.stdout == ""
    written = pq.read_table(path)
    lon, lat = written["centre_lon"].to_numpy(), written["centre_lat"].to_numpy()
    assert 0 < len(lon) < 500
    assert ((lon >= -20) & (lon <= 60) & (lat >= -20) & (lat <= 60)).all()
    assert f"{len(lon)} tiles" in first.stderr
    again = CliRunner().invoke(cli, words)
    assert isinstance(again.exception, BadQueryError)
    forced = CliRunner().invoke(cli, [*words, "--force", "--dtype", "float16"])
    assert forced.exit_code == 0
    assert pq.read_schema(path).field("embedding").type.value_type == pa.float16()


def test_written_tiles_are_joined_with_results_by_their_row(tmp_path: Path) -> None:
    source = tiles(60)
    some = opened(source, tmp_path)
    write_set(some, tmp_path / "a.parquet", rows=np.arange(10, 50))
    written = pq.read_table(tmp_path / "a.parquet")
    rows = written["row"].to_numpy()
    assert written.schema.field("row").type == pa.int64()
    assert sorted(rows) == list(range(10, 50))
    assert written["unique_id"].to_pylist() == some.rows["unique_id"].take(rows).to_pylist()
    again = open_table(tmp_path / "a.parquet", cache_dir=tmp_path / "cache")
    write_set(again, tmp_path / "b.parquet")
    twice = pq.read_table(tmp_path / "b.parquet")
    assert sorted(twice["row"].to_pylist()) == list(range(40))
    assert twice["row_before"].to_pylist() == written["row"].take(twice["row"]).to_pylist()


@pytest.mark.parametrize("name", ["out.tif", "out", "out.gpkg", "out.csv"])
def test_a_set_is_written_as_parquet_only(name: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["set", "write", "world", "-o", str(tmp_path / name)])
    assert isinstance(told.exception, BadQueryError)
    assert "out.parquet" in told.exception.hint
    assert not list(tmp_path.iterdir())


def test_short_vectors_rank_as_integers_too(tmp_path: Path) -> None:
    source = tiles(60)
    vectors = np.stack(source["embedding"].to_numpy(zero_copy_only=False))
    vectors *= np.logspace(-9, 9, 60, dtype=np.float32)[:, None]
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM)
    some = opened(source.drop_columns(["embedding"]).append_column("embedding", flat), tmp_path)
    write_set(some, tmp_path / "written.parquet", dtype="int8")
    again = open_table(tmp_path / "written.parquet", cache_dir=tmp_path / "cache")
    assert again.counts.usable == 60
    back = np.argsort(again.rows["unique_id"].to_numpy(zero_copy_only=False))
    for row, vector in zip(back, vectors, strict=True):
        found = again.vector(int(row))
        assert found @ vector > 0.99 * np.linalg.norm(found) * np.linalg.norm(vector)


@pytest.mark.parametrize("rows", [[-1], [ROWS], [True] * ROWS, [0.5]])
def test_what_is_no_number_of_a_row_is_refused(
    embeddings: EmbeddingSet, rows: list[Any], tmp_path: Path
) -> None:
    with pytest.raises(BadQueryError, match="numbers from 0"):
        write_set(embeddings, tmp_path / "some.parquet", rows=np.array(rows))
    assert not list(tmp_path.iterdir())
