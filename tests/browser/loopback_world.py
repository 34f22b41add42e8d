"""Sets made of the embedded world, and servers that the browser asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import uvicorn
from starlette.types import ASGIApp

from eex.catalog.known import prepare
from eex.config import Settings
from eex.embeddings import SetHeader
from eex.server.run import listen

PART = 900
"""Tiles of the second set that is served."""


def part_of_world(
    settings: Settings,
    path: Path,
    *,
    first: int = 0,
    rows: int = PART,
    title: str = "Southern tip",
    model: str = "demo-bluemarble-concepts",
) -> Path:
    """Write some tiles of the embedded world, south to north, as a set of their own."""
    table = pq.read_table(prepare("world", settings=settings)).slice(first, rows)
    header = SetHeader.from_json(table.schema.metadata[b"emb"])
    named = replace(header, id=path.stem, title=title, model=model, examples=())
    pq.write_table(table.replace_schema_metadata({"emb": named.to_json()}), path)
    return path


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on loopback for a while, and give its address."""
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(timeout=20)
    taken.close()
