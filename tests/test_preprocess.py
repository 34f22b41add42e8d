"""Pictures become network input as torchvision makes it of Pillow images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eex.encoders.preprocess import (
    CLIP_224,
    CLIP_MEAN,
    CLIP_STD,
    DINOV2_224,
    SIGLIP_384,
    SIGLIP_384_CLIP_STATISTICS,
    Preprocess,
)
from shared_data import golden, needs_shared

PICTURES = ("s2_256x256", "s2_91x140", "s2_100x60", "pattern_224x224")


@needs_shared
@pytest.mark.parametrize("name", PICTURES)
def test_clip_pictures_equal_open_clip(name: str) -> None:
    made = CLIP_224(golden(f"remoteclip/inputs/rgb_{name}_u8.npy"))
    expected = golden(f"remoteclip/expected/preprocessed224_every2nd_{name}.npy")
    np.testing.assert_allclose(made[:, ::2, ::2], expected.reshape(3, 112, 112), atol=1e-6)


@needs_shared
@pytest.mark.parametrize("name", PICTURES[:2])
@pytest.mark.parametrize(
    ("preprocess", "kind"),
    [(SIGLIP_384, "official"), (SIGLIP_384_CLIP_STATISTICS, "seedapp")],
)
def test_siglip_pictures_equal_open_clip(name: str, preprocess: Preprocess, kind: str) -> None:
    made = preprocess(golden(f"remoteclip/inputs/rgb_{name}_u8.npy"))
    expected = golden(f"siglip/expected/preprocessed384_every4th_{kind}_{name}.npy")
    np.testing.assert_allclose(made[:, ::4, ::4], expected.reshape(3, 96, 96), atol=1e-6)


@needs_shared
@pytest.mark.parametrize("name", ["s2_256x256", "s2_91x140", "pattern_224x224"])
def test_dinov2_pictures_equal_transformers(name: str) -> None:
    made = DINOV2_224(golden(f"remoteclip/inputs/rgb_{name}_u8.npy"))
    expected = golden(f"dinov2/expected/pixel_values_every2nd_pil_{name}.npy")
    np.testing.assert_allclose(made[:, ::2, ::2], expected.reshape(3, 112, 112), atol=1e-6)


def picture(down: int, across: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(256, size=(down, across, 3), dtype=np.uint8)


def test_values_are_scaled_and_centred_exactly() -> None:
    image = picture(32, 32)
    made = Preprocess(size=32)(image)
    expected = (image.astype(np.float64) / 255 - CLIP_MEAN) / CLIP_STD
    np.testing.assert_allclose(made, expected.transpose(2, 0, 1), atol=1e-6)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous


@pytest.mark.parametrize("shape", [(41, 97), (97, 41), (60, 60), (20, 31), (33, 96)])
def test_sizes_and_crops_are_transformers_or_torchvisions(shape: tuple[int, int]) -> None:
    """Written out beside ours: the long side rounds down, margins round half to even or down."""
    from PIL import Image

    image = picture(*shape)
    short, long = min(shape), max(shape)
    longer = int(32 * long / short)
    size = (longer, 32) if shape[1] > shape[0] else (32, longer)
    whole = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    for rounding, margins in (("even", lambda m: round(m / 2)), ("down", lambda m: m // 2)):
        top, left = (margins(side - 24) for side in whole.shape[:2])
        made = Preprocess(size=24, resize_to=32, crop_rounding=rounding).resized(image)  # type: ignore[arg-type]
        np.testing.assert_array_equal(made, whole[top : top + 24, left : left + 24])


def test_squash_keeps_the_whole_picture() -> None:
    image = np.zeros((20, 80, 3), np.uint8)
    image[:, 60:] = 255
    made = Preprocess(size=16, resize="squash").resized(image)
    assert (made[:, :11] < 40).all()
    assert (made[:, 13:] > 215).all()


def test_a_small_picture_that_is_not_resized_is_padded_with_black() -> None:
    made = Preprocess(size=12, resize="none").resized(np.full((8, 9, 3), 200, np.uint8))
    assert made.shape == (12, 12, 3)
    assert (made[2:10, 1:10] == 200).all()
    assert made.sum() == 200 * 8 * 9 * 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (9, 30_000)])
def test_pictures_of_any_shape_become_input_in_little_memory(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 128, np.uint8)
    made = Preprocess(size=32, mean=(0, 0, 0), std=(1, 1, 1))(image)
    np.testing.assert_allclose(made, 128 / 255, atol=1e-6)


def test_a_strip_is_cut_as_if_all_of_it_were_resized() -> None:
    from PIL import Image

    image = picture(16, 400)
    made = Preprocess(size=8).resized(image)
    whole = np.asarray(Image.fromarray(image).resize((200, 8), Image.Resampling.BICUBIC))
    assert np.abs(made.astype(int) - whole[:, 96:104].astype(int)).max() <= 1


def test_twice_rescaled_is_darker_by_255() -> None:
    image = picture(16, 16)
    plain = Preprocess(size=16, mean=(0, 0, 0), std=(1, 1, 1))
    twice = Preprocess(size=16, mean=(0, 0, 0), std=(1, 1, 1), rescale_twice=True)
    np.testing.assert_allclose(twice(image) * 255, plain(image), rtol=1e-6)


def test_a_batch_is_its_pictures() -> None:
    images = [picture(20, 30), picture(50, 10, 1)]
    made = CLIP_224.batch(images)
    assert made.shape == (2, 3, 224, 224)
    np.testing.assert_array_equal(made[1], CLIP_224(images[1]))
    assert CLIP_224.batch([]).shape == (0, 3, 224, 224)
