"""Small scenes for tests: GeoTIFFs with numbers that say where they are, and their references."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.build.items import Want
from eex.sources.refs import Asset, SceneRef

RGB = Want(bands=("B04", "B03", "B02"), stretch="majortom")
"""Pictures as Major TOM's models are fed."""

NUMBERS = Want(bands=("B02", "B04"))
"""Digital numbers, bands in another order than those of the files."""


def write_tif(
    path: Path,
    values: NDArray[Any],
    *,
    left: float,
    top: float,
    pixel: float = 10.0,
    crs: str = "EPSG:32633",
    **options: Any,
) -> Path:
    """Write a GeoTIFF: values of shape (height, width) or (bands, height, width)."""
    import rasterio
    from rasterio import Affine

    bands = values if values.ndim == 3 else values[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"} | options
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        crs=crs,
        transform=Affine(pixel, 0, left, 0, -pixel, top),
        **told,
    ) as file:
        file.write(bands)
    return path


def numbers(height: int, width: int, *, seed: int = 0) -> NDArray[np.uint16]:
    """Return digital numbers from 1 to 9,999."""
    rng = np.random.default_rng(seed)
    return rng.integers(1, 10_000, (height, width)).astype(np.uint16)


def make_scene(
    folder: Path,
    bands: Mapping[str, NDArray[Any]],
    *,
    left: float,
    top: float,
    crs: str = "EPSG:32633",
    width: int = 0,
    name: str = "S2A_MSIL2A_20200713T095031_N0214_R079_T33TWN_20200713T121212",
    **about: Any,
) -> SceneRef:
    """Write one file for each band, coarser ones with larger pixels, and return the reference."""
    wide = width or max(values.shape[1] for values in bands.values())
    assets = {}
    for band, values in bands.items():
        pixel = 10.0 * wide / values.shape[1]
        path = folder / name / f"{band}.tif"
        write_tif(path, values, left=left, top=top, pixel=pixel, crs=crs)
        assets[band] = Asset(href=str(path))
    return SceneRef(**{"id": name, "bands": assets, "product_id": name} | about)
