"""Labels in files: saved, loaded with this or another version of a set, or from other tools."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import eex.cli
from eex.cli.feedback import classify, feedback
from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError, OutputError
from eex.extent.globe import inside_bbox
from eex.filters.record import Filter
from eex.places import EARTH_RADIUS_KM
from eex.search.feedback import rounds as feedback_rounds
from eex.search.feedback.files import nearest_rows
from eex.search.feedback.session import Feedback
from eex.search.parts import ImagePart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.testing import TOY
from toy_sets import embedding_set

Run = Callable[..., tuple[int, str, str]]
SETTINGS = Settings(cache_dir=Path("none"), threads=1)


def toys(**header: Any) -> OpenSet:
    return OpenSet("toys", embedding_set(TOY, rows=200, **header), SETTINGS)


def other_version(before: OpenSet, order: list[int], key: str = "other") -> OpenSet:
    """Return a set of some of the rows in another order."""
    e = before.embeddings
    rows = e.rows.take(order)
    made = EmbeddingSet(e.header, np.asarray(e.vectors)[order], e.lonlat[order], rows, key)
    return OpenSet("toys", made, SETTINGS)


def point(lon: float, lat: float, **properties: Any) -> dict[str, Any]:
    where = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": where, "properties": properties}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_a_saved_file_is_geojson_of_the_centres_with_credit(tmp_path: Path) -> None:
    opened = toys(licence="CC-BY-4.0", attribution="Somebody")
    session = Feedback(opened).mark([4, 2], [7]).mark([9])
    record = json.loads(session.save(tmp_path / "labels.geojson").read_text(encoding="utf-8"))
    assert record["type"] == "FeatureCollection"
    told = [feature["properties"] for feature in record["features"]]
    assert [(t["row"], t["label"], t["round"], t["id"]) for t in told] == [
        (2, 1, 1, "cell2"),
        (4, 1, 1, "cell4"),
        (7, -1, 1, "cell7"),
        (9, 1, 2, "cell9"),
    ]
    assert {(t["set"], t["key"]) for t in told} == {("toys", "key")}
    for feature, t in zip(record["features"], told, strict=True):
        centre = opened.embeddings.lonlat[t["row"]]
        np.testing.assert_allclose(feature["geometry"]["coordinates"], centre, atol=1e-7)
    assert record["credit"]["licence"] == "CC-BY-4.0"
    assert record["credit"]["attribution"] == "Somebody"


def test_everything_comes_back_rounds_and_undone_ones_too(tmp_path: Path) -> None:
    opened = toys()
    session = Feedback(opened, Query.from_json({"row": 5, "k": 3}), method="mean")
    session.search()
    session.mark([1, 2], [3]).search()
    session.mark([3]).unmark([1])
    session.search("logistic", background=20)
    session.mark((), [8]).undo()
    file = session.save(tmp_path / "labels.geojson")
    again = Feedback.load(opened, file)
    assert again.messages == ()
    assert (again.rounds, again.undone, again.start) == (
        session.rounds,
        session.undone,
        session.start,
    )
    assert again.redo().labels == session.redo().labels


def rounds_and_more(opened: OpenSet) -> Feedback:
    """Return a session of 40 rounds that mark, turn and unmark tiles."""
    session = Feedback(opened, Query.from_json({"row": 5, "k": 3}), method="mean")
    for i in range(1, 41):
        if i % 7 == 0:
            session.unmark([int(session.labels.rows[i % 3])])
        elif i % 5 == 0:
            session.mark((), [i - 1, i + 100])
        else:
            session.mark([i])
    session.search()
    return session


@pytest.mark.parametrize("undone", [0, 3, 15, 39])
@pytest.mark.parametrize("limits", [(8, 10**7), (1_000, 200)])
def test_of_very_many_rounds_the_oldest_are_made_one(
    undone: int, limits: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = toys()
    session = rounds_and_more(opened)
    for _ in range(undone):
        session.undo()
    record = session.to_geojson()
    assert Feedback.load(opened, record).messages == ()
    for name, value in zip(("MAX_ROUNDS", "MAX_HELD"), limits, strict=True):
        monkeypatch.setattr(feedback_rounds, name, value)
    again = Feedback.load(opened, record)
    kept = [*again.rounds, *again.undone][1:]
    assert 1 < len(kept) <= limits[0]
    assert sum(len(one.labels) for one in kept) <= limits[1]
    assert again.labels.same(session.labels)
    assert again.round.query == session.round.query
    before = [*session.rounds, *session.undone]
    first = session.round.number - again.round.number + 1
    for number, one in enumerate(kept, start=1):
        assert one.number == number
        assert one.labels.same(before[first + number - 1].labels)
    left = len(before) - first - len(kept)
    assert (f"oldest {first:,} rounds" in " ".join(again.messages)) == (first > 1)
    assert (f"latest {left:,} of its undone" in " ".join(again.messages)) == (left > 0)
    assert Feedback.load(opened, again.to_geojson()).rounds == again.rounds
    again.mark([150]).undo().undo()
    assert again.round.number == len(again.rounds) - 1


def test_labels_of_very_many_rounds_without_a_history_are_read_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = toys()
    record = rounds_and_more(opened).to_geojson()
    del record["feedback"]
    whole = Feedback.load(opened, record)
    monkeypatch.setattr(feedback_rounds, "MAX_ROUNDS", 5)
    again = Feedback.load(opened, record)
    assert again.labels.same(whole.labels)
    assert [len(one.labels) for one in again.rounds[1:]] == [
        len(one.labels) for one in whole.rounds[-5:]
    ]
    assert again.messages == (
        f"The oldest {len(whole.rounds) - 5} rounds of this file are one round now.",
    )


def test_pictures_are_written_once(tmp_path: Path) -> None:
    held = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(held, "PNG")
    start = Query(parts=(ImagePart(held.getvalue()),))
    opened = toys()
    session = Feedback(opened, start)
    for i in range(4):
        session.mark([i])
        session._rounds[-1] = type(session.round)(
            session.round.number, session.labels, "rocchio", session.start
        )
    file = session.save(tmp_path / "labels.geojson")
    assert file.stat().st_size < 2 * len(held.getvalue()) + 8_000
    assert Feedback.load(opened, file).rounds == session.rounds


def test_labels_follow_their_tiles_into_another_version_of_the_set() -> None:
    before = toys()
    session = Feedback(before).mark([3, 150], [60]).mark([10], [199])
    order = [199, *range(150, 20, -1), 3]  # without row 10
    after = other_version(before, order)
    again = Feedback.load(after, session.to_geojson())
    ids = after.embeddings.ids
    assert {str(ids[row]) for row in again.labels.positive.tolist()} == {"cell3", "cell150"}
    assert {str(ids[row]) for row in again.labels.negative.tolist()} == {"cell60", "cell199"}
    assert any("1 labels were not found in this set: cell10." in m for m in again.messages)
    assert any(m.startswith("4 labels of another version") for m in again.messages)
    assert [len(one.labels) for one in again.rounds] == [0, 3, 4]
    assert len(again.undo().labels) == 3


def test_of_several_tiles_with_one_id_the_one_that_lies_there_is_taken() -> None:
    before = toys()
    e = before.embeddings
    names = pa.table({"grid_cell": [f"cell{i // 4}" for i in range(200)]})
    fragments = OpenSet("f", EmbeddingSet(e.header, e.vectors, e.lonlat, names, "k"), SETTINGS)
    session = Feedback(fragments).mark([41, 90])
    order = np.random.default_rng(0).permutation(200).tolist()
    after = other_version(fragments, order)
    rows = Feedback.load(after, session.to_geojson()).labels.positive.tolist()
    assert sorted(order[row] for row in rows) == [41, 90]


def test_a_map_tool_may_change_labels_and_drop_everything_else() -> None:
    opened = toys()
    record = Feedback(opened).mark([1, 2], [3]).mark([5]).to_geojson()
    features = record["features"][1:]  # without row 1
    features[0]["properties"]["label"] = -1
    for changed in ({**record, "features": features}, collection(*features)):
        again = Feedback.load(opened, changed)
        assert again.labels.positive.tolist() == [5]
        assert again.labels.negative.tolist() == [2, 3]
        assert again.rounds[1].labels.rows.tolist() == [2, 3]


@pytest.mark.parametrize("name", ["label", "class", "Class"])
@pytest.mark.parametrize(("yes", "no"), [(1, 0), (1, -1), ("pos", "neg"), ("positive", "0")])
def test_points_of_other_tools_go_to_the_nearest_tile(name: str, yes: Any, no: Any) -> None:
    opened = toys(tile_km=20.0)
    lonlat = opened.embeddings.lonlat
    inside = [int(i) for i in np.argsort(np.abs(lonlat[:, 1]))[:2]]
    a, b = lonlat[inside[0]], lonlat[inside[1]]
    moved = a[1] + np.degrees(7.0 / EARTH_RADIUS_KM)
    record = collection(
        point(float(a[0]), float(moved), **{name: yes}),
        point(float(b[0]), float(b[1]), **{name: no}),
    )
    session = Feedback.load(opened, record)
    assert session.labels.positive.tolist() == [inside[0]]
    assert session.labels.negative.tolist() == [inside[1]]
    assert session.messages == ("2 points went to the nearest tile, at most 7.0 km away.",)


def test_what_other_tools_say_besides_is_told() -> None:
    opened = toys(tile_km=20.0)
    (x, y), (u, v) = opened.embeddings.lonlat[:2].tolist()
    record = collection(
        point(x, y, label=1),
        point(x, y, label=-1),
        point(u, v, label=0),  # with -1 about, 0 is no label
        point(u, v, name="nothing"),
        point(u, max(-90.0, v - 3), label=1),
        {"type": "Feature", "geometry": None, "properties": {"label": 1}},
    )
    session = Feedback.load(opened, record)
    assert session.labels.negative.tolist() == [0]
    assert not len(session.labels.positive)
    told = " ".join(session.messages)
    assert "2 features have no label" in told
    assert "2 points are farther than 20 km from every tile" in told
    assert "the later label counts: rows 0." in told


def test_polygons_go_by_their_middle() -> None:
    opened = toys(tile_km=20.0)
    x, y = opened.embeddings.lonlat[17].tolist()
    ring = [[x - 0.01, y - 0.01], [x + 0.01, y - 0.01], [x + 0.01, y + 0.01], [x - 0.01, y - 0.01]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    record = collection({"type": "Feature", "geometry": shape, "properties": {"label": "pos"}})
    assert Feedback.load(opened, record).labels.positive.tolist() == [17]


def test_the_nearest_tile_is_found_across_180_degrees_and_at_the_poles() -> None:
    rng = np.random.default_rng(5)
    lonlat = np.column_stack(
        [rng.uniform(-180, 180, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))]
    )
    places = np.array([[179.9, 3.0], [-179.9, 3.0], [0, 90.0], [77, -90.0], [180, 0], [np.nan, 0]])

    def sphere(degrees: Any) -> Any:
        lon, lat = np.radians(degrees).T
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    angles = np.arccos(np.clip(sphere(places[:5]) @ sphere(lonlat).T, -1, 1))
    rows, km = nearest_rows(lonlat, places)
    assert rows[:5].tolist() == angles.argmin(axis=1).tolist()
    np.testing.assert_allclose(km[:5], angles.min(axis=1) * EARTH_RADIUS_KM, rtol=1e-9)
    assert np.isinf(km[5])


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"type": "Feature"}, "FeatureCollection"),
        ([1], "FeatureCollection"),
        (collection(point(0, 0, label="water")), "1, 0, -1, pos or neg"),
        (collection(point(0, 0, name="x")), "No feature has a label"),
    ],
)
def test_what_is_no_file_of_labels_is_refused(record: Any, told: str) -> None:
    with pytest.raises(BadQueryError, match=told):
        Feedback.load(toys(), record)


def test_files_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadQueryError, match="There is no file"):
        Feedback.load(toys(), tmp_path / "none.geojson")
    (tmp_path / "bad.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(BadQueryError, match="not GeoJSON"):
        Feedback.load(toys(), tmp_path / "bad.geojson")
    with pytest.raises(OutputError):
        Feedback(toys()).save(tmp_path)


def test_a_history_that_does_not_fit_is_made_anew() -> None:
    opened = toys()
    record = Feedback(opened).mark([1]).mark([2]).to_geojson()
    record["feedback"]["rounds"] = "?"
    again = Feedback.load(opened, record)
    assert [len(one.labels) for one in again.rounds] == [0, 1, 2]
    assert any("made anew" in message for message in again.messages)


def test_labels_of_tiles_without_a_vector_are_left_out() -> None:
    before = toys()
    e = before.embeddings
    vectors = np.array(e.vectors)
    vectors[2] = 0
    after = OpenSet("t", EmbeddingSet(e.header, vectors, e.lonlat, e.rows, "k2"), SETTINGS)
    again = Feedback.load(after, Feedback(before).mark([1, 2]).to_geojson())
    assert again.labels.rows.tolist() == [1]
    assert any("without a usable vector" in message for message in again.messages)


@pytest.fixture
def run(world: OpenSet, monkeypatch: pytest.MonkeyPatch, eex_command: Run) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(world.settings.cache_dir))
    for command in (feedback, classify):
        monkeypatch.setitem(eex.cli.cli.commands, command.name, command)
    return eex_command


def test_rounds_on_the_command_line(run: Run, world: OpenSet, tmp_path: Path) -> None:
    file = str(tmp_path / "salt.geojson")
    ids = world.embeddings.ids
    code, out, err = run(
        "feedback", "world", "--text", "salt flat", "--positive", f"812,{ids[815]}",
        "--negative", "77", "--k", "4", "--save", file, "--format", "json",
    )  # fmt: skip
    assert code == 0, err
    assert "Round 1: 2 positive, 1 negative" in err
    session = Feedback(world, "salt flat").mark([812, 815], [77])
    expected = [result.to_json() for result in session.search(k=4).results]
    assert json.loads(out)["results"] == expected
    assert json.loads(out)["recipe"]["parts"][0]["text"] == "salt flat"

    code, out, err = run("feedback", "world", "--labels", file, "--positive", "900", "--save", file)
    assert (code, "Round 2: 3 positive, 1 negative" in err) == (0, True)
    assert out.splitlines()[0].split()[:2] == ["rank", "score"]
    assert run("feedback", "world", "--labels", file, "--undo", "--save", file)[0] == 0
    code, _, err = run("feedback", "world", "--labels", file, "--redo", "--unmark", "77")
    assert (code, "Round 3: 3 positive, 0 negative" in err) == (0, True)
    assert Feedback.load(world, file).labels == session.labels


def test_conditions_join_those_of_the_recipe(run: Run, world: OpenSet, tmp_path: Path) -> None:
    recipe, file = tmp_path / "recipe.json", str(tmp_path / "labels.geojson")
    first = {"text": "salt flat", "filter": {"bbox": [-90, -60, 0, 60], "where": "grid_cell <> ''"}}
    recipe.write_text(json.dumps(first), encoding="utf-8")

    def asked(*words: str) -> dict[str, Any]:
        code, out, err = run("feedback", "world", *words, "--format", "json")
        assert code == 0, err
        told: dict[str, Any] = json.loads(out)["recipe"]["filter"]
        return told

    start = ("--recipe", str(recipe), "--positive", "812")
    assert asked(*start, "--save", file) == first["filter"]
    near = {"lon": -68.0, "lat": -20.0, "km": 900.0}
    assert asked(*start, "--near", "-20, -68, 900") == {**first["filter"], "near": near}
    there = ("--labels", file, "--near", "-20, -68, 900", "--where", "grid_cell <> 'x'")
    other = {**first["filter"], "near": near, "where": "grid_cell <> 'x'"}
    assert asked(*there) == other
    rows = Feedback.load(world, file).search(filter=Filter.from_json(other), k=20).results
    whole = inside_bbox(world.embeddings.lonlat[[r.row for r in rows]], (-90, -60, 0, 60))
    assert len(rows)
    assert whole.all()


def test_the_command_line_says_what_is_wrong(run: Run, tmp_path: Path) -> None:
    taken = tmp_path / "taken.geojson"
    taken.write_text("mine", encoding="utf-8")
    for words, told in (
        (("feedback", "world"), "--positive"),
        (("feedback", "world", "--negative", "5"), "positive"),
        (("feedback", "world", "--positive", "nowhere"), "no tile nowhere"),
        (("feedback", "world", "--positive", str(2**70)), f"no tile {2**70}"),
        (("feedback", "world", "--positive", str(10**19 - 1)), "no row"),
        (("feedback", "world", "--positive", "9" * 9_999), "no tile 999"),
        (("feedback", "world", "--positive", "5", "--unmark", "9999999999999999999"), "no row"),
        (("feedback", "world", "--positive", "5", "--save", str(taken)), "there already"),
        (("feedback", "world", "--labels", str(tmp_path / "no.geojson")), "There is no file"),
        (("feedback", "world", "--positive", "5", "--undo"), "nothing to undo"),
        (("classify", "world", "--labels", str(taken)), "not GeoJSON"),
        (("classify", "world", "--labels", str(taken), "-o", str(tmp_path / "x.shp")), ".geojson"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (1, ""), words
        assert told in err, (words, err)
        assert "Traceback" not in err
    assert taken.read_text(encoding="utf-8") == "mine"


def test_labels_become_polygons_on_the_command_line(
    run: Run, world: OpenSet, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.geojson"
    best = world.search(text="ice sheet", k=30).results
    worst = world.search(text="ice sheet", weights={"text": -1}, k=40).results
    Feedback(world).mark([r.row for r in best], [r.row for r in worst]).save(labels)
    file = tmp_path / "ice.geojson"
    code, out, err = run(
        "classify", "world", "--labels", str(labels), "-o", str(file), "--validate",
        "--bbox", "-75", "58", "-10", "84",
    )  # fmt: skip
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split()[:2] == ["folds", "AUC"]
    assert lines[1].startswith("blocks of 2000 km")
    assert lines[2].startswith("random")
    record = json.loads(file.read_text(encoding="utf-8"))
    area = sum(f["properties"]["area_km2"] for f in record["features"])
    assert f"{area:,.1f} km²" in lines[-1]
    assert record["recipe"]["filter"] == {"bbox": [-75, 58, -10, 84]}
    assert run("classify", "world", "--labels", str(labels), "-o", str(file))[0] == 1
    code, out, _ = run(
        "classify", "world", "--labels", str(labels), "--threshold", "0.9", "--format", "json"
    )
    assert code == 0
    assert json.loads(out)["recipe"]["threshold"] == 0.9
