"""What encoders of Sentinel-2 rasters share: several sizes in one call, when and where taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.encoders.open import checked_places
from eex.encoders.running import TorchEncoder
from eex.errors import BadPlaceError, BadQueryError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

When = str | date | datetime | None
"""When a raster was taken: a date, or a date with time (UTC unless it says otherwise), or that as
ISO 8601 text."""


class RasterEncoder(TorchEncoder):
    """An encoder whose images are digital numbers (bands, height, width) of any size."""

    def each(
        self,
        images: Sequence[NDArray[Any]],
        work: Callable[[Sequence[int]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return `work` of row numbers, rows of one size together, at most a batch at a time."""
        vectors = np.empty((len(images), self.dim), np.float32)
        for rows in same_shapes(images, self.batch):
            vectors[rows] = work(rows)
        return vectors


def same_shapes(images: Sequence[NDArray[Any]], most: int) -> Iterator[list[int]]:
    """Give the numbers of images of one shape, at most so many at a time."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for row, image in enumerate(images):
        by_shape.setdefault(np.shape(image), []).append(row)
    for rows in by_shape.values():
        for low in range(0, len(rows), most):
            yield rows[low : low + most]


def moments(when: When | Sequence[When], count: int) -> list[date | datetime | None]:
    """Return when each of `count` rasters was taken.

    Args:
        when: One for all, or one for each.
        count: How many rasters there are.

    Raises:
        BadQueryError: If one is no date, or there are not as many as rasters.
    """
    alone = when is None or isinstance(when, str | date) or not hasattr(when, "__iter__")
    given: list[Any] = [when] * count if alone else list(when)  # type: ignore[arg-type]
    if len(given) != count:
        message = f"There are {count} rasters, but {len(given)} dates."
        raise BadQueryError(message, hint="Give one date for all or one for each.")
    return [_moment(one) for one in given]


def places(lonlat: Any, count: int) -> NDArray[np.float64] | None:  # noqa: ANN401
    """Return where each of `count` rasters lies, shape (count, 2), degrees; None if not known.

    Args:
        lonlat: One pair for all, one for each, or None.
        count: How many rasters there are.

    Raises:
        BadPlaceError: If one is not on the globe, or there are not as many as rasters.
    """
    if lonlat is None:
        return None
    found = checked_places(lonlat)
    if len(found) not in {1, count}:
        message = f"There are {count} rasters, but {len(found)} places."
        raise BadPlaceError(message, hint="Give one place for all, or one for each.")
    return np.broadcast_to(found, (count, 2))


def middle(image: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the middle of a raster, at most `size` pixels down and across."""
    top, left = (max(side // 2 - size // 2, 0) for side in image.shape[1:])
    return image[:, top : top + size, left : left + size]


def whole_patches(image: NDArray[Any], patch: int, *, model: str) -> NDArray[Any]:
    """Return the middle of a raster that whole patches cover.

    Raises:
        ShapeError: If it is smaller than one patch.
    """
    height, width = (side // patch * patch for side in image.shape[1:])
    if min(height, width) < patch:
        message = f"The raster is {image.shape[2]} x {image.shape[1]} pixels."
        raise ShapeError(message, hint=f"{model} needs at least {patch} x {patch} pixels.")
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


def _moment(value: When) -> date | datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, date) else _read(value)
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return moment


def _read(text: str) -> date | datetime:
    with suppress(TypeError, ValueError):  # a date alone has no time of day, not midnight
        return date.fromisoformat(text)
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        message = f"{text!r} is not a date."
        raise BadQueryError(message, hint="Write it as 2022-07-19 or 2022-07-19T09:55.") from error
