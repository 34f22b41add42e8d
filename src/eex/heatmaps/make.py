"""Features of patches against a query: cosines, cell by cell.

The features are those of `patch_features`: for CLIP as ClearCLIP makes them, for SigLIP by a way of
our own, for DINOv2 the patch tokens. What all patches of a picture have in common, such as "this is
a satellite picture", is removed (their mean), so that what differs within the picture decides.

The whole picture is looked at: it is resized to whole patches without a crop, at the scale the
model was trained at or finer, and positions are resized with it.

Source:
    M. Lan et al., "ClearCLIP", ECCV 2024, arXiv 2407.12442; softmax over competing texts as there.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.encoders.inputs import ImageInput, encode_inputs, image_input
from eex.errors import BadQueryError
from eex.heatmaps.record import COSINE, PLAIN, SHARE, Heatmap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder
    from eex.export import Credit

LEAST_CELLS = 14
"""Fewest cells along the short side by default; models of large patches are fed larger pictures."""

MOST_CELLS = 64
"""Most cells along a side: the work grows with the fourth power."""

SHARPNESS = 50.0
"""What cosines are multiplied with before they compete, as in ClearCLIP."""


def heatmap(
    encoder: Encoder,
    image: Any,  # noqa: ANN401
    *,
    text: str | None = None,
    like: Any = None,  # noqa: ANN401
    patch: tuple[int, int] | None = None,
    vector: NDArray[np.floating[Any]] | None = None,
    background: Sequence[str] = (),
    templates: Sequence[str] = (),
    centre: bool = True,
    size: int = 0,
    query: str = "",
    credit: Credit | None = None,
) -> Heatmap:
    """Say where in a picture a query fits; give one of text, like, patch and vector.

    Args:
        encoder: One that has features of patches (`spec.heatmaps`).
        image: A picture or a raster, see `eex.encoders.inputs.image_input`.
        text: Words, for encoders that take text.
        like: Another picture: where is what it shows?
        patch: Row and column of a cell of this picture: what is like it?
        vector: Any query vector of the encoder, shape (dim,), such as a tile's.
        background: Texts that compete with the query: each cell's number becomes the query's share
            among them, softmax of 50 times the cosines.
        templates: Sentences with `{}` that texts are put into.
        centre: Remove the mean of the picture's features first.
        size: Short side that the picture is resized to, pixels; the model's own by default, or
            what gives 14 cells.
        query: What was asked, for people; made from the query by default.
        credit: Licence and attribution that exports carry.

    Raises:
        BadQueryError: If the model has no heatmaps, not exactly one query is given, or the cell is
            not there.
        BadPictureError: If the picture cannot be read.
    """
    if not encoder.spec.heatmaps or not hasattr(encoder.loaded, "patch_features"):
        raise no_heatmaps(encoder.spec)
    if sum(given is not None for given in (text, like, patch, vector)) != 1:
        message = "A heatmap has one query: a text, a picture, a cell or a vector."
        raise BadQueryError(message)
    given = image if isinstance(image, ImageInput) else image_input(image, encoder.spec)
    features = _unit(_features(encoder, given, size))
    mean = features.mean(axis=(0, 1), keepdims=True)
    cells = _unit(features - mean) if centre else features
    asked, plain, words = _query(
        encoder, features, cells, (text, like, patch, vector), templates=templates
    )
    grid, kind = cells @ asked, COSINE if centre else PLAIN
    if background:
        others = encoder.encode_text(list(background), templates=templates).astype(np.float64)
        grid, kind = _share(grid, cells @ others.T), SHARE
    return Heatmap(
        grid=grid.astype(np.float32),
        raw=(features @ plain).astype(np.float32),
        kind=kind,
        picture=given.shown,
        query=query or words,
        model=encoder.spec.name,
        variant=encoder.variant.name,
        transform=given.transform,
        crs=given.crs,
        credit=credit,
        title=given.name,
    )


def no_heatmaps(spec: EncoderSpec) -> BadQueryError:
    """Return the refusal of a model that has no features of patches."""
    message = f"The model {spec.name} cannot say where in a picture a query fits."
    return BadQueryError(message, hint="Take a CLIP, SigLIP or DINOv2; eex models lists them.")


def _query(
    encoder: Encoder,
    features: NDArray[np.float64],
    cells: NDArray[np.float64],
    asked: tuple[str | None, Any, tuple[int, int] | None, NDArray[np.floating[Any]] | None],
    *,
    templates: Sequence[str],
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return the query's unit vector for centred and for plain features, and its words."""
    text, like, patch, vector = asked
    if patch is not None:
        try:
            row, column = map(operator.index, patch)
        except (TypeError, ValueError) as error:
            message = f"A cell is two whole numbers, row and column, got {str(patch)[:40]}."
            raise BadQueryError(message) from error
        down, across = cells.shape[:2]
        if not (0 <= row < down and 0 <= column < across):
            message = f"There is no cell {row},{column}."
            hint = f"Rows are 0 to {down - 1}, columns 0 to {across - 1}."
            raise BadQueryError(message, hint=hint)
        return cells[row, column], features[row, column], f"like the cell {row},{column}"
    if text is not None:
        made, words = encoder.encode_text([text], templates=templates)[0], f"“{text}”"
    elif like is not None:
        other = like if isinstance(like, ImageInput) else image_input(like, encoder.spec)
        made, words = encode_inputs(encoder, [other])[0], f"like {other.name or 'the picture'}"
    else:
        made, words = np.asarray(vector).reshape(-1), "like the vector"
    if made.shape != (encoder.dim,):
        message = f"A query of {encoder.spec.name} has {encoder.dim} numbers, got {made.shape}."
        raise BadQueryError(message)
    if not (np.isfinite(made).all() and made.any()):
        message = "The query vector has no direction: it is zero, NaN or infinite."
        raise BadQueryError(message, hint="Give a vector of the encoder.")
    unit = _unit(made.astype(np.float64))
    return unit, unit, words


def _features(encoder: Encoder, given: ImageInput, size: int) -> NDArray[np.float64]:
    """Return raw features of the whole picture, shape (down, across, dim)."""
    loaded: Any = encoder.loaded
    prepare = getattr(loaded, "prepare", None)
    if prepare is None:  # a plug-in's own preparation, whatever it crops
        return np.asarray(loaded.patch_features(loaded.preprocess([given.pixels]))[0], np.float64)
    from PIL import Image

    patch = prepare.size // loaded.patch_grid[0]
    shape = _shape(given.shown.shape[:2], patch, size or max(prepare.size, LEAST_CELLS * patch))
    picture = Image.fromarray(np.ascontiguousarray(given.pixels))
    resized = picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    pixels = prepare.scaled(np.asarray(resized))[None]
    return np.asarray(loaded.patch_features(pixels)[0], np.float64)


def _shape(picture: tuple[int, ...], patch: int, size: int) -> tuple[int, int]:
    """Return height and width in whole patches, the short side near `size`.

    Raises:
        BadQueryError: If that is smaller than a patch, or too much work.
    """
    if not patch <= size <= MOST_CELLS * patch:
        message = f"A size of {size} pixels cannot be looked at in patches of {patch}."
        raise BadQueryError(message, hint=f"Sizes run from {patch} to {MOST_CELLS * patch} pixels.")
    short = min(picture)
    cells = [max(1, round(side * size / short / patch)) for side in picture[:2]]
    down, across = (min(MOST_CELLS, count) for count in cells)
    return down * patch, across * patch


def _share(one: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    every = SHARPNESS * np.concatenate([one[..., None], others], axis=-1)
    weights = np.exp(every - every.max(axis=-1, keepdims=True))
    return weights[..., 0] / weights.sum(axis=-1)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(lengths > 1e-12, vectors / np.maximum(lengths, 1e-12), 0.0)  # noqa: PLR2004
