"""The engine that needs nothing built: every row is read, the answer is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eex.index.engines import EngineSpec, Opening

if TYPE_CHECKING:
    from eex.index.exact import ExactIndex


def open_exact(opening: Opening) -> ExactIndex:
    """Return the exact index of a set; nothing is read before the first query.

    Integers go with their scale and offset. Rows that never rank are zero and known by that, but
    for integers with an offset, for which they are told.
    """
    from eex.index.exact import ExactIndex

    embeddings = opening.embeddings
    header = embeddings.header
    if embeddings.vectors.dtype.kind != "i":
        return ExactIndex(embeddings.vectors, threads=opening.threads)
    valid = None
    if len(embeddings.unusable):
        valid = np.ones(len(embeddings), np.bool_)
        valid[embeddings.unusable] = False
    return ExactIndex(
        embeddings.vectors,
        scale=header.scale,
        offset=header.offset,
        valid=valid,
        threads=opening.threads,
    )


EXACT = EngineSpec(
    name="exact",
    title="Every row is read; the answer is exact.",
    exact=True,
    scores_all=True,
    open=open_exact,
)
"""What is known of the exact engine."""
