"""Clay gives what its authors' code gives, on made weights and on reference outputs.

`SAYS` was printed by the claymodel that OpenGeoScope/EarthEmbeddingExplorer carries (e675868,
`EmbeddingEncoder`, patch 8, dim 32, depth 2, 2 heads of 16) on the checkpoint and the inputs made
here: `shared_data.ruled` of each name, times 8 where it has more than one axis, times 20 for the
bias of the kernel.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import eex
from eex.encoders.base import EncoderSpec
from eex.encoders.clay import BANDS, CLAY_V1_5, EEE
from eex.errors import BadPlaceError, BadQueryError, DamagedWeightsError, ShapeError
from eex.imagery.scene import L2A
from eex.testing import EncoderContract
from shared_data import golden, needs_shared, ruled, shared

torch = pytest.importorskip("torch")

SAYS = {
    "plain": (-0.709855, -0.145487, -0.70431, -0.419444, -1.960496, -0.428311),
    "other": (-0.072908, -0.577916, 0.101537, 0.0207, -0.896617, -1.274255),
    "known": (-0.828016, -0.271976, -0.828746, -0.060248, -2.020492, -0.466893),
    "30 m": (-0.906573, -0.237992, -0.84322, -0.213646, -1.972841, -0.506067),
    "enlarged": (-0.546606, 0.255311, -0.626919, -0.820078, -1.944493, -0.283236),
}
SMALL = replace(EEE, options={**EEE.options, "size": 32})
"""The variant of the published table, for rasters of 32 pixels."""


def layout(width: int, depth: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the encoder in the public file."""
    made, layer = "patch_embedding.weight_generator", "encoder.layers.0"
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        f"{made}.weight_tokens": (128, 128),
        f"{made}.bias_token": (1, 128),
        f"{made}.{layer}.self_attn.in_proj_weight": (384, 128),
        f"{made}.{layer}.self_attn.in_proj_bias": (384,),
        f"{made}.fc_weight.weight": (64 * width, 128),
        f"{made}.fc_weight.bias": (64 * width,),
        f"{made}.fc_bias.weight": (width, 128),
        f"{made}.fc_bias.bias": (width,),
    }
    inside: dict[str, tuple[int, ...]] = {
        f"{made}.{layer}.self_attn.out_proj": (128, 128),
        f"{made}.{layer}.linear1": (2048, 128),
        f"{made}.{layer}.linear2": (128, 2048),
        f"{made}.{layer}.norm1": (128,),
        f"{made}.{layer}.norm2": (128,),
        "patch_embedding.fclayer.l1": (128, 128),
        "patch_embedding.fclayer.l2": (128, 128),
        "transformer.norm": (width,),
    }
    for block in range(depth):
        start = f"transformer.layers.{block}"
        shapes[f"{start}.0.to_qkv.weight"] = (3 * width, width)
        shapes[f"{start}.0.to_out.weight"] = (width, width)
        inside |= {f"{start}.0.norm": (width,), f"{start}.1.net.0": (width,)}
        inside |= {f"{start}.1.net.1": (hidden, width), f"{start}.1.net.3": (width, hidden)}
    for name, shape in inside.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return {f"model.encoder.{name}": shape for name, shape in shapes.items()}


def made() -> dict[str, Any]:
    tensors = {}
    for name, shape in layout(32, 2, 128).items():
        factor = 8 if len(shape) > 1 else 20 if name.endswith("fc_weight.bias") else 1
        tensors[name] = torch.from_numpy(factor * ruled(name, shape))
    return tensors


def saved(path: Path, tensors: dict[str, Any]) -> Path:
    """Write what Lightning writes, with parts that only training needs."""
    training = {
        "model.decoder.mask_patch": torch.zeros(1, 1, 512),
        "model.teacher.cls_token": torch.zeros(1, 1, 1024),
        "model.proj.weight": torch.zeros(4, 4),
    }
    content = {"state_dict": {**tensors, **training}, "hyper_parameters": {"lr": 5e-06}, "epoch": 7}
    torch.save(content, path)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("clay") / "clay-v1.5.ckpt", made())


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


def opened(weights: Path, **more: Any) -> eex.Encoder:
    return eex.encoder("clay-v1.5", weights=weights, device="cpu", **more)


def numbers(height: int, width: int, shift: int = 0) -> np.ndarray:
    """Return digital numbers of waves, shape (10, height, width)."""
    band, y, x = np.ogrid[:10, :height, :width]
    waves = np.sin(0.3 * band + 0.05 * (y + shift)) * np.cos(0.07 * x)
    return np.round(1800 + 100 * band + 1200 * waves).astype(np.uint16)


def test_made_weights_give_what_the_authors_code_gives(tiny: Path) -> None:
    encoder = opened(tiny)
    pixels = encoder.preprocess([numbers(32, 32), numbers(32, 32, 40)])
    week, hour = 27 * 2 * np.pi / 52, 10 * 2 * np.pi / 24
    lat, lon = np.radians((48.85, 2.35))
    time = [[np.sin(week), np.cos(week), np.sin(hour), np.cos(hour)]]
    place = [[np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)]]
    small: Any = CLAY_V1_5.load("cpu", spec=CLAY_V1_5, weights=tiny, variant=SMALL)
    got = {
        "plain": encoder.image_features(pixels)[0],
        "other": encoder.image_features(pixels)[1],
        "known": encoder.image_features(pixels[:1], time, place)[0],
        "30 m": encoder.image_features(pixels[:1], gsd=30)[0],
        "enlarged": small.image_features(small.preprocess([numbers(24, 20)]))[0],
    }
    for name, vector in got.items():
        np.testing.assert_allclose(vector[:6], SAYS[name], atol=1e-5, err_msg=name)
    paris = encoder.encode_image([numbers(32, 32)], lonlat=[2.35, 48.85], when="2021-07-05T10:00")
    np.testing.assert_allclose(paris[0], unit(got["known"]), atol=1e-6)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@needs_shared
def test_outputs_equal_those_of_reference_runs() -> None:
    weights = shared("clay/checkpoints/clay-v1.5.tiny.ckpt")
    dn = golden("satclip/inputs/s2_l2a_12x224x224_uint16.npy")[0]
    dn = dn[[L2A.index(band) for band in BANDS]]
    crops = [dn[:, :64, :64], dn[:, 100:164, 100:164]]
    encoder = opened(weights)
    pixels = encoder.preprocess(crops)
    plain = golden("clay/expected/cls_seed_zero_meta.npy")
    np.testing.assert_allclose(encoder.image_features(pixels), plain, atol=1e-5)
    cities, when = [[2.35, 48.85], [151.2, -33.87]], ["2021-07-05T10:59", "2021-01-18T15:00"]
    known = golden("clay/expected/cls_with_meta_week27h10_paris__week3h15_sydney.npy")
    expected = np.array([unit(row) for row in known])
    vectors = encoder.encode_image(crops, lonlat=cities, when=when)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    variant = replace(EEE, options={**EEE.options, "size": 64})
    small: Any = CLAY_V1_5.load("cpu", spec=CLAY_V1_5, weights=weights, variant=variant)
    parts = [crop[:, :48, :40] for crop in crops]
    resized = golden("clay/expected/cls_seed_resized48x40_to64.npy")
    np.testing.assert_allclose(small.image_features(small.preprocess(parts)), resized, atol=1e-5)


def test_the_full_size_takes_every_tensor(caplog: pytest.LogCaptureFixture) -> None:
    from eex.encoders.clay_model import network_of

    caplog.set_level(logging.WARNING, "eex")
    shapes = layout(1024, 24, 4096)
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    network = network_of(tensors, path=Path("clay-v1.5.ckpt"))
    biases = 24 * 4 * 1024  # none in the file
    assert sum(p.numel() for p in network.parameters()) == 311_442_944 + biases
    assert network.config.heads == 16
    assert not caplog.messages


@needs_shared
def test_the_layout_is_that_of_the_public_file() -> None:
    (listed,) = golden("clay/shapes_full.json").values()
    assert {name: tuple(shape) for name, (shape, _) in listed.items()} == layout(1024, 24, 4096)


def test_the_variant_of_the_published_table_tells_neither_when_nor_where(tiny: Path) -> None:
    encoder = opened(tiny, variant="eee")
    known = {"lonlat": [2.35, 48.85], "when": "2021-07-05T10:00"}
    dn = [numbers(400, 400)]
    cut = dn[0][:, 8:392, 8:392]
    np.testing.assert_array_equal(encoder.encode_image(dn, **known), encoder.encode_image([cut]))
    assert encoder.preprocess([numbers(100, 90)]).shape == (1, 10, 384, 384)
    assert opened(tiny).preprocess(dn).shape == (1, 10, 256, 256)
    assert opened(tiny).preprocess([numbers(100, 90)]).shape == (1, 10, 96, 88)


def test_what_is_not_known_is_zero(tiny: Path) -> None:
    encoder = opened(tiny)
    dn = [numbers(32, 32)] * 3
    pixels = encoder.preprocess(dn)
    week = [[np.sin(2 * np.pi / 52), np.cos(2 * np.pi / 52), 0, 0]]
    dated = encoder.image_features(pixels[:1], week)[0]
    plain = encoder.image_features(pixels)[0]
    vectors = encoder.encode_image(dn, when=[date(2021, 1, 4), None, "2021-01-10"])
    np.testing.assert_allclose(vectors[0], unit(dated), atol=1e-6)
    np.testing.assert_allclose(vectors[1], unit(plain), atol=1e-6)
    one = encoder.encode_image(dn, lonlat=[[10, 50]])
    np.testing.assert_array_equal(one, encoder.encode_image(dn, lonlat=[[10, 50]] * 3))
    with pytest.raises(BadQueryError, match="3 rasters, but 2 dates"):
        encoder.encode_image(dn, when=["2021-01-04"] * 2)
    for wrong in ([[10, 50]] * 2, [50, 100]):
        with pytest.raises(BadPlaceError):
            encoder.encode_image(dn, lonlat=wrong)


def test_a_date_alone_has_no_hour_and_zones_are_turned_into_utc(tiny: Path) -> None:
    encoder = opened(tiny)
    dn = [numbers(32, 32)] * 6
    zone = timezone(timedelta(hours=5))
    when = [
        "2021-07-05", date(2021, 7, 5),
        "2021-07-05T15:00+05:00", datetime(2021, 7, 5, 15, tzinfo=zone), "2021-07-05T10:00",
        "2021-07-05T00:00",
    ]  # fmt: skip
    vectors = encoder.encode_image(dn, when=when)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    np.testing.assert_allclose(vectors[2:4], vectors[[4, 4]], atol=1e-6)
    assert np.abs(vectors[0] - vectors[5]).max() > 1e-4  # midnight is an hour
    with pytest.raises(BadQueryError, match="is not a date"):
        encoder.encode_image(dn, when=np.datetime64("2021-07-05"))


@pytest.mark.parametrize(("variant", "side"), [("", (32, 256)), ("eee", (384, 384))])
def test_long_rasters_are_cut_on_every_side(
    tiny: Path, variant: str, side: tuple[int, int]
) -> None:
    """Otherwise attention over a strip of 40 million pixels would never end."""
    encoder, long = opened(tiny, variant=variant), numbers(32, 4000)
    pixels = encoder.preprocess([long])
    assert pixels.shape[2:] == side
    middle = (4000 - encoder.size) // 2
    cut = long[:, :, middle : middle + encoder.size]
    np.testing.assert_array_equal(pixels, encoder.preprocess([cut]))


def test_read_only_and_turned_arrays_are_network_input(tiny: Path) -> None:
    encoder = opened(tiny)
    pixels = np.random.default_rng(0).normal(size=(1, 10, 16, 16)).astype(np.float32)
    turned = pixels[:, :, ::-1]
    expected = encoder.image_features(turned.copy())
    np.testing.assert_array_equal(encoder.image_features(turned), expected)
    fixed = turned.copy()
    fixed.flags.writeable = False
    np.testing.assert_array_equal(encoder.image_features(fixed), expected)


class TestMade(EncoderContract):
    spec: ClassVar[EncoderSpec] = CLAY_V1_5

    @pytest.fixture(autouse=True)
    def made(self, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "spec", replace(CLAY_V1_5, dim=32))
        monkeypatch.setattr(self, "_loaded", lambda: opened(tiny).loaded)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(tiny: Path, precision: str) -> None:
    dn = [numbers(64, 64, shift) for shift in (0, 20)]
    exact, half = (opened(tiny, precision=p).encode_image(dn) for p in ("float32", precision))
    assert (exact * half).sum(axis=1).min() > 0.999


def test_bad_rasters_are_refused(tiny: Path) -> None:
    encoder = opened(tiny)
    hole = numbers(32, 32).astype(np.float32)
    hole[3, 4, 5] = np.inf
    for raster in (hole, numbers(32, 32)[:9], numbers(7, 32), numbers(32, 32)[0]):
        with pytest.raises(ShapeError):
            encoder.encode_image([raster])
    pixels = np.zeros((2, 10, 16, 16), np.float32)
    for bad in (pixels[:, :9], pixels[0], pixels[:, :, :4]):
        with pytest.raises(ShapeError):
            encoder.image_features(bad)
    for time in (np.zeros((1, 4)), np.zeros((2, 3))):
        with pytest.raises(ShapeError, match="for when or where"):
            encoder.image_features(pixels, time)
    assert encoder.encode_image([]).shape == (0, 32)


def test_other_files_are_refused(tiny: Path, tmp_path: Path) -> None:
    tensors, path = made(), tmp_path / "clay-v1.5.ckpt"
    kernel = "model.encoder.patch_embedding.weight_generator.fc_weight.bias"
    cases = {
        "missing": {k: v for k, v in tensors.items() if k != kernel},
        "not known": {**tensors, "model.encoder.mask_token": torch.zeros(3)},
        "another shape": {**tensors, kernel: torch.zeros(3)},
        "no patches of whole pixels": {
            **tensors,
            kernel.replace("bias", "weight"): torch.zeros(1, 16),
        },
        "does not hold Clay": {"visual.proj": torch.zeros(3, 3)},
    }
    for told, some in cases.items():
        with pytest.raises(DamagedWeightsError, match=told):
            opened(saved(path, some))
    content = tiny.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedWeightsError):
        opened(path)
