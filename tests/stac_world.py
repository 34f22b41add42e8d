"""A made piece of the Kanto plain behind real servers: a STAC API and files read by range.

    def test_something(stac_world: StacWorld) -> None:
        stac_world.api            # address of the API, rustac's
        stac_world.files.requests # what was asked of the file server, see range_server
        stac_world.scenes["S2A_54SUE_20240110_0_L2A"].numbers["B04"]   # what its file holds

Two tiles of the Sentinel-2 grid that overlap by 9,800 m at full size, here cut to 600 x 600 pixels
of 10 m and moved together, so that they overlap by 200 pixels; two dates, taken by two satellites;
bands red, green, blue and the scene classification (20 m). The second tile lacks a wedge of data,
as at the edge of a swath. Numbers are made: smooth land, fields and a bright airport, with the 1000
of baseline 04.00 as Earth Search has them (taken off) or not.

Items are modelled on those of Earth Search (v1, sentinel-2-l2a), field by field.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from range_server import RangeServer, range_server

CRS = "EPSG:32654"
SIDE = 600
"""Pixels of 10 m across a scene."""

METRES = {"B04": 10, "B03": 10, "B02": 10, "SCL": 20}
KEYS = {"B04": "red", "B03": "green", "B02": "blue", "SCL": "scl"}
CORNERS = {"54SUE": (380_000.0, 3_980_000.0), "54SVE": (384_000.0, 3_980_000.0)}
"""Left and top of each tile, metres; the second begins 400 pixels further east."""

DATES = {"20240110": ("S2A", "044681", "R074"), "20240318": ("S2B", "036724", "R074")}
"""Day, with the satellite, its absolute and its relative orbit."""

COLLECTION = "sentinel-2-l2a"
WEDGE = 0.35
"""Share of the width of the second tile that lacks data at its top, none at its bottom."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One scene: what was written, and what its item says."""

    item: dict[str, Any]
    numbers: Mapping[str, NDArray[Any]]
    """Stored numbers by band: uint16, 600 x 600; SCL uint8, 300 x 300."""
    left: float
    top: float
    files: Mapping[str, bytes]
    """GeoTIFF by band."""

    @property
    def id(self) -> str:
        return str(self.item["id"])


@dataclass(kw_only=True)
class StacWorld:
    """The servers and what lies behind them."""

    api: str
    collection: str
    area: dict[str, Any]
    """GeoJSON of a box within both tiles."""
    bbox: tuple[float, float, float, float]
    """West, south, east, north of the same box."""
    scenes: dict[str, Made] = field(default_factory=dict)
    files: RangeServer
    """Serves the GeoTIFFs."""
    items_file: Path
    """The same items as one ItemCollection."""


def land(left: float, top: float, *, seed: int, side: int = SIDE) -> NDArray[np.float64]:
    """Return made land, 0 to 1, of a square of 10 m pixels: a function of the place and date."""
    x = (left + 10 * (np.arange(side) + 0.5)) / 1000
    y = (top - 10 * (np.arange(side) + 0.5)) / 1000
    xx, yy = np.meshgrid(x, y)
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(0.3, 1.2, 3)
    smooth = (np.sin(xx * a) + np.cos(yy * b) + np.sin((xx + yy) * c)) / 6 + 0.5
    fields = ((np.floor(xx / 0.3) * 7 + np.floor(yy / 0.3) * 13) % 5) / 20
    runway = (np.abs(yy - 3977.0) < 0.06) & (np.abs(xx - 385.0) < 1.2)
    return np.clip(smooth * 0.7 + fields + 0.6 * runway, 0, 1)


def numbers_of(tile: str, day: str, *, offset: int = 0) -> dict[str, NDArray[Any]]:
    """Return the stored numbers of one scene; 0 where there is no data."""
    left, top = CORNERS[tile]
    there = np.ones((SIDE, SIDE), np.bool_)
    if tile == "54SVE":
        edge = SIDE * (1 - WEDGE * (1 - np.arange(SIDE) / SIDE))
        there = np.arange(SIDE)[None, :] < edge[:, None]
    found: dict[str, NDArray[Any]] = {}
    for place, band in enumerate(("B04", "B03", "B02")):
        values = 400 + 150 * place + 2200 * land(left, top, seed=int(day))
        found[band] = np.where(there, np.round(values) + offset, 0).astype(np.uint16)
    classes = np.full((SIDE // 2, SIDE // 2), 4, np.uint8)
    classes[:40, :60] = 9 if day == "20240318" else 4
    classes[~there[::2, ::2]] = 0
    found["SCL"] = classes
    return found


def cog(values: NDArray[Any], left: float, top: float, metres: float, *, crs: str = CRS) -> bytes:
    """Return a Cloud Optimized GeoTIFF: tiles of 256, deflate, overviews, the index in front."""
    from rasterio import Affine
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    with MemoryFile() as plain, MemoryFile() as made:
        with plain.open(
            driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
            dtype=values.dtype, crs=crs, nodata=0,
            transform=Affine(metres, 0, left, 0, -metres, top),
        ) as raster:  # fmt: skip
            raster.write(values, 1)
        with plain.open() as raster:
            copy(raster, made.name, driver="COG", compress="DEFLATE", predictor=2, blocksize=256)
        return bytes(made.read())


def outline(left: float, top: float, metres: float, there: NDArray[np.bool_]) -> list[list[float]]:
    """Return the ring, in degrees, round the pixels with data of a scene with a straight edge."""
    from pyproj import Transformer

    height = there.shape[0]
    first, last = there[0].sum(), there[-1].sum()
    corners = [(0, 0), (0, height), (last, height), (first, 0), (0, 0)]
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return [
        [round(n, 7) for n in to_degrees.transform(left + metres * x, top - metres * y)]
        for x, y in corners
    ]


def item_of(
    tile: str, day: str, numbers: Mapping[str, NDArray[Any]], hrefs: Mapping[str, str],
    sizes: Mapping[str, int], *, removed: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Return the STAC item of a scene as Earth Search writes it."""
    left, top = CORNERS[tile]
    unit, orbit, relative = DATES[day]
    start = f"{day}T013049"
    ring = outline(left, top, 10, numbers["B04"] > 0)
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    product = f"{unit}_MSIL2A_{start}_N0510_{relative}_T{tile}_{day}T043012"
    common = {"B04": "red", "B03": "green", "B02": "blue"}
    assets = {}
    for band, key in KEYS.items():
        metres = METRES[band]
        height, width = numbers[band].shape
        assets[key] = {
            "href": hrefs[band],
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": f"{key} - {metres}m",
            "gsd": metres,
            "proj:shape": [height, width],
            "proj:transform": [metres, 0, left, 0, -metres, top],
            "file:size": sizes[band],
            "roles": ["data", "reflectance"],
        }
        if band == "SCL":
            assets[key]["raster:bands"] = [
                {"nodata": 0, "data_type": "uint8", "spatial_resolution": 20}
            ]
        else:
            assets[key]["eo:bands"] = [{"name": key, "common_name": common[band]}]
            assets[key]["raster:bands"] = [
                {"nodata": 0, "data_type": "uint16", "bits_per_sample": 15,
                 "spatial_resolution": 10, "scale": 0.0001, "offset": -0.1}
            ]  # fmt: skip
    assets["thumbnail"] = {
        "href": "http://127.0.0.1:9/thumbnail.jpg", "type": "image/jpeg", "roles": ["thumbnail"],
    }  # fmt: skip
    when = datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + timedelta(seconds=400)
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
            "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": f"{unit}_{tile}_{day}_0_L2A",
        "collection": COLLECTION,
        "bbox": [min(lons), min(lats), max(lons), max(lats)],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "links": [],
        "assets": assets,
        "properties": {
            "datetime": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "created": f"{day[:4]}-{day[4:6]}-{day[6:]}T06:00:00.000Z",
            "platform": f"sentinel-2{unit[-1].lower()}",
            "constellation": "sentinel-2",
            "instruments": ["msi"],
            "eo:cloud_cover": 3.25 if day == "20240110" else 27.5,
            "proj:epsg": 32654,
            "mgrs:utm_zone": 54,
            "mgrs:latitude_band": "S",
            "mgrs:grid_square": tile[-2:],
            "grid:code": f"MGRS-{tile}",
            "s2:product_type": "S2MSI2A",
            "s2:processing_baseline": "05.10",
            "s2:product_uri": f"{product}.SAFE",
            "s2:generation_time": f"{day[:4]}-{day[4:6]}-{day[6:]}T04:30:12.000000Z",
            "s2:datatake_id": f"G{unit}_{start}_{orbit}_N05.10",
            "s2:datastrip_id": f"{unit}_OPER_MSI_L2A_DS_2APS_{day}T043012_S{start}_N05.10",
            "s2:granule_id": f"{unit}_OPER_MSI_L2A_TL_2APS_{day}T043012_A{orbit}_T{tile}_N05.10",
            "s2:sequence": "0",
            "earthsearch:boa_offset_applied": removed,
        },
    }  # fmt: skip


def make(files: RangeServer, tile: str, day: str) -> Made:
    """Make one scene and have its files served."""
    left, top = CORNERS[tile]
    numbers = numbers_of(tile, day)
    tiffs = {b: cog(v, left, top, METRES[b]) for b, v in numbers.items()}
    hrefs = {b: files.put(f"/{tile}/{day}/{b}.tif", content) for b, content in tiffs.items()}
    item = item_of(tile, day, numbers, hrefs, {b: len(c) for b, c in tiffs.items()})
    return Made(item=item, numbers=numbers, left=left, top=top, files=tiffs)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def collection_of(items: Sequence[Mapping[str, Any]], name: str = COLLECTION) -> dict[str, Any]:
    """Return the record of a collection as Earth Search has it."""
    boxes = np.array([item["bbox"] for item in items])
    times = sorted(item["properties"]["datetime"] for item in items)
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": name,
        "title": "Sentinel-2 Level-2A",
        "description": "Global Sentinel-2 data from the Multispectral Instrument (MSI).",
        "license": "proprietary",
        "links": [],
        "providers": [
            {"name": "ESA", "roles": ["producer"], "url": "https://earth.esa.int/web/guest/home"},
            {"name": "Element 84", "roles": ["processor"], "url": "https://element84.com"},
        ],
        "extent": {
            "spatial": {"bbox": [[*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]]},
            "temporal": {"interval": [[times[0], times[-1]]]},
        },
    }


@contextmanager
def rustac_server(
    items: Sequence[Mapping[str, Any]], folder: Path, *, collection: str = COLLECTION
) -> Iterator[str]:
    """Serve items by rustac's STAC API until the block ends; yield its address.

    It pages, and knows areas and dates; it does not know queries, filters and orders.
    """
    command = Path(sys.executable).with_name("rustac")
    program = str(command) if command.exists() else shutil.which("rustac")
    if program is None:
        pytest.skip("rustac, a STAC API server, is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "collection.json").write_text(json.dumps(collection_of(items, collection)))
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [*items]}))
    paths = [str(folder / "collection.json"), str(path)]
    with tempfile.TemporaryFile() as said:
        for attempt in range(3):  # another process may take the port first
            address = f"127.0.0.1:{free_port()}"
            command = [program, "serve", "--addr", address, *paths]
            server = subprocess.Popen(command, stdout=said, stderr=said)
            try:
                if not answers(f"http://{address}/", server):
                    if attempt < 2:
                        continue
                    said.seek(0)
                    pytest.fail(f"the STAC server does not run: {said.read()[-2000:].decode()}")
                yield f"http://{address}"
                return
            finally:
                server.terminate()
                server.wait(10)


def answers(url: str, server: subprocess.Popen[bytes], *, seconds: float = 30) -> bool:
    """Wait until a server answers; return whether it did before it ended."""
    end = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end and server.poll() is None:
        try:
            with opener.open(url, timeout=2):
                return True
        except OSError:
            time.sleep(0.05)
    return False


@contextmanager
def running_world(folder: Path) -> Iterator[StacWorld]:
    """Make the scenes and serve them until the block ends."""
    with range_server() as files:
        scenes = {}
        for day in DATES:
            for tile in CORNERS:
                made = make(files, tile, day)
                scenes[made.id] = made
        items = [made.item for made in scenes.values()]
        west, south, east, north = bbox = (139.68, 35.915, 139.75, 35.945)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        with rustac_server(items, folder) as api:
            yield StacWorld(
                api=api,
                collection=COLLECTION,
                area={"type": "Polygon", "coordinates": [ring]},
                bbox=bbox,
                scenes=scenes,
                files=files,
                items_file=folder / "items.json",
            )
