"""The commands that run a model: encode, heatmap, and the options of search."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import eex
from eex.cli import main
from eex.encoders.inputs import encode_inputs, image_input
from eex.encoders.open import encoder_spec
from eex.errors import BadPictureError, BadQueryError, ShapeError
from eex.imagery.sentinel2 import read_scene, true_colour
from eex.search.run import OpenSet

Run = Callable[..., tuple[int, str, str]]

DEMO = ("--model", "demo-bluemarble-concepts")


@pytest.fixture
def run(world: OpenSet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(world.settings.cache_dir))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as done:
            code = int(done.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the options that name a small random RemoteCLIP."""
    torch = pytest.importorskip("torch")
    from pair_checkpoints import as_open_clip, tiny_clip

    path = tmp_path_factory.mktemp("clip") / "RemoteCLIP-ViT-B-32.pt"
    torch.save(as_open_clip(tiny_clip()), path)
    return ("--model", "remoteclip-vit-b-32", "--weights", str(path), "--device", "cpu")


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


def loaded(options: tuple[str, ...]) -> eex.Encoder:
    return eex.encoder(options[1], weights=options[3], device="cpu")


def picture(path: Path, *, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(256, size=(40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def raster(path: Path, bands: int = 12) -> tuple[Path, np.ndarray]:
    """Write a GeoTIFF of Sentinel-2 bands, 40 pixels a side."""
    rasterio = pytest.importorskip("rasterio")
    dn = np.random.default_rng(1).integers(200, 4000, size=(bands, 40, 40), dtype=np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=40, count=bands, dtype="uint16",
        crs="EPSG:32633", transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as file:  # fmt: skip
        file.write(dn)
    return path, dn


def test_texts_become_an_array(run: Run, clip: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    code, said, told = run("encode", "text", "a lake", "forest", *clip, "-o", out)
    vectors = np.load(out)
    assert (code, said, vectors.dtype, vectors.shape) == (0, "", np.float32, (2, 24))
    assert "Wrote" in told
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors, loaded(clip).encode_text(["a lake", "forest"]))


def test_prompts_are_used_and_shown(run: Run, clip: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "vectors.json"
    code, _, told = run("encode", "text", "lake", *clip, "--prompt", "a photo of {}", "-o", out)
    record = json.loads(out.read_text())
    assert code == 0
    assert "a photo of {}" in told
    assert (record["model"], record["dim"], record["inputs"]) == (clip[1], 24, ["lake"])
    wanted = loaded(clip).encode_text(["lake"], templates=["a photo of {}"])
    np.testing.assert_allclose(record["vectors"], wanted, atol=1e-7)
    alone = loaded(clip).encode_text(["lake"], templates="a photo of {}")
    np.testing.assert_array_equal(alone, wanted)
    own = loaded(clip).encode_text(["lake"], templates=loaded(clip).spec.templates)
    np.testing.assert_array_equal(loaded(clip).encode_text(["lake"], templates=True), own)
    code, _, told = run("encode", "text", "lake", *clip, "--prompts")
    assert code == 0
    assert all(template in told for template in loaded(clip).spec.templates)
    code, _, told = run("encode", "text", "lake", *DEMO, "--prompts")
    assert (code, "no prompts of its own" in told) == (1, True)


def test_a_long_text_is_told(
    run: Run, clip: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "eex")
    run("encode", "text", "few words", *clip)
    assert "tokens" not in caplog.text
    assert run("encode", "text", "many words " * 80, "few", *clip)[0] == 0
    assert "Only the first 77 tokens were read of: many words" in caplog.messages[-1]
    caplog.clear()
    loaded(clip).encode_text(["lake", "pond"], templates=["a picture of {}", "so " * 90 + "{}"])
    assert caplog.messages[-1].endswith("…, and of 1 more")


def test_without_a_file_a_short_table_or_json_is_printed(run: Run) -> None:
    code, out, _ = run("encode", "text", "sand desert", *DEMO)
    assert code == 0
    assert "64 numbers" in out.splitlines()[0]
    assert out.splitlines()[1].startswith("sand desert")
    record = json.loads(run("encode", "text", "sand desert", *DEMO, "--json")[1])
    assert len(record["vectors"][0]) == 64


def test_places_may_be_in_the_south(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "places.npy"
    code, _, _ = run("encode", "place", "-14.2, -69.1", "Cairo", *DEMO, "-o", out)
    assert code == 0
    wanted = eex.encoder(DEMO[1]).encode_place([[-69.1, -14.2]])
    np.testing.assert_allclose(np.load(out)[0], wanted[0], atol=1e-6)
    assert run("encode", "place", "120, 30", *DEMO)[0] == 1
    assert run("encode", "place", "--nonsense", "Cairo", *DEMO)[0] == 1


def test_pictures_and_rasters_become_vectors(
    run: Run, clip: tuple[str, ...], tmp_path: Path
) -> None:
    photo = picture(tmp_path / "a.png")
    tile, dn = raster(tmp_path / "tile.tif")
    out = tmp_path / "vectors.npy"
    assert run("encode", "image", photo, tile, *clip, "-o", out)[0] == 0
    shown = true_colour(dn[[3, 2, 1]])  # B04, B03, B02 of the usual order
    wanted = loaded(clip).encode_image(
        [np.asarray(Image.open(io.BytesIO(photo.read_bytes()))), shown]
    )
    np.testing.assert_allclose(np.load(out), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("encode", "text", "x", "--model", "remoteclip-vit-b-33"), "remoteclip-vit-b-32"),
        (("encode", "text", "x", *DEMO, "-o", "vectors.txt"), "in which format"),
        (("encode", "text", "x", *DEMO, "-o", "none/vectors.npy"), "does not exist"),
        (("encode", "text", " ", *DEMO), "empty"),
        (("encode", "image", "none.png", *DEMO), "cannot be read"),
        (("encode", "image", ".", *DEMO), "has no"),
        (("encode", "text", "x", "--model", "dinov2-large"), "dinov2-large"),
        (("heatmap", "none.png", *DEMO, "--text", "x", "-o", "heat.txt"), "in which format"),
        (("set", "check", "none.parquet"), "no embedding set"),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Run,
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EEX_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    code, out, told = run(*arguments)
    assert (code, out) == (1, "")
    assert words in told
    assert len([line for line in told.splitlines() if line.startswith("Error:")]) == 1
    assert not list(tmp_path.iterdir())


def test_a_typo_gets_the_nearest_command(run: Run) -> None:
    code, _, told = run("encode", "txt", "x", *DEMO)
    assert code == 2
    assert "Did you mean 'text'?" in told


def test_a_heatmap_is_written(run: Run, clip: tuple[str, ...], tmp_path: Path) -> None:
    photo, heat = picture(tmp_path / "a.png"), tmp_path / "heat.png"
    code, out, told = run("heatmap", photo, *clip, "--text", "a lake", "-o", heat, "--size", 32)
    assert code == 0
    assert "4 x 6 cells" in out
    assert "no two pictures compare" in out
    assert "heat.png" in told
    assert Image.open(io.BytesIO(heat.read_bytes())).size == (512, 341)
    grid = tmp_path / "heat.npy"
    for query in (("--like", photo), ("--patch", "1,2"), ("--text", "x", "--background", "y")):
        assert run("heatmap", photo, *clip, *query, "-o", grid, "--size", 32)[0] == 0
        assert np.load(grid).shape == (4, 6)
    tile, _ = raster(tmp_path / "tile.tif")
    assert run("heatmap", tile, *clip, "--text", "x", "-o", tmp_path / "heat.tif")[0] == 0
    assert run("heatmap", photo, *clip)[0] == 2
    assert run("heatmap", photo, *clip, "--patch", "7")[0] == 2
    assert "no cell 70,0" in run("heatmap", photo, *clip, "--patch", "70,0", "-o", grid)[2]


def test_concepts_are_ranked_together(run: Run, world: OpenSet) -> None:
    ask = ("search", "--format", "json", "--k", "4", "--match", "all")
    split = json.loads(run(*ask, "--text", "mountains and coastline", "--split")[1])
    both = json.loads(run(*ask, "--text", "mountains", "--text", "coastline")[1])
    assert split["results"] == both["results"]
    assert split["score_kind"] == "lowest z-score of the parts"
    found = world.search(text=["mountains", "coastline"], match="all", k=4)
    assert both["results"] == [tile.to_json() for tile in found.results]
    assert run(*ask, "--text", "lake", "--weight", "text=2")[0] == 1


def test_a_set_can_be_asked_with_given_weights_and_prompts(run: Run, tmp_path: Path) -> None:
    code, _, told = run("search", "--text", "lake", "--model-weights", tmp_path)
    assert (code, "takes no weights" in told) == (1, True)
    code, out, told = run("search", "--text", "lake", "--prompt", "a {} here", "--format", "json")
    assert code == 0
    assert json.loads(out)["recipe"]["prompts"] == ["a {} here"]
    assert "“a {} here”" in told


def test_images_for_models_of_rasters_are_rasters(tmp_path: Path) -> None:
    spec = encoder_spec("galileo-nano")
    tile, dn = raster(tmp_path / "tile.tif")
    given = image_input(tile, spec)
    order = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11]
    np.testing.assert_array_equal(given.pixels, dn[order])
    assert given.crs == "EPSG:32633"
    assert given.lonlat == pytest.approx((15.0, 45.15), abs=0.1)
    np.testing.assert_array_equal(image_input(tile.read_bytes(), spec).pixels, given.pixels)
    with pytest.raises(BadPictureError, match="10-band Sentinel-2 pixels"):
        image_input(picture(tmp_path / "a.png"), spec)
    with pytest.raises(BadPictureError, match="10-band Sentinel-2 pixels"):
        image_input(picture(tmp_path / "a.tif"), spec)
    with pytest.raises(ShapeError):
        image_input(raster(tmp_path / "five.tif", bands=5)[0], spec)
    with pytest.raises(BadPictureError):
        image_input(tmp_path / "none.tif", spec)


def test_a_tiff_that_is_a_picture_stays_one_and_keeps_its_place(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    spec = encoder_spec("remoteclip-vit-b-32")
    pixels = np.random.default_rng(0).integers(256, size=(3, 40, 60), dtype=np.uint8)
    path = tmp_path / "shown.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=60, height=40, count=3, dtype="uint8",
        crs="EPSG:32633", transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as file:  # fmt: skip
        file.write(pixels)
    given = image_input(path, spec)
    np.testing.assert_array_equal(given.pixels, pixels.transpose(1, 2, 0))
    assert given.transform == (10, 0, 500_000, 0, -10, 5_000_000)
    plain = image_input(picture(tmp_path / "plain.tif"), spec)
    assert (plain.transform, plain.pixels.shape) == (None, (40, 60, 3))


def test_a_model_of_pictures_sees_a_raster_in_true_colour_in_python_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from eex.encoders.open import Encoder
    from eex.testing import TOY, ToyEncoder

    tile, _ = raster(tmp_path / "tile.tif")
    model = Encoder(TOY, TOY.variants[0], ToyEncoder())
    wanted = model.encode_image([image_input(tile, TOY).shown])
    for given in (tile, str(tile), tile.read_bytes()):
        np.testing.assert_array_equal(model.encode_image([given]), wanted)
    with pytest.raises(ShapeError, match="5 bands and does not say which"):
        model.encode_image([raster(tmp_path / "five.tif", bands=5)[0]])
    assert capfd.readouterr().err == ""


def test_a_model_of_rasters_reads_files_in_python_too(tmp_path: Path) -> None:
    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder

    class Takes:
        dim = 2
        takes = frozenset({"lonlat"})
        where: object = None

        def encode_image(self, images: list[np.ndarray], lonlat: object = None) -> np.ndarray:
            self.where = lonlat
            return np.float32([[image.mean(), 1] for image in images])

    takes, (tile, dn) = Takes(), raster(tmp_path / "tile.tif")
    spec = EncoderSpec(
        name="toy-bands", title="Toy", dim=2, modalities=("image",), bands=("B04", "B08"),
        pixels="sentinel2-l2a", load=lambda **_: takes,
    )  # fmt: skip
    model = Encoder(spec, spec.variants[0], takes)
    wanted = model.encode_image([dn[[3, 7]]])
    assert takes.where is None
    for given in (tile, str(tile), tile.read_bytes(), read_scene(tile)):
        np.testing.assert_array_equal(model.encode_image([given]), wanted)
        np.testing.assert_allclose(takes.where, [[15, 45.1]], atol=0.1)
    model.encode_image([tile], lonlat=[[1, 2]])
    assert takes.where == [[1, 2]]
    with pytest.raises(BadQueryError, match="not taken together"):
        model.encode_image([tile, dn[[3, 7]]])
    with pytest.raises(BadPictureError, match="not a picture"):
        model.encode_image([picture(tmp_path / "a.png")])


def test_when_and_where_go_to_encoders_that_take_them() -> None:
    from datetime import UTC, datetime

    from eex.encoders.inputs import ImageInput
    from eex.encoders.open import Encoder
    from eex.testing import TOY

    class Takes:
        dim = 2
        takes = frozenset({"lonlat", "when"})
        given: dict[str, object]

        def encode_image(
            self, images: list[np.ndarray], lonlat: object = None, when: object = None
        ) -> np.ndarray:
            self.given = {"lonlat": lonlat, "when": when}
            return np.tile(np.float32([1, 0]), (len(images), 1))

    takes, pixels = Takes(), np.zeros((8, 8, 3), np.uint8)
    model = Encoder(TOY, TOY.variants[0], takes)
    when = datetime(2022, 7, 6, tzinfo=UTC)
    known = ImageInput(pixels=pixels, shown=pixels, lonlat=(15.0, 45.0), when=when)
    encode_inputs(model, [known])
    assert takes.given["when"] == [when]
    np.testing.assert_array_equal(takes.given["lonlat"], [[15, 45]])  # type: ignore[arg-type]
    encode_inputs(model, [known, ImageInput(pixels=pixels, shown=pixels)])
    assert takes.given["lonlat"] is None
    with pytest.raises(BadQueryError, match="takes no 'where' with images") as told:
        model.encode_image([pixels], where="here")
    assert told.value.hint == "It takes: lonlat, when."


def test_bands_of_a_raster_are_named_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    five, _ = raster(tmp_path / "five.tif", bands=5)
    command = ["encode", "image", str(five), "--model", "demo-bluemarble-concepts", "--json"]
    with pytest.raises(SystemExit):
        main(command)
    assert "--bands B04,B03,B02" in capsys.readouterr().err
    seen = []
    for bands in ("B04,B03,B02,B08,SCL", "B08, B03, B02, B04, SCL"):
        main([*command, "--bands", bands])
        seen.append(json.loads(capsys.readouterr().out)["vectors"])
    assert seen[0] != seen[1]
    with pytest.raises(SystemExit):
        main([*command, "--bands", "B04,B03"])
    assert "5 bands; 2 were named" in capsys.readouterr().err


def test_a_wrong_device_or_precision_is_told_before_weights_are_read(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "weights.pt").write_bytes(b"never read")
    for more in ({"device": "tpu"}, {"precision": "float8"}):
        with pytest.raises(BadQueryError, match="There is no"):
            eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "weights.pt", **more)
