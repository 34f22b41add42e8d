"""Heatmaps show where in a picture a query fits, and files say where that is on Earth."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

import eex
from eex.config import Settings
from eex.encoders.inputs import ImageInput
from eex.encoders.open import Encoder
from eex.encoders.preprocess import Preprocess
from eex.errors import BadQueryError, SetNotFoundError, UnknownNameError
from eex.export import Credit
from eex.heatmaps.draw import overlay, upsampled
from eex.heatmaps.make import heatmap
from eex.heatmaps.record import COSINE, PLAIN, SHARE, Heatmap
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.testing import TOY
from shared_data import golden, needs_shared, shared
from toy_sets import Loader, toy_set

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 200)


class Colours:
    """Features of a patch are its mean colour: 4 x 4 patches of 8 pixels."""

    dim = 3
    patch_grid = (4, 4)
    prepare = Preprocess(size=32, mean=(0, 0, 0), std=(1, 1, 1))

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        names = ("red", "green", "blue")
        return np.array([[float(n in text) + 1e-3 for n in names] for text in texts], np.float32)

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        means = np.array([image.reshape(-1, 3).mean(axis=0) for image in images])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)

    def preprocess(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.prepare.batch(images)

    def patch_features(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        n, _, height, width = pixels.shape
        blocks = pixels.reshape(n, 3, height // 8, 8, width // 8, 8)
        return blocks.mean(axis=(3, 5)).transpose(0, 2, 3, 1)


COLOURS = replace(TOY, name="colours", dim=3, modalities=("text", "image"), heatmaps=True)


@pytest.fixture
def model() -> Encoder:
    return Encoder(COLOURS, COLOURS.variants[0], Colours())


def painted(height: int = 64, width: int = 64) -> NDArray[np.uint8]:
    """Return a green picture whose upper right quarter is red."""
    picture = np.full((height, width, 3), GREEN, np.uint8)
    picture[: height // 2, width // 2 :] = RED
    return picture


def placed() -> ImageInput:
    picture = painted(64, 128)
    transform = (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0)
    return ImageInput(
        pixels=picture, shown=picture, name="tile", transform=transform, crs="EPSG:32633"
    )


def test_the_brightest_cells_are_where_the_query_is(model: Encoder) -> None:
    found = heatmap(model, painted(), text="red")
    assert found.kind == COSINE
    assert found.grid.shape[0] == found.grid.shape[1] == 14  # at least 14 cells
    bright = found.levels() > 0.9
    assert bright[:7, 7:].all()
    assert not bright[7:].any()
    assert not bright[:, :7].any()
    assert (found.query, found.model) == ("“red”", "colours")


def test_the_whole_picture_is_covered_whatever_its_shape(model: Encoder) -> None:
    found = heatmap(model, painted(40, 120), text="red", size=32)
    assert found.grid.shape == (4, 12)
    assert (found.levels()[:2, 6:] > 0.9).all()
    assert (found.levels()[2:] < 0.1).all()


def test_without_centring_numbers_are_plain_cosines(model: Encoder) -> None:
    plain = heatmap(model, painted(), text="red", centre=False, size=32)
    assert plain.kind == PLAIN
    np.testing.assert_array_equal(plain.grid, plain.raw)
    vector = model.encode_text(["red"])[0].astype(float)
    pixel = np.array(RED) / np.linalg.norm(RED)
    assert plain.raw[0, 3] == pytest.approx(vector @ pixel / np.linalg.norm(vector), abs=1e-3)
    centred = heatmap(model, painted(), text="red", size=32)
    np.testing.assert_array_equal(centred.raw, plain.raw)
    np.testing.assert_allclose(np.abs(centred.grid).mean(), np.abs(centred.grid[0, 3]), atol=0.5)


def test_any_query_will_do(model: Encoder) -> None:
    red = np.full((20, 20, 3), RED, np.uint8)
    by_picture = heatmap(model, painted(), like=red)
    by_cell = heatmap(model, painted(), patch=(0, 13))
    by_vector = heatmap(model, painted(), vector=np.array(RED, np.float32))
    for found in (by_picture, by_cell, by_vector):
        assert (found.levels()[:7, 7:] > 0.9).all()
        assert (found.levels()[7:] < 0.1).all()
    assert by_cell.grid[0, 13] == pytest.approx(1, abs=1e-6)


def test_a_background_competes(model: Encoder) -> None:
    found = heatmap(model, painted(), text="red", background=["green", "blue"])
    assert found.kind == SHARE
    assert found.limits == (0, 1)
    assert found.grid[:7, 7:].min() > 0.99
    assert found.grid[7:].max() < 0.01
    nothing = heatmap(model, painted(), text="blue", background=["green", "red"])
    assert nothing.grid.max() < 0.01
    assert "background" in found.caption
    assert "no two pictures" in heatmap(model, painted(), text="blue").caption


def test_what_cannot_be_asked_is_refused_in_words(model: Encoder) -> None:
    with pytest.raises(BadQueryError, match="one query"):
        heatmap(model, painted())
    with pytest.raises(BadQueryError, match="one query"):
        heatmap(model, painted(), text="red", patch=(0, 0))
    with pytest.raises(BadQueryError, match="no cell 99,0"):
        heatmap(model, painted(), patch=(99, 0))
    for patch in ((1.5, 2), (1,), "ab", 3):
        with pytest.raises(BadQueryError, match="two whole numbers"):
            heatmap(model, painted(), patch=patch)  # type: ignore[arg-type]
    for number in (np.nan, np.inf, 0):
        with pytest.raises(BadQueryError, match="no direction"):
            heatmap(model, painted(), vector=np.full(3, number, np.float32))
    with pytest.raises(BadQueryError, match="size of 5 pixels"):
        heatmap(model, painted(), text="red", size=5)
    with pytest.raises(BadQueryError, match="3 numbers"):
        heatmap(model, painted(), vector=np.ones(4, np.float32))
    spec = replace(COLOURS, heatmaps=False)
    with pytest.raises(BadQueryError, match="cannot say where"):
        heatmap(Encoder(spec, spec.variants[0], Colours()), painted(), text="red")


def test_a_level_picture_has_no_brightest_cell(model: Encoder) -> None:
    found = heatmap(model, np.full((40, 40, 3), GREEN, np.uint8), text="red")
    assert np.isfinite(found.grid).all()
    np.testing.assert_array_equal(found.levels(), np.full(found.grid.shape, 0.5))


def test_the_colours_lie_where_the_cells_are(model: Encoder) -> None:
    found = heatmap(model, painted(), text="red", size=32)
    drawn = np.asarray(overlay(found, opacity=1.0), int)
    assert drawn.shape == (512, 512, 3)
    assert drawn[100, 400].tolist() == pytest.approx([253, 231, 37], abs=3)  # viridis ends yellow
    assert drawn[400, 100].tolist() == pytest.approx([68, 1, 84], abs=3)
    bare = np.asarray(overlay(found, opacity=0.0), int)
    assert bare[100, 400].tolist() == list(RED)
    with pytest.raises(BadQueryError, match="Opacity"):
        overlay(found, opacity=2)


def test_upsampling_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    grid = np.random.default_rng(0).normal(size=(5, 7))
    for shape in ((50, 63), (5, 7), (11, 8)):
        theirs = torch.nn.functional.interpolate(
            torch.from_numpy(grid)[None, None], size=shape, mode="bilinear", align_corners=False
        )[0, 0].numpy()
        np.testing.assert_allclose(upsampled(grid, shape), theirs, atol=1e-12)
    np.testing.assert_array_equal(upsampled(np.array([[3.0]]), (2, 2)), np.full((2, 2), 3.0))


CREDIT = Credit(set_id="s", model="colours", licence="CC-BY-4.0", attribution="Copernicus")


@pytest.fixture
def found(model: Encoder) -> Heatmap:
    return heatmap(model, placed(), text="red", size=32, credit=CREDIT)


def test_a_png_has_a_world_file_and_says_what_it_is(found: Heatmap, tmp_path: Path) -> None:
    written = found.save(tmp_path / "heat.png")
    assert [path.name for path in written] == ["heat.png", "heat.pgw"]
    with Image.open(written[0]) as picture:
        assert picture.size == (512, 256)
        text = picture.text  # type: ignore[attr-defined]
    assert text["Copyright"] == "CC-BY-4.0"
    assert text["Source"] == "Copernicus"
    assert text["CRS"] == "EPSG:32633"
    assert "“red”" in text["Title"]
    numbers = [float(line) for line in written[1].read_text().split()]
    assert numbers == pytest.approx([2.5, 0, 0, -2.5, 500_001.25, 4_999_998.75])


def test_a_geotiff_has_the_numbers_where_they_belong(found: Heatmap, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    (path,) = found.save(tmp_path / "heat.tif")
    with rasterio.open(path) as file:
        assert (file.count, file.dtypes[0], str(file.crs)) == (2, "float32", "EPSG:32633")
        np.testing.assert_array_equal(file.read(1), found.grid)
        np.testing.assert_array_equal(file.read(2), found.raw)
        assert tuple(file.bounds) == (500_000, 4_999_360, 501_280, 5_000_000)
        assert "Copernicus" in file.tags()["TIFFTAG_COPYRIGHT"]
        assert file.descriptions[0] == COSINE


def test_an_array_is_the_grid_and_other_names_are_refused(found: Heatmap, tmp_path: Path) -> None:
    (path,) = found.save(tmp_path / "heat.npy")
    np.testing.assert_array_equal(np.load(path), found.grid)
    with pytest.raises(BadQueryError, match="in which format"):
        found.save(tmp_path / "heat.xyz")


def test_a_picture_that_lies_nowhere_is_exported_without_a_place(
    model: Encoder, tmp_path: Path
) -> None:
    rasterio = pytest.importorskip("rasterio")
    found = heatmap(model, painted(), text="red")
    assert found.cells is None
    assert len(found.save(tmp_path / "a.png")) == 1
    (path,) = found.save(tmp_path / "a.tif")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(path) as file:
        assert (file.crs, file.tags().get("TIFFTAG_COPYRIGHT")) == (None, None)


class ColourLoader(Loader):
    def __call__(self, name: str, *, variant: str, **_: Any) -> Encoder:
        self.asked.append((name, variant))
        return Encoder(COLOURS, COLOURS.variants[0], Colours())


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    opened, _ = toy_set(monkeypatch, COLOURS, pixels="bluemarble", licence="CC0", rows=50)
    opened.pool._load = ColourLoader()
    opened.embeddings.lonlat[0] = (30.9, 28.0)  # the Nile between deserts
    return opened


def test_a_tile_of_a_set_is_looked_at(tiles: OpenSet) -> None:
    found = tiles.heatmap("red", 0)
    assert found.picture.shape == (32, 32, 3)
    assert found.title == "cell0"
    assert found.credit is not None
    assert found.credit.licence == "CC0"
    mixed = tiles.heatmap(Query.from_json({"text": "green", "row": 3, "weights": {"row": -1}}), 0)
    assert mixed.query == "“green”, not like tile 3"
    assert tiles.heatmap(Query.from_json({"row": 3}), 0).grid.shape == found.grid.shape
    with pytest.raises(SetNotFoundError):
        tiles.heatmap("red", 99)


def test_a_set_that_does_not_say_how_its_pixels_are_read_has_no_heatmaps_of_tiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, _ = toy_set(monkeypatch, COLOURS, rows=50)
    with pytest.raises(UnknownNameError, match="does not say how the pixels") as told:
        opened.heatmap("red", 0)
    assert "file" in told.value.hint


def test_a_tile_lies_where_its_row_says(world: OpenSet) -> None:
    from eex.search.tile import tile_affine

    (a, _, west, _, e, north), crs = tile_affine(world.embeddings, 9000, (32, 32, 3))
    lon, lat = world.embeddings.lonlat[9000]
    assert crs == "EPSG:4326"
    assert (west + 16 * a, north + 16 * e) == pytest.approx((lon, lat), abs=0.05)


def test_the_embedded_world_has_no_heatmaps(world: OpenSet) -> None:
    with pytest.raises(BadQueryError, match="cannot say where"):
        world.heatmap("sand desert", 5)


@pytest.fixture
def client(tiles: OpenSet, settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings)
    app.state.eex.serve(tiles)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_the_server_draws_the_heatmap_of_an_answer(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.post("/api/v1/search", json={"set": "toys", "text": "red", "k": 3}).json()
    url = f"/api/v1/searches/{answer['id']}/tiles/0/heatmap"
    drawn = client.get(url, params={"size": 300})
    assert drawn.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(drawn.content)).size == (300, 300)
    assert float(drawn.headers["x-eex-min"]) < float(drawn.headers["x-eex-max"])
    known = {"If-None-Match": drawn.headers["etag"]}
    with monkeypatch.context() as broken:
        broken.delattr(OpenSet, "heatmap")  # who has the picture already costs no network
        assert client.get(url, params={"size": 300}, headers=known).status_code == 304
    assert client.get(f"/api/v1/searches/{answer['id']}/tiles/999/heatmap").status_code == 404
    assert client.get("/api/v1/searches/none/tiles/0/heatmap").status_code == 404
    info = client.get("/api/v1/sets/toys").json()
    assert info["heatmaps"] is True


def test_the_colours_come_alone_for_who_blends_them_over_the_picture(client: TestClient) -> None:
    answer = client.post("/api/v1/search", json={"set": "toys", "text": "red", "k": 3}).json()
    url = f"/api/v1/searches/{answer['id']}/tiles/0/heatmap"

    def drawn(**how: Any) -> NDArray[np.float64]:
        content = client.get(url, params={"size": 300, **how}).content
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), float)

    alone, below = drawn(layer=True, opacity=0), drawn(opacity=0)
    np.testing.assert_array_equal(alone, drawn(opacity=1))
    assert np.abs(alone - below).max() > 50
    np.testing.assert_allclose(0.7 * below + 0.3 * alone, drawn(opacity=0.3), atol=1)


def test_the_server_says_that_a_model_has_none(settings: Settings, world: OpenSet) -> None:
    assert len(world)
    with TestClient(create_app(settings)) as client:
        answer = client.post("/api/v1/search", json={"text": "sand desert"}).json()
        problem = client.get(f"/api/v1/searches/{answer['id']}/tiles/0/heatmap")
    assert problem.status_code == 422
    assert "cannot say where" in problem.json()["detail"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    from pair_checkpoints import as_open_clip, tiny_clip

    path = tmp_path_factory.mktemp("clip") / "RemoteCLIP-ViT-B-32.pt"
    torch.save(as_open_clip(tiny_clip()), path)
    return path


def remoteclip(path: Path, caplog: pytest.LogCaptureFixture) -> Encoder:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly
    return eex.encoder("remoteclip-vit-b-32", weights=path, device="cpu")


def test_a_clip_answers_every_kind_of_query(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    encoder = remoteclip(tiny, caplog)
    rng = np.random.default_rng(0)
    picture = rng.integers(256, size=(48, 96, 3), dtype=np.uint8)
    for query in ({"text": "a lake"}, {"like": picture[:, :48]}, {"patch": (2, 3)}):
        found = heatmap(encoder, picture, **query, size=32)  # type: ignore[arg-type]
        assert found.grid.shape == (4, 8)
        assert np.isfinite(found.grid).all()
        assert np.abs(found.raw).max() <= 1 + 1e-6
    raw = heatmap(encoder, picture, text="a lake", size=32).raw
    pixels = encoder.prepare.scaled(
        np.asarray(Image.fromarray(picture).resize((64, 32), Image.Resampling.BICUBIC))
    )
    patches = encoder.patch_features(pixels[None])[0]
    patches /= np.linalg.norm(patches, axis=-1, keepdims=True)
    np.testing.assert_allclose(raw, patches @ encoder.encode_text(["a lake"])[0], atol=1e-5)


def test_only_models_with_features_of_patches_say_they_have_heatmaps() -> None:
    from eex.encoders.open import encoder_specs

    with_heatmaps = {spec.name for spec in encoder_specs() if spec.heatmaps}
    assert "remoteclip-vit-b-32" in with_heatmaps
    assert "demo-bluemarble-concepts" not in with_heatmaps


@needs_shared
def test_clearclips_figures_are_met(caplog: pytest.LogCaptureFixture) -> None:
    """Cosines with given queries, bilinear to the size of the picture, as in the reference."""
    encoder = remoteclip(shared("remoteclip/checkpoints/RemoteCLIP-tiny.pt"), caplog)
    pixels = golden("clearclip/inputs/pixels_64x64_f32.npy")
    queries = golden("clearclip/inputs/query_features_unit.npy")
    expected = golden("clearclip/expected/logits_ClearCLIP_64x64.npy")
    patches = encoder.patch_features(pixels)[0].astype(np.float64)
    patches /= np.linalg.norm(patches, axis=-1, keepdims=True)
    for query, wanted in zip(queries, expected.reshape(-1, *expected.shape[-2:]), strict=False):
        np.testing.assert_allclose(upsampled(patches @ query, (64, 64)), wanted, atol=1e-4)
