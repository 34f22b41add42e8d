"""Texts of several things, prompts, and what an answer says of how it was made."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from eex.encoders.inputs import ImageInput, image_input
from eex.errors import BadPictureError, BadQueryError, MissingWeightsError, ShapeError
from eex.search import contrast, vectors
from eex.search.compound import concepts_in
from eex.search.parts import RowPart, TextPart
from eex.search.query import Query
from eex.search.run import OpenSet
from toy_sets import RASTER, toy_set

ALL = "lowest z-score of the parts"


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("a river and a forest", ("a river", "a forest")),
        ("mountains with snow, next to a lake", ("mountains", "snow", "a lake")),
        ("solar panels near farmland", ("solar panels", "farmland")),
        ("airport + harbour & ships; sea", ("airport", "harbour", "ships", "sea")),
        ("black and white houses", ("black and white houses",)),
        ("black-and-white", ("black-and-white",)),
        ("without trees", ("without trees",)),
        ("sandy land", ("sandy land",)),
        ('"sand and gravel" and water', ("sand and gravel", "water")),
        ("“ice with cracks” , sea", ("ice with cracks", "sea")),
        ("1,000 houses", ("1,000 houses",)),
        ("湖、森", ("湖", "森")),
        ("lake, lake", ("lake",)),
        ("near Manaus", ("Manaus",)),
        ("desert", ("desert",)),
        ("and", ("and",)),
        (" , ", (",",)),
    ],
)
def test_a_text_is_split_into_what_it_names(text: str, concepts: tuple[str, ...]) -> None:
    assert concepts_in(text) == concepts


def test_with_all_the_score_is_the_lowest_z_score(world: OpenSet) -> None:
    found = world.search(text=["mountains", "coastline"], match="all", k=20, spread_km=0)
    each = [world.search(text=t).scores.astype(float) for t in ("mountains", "coastline")]
    z = np.minimum(*[(one - one.mean()) / one.std() for one in each])
    np.testing.assert_allclose(found.scores, z, atol=2e-2)
    best = np.argsort(-z, kind="stable")[:20]
    assert len(set(best.tolist()) & {tile.row for tile in found.results}) >= 18
    assert (np.diff([tile.score for tile in found.results]) <= 0).all()
    for tile in found.results:
        assert tile.score == pytest.approx(z[tile.row], abs=2e-2)
        assert set(tile.parts) == {"text_1", "text_2"}


def test_a_sum_lets_one_part_make_up_for_another_and_all_does_not(world: OpenSet) -> None:
    rows = {}
    for match in ("sum", "all"):
        found = world.search(text=["sand desert", "coastline"], match=match, k=50)  # type: ignore[arg-type]
        rows[match] = [tile.row for tile in found.results]
    each = [world.search(text=t).scores.astype(float) for t in ("sand desert", "coastline")]
    z = np.stack([(one - one.mean()) / one.std() for one in each])
    assert z[:, rows["all"]].min(axis=0).mean() > z[:, rows["sum"]].min(axis=0).mean()


def test_ties_rank_by_row_and_every_row_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    vectors = np.asarray(opened.embeddings.vectors).copy()
    vectors[1000:] = vectors[:1000]
    object.__setattr__(opened.embeddings, "vectors", vectors)
    parts = (RowPart(3), RowPart(500), RowPart(77, -1.0))
    found = opened.ask(Query(parts=parts, fusion="minimum", k=40))
    wide = vectors.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    scores = wide @ wide[[3, 500, 77]].T
    z = (scores - scores.mean(axis=0)) / scores.std(axis=0) * (1, 1, -1)
    lowest = np.round(z.min(axis=1), 4)
    expected = np.lexsort((np.arange(2000), -lowest))[:40]
    rows = [tile.row for tile in found.results]
    np.testing.assert_allclose(lowest[rows], lowest[expected], atol=2e-3)
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert second == first + 1000
    assert found.results == opened.ask(Query(parts=parts, fusion="minimum", k=40)).results


def test_all_works_with_a_box_a_spread_and_a_percentage(world: OpenSet) -> None:
    texts = ["mountains", "coastline"]
    box = world.search(text=texts, match="all", bbox=(-80, -60, -60, 0))
    assert all(-80 <= tile.lon <= -60 for tile in box.results)
    assert len(box) == 10
    some = world.search(text=texts, match="all", top_percent=1)
    assert len(some) == some.ranked.sum() == int(np.ceil(len(world) / 100))
    assert min(t.score for t in some.results) == some.scores[some.ranked].min()
    empty = world.search(text=texts, match="all", bbox=(-140, -10, -130, -5))
    assert len(empty) == 0


def test_one_part_and_no_contrast_at_all_are_no_special_cases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, _ = toy_set(monkeypatch)
    single = opened.ask(Query(parts=(RowPart(5),), fusion="minimum", k=3))
    assert single.results[0].row == 5
    vectors = np.tile(np.asarray(opened.embeddings.vectors)[:1], (2000, 1))
    level, _ = toy_set(monkeypatch)
    object.__setattr__(level.embeddings, "vectors", vectors)
    found = level.ask(Query(parts=(RowPart(5), RowPart(6)), fusion="minimum", k=3))
    assert [tile.row for tile in found.results] == [0, 1, 2]
    assert found.results[0].score == pytest.approx(0, abs=1e-3)


def test_an_answer_says_what_its_scores_are(world: OpenSet) -> None:
    plain = world.search(text="sand desert", k=2)
    both = world.search(text="coastline and mountains", split=True, match="all", k=2)
    assert (plain.score_kind, both.score_kind) == ("cosine", ALL)
    assert both.to_json()["score_kind"] == both.to_geojson()["score_kind"] == ALL
    rows = list(csv.DictReader(io.StringIO(both.to_csv())))
    assert {row["score_kind"] for row in rows} == {ALL}
    assert both.to_pandas().attrs["score_kind"] == ALL
    assert any(ALL in message for message in both.messages)
    assert both.map().size == (1800, 964)
    assert [part["text"] for part in both.recipe["parts"]] == ["coastline", "mountains"]
    again = world.ask(Query.from_json(json.loads(json.dumps(both.recipe))))
    assert again.results == both.results


def test_texts_in_the_list_of_parts_are_split_too() -> None:
    parts = [{"kind": "text", "text": "lake and forest", "weight": 2}, {"kind": "row", "row": 3}]
    query = Query.from_json({"parts": parts, "split": True})
    assert query.parts == (TextPart("lake", 2.0), TextPart("forest", 2.0), RowPart(3))
    assert Query.from_json(query.to_json()) == query


def test_a_query_in_json_can_be_split_and_matched() -> None:
    query = Query.from_json({"text": "lake and forest", "split": True, "match": "all"})
    assert query.parts == (TextPart("lake"), TextPart("forest"))
    assert Query.from_json(query.to_json()) == query
    for wrong, words in (
        ({"text": "lake", "match": "any"}, "match is"),
        ({"text": "lake", "match": "all", "weights": {"text": 2}}, "weights are 1 or -1"),
        ({"text": "lake", "prompts": ["no braces"]}, "one {} for the words"),
        ({"text": "lake", "prompts": "a {}"}, "must be a list"),
        ({"text": "lake", "prompts": ["{}"] * 101}, "At most 100"),
    ):
        with pytest.raises(BadQueryError, match=words):
            Query.from_json(wrong)


def test_prompts_are_averaged_shown_and_in_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    own = opened.search(text="forest", templates=True)
    given = opened.search(text="forest", templates=["a picture of {}", "{} from above"])
    assert own.results == given.results
    assert own.recipe["prompts"] == ["a picture of {}", "{} from above"]
    assert any("“a picture of {}”, “{} from above”" in message for message in own.messages)
    assert opened.search(text="forest").results != own.results
    encoder = opened.encoder
    each = encoder.encode_text(["a picture of forest", "forest from above"]).mean(axis=0)
    each /= np.linalg.norm(each)
    row = own.results[0].row
    vector = opened.embeddings.vectors[row].astype(float)
    assert own.results[0].score == pytest.approx(each @ vector / np.linalg.norm(vector), abs=1e-5)


def test_a_model_without_prompts_of_its_own_says_so(world: OpenSet) -> None:
    with pytest.raises(BadQueryError, match="no prompts of its own"):
        world.search(text="forest", templates=True)


def test_a_text_that_is_too_long_for_the_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    long = opened.search(text="one two three four five six")
    assert "Only the first 4 tokens of the text were read." in long.messages
    assert not any("tokens" in m for m in opened.search(text="one two").messages)


def test_tiles_are_asked_with_before_the_weights_are_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, loader = toy_set(monkeypatch, missing=True)
    assert opened.search(row=7, k=1).results[0].row == 7
    assert opened.concepts() == ()
    assert loader.asked == []
    with pytest.raises(MissingWeightsError) as caught:
        opened.search(text="forest")
    assert caught.value.hint == "eex models get short"


def test_queries_use_the_variant_of_the_set(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, loader = toy_set(monkeypatch)
    turned, other = toy_set(monkeypatch, variant="eee")
    one, two = (opened.search(text="forest").scores for opened in (plain, turned))
    np.testing.assert_allclose(one, -two, atol=1e-3)
    assert (loader.asked, other.asked) == ([("short", "official")], [("short", "eee")])


def test_a_picture_for_a_model_of_rasters_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, _ = toy_set(monkeypatch, RASTER)
    with pytest.raises(BadPictureError, match="4-band Sentinel-2 pixels") as caught:
        opened.search(image=np.zeros((32, 32, 3), np.uint8))
    assert "GeoTIFF" in caught.value.hint


def test_a_model_of_rasters_is_asked_with_a_geotiff(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rasterio = pytest.importorskip("rasterio")
    opened, _ = toy_set(monkeypatch, RASTER)
    path = tmp_path / "tile.tif"
    dn = np.random.default_rng(0).integers(1, 9_000, (12, 30, 30), np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=30, count=12, dtype="uint16", crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as file:  # fmt: skip
        file.write(dn)
    wanted = opened.encoder.encode_image([dn[[1, 2, 3, 7]]])[0]
    found = opened.search(image=path, k=1)
    vector = opened.embeddings.vectors[found.results[0].row].astype(float)
    assert found.results[0].score == pytest.approx(
        wanted @ vector / np.linalg.norm(vector), abs=1e-5
    )
    with rasterio.open(
        path, "w", driver="GTiff", width=3000, height=3000, count=20, dtype="uint16",
        compress="lzw", sparse_ok=True, crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 100_000
    with pytest.raises(ShapeError, match="20 bands and does not say which"):
        opened.search(image=path)


def test_a_large_raster_is_asked_with_by_its_centre_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rasterio = pytest.importorskip("rasterio")
    opened, _ = toy_set(monkeypatch, RASTER)
    path = tmp_path / "large.tif"
    dn = np.ones((4, 1300, 600), np.uint16)
    dn[:, 100:1200] = np.random.default_rng(0).integers(1, 9_000, (4, 1, 600))
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=1300, count=4, dtype="uint16",
        compress="deflate", crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as file:  # fmt: skip
        file.write(dn)
        for number, band in enumerate(RASTER.bands, start=1):
            file.set_band_description(number, band)
    seen: list[ImageInput] = []
    encode = vectors.encode_inputs
    monkeypatch.setattr(vectors, "encode_inputs", lambda e, i: seen.extend(i) or encode(e, i))
    found = opened.search(image=path, k=1)
    np.testing.assert_array_equal(seen[0].pixels, dn[:, 100:1200])
    told = "The picture is 600 x 1,300 pixels; only its centre, 600 x 1,100, was looked at."
    assert told in found.messages
    assert image_input(path, RASTER).pixels.shape == (4, 1300, 600)
    assert seen[0].lonlat == pytest.approx(image_input(path, RASTER).lonlat)


def test_few_rasters_are_held_in_memory_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch, RASTER)
    reading, most, lock = 0, 0, threading.Lock()

    def slowly(*_args: object, **_more: object) -> ImageInput:
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        time.sleep(0.02)
        with lock:
            reading -= 1
        return ImageInput(pixels=np.ones((4, 9, 9), np.uint16), shown=np.ones((9, 9, 3), np.uint8))

    monkeypatch.setattr(vectors, "image_input", slowly)
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda _: opened.search(image=b"II*\0", k=1), range(8)))
    assert len(found) == 8
    assert most == 2


def test_a_set_of_another_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    object.__setattr__(opened.embeddings.header, "dim", 32)
    with pytest.raises(BadQueryError, match="vectors of 16 numbers, this set has 32"):
        opened.search(text="forest")


def test_words_that_tell_nothing_apart_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    rng = np.random.default_rng(0)
    forest = opened.encoder.encode_text(["forest"])[0].astype(float)
    noise = rng.normal(size=(2000, 16))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    object.__setattr__(opened.embeddings, "vectors", noise.astype(np.float16))
    assert any("hardly lift the best tiles" in m for m in opened.search(text="forest").messages)
    clear = noise.copy()
    clear[:100] += 2 * forest
    clear /= np.linalg.norm(clear, axis=1, keepdims=True)
    second, _ = toy_set(monkeypatch)
    object.__setattr__(second.embeddings, "vectors", clear.astype(np.float16))
    assert not second.search(text="forest").messages
    assert not opened.search(row=3).messages


def test_reach_is_what_it_says() -> None:
    rng = np.random.default_rng(0)
    level = rng.normal(size=100_000)
    assert contrast.reach(level) == pytest.approx(1, abs=0.1)
    assert contrast.reach(np.append(level, np.full(200, 9.0))) > 2
    assert contrast.reach(np.exp(level)) > 5
    assert np.isnan(contrast.reach(level[:500]))
    assert np.isnan(contrast.reach(np.zeros(5_000)))
