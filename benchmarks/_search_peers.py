"""How others search the same vectors, and what memory each way takes in a process of its own.

Run as a program, it is that process: `python _search_peers.py WAY VECTORS FOLDER` opens, answers
one query and prints its memory, anonymous and file-backed, in MB.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _measure import processors
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

K = 100
WHOLE_K = 1_000
"""Rows of a whole query, as a page of the original lists them."""
TOP_PERCENT = 1.0

OURS = "eex f16 map"
INT8 = "eex int8 map"
NUMPY = "numpy f32"
TORCH = "torch f32, the original's way"
FAISS = "faiss IndexFlatIP f32"
QDRANT = "qdrant-edge exact f16"

NEEDS = {TORCH: "torch", FAISS: "faiss", QDRANT: "qdrant_edge"}
"""Package that a way needs."""

QDRANT_BATCH = 2_000


def installed(way: str) -> bool:
    return importlib.util.find_spec(NEEDS[way]) is not None


def numpy_way(wide: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.int64]:
    scores = wide @ query
    best = np.argpartition(-scores, min(K, len(scores) - 1))[:K]
    return best[np.argsort(-scores[best])]


def torch_way(wide: torch.Tensor, query: NDArray[np.float32]) -> object:
    """Do as the original app: every score, the threshold of the top percent, a full argsort."""
    import torch

    scores = (wide @ torch.from_numpy(query)).numpy()
    rank = int(len(scores) * (1 - TOP_PERCENT / 100))
    threshold = np.partition(scores, rank)[rank]
    return np.flatnonzero(scores >= threshold), np.argsort(scores)[::-1][:WHOLE_K]


def faiss_way(vectors: NDArray[Any], threads: int) -> Callable[[NDArray[np.float32]], object]:
    """Return FAISS's exact search of the best, which holds a float32 copy; no other scores."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(vectors.shape[1])
    for low in range(0, len(vectors), 16_384):
        index.add(vectors[low : low + 16_384].astype(np.float32))
    return lambda query: index.search(query[None], K)


def write_qdrant(vectors: NDArray[np.float16], folder: Path) -> None:
    """Fill a shard of Qdrant's embedded engine with vectors, without a graph."""
    import qdrant_edge as edge

    folder.mkdir()
    config = edge.EdgeConfig(
        vectors=_qdrant_vectors(vectors.shape[1]),
        hnsw_config=edge.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=1),
        optimizers=edge.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=10**9),
        wal_enabled=False,
    )
    shard = edge.EdgeShard.create(str(folder), config)
    for low in range(0, len(vectors), QDRANT_BATCH):
        part = vectors[low : low + QDRANT_BATCH].astype(np.float32)
        points = [edge.Point(low + i, row, {}) for i, row in enumerate(part)]
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()
    shard.close()


def qdrant_way(folder: Path, dim: int, threads: int) -> Callable[[NDArray[np.float32]], object]:
    """Return Qdrant's exact search of the best, over what `write_qdrant` wrote."""
    import qdrant_edge as edge

    config = edge.EdgeConfig(vectors=_qdrant_vectors(dim), max_search_threads=threads)
    shard = edge.EdgeShard.load(str(folder), config)
    exact = edge.SearchParams(exact=True)

    def ask(query: NDArray[np.float32]) -> object:
        asked = edge.QueryRequest(limit=K, query=edge.Query.Nearest(query), params=exact)
        return shard.query(asked)

    return ask


def _qdrant_vectors(dim: int) -> Any:
    import qdrant_edge as edge

    return edge.EdgeVectorParams(
        size=dim,
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
        memory=edge.Memory.Cold,
    )


def whole_query(index: Any, query: NDArray[np.float64]) -> object:
    """Return what a page needs: every score, thresholds and histogram of a slider, 1,000 rows."""
    from eex.index.thresholds import Thresholds

    scores, hits = index.scan(query, k=WHOLE_K)
    live = Thresholds(scores)
    return hits, live.at(TOP_PERCENT), live.histogram(64)


def open_int8_files(vectors: NDArray[Any], folder: Path) -> Any:
    from eex.index.int8 import Int8Index
    from eex.index.int8_make import FILES, Codes

    return Int8Index(Codes(*(np.load(folder / name, mmap_mode="r") for name in FILES)), vectors)


def memory_of(way: str, path: Path, folder: Path) -> dict[str, float] | None:
    """Return anonymous and file-backed megabytes of a process that answers one query this way."""
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    command = [sys.executable, __file__, way, str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def opened(way: str, path: Path, folder: Path) -> Callable[[], object]:
    """Return what answers one query this way; what it was copied from is let go of."""
    vectors = np.load(path, mmap_mode="r")
    query = np.ones(vectors.shape[1])
    narrow = query.astype(np.float32)
    threads = processors()
    if way == OURS:
        from eex.index.exact import ExactIndex

        index = ExactIndex(vectors)
        return lambda: whole_query(index, query)
    if way == INT8:
        int8 = open_int8_files(vectors, folder / "int8")
        return lambda: whole_query(int8, query)
    if way in {FAISS, QDRANT}:
        if way == FAISS:
            search = faiss_way(vectors, threads)
        else:
            search = qdrant_way(folder / "qdrant", vectors.shape[1], threads)
        return lambda: search(narrow)
    wide = vectors.astype(np.float32)
    if way == NUMPY:
        return lambda: numpy_way(wide, narrow)
    import torch

    tensor = torch.from_numpy(wide)
    return lambda: torch_way(tensor, narrow)


def main() -> None:
    ask = opened(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    answer = ask()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    anonymous, resident = kilobytes["Anonymous"], kilobytes["Rss"]
    megabytes = {"anonymous": anonymous, "file": resident - anonymous}
    print(json.dumps({name: round(size * 1024 / 1e6, 1) for name, size in megabytes.items()}))
    del answer


if __name__ == "__main__":
    main()
