"""An answer as files of other tools, each with licence, credit, notice and the query itself.

`records` has the rows of an answer and its credit, `taken` all that a file is made of; `geojson`,
`tables`, `kml`, `stac` and `parquet` write one kind each, `chips` reads pixels, `archive` packs
several files into one, `snippets` turns a query into code, and `formats` names them all.
"""

from eex.export.geojson import to_geojson
from eex.export.records import Credit, Result, dumps, latlon, near
from eex.export.tables import to_csv, to_table

__all__ = ["Credit", "Result", "dumps", "latlon", "near", "to_csv", "to_geojson", "to_table"]
