"""Several files are one table only if they say the same by their columns; headers are checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from eex.catalog.opened import map_open
from eex.catalog.opening import open_named_set
from eex.config import Settings
from eex.embeddings import EmbeddingSet, SetHeader, open_table
from eex.errors import DamagedSetError
from published import table


def geometry_only(crs: Any) -> pa.Table:
    column = {"encoding": "WKB", "geometry_types": [], "crs": crs}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    shapes = shapely.to_wkb(shapely.points([1.0, 2.0], [3.0, 4.0]))
    vectors = [[1.0, 2.0], [3.0, 4.0]]
    return pa.table({"geometry": shapes, "embedding": vectors}, metadata={"geo": json.dumps(geo)})


def written(folder: Path, tables: list[pa.Table]) -> Path:
    folder = folder / "parts"
    folder.mkdir()
    for number, each in enumerate(tables):
        pq.write_table(each, folder / f"{number}.parquet")
    return folder


def opened(how: str, folder: Path, path: Path) -> EmbeddingSet:
    if how == "table":
        return open_table(path, cache_dir=folder / "cache")
    settings = Settings(cache_dir=folder / "cache", sets_dir=folder / "sets", threads=1)
    return map_open(open_named_set(path, settings))


WAYS = pytest.mark.parametrize("how", ["table", "named"])
FIRST, SECOND = table(9), table(7, 1)
CENTRES = ["centre_lat", "centre_lon"]
MERCATOR = pyproj.CRS("EPSG:3857").to_json_dict()


@WAYS
@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ([FIRST, SECOND.drop_columns(["embedding"])], "no column of vectors"),
        ([FIRST, SECOND.drop_columns(CENTRES)], "place is `centre_lon, centre_lat`"),
        ([FIRST.drop_columns(CENTRES), SECOND], "place is `geometry`"),
        ([geometry_only(None), geometry_only(MERCATOR)], "system is longitude and latitude"),
        ([geometry_only(MERCATOR), geometry_only("OGC:CRS84")], "Pseudo-Mercator"),
    ],
)
def test_files_that_do_not_say_the_same_are_refused(
    how: str, tables: list[pa.Table], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DamagedSetError, match=words):
        opened(how, tmp_path, written(tmp_path, tables))


@WAYS
@pytest.mark.parametrize("which", [0, 1])
def test_files_that_say_the_same_in_other_ways_are_one_set(
    how: str, which: int, tmp_path: Path
) -> None:
    tables = [FIRST, SECOND.select(SECOND.column_names[::-1])]
    words = tables[which]["product_id"].dictionary_encode()
    place = tables[which].schema.get_field_index("product_id")
    tables[which] = tables[which].set_column(place, "product_id", words)
    some = opened(how, tmp_path, written(tmp_path, tables))
    products = [product for each in tables for product in each["product_id"].to_pylist()]
    assert some.rows["product_id"].to_pylist() == products


@WAYS
def test_systems_of_several_names_that_are_degrees_are_one(how: str, tmp_path: Path) -> None:
    names = [None, "EPSG:4326", pyproj.CRS("OGC:CRS84").to_json_dict()]
    path = written(tmp_path, [geometry_only(crs) for crs in names])
    some = opened(how, tmp_path, path)
    np.testing.assert_array_equal(some.lonlat, [[1, 3], [2, 4]] * 3)


@pytest.mark.parametrize("crs", [{"id": None}, {"id": [1]}, {"type": "x"}, [1]])
def test_a_system_that_is_none_is_told(crs: Any, tmp_path: Path) -> None:
    with pytest.raises(DamagedSetError, match="coordinate system that is not known"):
        opened("table", tmp_path, written(tmp_path, [geometry_only(crs)]))


GOOD: dict[str, Any] = {"id": "a", "title": "A", "model": "", "dim": 8}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 1},
        {"model": []},
        {"dim": True},
        {"dim": -8},
        {"dim": 8.0},
        {"scale": "a"},
        {"scale": float("nan")},
        {"scale": 0},
        {"offset": float("inf")},
        {"crop": "x"},
        {"demo": 1},
        {"bands": [4]},
        {"examples": [[1, {}]]},
    ],
)
def test_a_header_with_values_of_another_kind_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DamagedSetError, match=f"{next(iter(wrong))} is"):
        SetHeader.from_json(json.dumps(GOOD | wrong))


def test_what_a_header_leaves_open_may_be_null() -> None:
    assert SetHeader.from_json(json.dumps(GOOD | {"weights": None, "scale": 2})) == SetHeader(
        **GOOD, scale=2
    )
