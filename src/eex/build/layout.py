"""Where the pixels of a scene lie, when its listing does not say: its files' headers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eex.build.lattice import Ground, with_ground
from eex.errors import BadPictureError
from eex.imagery.cog import Band, Files
from eex.imagery.scene import L1C

if TYPE_CHECKING:
    from eex.build.tiling import OpenLayout
    from eex.config import Settings
    from eex.sources.refs import SceneRef

FINEST = ("B04", "B03", "B02", "B08")
"""Bands of 10 m, of which one is enough."""


def layout_opener(settings: Settings) -> OpenLayout:
    """Return what opens a scene, reads headers only, and says where its pixels lie.

    Args:
        settings: Which hosts may be asked.
    """

    def opened(ref: SceneRef) -> SceneRef:
        with Files(settings) as files:
            return with_ground(ref, _ground(ref, files))

    return opened


def _ground(ref: SceneRef, files: Files) -> Ground:
    """Return the finest grid of a scene's files.

    Raises:
        BadPictureError: If there are none, or they cannot be read, or are not georeferenced.
        RemoteError: If they are far away and cannot be had.
    """
    of_sentinel = [band for band in FINEST if band in ref.bands] if _is_sentinel(ref) else []
    names = of_sentinel[:1] or list(ref.bands)
    opened = {ref.bands[name].href: name for name in reversed(names)}
    files.begin(opened)
    bands: list[Band] = [
        files.band(href, ref.bands[name].index, name=f"{name} of {ref.id}")
        for href, name in opened.items()
    ]
    if not bands:
        message = f"{ref.id} has no files."
        raise BadPictureError(message, hint="Check the names of its bands.")
    finest = max(reversed(bands), key=lambda band: band.size[0] * band.size[1])
    if not (finest.crs or ref.crs):
        message = f"{finest.name} does not say where it lies."
        raise BadPictureError(message, hint="Give files that are georeferenced.")
    return Ground(crs=finest.crs or ref.crs, transform=finest.transform, size=finest.size)


def _is_sentinel(ref: SceneRef) -> bool:
    """Whether all bands have names of Sentinel-2; others may be finer than 10 m."""
    return all(name in {*L1C, "SCL", "cloud_mask"} for name in ref.bands)
