"""RemoteCLIP and FarSLIP equal the reference code, and every tensor of their files is used."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eex
from eex.encoders.base import OFFICIAL
from eex.encoders.clip import REMOTECLIP_VIT_B_32, load_clip
from eex.encoders.clip_net import ClipNet, sizes_of
from eex.encoders.layouts import translated
from eex.encoders.open import encoder_spec
from eex.encoders.pair_config import CLIP_RULES, SIGLIP_RULES
from eex.encoders.siglip_net import SiglipNet
from eex.encoders.vit import filled
from eex.errors import (
    BadPictureError,
    BadQueryError,
    DamagedWeightsError,
    MissingWeightsError,
    ShapeError,
)
from eex.testing import EncoderContract
from pair_checkpoints import (
    FULL,
    as_open_clip,
    clip_shapes,
    ruled_tensors,
    tiny_clip,
    torch,
)
from shared_data import golden, needs_shared, ruled_picture, shared

TINY = clip_shapes(patch=8, width=64, depth=2, grid=3, text=64, dim=20, text_depth=2, context=30)
LONG = clip_shapes(patch=8, width=64, depth=2, grid=3, text=64, dim=20, text_depth=2, context=90)

IMAGE, TEXT = (-0.0992223, -0.1279721), (-0.2889673, -0.2001550)
PATCH, WIDE = (0.1837472, -0.0226938), (0.1239956, 0.0384669)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clip")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Path:
    torch.save(ruled_tensors(TINY), folder / "RemoteCLIP-ViT-B-32.pt")
    return folder / "RemoteCLIP-ViT-B-32.pt"


@pytest.fixture(scope="module")
def oracle() -> Any:
    return tiny_clip()


@pytest.fixture(scope="module")
def rewritten(folder: Path, oracle: Any) -> Path:
    """The model of transformers as RemoteCLIP's file would have it, in a trainer's wrapping."""
    tensors = {f"module.{name}": value for name, value in as_open_clip(oracle).items()}
    torch.save({"epoch": 3, "name": "x", "state_dict": tensors}, folder / "rewritten.pt")
    return folder / "rewritten.pt"


def pixels(count: int = 3, size: int = 32, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 3, size, size)).astype(np.float32)


def token_ids(lengths: tuple[int, ...], context: int = 77, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    ids = np.zeros((len(lengths), context), np.int64)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = rng.integers(1, 49_000, length)
        row[length - 1] = 49_407
    return ids


def theirs(features: Any) -> Any:
    return getattr(features, "pooler_output", features).detach().numpy()


# Beside the references' own outputs


@needs_shared
@pytest.mark.parametrize(("variant", "kind"), [("official", "quickgelu"), ("readme-gelu", "gelu")])
def test_remoteclip_equals_open_clip(variant: str, kind: str) -> None:
    file = shared("remoteclip/checkpoints/RemoteCLIP-tiny.pt")
    encoder = eex.encoder("remoteclip-vit-b-32", weights=file, device="cpu", variant=variant)
    images = encoder.image_features(golden("remoteclip/inputs/pixels_3x64x64_f32.npy"))
    texts = encoder.text_features(golden("remoteclip/inputs/token_ids_vocab600.npy"))
    expected = golden(f"remoteclip/expected/image_features_{kind}.npy")
    np.testing.assert_allclose(images, expected, atol=2e-5)
    expected = golden(f"remoteclip/expected/text_features_{kind}.npy")
    np.testing.assert_allclose(texts, expected, atol=2e-5)


@needs_shared
@pytest.mark.parametrize(("variant", "kind"), [("official", "quickgelu"), ("eee", "gelu")])
def test_farslip_equals_its_own_code(variant: str, kind: str) -> None:
    file = shared("farslip/checkpoints/FarSLIP2-tiny.pt")
    encoder = eex.encoder("farslip-vit-b-16", weights=file, device="cpu", variant=variant)
    inputs = golden("farslip/inputs/pixels_3x64x64_f32.npy")
    texts = encoder.text_features(golden("farslip/inputs/token_ids_vocab600_ctx248.npy"))
    expected = golden(f"farslip/expected/image_features_{kind}.npy")
    np.testing.assert_allclose(encoder.image_features(inputs), expected, atol=2e-5)
    expected = golden(f"farslip/expected/text_features_{kind}.npy")
    np.testing.assert_allclose(texts, expected, atol=2e-5)
    for name, how, residual in (
        ("ClearCLIP", "clearclip", False),
        ("SegEarth", "segearth", False),
        ("MaskCLIP", "maskclip", True),
    ):
        made = encoder.patch_features(inputs, how, residual=residual)
        expected = golden(f"farslip/expected/dense_tokens_{name}_{kind}.npy")
        np.testing.assert_allclose(made.reshape(expected.shape), expected, atol=2e-5)


@needs_shared
@pytest.mark.parametrize("size", ["64x64", "96x128", "224x224"])
@pytest.mark.parametrize(
    "name", ["ClearCLIP_nores", "ClearCLIP_res", "SCLIP_nores", "MaskCLIP_nores", "vanilla_nores"]
)
def test_patches_equal_clearclip_at_any_size(name: str, size: str) -> None:
    file = shared("remoteclip/checkpoints/RemoteCLIP-tiny.pt")
    encoder = eex.encoder("remoteclip-vit-b-32", weights=file, device="cpu")
    how, _, rest = name.partition("_")
    inputs = golden(f"clearclip/inputs/pixels_{size}_f32.npy")
    made = encoder.patch_features(inputs, how.lower(), residual=rest == "res")
    expected = golden(f"clearclip/expected/tokens_{name}_{size}.npy")
    assert made.shape[1:3] == tuple(int(side) // 16 for side in size.split("x"))
    np.testing.assert_allclose(made.reshape(expected.shape), expected, atol=2e-5)


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "ids"),
    [
        ("remoteclip-vit-b-32", "remoteclip_ViT-B-32", "clip_ids"),
        ("farslip-vit-b-16", "farslip_ViT-B-16", "farslip_ids"),
    ],
)
def test_full_size_networks_give_the_full_size_outputs(
    name: str, kind: str, ids: str, tmp_path: Path
) -> None:
    torch.save(ruled_tensors(FULL[name][0]), tmp_path / "weights.pt")
    encoder = eex.encoder(name, weights=tmp_path / "weights.pt", device="cpu")
    inputs = ruled_picture("img224", (1, 3, 224, 224))
    expected = golden(f"fullsize/{kind}_quickgelu_image.npy")
    np.testing.assert_allclose(encoder.image_features(inputs), expected, atol=1e-4)
    expected = golden(f"fullsize/{kind}_quickgelu_text.npy")
    texts = encoder.text_features(golden(f"fullsize/{ids}.npy"))
    np.testing.assert_allclose(texts, expected, atol=1e-4)


@needs_shared
@pytest.mark.parametrize(
    ("name", "file", "key"),
    [
        ("remoteclip-vit-b-32", "remoteclip", "ViT-B-32"),
        ("remoteclip-vit-l-14", "remoteclip", "ViT-L-14"),
        ("farslip-vit-b-16", "farslip", "ViT-B-16 long_clip"),
        ("siglip-so400m-14-384", "siglip", "open_clip ViT-SO400M-14-SigLIP-384"),
    ],
)
def test_our_lists_of_tensors_are_the_published_ones(name: str, file: str, key: str) -> None:
    listed = golden(f"{file}/shapes_full.json")[key]
    plain = {name.removeprefix("module."): tuple(shape) for name, (shape, _) in listed.items()}
    assert plain == FULL[name][0]


# Without them: every tensor, transformers as oracle, figures carried over


@pytest.mark.parametrize("name", sorted(FULL))
def test_every_tensor_of_the_published_file_is_used(name: str) -> None:
    shapes, parameters = FULL[name]
    learned = [shape for key, shape in shapes.items() if not key.startswith("mask")]
    assert sum(int(np.prod(shape)) for shape in learned) == parameters
    empty = {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
    for key in ("logit_scale", "logit_bias"):
        if key in empty:
            empty[key] = torch.zeros(())
    siglip = name.startswith("siglip")
    content = translated(empty, path=Path("full"), model=name)
    rules = SIGLIP_RULES if siglip else CLIP_RULES
    sizes = sizes_of(content.tensors, rules, path=Path("full"), model=name)
    with torch.device("meta"):
        network = SiglipNet(sizes) if siglip else ClipNet(sizes)
    filled(network, content.tensors, path=Path("full"), model=name)
    assert set(content.values) == ({"logit_scale", "logit_bias"} if siglip else {"logit_scale"})
    spec = encoder_spec(name)
    assert (sizes.dim, sizes.text.context) == (spec.dim, spec.context)
    assert sizes.vision.grid[0] == spec.image_size // sizes.vision.patch
    heads = {"remoteclip-vit-l-14": (16, 12), "siglip-so400m-14-384": (16, 16)}
    assert (sizes.vision.heads, sizes.text.heads) == heads.get(name, (12, 8))


def test_open_clips_layout_gives_what_transformers_computes(rewritten: Path, oracle: Any) -> None:
    encoder = eex.encoder("remoteclip-vit-b-32", weights=rewritten, device="cpu")
    ids = token_ids((2, 9, 30, 77))
    with torch.no_grad():
        images = theirs(oracle.get_image_features(pixel_values=torch.tensor(pixels())))
        texts = theirs(oracle.get_text_features(input_ids=torch.tensor(ids)))
    np.testing.assert_allclose(encoder.image_features(pixels()), images, atol=1e-5)
    np.testing.assert_allclose(encoder.text_features(ids), texts, atol=1e-5)
    assert np.abs(images).max() > 0.5
    assert encoder.logit_scale == pytest.approx(oracle.logit_scale.item())


def test_patches_are_clearclips_formula(rewritten: Path, oracle: Any) -> None:
    """Written out with the modules of transformers: softmax(q q') v, no residual, no MLP."""
    encoder = eex.encoder("remoteclip-vit-b-32", weights=rewritten, device="cpu")
    vision, last = oracle.vision_model, oracle.vision_model.encoder.layers[-1]
    with torch.no_grad():
        kept: list[Any] = []
        hook = last.register_forward_pre_hook(lambda _, args, kw: kept.append((args, kw)),
                                              with_kwargs=True)  # fmt: skip
        vision(pixel_values=torch.tensor(pixels(2)))
        hook.remove()
        args, named = kept[0]
        x = last.layer_norm1(args[0] if args else named["hidden_states"])
        q, v = (p(x).reshape(2, 17, 2, 64).transpose(1, 2)
                for p in (last.self_attn.q_proj, last.self_attn.v_proj))  # fmt: skip
        weights = torch.softmax(q @ q.transpose(2, 3) * 64**-0.5, dim=-1)
        y = last.self_attn.out_proj((weights @ v).transpose(1, 2).reshape(2, 17, 128))
        expected = oracle.visual_projection(vision.post_layernorm(y[:, 1:])).numpy()
    made = encoder.patch_features(pixels(2))
    assert made.shape == (2, 4, 4, 24)
    assert encoder.patch_grid == (4, 4)
    np.testing.assert_allclose(made.reshape(2, 16, 24), expected, atol=1e-5)


def test_figures_carried_over(tiny: Path) -> None:
    """Two numbers of every output, made when all of the above held."""
    encoder = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    inputs = ruled_picture("img24", (1, 3, 24, 24))
    ids = token_ids((5,), 30)
    np.testing.assert_allclose(encoder.image_features(inputs)[0, :2], IMAGE, atol=1e-5)
    np.testing.assert_allclose(encoder.text_features(ids)[0, :2], TEXT, atol=1e-5)
    np.testing.assert_allclose(encoder.patch_features(inputs)[0, 2, 1, :2], PATCH, atol=1e-5)
    assert encoder.patch_features(inputs[:0]).shape == (
        0,
        *encoder.patch_features(inputs).shape[1:],
    )
    wide = ruled_picture("wide", (1, 3, 32, 48))
    np.testing.assert_allclose(encoder.patch_features(wide)[0, 3, 5, :2], WIDE, atol=1e-5)


def test_long_texts_have_two_tables_of_positions(folder: Path) -> None:
    """The first 20 positions are of one table, the others of the second; masks may lack."""
    tensors = ruled_tensors(LONG)
    torch.save(tensors, folder / "long.pt")
    ids = token_ids((19, 20, 21, 90), 90)
    made = eex.encoder("farslip-vit-b-16", weights=folder / "long.pt", device="cpu")
    expected = made.text_features(ids)

    joined = dict(tensors)
    later = joined.pop("positional_embedding_res")
    joined["positional_embedding"] = torch.cat([tensors["positional_embedding"][:20], later[20:]])
    del joined["mask1"], joined["mask2"]
    torch.save(joined, folder / "joined.pt")
    one = eex.encoder("farslip-vit-b-16", weights=folder / "joined.pt", device="cpu")
    np.testing.assert_allclose(one.text_features(ids), expected, atol=1e-6)

    unmasked = {k: v for k, v in tensors.items() if not k.startswith("mask")}
    torch.save(unmasked, folder / "unmasked.pt")
    other = eex.encoder("farslip-vit-b-16", weights=folder / "unmasked.pt", device="cpu")
    np.testing.assert_allclose(other.text_features(ids), expected, atol=1e-6)


# Promises of every encoder


def test_variants_differ_in_the_activation(tiny: Path) -> None:
    inputs = ruled_picture("img24", (1, 3, 24, 24))
    official, other = (
        eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu", variant=variant)
        for variant in ("", "readme-gelu")
    )
    assert official.variant.name == "official"
    far = np.abs(official.image_features(inputs) - other.image_features(inputs)).max()
    assert far > 1e-4


def test_batches_equal_singles(tiny: Path) -> None:
    encoder = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    inputs, ids = pixels(19, 24), token_ids((2, 30, 5, 12, 3) * 4, 30)
    for features, given in ((encoder.image_features, inputs), (encoder.text_features, ids)):
        single = np.concatenate([features(one[None]) for one in given])
        np.testing.assert_allclose(features(given), single, atol=2e-6)
    assert encoder.image_features(inputs[:0]).shape == (0, 20)
    assert encoder.text_features(torch.tensor(ids)).dtype == np.float32
    inputs.flags.writeable = False  # as arrays mapped from files are
    assert encoder.image_features(inputs[:2, :, ::-1]).shape == (2, 20)
    assert encoder.image_features(inputs[:2]).shape == (2, 20)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_agrees(tiny: Path, precision: str) -> None:
    inputs, ids = pixels(4, 24), token_ids((4, 9, 30), 30)
    whole = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    half = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu", precision=precision)
    for a, b in (
        (whole.image_features(inputs), half.image_features(inputs)),
        (whole.text_features(ids), half.text_features(ids)),
    ):
        cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosines.min() > 0.999
        assert b.dtype == np.float32


def test_what_has_another_shape_is_refused(tiny: Path) -> None:
    encoder = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    for wrong in (pixels(1, 32), pixels(1, 24)[:, :2], pixels(1, 24)[0], pixels(1, 4)):
        with pytest.raises(ShapeError):
            encoder.image_features(wrong)
    for ids in (np.zeros((1, 31), int), np.full((1, 30), 49_408), np.zeros((1, 30)), [[-1] * 30]):
        with pytest.raises(ShapeError):
            encoder.text_features(ids)
    with pytest.raises(BadQueryError, match="no way"):
        encoder.patch_features(pixels(1, 24), "magic")
    with pytest.raises(ShapeError):
        encoder.patch_features(pixels(1, 4))


def test_pictures_and_texts_of_any_size(tiny: Path) -> None:
    encoder = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    with pytest.raises(BadPictureError, match="too small"):
        encoder.encode_image([np.zeros((1, 1, 3), np.uint8)])
    wide = np.random.default_rng(0).integers(256, size=(40, 30_000, 3), dtype=np.uint8)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_image([wide])), 1, atol=1e-5)
    with pytest.raises(BadQueryError, match="empty"):
        encoder.encode_text([" "])
    long = "word " * 2_000
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_text([long])), 1, atol=1e-5)
    assert encoder.cut_texts([long, "a lake"]) == (True, False)


def test_weights_of_another_model_are_named(tmp_path: Path) -> None:
    large = {key: torch.empty(shape, device="meta") for key, shape in
             FULL["remoteclip-vit-l-14"][0].items()}  # fmt: skip
    with pytest.raises(DamagedWeightsError, match="no picture tower"):
        translated({"fc.weight": torch.zeros(2)}, path=tmp_path, model="x")
    for key, told in (
        ("embeddings.patch_embeddings.projection.weight", "dinov2-large"),
        ("visual.layer1.0.conv1.weight", "ResNet"),
        ("text.transformer.embeddings.word_embeddings.weight", "another text tower"),
    ):
        with pytest.raises(DamagedWeightsError, match=told):
            translated({**large, key: torch.zeros(2)}, path=tmp_path, model="x")


def test_a_published_model_under_another_name_is_recognised(tmp_path: Path) -> None:
    zeros = {key: torch.zeros((), dtype=torch.float16).expand(shape) for key, shape in
             FULL["farslip-vit-b-16"][0].items()}  # fmt: skip
    torch.save(zeros, tmp_path / "x.pt")  # views of one number: a small file
    with pytest.raises(DamagedWeightsError, match="holds weights of farslip-vit-b-16") as raised:
        eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "x.pt", device="cpu")
    assert "farslip-vit-b-16" in raised.value.hint


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_a_tensor_missing_left_over_or_odd_is_told(tiny: Path, tmp_path: Path, change: str) -> None:
    tensors = torch.load(tiny, weights_only=True)
    if change == "missing":
        del tensors["transformer.resblocks.1.ln_1.weight"]
    elif change == "extra":
        tensors["visual.more"] = torch.zeros(3)
    else:
        tensors["ln_final.bias"] = torch.zeros(3)
    torch.save(tensors, tmp_path / "odd.pt")
    with pytest.raises(DamagedWeightsError, match=r"text\.blocks\.1|visual\.more|text\.norm"):
        eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "odd.pt", device="cpu")


@pytest.mark.parametrize("key", ["visual.conv1.weight", "token_embedding.weight", "visual.proj"])
def test_whatever_is_missing_it_is_told_without_a_traceback(
    tiny: Path, tmp_path: Path, key: str
) -> None:
    tensors = torch.load(tiny, weights_only=True)
    del tensors[key]
    torch.save(tensors, tmp_path / "odd.pt")
    with pytest.raises(DamagedWeightsError):
        eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "odd.pt", device="cpu")


def test_a_patch_of_no_pixels_is_refused(tmp_path: Path) -> None:
    tensors = ruled_tensors(TINY) | {"visual.conv1.weight": torch.zeros(128, 3, 0, 0)}
    torch.save(tensors, tmp_path / "odd.pt")
    with pytest.raises(DamagedWeightsError, match=r"patch_embed\.weight is missing"):
        eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "odd.pt", device="cpu")


def test_a_scale_without_a_number_is_none(tmp_path: Path) -> None:
    torch.save(ruled_tensors(TINY) | {"logit_scale": torch.zeros(0)}, tmp_path / "odd.pt")
    encoder = eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "odd.pt", device="cpu")
    assert encoder.logit_scale is None


def test_other_sizes_are_told_once(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="eex"):
        eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    assert len(caplog.records) == 1
    assert "other sizes" in caplog.text


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"RemoteCLIP-ViT-L-14\.pt"):
        eex.encoder("remoteclip-vit-l-14", weights=tmp_path, device="cpu")


def test_a_folder_is_as_good_as_its_file(tiny: Path) -> None:
    inputs = pixels(1, 24)
    one, other = (
        eex.encoder("remoteclip-vit-b-32", weights=path, device="cpu").image_features(inputs)
        for path in (tiny, tiny.parent)
    )
    np.testing.assert_array_equal(one, other)


def test_a_query_is_the_same_in_every_thread(tiny: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    encoder = eex.encoder("remoteclip-vit-b-32", weights=tiny, device="cpu")
    texts = [f"tile {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda text: encoder.encode_text([text])[0], texts))
    np.testing.assert_allclose(made, encoder.encode_text(texts), atol=1e-6)


def test_all_of_it_is_known_without_torch() -> None:
    for name in FULL:
        spec = encoder_spec(name)
        assert spec.modalities == ("text", "image")
        assert spec.licence
        assert spec.paper
        assert spec.good_for
        assert spec.preprocessing
        assert spec.homes[0].hub == "huggingface"
        assert spec.heatmaps
        assert all(template.count("{}") == 1 for template in spec.templates)


class TestContract(EncoderContract):
    """What every encoder must keep, on a tiny one."""

    spec = REMOTECLIP_VIT_B_32

    @pytest.fixture(autouse=True)
    def _weights(self, tiny: Path) -> None:
        def load(device: str) -> object:
            return load_clip(device, spec=REMOTECLIP_VIT_B_32, weights=tiny, variant=OFFICIAL)

        from dataclasses import replace

        type(self).spec = replace(REMOTECLIP_VIT_B_32, dim=20, load=load)
