"""What the map layers say about each tile: fractions, heights, counts, names.

In: the public layers of `sources.py` and the cells of the grid. Out: `TileFacts`, one number or
name per tile and property; `concepts.py` turns them into yes, no and unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio.features
import rasterio.transform
from numpy.typing import NDArray
from scipy import ndimage
from sources import Feature, Sources

from eex.imagery.bluemarble import SIZE, WINDOW_KM, window_coordinates

MIN_LAND = 0.05
"""Share of a tile's pixels that must be land for the tile to be in the world set."""

CELL = 0.05
"""Degrees per pixel of the rasters that shapes are burnt into; that of the land cover."""

SMALL_ISLAND_KM2 = 30_000
"""Land masses below this area count as small islands."""

WHITE_MIN, WHITE_SPREAD = 170, 45
"""A pixel looks like snow when its darkest channel is above, its channels' spread below these."""

ICE_SHELVES = -60
"""Latitude south of which the land cover's ice may float on the sea."""

CITY_POPULATION, CITY_SCALE_RANK = 500_000, 3
"""Populated places below both are ignored."""

RIVER_SCALE_RANK = 5
"""Rivers of a larger scale rank (smaller rivers) are ignored."""

IGBP_CLASSES, KOPPEN_CLASSES = 17, 33
CHUNK = 512


@dataclass(frozen=True)
class TileFacts:
    """One entry per tile."""

    lonlat: NDArray[np.float64]
    """Tile centres, degrees, shape (n, 2)."""
    cover: NDArray[np.float64]
    """Share of each IGBP class, shape (n, 17)."""
    climate: NDArray[np.float64]
    """Share of each Köppen-Geiger class, by its number, shape (n, 33)."""
    climate_names: dict[str, int]
    """Köppen-Geiger class to its number."""
    measure: dict[str, NDArray[np.float64]]
    """Shares of land, lake, river, playa, reef and white pixels; `height`, `ruggedness` (standard
    deviation) and `summit` of the land in metres; `islands` (land masses in the window), `small`
    (those of them that are small islands); `population` of the largest city; `delta` share."""
    country: NDArray[np.str_]
    """Name of the country with most pixels, empty where there is none."""
    continent: NDArray[np.str_]
    """Its continent."""


def land_share(sources: Sources, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of land in the window around each place, shape (n,)."""
    land = burn(sources.features("50m_land"))
    return np.concatenate(
        [_sample(land, *_pixels(lonlat[i : i + CHUNK])).mean(axis=(1, 2)) for i in _chunks(lonlat)]
    )


def tile_facts(
    sources: Sources, lonlat: NDArray[np.float64], tiles: NDArray[np.uint8]
) -> TileFacts:
    """Measure every layer in the window of every tile.

    Args:
        sources: The layers.
        lonlat: Tile centres, shape (n, 2), degrees.
        tiles: Their pictures, shape (n, 32, 32, 3); only `white` is read from them.
    """
    land = fine_land(sources)
    masses, _ = ndimage.label(land)
    row_area = np.cos(np.radians(90 - CELL * (np.arange(land.shape[0]) + 0.5))) * 5.56**2
    area = np.bincount(masses.ravel(), weights=np.repeat(row_area, land.shape[1]))
    countries = sources.features("50m_admin_0_countries")
    climate, climate_names = sources.climate
    shares = {
        "land": land,
        "lake": burn(sources.features("50m_lakes")),
        "river": burn(_large_rivers(sources)),
        "playa": burn(sources.features("10m_playas"), touched=True),
        "reef": burn(sources.features("10m_reefs"), touched=True),
        "delta": burn(
            [
                f
                for f in sources.features("10m_geography_regions_polys")
                if f.text("featurecla") == "Delta"
            ],
            touched=True,
        ),
    }
    country_raster = burn(countries, numbered=True)
    measure: dict[str, list[NDArray[np.float64]]] = {name: [] for name in shares}
    measure |= {
        name: [] for name in ("height", "ruggedness", "summit", "islands", "small", "white")
    }
    cover, koppen, country = [], [], []
    for start in _chunks(lonlat):
        lat, lon = _pixels(lonlat[start : start + CHUNK])
        for name, raster in shares.items():
            measure[name].append(_sample(raster, lat, lon).mean(axis=(1, 2)))
        cover.append(_histogram(_sample(sources.land_cover, lat, lon), IGBP_CLASSES))
        koppen.append(_histogram(_sample(climate, lat, lon), KOPPEN_CLASSES))
        is_land = _sample(land, lat, lon) > 0
        for name, values in _relief(sources.elevation, is_land, lat, lon).items():
            measure[name].append(values)
        for name, values in _islands(_sample(masses, lat, lon), area).items():
            measure[name].append(values)
        measure["white"].append(_white(tiles[start : start + CHUNK]))
        counts = _histogram(_sample(country_raster, lat, lon), len(countries) + 1)
        counts[:, 0] = 0
        country.append(counts.argmax(axis=1))
    number = np.concatenate(country)
    joined = {name: np.concatenate(values) for name, values in measure.items()}
    joined["population"] = _population(sources, lonlat)
    return TileFacts(
        lonlat=lonlat,
        cover=np.concatenate(cover),
        climate=np.concatenate(koppen),
        climate_names=climate_names,
        measure=joined,
        country=np.array(["", *(f.text("name") for f in countries)])[number],
        continent=np.array(["", *(f.text("continent") for f in countries)])[number],
    )


def fine_land(sources: Sources) -> NDArray[np.uint16]:
    """Return land (lakes included) in more detail than 50m outlines have, as a raster of 0 and 1.

    Outlines at 1:50 million lack small islands and fill inlets. The land cover has both, but calls
    lakes and sea alike "water": water that is joined to the outlines' sea, and is no lake of the
    lake layer, is sea; all else is land. South of `ICE_SHELVES` the outlines decide, since the
    land cover counts floating ice as land.
    """
    outline = burn(sources.features("50m_land")) > 0
    water = (sources.land_cover == 0) & (burn(sources.features("50m_lakes")) == 0)
    bodies, count = ndimage.label(water)
    touches = np.zeros(count + 1, bool)
    touches[np.unique(bodies[~outline])] = True
    touches[0] = False
    land = ~touches[bodies]
    south = round((90 - ICE_SHELVES) / CELL)
    land[south:] = outline[south:]
    return land.astype(np.uint16)


def burn(
    features: list[Feature], *, touched: bool = False, numbered: bool = False
) -> NDArray[np.uint16]:
    """Burn shapes into a global raster of 0.05 degrees: 1 inside, or each shape's number from 1."""
    return rasterio.features.rasterize(
        [(f.geometry, i + 1 if numbered else 1) for i, f in enumerate(features)],
        out_shape=(round(180 / CELL), round(360 / CELL)),
        transform=rasterio.transform.from_origin(-180, 90, CELL, CELL),
        all_touched=touched,
        dtype="uint16",
    )


def _chunks(lonlat: NDArray[np.float64]) -> range:
    return range(0, len(lonlat), CHUNK)


def _pixels(lonlat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude of every pixel, each of shape (n, 32, 32)."""
    lat, lon = window_coordinates(lonlat, window_km=WINDOW_KM, size=SIZE)
    return np.broadcast_to(lat[:, :, None], lon.shape), np.mod(lon + 180, 360) - 180


def _sample(
    raster: NDArray[np.integer], lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> NDArray[np.integer]:
    """Take the pixel that each place falls into."""
    height, width = raster.shape
    row = np.clip(((90 - lat) / 180 * height).astype(int), 0, height - 1)
    column = np.clip(((lon + 180) / 360 * width).astype(int), 0, width - 1)
    return raster[row, column]


def _histogram(classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """Return the share of each class in each window, shape (n, count)."""
    n = len(classes)
    flat = classes.reshape(n, -1).astype(int) + count * np.arange(n)[:, None]
    return np.bincount(flat.ravel(), minlength=n * count).reshape(n, count) / flat.shape[1]


def _relief(
    elevation: NDArray[np.float64],
    is_land: NDArray[np.bool_],
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Return mean, standard deviation and maximum of the land's height, bilinear, in metres."""
    height, width = elevation.shape
    y = np.clip((90 - lat) / 180 * height - 0.5, 0, height - 1.001)
    x = np.mod((lon + 180) / 360 * width - 0.5, width)
    top, left = y.astype(int), x.astype(int) % width
    down, across, right = y - top, x - x.astype(int), (left + 1) % width
    metres = (elevation[top, left] * (1 - across) + elevation[top, right] * across) * (1 - down)
    metres += (elevation[top + 1, left] * (1 - across) + elevation[top + 1, right] * across) * down
    metres = np.where(is_land, np.maximum(metres, 0), 0)
    count = np.maximum(is_land.sum(axis=(1, 2)), 1)
    mean = metres.sum(axis=(1, 2)) / count
    spread = np.where(is_land, metres - mean[:, None, None], 0) ** 2
    return {
        "height": mean,
        "ruggedness": np.sqrt(spread.sum(axis=(1, 2)) / count),
        "summit": metres.max(axis=(1, 2)),
    }


def _islands(
    masses: NDArray[np.integer], area: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Count land masses in each window, and those of them that are small."""
    found = [np.setdiff1d(window, [0]) for window in masses]
    return {
        "islands": np.array([len(f) for f in found], float),
        "small": np.array([(area[f] < SMALL_ISLAND_KM2).sum() for f in found], float),
    }


def _white(tiles: NDArray[np.uint8]) -> NDArray[np.float64]:
    low, high = tiles.min(axis=3).astype(int), tiles.max(axis=3)
    return ((low > WHITE_MIN) & (high - low < WHITE_SPREAD)).mean(axis=(1, 2))


def _large_rivers(sources: Sources) -> list[Feature]:
    return [
        f
        for f in sources.features("50m_rivers_lake_centerlines")
        if f.number("scalerank", 9) <= RIVER_SCALE_RANK and "Lake" not in f.text("featurecla")
    ]


def _population(sources: Sources, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the population of the largest city in each window."""
    places = [
        (f.geometry.x, f.geometry.y, f.number("pop_max", 0))
        for f in sources.features("50m_populated_places_simple")
        if f.number("pop_max", 0) >= CITY_POPULATION or f.number("scalerank", 9) <= CITY_SCALE_RANK
    ]
    lat_half = WINDOW_KM / 2 / 111.32
    lon_half = lat_half / np.cos(np.radians(lonlat[:, 1]))
    largest = np.zeros(len(lonlat))
    for lon, lat, population in places:
        across = np.abs(np.mod(lon - lonlat[:, 0] + 180, 360) - 180) < lon_half
        inside = across & (np.abs(lat - lonlat[:, 1]) < lat_half)
        largest[inside] = np.maximum(largest[inside], population)
    return largest
