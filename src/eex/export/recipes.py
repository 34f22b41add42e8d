"""The query that a file of an answer keeps, whatever kind of file it is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

LARGEST = 64 * 2**20
"""Largest recipe that is taken out of an archive, bytes."""

SPACE = {"kml": "http://www.opengis.net/kml/2.2"}
"""Names of KML."""


def kept_in(path: Path) -> dict[str, Any] | None:
    """Return the query that a KML, GeoParquet, PNG or ZIP file of an answer keeps.

    Returns:
        The query; None if the file is of another kind.

    Raises:
        ValueError: If it is of one of these kinds and keeps none.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        begins = file.read(64)
    read = next((read for sign, read in SIGNS if begins.startswith(sign)), None)
    if read is None:
        return None
    try:
        recipe = json.loads(read(path))
    except Exception as error:
        message = "it is damaged, or not an answer of ours"
        raise ValueError(message) from error
    if not isinstance(recipe, dict):
        message = "what it keeps is none"
        raise ValueError(message)  # noqa: TRY004
    return recipe


def _of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("recipe.json")
        if info.file_size > LARGEST:
            message = "recipe.json is too large"
            raise ValueError(message)
        return archive.read(info).decode()


def _of_parquet(path: Path) -> str:
    import pyarrow.parquet as pq

    about = json.loads((pq.read_schema(path).metadata or {})[b"eex"])
    return json.dumps(about["recipe"])


def _of_png(path: Path) -> str:
    from PIL import Image

    with Image.open(path, formats=("PNG",)) as picture:
        picture.load()
        return str(picture.info["Recipe"])


def _of_kml(path: Path) -> str:
    from xml.etree import ElementTree as ET

    where = "./kml:Document/kml:ExtendedData/kml:Data[@name='recipe']/kml:value"
    return ET.parse(path).findtext(where, default="", namespaces=SPACE)  # noqa: S314, a user's file


SIGNS: tuple[tuple[bytes, Callable[[Path], str]], ...] = (
    (b"PK\x03\x04", _of_zip),
    (b"PAR1", _of_parquet),
    (b"\x89PNG", _of_png),
    (b"<?xml", _of_kml),
)
"""How files begin, and what reads them."""
