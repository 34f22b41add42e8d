"""The public files that the weights are made from: name, SHA-256, where they come from."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

SUMS = Path(__file__).with_name("sources.sha256")
"""SHA-256 and name of every file that is read, as `sha256sum --check` takes them."""

ETOPO_SHAPE = (540, 1080)
"""Rows and columns of the 20 arc-minute relief; its last column repeats the first."""

ETOPO_WEST = 20
"""Western edge of the relief's first column, degrees east."""


@dataclass(frozen=True)
class Feature:
    """One shape of a vector layer."""

    properties: dict[str, object]
    """As in the file, keys in lower case."""
    geometry: shapely.Geometry
    """Lon, lat in degrees."""

    def text(self, key: str) -> str:
        """Return a property as text, empty where it is missing."""
        value = self.properties.get(key)
        return "" if value is None else str(value).strip().strip("\x00")

    def number(self, key: str, default: float) -> float:
        """Return a property as a number."""
        value = self.properties.get(key)
        return float(value) if isinstance(value, int | float) else default


@dataclass(frozen=True)
class Sources:
    """The data directory, each file checked against its sum when it is opened."""

    folder: Path
    """Has the two folders `global` and `naturalearth`."""

    def path(self, name: str) -> Path:
        """Return a file's path after checking its contents.

        Raises:
            ValueError: If the file is not the one that the weights were made from.
        """
        path = self.folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        expected = dict(line.split()[::-1] for line in SUMS.read_text().splitlines())[name]
        if found != expected:
            message = f"{path} has SHA-256 {found}, expected {expected}"
            raise ValueError(message)
        return path

    def features(self, name: str) -> list[Feature]:
        """Return the shapes of a Natural Earth layer such as `50m_land`."""
        raw = gzip.decompress(self.path(f"naturalearth/ne_{name}.json.gz").read_bytes())
        return [
            Feature({k.lower(): v for k, v in f["properties"].items()}, shape(f["geometry"]))
            for f in json.loads(raw)["features"]
            if f["geometry"]
        ]

    @cached_property
    def land_cover(self) -> NDArray[np.uint8]:
        """MODIS MCD12C1 2019: IGBP class 0 (water) to 16 (barren), 0.05 degrees, north up."""
        with rasterio.open(self.path("global/mcd12c1_igbp_2019_005deg.tif")) as raster:
            return raster.read(1)

    @cached_property
    def climate(self) -> tuple[NDArray[np.uint8], dict[str, int]]:
        """Köppen-Geiger classes at 100 arc-seconds, north up, and the number of each class."""
        with rasterio.open(self.path("global/koppen_geiger_rubel2017_100s.tif")) as raster:
            classes = raster.read(1)
        levels = json.loads(self.path("global/koppen_100s_levels.json").read_text())
        return classes, {name: int(number) for number, name in levels.items()}

    @cached_property
    def elevation(self) -> NDArray[np.float64]:
        """ETOPO at 20 arc-minutes, metres, north up, first column at 180 W."""
        with gzip.open(self.path("global/etopo20data.gz")) as file:
            rows = np.loadtxt(file)[::-1, : ETOPO_SHAPE[1]]
        return np.roll(rows, (ETOPO_WEST + 180) * 3, axis=1)
