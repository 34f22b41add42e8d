"""An embedding set: a table of tiles with one vector each, and its opened form.

The table is the set: GeoParquet that other tools read, ours or anybody's. Opening it once makes the
form that search maps into memory, beside each other in one folder of the cache:

    set.json       header, counts, roles of columns, and the size of each file below
    vectors.npy    vectors as stored (float16, float32, float64, int8), row-major, one row a tile;
                   of any length; zero where unusable
    lonlat.npy     tile centres, float64, degrees
    unusable.npy   numbers of the rows that never rank, int64, in order
    rows.arrow     everything but the vectors, uncompressed Arrow

A folder appears whole or not at all. It is a cache: where it is damaged, it is made again.
"""

from eex.embeddings.header import Counts, SetHeader
from eex.embeddings.opened import EmbeddingSet, open_folder
from eex.embeddings.table import open_table
from eex.embeddings.write import write_opened

__all__ = ["Counts", "EmbeddingSet", "SetHeader", "open_folder", "open_table", "write_opened"]
