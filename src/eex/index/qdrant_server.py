"""A collection of a Qdrant server or cluster: all that is used of `qdrant_client`.

The API key is read from the environment when a connection is made, and nowhere else: it is no
option, so that it is neither written into the record of an index nor shown. What a collection holds
is said in its own metadata (Qdrant 1.16 and later), and looked at when it is opened.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from eex.errors import (
    AbsentError,
    BadAnswerError,
    BadQueryError,
    ChangedError,
    MissingExtraError,
    RemoteError,
    UnavailableError,
)
from eex.index.qdrant_edge_shard import EXTRA
from eex.index.qdrant_waiting import State, wait_indexed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from eex.index.qdrant_edge_shard import Condition, Layout

API_KEY = "EEX_QDRANT_API_KEY"
"""Variable of the environment with the server's API key, if it wants one."""

METADATA = "earth-embedding-explorer"
"""Under which a collection's metadata says what it holds."""

DEADLINES = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
"""What gRPC says of servers that do not answer, or not in time, or not now."""

BUSY = 429
"""HTTP: too many requests."""


def connect(url: str, *, prefer_grpc: bool, timeout: int) -> Any:  # noqa: ANN401
    """Return a client; nothing is asked yet.

    Args:
        url: Of the server or of any node of a cluster, http or https.
        prefer_grpc: Whether to talk gRPC (port 6334), which is quicker for uploads.
        timeout: Seconds that one request may take.

    Raises:
        BadQueryError: If that is no such address, or it has a password.
        MissingExtraError: If the package is missing.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"A Qdrant server has an address such as http://localhost:6333, not {url!r}."
        raise BadQueryError(message, hint="--option url=http://HOST:6333")
    if parts.username or parts.password or parts.query:
        message = "The address of a Qdrant server must not hold a password: it is written down."
        raise BadQueryError(message, hint=f"Put the API key into the environment as {API_KEY}.")
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        message = "The index 'qdrant' needs qdrant-client, which is not installed."
        raise MissingExtraError(message, hint=EXTRA, missing="qdrant_client") from error
    return QdrantClient(
        url=url,
        api_key=os.environ.get(API_KEY) or None,
        prefer_grpc=prefer_grpc,
        timeout=timeout,
        check_compatibility=False,  # which warns instead of raising
    )


class Collection:
    """One collection of a server."""

    def __init__(self, client: Any, name: str, url: str) -> None:  # noqa: ANN401
        """Take a client; `url` is for messages."""
        self._client, self._name, self._url = client, name, url
        self.count = 0
        """Number of vectors, as of `opened`."""

    def close(self) -> None:
        """Let go of the connections; it may be done more than once."""
        self._client.close()

    def create(
        self,
        layout: Layout,
        holds: Mapping[str, Any],
        fields: Mapping[str, str],
        *,
        shards: int,
        replicas: int,
        on_disk: bool,
    ) -> bool:
        """Make the collection, or find it there of the same data and layout.

        Args:
            layout: How vectors are stored.
            holds: What is written into its metadata, and must be there if it exists.
            fields: Path in the payload to geo, integer, float or keyword, to be indexed.
            shards: Parts of the collection, over which a cluster spreads it.
            replicas: Copies of each part.
            on_disk: Whether vectors, payload and graph are mapped from disk.

        Returns:
            Whether it was there, so that some rows may be, too.

        Raises:
            ChangedError: If one of that name holds something else.
            RemoteError: If the server cannot be asked.
        """
        from qdrant_client import models

        with self._told():
            there = bool(self._client.collection_exists(self._name))
            if there:
                self._check(holds)
            else:
                self._client.create_collection(
                    self._name,
                    vectors_config=models.VectorParams(
                        size=layout.dim,
                        distance=models.Distance.COSINE,
                        datatype=models.Datatype.FLOAT16
                        if layout.half
                        else models.Datatype.FLOAT32,
                        on_disk=on_disk,
                    ),
                    hnsw_config=models.HnswConfigDiff(
                        m=layout.m,
                        ef_construct=layout.ef_construct,
                        full_scan_threshold=layout.full_scan_kb,
                        on_disk=on_disk,
                    ),
                    quantization_config=_quantization(layout.quantization),
                    on_disk_payload=on_disk,
                    shard_number=shards,
                    replication_factor=replicas,
                    metadata={METADATA: dict(holds)},
                )
                self._check_kept()
            for path, kind in fields.items():
                schema = models.PayloadSchemaType(kind)
                self._client.create_payload_index(self._name, path, schema, wait=True)
        return there

    def upsert(
        self,
        rows: NDArray[np.int64],
        units: NDArray[np.float32],
        payloads: Sequence[Mapping[str, Any]],
        *,
        resumed: bool,
    ) -> None:
        """Store vectors of length 1 and what is known of them, by row; once more does no harm.

        With `resumed`, those that are there already are not sent again.
        """
        from qdrant_client import models

        numbers = rows.tolist()
        with self._told():
            there: set[int] = set()
            if resumed and numbers:
                known = self._client.retrieve(
                    self._name, numbers, with_payload=False, with_vectors=False
                )
                there = {record.id for record in known}
            points = [
                models.PointStruct(id=row, vector=unit.tolist(), payload=dict(payload))
                for row, unit, payload in zip(numbers, units, payloads, strict=True)
                if row not in there
            ]
            if points:
                self._client.upsert(self._name, points, wait=True)

    def finish(
        self,
        count: int,
        *,
        told: Callable[[int], None] = lambda _indexed: None,
        patience: float = 3600.0,
    ) -> None:
        """Wait until the server has indexed all; then check how many there are.

        Args:
            count: Vectors that there must be.
            told: Called with the vectors that are indexed.
            patience: Seconds without a change after which to give up.

        Raises:
            BadAnswerError: If there are more or fewer than `count`, or the server gave up.
            CancelledError: If the work should stop.
            RemoteError: If it cannot be asked, or does not get on.
        """
        named = f"{self._name} at {self._url}"
        wait_indexed(self._state, self._begin, told=told, patience=patience, named=named)
        self._check_count(count)

    def _state(self) -> State:
        with self._told():
            about = self._client.get_collection(self._name)
        indexed = about.indexed_vectors_count or 0
        return State(str(about.status.value), int(indexed), int(about.segments_count))

    def _begin(self) -> None:
        from qdrant_client import models

        with self._told():
            nothing = models.OptimizersConfigDiff()
            self._client.update_collection(self._name, optimizers_config=nothing)

    def opened(self, count: int, dim: int, holds: Mapping[str, Any]) -> Collection:
        """Check that the collection is there and holds what it should, and return it.

        Raises:
            AbsentError: If there is none of that name.
            ChangedError: If it holds something else.
            RemoteError: If the server cannot be asked.
        """
        with self._told():
            self._check(holds)
            size = self._client.get_collection(self._name).config.params.vectors.size
        if size != dim:
            what = f"its vectors have length {size}, not {dim}"
            raise self._changed(what)
        self._check_count(count)
        return self

    def nearest(
        self,
        units: NDArray[np.float64],
        limit: int,
        *,
        where: Condition | None = None,
        exact: bool = True,
        ef: int = 0,
        oversampling: float = 1.0,
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return rows and scores of the nearest vectors; see `EdgeShard.nearest`."""
        from qdrant_client import models

        params = models.SearchParams(
            hnsw_ef=None if exact else max(ef, limit),
            exact=exact,
            quantization=models.QuantizationSearchParams(
                ignore=exact, rescore=True, oversampling=None if exact else oversampling
            ),
        )
        chosen = None if where is None else models.Filter.model_validate(where)
        asked = [
            models.QueryRequest(
                query=unit.tolist(),
                limit=limit,
                filter=chosen,
                params=params,
                with_payload=False,
                with_vector=False,
            )
            for unit in units.astype(np.float32)
        ]
        with self._told():
            answers = self._client.query_batch_points(self._name, requests=asked)
        found = []
        for answer in answers:
            rows = np.array([point.id for point in answer.points], np.int64)
            scores = np.array([point.score for point in answer.points], np.float32)
            found.append((rows, scores))
        return found

    def estimate(self, where: Condition) -> int:
        """Return about how many vectors `where` lets through."""
        from qdrant_client import models

        chosen = models.Filter.model_validate(where)
        with self._told():
            return int(self._client.count(self._name, count_filter=chosen, exact=False).count)

    def _check(self, holds: Mapping[str, Any]) -> None:
        metadata = self._client.get_collection(self._name).config.metadata or {}
        found = metadata.get(METADATA)
        if found is None:
            what = "it does not say what it holds"
            raise self._changed(what)
        for name, value in holds.items():
            if found.get(name) != value:
                what = f"its {name} is {found.get(name)!r}, not {value!r}"
                raise self._changed(what)

    def _check_kept(self) -> None:
        if METADATA not in (self._client.get_collection(self._name).config.metadata or {}):
            message = f"The Qdrant server at {self._url} keeps no metadata of collections."
            hint = f"Qdrant 1.16 or later is needed. Delete the collection {self._name} there."
            raise BadAnswerError(message, hint=hint)

    def _check_count(self, count: int) -> None:
        with self._told():
            found = int(self._client.count(self._name, exact=True).count)
        if found != count:
            message = f"The collection {self._name} has {found:,} vectors, not {count:,}."
            raise BadAnswerError(message, hint="Build the index again; what is there stays.")
        self.count = found

    def _changed(self, what: str) -> ChangedError:
        message = f"The collection {self._name} at {self._url} is another one: {what}."
        hint = "Choose another name, --option collection=NAME, or delete it on the server."
        return ChangedError(message, hint=hint)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in plain words what the client says; never with the request, which has the key."""
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            yield
        except UnexpectedResponse as error:
            said = bytes(error.content or b"").decode(errors="replace")[:200]
            raise self._error(error.status_code or 0, said or error.reason_phrase) from None
        except (ResponseHandlingException, QdrantException) as error:
            raise self._unavailable(str(error)) from None
        except import_module("grpc").RpcError as error:
            code, said = "UNKNOWN", ""
            with suppress(AttributeError):  # only errors of calls have them
                code, said = error.code().name, error.details() or ""
            if code in DEADLINES:
                raise self._unavailable(said) from None
            status = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404}
            raise self._error(status.get(code, 0), said) from None
        except ValueError as error:  # the client's local mode
            if "not found" not in str(error):
                raise
            raise self._error(404, str(error)) from None

    def _error(self, status: int, said: str) -> RemoteError:
        if status in {401, 403}:
            message = f"The Qdrant server at {self._url} does not accept the API key ({status})."
            there = "another one" if os.environ.get(API_KEY) else "it"
            return RemoteError(message, hint=f"Set {there} in the environment as {API_KEY}.")
        if status == 404:  # noqa: PLR2004
            message = f"The Qdrant server at {self._url} has no collection {self._name}."
            return AbsentError(message, hint="Build the index again, or give another url.")
        if status == BUSY or status >= 500:  # noqa: PLR2004
            return self._unavailable(f"{status} {said}")
        message = f"The Qdrant server at {self._url} refuses: {status or ''} {said}".strip()
        return BadAnswerError(message, hint="Qdrant 1.16 or later is needed; see its log.")

    def _unavailable(self, said: str) -> UnavailableError:
        message = f"The Qdrant server at {self._url} does not answer: {said or 'no reason given'}"
        hint = "Is it running, and reachable from here? Longer waits: --option timeout=120"
        return UnavailableError(message.rstrip(".") + ".", hint=hint)


def _quantization(name: str) -> Any:  # noqa: ANN401
    from qdrant_client import models

    if name == "int8":
        kind = models.ScalarType.INT8
        return models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=kind, always_ram=True)
        )
    if name == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None
