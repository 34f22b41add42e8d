"""The exact search over several machines: workers of Ray hold ranges of rows.

    engine("ray").open(Opening(embeddings=embeddings, options={"shards": 8, "address": "auto"}))

Each worker opens the set's folder itself and maps its own rows, so every machine must see the
folder under the same path (a shared file system, or a copy of it). The process that asks merges the
answers and holds nothing else. See docs/scale.md and docs/decisions/0011-ray.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eex.errors import BadQueryError, SetError
from eex.index.engines import EngineSpec, Opening, Option, engine

if TYPE_CHECKING:
    from eex.index.sharded import ShardedIndex

PATIENCE = 60.0
"""Seconds that an answer waits for its slowest worker."""


def open_ray(opening: Opening) -> ShardedIndex:
    """Start the workers of a set and return the search over them; close it to end them.

    Raises:
        MissingExtraError: If Ray is not installed.
        SetError: If the set lies in memory only, or a worker does not see its folder.
        UnavailableError: If Ray cannot be reached, or lacks room for the workers.
        BadQueryError: If an option makes no sense.
    """
    from eex.cluster import attach, release
    from eex.index.ray_shards import RayShards
    from eex.index.ray_worker import Holding, mark_of
    from eex.index.sharded import ShardedIndex
    from eex.index.shards import spans

    embeddings, options = opening.embeddings, opening.options
    if embeddings.folder is None:
        message = "Workers of Ray open a set's folder, and this set lies in memory only."
        raise SetError(message, hint="Write it with `eex set write` and open that.")
    count, cpus = int(options.get("shards", 0)), int(options.get("cpus", 1))
    patience, name = float(options.get("patience", PATIENCE)), str(options.get("engine", "exact"))
    if count < 0 or cpus < 1 or not patience > 0:
        message = f"Cannot search with {count} shards of {cpus} processors in {patience:g} s."
        raise BadQueryError(message, hint="Leave the options away.")
    spec = RAY if name == RAY.name else engine(name)
    if spec is RAY or spec.build is not None or not spec.scores_all:
        message = f"Workers of Ray cannot rank with {name!r}: it needs files, or scores not all."
        raise BadQueryError(message, hint="Try engine=exact.")
    rows = len(embeddings)
    address = str(options.get("address", "")).strip()
    cluster = attach(address, cpus=max(1, opening.threads), store_bytes=64 * rows)
    try:
        wanted = count or max(1, cluster.cpus // cpus)
        holding = Holding(
            folder=str(embeddings.folder.resolve()), key=embeddings.key, engine=name, threads=cpus
        )
        shards = RayShards(
            cluster,
            [
                replace(holding, span=span, mark=mark_of(embeddings, span))
                for span in spans(rows, min(wanted, max(1, rows)))
            ],
            dim=embeddings.header.dim,
            cpus=0 if cluster.own else cpus,  # an own one has no machines to choose from
            patience=patience,
        )
    except BaseException:
        release()
        raise
    return ShardedIndex(shards)


RAY = EngineSpec(
    name="ray",
    title="Workers of Ray read every row, on one machine or many; the answer is exact.",
    exact=True,
    scores_all=True,
    open=open_ray,
    options=(
        Option(
            name="shards",
            default=0,
            about="Workers, each with a range of rows; 0: as many as Ray has processors for.",
            searching=True,
        ),
        Option(
            name="address",
            default="",
            about="Of a Ray that runs: auto, host:port or ray://host:port; else one is started.",
            searching=True,
        ),
        Option(name="cpus", default=1, about="Processors of each worker.", searching=True),
        Option(
            name="patience",
            default=PATIENCE,
            about="Seconds that an answer waits for a lost or slow worker.",
            searching=True,
        ),
        Option(
            name="engine",
            default="exact",
            about="What each worker ranks with; one that needs nothing built.",
            searching=True,
        ),
    ),
    extra="ray",
)
"""What is known of the engine."""
