"""Engines for many millions of rows: codes of FAISS, candidates scored again from the set.

They find the best rows and score no others, so they give no map. What each costs and finds is
measured in docs/guide/indexes.md; `eex index verify` measures it on your set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from eex.index.engines import Building, EngineSpec, Opening, Option

if TYPE_CHECKING:
    from eex.index.base import FindsRows


def _open(opening: Opening) -> FindsRows:
    from eex.index.faiss_search import open_faiss

    return open_faiss(opening)


def _build(building: Building, kind: str) -> None:
    from eex.index.faiss_build import build_faiss

    build_faiss(building, kind)


def _builder(kind: str) -> Callable[[Building], None]:
    return partial(_build, kind=kind)


def _rescore(times: int) -> Option:
    return Option(
        name="rescore",
        default=times,
        about="Candidates scored exactly for each row asked for; at least 200 in all.",
        searching=True,
    )


SEED = Option(name="seed", default=0, about="Of the sample that is trained with.")
SAMPLE = Option(
    name="sample",
    default=0,
    about="Rows that are trained with; 0: 39 for each list, 1 GiB at most.",
)
NLIST = Option(name="nlist", default=0, about="Lists; 0: about 4 times the root of the rows.")
NPROBE = Option(
    name="nprobe",
    default=0,
    about="Lists that a search looks into; 0: about 4 times the root of the lists.",
    searching=True,
)

FAISS_FLAT = EngineSpec(
    name="faiss-flat",
    title="Codes of every row, all of them looked at; built in memory.",
    exact=False,
    scores_all=False,
    open=_open,
    build=_builder("flat"),
    options=(
        Option(name="bits", default=8, about="Of each number: 1, 2, 3, 4, 8 or 16."),
        _rescore(10),
        SAMPLE,
        SEED,
    ),
    extra="faiss",
)
"""Scalar or RaBitQ codes without lists."""

FAISS_IVF_RABITQ = EngineSpec(
    name="faiss-ivf-rabitq",
    title="Lists of RaBitQ codes, 1 to 4 bits a number: least bytes, for many millions of rows.",
    exact=False,
    scores_all=False,
    open=_open,
    build=_builder("rabitq"),
    options=(
        Option(name="bits", default=2, about="Of each number: 1 to 4."),
        NLIST,
        NPROBE,
        _rescore(20),
        SAMPLE,
        SEED,
    ),
    extra="faiss",
)
"""RaBitQ codes in lists."""

FAISS_IVF_SQ8 = EngineSpec(
    name="faiss-ivf-sq8",
    title="Lists of 8-bit codes: more bytes, fewer candidates.",
    exact=False,
    scores_all=False,
    open=_open,
    build=_builder("sq8"),
    options=(NLIST, NPROBE, _rescore(5), SAMPLE, SEED),
    extra="faiss",
)
"""Scalar codes in lists."""

FAISS_IVF_PQ = EngineSpec(
    name="faiss-ivf-pq",
    title="Lists of product-quantised codes, learnt from a sample.",
    exact=False,
    scores_all=False,
    open=_open,
    build=_builder("pq"),
    options=(
        Option(
            name="parts",
            default=0,
            about="Bytes of a code, which divide the vector's length; 0: about a quarter of it.",
        ),
        NLIST,
        NPROBE,
        _rescore(20),
        SAMPLE,
        SEED,
    ),
    extra="faiss",
)
"""Product-quantised codes in lists."""

FAISS_HNSW = EngineSpec(
    name="faiss-hnsw",
    title="A graph over 8-bit codes: quick, large, weak for text; built in memory.",
    exact=False,
    scores_all=False,
    open=_open,
    build=_builder("hnsw"),
    options=(
        Option(name="links", default=32, about="Of each node, half of those on the ground level."),
        Option(
            name="efconstruction",
            default=200,
            about="Nodes kept in view while building; fewer build quicker and find much less.",
        ),
        Option(
            name="efsearch",
            default=256,
            about="Nodes that a search keeps in view; at least the candidates.",
            searching=True,
        ),
        _rescore(5),
        SAMPLE,
        SEED,
    ),
    extra="faiss",
)
"""HNSW over scalar codes."""
