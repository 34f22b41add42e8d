"""What a heatmap is: one number for each cell of a picture, and where the cells lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError
from eex.export import Credit
from eex.imagery.geotiff import Affine

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

COSINE = "cosine with the mean of the picture removed"
PLAIN = "cosine"
SHARE = "share against the background"


@dataclass(frozen=True, kw_only=True, eq=False)
class Heatmap:
    """How well each cell of a picture fits a query."""

    grid: NDArray[np.float32]
    """Shape (down, across): what `kind` says; larger fits better."""
    raw: NDArray[np.float32]
    """Shape (down, across): plain cosines of cells and query, nothing removed."""
    kind: str
    """What a number of the grid is."""
    picture: NDArray[np.uint8]
    """Shape (height, width, 3), sRGB: what the grid covers, edge to edge."""
    query: str
    """What was asked, for people."""
    model: str
    """Name of the encoder."""
    variant: str = ""
    """Way of running it."""
    transform: Affine | None = None
    """Corners of the picture's pixels to map coordinates; None where it lies nowhere."""
    crs: str = ""
    """What the map coordinates are, such as EPSG:32633."""
    credit: Credit | None = None
    """Licence and attribution of the pixels and of the model, where they are known."""
    title: str = ""
    """What the picture is called."""

    @property
    def limits(self) -> tuple[float, float]:
        """Values that the two ends of the colours stand for.

        A share has a scale of its own, 0 to 1. A cosine with one query has none: nothing competes
        with the words, so the lowest and the highest of this picture are taken, and some cell is
        always the brightest, even where nothing fits.
        """
        if self.kind == SHARE:
            return 0.0, 1.0
        return float(self.grid.min()), float(self.grid.max())

    @property
    def caption(self) -> str:
        """What is shown and how it is scaled, in one line."""
        low, high = self.limits
        scale = f"from {low:.3f} to {high:.3f}"
        if self.kind != SHARE:
            scale += ", the lowest and highest of this picture: no two pictures compare by colour"
        return f"{self.query}, {self.model}: {self.kind}, {scale}"

    @property
    def cells(self) -> Affine | None:
        """Corners of the cells to map coordinates; None where the picture lies nowhere."""
        if self.transform is None:
            return None
        a, b, c, d, e, f = self.transform
        wide = self.picture.shape[1] / self.grid.shape[1]
        high = self.picture.shape[0] / self.grid.shape[0]
        return a * wide, b * high, c, d * wide, e * high, f

    def levels(self) -> NDArray[np.float64]:
        """Return the grid from 0 to 1, as coloured; all 0.5 where every cell is alike."""
        low, high = self.limits
        wide = self.grid.astype(np.float64)
        if high - low < 1e-12:  # noqa: PLR2004
            return np.full(wide.shape, 0.5)
        return np.clip((wide - low) / (high - low), 0, 1)

    def image(self, *, opacity: float = 0.6, size: int = 0) -> Image:
        """Draw the heatmap over its picture.

        Args:
            opacity: Of the colours, 0 to 1.
            size: Long side of what is drawn, pixels; by default the picture's, at least 512.
        """
        from eex.heatmaps.draw import overlay

        return overlay(self, opacity=opacity, size=size)

    def save(self, path: str | Path, *, opacity: float = 0.6) -> tuple[Path, ...]:
        """Write it: .png (colours over the picture), .tif (GeoTIFF of numbers) or .npy.

        A PNG of a picture that lies somewhere gets a world file (.pgw) beside it, and its
        coordinate system, licence and credit in its text. A GeoTIFF has the grid, and the plain
        cosines as second band.

        Returns:
            What was written.

        Raises:
            BadQueryError: If the name says no known format.
            MissingExtraError: If it is a GeoTIFF and rasterio is not installed.
            OutputError: If it cannot be written.
        """
        from eex.heatmaps.draw import WRITERS

        path = Path(path)
        write = WRITERS.get(path.suffix.lower())
        if write is None:
            message = f"The name {path} does not say in which format to write."
            raise BadQueryError(message, hint=f"Formats: {', '.join(WRITERS)}.")
        return write(self, path, opacity)
