"""Galileo gives what its authors' code gives, on made weights and on its real ones.

Figures named `*_SAYS` were printed by nasaharvest/galileo (commit 0f0b5b9, single_file_galileo.py:
`Encoder.forward` with all but Sentinel-2 masked, then `average_tokens`) on the inputs made here.
The made checkpoint follows a rule: `shared_data.ruled` of each name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tracemalloc
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import eex
from eex.encoders.base import EncoderSpec
from eex.encoders.galileo import BANDS, GALILEO_NANO, STATISTICS
from eex.errors import BadQueryError, DamagedWeightsError, MissingWeightsError, ShapeError
from eex.imagery.sentinel2 import Scene, read_scene
from eex.testing import EncoderContract
from shared_data import SHARED, needs_shared, ruled

torch = pytest.importorskip("torch")

MADE_SAYS = {
    "july": (-0.243202, -0.550477, -0.261541, -0.049676, -0.13509, 0.33465),
    "march": (-0.236396, -0.544957, -0.251855, -0.038072, -0.136143, 0.355423),
    "series": (-0.20919, -0.553554, -0.265447, -0.060521, -0.124302, 0.325388),
    "index": (-0.240359, -0.498758, -0.224675, -0.060032, -0.121231, 0.296159),
    "small patches": (-0.202494, -0.513718, -0.213953, 0.005963, -0.087488, 0.335665),
}
REAL_SAYS = {
    "july": (-0.043186, -0.073575, 0.145283, 0.110979, 0.082347, -0.00394),
    "march": (-0.044496, -0.094202, 0.117752, 0.085211, 0.070915, -0.014257),
    "series": (-0.018761, -0.111356, 0.071732, 0.089505, 0.037692, -0.029818),
    "index": (-0.039925, -0.059645, 0.139535, 0.107771, 0.069784, -0.000448),
    "small patches": (-0.040007, -0.038346, 0.179744, 0.101974, 0.068146, -0.006541),
}
SHA256 = "eab6acacf527886a508a555bc24efe4b4a2cf91b162e84cd1c4a1807e942180c"

GROUPS = {"S1": 2, "S2_RGB": 3, "S2_Red_Edge": 3, "S2_NIR_10m": 1, "S2_NIR_20m": 1}
SPACE_TIME = {**GROUPS, "S2_SWIR": 2, "NDVI": 1}
SPACE = {"SRTM": 2, "DW": 9, "WC": 5}
TIME = {"ERA5": 2, "TC": 3, "VIIRS": 1}
STATIC = {"LS": 1, "location": 3, "DW_static": 9, "WC_static": 5}


def layout(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the public file for a width and a depth."""
    quarter = width // 4
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (24, quarter),
        "month_embed.weight": (12, quarter),
        "s_t_channel_embed": (len(SPACE_TIME), quarter),
        "sp_channel_embed": (len(SPACE), quarter),
        "t_channel_embed": (len(TIME), quarter),
        "st_channel_embed": (len(STATIC), quarter),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for part, groups in (("space_time", SPACE_TIME), ("space", SPACE)):
        for name, channels in groups.items():
            shapes[f"{part}_embed.{name}.proj.weight"] = (width, channels, 8, 8)
            shapes[f"{part}_embed.{name}.proj.bias"] = (width,)
    for part, groups in (("time", TIME), ("static", STATIC)):
        for name, channels in groups.items():
            shapes[f"{part}_embed.{name}.weight"] = (width, channels)
            shapes[f"{part}_embed.{name}.bias"] = (width,)
    for block in range(depth):
        inside = {"attn.q": (width, width), "attn.k": (width, width), "attn.v": (width, width)}
        inside |= {"attn.proj": (width, width), "mlp.fc1": (4 * width, width)}
        inside |= {"mlp.fc2": (width, 4 * width), "norm1": (width,), "norm2": (width,)}
        for name, shape in inside.items():
            shapes[f"blocks.{block}.{name}.weight"] = shape
            shapes[f"blocks.{block}.{name}.bias"] = shape[:1]
    return shapes


def made(width: int = 32, depth: int = 2) -> dict[str, Any]:
    shapes = layout(width, depth)
    return {name: torch.from_numpy(ruled(name, shape)) for name, shape in shapes.items()}


def saved(folder: Path, tensors: dict[str, Any], *, heads: int | None = 2) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    torch.save(tensors, folder / "encoder.pt")
    if heads:
        config = {"model": {"encoder": {"num_heads": heads}}}
        (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("galileo"), made())


def opened(weights: Path, **more: Any) -> eex.Encoder:
    return eex.encoder("galileo-nano", weights=weights, device="cpu", **more)


def numbers(height: int, width: int, shift: int = 0) -> np.ndarray:
    """Return digital numbers of waves, shape (10, height, width)."""
    band, y, x = np.ogrid[:10, :height, :width]
    waves = np.sin(0.3 * band + 0.05 * (y + shift)) * np.cos(0.07 * x)
    return np.round(1800 + 100 * band + 1200 * waves).astype(np.uint16)


def outputs(weights: Path) -> dict[str, np.ndarray]:
    plain, index = opened(weights), opened(weights, variant="ndvi")
    one, other = (plain.preprocess([numbers(32, 32, shift)]) for shift in (0, 40))
    return {
        "july": plain.image_features(one),
        "march": plain.image_features(one, [[2]]),
        "series": plain.image_features(np.stack([one, other], axis=1), [[0, 7]]),
        "index": index.image_features(index.preprocess([numbers(32, 32)])),
        "small patches": plain.image_features(one, patch=4),
    }


def test_made_weights_give_what_the_authors_code_gives(tiny: Path) -> None:
    for name, vectors in outputs(tiny).items():
        np.testing.assert_allclose(vectors[0, :6], MADE_SAYS[name], atol=2e-6, err_msg=name)


@needs_shared
def test_real_weights_give_what_the_authors_code_gives() -> None:
    assert SHARED is not None
    folder = SHARED / "data/weights/galileo-nano"
    content = (folder / "encoder.pt").read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256 == GALILEO_NANO.files[0].sha256
    assert len(content) == GALILEO_NANO.files[0].size
    tensors = torch.load(folder / "encoder.pt", map_location="cpu", weights_only=True)
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == layout(128, 4)
    for name, vectors in outputs(folder).items():
        np.testing.assert_allclose(vectors[0, :6], REAL_SAYS[name], atol=2e-6, err_msg=name)


def test_preprocessing_is_two_standard_deviations_around_the_mean(tiny: Path) -> None:
    dn = np.zeros((10, 8, 8))
    for row, (mean, std) in enumerate(STATISTICS.values()):
        dn[row, :, :4], dn[row, :, 4:] = mean - 2 * std, mean + 2 * std
    pixels = opened(tiny).preprocess([dn])
    np.testing.assert_allclose(pixels[0, :, :, :4], 0, atol=1e-6)
    np.testing.assert_allclose(pixels[0, :, :, 4:], 1, atol=1e-6)
    dn[:] = 0
    dn[6, 0, 0], dn[2, 0, 0] = 3000, 1000
    index = opened(tiny, variant="ndvi").preprocess([dn])[0, 10]
    assert index[0, 0] == 0.5
    assert index.sum() == 0.5  # no light, no index


def test_a_large_raster_is_the_mean_of_its_windows(tiny: Path) -> None:
    """200 pixels become 3 x 3 windows of 64; 96 and less are looked at as a whole."""
    encoder = opened(tiny)
    dn = numbers(200, 96)
    pixels = encoder.preprocess([dn])
    parts = [pixels[:, :, low : low + 64] for low in (0, 64, 128)]
    mean = np.mean([encoder.image_features(part)[0] for part in parts], axis=0)
    np.testing.assert_allclose(
        encoder.encode_image([dn])[0], mean / np.linalg.norm(mean), atol=1e-5
    )
    whole = encoder.image_features(encoder.preprocess([dn[:, :96]]))[0]
    vector = encoder.encode_image([dn[:, :96]])[0]
    np.testing.assert_allclose(vector, whole / np.linalg.norm(whole), atol=1e-6)


def test_a_large_raster_is_never_whole_in_floats(tiny: Path) -> None:
    encoder, dn = opened(tiny), np.tile(numbers(480, 96), (1, 2, 20))  # as floats 74 MB
    encoder.encode_image([dn[:, :96, :96]])
    tracemalloc.start()
    vector = encoder.encode_image([dn])[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6
    each = encoder.encode_image([dn[:, :96, :96], dn[:, 480:576, 96:192]])
    assert (each @ vector).min() > 0.9


def test_the_month_is_that_of_the_date(tiny: Path) -> None:
    encoder = opened(tiny)
    dn = numbers(32, 32)
    pixels = encoder.preprocess([dn])
    march = encoder.image_features(pixels, [[2]])[0]
    for when in ("2022-03-19", "2022-03-19T09:55:59", date(2021, 3, 1), ["2020-03-31"]):
        vector = encoder.encode_image([dn], when=when)[0]
        np.testing.assert_allclose(vector, march / np.linalg.norm(march), atol=1e-6)
    three = encoder.encode_image([dn] * 3, when=["2022-07-19", None, "2022-01-01"])
    np.testing.assert_array_equal(three[0], three[1])
    assert np.abs(three[2] - three[0]).max() > 1e-3
    for wrong in ("soon", ["2022-07-19"] * 2):
        with pytest.raises(BadQueryError):
            encoder.encode_image([dn] * 3, when=wrong)


class TestMade(EncoderContract):
    spec: ClassVar[EncoderSpec] = GALILEO_NANO

    @pytest.fixture(autouse=True)
    def made(self, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "spec", replace(GALILEO_NANO, dim=32))
        monkeypatch.setattr(self, "_loaded", lambda: opened(tiny).loaded)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(tiny: Path, precision: str) -> None:
    dn = [numbers(96, 96, shift) for shift in (0, 20)]
    exact, half = (opened(tiny, precision=p).encode_image(dn) for p in ("float32", precision))
    assert (exact * half).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1, atol=1e-5)


def test_turned_arrays_are_network_input(tiny: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(1, 10, 16, 16)).astype(np.float32)
    turned = pixels[:, :, ::-1]
    turned.flags.writeable = False
    encoder = opened(tiny)
    given = encoder.image_features(turned)
    np.testing.assert_array_equal(given, encoder.image_features(turned.copy()))


def test_bad_rasters_are_refused(tiny: Path) -> None:
    encoder = opened(tiny)
    hole = numbers(32, 32).astype(np.float32)
    hole[3, 4, 5] = np.nan
    wrong = {
        "NaN": hole,
        r"Expected \(10": numbers(32, 32)[:9],
        "too small": numbers(7, 32),
        "digital numbers": np.full((10, 8, 8), "x"),
        "30000 x 30000": np.broadcast_to(np.uint16(0), (10, 30_000, 30_000)),
    }
    for told, raster in wrong.items():
        with pytest.raises(ShapeError, match=told):
            encoder.encode_image([raster])
    pixels = np.zeros((2, 10, 16, 16), np.float32)
    for bad in (pixels[:, :9], pixels[0], pixels[:, :, :4]):
        with pytest.raises(ShapeError):
            encoder.image_features(bad)
    for months in ([[12], [0]], [[0]], [[0, 0]] * 2, [[-1]] * 2):
        with pytest.raises(ShapeError):
            encoder.image_features(pixels, months)
    assert encoder.encode_image([]).shape == (0, 32)
    with pytest.raises(BadQueryError):
        encoder.encode_text(["a lake"])


def test_every_tensor_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tensors = made(128, 4)
    with caplog.at_level(logging.WARNING, "eex"):
        assert opened(saved(tmp_path, tensors, heads=None)).dim == 128
    assert not caplog.messages
    older = {name.replace(".proj.", ".backbone.proj."): tensor for name, tensor in tensors.items()}
    assert opened(saved(tmp_path, older, heads=8)).dim == 128
    cases = {
        "missing": {k: v for k, v in tensors.items() if k != "month_embed.weight"},
        "not known": {**tensors, "decoder_norm.weight": tensors["norm.weight"]},
        "another shape": {**tensors, "pos_embed": torch.zeros(24, 31)},
        "does not hold Galileo": {"visual.proj": torch.zeros(3, 3)},
        "does not hold Galileo's": {k: v for k, v in tensors.items() if ".attn.k." not in k},
    }
    for told, some in cases.items():
        with pytest.raises(DamagedWeightsError, match=told):
            opened(saved(tmp_path, some))
    for heads in (3, 999):
        with pytest.raises(DamagedWeightsError, match="heads"):
            opened(saved(tmp_path, tensors, heads=heads))


def test_other_sizes_load_and_are_told(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "eex"):
        encoder = opened(tiny)
    assert encoder.dim == 32
    assert caplog.messages[0].endswith("published galileo-nano: width 32, not 128; depth 2, not 4.")


def test_broken_files_are_refused(tiny: Path, tmp_path: Path) -> None:
    content = (tiny / "encoder.pt").read_bytes()
    short = tmp_path / "encoder.pt"
    short.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedWeightsError):
        opened(short)
    with pytest.raises(MissingWeightsError):
        opened(tmp_path / "other.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingWeightsError):
        opened(tmp_path / "empty")


def real_scenes() -> dict[str, Scene]:
    """Return the twelve patches of 256 and 224 pixels, and Boadella at two dates."""
    assert SHARED is not None
    folder = SHARED / "data/sentinel2"
    paths = sorted([*folder.glob("satclip/*.tif"), *folder.glob("terramesh/*.tif")])
    return {path.stem: read_scene(path) for path in [*paths, *sorted(folder.glob("Boadella*"))]}


@needs_shared
def test_real_weights_know_a_place_again() -> None:
    """Of the three quadrants nearest to one, nine in ten are of its own patch, of twelve."""
    assert SHARED is not None
    encoder = opened(SHARED / "data/weights/galileo-nano")
    scenes = real_scenes()
    patches = [scene.take(BANDS) for name, scene in scenes.items() if "Boa" not in name]
    quadrants = []
    for patch in patches:
        middle = patch.shape[1] // 2
        halves = [slice(low, high) for low, high in pairwise((0, middle, 2 * middle))]
        quadrants += [patch[:, rows, columns] for rows in halves for columns in halves]
    owner = np.repeat(np.arange(len(patches)), 4)

    def precision(vectors: np.ndarray) -> float:
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -1)
        nearest = np.argsort(-scores, axis=1)[:, :3]
        return float((owner[nearest] == owner[:, None]).mean())

    means = np.array([quadrant.mean(axis=(1, 2)) for quadrant in quadrants])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    assert precision(encoder.encode_image(quadrants)) > 0.90
    assert precision(means) < 0.80  # what mean spectra alone give

    dates = [scene.centre(224) for name, scene in scenes.items() if "Boa" in name]
    others = [patch[:, :224, :224] for patch in patches]
    vectors = encoder.encode_image([*(scene.take(BANDS) for scene in dates), *others])
    scores = vectors @ vectors.T
    assert (scores[0, 2:] < scores[0, 1]).all()
    assert (scores[1, 2:] > scores[1, 0]).sum() <= 1
