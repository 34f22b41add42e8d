"""SigLIP equals the reference code, from the files of open_clip and of transformers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eex
from eex.encoders.base import OFFICIAL
from eex.encoders.preprocess import CLIP_MEAN, HALF
from eex.encoders.siglip import SIGLIP_SO400M_14_384, load_siglip
from eex.errors import BadQueryError, DamagedWeightsError, MissingWeightsError, ShapeError
from eex.testing import EncoderContract
from pair_checkpoints import (
    FULL,
    as_open_clip,
    ruled_tensors,
    siglip_shapes,
    tiny_siglip,
    torch,
    word_tokenizer,
)
from shared_data import golden, needs_shared, ruled_picture, shared

NAME = "siglip-so400m-14-384"

TINY = siglip_shapes(patch=14, width=64, depth=2, grid=3, hidden=100, vocabulary=60)

IMAGE, TEXT = (0.0787794, 0.0054983), (-0.2596235, 0.3279571)
PATCH, CLEAR = (-0.0620188, 0.0483928), (0.1263260, -0.1168324)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny one in open_clip's layout, with a vocabulary."""
    made = tmp_path_factory.mktemp("siglip")
    torch.save(ruled_tensors(TINY), made / "open_clip_pytorch_model.bin")
    word_tokenizer(made, "a lake forest sand desert sea ice satellite image of glacier")
    return made


@pytest.fixture(scope="module")
def oracle() -> Any:
    return tiny_siglip()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, oracle: Any) -> dict[str, Path]:
    """The model of transformers in its own layout, and in that of open_clip."""
    made = {kind: tmp_path_factory.mktemp(kind) for kind in ("transformers", "open_clip")}
    oracle.save_pretrained(made["transformers"])
    torch.save(as_open_clip(oracle), made["open_clip"] / "open_clip_pytorch_model.bin")
    shutil.copy(made["transformers"] / "config.json", made["open_clip"])  # has the heads
    return made


def pixels(count: int = 3, size: int = 46) -> Any:
    return np.random.default_rng(0).normal(size=(count, 3, size, size)).astype(np.float32)


def token_ids(count: int = 3, vocabulary: int = 300) -> Any:
    return np.random.default_rng(1).integers(0, vocabulary, size=(count, 64))


def theirs(features: Any) -> Any:
    return getattr(features, "pooler_output", features).detach().numpy()


@needs_shared
@pytest.mark.parametrize("layout", ["open_clip", "hf"])
@pytest.mark.parametrize(
    ("variant", "kind"), [("official", "open_clip"), ("transformers", "hf_tanh")]
)
def test_both_layouts_equal_both_references(layout: str, variant: str, kind: str) -> None:
    weights = shared(f"siglip/checkpoints/{layout}")
    encoder = eex.encoder(NAME, weights=weights, device="cpu", variant=variant)
    images = encoder.image_features(golden("siglip/inputs/pixels_3x62x62_f32.npy"))
    texts = encoder.text_features(golden("siglip/inputs/token_ids_vocab500_ctx64.npy"))
    expected = golden(f"siglip/expected/{kind}_image_features.npy")
    np.testing.assert_allclose(images, expected, atol=2e-5)
    expected = golden(f"siglip/expected/{kind}_text_features.npy")
    np.testing.assert_allclose(texts, expected, atol=2e-5)
    if variant == "official":
        units = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, texts)]
        logits = np.exp(encoder.logit_scale) * units[0] @ units[1].T + encoder.logit_bias
        expected = golden("siglip/expected/open_clip_logits.npy")
        np.testing.assert_allclose(logits.reshape(expected.shape), expected, atol=1e-3)


@needs_shared
@pytest.mark.slow
def test_full_size_runs(tmp_path: Path) -> None:
    """Texts and a picture go through 878 million parameters; their outputs are kept elsewhere."""
    torch.save(ruled_tensors(FULL[NAME][0]), tmp_path / "weights.pt")
    encoder = eex.encoder(NAME, weights=tmp_path / "weights.pt", device="cpu")
    assert encoder.prepare.size == 384
    texts = encoder.text_features(golden("fullsize/siglip_ids.npy"))
    image = encoder.image_features(ruled_picture("img384", (1, 3, 384, 384)))
    assert texts.shape[1] == image.shape[1] == 1152
    assert np.isfinite(texts).all()
    assert np.isfinite(image).all()


@pytest.mark.parametrize("layout", ["transformers", "open_clip"])
def test_both_layouts_give_what_transformers_computes(
    published: dict[str, Path], oracle: Any, layout: str
) -> None:
    encoder = eex.encoder(NAME, weights=published[layout], device="cpu")
    with torch.no_grad():
        images = theirs(oracle.get_image_features(pixel_values=torch.tensor(pixels())))
        texts = theirs(oracle.get_text_features(input_ids=torch.tensor(token_ids())))
    np.testing.assert_allclose(encoder.image_features(pixels()), images, atol=1e-5)
    np.testing.assert_allclose(encoder.text_features(token_ids()), texts, atol=1e-5)
    assert np.abs(images).max() > 0.5
    assert encoder.prepare.size == 46
    assert encoder.logit_bias == pytest.approx(oracle.logit_bias.item())


def test_a_patch_is_pooled_as_though_it_were_alone(published: dict[str, Path], oracle: Any) -> None:
    """The pooling of transformers, given one token at a time."""
    encoder = eex.encoder(NAME, weights=published["transformers"], device="cpu")
    with torch.no_grad():
        vision = oracle.vision_model
        tokens = vision(pixel_values=torch.tensor(pixels(2))).last_hidden_state
        alone = [vision.head(tokens[:, at : at + 1]) for at in range(tokens.shape[1])]
    expected = torch.stack(alone, dim=1).numpy()
    made = encoder.patch_features(pixels(2))
    assert made.shape == (2, 3, 3, 96)
    assert encoder.patch_grid == (3, 3)
    np.testing.assert_allclose(made.reshape(expected.shape), expected, atol=1e-5)


def test_a_picture_of_one_patch_is_its_patch(folder: Path) -> None:
    tensors = ruled_tensors(
        siglip_shapes(patch=14, width=64, depth=2, grid=1, hidden=100, vocabulary=60)
    )
    torch.save(tensors, folder / "one.pt")
    encoder = eex.encoder(NAME, weights=folder / "one.pt", device="cpu")
    whole = encoder.image_features(pixels(2, 14))
    np.testing.assert_allclose(encoder.patch_features(pixels(2, 14))[:, 0, 0], whole, atol=1e-6)


def test_figures_carried_over(folder: Path) -> None:
    """Two numbers of every output, made when all of the above held."""
    encoder = eex.encoder(NAME, weights=folder, device="cpu")
    inputs, ids = ruled_picture("img42", (1, 3, 42, 42)), token_ids(1, 60)
    np.testing.assert_allclose(encoder.image_features(inputs)[0, :2], IMAGE, atol=1e-5)
    np.testing.assert_allclose(encoder.text_features(ids)[0, :2], TEXT, atol=1e-5)
    np.testing.assert_allclose(encoder.patch_features(inputs)[0, 2, 1, :2], PATCH, atol=1e-5)
    made = encoder.patch_features(inputs, "clearclip")
    np.testing.assert_allclose(made[0, 0, 2, :2], CLEAR, atol=1e-5)


def test_patches_of_pictures_of_any_size(folder: Path) -> None:
    encoder = eex.encoder(NAME, weights=folder, device="cpu")
    wide = ruled_picture("wide", (1, 3, 30, 70))
    for how in encoder.ways:
        assert encoder.patch_features(wide, how).shape == (1, 2, 5, 64)
        assert encoder.patch_features(wide[:0], how).shape == (0, 2, 5, 64)
    with pytest.raises(ShapeError):
        encoder.image_features(wide)


def test_variants_are_told_apart(folder: Path) -> None:
    made = {
        variant: eex.encoder(NAME, weights=folder, device="cpu", variant=variant)
        for variant in ("official", "eee", "transformers")
    }
    assert made["official"].prepare.mean == HALF
    assert made["official"].prepare.resize == "squash"
    assert made["eee"].prepare.mean == CLIP_MEAN
    assert made["eee"].prepare.resize == "shortest"
    texts = ["A lake!"]
    plain, kept = (made[v].tokenize(texts) for v in ("official", "eee"))
    np.testing.assert_array_equal(plain, made["official"].tokenize(["a lake"]))
    assert (plain != kept).any()
    inputs = pixels(1, 42)
    exact, tanh = (made[v].image_features(inputs) for v in ("official", "transformers"))
    assert 1e-6 < np.abs(exact - tanh).max() < 1e-2


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(folder: Path, precision: str) -> None:
    whole = eex.encoder(NAME, weights=folder, device="cpu")
    half = eex.encoder(NAME, weights=folder, device="cpu", precision=precision)
    for a, b in (
        (whole.image_features(pixels(3, 42)), half.image_features(pixels(3, 42))),
        (whole.text_features(token_ids(3, 60)), half.text_features(token_ids(3, 60))),
    ):
        cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosines.min() > 0.999


def test_batches_equal_singles(folder: Path) -> None:
    encoder = eex.encoder(NAME, weights=folder, device="cpu")
    for features, given in (
        (encoder.image_features, pixels(17, 42)),
        (encoder.text_features, token_ids(17, 60)),
    ):
        single = np.concatenate([features(one[None]) for one in given])
        np.testing.assert_allclose(features(given), single, atol=2e-6)


def test_without_the_vocabulary_pictures_work_and_texts_name_its_file(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "open_clip_pytorch_model.bin", tmp_path)
    encoder = eex.encoder(NAME, weights=tmp_path, device="cpu")
    assert encoder.encode_image([np.zeros((20, 30, 3), np.uint8)]).shape == (1, 64)
    with pytest.raises(MissingWeightsError, match=r"tokenizer\.json"):
        encoder.encode_text(["a lake"])
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DamagedWeightsError, match="no vocabulary"):
        encoder.encode_text(["a lake"])


@pytest.mark.parametrize("text", ["!!!", "?! ...", "\x00\x07"])
def test_a_text_of_which_cleaning_leaves_nothing_is_refused(folder: Path, text: str) -> None:
    encoder = eex.encoder(NAME, weights=folder, device="cpu")
    with pytest.raises(BadQueryError, match="reads nothing"):
        encoder.encode_text(["a lake", text])
    assert encoder.tokenize([text]).shape == (1, 64)  # as the references have it
    if text.isprintable():  # the variant keeps punctuation
        kept = eex.encoder(NAME, weights=folder, device="cpu", variant="eee")
        assert kept.encode_text([text]).shape == (1, 64)


def test_a_text_without_a_known_sign_is_refused(folder: Path) -> None:
    encoder = eex.encoder(NAME, weights=folder, device="cpu")
    with pytest.raises(BadQueryError, match="no sign"):
        encoder.encode_text(["a lake", "\u68ee\u6797"])
    assert encoder.encode_text(["a \u68ee\u6797"]).shape == (1, 64)


def test_a_vocabulary_larger_than_the_model_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "open_clip_pytorch_model.bin", tmp_path)
    word_tokenizer(tmp_path, " ".join(f"w{number}" for number in range(90)))
    encoder = eex.encoder(NAME, weights=tmp_path, device="cpu")
    with pytest.raises(DamagedWeightsError, match="tokens"):
        encoder.encode_text(["a lake"])


class TestContract(EncoderContract):
    """What every encoder must keep, on a tiny one."""

    spec = SIGLIP_SO400M_14_384

    @pytest.fixture(autouse=True)
    def _weights(self, folder: Path) -> None:
        def load(device: str) -> object:
            return load_siglip(device, spec=SIGLIP_SO400M_14_384, weights=folder, variant=OFFICIAL)

        type(self).spec = replace(SIGLIP_SO400M_14_384, dim=64, load=load)
