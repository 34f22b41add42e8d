"""Sets as GeoParquet 1.1, as other tools read them.

`shapes` brings any geometry to the globe and into columns, `order` puts rows on a Hilbert curve,
`header` is the file's own `geo` record, `rows` gathers rows in any order, and `write` streams a set
into one file that is whole or absent.

Source:
    GeoParquet 1.1.0, https://geoparquet.org/releases/v1.1.0/.
"""

from eex.geoparquet.write import DTYPES, ENCODINGS, write_batches, write_geoparquet, write_set

__all__ = ["DTYPES", "ENCODINGS", "write_batches", "write_geoparquet", "write_set"]
