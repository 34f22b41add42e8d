"""What users type becomes what is asked for: areas, dates, seasons, options of sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from eex import registry
from eex.config import Settings
from eex.errors import BadQueryError, UnknownNameError
from eex.places import find_places
from eex.sources import asking
from eex.sources.asking import area_of, circle, kinds, source_of, wanted_of
from eex.sources.refs import SceneRef
from eex.sources.stac import StacSource
from eex.sources.wanted import Wanted

OURS = {
    "stac": "eex.sources.stac:StacSource",
    "items": "eex.sources.items:ItemsSource",
    "folder": "eex.sources.folder:FolderSource",
    "shards": "eex.sources.shards:ShardsSource",
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have our own sources installed, also where the project's metadata are older than its code."""
    from importlib.metadata import EntryPoint

    points = {n: (EntryPoint(n, v, "eex.scenes"),) for n, v in OURS.items()}
    found = registry._installed

    def _installed(group: Any) -> Mapping[str, Any]:
        return points if group == "eex.scenes" else found(group)

    monkeypatch.setattr(registry, "_installed", _installed)


def test_entry_points_are_those_of_the_project_file() -> None:
    import tomllib

    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)["project"]["entry-points"]["eex.scenes"]
    assert {name: value.partition(" ")[0] for name, value in told.items()} == OURS
    assert set(kinds()) == set(OURS)


def test_one_call_makes_a_source(settings: Settings, tmp_path: Path) -> None:
    made = source_of(
        "stac",
        settings,
        area="Tokyo, 30",
        dates="2024-01/2024-03",
        season=None,
        cloud_cover="20",
        limit="5",
        api="https://example.org/stac",
        bands="B04=red",
    )
    assert isinstance(made, StacSource)
    assert made.title == "sentinel-2-l2a of example.org, Tokyo, 30 km, 2024-01/2024-03"
    told = made.asked()
    assert json.loads(json.dumps(told)) == told
    assert told["time"] == ["2024-01", "2024-03"]
    assert (told["cloud_cover"], told["most"], told["bands"]) == (20, 5, {"B04": "red"})
    assert "season" not in told
    folder = source_of("folder", settings, paths=str(tmp_path), bands="B04,B03,B02")
    assert folder.asked()["bands"] == ["B04", "B03", "B02"]


def test_what_no_source_has_is_said(settings: Settings) -> None:
    with pytest.raises(UnknownNameError, match="No source of scenes is called 'stack'") as caught:
        source_of("stack", settings)
    assert "'stac'" in caught.value.hint
    with pytest.raises(BadQueryError, match="No option of stac is called 'colection'") as wrong:
        source_of("stac", settings, area="Tokyo", colection="x")
    assert "'collection'" in wrong.value.hint
    with pytest.raises(BadQueryError, match="The source folder needs paths"):
        source_of("folder", settings)
    with pytest.raises(BadQueryError, match="The source items needs path"):
        source_of("items", settings, area="Tokyo")


def test_areas_are_read_as_they_are_typed(tmp_path: Path) -> None:
    box = shapely.box(139, 35, 140, 36)
    ring = [[139, 35], [140, 35], [140, 36], [139, 36], [139, 35]]
    record = {"type": "Polygon", "coordinates": [ring]}
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps(record))
    for value in (
        "139,35,140,36", "139 35 140 36", " 139, 35, 140, 36 ", [139, 35, 140, 36], record,
        json.dumps(record), str(path), area_of(record)[1],
    ):  # fmt: skip
        place, area = area_of(value)
        assert place == ""
        assert shapely.unary_union(area.parts).equals(box)


def test_a_box_across_180_degrees_is_two() -> None:
    _, area = area_of("177,-20,-178,-15")
    wanted = Wanted(area=area)
    assert sorted(wanted.boxes()) == [(-180, -20, -178, -15), (177, -20, 180, -15)]
    assert wanted.is_box
    assert Wanted(area=area_of("-10,40,30,60")[1]).boxes() == [(-10, 40, 30, 60)]
    assert not Wanted(area=circle(179.9, -16, 50)).is_box


@pytest.mark.parametrize(
    ("lon", "lat", "km"), [(139.7, 35.7, 30), (179.9, -16.5, 200), (10, 85, 50)]
)
def test_a_circle_is_so_many_kilometres_wide(lon: float, lat: float, km: float) -> None:
    """Against geodesics of pyproj on a sphere of the same radius."""
    area = circle(lon, lat, km)
    points = np.concatenate([shapely.get_coordinates(part.exterior) for part in area.parts])
    points = points[np.abs(points[:, 0]) < 180]  # not where it is cut
    geod = Geod(a=6_371_008.8, b=6_371_008.8)
    _, _, metres = geod.inv([lon] * len(points), [lat] * len(points), *points.T)
    assert np.allclose(metres, 1000 * km, atol=0.5)
    assert len(points) >= 72
    square = np.pi * (1000 * km) ** 2  # that of a flat disc is 0.01 percent larger at most
    found = sum(
        abs(geod.geometry_area_perimeter(shapely.segmentize(p, 0.01))[0]) for p in area.parts
    )
    assert found == pytest.approx(square, rel=0.01)


def test_names_of_places_are_areas() -> None:
    place, area = area_of("tokyo")
    found = find_places("Tokyo")[0]
    assert place == "Tokyo, 20 km"
    assert Wanted(area=area).takes_point(found.lon, found.lat)
    west, south, east, north = area.bounds
    assert north - south == pytest.approx(40 / 111.195, rel=0.01)
    assert east - west == pytest.approx(40 / 111.195 / np.cos(np.radians(found.lat)), rel=0.01)
    place, area = area_of("Japan, 300 km")
    assert place == "Japan, 300 km"
    assert area.bounds[3] - area.bounds[1] == pytest.approx(600 / 111.195, rel=0.01)
    _, round_point = area_of("35.7, 139.7, 10")
    assert Wanted(area=round_point).takes_point(139.7, 35.7)


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("Japan", "is a country"),
        ("Nowhereland", "no place that is known"),
        ("", "no place that is known"),
        ("absent.geojson", "cannot be read"),
        ("1,2,3,4,5", "no place that is known"),
        ("95, 10, 20", "not on the globe"),
        ("10, 10, 0", "0 to 5,000 km"),
        ("Tokyo, 9000", "0 to 5,000 km"),
        ("10,50,20,40", "upside down"),
        ([1, 2], "four numbers"),
        ('{"type": "Point", "coordinates": [1, 2]}', "made of polygons"),
    ],
)
def test_what_is_no_area_is_said(area: object, said: str) -> None:
    with pytest.raises(BadQueryError, match=said):
        area_of(area)


def scene(when: datetime | None = None, **told: Any) -> SceneRef:
    return SceneRef(id="x", when=when, **told)


@pytest.mark.parametrize(
    ("dates", "season", "inside", "outside"),
    [
        ("2024", None, ["2024-01-01", "2024-12-31T23:59:59"], ["2023-12-31", "2025-01-01"]),
        ("2024-02/2024-03", None, ["2024-02-01", "2024-03-31"], ["2024-01-31", "2024-04-01"]),
        ("2024-06-01/..", None, ["2024-06-01", "2031-01-01"], ["2024-05-31"]),
        ("../2020", None, ["1999-01-01", "2020-12-31"], ["2021-01-01"]),
        (None, "06/08", ["2019-06-01", "2022-08-31"], ["2019-05-31", "2022-09-01"]),
        (None, "12/02", ["2019-12-01", "2020-02-29"], ["2019-11-30", "2020-03-01"]),
        (None, "11-15/01-10", ["2019-11-15", "2020-01-10"], ["2019-11-14", "2020-01-11"]),
        ("2020/2021", "06/08", ["2020-07-01", "2021-07-01"], ["2019-07-01", "2021-09-01"]),
    ],
)
def test_dates_and_seasons(
    dates: str | None, season: str | None, inside: list[str], outside: list[str]
) -> None:
    wanted = wanted_of(dates=dates, season=season)
    for text in inside:
        assert wanted.takes(scene(datetime.fromisoformat(text).replace(tzinfo=UTC))), text
    for text in outside:
        assert not wanted.takes(scene(datetime.fromisoformat(text).replace(tzinfo=UTC))), text
    assert not wanted.takes(scene(None))


def test_stretches_of_time_are_asked_for() -> None:
    assert wanted_of(dates="2024-02").spans() == ["2024-02-01T00:00:00Z/2024-02-29T23:59:59.999Z"]
    assert wanted_of(season="06/08").spans() == []
    assert wanted_of(dates="2020/..", season="06/08").spans() == ["2020-01-01T00:00:00Z/.."]
    assert wanted_of(dates="../2020").spans() == ["../2020-12-31T23:59:59.999Z"]
    assert wanted_of(dates="2020-07/2021", season="06/08").spans() == [
        "2020-07-01T00:00:00Z/2020-08-31T23:59:59.999Z",
        "2021-06-01T00:00:00Z/2021-08-31T23:59:59.999Z",
    ]
    assert wanted_of(dates="2020/2021", season="12/02").spans() == [
        "2020-01-01T00:00:00Z/2020-02-29T23:59:59.999Z",
        "2020-12-01T00:00:00Z/2021-02-28T23:59:59.999Z",
        "2021-12-01T00:00:00Z/2021-12-31T23:59:59.999Z",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dates": "2024-13"}, "not a date"),
        ({"dates": "2024/2023"}, "ends with 2023 before"),
        ({"dates": "2024/2025/2026"}, "a first and a last"),
        ({"season": "summer"}, "not a day of the year"),
        ({"season": "13/14"}, "not a day of the year"),
        ({"cloud_cover": "many"}, "cloud_cover"),
        ({"cloud_cover": 101}, "0 to 100 percent"),
        ({"limit": 0}, "At least one scene"),
        ({"limit": 1.5}, "whole number"),
    ],
)
def test_what_makes_no_sense_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadQueryError, match=said):
        wanted_of(**wrong)


def test_the_least_cloudy_scenes_are_kept() -> None:
    def at(name: str, day: int, clouds: float | None) -> SceneRef:
        when = datetime(2024, 1, day, tzinfo=UTC)
        return SceneRef(id=name, when=when, cloud_cover=clouds)

    scenes = [at("d", 4, None), at("c", 3, 5.0), at("b", 2, 20.0), at("a", 1, 5.0)]
    assert [s.id for s in Wanted(most=2).chosen(scenes)] == ["a", "c"]
    assert [s.id for s in Wanted(most=3).chosen(scenes)] == ["a", "b", "c"]
    assert [s.id for s in Wanted().chosen(scenes)] == ["a", "b", "c", "d"]


def test_a_footprint_that_only_touches_has_no_part_of_the_area() -> None:
    wanted = wanted_of(area="10,50,11,51")
    assert wanted.takes(scene(footprint="POLYGON ((10.9 50, 12 50, 12 51, 10.9 51, 10.9 50))"))
    assert not wanted.takes(scene(footprint="POLYGON ((11 50, 12 50, 12 51, 11 51, 11 50))"))
    assert wanted.takes(scene(footprint=""))  # who knows


def test_clouds_that_are_not_said_are_too_many() -> None:
    wanted = wanted_of(cloud_cover="20%")
    assert wanted.takes(scene(cloud_cover=20.0))
    assert not wanted.takes(scene(cloud_cover=20.1))
    assert not wanted.takes(scene())


def test_kinds_are_the_installed_ones() -> None:
    assert asking.kinds() == ("folder", "items", "shards", "stac")
