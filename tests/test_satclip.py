"""SatCLIP against plain arithmetic on random checkpoints, and against outputs of reference runs."""

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import eex
from eex.encoders import satclip_net
from eex.encoders.harmonics import spherical_harmonics
from eex.encoders.open import encoder_spec
from eex.encoders.satclip import BANDS, SATCLIP_VIT16_L40
from eex.errors import (
    BadPlaceError,
    BadQueryError,
    DamagedWeightsError,
    MissingWeightsError,
    ShapeError,
)
from eex.testing import EncoderContract
from shared_data import golden, needs_shared, ruled, ruled_picture, shared

torch = pytest.importorskip("torch")

DEGREES, CAPACITY, DIM, WIDTH, SIDE = 7, 20, 8, 24, 32
HYPER: dict[str, Any] = {
    "embed_dim": DIM,
    "vision_layers": "moco_vit16",
    "in_channels": 13,
    "le_type": "sphericalharmonics",
    "pe_type": "siren",
    "legendre_polys": DEGREES,
    "harmonics_calculation": "analytic",
    "num_hidden_layers": 2,
    "capacity": CAPACITY,
    "eval_downstream": False,
    "air_temp_data_path": "",
    "election_data_path": "",
}
PLACES = np.array(
    [[13.4, 52.5], [-70, -33], [0, 0], [180, 10], [-180, 10], [5, 90], [99, 90], [151, -77]]
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


def drawn(shape: tuple[int, ...], name: str) -> Any:
    """A tensor that depends on its name: norms near 1, matrices that keep lengths about."""
    if len(shape) == 1 and name.endswith("weight"):
        return torch.from_numpy(1 + 2 * (ruled(name, shape) - 1))
    scale = 1.0 if len(shape) == 1 else float(np.prod(shape[1:])) ** -0.5
    return torch.from_numpy(10 * scale * ruled(name, (*shape, 1))[..., 0].reshape(shape))


def location(prefix: str) -> dict[str, Any]:
    widths = [DEGREES**2, CAPACITY, CAPACITY, DIM]
    made = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        name = "last_layer" if layer == 2 else f"layers.{layer}"
        made[f"{prefix}.{name}.weight"] = drawn((outputs, inputs), f"{name}.weight").double()
        made[f"{prefix}.{name}.bias"] = drawn((outputs,), f"{name}.bias").double()
    return made


BLOCK = {"norm1": (WIDTH,), "norm2": (WIDTH,), "attn.qkv": (3 * WIDTH, WIDTH)} | {
    "attn.proj": (WIDTH, WIDTH),
    "mlp.fc1": (4 * WIDTH, WIDTH),
    "mlp.fc2": (WIDTH, 4 * WIDTH),
}


def timm_tower() -> dict[str, Any]:
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, WIDTH),
        "pos_embed": (1, 5, WIDTH),
        "patch_embed.proj.weight": (WIDTH, 13, 16, 16),
        "patch_embed.proj.bias": (WIDTH,),
        "norm.weight": (WIDTH,),
        "norm.bias": (WIDTH,),
        "head.weight": (DIM, WIDTH),
        "head.bias": (DIM,),
    }
    for layer in range(2):
        for name, shape in BLOCK.items():
            shapes[f"blocks.{layer}.{name}.weight"] = shape
            shapes[f"blocks.{layer}.{name}.bias"] = shape[:1]
    return {f"model.visual.{name}": drawn(shape, name) for name, shape in shapes.items()}


def checkpoint(folder: Path, *, tower: dict[str, Any] | None = None, **hyper: Any) -> Path:
    tensors = {"model.logit_scale": torch.tensor(2.66)} | (timm_tower() if tower is None else tower)
    tensors |= location("model.nnet") | location("model.location.nnet")
    path = folder / "satclip-vit16-l40.ckpt"
    content = {"epoch": 3, "state_dict": tensors, "hyper_parameters": HYPER | hyper}
    torch.save(content, path)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("satclip"))


def opened(weights: Path, variant: str = "", **more: Any) -> Any:
    return eex.encoder("satclip-vit16-l40", weights=weights, device="cpu", variant=variant, **more)


def raster(bands: int = 12, height: int = 40, width: int = 50, seed: int = 0) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 10_000, size=(bands, height, width), dtype=np.uint16)


def siren(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The location network, written out."""
    net = {name: value.numpy() for name, value in location("n").items()}
    x = np.sin(30 * (columns @ net["n.layers.0.weight"].T + net["n.layers.0.bias"]))
    x = np.sin(x @ net["n.layers.1.weight"].T + net["n.layers.1.bias"])
    return np.asarray(x @ net["n.last_layer.weight"].T + net["n.last_layer.bias"])


def vit(
    tensors: dict[str, Any], pixels: Any, *, heads: int, activation: Callable[..., Any], eps: float
) -> Any:
    """Class tokens of a vision transformer of PyTorch's own layers; `tensors` by timm's names."""
    x = torch.nn.functional.conv2d(
        pixels, tensors["patch.weight"], tensors.get("patch.bias"), tensors["patch.weight"].shape[2]
    )
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([tensors["cls_token"].reshape(1, 1, -1).expand(len(x), 1, -1), x], dim=1)
    x = x + tensors["pos_embed"].reshape(1, *tensors["pos_embed"].shape[-2:])
    width = x.shape[2]
    if "norm_pre.weight" in tensors:
        pre = (tensors["norm_pre.weight"], tensors["norm_pre.bias"])
        x = torch.nn.functional.layer_norm(x, (width,), *pre, eps)
    theirs = {
        "norm1": "norm1",
        "norm2": "norm2",
        "attn.proj": "self_attn.out_proj",
        "mlp.fc1": "linear1",
        "mlp.fc2": "linear2",
    }
    for layer in range(2):
        block = torch.nn.TransformerEncoderLayer(
            width, heads, 4 * width, 0.0, activation, eps, batch_first=True, norm_first=True
        ).eval()
        state = {
            f"{other}.{kind}": tensors[f"blocks.{layer}.{name}.{kind}"]
            for name, other in theirs.items()
            for kind in ("weight", "bias")
        }
        state["self_attn.in_proj_weight"] = tensors[f"blocks.{layer}.attn.qkv.weight"]
        state["self_attn.in_proj_bias"] = tensors[f"blocks.{layer}.attn.qkv.bias"]
        block.load_state_dict(state)
        x = block(x)
    post = (tensors["norm.weight"], tensors["norm.bias"])
    return torch.nn.functional.layer_norm(x[:, 0], (width,), *post, eps)


def test_places_equal_the_network_written_out(weights: Path) -> None:
    encoder = opened(weights)
    expected = siren(spherical_harmonics(PLACES, DEGREES))
    made = encoder.place_features(PLACES)
    assert made.dtype == np.float64
    np.testing.assert_allclose(made, expected, atol=1e-10)
    unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode_place(PLACES), unit, atol=1e-6)
    np.testing.assert_allclose(made[3], made[4], atol=1e-9)  # the date line is no seam
    np.testing.assert_array_equal(made[5], made[6])  # the pole has no longitude


def test_the_convention_is_the_checkpoints_own(weights: Path, tmp_path: Path) -> None:
    closed = opened(checkpoint(tmp_path, harmonics_calculation="closed-form"))
    expected = siren(spherical_harmonics(PLACES, DEGREES, "closed-form"))
    np.testing.assert_allclose(closed.place_features(PLACES), expected, atol=1e-10)
    rng = np.random.default_rng(0)
    lonlat = np.stack([rng.uniform(-180, 180, 500), rng.uniform(-80, 80, 500)], axis=1)
    one, other = (encoder.place_features(lonlat) for encoder in (opened(weights), closed))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    cosine = (one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other)
    assert abs(cosine) < 0.1  # the wrong one gives unrelated vectors


def test_many_places_in_float32_are_the_few_in_float64(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    lonlat = np.stack([rng.uniform(-180, 180, 1201), rng.uniform(-90, 90, 1201)], axis=1)
    encoder = opened(weights)
    few = encoder.encode_place(lonlat)
    monkeypatch.setattr(satclip_net, "EXACT_PLACES", 100)
    many = encoder.encode_place(lonlat)
    assert np.abs(few - many).max() > 0  # it did go the other way
    np.testing.assert_allclose(many, few, atol=2e-5)


def test_rasters_equal_a_transformer_of_pytorchs_own_layers(weights: Path) -> None:
    encoder = opened(weights)
    pixels = encoder.preprocess([raster(), raster(13, seed=1)])
    tensors = {name.removeprefix("model.visual."): t for name, t in timm_tower().items()}
    tensors["patch.weight"] = tensors["patch_embed.proj.weight"]
    tensors["patch.bias"] = tensors["patch_embed.proj.bias"]
    with torch.no_grad():
        gelu = torch.nn.functional.gelu
        x = vit(tensors, torch.from_numpy(pixels), heads=6, activation=gelu, eps=1e-6)
        expected = (x @ tensors["head.weight"].T + tensors["head.bias"]).numpy()
    np.testing.assert_allclose(encoder.image_features(pixels), expected, atol=1e-5)


def clip_tower(width: int = 128, dim: int = DIM) -> dict[str, Any]:
    shapes: dict[str, tuple[int, ...]] = {
        "class_embedding": (width,),
        "positional_embedding": (5, width),
        "conv1.weight": (width, 13, 8, 8),
        "proj": (width, dim),
    }
    for norm in ("ln_pre", "ln_post"):
        shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
    for layer in range(2):
        block = f"transformer.resblocks.{layer}"
        shapes |= {f"{block}.attn.in_proj_weight": (3 * width, width)}
        shapes |= {f"{block}.attn.in_proj_bias": (3 * width,)}
        inner = {"attn.out_proj": (width, width), "ln_1": (width,), "ln_2": (width,)}
        inner |= {"mlp.c_fc": (4 * width, width), "mlp.c_proj": (width, 4 * width)}
        for name, shape in inner.items():
            shapes |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
    return {f"model.visual.{name}": drawn(shape, name) for name, shape in shapes.items()}


def test_the_authors_own_clip_tower_is_read_too(tmp_path: Path) -> None:
    encoder = opened(checkpoint(tmp_path, tower=clip_tower(), vision_layers=2))
    pixels = encoder.preprocess([raster()])
    assert pixels.shape == (1, 13, 16, 16)
    tensors = {}
    renames = {"class_embedding": "cls_token", "positional_embedding": "pos_embed"}
    renames |= {"conv1": "patch", "ln_pre": "norm_pre", "ln_post": "norm", "ln_1": "norm1"}
    renames |= {"ln_2": "norm2", "c_fc": "fc1", "c_proj": "fc2", "out_proj": "proj"}
    renames |= {"in_proj_": "qkv.", "transformer.resblocks": "blocks"}
    for name, tensor in clip_tower().items():
        ours = name.removeprefix("model.visual.")
        for theirs, new in renames.items():
            ours = ours.replace(theirs, new)
        tensors[ours] = tensor
    with torch.no_grad():
        x = vit(
            tensors,
            torch.from_numpy(pixels),
            heads=2,
            activation=lambda y: y * torch.sigmoid(1.702 * y),
            eps=1e-5,
        )
        expected = (x @ tensors["proj"]).numpy()
    np.testing.assert_allclose(encoder.image_features(pixels), expected, atol=1e-5)


def test_a_resnet_file_serves_places(
    weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tower = {"model.visual.layer1.0.conv1.weight": torch.zeros(4, 4, 3, 3)}
    with caplog.at_level(logging.WARNING, "eex"):
        encoder = opened(checkpoint(tmp_path, tower=tower, vision_layers="moco_resnet18"))
    assert "only places can be encoded" in caplog.text
    expected = opened(weights).encode_place(PLACES)
    np.testing.assert_array_equal(encoder.encode_place(PLACES), expected)
    with pytest.raises(BadQueryError, match="is a ResNet"):
        encoder.encode_image([raster()])


def test_a_file_of_the_location_network_alone_serves_places(
    weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "eex"):
        encoder = opened(checkpoint(tmp_path, tower={}))
    assert "no picture tower; only places can be encoded" in caplog.text
    expected = opened(weights).encode_place(PLACES)
    np.testing.assert_array_equal(encoder.encode_place(PLACES), expected)
    with pytest.raises(BadQueryError, match="have no picture tower"):
        encoder.encode_image([raster()])


def test_12_bands_get_zeros_for_b10_and_13_are_taken_as_they_are(weights: Path) -> None:
    encoder, numbers = opened(weights), raster()
    made = encoder.preprocess([numbers])[0]
    assert (made.dtype, made.shape) == (np.dtype(np.float32), (13, SIDE, SIDE))
    crop = numbers[:, 4:36, 9:41].astype(np.float32) / 10_000  # the middle
    np.testing.assert_allclose(made[:10], crop[:10], rtol=1e-7)
    np.testing.assert_array_equal(made[10], 0)
    np.testing.assert_allclose(made[11:], crop[10:], rtol=1e-7)
    zero = np.insert(numbers, 10, 0, axis=0)
    np.testing.assert_array_equal(encoder.preprocess([zero])[0], made)
    np.testing.assert_array_equal(encoder.encode_image([zero]), encoder.encode_image([numbers]))
    full = np.insert(numbers, 10, 5_000, axis=0)
    assert encoder.preprocess([full])[0, 10].min() == 0.5


def cubic(t: float) -> float:
    """Keys' kernel with a = -0.75."""
    t = abs(t)
    if t <= 1:
        return (1.25 * t - 2.25) * t * t + 1
    return ((-0.75 * t + 3.75) * t - 6) * t + 3 if t < 2 else 0.0


def matrix(old: int, new: int) -> NDArray[np.float64]:
    weights = np.zeros((new, old))
    for row in range(new):
        at = (row + 0.5) * old / new - 0.5
        for near in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            weights[row, min(max(near, 0), old - 1)] += cubic(at - near)
    return weights


def test_the_app_resized_the_whole_raster(weights: Path) -> None:
    numbers = raster()
    made = opened(weights, "eee").preprocess([numbers])[0]
    scaled = np.insert(numbers / 10_000, 10, 0, axis=0)
    expected = matrix(40, SIDE) @ scaled @ matrix(50, SIDE).T  # no antialias: four pixels each way
    np.testing.assert_allclose(made, expected, atol=1e-5)
    small = opened(weights, "eee").encode_image([raster(height=9, width=20)])
    assert np.isfinite(small).all()


def test_a_raster_smaller_than_the_crop_is_refused(weights: Path) -> None:
    with pytest.raises(ShapeError, match="32 x 32 pixels of 10 m; got 50 x 31") as caught:
        opened(weights).encode_image([raster(height=31)])
    assert "eee" in caught.value.hint


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(weights: Path, precision: str) -> None:
    images = [raster(seed=seed) for seed in range(3)]
    half, exact = opened(weights, precision=precision), opened(weights)
    assert (exact.encode_image(images) * half.encode_image(images)).sum(axis=1).min() > 0.999
    np.testing.assert_array_equal(half.encode_place(PLACES), exact.encode_place(PLACES))


class TestSatClip(EncoderContract):
    spec = replace(SATCLIP_VIT16_L40, dim=DIM)

    @pytest.fixture(autouse=True)
    def _weights(self, weights: Path) -> None:
        self.weights = weights

    def _loaded(self) -> object:
        return opened(self.weights).loaded


def test_wrong_rasters_and_places_are_told(weights: Path) -> None:
    encoder = opened(weights)
    spoilt = raster().astype(np.float32)
    spoilt[3, 5, 5] = np.nan
    with pytest.raises(ShapeError, match="NaN"):
        encoder.encode_image([spoilt])
    with pytest.raises(ShapeError, match=r"Expected \(12 or 13, height, width\)") as caught:
        encoder.encode_image([raster(3)])
    assert ", ".join(BANDS) in caught.value.hint
    for wrong in ([[52.5, 113.4]], [[0, np.nan]], [[1, 2, 3]], "Berlin"):
        for take in (encoder.encode_place, encoder.place_features):
            with pytest.raises(BadPlaceError):
                take(wrong)
    with pytest.raises(ShapeError, match="holds reflectances"):
        encoder.encode_image([raster() * 0 + 0.9])
    with pytest.raises(ShapeError, match="not equally long"):
        encoder.encode_image([[[1, 2], [3]]])
    assert encoder.encode_place(np.empty((0, 2))).shape == (0, DIM)
    assert encoder.encode_place([]).shape == (0, DIM)
    assert encoder.encode_image([]).shape == (0, DIM)
    with pytest.raises(ShapeError):
        encoder.image_features(np.zeros((1, 13, 16, 16), np.float32))
    with pytest.raises(BadQueryError, match="takes no text"):
        encoder.encode_text(["a river"])


@pytest.mark.parametrize(
    ("hyper", "match"),
    [
        ({"le_type": "grid"}, "le_type 'grid', which is not supported"),
        ({"pe_type": "fcnet"}, "pe_type 'fcnet', which is not supported"),
        ({"harmonics_calculation": "discretized"}, "'discretized', which is not supported"),
        ({"legendre_polys": 10}, "takes 49 harmonics"),
    ],
)
def test_other_kinds_of_location_networks_are_refused(
    tmp_path: Path, hyper: dict[str, Any], match: str
) -> None:
    with pytest.raises(DamagedWeightsError, match=match):
        opened(checkpoint(tmp_path, **hyper))


def test_other_files_are_refused_in_words(weights: Path, tmp_path: Path) -> None:
    def refused(change: Callable[[dict[str, Any]], object], match: str) -> None:
        content = torch.load(weights, weights_only=True)
        change(content["state_dict"])
        torch.save(content, tmp_path / "other.ckpt")
        with pytest.raises(DamagedWeightsError, match=match):
            opened(tmp_path / "other.ckpt")

    refused(
        lambda t: t.update({"model.nnet.layers.0.bias": torch.zeros(CAPACITY).double()}),
        "two location networks, which are not the same",
    )
    refused(lambda t: t.update({"model.new": torch.zeros(1)}), "1 are not known .such as new")
    refused(lambda t: t.pop("model.visual.norm.bias"), "1 tensors are missing")
    refused(lambda t: t.pop("model.visual.pos_embed"), "no picture tower that SatCLIP has")
    plain = {"visual.proj": torch.zeros(2, 2), "text_projection": torch.zeros(2, 2)}
    torch.save(plain, tmp_path / "clip.pt")
    with pytest.raises(DamagedWeightsError, match="no location network"):
        opened(tmp_path / "clip.pt")
    whole = weights.read_bytes()
    (tmp_path / "half.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedWeightsError, match="not a whole file"):
        opened(tmp_path / "half.ckpt")
    with pytest.raises(MissingWeightsError, match=r"satclip-vit16-l40\.ckpt"):
        opened(tmp_path)


def test_one_copy_of_the_location_network_is_enough(weights: Path, tmp_path: Path) -> None:
    content = torch.load(weights, weights_only=True)["state_dict"]
    some = {name: t for name, t in content.items() if not name.startswith("model.location")}
    torch.save(some, tmp_path / "plain.pt")  # and no hyper-parameters: then as all public files
    made = opened(tmp_path / "plain.pt").place_features(PLACES)
    np.testing.assert_array_equal(made, opened(weights).place_features(PLACES))


def test_the_spec_says_what_is_there() -> None:
    spec = encoder_spec("satclip-vit16-l40")
    assert spec is SATCLIP_VIT16_L40
    assert len(spec.bands) == 12
    assert "60 degrees" in spec.notices["place"]


TINY = ("vit16-l40", "vit16-l10", "clipvit-l10-closedform")


@needs_shared
@pytest.mark.parametrize("tag", TINY)
def test_places_equal_the_reference_run(tag: str) -> None:
    encoder = opened(shared(f"satclip/checkpoints/satclip-{tag}.tiny.ckpt"))
    lonlat = golden("satclip/inputs/lonlat.npy")
    north, name = np.abs(lonlat[:, 1]), f"satclip/expected/{tag.replace('-', '_')}_location"
    made = encoder.place_features(lonlat)
    if tag.startswith("vit16"):
        np.testing.assert_allclose(made, golden(f"{name}_features_from_exact_sh.npy"), atol=1e-9)
    theirs = np.abs(made - golden(f"{name}_features.npy"))  # their polynomials cancel far north
    assert theirs[north < 30].max() < 1e-6
    assert theirs.max() < (0.1 if tag.endswith("l40") else 1e-6)
    vectors = np.abs(encoder.encode_place(lonlat) - golden(f"{name}_embeddings_seed.npy"))
    assert vectors[north < 45].max() < 1e-5


@needs_shared
@pytest.mark.parametrize("tag", TINY[:2])
def test_rasters_and_their_cosines_equal_the_reference_run(tag: str) -> None:
    encoder = opened(shared(f"satclip/checkpoints/satclip-{tag}.tiny.ckpt"))
    name = f"satclip/expected/{tag.replace('-', '_')}"
    images = golden("satclip/inputs/s2_l2a_12x224x224_uint16.npy")
    made = encoder.image_features(encoder.preprocess(images))
    np.testing.assert_allclose(made, golden(f"{name}_image_features_crop224.npy"), atol=1e-5)
    some = encoder.encode_place(golden("satclip/inputs/lonlat.npy")[36:40])
    logits = encoder.encode_image(images) @ some.T / 0.07
    np.testing.assert_allclose(logits, golden(f"{name}_logits_per_image_crop224.npy"), atol=1e-2)


@needs_shared
def test_the_apps_way_and_the_clip_tower_equal_the_reference_run() -> None:
    small = golden("satclip/inputs/s2_l2a_12x96x96_uint16.npy")
    encoder = opened(shared("satclip/checkpoints/satclip-vit16-l40.tiny.ckpt"), "eee")
    pixels = encoder.preprocess(small)
    name = "satclip/expected/prepared_96to224_bicubic_seed_bands0_3_9_10_11_every2nd.npy"
    some = pixels[:, [0, 3, 9, 10, 11], ::2, ::2]
    np.testing.assert_allclose(some, golden(name), atol=1e-6)
    expected = golden("satclip/expected/vit16_l40_image_features_resized96.npy")
    np.testing.assert_allclose(encoder.image_features(pixels), expected, atol=1e-5)
    clip = opened(shared("satclip/checkpoints/satclip-clipvit-l10-closedform.tiny.ckpt"))
    made = clip.image_features(clip.preprocess(small[:, :, :48, :48]))
    expected = golden("satclip/expected/clipvit_l10_closedform_image_features_raw48.npy")
    np.testing.assert_allclose(made, expected, atol=1e-5)


def full_size(folder: Path, make: Callable[[str, tuple[int, ...]], Any]) -> Path:
    tensors = {}
    for key, (shape, kind) in golden("satclip/shapes_vit16_l40_full.json").items():
        tensor = make(key.replace("model.location.nnet", "model.nnet"), tuple(shape))
        tensor = tensor.to(getattr(torch, kind))
        tensors[key] = tensor / 2 if ".nnet.layers.0." in key else tensor
    path = folder / "satclip-vit16-l40.ckpt"
    torch.save({"state_dict": tensors, "hyper_parameters": HYPER | {"legendre_polys": 40}}, path)
    return path


@needs_shared
def test_every_tensor_of_the_full_size_file_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "eex"):
        path = full_size(tmp_path, lambda _, shape: torch.zeros(()).expand(shape))
        encoder = opened(tmp_path)
    assert not caplog.records  # sizes are those published
    assert (encoder.dim, encoder.degrees) == (256, 40)
    shapes = golden("satclip/shapes_vit16_l40_full.json")
    numbers = [int(np.prod(s)) for k, (s, _) in shapes.items() if ".location." not in k]
    made = sum(p.numel() for part in (encoder.tower, encoder.exact) for p in part.parameters())
    assert made == sum(numbers) - 1  # the scale of training, which no cosine needs
    assert path.is_file()


@needs_shared
def test_full_size_outputs_equal_the_reference_run(tmp_path: Path) -> None:
    encoder = opened(full_size(tmp_path, lambda key, shape: torch.from_numpy(ruled(key, shape))))
    made = encoder.place_features(golden("fullsize/lonlat.npy"))
    expected = golden("fullsize/satclip_vit16_l40_location_from_exact_sh.npy")
    np.testing.assert_allclose(made, expected, atol=1e-9)
    made = encoder.image_features(ruled_picture("img13x224", (1, 13, 224, 224)))
    np.testing.assert_allclose(made, golden("fullsize/satclip_vit16_l40_image.npy"), atol=1e-4)
