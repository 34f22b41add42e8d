"""The rows of an opened set as an index ranks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eex.registry import find

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.index.base import VectorIndex


def index_of(embeddings: EmbeddingSet, *, threads: int) -> VectorIndex:
    """Return the exact index of a set; nothing is read before the first query.

    Integers go with their scale and offset. Rows that never rank are zero and known by that, but
    for integers with an offset, for which they are told.
    """
    make: Any = find("eex.indexes", "exact")
    header = embeddings.header
    if embeddings.vectors.dtype.kind != "i":
        return make(embeddings.vectors, threads=threads)
    valid = None
    if len(embeddings.unusable):
        valid = np.ones(len(embeddings), np.bool_)
        valid[embeddings.unusable] = False
    return make(
        embeddings.vectors,
        scale=header.scale,
        offset=header.offset,
        valid=valid,
        threads=threads,
    )
