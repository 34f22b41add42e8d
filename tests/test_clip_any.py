"""Any CLIP or SigLIP loads by path or hub id; what is not supported is refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eex
from eex.config import Settings
from eex.encoders.listing import encoder_record
from eex.encoders.open import encoder_spec
from eex.encoders.pair_config import config_of, from_hugging_face, from_open_clip
from eex.encoders.preprocess import CLIP_MEAN, HALF
from eex.errors import (
    DamagedWeightsError,
    MissingWeightsError,
    ShapeError,
    UnknownNameError,
    WeightsError,
)
from eex.weights.store import model_folder
from pair_checkpoints import (
    as_open_clip,
    clip_shapes,
    ruled_tensors,
    tiny_clip,
    tiny_siglip,
    torch,
    transformers,
)
from shared_data import golden, needs_shared, shared

OPEN_CLIP: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 3, "width": 128, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1,
                     "layers": 2},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
}  # fmt: skip

SIGLIP: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 96,
        "custom_text": True,
        "vision_cfg": {"image_size": 46, "timm_model_name": "vit_so400m_patch14_siglip_384",
                       "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {"context_length": 64, "vocab_size": 300, "width": 96, "heads": 3,
                     "layers": 2, "no_causal_mask": True, "proj_bias": True, "pool_type": "last",
                     "norm_kwargs": {"eps": 1e-6}, "tokenizer_kwargs": {"clean": "canonicalize"}},
    },
    "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def pixels(size: int) -> Any:
    return np.random.default_rng(0).normal(size=(2, 3, size, size)).astype(np.float32)


def theirs(features: Any) -> Any:
    return getattr(features, "pooler_output", features).detach().numpy()


def expected_of(model: Any, size: int) -> Any:
    with torch.no_grad():
        return theirs(model.get_image_features(pixel_values=torch.tensor(pixels(size))))


def with_part(part: str, **changes: Any) -> dict[str, Any]:
    base = SIGLIP if changes.pop("siglip", False) else OPEN_CLIP
    model = json.loads(json.dumps(base["model_cfg"]))
    (model if part == "model_cfg" else model.setdefault(part, {})).update(changes)
    return {"model_cfg": model}


def write(folder: Path, tensors: Any, record: Any) -> str:
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    whole = {name: value.contiguous() for name, value in tensors.items()}
    save_file(whole, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(record))
    return f"clip:{folder}"


@pytest.mark.parametrize("act", ["gelu", "quick_gelu"])
def test_a_clip_of_open_clip(tmp_path: Path, act: str) -> None:
    model = tiny_clip(act)
    record = with_part("model_cfg", quick_gelu=act == "quick_gelu")
    name = write(tmp_path / "a folder, with spaces", as_open_clip(model), OPEN_CLIP | record)
    encoder = eex.encoder(name, device="cpu")
    made = encoder.image_features(pixels(32))
    np.testing.assert_allclose(made, expected_of(model, 32), atol=1e-5)
    assert encoder.prepare.std == (0.25, 0.25, 0.25)
    assert (encoder.dim, encoder.spec.dim) == (24, 24)
    assert (encoder.spec.image_size, encoder.spec.context) == (32, 77)
    assert encoder.encode_text(["a lake", "ice"]).shape == (2, 24)
    assert encoder.encode_image([np.zeros((9, 9, 3), np.uint8)]).shape == (1, 24)


@pytest.mark.parametrize("act", ["gelu", "quick_gelu", "gelu_pytorch_tanh"])
def test_a_clip_of_transformers(tmp_path: Path, act: str) -> None:
    model = tiny_clip(act)
    model.save_pretrained(tmp_path)
    ids = np.zeros((2, 77), np.int64)
    ids[:, :3], ids[0, 3], ids[1, 40] = 5, 49407, 49407
    encoder = eex.encoder(f"clip:{tmp_path}", device="cpu")
    made = encoder.image_features(pixels(32))
    np.testing.assert_allclose(made, expected_of(model, 32), atol=1e-5)
    with torch.no_grad():
        texts = theirs(model.get_text_features(input_ids=torch.tensor(ids)))
    np.testing.assert_allclose(encoder.text_features(ids), texts, atol=1e-5)


@pytest.mark.parametrize("act", ["gelu", "gelu_pytorch_tanh"])
def test_a_siglip_of_transformers(tmp_path: Path, act: str) -> None:
    model = tiny_siglip(act)
    model.save_pretrained(tmp_path)
    encoder = eex.encoder(f"clip:{tmp_path}", device="cpu")
    made = encoder.image_features(pixels(46))
    np.testing.assert_allclose(made, expected_of(model, 46), atol=1e-5)
    assert encoder.prepare.resize == "squash"
    assert encoder.prepare.mean == HALF


def test_a_siglip_of_open_clip(tmp_path: Path) -> None:
    model = tiny_siglip("gelu")
    encoder = eex.encoder(write(tmp_path / "x", as_open_clip(model), SIGLIP), device="cpu")
    made = encoder.image_features(pixels(46))
    np.testing.assert_allclose(made, expected_of(model, 46), atol=1e-5)
    assert encoder.prepare.resize == "squash"
    assert encoder.spec.title.startswith("SigLIP")


@needs_shared
@pytest.mark.parametrize(("layout", "kind"), [("open_clip", "open_clip"), ("hf", "hf_tanh")])
def test_a_siglip_as_its_own_configuration_says(layout: str, kind: str) -> None:
    encoder = eex.encoder(f"clip:{shared(f'siglip/checkpoints/{layout}')}", device="cpu")
    made = encoder.image_features(golden("siglip/inputs/pixels_3x62x62_f32.npy"))
    expected = golden(f"siglip/expected/{kind}_image_features.npy")
    np.testing.assert_allclose(made, expected, atol=2e-5)


@pytest.mark.parametrize("crop", [24, 32])
def test_pictures_are_prepared_as_transformers_prepares_them(tmp_path: Path, crop: int) -> None:
    pytest.importorskip("PIL")
    tiny_clip().save_pretrained(tmp_path)
    record = {"size": {"shortest_edge": crop + 5}, "crop_size": crop, "resample": 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(record))
    prepare = config_of(tmp_path).prepare  # type: ignore[union-attr]
    processor = getattr(transformers, "CLIPImageProcessorPil", transformers.CLIPImageProcessor)
    theirs = processor(size={"shortest_edge": crop + 5}, crop_size=crop)
    for shape in ((41, 97), (50, 50), (77, 40)):
        image = np.random.default_rng(0).integers(256, size=(*shape, 3), dtype=np.uint8)
        expected = np.asarray(theirs(image, return_tensors="np")["pixel_values"][0])
        np.testing.assert_allclose(prepare(image), expected, atol=1e-6)


def test_a_lone_file_is_taken_for_a_clip_like_openais(tmp_path: Path) -> None:
    model = tiny_clip("quick_gelu")
    torch.save(as_open_clip(model), tmp_path / "RS5M_ViT.pt")
    expected = expected_of(model, 32)
    for name in (f"clip:{tmp_path / 'RS5M_ViT.pt'}", f"clip:{tmp_path}"):
        encoder = eex.encoder(name, device="cpu")
        np.testing.assert_allclose(encoder.image_features(pixels(32)), expected, atol=1e-5)
        assert encoder.prepare.size == 32
        assert encoder.prepare.mean == CLIP_MEAN
    other = eex.encoder(name, device="cpu", variant="gelu")
    assert np.abs(other.image_features(pixels(32)) - expected).max() > 1e-3
    siglip = tmp_path / "siglip.pt"
    torch.save(as_open_clip(tiny_siglip()), siglip)
    assert eex.encoder(f"clip:{siglip}", device="cpu").prepare.resize == "squash"


def test_a_hub_id_has_what_must_be_fetched(tmp_path: Path) -> None:
    name = "clip:hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    spec = encoder_spec(name)
    assert spec.homes[0].repo == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    assert spec.homes[0].revision == "main"
    assert {file.name for file in spec.files if not file.optional} == {
        "open_clip_config.json",
        "open_clip_model.safetensors",
    }
    assert encoder_spec(f"{name}@0123abc").homes[0].revision == "0123abc"
    settings = Settings(cache_dir=tmp_path, threads=1)
    with pytest.raises(MissingWeightsError) as raised:
        eex.encoder(name, settings=settings, device="cpu")
    assert raised.value.hint == f"eex models get {name}"


def test_what_was_fetched_is_found_by_its_hub_id(tmp_path: Path) -> None:
    model = tiny_clip()
    name = "clip:hf-hub:org/name"
    record = with_part("model_cfg", quick_gelu=True)
    write(tmp_path / "fetched", as_open_clip(model), record)
    encoder = eex.encoder(name, weights=tmp_path / "fetched", device="cpu")
    made = encoder.image_features(pixels(32))
    np.testing.assert_allclose(made, expected_of(model, 32), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["clip:", "clip: ", "clip:hf-hub:", "clip:hf-hub:a/b/c", "clip:hf-hub:../.."]
)
def test_a_name_without_id_or_path_is_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match="has n"):
        encoder_spec(name)


@pytest.mark.parametrize(("siglip", "told"), [(False, (24, 77, 32)), (True, (96, 64, 46))])
def test_a_fetched_repository_is_listed_with_its_own_sizes(
    tmp_path: Path, *, siglip: bool, told: tuple[int, int, int]
) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1)
    spec = encoder_spec("clip:hf-hub:org/name")
    record = encoder_record(spec, settings)
    assert (record["dim"], record["title"], record["installed"]) == (0, "CLIP org/name", False)
    folder = model_folder(spec.name, settings)
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(SIGLIP if siglip else OPEN_CLIP))
    (folder / "open_clip_model.safetensors").write_bytes(b"only looked for")
    record = encoder_record(spec, settings)
    assert (record["dim"], record["context"], record["image_size"]) == told
    assert record["title"] == ("SigLIP org/name" if siglip else "CLIP org/name")
    (folder / "open_clip_config.json").write_text("{")
    assert encoder_record(spec, settings)["dim"] == 0


def test_a_path_to_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="no weights at"):
        encoder_spec(f"clip:{tmp_path / 'none'}")
    with pytest.raises(MissingWeightsError, match="has none of"):
        eex.encoder(f"clip:{tmp_path}", device="cpu")


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (with_part("vision_cfg", layers=[3, 4, 6, 3]), "ResNet"),
        (with_part("multimodal_cfg", width=8), "CoCa"),
        (with_part("text_cfg", hf_model_name="xlm-roberta-base"), "xlm-roberta-base for texts"),
        (with_part("vision_cfg", timm_model_name="convnext_base"), "convnext_base for pictures"),
        (with_part("vision_cfg", siglip=True, timm_pool="avg"), "'avg' pooling"),
        (with_part("text_cfg", siglip=True, pool_type="argmax"), "last position"),
        (with_part("vision_cfg", no_ln_pre=True), "no_ln_pre"),
        (with_part("vision_cfg", pool_type="avg"), "'avg' pooling"),
        (with_part("text_cfg", no_causal_mask=True), "no_causal_mask"),
        (with_part("vision_cfg", image_size=[32, 64]), "not square"),
        (with_part("text_cfg", tokenizer_kwargs={"clean": "odd"}), "cleaned by 'odd'"),
        (OPEN_CLIP | {"preprocess_cfg": {"resize_mode": "longest"}}, "'longest'"),
        (OPEN_CLIP | {"preprocess_cfg": {"interpolation": "random"}}, "'random'"),
    ],
)
def test_what_is_not_supported_is_refused_in_words(record: dict[str, Any], told: str) -> None:
    with pytest.raises(WeightsError, match=told):
        from_open_clip(record)


@pytest.mark.parametrize("kind", ["siglip2", "chinese_clip", "clipseg", "dinov2", 7])
def test_other_models_of_transformers_are_refused(kind: object) -> None:
    with pytest.raises(WeightsError, match="not supported"):
        from_hugging_face({"model_type": kind}, {})
    with pytest.raises(WeightsError, match="as activation"):
        from_hugging_face({"model_type": "clip", "text_config": {"hidden_act": "relu"}}, {})


@pytest.mark.parametrize(
    "record",
    [
        with_part("model_cfg", vision_cfg=3),
        with_part("text_cfg", heads="many"),
        with_part("vision_cfg", width=-1),
        with_part("vision_cfg", image_size={"a": 1.5, "height": "x"}),
        OPEN_CLIP | {"preprocess_cfg": {"mean": [1, 2]}},
        OPEN_CLIP | {"preprocess_cfg": {"std": ["a", "b", "c"]}},
    ],
)
def test_odd_values_in_a_configuration_are_told(record: dict[str, Any]) -> None:
    with pytest.raises(DamagedWeightsError, match="configuration has"):
        from_open_clip(record)


def test_clip_and_siglip_are_told_apart(tmp_path: Path) -> None:
    torch.save(as_open_clip(tiny_siglip()), tmp_path / "siglip.pt")
    with pytest.raises(DamagedWeightsError, match="holds a SigLIP, but remoteclip-vit-b-32 is a"):
        eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "siglip.pt", device="cpu")
    torch.save(as_open_clip(tiny_clip()), tmp_path / "clip.pt")
    (tmp_path / "config.json").write_text('{"model_type": "dinov2"}')  # of something else
    with pytest.raises(DamagedWeightsError, match="holds a CLIP, but"):
        eex.encoder("siglip-so400m-14-384", weights=tmp_path / "clip.pt", device="cpu")
    assert eex.encoder("remoteclip-vit-b-32", weights=tmp_path / "clip.pt", device="cpu").dim == 24
    with pytest.raises(WeightsError, match=r"config\.json: This is a model of the type 'dinov2'"):
        encoder_spec(f"clip:{tmp_path}")


def test_a_configuration_of_other_weights_is_told(tmp_path: Path) -> None:
    record = with_part("vision_cfg", width=256)
    name = write(tmp_path / "x", as_open_clip(tiny_clip()), record)
    with pytest.raises(DamagedWeightsError, match="configuration says otherwise"):
        eex.encoder(name, device="cpu")


def test_missing_values_are_the_libraries_defaults() -> None:
    clip = from_hugging_face({"model_type": "clip", "text_config": {"eos_token_id": None}}, {})
    assert (clip.vision_heads, clip.text_heads, clip.eot) == (12, 8, None)
    assert clip.vision_activation == "quick_gelu"
    assert clip.prepare.size == 224
    siglip = from_hugging_face({"model_type": "siglip"}, {})
    assert siglip.vision_activation == "gelu_tanh"
    assert siglip.vision_eps == 1e-6
    large = {"timm_model_name": "vit_giantopt_patch16_siglip_256"}
    text = {"act_kwargs": {"approximate": "tanh"}, "no_causal_mask": True, "pool_type": "last"}
    told = from_open_clip({"model_cfg": {"vision_cfg": large, "text_cfg": text}})
    assert (told.vision_activation, told.text_activation) == ("gelu_tanh", "gelu_tanh")
    assert from_open_clip(SIGLIP).vision_activation == "gelu"


def test_another_vocabulary_needs_its_file(tmp_path: Path) -> None:
    shapes = clip_shapes(
        patch=8, width=64, depth=1, grid=2, text=64, dim=8, text_depth=1, vocabulary=70
    )
    torch.save(ruled_tensors(shapes), tmp_path / "x.pt")
    encoder = eex.encoder(f"clip:{tmp_path / 'x.pt'}", device="cpu")
    with pytest.raises(MissingWeightsError, match=r"tokenizer\.json"):
        encoder.encode_text(["a lake"])


def test_an_end_that_texts_do_not_have_is_told(tmp_path: Path) -> None:
    tiny_clip().save_pretrained(tmp_path)
    record = json.loads((tmp_path / "config.json").read_text())
    record["text_config"]["eos_token_id"] = 49_405
    (tmp_path / "config.json").write_text(json.dumps(record))
    encoder = eex.encoder(f"clip:{tmp_path}", device="cpu")
    with pytest.raises(ShapeError, match="end with the id 49405"):
        encoder.encode_text(["a lake", "a forest"])
    ids = encoder.tokenize(["a lake", "a forest"])
    first, second = encoder.text_features(np.where(ids == 49_407, 49_405, ids))
    assert not np.allclose(first, second)
