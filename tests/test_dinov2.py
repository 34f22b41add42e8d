"""DINOv2 against transformers on random weights, and against outputs of reference runs."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import eex
from eex.encoders.dinov2 import DINOV2_BASE, DINOV2_LARGE
from eex.encoders.open import encoder_spec
from eex.errors import BadQueryError, DamagedWeightsError, MissingWeightsError, ShapeError
from eex.testing import EncoderContract
from eex.weights.read import Checkpoint
from shared_data import golden, needs_shared, ruled, ruled_picture, shared

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WIDTH, PATCHES = 24, 4
TOLERANCE = 2e-6


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "eex")  # tiny sizes are told of, rightly


@pytest.fixture(scope="module")
def oracle() -> Any:
    torch.manual_seed(0)
    config = transformers.Dinov2Config(
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=3,
        mlp_ratio=2,
        image_size=14 * PATCHES,
        patch_size=14,
    )
    model = transformers.Dinov2Model(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # so that no term is too small to be seen
            parameter.normal_(std=0.3)
    return model


@pytest.fixture(scope="module")
def folder(oracle: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dinov2")
    oracle.save_pretrained(path)
    return path


def opened(weights: Path, variant: str = "", **more: Any) -> Any:
    return eex.encoder("dinov2-large", weights=weights, device="cpu", variant=variant, **more)


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def pictures() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(2)
    sizes = ((300, 260, 3), (224, 224, 3), (64, 90, 3))
    return [rng.integers(256, size=size, dtype=np.uint8) for size in sizes]


@pytest.mark.parametrize("size", [(56, 56), (224, 224), (98, 140), (60, 69)])
def test_tokens_equal_those_of_transformers_at_every_size(
    oracle: Any, folder: Path, size: tuple[int, int]
) -> None:
    pixels = noise(2, 3, *size)
    with torch.no_grad():
        expected = oracle(torch.from_numpy(pixels)).last_hidden_state.numpy()
    encoder = opened(folder)
    np.testing.assert_allclose(encoder.image_tokens(pixels), expected, atol=TOLERANCE)
    np.testing.assert_allclose(encoder.image_features(pixels), expected.mean(1), atol=TOLERANCE)
    np.testing.assert_allclose(
        opened(folder, "cls").image_features(torch.from_numpy(pixels)),
        expected[:, 0],
        atol=TOLERANCE,
    )
    down, across = size[0] // 14, size[1] // 14
    patches = expected[:, 1:].reshape(2, down, across, WIDTH)
    np.testing.assert_allclose(encoder.patch_features(pixels), patches, atol=TOLERANCE)


def test_names_of_transformers_5_and_of_the_authors_are_read_too(
    oracle: Any, folder: Path, tmp_path: Path
) -> None:
    pixels = noise(1, 3, 56, 56)
    expected = opened(folder).image_features(pixels)
    state = oracle.state_dict()
    assert any("q_proj" in name for name in state)
    torch.save(state, tmp_path / "five.bin")
    authors = {}
    for name, tensor in state.items():
        ours = name.replace("embeddings.patch_embeddings.projection", "patch_embed.proj")
        ours = ours.replace("embeddings.position_embeddings", "pos_embed")
        ours = ours.replace("embeddings.", "").replace("encoder.layer.", "blocks.")
        ours = ours.replace("layernorm.", "norm.").replace("attention.o_proj", "attn.proj")
        ours = ours.replace("layer_scale", "ls").replace("lambda1", "gamma")
        if ".attention.q_proj." in name:
            parts = [state[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            authors[ours.replace("attention.q_proj", "attn.qkv")] = torch.cat(parts)
        elif ".attention." not in ours:
            authors[ours] = tensor
    torch.save(authors, tmp_path / "authors.pth")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    for file in ("five.bin", "authors.pth"):
        made = opened(tmp_path / file).image_features(pixels)
        np.testing.assert_array_equal(made, expected)


def test_heads_are_64_wide_where_no_configuration_tells(tmp_path: Path) -> None:
    config = transformers.Dinov2Config(
        hidden_size=128, num_hidden_layers=1, num_attention_heads=2, image_size=28
    )
    model = transformers.Dinov2Model(config).eval()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    pixels = noise(1, 3, 28, 28)
    with torch.no_grad():
        expected = model(torch.from_numpy(pixels)).last_hidden_state.mean(dim=1)
    made = opened(tmp_path).image_features(pixels)
    np.testing.assert_allclose(made, expected, atol=TOLERANCE)
    other = {"model_type": "clip", "hidden_size": 128, "num_attention_heads": 8}
    (tmp_path / "config.json").write_text(json.dumps(other))  # another model's is not ours
    np.testing.assert_array_equal(opened(tmp_path).image_features(pixels), made)


def test_the_app_divided_by_255_twice(folder: Path) -> None:
    official, eee = opened(folder), opened(folder, "eee")
    once, twice = (encoder.preprocess(pictures()) for encoder in (official, eee))
    mean = np.array([0.485, 0.456, 0.406])[:, None, None]
    std = np.array([0.229, 0.224, 0.225])[:, None, None]
    expected = ((once * std + mean) / 255 - mean) / std
    np.testing.assert_allclose(twice, expected, atol=1e-6)
    assert twice.max() < -1.7  # all but black
    pixels = noise(1, 3, 56, 56)  # what the network takes is not changed
    np.testing.assert_array_equal(official.image_features(pixels), eee.image_features(pixels))
    cosines = (official.encode_image(pictures()) * eee.encode_image(pictures())).sum(axis=1)
    assert cosines.max() < 0.999


def test_what_it_does_not_take_is_refused(folder: Path) -> None:
    with pytest.raises(BadQueryError, match="dinov2-large takes no 'when' with images") as told:
        opened(folder).encode_image(pictures(), when="2022-07-19")
    assert told.value.hint == "Leave it out."


def test_no_pictures_have_no_patches(folder: Path) -> None:
    encoder = opened(folder)
    none = encoder.preprocess([])
    assert encoder.image_features(none).shape == (0, WIDTH)
    assert encoder.image_tokens(none).shape == (0, 257, WIDTH)
    assert encoder.patch_features(none).shape == (0, 16, 16, WIDTH)
    assert encoder.patch_features(noise(0, 3, 98, 140)).shape == (0, 7, 10, WIDTH)


def test_patches_and_class_token_average_to_the_picture(folder: Path) -> None:
    encoder = opened(folder)
    pixels = encoder.preprocess(pictures()[:1])
    assert pixels.shape == (1, 3, 224, 224)
    patches = encoder.patch_features(pixels)[0]
    assert patches.shape[:2] == encoder.patch_grid == (16, 16)
    whole = (encoder.image_tokens(pixels)[0, 0] + patches.sum(axis=(0, 1))) / 257
    np.testing.assert_allclose(encoder.image_features(pixels)[0], whole, atol=TOLERANCE)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(folder: Path, precision: str) -> None:
    exact = opened(folder).encode_image(pictures())
    made = opened(folder, precision=precision).encode_image(pictures())
    assert made.dtype == np.float32
    assert (exact * made).sum(axis=1).min() > 0.999


class TestDinov2(EncoderContract):
    spec = replace(DINOV2_LARGE, dim=WIDTH)

    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def _loaded(self) -> object:
        return opened(self.folder).loaded


@pytest.mark.parametrize("shape", [(3, 56, 56), (1, 4, 56, 56), (1, 3, 13, 56)])
def test_other_shapes_of_pixels_are_refused(folder: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        opened(folder).image_features(noise(*shape))


def test_whole_numbers_are_no_network_input(folder: Path) -> None:
    with pytest.raises(ShapeError, match="centred and scaled, as floats"):
        opened(folder).image_features(np.zeros((1, 3, 28, 28), np.uint8))


@pytest.mark.parametrize("wrong", [{"precision": "half"}, {"device": "meta"}, {"device": "tpu-7"}])
def test_what_the_machine_does_not_have_is_told(folder: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(BadQueryError, match="There is no") as caught:
        eex.encoder("dinov2-large", weights=folder, **{"device": "cpu", **wrong})
    assert ("float16" if "precision" in wrong else "auto, cpu") in caught.value.hint


@pytest.mark.parametrize("one", ["a.png", Path("a.png"), b"PNG"])
def test_one_picture_is_no_list_of_pictures(folder: Path, one: Any) -> None:
    with pytest.raises(BadQueryError, match="Expected a list of images"):
        opened(folder).encode_image(one)


@pytest.mark.parametrize(
    "said",
    [{"num_attention_heads": None}, {"num_attention_heads": "3"}, {"layer_norm_eps": "small"}],
)
def test_a_configuration_of_nonsense_is_told(
    oracle: Any, tmp_path: Path, said: dict[str, Any]
) -> None:
    config = {"model_type": "dinov2", "hidden_size": WIDTH, **said}
    (tmp_path / "config.json").write_text(json.dumps(config))
    refused(oracle.state_dict(), tmp_path, match="describes a DINOv2 that is not supported")


def test_quantised_weights_are_refused(oracle: Any, tmp_path: Path) -> None:
    whole = {name: tensor.to(torch.int8) for name, tensor in oracle.state_dict().items()}
    refused(whole, tmp_path, match="holds int8 numbers")


def test_no_pictures_no_vectors_no_words(folder: Path) -> None:
    assert opened(folder).encode_image([]).shape == (0, WIDTH)
    with pytest.raises(BadQueryError, match="takes no text"):
        opened(folder).encode_text(["a river"])


def refused(tensors: dict[str, Any], folder: Path, *, match: str, name: str = "") -> None:
    torch.save(tensors, folder / "pytorch_model.bin")
    with pytest.raises(DamagedWeightsError, match=match):
        eex.encoder(name or "dinov2-large", weights=folder, device="cpu")


def test_other_networks_are_refused_in_words(oracle: Any, tmp_path: Path) -> None:
    state = oracle.state_dict()
    extra = torch.zeros(2, 2)
    refused({"conv1.weight": extra}, tmp_path, match="does not hold weights of DINOv2")
    swiglu = {"encoder.layer.0.mlp.weights_in.weight": extra}
    refused(state | swiglu, tmp_path, match="SwiGLU")
    registers = {"embeddings.register_tokens": extra}
    refused(state | registers, tmp_path, match="register tokens")
    refused(state | {"head.weight": extra}, tmp_path, match="1 are not known .such as head.weight")
    kernel = {"embeddings.patch_embeddings.projection.weight": torch.zeros(WIDTH, 3, 0, 0)}
    refused(state | kernel, tmp_path, match="does not hold weights of DINOv2")
    less = {name: tensor for name, tensor in state.items() if name != "layernorm.bias"}
    refused(less, tmp_path, match="1 tensors are missing .such as norm.bias")


def test_the_other_published_size_is_named(tmp_path: Path) -> None:
    width = 768
    tensors = {
        "embeddings.patch_embeddings.projection.weight": torch.zeros(1).expand(width, 3, 14, 14),
        "embeddings.position_embeddings": torch.zeros(1).expand(1, 1370, width),
        "encoder.layer.0.mlp.fc1.weight": torch.zeros(1).expand(4 * width, width),
    }
    for layer in range(12):
        tensors[f"encoder.layer.{layer}.layer_scale1.lambda1"] = torch.zeros(1).expand(width)
    refused(tensors, tmp_path, match="weights of dinov2-base, not of dinov2-large")


def test_a_truncated_file_and_an_empty_folder_are_told(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedWeightsError, match="not a whole file"):
        opened(tmp_path)
    with pytest.raises(MissingWeightsError, match=r"model\.safetensors"):
        opened(folder / "..")


def test_sizes_that_are_not_published_are_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "eex"):
        opened(folder)
    assert [record.getMessage().split(": ")[-1] for record in caplog.records] == [
        "width 24, not 1024; depth 2, not 24."
    ]


@needs_shared
@pytest.mark.parametrize("size", [(224, 224), (98, 140)])
def test_tokens_equal_the_reference_run(size: tuple[int, int]) -> None:
    tag = "224" if size == (224, 224) else "98x140"
    pixels = golden(f"dinov2/inputs/pixels_1x3x{size[0]}x{size[1]}_f32.npy")
    encoder, cls = (opened(shared("dinov2/checkpoints"), name) for name in ("official", "cls"))
    expected = golden(f"dinov2/expected/last_hidden_state_{tag}.npy")
    np.testing.assert_allclose(encoder.image_tokens(pixels), expected, atol=1e-5)
    expected = golden(f"dinov2/expected/cls_{tag}.npy")
    np.testing.assert_allclose(cls.image_features(pixels), expected, atol=1e-5)
    mean = encoder.image_features(pixels)
    expected = golden(f"dinov2/expected/mean_pooled_normalised_seed_{tag}.npy")
    np.testing.assert_allclose(mean / np.linalg.norm(mean), expected, atol=1e-6)


@needs_shared
def test_both_ways_of_the_app_equal_the_reference_run() -> None:
    numbers = golden("dinov2/inputs/s2_rgb_dn_256x256x3_u16.npy").astype(np.float32)
    picture = (np.clip(2.5 * (numbers / 1e4), 0, 1) * 255).astype(np.uint8)
    query, table = (opened(shared("dinov2/checkpoints"), name) for name in ("official", "eee"))
    for backend, near in (("pil", 1e-6), ("torchvision", 1e-4)):
        begin = "dinov2/expected/seed_"
        expected = golden(f"{begin}database_path_pixel_values_every2nd_{backend}.npy")
        made = table.preprocess([picture])[:, :, ::2, ::2]
        np.testing.assert_allclose(made, expected, atol=near)
        expected = golden(f"{begin}database_path_embedding_{backend}.npy")
        np.testing.assert_allclose(table.encode_image([picture]), expected, atol=1e-5)
        expected = golden(f"{begin}query_path_embedding_{backend}.npy")
        np.testing.assert_allclose(query.encode_image([picture]), expected, atol=1e-5)


@needs_shared
def test_every_tensor_of_the_full_size_file_is_used() -> None:
    from eex.encoders.dinov2_net import network_of

    (shapes,) = golden("dinov2/shapes_full.json").values()
    tensors = {key: torch.empty(shape, device="meta") for key, (shape, _) in shapes.items()}
    network = network_of(Checkpoint(tensors), DINOV2_LARGE)
    config = network.config
    assert (config.width, config.depth, config.heads, config.hidden) == (1024, 24, 16, 4096)
    assert config.grid == (37, 37)
    assert sum(p.numel() for p in network.parameters()) == 304_368_640 - 1024  # the mask token


@pytest.mark.slow
@needs_shared
def test_full_size_tokens_equal_those_of_transformers(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    (shapes,) = golden("dinov2/shapes_full.json").values()
    tensors = {name: ruled(name, tuple(shape)) for name, (shape, _) in shapes.items()}
    ready = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    save_file(ready, tmp_path / "model.safetensors", metadata={"format": "pt"})
    transformers.Dinov2Config(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518
    ).save_pretrained(tmp_path)
    pixels = ruled_picture("img224", (1, 3, 224, 224))
    made = opened(tmp_path).image_tokens(pixels)
    model = transformers.Dinov2Model.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = model(torch.from_numpy(pixels)).last_hidden_state.numpy()
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_the_specs_say_what_is_there() -> None:
    for spec, dim in ((DINOV2_LARGE, 1024), (DINOV2_BASE, 768)):
        assert encoder_spec(spec.name) is spec
        assert spec.dim == dim
        assert [variant.name for variant in spec.variants] == ["official", "cls", "eee"]
