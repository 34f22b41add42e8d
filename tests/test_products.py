"""Tables of every product are read by the names of their columns; what cannot be used is told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from eex.catalog.records import ROLES as RECORD_ROLES
from eex.check.table import Table
from eex.cli import main
from eex.columns.product import ROLES, Product, product_of
from eex.columns.vectors import vectors_of
from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader, open_table, table, write, write_opened
from eex.errors import BadQueryError, DamagedSetError, EexError
from eex.index.engines import Opening
from eex.index.exact import ExactIndex
from eex.index.plain import open_exact
from eex.search.open import open_set
from eex.search.run import OpenSet

ROWS, DIM = 40, 6
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(ROWS, DIM)).astype(np.float32) * 5
LONLAT = np.column_stack([RNG.uniform(-170, 170, ROWS), RNG.uniform(-80, 80, ROWS)])
POINTS = list(shapely.to_wkb(shapely.points(LONLAT)))
LISTS = pa.array(VECTORS.tolist(), pa.list_(pa.float32()))

MAJOR_TOM = {
    "unique_id": [f"{i:064x}" for i in range(ROWS)],
    "embedding": LISTS,
    "timestamp": ["20230119T161811"] * ROWS,
    "product_id": [f"S2A_{i}" for i in range(ROWS)],
    "grid_cell": [f"{i}U_0R" for i in range(ROWS)],
    "grid_row_u": np.arange(ROWS, dtype=np.int16),
    "grid_col_r": np.zeros(ROWS, np.int16),
    "geometry": POINTS,
    "centre_lat": LONLAT[:, 1].astype(np.float32),
    "centre_lon": LONLAT[:, 0].astype(np.float32),
    "utm_footprint": ["POLYGON EMPTY"] * ROWS,
    "utm_crs": ["EPSG:32632"] * ROWS,
    "pixel_bbox": [[0, 0, 384, 384]] * ROWS,
}
"""The 13 columns of the Major TOM Embedding Expansion."""
PRODUCTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "13": ("Major TOM", MAJOR_TOM, "grid_cell"),
    "15": (
        "Major TOM",
        MAJOR_TOM | {"parquet_url": ["https://a/b"] * ROWS, "parquet_row": range(ROWS)},
        "grid_cell",
    ),
    "15 in another order": (
        "Major TOM",
        dict(
            reversed(
                (MAJOR_TOM | {"parquet_row": range(ROWS), "parquet_url": ["x"] * ROWS}).items()
            )
        ),
        "grid_cell",
    ),
    "earth index": (
        "Earth Index",
        {"geometry": POINTS, "id": [f"e{i}" for i in range(ROWS)], "embedding": LISTS},
        "id",
    ),
    "clay": ("Clay", {"geometry": POINTS, "embeddings": LISTS}, ""),
    "geovibes": (
        "GeoVibes",
        {"tile_id": [f"g{i}" for i in range(ROWS)], "embedding": LISTS, "geometry": POINTS},
        "tile_id",
    ),
}


def opened(folder: Path, table_of: dict[str, Any], *, geo: Any = None, **more: Any) -> EmbeddingSet:
    made = {
        name: values if isinstance(values, pa.Array) else pa.array(values)
        for name, values in table_of.items()
    }
    made_of = pa.table(made)
    if geo is not None:
        made_of = made_of.replace_schema_metadata({"geo": json.dumps(geo)})
    path = folder / "set.parquet"
    pq.write_table(made_of, path, row_group_size=15)
    return open_table(path, cache_dir=folder / "cache", **more)


def opened_path(folder: Path, table_of: dict[str, Any]) -> Path:
    opened(folder, table_of)
    return folder / "set.parquet"


def with_vectors(vectors: pa.Array, **more: Any) -> dict[str, Any]:
    return {"geometry": POINTS, "embedding": vectors} | more


def answers_like(some: EmbeddingSet, wanted: np.ndarray) -> None:
    """The set ranks as float64 arithmetic over the wanted vectors does; NaN rows never."""
    query = RNG.normal(size=wanted.shape[1])
    with np.errstate(all="ignore"):
        cosines = wanted @ query / np.linalg.norm(wanted, axis=1) / np.linalg.norm(query)
    index = open_exact(Opening(embeddings=some))
    assert isinstance(index, ExactIndex)
    np.testing.assert_allclose(index.score_rows(query, range(len(wanted))), cosines, atol=1e-6)
    assert index.rankable.sum() == some.counts.usable


@pytest.mark.parametrize("which", PRODUCTS)
def test_a_product_is_known_by_its_columns_and_opened(which: str, tmp_path: Path) -> None:
    name, columns, ids = PRODUCTS[which]
    some = opened(tmp_path, columns)
    schema = pq.read_schema(tmp_path / "set.parquet")
    assert product_of(schema).name == name
    np.testing.assert_array_equal(some.vectors, VECTORS)
    np.testing.assert_allclose(some.lonlat, LONLAT, atol=1e-5)
    assert some.ids.to_pylist() == (list(columns[ids]) if ids else [str(i) for i in range(ROWS)])
    assert set(some.rows.column_names) == set(columns) - {"embedding", "embeddings"}
    assert some.header == SetHeader(id="set", title="set", model="", dim=DIM)


def test_the_users_mapping_comes_before_usual_names(tmp_path: Path) -> None:
    columns = {
        "features": LISTS,
        "embedding": ["not these"] * ROWS,
        "x": LONLAT[:, 0],
        "y": LONLAT[:, 1],
        "key": [f"k{i}" for i in range(ROWS)],
        "id": ["same"] * ROWS,
    }
    mapping = {"embedding": "features", "lon": "x", "lat": "y", "id": "key"}
    some = opened(tmp_path, columns, columns=mapping)
    np.testing.assert_array_equal(some.vectors, VECTORS)
    np.testing.assert_array_equal(some.lonlat, LONLAT)
    assert some.ids[3].as_py() == "k3"
    assert some.properties(3)["embedding"] == "not these"


def test_roles_are_those_of_records() -> None:
    assert ROLES == RECORD_ROLES
    fields = set(Product.__dataclass_fields__)
    assert set(ROLES) <= fields


@pytest.mark.parametrize(
    ("columns", "words", "hint"),
    [
        (
            {"features": LISTS, "geometry": POINTS},
            "no column of vectors",
            "--column embedding=feat",
        ),
        ({"a": range(ROWS), "geometry": POINTS}, "no column of vectors", "a, geometry"),
        ({"embedding": LISTS, "place": POINTS}, "does not say where", "embedding, place"),
        (
            {"embedding": LISTS, "x": LONLAT[:, 0], "y": LONLAT[:, 1]},
            "does not say where",
            "--column lon=x --column lat=y",
        ),
        (
            {"bbox": [[0.0] * 4] * ROWS, "features": LISTS, "geometry": POINTS},
            "no column of vectors",
            "--column embedding=features",
        ),
        ({"embedding": LISTS, "lon": LONLAT[:, 0]}, "does not say where", "lat=NAME"),
    ],
)
def test_columns_that_are_not_found_are_told_with_those_that_are(
    tmp_path: Path, columns: dict[str, Any], words: str, hint: str
) -> None:
    with pytest.raises(DamagedSetError, match=words) as caught:
        opened(tmp_path, columns)
    assert hint in caught.value.hint
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_mapping_of_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match="no column `features`"):
        opened(tmp_path, with_vectors(LISTS), columns={"embedding": "features"})
    with pytest.raises(BadQueryError, match="'vector' is nothing that") as caught:
        opened(tmp_path, with_vectors(LISTS), columns={"vector": "embedding"})
    assert "embedding, geometry" in caught.value.hint


def test_a_misspelt_mapping_gets_the_column_that_was_meant(tmp_path: Path) -> None:
    columns = {"bbox": [[0.0] * 4] * ROWS} | with_vectors(LISTS)
    for asked, meant in (
        ({"embedding": "embeding"}, "--column embedding=embedding?"),
        ({"embedding": "vector"}, "--column embedding=embedding?"),
        ({"id": "idd"}, ""),
    ):
        with pytest.raises(DamagedSetError, match="no column") as caught:
            opened(tmp_path, columns, columns=asked)
        assert meant in caught.value.hint
        assert "bbox?" not in caught.value.hint


@pytest.mark.parametrize("prefix", ["A", "emb_", ""])
def test_a_column_for_each_number_is_told_with_what_makes_them_one(
    prefix: str, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb")
    names = [f"{prefix}{i:02}" for i in range(12)]
    numbers = RNG.normal(size=(ROWS, 12))
    columns = dict(zip(names, numbers.T, strict=True)) | {"geometry": POINTS, "A": range(ROWS)}
    with pytest.raises(DamagedSetError, match=f"`{prefix}00` to `{prefix}11`") as caught:
        opened(tmp_path, columns)
    sql = caught.value.hint.split('"')[1].replace("vectors.parquet", str(tmp_path / "v.parquet"))
    duckdb.sql(sql)
    some = open_table(tmp_path / "v.parquet", cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(some.vectors, numbers)


def test_the_file_with_vectors_of_another_length_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for name, dim in (("a", 6), ("b", 7)):
        lists = pa.array(RNG.normal(size=(ROWS, dim)).tolist(), pa.list_(pa.float32()))
        pq.write_table(
            pa.table({"embedding": lists, "geometry": POINTS}), folder / f"{name}.parquet"
        )
    with pytest.raises(DamagedSetError, match=r"b\.parquet has vectors .* not of length 6"):
        open_table(folder, cache_dir=tmp_path / "cache")


def test_the_first_row_without_a_place_is_told_and_how_many(tmp_path: Path) -> None:
    lon = LONLAT[:, 0].copy()
    lon[[7, 9]] = np.nan
    columns = {"embedding": LISTS, "lon": lon, "lat": LONLAT[:, 1]}
    with pytest.raises(DamagedSetError, match="none in row 7, 2 of rows 0 to 39"):
        opened(tmp_path, columns)


def fixed(numbers: pa.Array, *shape: int) -> pa.Array:
    for size in reversed(shape):
        numbers = pa.FixedSizeListArray.from_arrays(numbers, size)
    return numbers


def nested() -> pa.Array:
    return pa.array(VECTORS.reshape(ROWS, 1, DIM).tolist(), pa.list_(pa.list_(pa.float32())))


def tensor() -> pa.Array:
    flat = fixed(pa.array(VECTORS.ravel()), DIM)
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2, 3]), flat)


KINDS = {
    "list": lambda: LISTS,
    "large list": lambda: LISTS.cast(pa.large_list(pa.float32())),
    "fixed list": lambda: fixed(pa.array(VECTORS.ravel()), DIM),
    "lists of one list": nested,
    "fixed lists of fixed lists": lambda: fixed(pa.array(VECTORS.ravel()), 2, 3),
    "large lists of fixed lists": lambda: nested().cast(pa.large_list(pa.list_(pa.float32(), DIM))),
    "tensor": tensor,
}


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_read_however_they_are_nested(kind: str, tmp_path: Path) -> None:
    some = opened(tmp_path, with_vectors(KINDS[kind]()))
    np.testing.assert_array_equal(some.vectors, VECTORS)


VECTOR = (
    st.none()
    | st.lists(st.none() | st.floats(-8, 8, width=16), min_size=3, max_size=3)
    | st.just([])
)


@settings(max_examples=100, deadline=None)
@given(
    lists=st.lists(VECTOR, min_size=1, max_size=30),
    cut=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    listed=st.sampled_from(
        [pa.list_, pa.large_list, lambda of: pa.list_(of, 3), lambda of: pa.list_(pa.list_(of))]
    ),
    of=st.sampled_from([pa.float16(), pa.float32(), pa.float64(), pa.int8()]),
)
def test_any_column_is_read_as_python_reads_it(
    lists: list[Any], cut: tuple[int, int], listed: Any, of: pa.DataType
) -> None:
    if of == pa.int8():
        lists = [x and [y if y is None else round(y) for y in x] for x in lists]
    kind = listed(of)
    if pa.types.is_fixed_size_list(kind):
        lists = [x or None for x in lists]
    deep = pa.types.is_list(kind.value_type)
    column = pa.array([x and [x] for x in lists] if deep else lists, kind)
    column = column.slice(*cut)
    if not len(column):
        return
    values, missing = vectors_of(column, "v", "t")
    wanted = [x[0] if deep and x else x for x in column.to_pylist()]
    lacks = [not x or None in x for x in wanted]
    assert missing.tolist() == lacks
    assert values.shape[0] == len(column)
    for row, (numbers, lacking) in enumerate(zip(wanted, lacks, strict=True)):
        assert values[row].tolist() == ([0.0] * values.shape[1] if lacking else numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_slices_and_missing_vectors_of_every_kind_are_read(kind: str, tmp_path: Path) -> None:
    column = KINDS[kind]()
    storage = column.storage if kind == "tensor" else column
    taken = storage.take(pa.array([5, None, 7, *range(ROWS - 3)]))
    if kind == "tensor":
        taken = pa.ExtensionArray.from_storage(column.type, taken)
    schema = pa.schema({"geometry": pa.binary(), "embedding": taken.type})
    whole = pa.record_batch([pa.array(POINTS), taken], schema=schema)
    header = SetHeader(id="s", title="", model="", dim=0)
    batches = [whole.slice(0, 4), whole.slice(4, 1), whole.slice(5)]
    counts = write_opened(tmp_path, batches, header=header)
    assert (counts.rows, counts.null, counts.usable) == (ROWS, 1, ROWS - 1)
    vectors = np.load(tmp_path / "vectors.npy")
    assert not vectors[1].any()
    np.testing.assert_array_equal(vectors[[0, 2, 3, 39]], VECTORS[[5, 7, 0, 36]])


@pytest.mark.parametrize("of", [pa.float16(), pa.float32(), pa.float64()])
def test_what_cannot_rank_is_counted_left_out_and_told(of: pa.DataType, tmp_path: Path) -> None:
    lists: list[Any] = VECTORS.tolist()
    lists[3], lists[4], lists[5] = None, [1.0, None, *[2.0] * 4], []
    lists[6], lists[7] = [0.0] * DIM, [-0.0] * DIM
    lists[8][2], lists[20][0], lists[39][5] = np.nan, np.inf, -np.inf
    some = opened(tmp_path, with_vectors(pa.array(lists, pa.list_(of))))
    counts = some.counts
    assert (counts.null, counts.zero, counts.not_finite) == (3, 2, 3)
    assert some.unusable.tolist() == [3, 4, 5, 6, 7, 8, 20, 39]
    assert counts.usable == ROWS - 8
    assert counts.message() == (
        "8 of 40 tiles have no usable vector (3 null, 2 all zeros, 3 not finite) and never rank."
    )
    assert some.vectors.dtype == of.to_pandas_dtype()
    assert not some.vectors[some.unusable].any()
    wanted = VECTORS.astype(of.to_pandas_dtype()).astype(np.float64)
    wanted[some.unusable] = np.nan
    answers_like(some, wanted)
    again = open_table(tmp_path / "set.parquet", cache_dir=tmp_path / "cache")
    assert again.counts == counts


def test_one_tile_that_cannot_rank_is_told_in_the_singular(tmp_path: Path) -> None:
    lists = [None, *VECTORS.tolist()[1:]]
    some = opened(tmp_path, with_vectors(pa.array(lists, pa.list_(pa.float32()))))
    told = "1 of 40 tiles has no usable vector (1 null) and never ranks."
    assert some.counts.message() == told


@pytest.mark.parametrize(("scale", "offset"), [(0.02, 0.0), (-0.5, 0.0), (0.1, 1.2), (-0.1, 0.7)])
def test_integers_keep_their_scale_and_offset(scale: float, offset: float, tmp_path: Path) -> None:
    kept = RNG.integers(-128, 128, size=(ROWS, DIM)).astype(np.int8)
    zero = round(-offset / scale)
    kept[2] = zero
    lists: list[Any] = kept.tolist()
    lists[5], lists[9][1] = None, None
    header = SetHeader(id="i", title="", model="", dim=0, scale=scale, offset=offset)
    column = pa.array(lists, pa.list_(pa.int8()))
    some = opened(tmp_path, with_vectors(column), header=header)
    assert some.vectors.dtype == np.int8
    assert (some.counts.null, some.counts.zero) == (2, 1)
    assert some.unusable.tolist() == [2, 5, 9]
    wanted = kept * scale + offset
    wanted[some.unusable] = np.nan
    answers_like(some, wanted)
    np.testing.assert_allclose(some.vector(7), wanted[7], rtol=1e-6)
    assert not some.vector(5).any()
    narrow = opened(tmp_path, with_vectors(column), header=header, dtype="float16")
    assert (narrow.vectors.dtype, narrow.header.scale) == (np.float16, 1.0)
    units = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(narrow.vectors, np.nan_to_num(units), atol=1e-3)


@pytest.mark.parametrize(
    "of", [pa.uint8(), pa.int16(), pa.int32(), pa.int64(), pa.uint64()], ids=str
)
def test_other_integers_are_refused(of: pa.DataType, tmp_path: Path) -> None:
    lists = np.abs(VECTORS).astype(np.uint8).tolist()
    with pytest.raises(DamagedSetError, match=f"vectors of {of} in `embedding`") as caught:
        opened(tmp_path, with_vectors(pa.array(lists, pa.list_(of))))
    assert "int8" in caught.value.hint


@pytest.mark.parametrize("column", [[b"123456"] * ROWS, ["1 2 3"] * ROWS, [{"a": 1.0}] * ROWS])
def test_what_is_no_list_of_numbers_is_refused(column: list[Any], tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match="where lists of numbers belong"):
        opened(tmp_path, with_vectors(pa.array(column)))


@pytest.mark.parametrize(
    "lists",
    [
        [[1.0, 2.0]] * 20 + [[1.0]] * 20,
        [[1.0, 2.0], [1.0], [1.0, 2.0, 3.0], *[[1.0, 2.0]] * 37],
        [[[1.0, 2.0], [3.0]], *[[[1.0, 2.0], [1.0, 2.0]]] * 39],
        [[[1.0, 2.0], None], *[[[1.0, 2.0], [1.0, 2.0]]] * 39],
        [[[1.0, 2.0, 3.0], [1.0]], *[[[1.0, 2.0], [1.0, 2.0]]] * 39],
    ],
)
def test_vectors_of_several_lengths_are_refused(lists: list[Any], tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match="not of "):
        opened(tmp_path, with_vectors(pa.array(lists)))


@pytest.mark.parametrize("missing", [None, [], [0.0] * DIM, [np.nan] * DIM])
def test_a_table_without_any_usable_vector_is_refused(missing: Any, tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match=r"no usable vector. 40 of 40 tiles have"):
        opened(tmp_path, with_vectors(pa.array([missing] * ROWS, pa.list_(pa.float32()))))
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_length_that_is_known_late_is_no_trouble(tmp_path: Path) -> None:
    lists = [None] * 20 + VECTORS.tolist()[20:]
    some = opened(tmp_path, with_vectors(pa.array(lists, pa.list_(pa.float32()))))
    assert not some.vectors[:20].any()
    np.testing.assert_array_equal(some.vectors[20:], VECTORS[20:])


@pytest.mark.parametrize("size", [1e-40, 1e-30, 1e30, 1e37])
def test_vectors_of_extreme_length_rank_like_others(size: float, tmp_path: Path) -> None:
    wanted = (VECTORS.astype(np.float64) * size).astype(np.float32)
    some = opened(tmp_path, with_vectors(fixed(pa.array(wanted.ravel()), DIM)))
    answers_like(some, wanted.astype(np.float64))
    wide = VECTORS.astype(np.float64) * size**5
    some = opened(tmp_path, with_vectors(fixed(pa.array(wide.ravel()), DIM)))
    np.testing.assert_allclose(
        some.vector(1) / np.linalg.norm(some.vector(1)),
        VECTORS[1] / np.linalg.norm(VECTORS[1]),
        rtol=1e-5,
    )


def test_vectors_are_converted_when_asked(tmp_path: Path) -> None:
    columns = with_vectors(LISTS)
    units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    own = opened(tmp_path, columns)
    narrow = opened(tmp_path, columns, dtype="float16")
    assert own.key != narrow.key
    np.testing.assert_allclose(narrow.vectors, units, atol=5e-4)
    assert narrow.header.quantization == "float16 on opening, from float32"
    assert len(list((tmp_path / "cache" / "opened").glob("set-*"))) == 2
    double = opened(tmp_path, with_vectors(LISTS.cast(pa.list_(pa.float64()))), dtype="float32")
    np.testing.assert_allclose(double.vectors, units, rtol=1e-6)
    with pytest.raises(BadQueryError, match="int8"):
        opened(tmp_path, columns, dtype="int8")


@pytest.mark.parametrize("which", PRODUCTS)
def test_a_check_of_a_set_reads_the_same_products(which: str, tmp_path: Path) -> None:
    columns = {
        name: pa.array([None, *VECTORS[1:].tolist()], LISTS.type) if values is LISTS else values
        for name, values in PRODUCTS[which][1].items()
    }
    read = Table.open(opened_path(tmp_path, columns))
    rows = [39, 0, 15, 14]
    units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    units[0] = 0
    np.testing.assert_allclose(read.vectors(rows), units[rows], atol=1e-6)
    np.testing.assert_allclose(read.lonlat(rows), LONLAT[rows], atol=1e-5)
    assert (len(read), read.header) == (ROWS, None)


# Places.


def squares(width: float = 0.1) -> list[Any]:
    return list(shapely.box(*(LONLAT - width / 2).T, *(LONLAT + width / 2).T))


def geoarrow(kind: str) -> pa.Array:
    shapes = shapely.points(LONLAT) if kind.startswith("point") else np.array(squares())
    _, coords, offsets = shapely.to_ragged_array(shapes)
    if kind.endswith("apart"):
        made = pa.StructArray.from_arrays([pa.array(c) for c in coords.T], ["x", "y"])
    else:
        made = pa.FixedSizeListArray.from_arrays(pa.array(coords.ravel()), 2)
    for some in offsets:
        made = pa.ListArray.from_arrays(pa.array(some.astype(np.int32)), made)
    return made


GEOMETRIES = {
    "wkb points": lambda: pa.array(POINTS),
    "wkb squares": lambda: pa.array(shapely.to_wkb(squares())),
    "large wkb": lambda: pa.array(shapely.to_wkb(squares()), pa.large_binary()),
    "wkb views": lambda: pa.array(POINTS, pa.binary_view()),
    "ewkb": lambda: pa.array(shapely.to_wkb(shapely.set_srid(squares(), 4326), include_srid=True)),
    "wkt": lambda: pa.array(shapely.to_wkt(squares(), rounding_precision=-1)),
    "large wkt": lambda: pa.array(
        shapely.to_wkt(squares(), rounding_precision=-1), pa.large_string()
    ),
    "hexadecimal": lambda: pa.array(shapely.to_wkb(squares(), hex=True)),
    "native points apart": lambda: geoarrow("points apart"),
    "native points": lambda: geoarrow("points"),
    "native squares apart": lambda: geoarrow("squares apart"),
    "native squares": lambda: geoarrow("squares"),
}


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_centres_come_from_geometry_of_every_kind(kind: str, tmp_path: Path) -> None:
    some = opened(tmp_path, {"geometry": GEOMETRIES[kind](), "embeddings": LISTS})
    np.testing.assert_allclose(some.lonlat, LONLAT, atol=1e-9)


def test_columns_of_centres_come_before_geometry(tmp_path: Path) -> None:
    columns = {"geometry": squares_elsewhere(), "embedding": LISTS}
    columns |= {"lon": LONLAT[:, 0], "lat": LONLAT[:, 1]}
    np.testing.assert_array_equal(opened(tmp_path, columns).lonlat, LONLAT)
    mapped = opened(tmp_path, columns, columns={"geometry": "geometry"})
    np.testing.assert_allclose(mapped.lonlat, [[1, 2]] * ROWS)


def squares_elsewhere() -> pa.Array:
    return pa.array([shapely.to_wkb(shapely.box(0, 1, 2, 3))] * ROWS)


@pytest.mark.parametrize(
    ("wkt", "lon"),
    [
        ("POLYGON ((179 0, -179 0, -179 2, 179 2, 179 0))", 180),
        ("POLYGON ((179 0, -178 0, -178 2, 179 2, 179 0))", -179.5),
        ("POLYGON ((178 0, -179 0, -179 2, 178 2, 178 0))", 179.5),
        (
            "MULTIPOLYGON (((179 0, 180 0, 180 2, 179 2, 179 0)), "  # noqa: ISC004
            "((-180 0, -178 0, -178 2, -180 2, -180 0)))",
            -179.5,
        ),
        ("POLYGON ((10 0, 12 0, 12 2, 10 2, 10 0))", 11),
    ],
)
def test_a_tile_across_the_antimeridian_has_its_centre_there(
    wkt: str, lon: float, tmp_path: Path
) -> None:
    some = opened(tmp_path, {"geometry": [wkt] * ROWS, "embeddings": LISTS})
    around = (some.lonlat[:, 0] - lon + 180) % 360 - 180
    np.testing.assert_allclose(around, 0, atol=1e-9)
    np.testing.assert_allclose(some.lonlat[:, 1], 1)
    assert (np.abs(some.lonlat[:, 0]) <= 180).all()


def geo(crs: Any, column: str = "geometry") -> dict[str, Any]:
    told = {"encoding": "WKB", "geometry_types": ["Point"]} | ({} if crs is ... else {"crs": crs})
    return {"version": "1.1.0", "primary_column": column, "columns": {column: told}}


@pytest.mark.parametrize(
    "crs",
    [
        ...,
        None,
        {"id": {"authority": "OGC", "code": "CRS84"}},
        {"id": {"authority": "EPSG", "code": 4326}},
    ],
)
def test_longitude_and_latitude_are_known_by_any_of_their_names(crs: Any, tmp_path: Path) -> None:
    some = opened(tmp_path, {"geometry": POINTS, "embeddings": LISTS}, geo=geo(crs))
    np.testing.assert_allclose(some.lonlat, LONLAT)


def test_the_primary_column_is_the_geometry_whatever_its_name(tmp_path: Path) -> None:
    some = opened(tmp_path, {"where": POINTS, "embedding": LISTS}, geo=geo(..., "where"))
    np.testing.assert_allclose(some.lonlat, LONLAT)


def test_geometry_in_metres_is_put_into_degrees_where_the_file_says_so(tmp_path: Path) -> None:
    pyproj = pytest.importorskip("pyproj")
    utm = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:32632", always_xy=True)
    lonlat = np.column_stack([np.linspace(6, 12, ROWS), np.linspace(-70, 70, ROWS)])
    points = shapely.to_wkb(shapely.points(np.column_stack(utm.transform(*lonlat.T))))
    columns = {"geometry": points, "embeddings": LISTS}
    crs = json.loads(pyproj.CRS("EPSG:32632").to_json())
    some = opened(tmp_path, columns, geo=geo(crs))
    np.testing.assert_allclose(some.lonlat, lonlat, atol=1e-8)
    kept = json.loads(some.rows.schema.metadata[b"geo"])  # the column stays as it was
    assert kept["columns"]["geometry"]["crs"] == crs
    with pytest.raises(DamagedSetError, match="coordinate system that is not known"):
        opened(tmp_path, columns, geo=geo({"type": "ProjectedCRS", "name": "?"}))
    with pytest.raises(DamagedSetError, match="not in degrees, such as") as caught:
        opened(tmp_path, columns)
    assert "to_crs(4326)" in caught.value.hint


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([None, *POINTS[1:]], "row 0, 1 of rows 0 to 39"),
        (["POINT EMPTY"] * ROWS, "row 0, 40 of rows 0 to 39"),
        ([b"no wkb"] * ROWS, "which is no geometry"),
        (["here"] * ROWS, "which is no geometry"),
        ([1.5] * ROWS, "which is no geometry"),
        ([{"lon": 1.0, "lat": 2.0}] * ROWS, "which is no geometry"),
    ],
)
def test_places_that_cannot_be_read_are_told(column: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match=words):
        opened(tmp_path, {"geometry": column, "embeddings": LISTS})


def fragments(**more: Any) -> dict[str, Any]:
    """Two fragments of one tile, off its diagonal, mirrored as in the full Major TOM sets."""
    pyproj = pytest.importorskip("pyproj")
    degrees = pyproj.Transformer.from_crs("EPSG:32632", "OGC:CRS84", always_xy=True)
    left, top, size = 500_000.0, 5_000_680.0, 2240.0
    rows, cols = np.array([0, 211] * 20), np.array([422, 0] * 20)
    published = degrees.transform(left + 10 * rows + size / 2, top - 10 * cols - size / 2)
    true = degrees.transform(left + 10 * cols + size / 2, top - 10 * rows - size / 2)
    boxes = np.column_stack([rows, cols, rows + 224, cols + 224])
    columns = MAJOR_TOM | {"centre_lon": published[0], "centre_lat": published[1]}
    columns |= {"pixel_bbox": boxes.tolist(), "utm_crs": ["EPSG:32632"] * ROWS, "true": true[0]}
    return columns | {"true_lat": true[1]} | more


def test_centres_that_were_published_mirrored_are_put_right(tmp_path: Path) -> None:
    columns = fragments()
    as_published = opened(tmp_path, columns)
    np.testing.assert_array_equal(as_published.lonlat[:, 0], columns["centre_lon"])
    right = opened(tmp_path, columns, transposed=True)
    assert right.key != as_published.key
    wanted = np.column_stack([columns["true"], columns["true_lat"]])
    np.testing.assert_allclose(right.lonlat, wanted, atol=1e-6)
    assert np.abs(as_published.lonlat - wanted).max() > 0.01
    with pytest.raises(DamagedSetError, match="lacks pixel_bbox"):
        opened(tmp_path, with_vectors(LISTS, utm_crs=["EPSG:32632"] * ROWS), transposed=True)
    lacking = fragments(utm_crs=[None] * ROWS)
    with pytest.raises(DamagedSetError, match="of some of its tiles"):
        opened(tmp_path, lacking, transposed=True)


# Rows, files.


def test_columns_of_any_type_are_kept(tmp_path: Path) -> None:
    words = [f"w{i % 3}" for i in range(ROWS)]
    columns = with_vectors(
        LISTS,
        coded=pa.array(words).dictionary_encode(),
        coded_lists=pa.array([[w] for w in words], pa.list_(pa.string())),
        view=pa.array(words, pa.string_view()),
        large=pa.array(words, pa.large_string()),
        when=pa.array([1_700_000_000_000] * ROWS, pa.timestamp("ms", tz="UTC")),
        day=pa.array([19_000] * ROWS, pa.date32()),
        text_time=["20230119T161811"] * ROWS,
        price=pa.array([Decimal("1.50")] * ROWS),
        flag=[True, None] * (ROWS // 2),
        nothing=pa.nulls(ROWS),
        deep=[{"a": [{"b": w}]} for w in words],
        pairs=pa.array([[("k", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
        second=LISTS,
    )
    some = opened(tmp_path, columns)
    assert some.rows.num_rows == ROWS
    record = some.properties(4)
    assert (record["coded"], record["view"], record["large"]) == ("w1", "w1", "w1")
    assert record["when"].startswith("2023-11-14 22:13:20")
    assert record["deep"] == {"a": [{"b": "w1"}]}
    assert record["second"] == pytest.approx(VECTORS[4].tolist())
    json.dumps(record, allow_nan=False)


def test_large_columns_are_read_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    add = write._Job.add

    def watched(job: write._Job, batch: pa.RecordBatch) -> None:
        sizes.append(batch.num_rows)
        add(job, batch)

    monkeypatch.setattr(write._Job, "add", watched)
    monkeypatch.setattr(table, "BATCH_BYTES", 40_000)
    monkeypatch.setattr(write, "KEPT_BYTES", 50_000)
    pictures = [RNG.bytes(10_000) for _ in range(ROWS)]
    some = opened(tmp_path, with_vectors(LISTS, thumbnail=pictures))
    assert max(sizes) <= 4
    assert some.rows["thumbnail"].num_chunks > 4
    assert some.rows["thumbnail"].to_pylist() == pictures


def test_categories_inside_lists_are_kept_as_words(tmp_path: Path) -> None:
    coded = pa.array([f"w{i}" for i in range(ROWS)]).dictionary_encode()
    lists = pa.ListArray.from_arrays(pa.array(np.arange(ROWS + 1, dtype=np.int32)), coded)
    inside = pa.StructArray.from_arrays([coded], ["word"])
    batch = pa.record_batch({"geometry": POINTS, "embedding": LISTS, "l": lists, "s": inside})
    header = SetHeader(id="s", title="", model="", dim=0)
    write_opened(tmp_path, [batch.slice(0, 9), batch.slice(9)], header=header)
    rows = pa.ipc.open_file(tmp_path / "rows.arrow").read_all()
    assert rows["l"].to_pylist()[11] == ["w11"]
    assert rows["s"].to_pylist()[11] == {"word": "w11"}


def write_part(path: Path, rows: slice, **more: Any) -> None:
    columns = {"geometry": POINTS[rows], "embedding": LISTS[rows.start : rows.stop]}
    pq.write_table(pa.table(dict(reversed((columns | more).items()))), path)


def test_several_files_and_folders_are_one_set(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    write_part(folder / "b.parquet", slice(25, 40), id=[f"b{i}" for i in range(15)])
    write_part(folder / "a.parquet", slice(0, 25), id=pa.array(["a"] * 25).dictionary_encode())
    (folder / "notes.txt").write_text("no table")
    (folder / ".hidden.parquet").write_text("no table")
    cache = tmp_path / "cache"
    for path in (folder, [folder / "a.parquet", folder / "b.parquet"]):
        some = open_table(path, cache_dir=cache)
        np.testing.assert_array_equal(some.vectors, VECTORS)
        np.testing.assert_allclose(some.lonlat, LONLAT)
        assert [some.properties(i)["id"] for i in (0, 24, 25, 39)] == ["a", "a", "b0", "b14"]
    write_part(folder / "b.parquet", slice(25, 30), cloud=[0.5] * 5)
    some = open_table(folder, cache_dir=cache)
    assert len(some) == 30
    assert some.properties(29) == {"cloud": 0.5}
    assert some.properties(0) == {"id": "a"}
    write_part(folder / "b.parquet", slice(25, 30), id=[{"x": 1}] * 5)
    with pytest.raises(DamagedSetError, match="files that differ"):
        open_table(folder, cache_dir=cache)
    with pytest.raises(EexError):
        open_table([], cache_dir=cache)


def test_a_disk_without_room_is_told_before_anything_large_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shutil import _ntuple_diskusage

    monkeypatch.setattr("shutil.disk_usage", lambda _: _ntuple_diskusage(10**9, 10**9, 100))
    with pytest.raises(EexError, match="are free") as caught:
        opened(tmp_path, with_vectors(LISTS))
    assert "EEX_CACHE_DIR" in caught.value.hint
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_rows_that_never_rank_are_told_in_the_first_answer(tmp_path: Path) -> None:
    lists = [None, [0.0] * DIM, *VECTORS.tolist()[2:]]
    path = opened_path(tmp_path, with_vectors(pa.array(lists, pa.list_(pa.float32()))))
    own = Settings(cache_dir=tmp_path / "cache", threads=1)
    some = open_set(path, settings=own)
    first, second = some.search(row=5), some.search(row=5)
    assert first.results[0].row == 5
    assert "2 of 40 tiles have no usable vector (1 null, 1 all zeros)" in first.messages[0]
    assert not second.messages
    assert np.flatnonzero(np.isnan(first.scores)).tolist() == [0, 1]
    with pytest.raises(BadQueryError, match="Row 1 has no usable vector"):
        some.search(row=1)
    with pytest.raises(EexError, match="does not say which model") as caught:
        some.search(text="a lake")
    assert "tile of the set (row)" in caught.value.hint


@pytest.mark.parametrize("of", [pa.float16(), pa.float32(), pa.float64(), pa.int8()], ids=str)
def test_sets_of_every_format_are_searched_by_a_tile_as_float64_does(
    of: pa.DataType, tmp_path: Path
) -> None:
    scale, offset = (0.25, 3.0) if of == pa.int8() else (1.0, 0.0)
    stored = np.round(VECTORS * 8).clip(-128, 127) if of == pa.int8() else VECTORS
    stored = stored.astype(of.to_pandas_dtype())
    header = SetHeader(id="s", title="", model="", dim=0, scale=scale, offset=offset)
    column = pa.array(stored.astype(float).tolist()).cast(pa.list_(of))
    some = opened(tmp_path, with_vectors(column), header=header)
    found = OpenSet("s", some, Settings(cache_dir=tmp_path, threads=1)).search(row=7, k=ROWS)
    numbers = stored.astype(np.float64) * scale + offset
    units = numbers / np.linalg.norm(numbers, axis=1, keepdims=True)
    cosines = units @ units[7]
    order = np.argsort(-cosines.astype(np.float32), kind="stable")
    assert [result.row for result in found.results] == order.tolist()
    scores = [result.score for result in found.results]
    np.testing.assert_allclose(scores, cosines[order], atol=1e-6)


def test_info_tells_what_is_known_without_looking_at_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = [None, *VECTORS.tolist()[1:]]
    path = opened_path(tmp_path, with_vectors(pa.array(lists, pa.list_(pa.float16()))))
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    main(["info", str(path), "--json"])
    told = json.loads(capsys.readouterr().out)
    expected = {"rows": 40, "usable": 39, "null": 1, "zero": 0, "dim": DIM, "dtype": "float16"}
    assert expected.items() <= told.items()
    folder = Path(told["folder"])
    assert told["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    (folder / "rows.arrow").write_bytes(bytes((folder / "rows.arrow").stat().st_size))
    main(["info", str(path)])
    text = capsys.readouterr().out
    assert "1 of 40 tiles has no usable vector (1 null) and never ranks." in text
    assert "float16" in text
    lines = text.splitlines()
    assert {line[:2] for line in lines[1:]} == {"  "}
    assert {line[13] for line in lines[1:]} == {" "}  # what is said begins in one column
    assert all(line[14] != " " for line in lines[1:])
    assert "not_finite" not in text
    assert "tile_km" not in text
    assert "rows        40, 39 usable" in text


def test_what_a_variant_does_is_said_for_open_sets_and_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    header = SetHeader(
        id="mine", title="Mine", model="siglip-so400m-14-384", variant="eee", dim=DIM
    )
    path = opened_path(tmp_path, with_vectors(LISTS))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"emb": header.to_json()}), path)
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EEX_SETS_DIR", str(tmp_path / "sets"))
    for name in (str(path), "siglip-249k"):
        main(["info", name])
        text = capsys.readouterr().out
        assert "  model       siglip-so400m-14-384\n" in text
        assert (
            "              variant eee: With the mean, deviation and crop of OpenAI's CLIP" in text
        )


def test_progress_is_told_in_rows(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    opened(tmp_path, with_vectors(LISTS), progress=lambda *now: told.append(now))
    assert told[-1] == (ROWS, ROWS)


def test_batches_of_an_unknown_number_of_rows_are_written(tmp_path: Path) -> None:
    whole = pa.record_batch({"geometry": POINTS, "embedding": LISTS, "n": range(ROWS)})
    batches = (whole.slice(i, 3).select(["n", "embedding", "geometry"]) for i in range(0, ROWS, 3))
    header = SetHeader(id="s", title="", model="", dim=DIM)
    counts = write_opened(tmp_path, batches, header=header, schema=whole.schema)
    assert counts.rows == ROWS
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy"), VECTORS)
    np.testing.assert_allclose(np.load(tmp_path / "lonlat.npy"), LONLAT)
    rows = pa.ipc.open_file(tmp_path / "rows.arrow").read_all()
    assert rows["n"].to_pylist() == list(range(ROWS))
    assert rows.column_names == ["geometry", "n"]
