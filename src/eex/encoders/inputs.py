"""What users give as an image becomes what an encoder takes, and what is known of where it lies.

Encoders of pictures take a picture, or a Sentinel-2 raster rendered as their tables were made
(2.5 x reflectance). Encoders of Sentinel-2 take rasters only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.encoders.pixels import as_picture, checked_raster
from eex.errors import BadPictureError, EexError, MissingExtraError
from eex.files import user_path
from eex.imagery.baseline import without_offset
from eex.imagery.geotiff import Affine, Layout, raster_layout, read_raster
from eex.imagery.picture import picture_bytes
from eex.imagery.scene import check_there, named
from eex.imagery.sentinel2 import RGB, Scene, digital_numbers, read_scene, true_colour
from eex.sources.names import taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec
    from eex.encoders.open import Encoder

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF files begin."""

PICTURE_BANDS = frozenset({1, 3, 4})
"""Bands of an 8-bit TIFF that is a picture: grey, colour, colour with transparency."""


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """One image as an encoder takes it, and as people see it."""

    pixels: NDArray[Any]
    """(height, width, 3), uint8, or digital numbers (bands, height, width)."""
    shown: NDArray[np.uint8]
    """Shape (height, width, 3), sRGB, the same pixels."""
    name: str = ""
    """File or product that it is from."""
    transform: Affine | None = None
    """Its pixels to map coordinates; None where that is not known."""
    crs: str = ""
    """What the map coordinates are, such as EPSG:32633."""
    lonlat: tuple[float, float] | None = None
    """Centre, degrees; None where that is not known."""
    when: datetime | None = None
    """When it was taken (UTC), where its name says so."""
    cut: str = ""
    """What was not looked at, in a sentence; empty if all of it was."""


def image_input(
    source: Any,  # noqa: ANN401
    spec: EncoderSpec,
    *,
    name: str = "",
    most: int | None = None,
) -> ImageInput:
    """Read an image for an encoder.

    Args:
        source: A picture or a GeoTIFF as path or bytes, a folder of Major TOM, a `Scene`, a Pillow
            image, or an array as `Encoder.encode_image` takes it.
        spec: Of the encoder.
        name: What it is called, where the source does not say.
        most: Pixels that a side of a GeoTIFF of bands has at most; a larger one is cut to its
            centre, and `cut` of the result says so.

    Raises:
        BadPictureError: If it cannot be read, or is a picture and the encoder takes rasters.
        ShapeError: If a raster lacks bands, or is of other numbers than digital ones.
        MissingExtraError: If it is a raster and rasterio is not installed.
    """
    if isinstance(source, str | Path):
        name = name or user_path(source).name
    rasters = spec.pixels == "sentinel2-l2a"
    if rasters and isinstance(source, np.ndarray):
        dn = checked_raster(source, spec.bands)
        return ImageInput(pixels=dn, shown=_shown(spec.bands, dn), name=name)
    layout = None
    if isinstance(source, str | Path) and (path := user_path(source)).is_dir():
        source = read_scene(path, bands=spec.bands if rasters else RGB)
    if isinstance(source, Scene):
        return scene_input(source, spec)
    if (raw := _tiff(source)) is not None:
        layout = _layout(raw, name, needed=rasters)
        if layout is not None and not _is_picture(layout):
            return _raster_input(raw, layout, spec, name=name, most=most)
    if rasters:
        raise wants_raster(spec)
    pixels = as_picture(source)
    transform, crs, lonlat = _georeference(layout, pixels)
    return ImageInput(
        pixels=pixels, shown=pixels, name=name, transform=transform, crs=crs, lonlat=lonlat
    )


def scene_input(scene: Scene, spec: EncoderSpec) -> ImageInput:
    """Return a scene as an encoder takes it: its bands, or the true-colour picture.

    Raises:
        ShapeError: If bands are missing.
    """
    known = scene.transform if scene.crs else None
    about: dict[str, Any] = {"name": scene.name, "crs": scene.crs, "when": scene.when}
    about |= {"transform": known, "lonlat": scene.lonlat}
    if spec.pixels == "picture":
        rgb = scene.take(RGB)
        shown = true_colour(without_offset(rgb, scene.name))  # people see all baselines alike
        return ImageInput(pixels=true_colour(rgb), shown=shown, **about)
    pixels = checked_raster(scene.take(spec.bands), spec.bands)
    shown = without_offset(scene.dn, scene.name)
    return ImageInput(pixels=pixels, shown=_shown(scene.bands, shown), **about)


def encode_inputs(
    encoder: Encoder,
    images: Sequence[ImageInput],
    **given: Any,  # noqa: ANN401
) -> NDArray[np.float32]:
    """Return unit vectors, shape (n, dim), with place and time where the encoder takes these.

    What is given counts, not what images say of themselves.
    """
    more: dict[str, Any] = {}
    if "when" in encoder.takes:
        more["when"] = [image.when for image in images]
    lonlat = [image.lonlat for image in images]
    if "lonlat" in encoder.takes and images and None not in lonlat:
        more["lonlat"] = np.array(lonlat, np.float64)
    return encoder.encode_image([image.pixels for image in images], **more | given)


def wants_raster(spec: EncoderSpec) -> BadPictureError:
    """Return the refusal of a picture by an encoder of Sentinel-2."""
    bands = f"{len(spec.bands)}-band Sentinel-2 pixels"
    message = f"The model {spec.name} takes {bands}, not a picture."
    hint = f"Give a GeoTIFF with {', '.join(spec.bands)}; a set can be asked with its tiles (row)."
    return BadPictureError(message, hint=hint)


def _layout(raw: Path | bytes, name: str, *, needed: bool) -> Layout | None:
    """Return what a TIFF says of itself; None for what is only a picture."""
    try:
        return raster_layout(raw, name=name)
    except (MissingExtraError, BadPictureError):
        if needed:
            raise
        try:
            as_picture(raw)
        except EexError:
            needed = True
        if needed:
            raise
        return None


def _raster_input(
    raw: Path | bytes, layout: Layout, spec: EncoderSpec, *, name: str, most: int | None
) -> ImageInput:
    """Read the bands that an encoder takes, and those that people see where they are there."""
    name = name or "The raster"
    there = dict(named(layout.descriptions, name=name))
    wanted = spec.bands if spec.pixels == "sentinel2-l2a" else RGB
    check_there(name, there, wanted)
    if set(RGB) <= there.keys():
        wanted = tuple(dict.fromkeys((*wanted, *RGB)))
    raster = read_raster(raw, lambda _: [(b, there[b]) for b in wanted], name=name, most=most)
    scene = Scene(
        bands=raster.names,
        dn=digital_numbers(raster.values, nodata=raster.nodata, name=name),
        transform=raster.transform,
        crs=raster.crs,
        when=taken(raw.absolute().as_posix()) if isinstance(raw, Path) else None,
        name=raw.stem if isinstance(raw, Path) else name,
    )
    given = scene_input(scene, spec)
    (height, width), (down, across) = raster.values.shape[1:], raster.whole
    if (height, width) == (down, across):
        return given
    cut = f"{name} is {across:,} x {down:,} pixels; only its centre, {width:,} x {height:,}, "
    return replace(given, cut=f"{cut}was looked at.")


def _is_picture(layout: Layout) -> bool:
    return layout.dtypes == {"uint8"} and len(layout.descriptions) in PICTURE_BANDS


def _tiff(source: Any) -> Path | bytes | None:  # noqa: ANN401
    """Return the source if it is a TIFF file or its bytes."""
    if isinstance(source, bytes):
        return source if source.startswith(TIFF) else None
    if not isinstance(source, str | Path):
        return None
    path = user_path(source)
    try:
        with path.open("rb") as file:
            return path if file.read(4).startswith(TIFF) else None
    except OSError:
        picture_bytes(path)  # says why it cannot be read
        return None


def _georeference(
    layout: Layout | None, pixels: NDArray[np.uint8]
) -> tuple[Affine | None, str, tuple[float, float] | None]:
    """Return where a picture lies that was read from a raster, perhaps shrunk."""
    if layout is None or not layout.crs:
        return None, "", None
    a, b, c, d, e, f = layout.transform
    down, across = (whole / part for whole, part in zip(layout.whole, pixels.shape, strict=False))
    shrunk = (a * across, b * down, c, d * across, e * down, f)
    scene = Scene(bands=(), dn=pixels.transpose(2, 0, 1), transform=shrunk, crs=layout.crs)
    return shrunk, layout.crs, scene.lonlat


def _shown(bands: Sequence[str], dn: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the true-colour picture, or the first band in grey where there is none."""
    names = list(bands)
    some = RGB if set(RGB) <= set(names) else (names[0],) * 3
    return true_colour(np.asarray(dn)[[names.index(band) for band in some]])
