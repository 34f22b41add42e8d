"""Every export opens in the tools it is for, and carries licence, credit, notice and query."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import geopandas
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pystac
import pytest
import shapely
from PIL import Image
from shapely.geometry import shape as shape_of

from eex.errors import BadQueryError, CancelledError
from eex.export.colours import colour_ramp
from eex.export.formats import FORMATS, format_of
from eex.export.parquet import arrow_table
from eex.export.stac import SPAN
from eex.search import taking
from eex.search.found import Found
from eex.search.query import Query
from eex.search.recipe import read_recipe
from eex.search.run import OpenSet
from eex.search.taking import answer_text, save_answer

KML = {"k": "http://www.opengis.net/kml/2.2"}

PLACEMARK = ("name", "description", "TimeStamp", "styleUrl", "ExtendedData", "Polygon")
"""Elements in the order of the schema; a geometry of any kind is the last."""

NOTICE = "not Sentinel-2, not SigLIP"


@pytest.fixture(scope="module")
def found(world: OpenSet) -> Found:
    return world.search(text="archipelago", k=12, spread_km=0)


@pytest.fixture(scope="module")
def crossing(world: OpenSet) -> Found:
    """One tile that crosses the antimeridian."""
    lon = np.abs(world.embeddings.lonlat[:, 0])
    lat = np.abs(world.embeddings.lonlat[:, 1])
    row = int(np.flatnonzero((lon > 179.5) & (lat < 70))[0])
    return world.search(row=row, k=1)


@pytest.fixture(scope="module")
def nothing(world: OpenSet) -> Found:
    return world.search(text="sand desert", bbox=(-31, 10, -30, 11))


def footprints(world: OpenSet, found: Found) -> list[Any]:
    rows = [result.row for result in found.results]
    return shapely.from_wkb(world.embeddings.rows["geometry"].take(rows).to_pylist()).tolist()


def said(form: str, content: bytes) -> tuple[str, dict[str, Any]]:
    """Return all that a file says of its answer as text, and the query that it keeps."""
    if form in {"zip", "chips"}:
        archive = zipfile.ZipFile(io.BytesIO(content))
        return archive.read("README.txt").decode(), json.loads(archive.read("recipe.json"))
    if form == "png":
        told = Image.open(io.BytesIO(content)).text  # type: ignore[attr-defined]
        return str(told), json.loads(told["Recipe"])
    if form == "geoparquet":
        about = json.loads(pq.read_schema(io.BytesIO(content)).metadata[b"eex"])
        return str(about), about["recipe"]
    if form == "kml":
        tree = ET.fromstring(content)
        path = "./k:Document/k:ExtendedData/k:Data[@name='recipe']/k:value"
        return content.decode(), json.loads(tree.findtext(path, namespaces=KML) or "")
    if form == "csv":
        first = next(csv.DictReader(io.StringIO(content.decode())))
        return str(first), json.loads(first["recipe"])
    record = json.loads(content)
    return str(record), record["recipe"]


@pytest.mark.parametrize("form", [form.name for form in FORMATS][:8])
def test_every_file_carries_licence_credit_notice_score_and_query(
    form: str, found: Found, world: OpenSet, tmp_path: Path
) -> None:
    save_answer(found, tmp_path / "file", form=form, opened=world, chips=1)
    text, recipe = said(form, (tmp_path / "file").read_bytes())
    assert found.credit.licence in text
    assert "R. Stöckli" in text
    assert NOTICE in text
    assert "cosine" in text
    assert recipe == found.query.to_json(pictures=False)


def test_the_table_of_formats_covers_what_was_tested_above() -> None:
    names = ["geojson", "csv", "kml", "geoparquet", "stac", "png", "chips", "zip"]
    assert [form.name for form in FORMATS] == [*names, "python", "curl", "recipe"]


class TestKml:
    def test_a_placemark_for_each_tile_with_its_footprint(
        self, found: Found, world: OpenSet
    ) -> None:
        tree = ET.fromstring(found.to_kml())
        marks = tree.findall("./k:Document/k:Placemark", KML)
        assert len(marks) == len(found.results)
        for mark, result, wanted in zip(
            marks, found.results, footprints(world, found), strict=True
        ):
            ring = mark.findtext(".//k:outerBoundaryIs//k:coordinates", namespaces=KML) or ""
            corners = [tuple(map(float, pair.split(","))) for pair in ring.split()]
            assert shapely.Polygon(corners).equals_exact(wanted, 1e-6)
            data = {
                d.get("name"): d.findtext("k:value", namespaces=KML)
                for d in mark.iter(f"{{{KML['k']}}}Data")
            }
            assert data["row"] == str(result.row)
            assert float(data["score"] or "nan") == pytest.approx(result.score, abs=1e-6)
            told = mark.findtext("k:description", namespaces=KML) or ""
            assert f"Score {result.score:.4f} (cosine)" in told

    def test_elements_come_in_the_order_of_the_schema(self, found: Found) -> None:
        tree = ET.fromstring(found.to_kml())
        for mark in tree.findall("./k:Document/k:Placemark", KML):
            names = [child.tag.rpartition("}")[2] for child in mark]
            assert names == [name for name in PLACEMARK if name in names]
            assert names[-1] == "Polygon"
        names = [child.tag.rpartition("}")[2] for child in tree[0]]
        order = ["name", "description", "Style", "ExtendedData", "Placemark"]
        assert list(dict.fromkeys(names)) == order

    def test_colours_go_along_the_score(self, found: Found) -> None:
        tree = ET.fromstring(found.to_kml())
        styles = {
            f"#{style.get('id')}": style.findtext("k:PolyStyle/k:color", namespaces=KML) or ""
            for style in tree.iter(f"{{{KML['k']}}}Style")
        }
        used = [
            mark.findtext("k:styleUrl", namespaces=KML)
            for mark in tree.iter(f"{{{KML['k']}}}Placemark")
        ]
        red, green, blue = colour_ramp(np.array([1.0]))[0].tolist()
        assert styles[used[0] or ""] == f"80{blue:02x}{green:02x}{red:02x}"
        levels = [int((url or "#s-1").removeprefix("#s")) for url in used]
        assert levels == sorted(levels, reverse=True)
        assert levels[-1] == 0

    def test_gdal_reads_it(self, found: Found, world: OpenSet, tmp_path: Path) -> None:
        found.save(tmp_path / "best.kml")
        frame = pyogrio.read_dataframe(tmp_path / "best.kml")
        assert frame.row.astype(int).tolist() == [result.row for result in found.results]
        wanted = footprints(world, found)
        assert all(a.equals_exact(b, 1e-6) for a, b in zip(frame.geometry, wanted, strict=True))

    def test_odd_names_stay_text(self, found: Found) -> None:
        odd = replace(found.results[0], id='<b>&"\x00\x0b\ufffe]]>')
        tree = ET.fromstring(replace(found, results=(odd,)).to_kml())
        name = tree.findtext("./k:Document/k:Placemark/k:name", namespaces=KML)
        assert name == '1. <b>&"\ufffd\ufffd\ufffd]]>'

    def test_a_credit_with_markup_is_shown_as_it_is(self, found: Found) -> None:
        """Descriptions are HTML, so that text in them is escaped twice."""
        credit = replace(found.credit, attribution="<script>a & b</script>")
        tree = ET.fromstring(replace(found, credit=credit).to_kml())
        html = tree.findtext("./k:Document/k:description", namespaces=KML) or ""
        assert "<br/>attribution: &lt;script&gt;a &amp; b&lt;/script&gt;<br/>" in html
        data = "./k:Document/k:ExtendedData/k:Data[@name='attribution']/k:value"
        assert tree.findtext(data, namespaces=KML) == credit.attribution

    def test_a_tile_across_180_degrees_is_two_polygons(self, crossing: Found) -> None:
        tree = ET.fromstring(crossing.to_kml())
        path = "./k:Document/k:Placemark/k:MultiGeometry/k:Polygon"
        assert len(tree.findall(path, KML)) == 2


class TestStac:
    def test_pystac_reads_items_that_keep_to_the_schema(
        self, found: Found, world: OpenSet, tmp_path: Path
    ) -> None:
        found.save(tmp_path / "best.stac.json")
        items = pystac.ItemCollection.from_file(str(tmp_path / "best.stac.json"))
        assert [item.properties["eex:row"] for item in items] == [r.row for r in found.results]
        assert len({item.id for item in items}) == len(items)
        for item, wanted in zip(items, footprints(world, found), strict=True):
            assert item.validate()  # against the schema that pystac brings
            assert shape_of(item.geometry).equals_exact(wanted, 1e-6)
            assert item.bbox == pytest.approx(wanted.bounds, abs=1e-6)
        assert items.to_dict()["features"] == found.to_stac()["features"]

    def test_an_unknown_time_is_any_time(self, found: Found) -> None:
        item = pystac.ItemCollection.from_dict(found.to_stac())[0]
        assert item.datetime is None
        told = item.properties
        assert (told["start_datetime"], told["end_datetime"]) == SPAN
        assert told["eex:time_known"] is False
        assert item.common_metadata.start_datetime is not None
        assert item.common_metadata.license == "other"
        assert "R. Stöckli" in (item.common_metadata.providers or [])[0].name

    def test_a_licence_that_has_a_name_is_given_by_it(self, found: Found) -> None:
        credit = replace(found.credit, licence="CC-BY-SA-4.0")
        item = replace(found, credit=credit).to_stac()["features"][0]
        assert item["properties"]["license"] == "CC-BY-SA-4.0"

    def test_a_box_across_180_degrees_has_west_greater_than_east(self, crossing: Found) -> None:
        record = crossing.to_stac()["features"][0]
        west, south, east, north = record["bbox"]
        assert 170 < west < 180
        assert -180 < east < -170
        assert south < north
        assert record["geometry"]["type"] == "MultiPolygon"
        assert pystac.Item.from_dict(record).validate()


class TestGeoParquet:
    def test_geopandas_and_duckdb_read_it(
        self, found: Found, world: OpenSet, tmp_path: Path
    ) -> None:
        path = tmp_path / "best.parquet"
        found.to_geoparquet(path)
        frame = geopandas.read_parquet(path)
        assert frame.crs.equals("OGC:CRS84")
        assert frame["rank"].tolist() == list(range(1, len(found) + 1))
        assert frame.row.tolist() == [result.row for result in found.results]
        np.testing.assert_array_equal(frame.score, [result.score for result in found.results])
        wanted = footprints(world, found)
        assert frame.geometry.geom_equals(geopandas.GeoSeries(wanted, crs=frame.crs)).all()
        west, south, east, north = wanted[0].bounds
        asked = f"""SELECT row FROM read_parquet('{path}')
            WHERE bbox.xmin <= {east} AND bbox.xmax >= {west}
            AND bbox.ymin <= {north} AND bbox.ymax >= {south}"""
        rows = {row for (row,) in duckdb.sql(asked).fetchall()}
        touched = [
            shapely.box(*one.bounds).intersects(shapely.box(*wanted[0].bounds)) for one in wanted
        ]
        assert {found.results[i].row for i in np.flatnonzero(touched)} <= rows

    def test_its_metadata_say_what_it_is(self, found: Found, tmp_path: Path) -> None:
        found.to_geoparquet(tmp_path / "best.parquet")
        geo = json.loads(pq.read_schema(tmp_path / "best.parquet").metadata[b"geo"])
        assert geo["version"] == "1.1.0"
        column = geo["columns"][geo["primary_column"]]
        assert column["geometry_types"] == ["Polygon"]
        assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]

    def test_centres_instead_of_footprints(self, found: Found, tmp_path: Path) -> None:
        found.to_geoparquet(tmp_path / "best.parquet", footprints=False)
        frame = geopandas.read_parquet(tmp_path / "best.parquet")
        assert set(frame.geom_type) == {"Point"}
        assert frame.geometry.x.tolist() == [result.lon for result in found.results]

    @pytest.mark.parametrize("outlines", [True, False])
    def test_an_answer_without_tiles_is_a_file_without_rows(
        self, found: Found, tmp_path: Path, *, outlines: bool
    ) -> None:
        nothing = replace(found, results=())
        nothing.to_geoparquet(tmp_path / "best.parquet", footprints=outlines)
        assert len(geopandas.read_parquet(tmp_path / "best.parquet")) == 0

    def test_scores_of_parts_are_columns(self, world: OpenSet) -> None:
        found = world.search(text="mountains", place=(7.0, 61.0), k=3)
        table = arrow_table(found.taken)
        np.testing.assert_allclose(
            table["score_place"], [result.parts["place"] for result in found.results]
        )


class TestGeoJson:
    def test_footprints_where_asked_for(
        self, found: Found, world: OpenSet, crossing: Found
    ) -> None:
        features = found.to_geojson(footprints=True)["features"]
        for feature, wanted in zip(features, footprints(world, found), strict=True):
            assert shape_of(feature["geometry"]).equals_exact(wanted, 1e-6)
        across = crossing.to_geojson(footprints=True)["features"][0]["geometry"]
        assert across["type"] == "MultiPolygon"
        assert json.loads(json.dumps(across)) == json.loads(json.dumps(across, allow_nan=False))

    def test_the_file_is_the_record(self, found: Found) -> None:
        assert json.loads(answer_text(found, "geojson")) == found.to_geojson()


class TestMap:
    def test_licence_and_credit_are_printed(self, found: Found) -> None:
        """The strip at the bottom has text on it: more of it with a longer credit."""

        def ink(one: Found) -> int:
            strip = np.asarray(one.map())[-60:]
            return int((strip.min(axis=2) > 150).sum())

        bare = replace(found, credit=replace(found.credit, licence="", attribution="", banner=""))
        credited = ink(found)
        more = replace(found, credit=replace(found.credit, licence="All " * 40))
        assert ink(bare) < credited < ink(more)

    def test_a_long_credit_is_broken_into_lines(self, found: Found) -> None:
        long = replace(found, credit=replace(found.credit, attribution="Somebody else, " * 60))
        rows = np.flatnonzero((np.asarray(long.map())[-120:, :1700].min(axis=2) > 150).any(axis=1))
        lines = 1 + int((np.diff(rows) > 3).sum())
        assert lines >= 4


class TestFiles:
    def test_an_archive_has_everything_and_is_the_same_each_time(
        self, found: Found, world: OpenSet, tmp_path: Path
    ) -> None:
        for name in ("a.zip", "b.zip"):
            assert world.save_answer(found, tmp_path / name, chips=3) == ()
        sums = {hashlib.sha256((tmp_path / n).read_bytes()).digest() for n in ("a.zip", "b.zip")}
        assert len(sums) == 1
        archive = zipfile.ZipFile(tmp_path / "a.zip")
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == sorted(names)
        chips = [name for name in names if name.startswith("chips/")]
        assert chips == [f"chips/{r.rank:03}-{r.id}.tif" for r in found.results[:3]]
        assert set(names) - set(chips) == {
            *("README.txt", "answer.csv", "answer.geojson", "answer.kml", "answer.parquet"),
            *("map.png", "recipe.json", "stac.json"),
        }
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name, form in (("answer.csv", "csv"), ("answer.kml", "kml")):
            assert archive.read(name).decode() == answer_text(found, form)
        assert archive.read("map.png") == found.to_png()
        assert json.loads(archive.read("recipe.json")) == found.recipe
        items = json.loads(archive.read("stac.json"))["features"]
        links = [item["assets"]["rgb"]["href"] for item in items if item["assets"]]
        assert links == [f"./{name}" for name in chips]
        assert archive.read("answer.parquet")[:4] == b"PAR1"

    @pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
    def test_an_answer_of_nothing_is_written_too(
        self, form: Any, nothing: Found, world: OpenSet, tmp_path: Path
    ) -> None:
        assert not nothing.results
        path = tmp_path / f"none{form.endings[0]}"
        assert world.save_answer(nothing, path) == ()
        assert path.stat().st_size > 0
        if form.name == "geoparquet":
            assert len(geopandas.read_parquet(path)) == 0

    def test_the_longest_ending_says_the_format(self) -> None:
        wanted = {
            "a.STAC.json": "stac",
            "a.recipe.json": "recipe",
            "a.chips.zip": "chips",
            "a.zip": "zip",
            "a.geoparquet": "geoparquet",
        }
        assert {name: format_of(name).name for name in wanted} == wanted

    @pytest.mark.parametrize("name", ["a.shp", "a.json", "noending", "zip"])
    def test_an_unknown_ending_is_told_with_those_that_are_known(
        self, name: str, found: Found, tmp_path: Path
    ) -> None:
        with pytest.raises(BadQueryError) as refused:
            found.save(tmp_path / name)
        assert all(form.endings[0] in refused.value.hint for form in FORMATS)
        assert not list(tmp_path.iterdir())

    def test_an_archive_takes_the_set(self, found: Found, tmp_path: Path) -> None:
        with pytest.raises(BadQueryError) as refused:
            found.save(tmp_path / "best.zip")
        assert "save_answer(found, " in refused.value.hint

    def test_what_is_given_up_leaves_the_old_file(
        self, found: Found, world: OpenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def given_up(*_: object) -> bytes:
            message = "Stopped."
            raise CancelledError(message)

        (tmp_path / "best.zip").write_bytes(b"old")
        monkeypatch.setattr(taking, "chip", given_up)
        with pytest.raises(CancelledError):
            world.save_answer(found, tmp_path / "best.zip")
        assert [path.name for path in tmp_path.iterdir()] == ["best.zip"]
        assert (tmp_path / "best.zip").read_bytes() == b"old"

    @pytest.mark.parametrize(
        "name",
        [form.endings[0] for form in FORMATS if form.name not in {"python", "curl"}],
    )
    def test_any_file_asks_the_same_again(
        self, name: str, found: Found, world: OpenSet, tmp_path: Path
    ) -> None:
        world.save_answer(found, tmp_path / f"best{name}", chips=1)
        again = read_recipe(tmp_path / f"best{name}")
        assert Query.from_json(again) == found.query

    @pytest.mark.parametrize(
        "content", [b"PK\x03\x04 no zip", b"PAR1", b"\x89PNG", b"<?xml version='1.0'?><kml/>"]
    )
    def test_a_file_that_keeps_no_query_is_told(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "some").write_bytes(content)
        with pytest.raises(BadQueryError, match="holds no query"):
            read_recipe(tmp_path / "some")
