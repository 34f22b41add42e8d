"""OlmoEarth gives what its own package gives when used as its README says, and reference runs."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import eex
from eex.encoders.base import EncoderSpec
from eex.encoders.olmoearth import BANDS, OLMOEARTH_BASE
from eex.errors import BadQueryError, DamagedWeightsError, MissingExtraError, ShapeError
from eex.imagery.scene import L2A
from eex.testing import EncoderContract
from shared_data import golden, needs_shared, ruled, shared

torch = pytest.importorskip("torch")
package = pytest.importorskip("olmoearth_pretrain_minimal")

SENSORS = {
    "sentinel2_l2a": (4, 6, 2),
    "sentinel1": (2,),
    "landsat": (1, 10),
    "worldcover": (1,),
    "srtm": (1,),
    "openstreetmap_raster": (30,),
    "wri_canopy_height_map": (1,),
    "cdl": (1,),
    "worldcereal": (8,),
}
"""Bands of each token, by sensor, of the published models."""


def layout(
    width: int, depth: int, sensors: dict[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the encoder in the public file."""
    shapes: dict[str, tuple[int, ...]] = {
        "composite_encodings.month_embed.weight": (12, width // 4),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "project_and_aggregate.projection.0.weight": (width, width),
        "project_and_aggregate.projection.0.bias": (width,),
    }
    for sensor, sets in sensors.items():
        known = f"composite_encodings.per_modality_channel_embeddings.{sensor}"
        shapes[known] = (len(sets), width // 4)
        for number, bands in enumerate(sets):
            start = f"patch_embeddings.per_modality_embeddings.{sensor}.{sensor}__{number}.proj"
            shapes[f"{start}.weight"] = (width, bands, 8, 8)
            shapes[f"{start}.bias"] = (width,)
    for block in range(depth):
        inside = {"attn.q": (width, width), "attn.k": (width, width), "attn.v": (width, width)}
        inside |= {"attn.proj": (width, width), "mlp.fc1": (4 * width, width)}
        inside |= {"mlp.fc2": (width, 4 * width), "norm1": (width,), "norm2": (width,)}
        for name, shape in inside.items():
            shapes[f"blocks.{block}.{name}.weight"] = shape
            shapes[f"blocks.{block}.{name}.bias"] = shape[:1]
    return {f"encoder.{name}": shape for name, shape in shapes.items()}


def made() -> dict[str, Any]:
    """Return the encoder of a nano model that reads Sentinel-2 only, by rule."""
    shapes = layout(128, 4, {"sentinel2_l2a": SENSORS["sentinel2_l2a"]})
    return {name: torch.from_numpy(2 * ruled(name, shape)) for name, shape in shapes.items()}


def saved(folder: Path, tensors: dict[str, Any]) -> Path:
    """Write a file as published: with the decoder, the target encoder and a table of sines."""
    training = {
        "decoder.norm.weight": torch.zeros(128),
        "target_encoder.norm.weight": torch.zeros(128),
        "encoder.composite_encodings.pos_embed": torch.zeros(12, 32),
    }
    torch.save({**tensors, **training}, folder / "weights.pth")
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("olmoearth"), made())


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


def opened(weights: Path, **more: Any) -> eex.Encoder:
    return eex.encoder("olmoearth-base", weights=weights, device="cpu", **more)


def numbers(height: int, width: int, shift: int = 0) -> np.ndarray:
    """Return digital numbers of waves, shape (12, height, width)."""
    band, y, x = np.ogrid[:12, :height, :width]
    waves = np.sin(0.3 * band + 0.05 * (y + shift)) * np.cos(0.07 * x)
    return np.round(1800 + 100 * band + 1200 * waves).astype(np.uint16)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def oracle(tensors: dict[str, Any], dn: np.ndarray, months: list[int], patch: int) -> np.ndarray:
    """Run the package by its own model class: `dn` (times, 12, height, width)."""
    from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.nn.flexi_vit import PoolingType
    from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.utils.constants import Modality
    from olmoearth_pretrain_minimal.olmoearth_pretrain_v1.utils.datatypes import (
        MaskedOlmoEarthSample,
    )

    model = package.OlmoEarthPretrain_v1("nano", "v1", ["sentinel2_l2a"]).eval()
    own = {name.removeprefix("encoder."): tensor for name, tensor in tensors.items()}
    model.encoder.load_state_dict(own)
    last = dn.transpose(2, 3, 0, 1)[None].astype(np.float32)
    shown = package.Normalizer(std_multiplier=2.0).normalize(Modality.SENTINEL2_L2A, last)
    times = torch.zeros(1, len(dn), 3, dtype=torch.long)
    times[0, :, 1] = torch.tensor(months)
    sample = MaskedOlmoEarthSample(
        timestamps=times,
        sentinel2_l2a=torch.from_numpy(shown).float(),
        sentinel2_l2a_mask=torch.zeros(*last.shape[:4], 3, dtype=torch.long),
    )
    with torch.no_grad():
        out = model.encoder(sample, patch_size=patch, input_res=10, fast_pass=True)
    return out["tokens_and_masks"].pool_unmasked_tokens(pooling_type=PoolingType.MEAN).numpy()[0]


def test_outputs_equal_those_of_the_package(tiny: Path) -> None:
    encoder, tensors = opened(tiny), made()
    dn = np.stack([numbers(32, 32), numbers(32, 32, 30)])
    pixels = encoder.preprocess(dn)
    july = oracle(tensors, dn[:1], [6], 8)
    np.testing.assert_allclose(encoder.image_features(pixels)[0], july, atol=1e-6)
    march = oracle(tensors, dn[1:], [2], 8)
    got = encoder.image_features(pixels[1:], [[[31, 2, 2020]]])[0]
    np.testing.assert_allclose(got, march, atol=1e-6)
    assert np.abs(march - july).max() > 1e-2
    small = oracle(tensors, dn[:1], [6], 4)
    np.testing.assert_allclose(encoder.image_features(pixels[:1], patch=4)[0], small, atol=1e-6)
    series = oracle(tensors, dn, [1, 7], 8)
    got = encoder.image_features(pixels[None], [[[0, 1, 0], [0, 7, 0]]])[0]
    np.testing.assert_allclose(got, series, atol=1e-6)
    vectors = encoder.encode_image(list(dn), when=[None, date(2020, 3, 31)])
    np.testing.assert_allclose(vectors, unit(np.stack([july, march])), atol=1e-6)


@needs_shared
def test_outputs_equal_those_of_reference_runs() -> None:
    encoder = opened(shared("olmoearth/checkpoints"))
    dn = golden("satclip/inputs/s2_l2a_12x224x224_uint16.npy")[0][:, :128, :128]
    dn = dn[[L2A.index(band) for band in BANDS]]
    pixels = encoder.preprocess([dn])
    first = golden("olmoearth/expected/normalised_bands_last_128_firstrow.npy")[0, 0, :, 0]
    np.testing.assert_allclose(pixels[0, :, 0].T, first, atol=1e-6)
    seed = golden("olmoearth/expected/mean_pool_seed_ts0_6_0_ps8.npy")
    dated = golden("olmoearth/expected/mean_pool_ts15_6_2021_ps8.npy")
    small = golden("olmoearth/expected/mean_pool_ts0_6_0_ps4.npy")
    np.testing.assert_allclose(encoder.image_features(pixels), seed, atol=1e-5)
    np.testing.assert_allclose(encoder.image_features(pixels, [[[15, 6, 2021]]]), dated, atol=1e-5)
    np.testing.assert_allclose(encoder.image_features(pixels, patch=4), small, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_image([dn]), unit(seed), atol=1e-6)
    eee = opened(shared("olmoearth/checkpoints"), variant="eee")
    np.testing.assert_allclose(eee.encode_image([dn]), unit(seed), atol=1e-6)


def test_the_full_size_takes_every_tensor(caplog: pytest.LogCaptureFixture) -> None:
    from eex.encoders.olmoearth_model import network_of

    caplog.set_level(logging.WARNING, "eex")
    shapes = layout(768, 12, SENSORS)
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    network = network_of(tensors, {}, path=Path("weights.pth"))
    assert {f"encoder.{name}" for name in network.state_dict()} == set(shapes)
    assert not caplog.messages


@needs_shared
def test_the_layout_is_that_of_the_public_file() -> None:
    (listed,) = golden("olmoearth/shapes_full.json").values()
    assert {name: tuple(shape) for name, (shape, _) in listed.items()} == layout(768, 12, SENSORS)


def test_variants_bring_rasters_to_their_size(tiny: Path) -> None:
    """A third of the size, bilinear and not antialiased, is the middle pixel of each 3 x 3."""
    dn = numbers(400, 390)
    official, eee = opened(tiny), opened(tiny, variant="eee")
    assert official.preprocess([dn]).shape == (1, 12, 128, 128)
    np.testing.assert_array_equal(
        official.preprocess([dn]), official.preprocess([dn[:, 136:264, 131:259]])
    )
    assert official.preprocess([numbers(60, 45)]).shape == (1, 12, 40, 40)
    assert eee.preprocess([numbers(60, 45)]).shape == (1, 12, 128, 128)
    thirds = dn[:, 8:392, 3:387][:, 1::3, 1::3]
    np.testing.assert_allclose(eee.preprocess([dn]), official.preprocess([thirds]), atol=1e-5)
    march, july = (eee.encode_image([dn], when=when) for when in ("2022-03-01", None))
    np.testing.assert_array_equal(march, july)
    assert np.abs(official.encode_image([dn], when="2022-03-01") - july).max() > 1e-3


class TestMade(EncoderContract):
    spec: ClassVar[EncoderSpec] = OLMOEARTH_BASE

    @pytest.fixture(autouse=True)
    def made(self, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "spec", replace(OLMOEARTH_BASE, dim=128))
        monkeypatch.setattr(self, "_loaded", lambda: opened(tiny).loaded)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(tiny: Path, precision: str) -> None:
    dn = [numbers(64, 64, shift) for shift in (0, 20)]
    exact, half = (opened(tiny, precision=p).encode_image(dn) for p in ("float32", precision))
    assert (exact * half).sum(axis=1).min() > 0.999


def test_turned_arrays_are_network_input(tiny: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(1, 12, 16, 16)).astype(np.float32)
    turned = pixels[:, :, ::-1]
    turned.flags.writeable = False
    encoder = opened(tiny)
    given = encoder.image_features(turned)
    np.testing.assert_array_equal(given, encoder.image_features(turned.copy()))


def test_bad_rasters_are_refused(tiny: Path) -> None:
    encoder = opened(tiny)
    hole = numbers(32, 32).astype(np.float32)
    hole[3, 4, 5] = np.nan
    for raster in (hole, numbers(32, 32)[:10], numbers(7, 32), numbers(32, 32)[0]):
        with pytest.raises(ShapeError):
            encoder.encode_image([raster])
    pixels = np.zeros((2, 12, 16, 16), np.float32)
    for bad in (pixels[:, :9], pixels[0], pixels[:, :, :8], pixels[:, :, :4, :4]):
        with pytest.raises(ShapeError):
            encoder.image_features(bad)
    for times in ([[[0, 12, 0]]] * 2, [[[0, 6, 0]]], [[[0, -1, 0]]] * 2):
        with pytest.raises(ShapeError):
            encoder.image_features(pixels, times)
    for patch in (0, 9):
        with pytest.raises(ShapeError):
            encoder.image_features(pixels, patch=patch)
    with pytest.raises(BadQueryError):
        encoder.encode_image([numbers(32, 32)], when="soon")
    assert encoder.encode_image([]).shape == (0, 128)


def test_other_files_are_refused(tiny: Path, tmp_path: Path) -> None:
    tensors = made()
    cases = {
        "missing": {k: v for k, v in tensors.items() if k != "encoder.norm.bias"},
        "not known": {**tensors, "encoder.register_tokens": torch.zeros(3)},
        "another shape": {**tensors, "encoder.norm.bias": torch.zeros(3)},
        "does not hold OlmoEarth": {"visual.proj": torch.zeros(3, 3)},
    }
    for told, some in cases.items():
        with pytest.raises(DamagedWeightsError, match=told):
            opened(saved(tmp_path, some))
    saved(tmp_path, tensors)
    config = {"model": {"encoder_config": {"num_heads": 7}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(DamagedWeightsError, match="heads"):
        opened(tmp_path)
    (tmp_path / "config.json").unlink()
    content = (tiny / "weights.pth").read_bytes()
    (tmp_path / "weights.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedWeightsError):
        opened(tmp_path)


def test_without_the_package_the_extra_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "olmoearth_pretrain_minimal", None)
    with pytest.raises(MissingExtraError) as caught:
        opened(tiny)
    assert caught.value.hint == "pip install 'earth-embedding-explorer[olmoearth]'"
