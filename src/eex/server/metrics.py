"""What the server counts of itself, in the text format of Prometheus.

Labels have few values: routes by their template, methods that are known, statuses. Nothing of what
was asked is in them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

import eex
from eex.server.answers import PROBLEM

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from eex.server.state import State

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
"""Methods that are counted by name; all others are `other`."""

PAGE, NOWHERE = "page", "none"
"""What stands for the route of the page's files, and of what is not there."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histogram of latency, seconds."""

GONE = "499"
"""Status of requests whose client went away before an answer, as nginx counts them."""

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the format."""

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


class Metrics:
    """Counters of one server; for any number of threads."""

    def __init__(self, state: State) -> None:
        """Count for a server from now on; what it holds is looked up when it is asked for."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "eex_http_requests",
            "Requests by route template, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "eex_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("route", "method"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Held(state))
        ProcessCollector(registry=self.registry)

    def count(self, route: str, method: str, status: str, seconds: float) -> None:
        """Count a request that is answered."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)

    def text(self) -> bytes:
        """Return all of it."""
        return generate_latest(self.registry)


class _Held:
    """What the server holds and does now."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield a gauge for each."""
        load, kept = self._state.load, self._state.kept
        told = {
            "eex_searches_running": ("Searches that run.", load.running),
            "eex_searches_waiting": ("Searches that wait for their turn.", load.waiting),
            "eex_search_memory_bytes": ("Memory of running searches, about.", load.held),
            "eex_kept_answers": ("Answers that are kept for their scores.", kept[0]),
            "eex_kept_answer_bytes": ("Memory of the kept answers, about.", kept[1]),
            "eex_open_sets": ("Sets that are open.", self._state.open_count),
        }
        for name, (text, value) in told.items():
            yield GaugeMetricFamily(name, text, value=value)
        build = GaugeMetricFamily("eex_build_info", "The server's version.", labels=("version",))
        build.add_metric((eex.__version__,), 1)
        yield build


class Measured:
    """Counts every request that goes through."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Stand before an application."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), GONE

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.count(_route(scope), method, status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    """Return the template of the route that answered."""
    template = getattr(scope.get("route"), "path", "")
    if template:
        return str(template)
    return PAGE if "endpoint" in scope else NOWHERE


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Return what the server counts of itself, in the text format of Prometheus."""
    counted: Metrics = request.app.state.metrics
    headers = {"Cache-Control": "no-store"}
    return Response(counted.text(), media_type=TEXT, headers=headers)
