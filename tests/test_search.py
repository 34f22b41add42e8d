"""The main job: ask the embedded world, get the tiles that fit, and the truth about them."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from eex.errors import BadQueryError, MissingExtraError, NotUnderstoodError
from eex.imagery.bluemarble import BlueMarble
from eex.search.parts import PlacePart, RowPart, TextPart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.search.spread import EARTH_RADIUS_KM, unit_sphere


def test_words_find_land_of_that_kind(world: OpenSet) -> None:
    deserts = world.search(text="sand desert", k=5).results
    assert all(15 < tile.lat < 36 and -18 < tile.lon < 62 for tile in deserts)  # Sahara, Arabia
    ice = world.search(text="ice sheet", k=5).results
    assert all(tile.lat < -65 or (tile.lat > 59 and -75 < tile.lon < -10) for tile in ice)


def test_a_place_finds_land_that_looks_like_there(world: OpenSet) -> None:
    found = world.search(place=(-60.0, -3.1), k=8)  # Manaus
    assert all(abs(tile.lat) < 12 for tile in found.results)


def test_a_tile_finds_itself_first(world: OpenSet) -> None:
    best = world.search(row=5000, k=1).results[0]
    assert best.row == 5000
    assert best.score == pytest.approx(1, abs=1e-3)


def test_the_picture_of_a_tile_finds_that_tile(world: OpenSet) -> None:
    row = 9648
    pixels = BlueMarble.open().cut(world.embeddings.lonlat[row : row + 1])[0]
    assert world.search(image=pixels, k=1).results[0].row == row


def test_scores_are_the_cosines_of_every_tile(world: OpenSet) -> None:
    found = world.search(text="tropical rainforest")
    query = world.encoder.encode_text(["tropical rainforest"])[0].astype(np.float64)  # type: ignore[attr-defined]
    stored = np.asarray(world.embeddings.vectors, np.float64)
    cosines = stored @ query / np.linalg.norm(stored, axis=1) / np.linalg.norm(query)
    np.testing.assert_allclose(found.scores, cosines, atol=1e-3)
    assert np.abs(found.scores).max() <= 1 + 1e-6
    for tile in found.results:
        assert tile.score == pytest.approx(cosines[tile.row], abs=1e-5)


def test_results_are_spread_by_default_and_not_where_asked(world: OpenSet) -> None:
    found = world.search(text="tropical rainforest", k=10)
    points = unit_sphere(np.array([[tile.lon, tile.lat] for tile in found.results]))
    apart = EARTH_RADIUS_KM * np.arccos(np.clip(points @ points.T, -1, 1))
    assert apart[~np.eye(10, dtype=bool)].min() >= 500
    rows = [tile.row for tile in world.search(text="tropical rainforest", spread_km=0).results]
    assert rows == np.argsort(-found.scores, kind="stable")[:10].tolist()


@pytest.mark.parametrize("text", ["tropical climate", "deciduous forest", "salt flat"])
def test_results_far_down_are_as_exact_and_in_order(world: OpenSet, text: str) -> None:
    found = world.search(text=text, spread_km=2500, k=40)
    scores = [tile.score for tile in found.results]
    assert scores == sorted(scores, reverse=True)
    query = world.encoder.encode_text([text])[0].astype(np.float64)  # type: ignore[attr-defined]
    stored = np.asarray(world.embeddings.vectors[[t.row for t in found.results]], np.float64)
    cosines = stored @ query / np.linalg.norm(stored, axis=1) / np.linalg.norm(query)
    np.testing.assert_allclose(scores, cosines, atol=1e-6)


@pytest.mark.parametrize("bbox", [(-10, 35, 30, 60), (160, -50, -170, -10)])
def test_an_area_filters_before_ranking(
    world: OpenSet, bbox: tuple[float, float, float, float]
) -> None:
    found = world.search(text="mountains", bbox=bbox, k=20, spread_km=0)
    west, south, east, north = bbox
    lon, lat = world.embeddings.lonlat.T
    across = (lon >= west) | (lon <= east) if west > east else (lon >= west) & (lon <= east)
    inside = np.flatnonzero(across & (lat >= south) & (lat <= north))
    wanted = inside[np.argsort(-found.scores[inside], kind="stable")][:20]
    assert [tile.row for tile in found.results] == wanted.tolist()
    assert np.flatnonzero(found.ranked).tolist() == inside.tolist()


def test_an_area_without_tiles_gives_an_empty_answer_that_says_so(world: OpenSet) -> None:
    found = world.search(text="mountains", bbox=(-140, -10, -130, -5))
    assert (len(found), found.ranked.sum()) == (0, 0)
    assert "No tile" in found.messages[-1]
    assert found.to_geojson()["features"] == []
    assert found.to_csv().startswith("rank,row,id,lon,lat,score,")


def test_the_top_percent_are_all_the_tiles_above_their_threshold(world: OpenSet) -> None:
    found = world.search(text="farmland", top_percent=2)
    count = int(np.ceil(len(world) * 0.02))
    assert len(found) == count
    assert found.ranked.sum() == count
    assert {tile.row for tile in found.results} == set(np.flatnonzero(found.ranked).tolist())
    assert found.results[-1].score == found.scores[found.ranked].min()
    some = world.search(text="farmland", top_percent=2, k=5)
    assert (len(some), some.ranked.sum()) == (5, count)
    assert "5 of" in some.messages[-1]


def test_a_mix_keeps_the_score_of_each_part(world: OpenSet) -> None:
    found = world.search(text="mountains", place=(7.0, 61.0), weights={"place": 0.5})
    alone = world.search(text="mountains").scores
    for tile in found.results:
        assert tile.parts["text"] == pytest.approx(alone[tile.row], abs=1e-3)
        assert set(tile.parts) == {"text", "place"}


def test_equal_weights_pull_equally(world: OpenSet) -> None:
    """The mixed score is a constant plus the sum of the parts' z-scores, up to a factor."""
    found = world.search(text="mountains", place=(7.0, 61.0))
    parts = [world.search(text="mountains").scores, world.search(place=(7.0, 61.0)).scores]
    total = sum((part - part.mean()) / part.std() for part in parts)
    assert np.corrcoef(total, found.scores)[0, 1] > 0.99999


def test_a_negative_weight_is_away_from(world: OpenSet) -> None:
    toward = world.search(text="sand desert").scores
    away = world.search(text="sand desert", weights={"text": -1}).scores
    np.testing.assert_allclose(toward, -away, atol=1e-3)


def test_a_set_made_with_other_weights_is_not_searched_with_these(world: OpenSet) -> None:
    header = replace(world.embeddings.header, weights="another-file@sha256:000")
    other = OpenSet("other", replace(world.embeddings, header=header), world.settings)
    with pytest.raises(BadQueryError, match="other weights"):
        other.search(text="sand desert")
    assert other.search(row=5000, k=1).results[0].row == 5000


def test_pictures_come_in_many_forms(world: OpenSet) -> None:
    picture = Image.fromarray(BlueMarble.open().cut(world.embeddings.lonlat[:1])[0])
    out = io.BytesIO()
    picture.save(out, "PNG")
    forms = [picture, np.asarray(picture), out.getvalue(), bytearray(out.getvalue())]
    rows = [world.search(image=form, k=1).results[0].row for form in forms]
    assert rows == [0, 0, 0, 0]
    with pytest.raises(BadQueryError, match="Pillow image"):
        world.search(image=5)


def test_a_printed_answer_is_short(world: OpenSet) -> None:
    text = repr(world.search(text="sand desert", top_percent=100))
    assert "and 17," in text
    assert len(text) < 5000


def test_parts_that_cancel_out_are_refused(world: OpenSet) -> None:
    parts = (TextPart("sand desert"), TextPart("sand desert", -1.0))
    with pytest.raises(BadQueryError, match="cancel"):
        world.ask(Query(parts=parts))


def test_unknown_words_get_what_is_known_in_place_of_a_map(world: OpenSet) -> None:
    with pytest.raises(NotUnderstoodError) as caught:
        world.search(text="quantum computer keyboard")
    assert "sand desert" in caught.value.details["concepts"]
    assert "model" in caught.value.hint


@pytest.mark.parametrize("text", ["asdfgh", "aaaaaaaaaaaaaaaa", "qwerty", "xyzzy"])
def test_letters_that_are_no_words_are_refused(world: OpenSet, text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        world.search(text=text)


def test_a_loose_reading_and_a_negation_are_told(world: OpenSet) -> None:
    assert any("loosely" in m for m in world.search(text="dessert").messages)
    assert not any("loosely" in m for m in world.search(text="jungle").messages)
    assert any("minus weight" in m for m in world.search(text="no forest").messages)
    wide = world.search(text="forest", bbox=(10, 0, 0, 60)).messages
    assert any("350 degrees wide" in m for m in wide)


def test_a_place_can_be_given_as_people_write_it(world: OpenSet) -> None:
    named = world.search(place="Cairo", k=1)
    part = named.recipe["parts"][0]
    assert (part["lon"], part["lat"]) == pytest.approx((31.2, 30.0), abs=0.3)
    assert named.results == world.search(place=(part["lon"], part["lat"]), k=1).results
    assert world.search(place="30, 31", k=1).results == world.search(place=(31, 30), k=1).results


def test_a_place_name_is_offered_as_a_place(world: OpenSet) -> None:
    found = world.search(text="rainforest near Manaus")
    assert "Manaus" in [place.name for place in found.places]
    with pytest.raises(NotUnderstoodError) as caught:
        world.search(text="Manchester")
    assert "Manchester" in [place["name"] for place in caught.value.details["places"]]


def test_a_text_answer_says_what_it_was_read_as(world: OpenSet) -> None:
    best = world.search(text="sand dunes").read_as[0]
    assert "sand" in best.phrase
    assert best.similarity > 0.5


def test_a_weak_concept_is_told(world: OpenSet) -> None:
    assert any("weak at" in message for message in world.search(text="a big city").messages)
    assert not world.search(text="sand desert").messages


def test_a_picture_answer_says_what_is_compared(world: OpenSet) -> None:
    messages = world.search(image=np.full((20, 20, 3), 90, np.uint8)).messages
    assert any("colour and texture" in message for message in messages)


def test_the_same_question_has_the_same_answer(world: OpenSet) -> None:
    one, other = (world.search(text="coastline", k=50) for _ in range(2))
    assert one.results == other.results
    recipe = json.loads(json.dumps(one.recipe))
    assert world.ask(Query.from_json(recipe)).results == one.results


def test_rows_and_weights_that_are_not_there_are_refused(world: OpenSet) -> None:
    with pytest.raises(BadQueryError, match="no row 99999999"):
        world.search(row=99_999_999)
    with pytest.raises(BadQueryError, match="not a part of this query"):
        world.search(text="sand", weights={"txt": 1})
    with pytest.raises(BadQueryError, match="1 to 16 parts"):
        world.search()


def test_exports_carry_licence_and_credit(world: OpenSet) -> None:
    found = world.search(text="sand desert", k=3)
    geojson = found.to_geojson()
    assert len(geojson["features"]) == 3
    first = geojson["features"][0]
    place = [found.results[0].lon, found.results[0].lat]
    assert first["geometry"]["coordinates"] == pytest.approx(place, abs=1e-6)
    assert "NASA Blue Marble" in geojson["credit"]["attribution"]
    assert geojson["recipe"]["parts"][0]["text"] == "sand desert"
    assert found.to_csv().count("R. Stöckli") == 3
    frame = found.to_pandas()
    assert list(frame.columns) == ["rank", "row", "id", "lon", "lat", "score"]
    assert "NASA" in frame.attrs["credit"]["attribution"]


def test_without_pandas_the_command_is_told(
    world: OpenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtraError) as caught:
        world.search(text="sand desert").to_pandas()
    assert "pip install" in caught.value.hint


def test_a_map_shows_high_scores_where_they_are(world: OpenSet) -> None:
    picture = world.search(text="sand desert").map()
    assert picture.size == (1800, 964)
    pixels = np.asarray(picture.convert("RGB"), float)

    def brightness(lon: float, lat: float) -> float:
        x, y = (lon + 180) * 5, 64 + (90 - lat) * 5
        return pixels[int(y) - 8 : int(y) + 8, int(x) - 8 : int(x) + 8].mean()

    assert brightness(20, 24) > 1.5 * brightness(25, 0)  # Sahara, Congo
    assert brightness(-30, 20) < 60  # the sea stays dark


def test_a_tile_has_a_picture(world: OpenSet) -> None:
    picture = world.picture(9648, size=100)
    assert picture.shape == (100, 100, 3)
    Image.fromarray(picture)


def test_places_are_points_of_the_query(world: OpenSet) -> None:
    found = world.ask(Query(parts=(PlacePart(2.3, 48.9),)))
    assert found.title() == "like 48.90 N, 2.30 E"


def test_the_credit_names_the_set_as_it_is_called_and_no_path(world: OpenSet) -> None:
    assert world.credit.set_id == "world"
    at = OpenSet("folder/mine.parquet", world.embeddings, world.settings)
    assert at.credit.set_id == world.embeddings.header.id


def test_several_rows_are_a_part_each(world: OpenSet) -> None:
    found = world.search(row=[5000, 300], k=3)
    assert [part.to_json() for part in found.query.parts] == [
        {"kind": "row", "row": 5000, "weight": 1.0},
        {"kind": "row", "row": 300, "weight": 1.0},
    ]
    assert found.results == world.ask(Query(parts=(RowPart(5000), RowPart(300)), k=3)).results
    weighed = world.search(row=list(np.array([5000, 300])), weights={"row": -0.5}).query.parts
    assert [part.weight for part in weighed] == [-0.5, -0.5]
    assert world.search(row=np.int64(7), k=1).results[0].row == 7
    for wrong in ("3", [True], 2.5):
        with pytest.raises(BadQueryError, match="whole number"):
            world.search(row=wrong)  # type: ignore[arg-type]
