"""Qdrant as engines: `qdrant-edge` in this process, `qdrant` for a server or a cluster."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError, DamagedSetError, SetError
from eex.index.engines import Building, EngineSpec, Opening, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.index.qdrant import QdrantIndex, Way
    from eex.index.qdrant_edge_shard import Layout
    from eex.index.qdrant_payload import Batch, Uploaded
    from eex.index.qdrant_server import Collection

SHARD = "shard"
"""Folder of Qdrant Edge's files, in the index's own."""

QUANTIZATIONS = ("none", "int8", "binary")
FORMATS = ("float16", "float32")

_COLUMNS = Option(
    name="columns",
    default="auto",
    about="Columns to filter by: auto, all, none, or names with commas between.",
)
_QUANTIZATION = Option(
    name="quantization",
    default="none",
    about="What the graph's search looks at first: none, int8 or binary.",
)
_EF = Option(name="ef", default=128, about="Candidates of the graph's search.", searching=True)
_EF_CONSTRUCT = Option(
    name="ef_construct", default=128, about="Candidates looked at when the graph is built."
)
_FULL_SCAN = Option(
    name="full_scan_kb",
    default=10_000,
    about="Kilobytes of vectors up to which all are read in place of asking the graph.",
)
_OVERSAMPLING = Option(
    name="oversampling",
    default=3.0,
    about="How many times more quantised vectors are looked at again.",
    searching=True,
)
_EXACT = Option(
    name="exact", default=False, about="Read all vectors, whatever graph there is.", searching=True
)


def build_edge(building: Building) -> None:
    """Write a set into a shard of Qdrant Edge; see `EngineSpec.build`."""
    from eex.index.qdrant_edge_shard import EdgeShard
    from eex.index.qdrant_payload import SHARD_BATCH_BYTES

    known = _known(building)
    layout = _layout(building.embeddings.header.dim, building.options)
    with closing(
        EdgeShard.create(building.folder / SHARD, layout, threads=building.threads)
    ) as shard:
        lost, left_out = _upload(
            building,
            known,
            layout,
            lambda batch: shard.upsert(*_points(batch)),
            batch_bytes=SHARD_BATCH_BYTES,
        )
        shard.finish(known.fields)
    _write(building, known, lost, left_out)


def open_edge(opening: Opening) -> QdrantIndex:
    """Open a shard of Qdrant Edge; see `EngineSpec.open`."""
    from eex.index.qdrant import QdrantIndex
    from eex.index.qdrant_edge_shard import EdgeShard
    from eex.index.qdrant_payload import Uploaded

    home = _folder(opening, "qdrant-edge")
    known, left_out, _ = Uploaded.read(home, len(opening.embeddings))
    way, folder = _way(opening.options), home / SHARD
    count = len(opening.embeddings) - len(left_out)
    with ExitStack() as failed:
        shard = failed.enter_context(closing(EdgeShard.open(folder)))
        if shard.count != count:
            message = f"Qdrant Edge has {shard.count:,} vectors in {folder}, not {count:,}."
            raise DamagedSetError(message, hint="Build the index again, with --force.")
        index = QdrantIndex(opening, shard, known, left_out, way)
        failed.pop_all()
    return index


def build_server(building: Building) -> None:
    """Upload a set to a server and wait until it is indexed; see `EngineSpec.build`.

    What is there already of the same set is not sent again. Sending is half of the progress.
    """
    from eex.index.qdrant_payload import BATCH_BYTES

    options, known = building.options, _known(building)
    layout = _layout(building.embeddings.header.dim, options)
    size = len(building.embeddings)
    with closing(_collection(options, building.embeddings)) as collection:
        resumed = collection.create(
            layout,
            _holds(building.embeddings, options),
            known.fields,
            shards=options["shards"],
            replicas=options["replicas"],
            on_disk=options["on_disk"],
        )
        lost, left_out = _upload(
            building,
            known,
            layout,
            lambda batch: collection.upsert(*_points(batch), resumed=resumed),
            batch_bytes=BATCH_BYTES,
            share=0.5,
        )
        collection.finish(
            size - len(left_out),
            told=lambda indexed: building.progress((size + min(indexed, size)) // 2, size),
            patience=60.0 * options["patience"],
        )
    building.progress(size, size)
    _write(building, known, lost, left_out, holds=_holds(building.embeddings, options))


def open_server(opening: Opening) -> QdrantIndex:
    """Open a collection of a server; see `EngineSpec.open`."""
    from dataclasses import replace

    from eex.index.qdrant import QdrantIndex
    from eex.index.qdrant_payload import Uploaded

    embeddings, folder = opening.embeddings, _folder(opening, "qdrant")
    known, left_out, more = Uploaded.read(folder, len(embeddings))
    if not isinstance(more.get("holds"), dict):
        message = f"The index in {folder} is damaged: it does not say what the collection holds."
        raise DamagedSetError(message, hint="Build it again, with --force.")
    way = replace(_way(opening.options), sums_in_half=True)  # it may run on ARM
    with ExitStack() as failed:
        collection = failed.enter_context(closing(_collection(opening.options, embeddings)))
        count = len(embeddings) - len(left_out)
        collection.opened(count, embeddings.header.dim, more["holds"])
        index = QdrantIndex(opening, collection, known, left_out, way)
        failed.pop_all()
    return index


def collection_name(embeddings: EmbeddingSet) -> str:
    """Return what a set's collection is called unless told: its id and the start of its key."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", embeddings.header.id).strip("-") or "set"
    key = re.sub(r"[^A-Za-z0-9]+", "", embeddings.key)[:12]
    return f"eex-{plain}-{key}"


def _collection(options: Mapping[str, Any], embeddings: EmbeddingSet) -> Collection:
    from eex.index import qdrant_server

    url, name = options["url"], options["collection"] or collection_name(embeddings)
    timeout, grpc = options["timeout"], options["prefer_grpc"]
    if timeout < 1:
        message = f"timeout must be at least 1, got {timeout}."
        raise BadQueryError(message, hint="--option timeout=60")
    client = qdrant_server.connect(url, prefer_grpc=grpc, timeout=timeout)
    return qdrant_server.Collection(client, name, url)


def _holds(embeddings: EmbeddingSet, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a collection says of itself, by which it is known again."""
    named = ("vectors", "m", "quantization", "columns")
    said = {"set": embeddings.header.id, "key": embeddings.key, "rows": len(embeddings)}
    return said | {name: options[name] for name in named}


def _layout(dim: int, options: Mapping[str, Any]) -> Layout:
    """Return how vectors are stored; raise BadQueryError for options that do not fit."""
    from eex.index.qdrant_edge_shard import Layout

    for name, choices in (("quantization", QUANTIZATIONS), ("vectors", FORMATS)):
        if options[name] not in choices:
            message = f"{name} must be {' or '.join(choices)}, got {options[name]!r}."
            raise BadQueryError(message, hint=f"--option {name}={choices[0]}")
    for name, least in (
        ("m", 0),
        ("ef_construct", 4),
        ("full_scan_kb", 1),
        ("shards", 1),
        ("replicas", 1),
        ("patience", 1),
    ):
        if options.get(name, least) < least:
            message = f"{name} must be at least {least}, got {options[name]}."
            raise BadQueryError(message, hint=f"--option {name}={least}")
    if options["quantization"] != "none" and not options["m"]:
        message = "Quantised vectors are looked at by the graph's search, and there is no graph."
        raise BadQueryError(message, hint="Add --option m=16, or leave quantization away.")
    return Layout(
        dim=dim,
        half=options["vectors"] == "float16",
        m=options["m"],
        ef_construct=options["ef_construct"],
        full_scan_kb=options["full_scan_kb"],
        quantization=options["quantization"],
    )


def _way(options: Mapping[str, Any]) -> Way:
    from eex.index.qdrant import Way

    if options["ef"] < 1 or options["oversampling"] < 1:
        message = "ef and oversampling must be at least 1."
        raise BadQueryError(message, hint="Their defaults are 128 and 3.")
    return Way(
        half=options["vectors"] == "float16",
        exact=options["exact"] or not options["m"],
        ef=options["ef"],
        oversampling=options["oversampling"],
    )


def _known(building: Building) -> Uploaded:
    from eex.index.qdrant_columns import to_upload

    return to_upload(building.embeddings, building.options["columns"])


def _points(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.float32], list[dict[str, Any]]]:
    return batch.rows, batch.units, batch.payloads


def _upload(
    building: Building,
    known: Uploaded,
    layout: Layout,
    upsert: Callable[[Batch], None],
    *,
    batch_bytes: int,
    share: float = 1.0,
) -> tuple[float, NDArray[np.int64]]:
    """Send all rows; return the greatest loss of storing them, and the rows left out.

    That is a `share` of the work, of which progress is told.
    """
    from eex.index.qdrant_payload import batches
    from eex.stopping import check_stopped

    lost, left_out = 0.0, [np.empty(0, np.int64)]
    for batch in batches(building.embeddings, known, half=layout.half, batch_bytes=batch_bytes):
        check_stopped()
        upsert(batch)
        lost = max(lost, batch.lost)
        left_out.append(batch.left_out)
        building.progress(int(share * batch.stop), len(building.embeddings))
    return lost, np.concatenate(left_out)


def _write(
    building: Building,
    known: Uploaded,
    lost: float,
    left_out: NDArray[np.int64],
    **more: Any,  # noqa: ANN401
) -> None:
    from dataclasses import replace

    replace(known, lost=lost).write(building.folder, left_out, **more)


def _folder(opening: Opening, name: str) -> Path:
    if opening.folder is None:
        message = f"{name} searches what was built, and nothing was."
        raise SetError(message, hint=f"Build it: eex index build SET --engine {name}")
    return opening.folder


QDRANT_EDGE = EngineSpec(
    name="qdrant-edge",
    title="Qdrant's engine in this process, filters included; exact without a graph.",
    exact=False,  # with a graph it is not
    scores_all=False,
    open=open_edge,
    build=build_edge,
    options=(
        Option(name="vectors", default="float16", about="How they are stored: float16, float32."),
        Option(name="m", default=0, about="Edges of one node of the HNSW graph; 0 for no graph."),
        _EF_CONSTRUCT,
        _FULL_SCAN,
        _QUANTIZATION,
        _COLUMNS,
        _EXACT,
        _EF,
        _OVERSAMPLING,
    ),
    extra="qdrant",
)
"""What is known of Qdrant Edge."""

QDRANT = EngineSpec(
    name="qdrant",
    title="A Qdrant server or cluster, filters included.",
    exact=False,
    scores_all=False,
    open=open_server,
    build=build_server,
    options=(
        Option(
            name="url",
            default="http://localhost:6333",
            about="Address of the server; its API key is in EEX_QDRANT_API_KEY.",
            searching=True,
        ),
        Option(name="collection", default="", about="Its name; made of the set's unless given."),
        Option(name="shards", default=1, about="Parts that a cluster spreads over its nodes."),
        Option(name="replicas", default=1, about="Copies of each part."),
        Option(name="vectors", default="float32", about="How they are stored: float16, float32."),
        Option(name="on_disk", default=True, about="Map vectors, graph and payload from disk."),
        Option(name="m", default=16, about="Edges of one node of the HNSW graph; 0 for no graph."),
        _EF_CONSTRUCT,
        _FULL_SCAN,
        _QUANTIZATION,
        _COLUMNS,
        _EXACT,
        _EF,
        _OVERSAMPLING,
        Option(name="prefer_grpc", default=False, about="Talk gRPC, port 6334.", searching=True),
        Option(name="timeout", default=60, about="Seconds one request may take.", searching=True),
        Option(
            name="patience",
            default=60,
            about="Minutes that building waits for a server whose indexing does not get on.",
        ),
    ),
    extra="qdrant",
)
"""What is known of Qdrant servers."""
