"""What an archive says of itself, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import eex

if TYPE_CHECKING:
    from eex.export.taken import Taken

FILES = """\
answer.geojson   the tiles as points: QGIS, ArcGIS, geojson.io
answer.csv       the tiles as a table: any spreadsheet
answer.kml       the tiles as outlines: Google Earth
answer.parquet   the tiles as GeoParquet: DuckDB, GeoPandas, QGIS
map.png          every tile's score on a world map
"""

PIXELS = """\
stac.json        the tiles as STAC items, which link to their pixels: pystac, QGIS, STAC browsers
chips/           pixels of the best tiles, red, green and blue as stored: GeoTIFF
                 (chips/MISSING.txt, if it is there, says which could not be had)
recipe.json      the query, pictures included
"""


def readme(taken: Taken, *, everything: bool) -> str:
    """Return the text of README.txt.

    Args:
        taken: The answer.
        everything: Whether all formats are in the archive; otherwise only pixels are.
    """
    credit = taken.credit
    told = [
        ("Query", " ".join(taken.title.split())),
        ("Tiles", f"{len(taken.results):,}, best first"),
        ("Score", taken.score_kind),
        ("Set", credit.set_id),
        ("Model", credit.model),
        ("Licence", credit.licence),
        ("Attribution", credit.attribution),
        ("Notice", credit.banner),
    ]
    about = "\n".join(f"{name + ':':<13}{text}" for name, text in told if text)
    files = (FILES if everything else "") + PIXELS
    return f"""\
{about}

Whoever passes this on passes licence and attribution on.

Files
-----
{files}
Ask again
---------
Command line:  eex search --recipe recipe.json
Python:        import eex; print(eex.ask("recipe.json"))
HTTP:          curl -H 'content-type: application/json' --data-binary @recipe.json \\
                 http://127.0.0.1:8000/api/v1/search
Web page:      eex serve, and open recipe.json there

Written by Earth Embedding Explorer {eex.__version__}.
"""
