"""create_app(settings): the routes, one table from errors to statuses, the built web page."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Match, Mount

import eex
from eex.config import Settings
from eex.errors import (
    BadQueryError,
    BusyError,
    CancelledError,
    EexError,
    MissingExtraError,
    MissingWeightsError,
    NoPixelsError,
    OfflineError,
    OutputError,
    RemoteError,
    SetNotFoundError,
    ShapeError,
    StoppedError,
    UnavailableError,
    UnknownNameError,
)
from eex.server.answers import problem
from eex.server.asking import router as asking
from eex.server.auth import Auth
from eex.server.exports import router as exports
from eex.server.ground import router as ground
from eex.server.guard import Guard
from eex.server.labels import router as labels
from eex.server.load import Limits
from eex.server.login import router as login
from eex.server.metrics import Measured, Metrics
from eex.server.metrics import router as metrics
from eex.server.openapi import described
from eex.server.page import Heads, Page
from eex.server.routes import router
from eex.server.state import State
from eex.server.tiles import router as tiles

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
"""Names of this machine for itself."""

STATUSES: dict[type[EexError], int] = {
    UnknownNameError: 404,
    SetNotFoundError: 404,
    BadQueryError: 422,
    ShapeError: 422,
    MissingExtraError: 501,
    MissingWeightsError: 503,
    OutputError: 507,
    NoPixelsError: 404,
    CancelledError: 499,  # as nginx counts clients that went away; nobody reads it
    BusyError: 503,
    OfflineError: 503,
    UnavailableError: 504,
    StoppedError: 504,
    RemoteError: 502,
    EexError: 500,
}
"""The first class that an error is an instance of gives its status."""

TOLD = (MissingExtraError, MissingWeightsError, BusyError)
"""Errors of the server's whose words help who asks; those of others stay in the log."""

AFAR = {
    502: "The pixels cannot be had from where they lie.",
    503: "The pixels are not here, and this server fetches none now.",
    504: "Where the pixels lie, nobody answers in time.",
}
"""What is said of bytes from afar: addresses may be those of a network inside."""

SMALLEST, LEVEL = 1_000, 5
"""Bytes of an answer from which it is compressed, and how hard, 1 to 9."""

TOLD_APART = ("X-Eex-Kind", "X-Eex-Min", "X-Eex-Max")
"""Headers with facts of an answer of bytes."""

STATIC = Path(__file__).parent / "static"
"""The built web page; made by the build hook, shipped in the wheel."""

log = logging.getLogger("eex.server")


def create_app(
    settings: Settings | None = None,
    *,
    sets: tuple[Path, ...] = (),
    limits: Limits | None = None,
    kind: type[FastAPI] = FastAPI,
) -> FastAPI:
    """Make the server.

    Args:
        settings: Where the cache is; read from the environment by default.
        sets: GeoParquet files to serve beside the embedded world, named by their stem.
        limits: What searches may take of the machine.
        kind: Class of the server; others than FastAPI's own bring routes of theirs.
    """
    app = kind(
        title="Earth Embedding Explorer",
        version=eex.__version__,
        summary="Ask the Earth in words, with a picture or a place.",
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    settings = settings or Settings.from_env()
    if settings.root_path:
        app.root_path = settings.root_path
    app.state.eex = State(settings, sets, limits=limits)
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    app.include_router(router)
    app.include_router(asking)
    app.include_router(ground)
    app.include_router(exports)
    app.include_router(tiles)
    app.include_router(labels)
    app.include_router(login)
    app.include_router(metrics)
    app.add_exception_handler(EexError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    _stand_before(app, settings)
    if (STATIC / "index.html").is_file():
        app.mount("/", Page(directory=STATIC, html=True), name="web")
    else:
        app.get("/", include_in_schema=False, response_class=HTMLResponse)(_not_built)
    return app


def _stand_before(app: FastAPI, settings: Settings) -> None:
    """Put before the routes what every request goes through, the innermost first."""
    app.state.auth = Auth(settings.token, page=STATIC)
    app.state.metrics = Metrics(app.state.eex)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST, compresslevel=LEVEL)
    app.add_middleware(Heads)
    app.add_middleware(
        Guard,
        ancestors=settings.frame_ancestors,
        tiles=[source.origin for source in settings.tile_sources],
        auth=app.state.auth,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(_hosts(settings)))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["Content-Disposition", "ETag", "Retry-After", *TOLD_APART],
        )
    app.add_middleware(Measured, metrics=app.state.metrics)


def _not_built() -> str:
    return (
        "<h1>Earth Embedding Explorer</h1><p>The API is at <code>/api/v1</code>. The web page was "
        "not built: install again without <code>EEX_SKIP_WEB</code>.</p>"
    )


def _ours(_: Request, error: Exception) -> Response:
    if not isinstance(error, EexError):  # pragma: no cover - the framework sends only ours
        raise error
    status, title, detail, hint = words(error)
    more = error.details if detail == str(error) else {}
    return problem(status, title, detail, error.code, **(more | {"hint": hint}))


def words(error: EexError) -> tuple[int, str, str, str]:
    """Return status, title, detail and hint for who asked; what is not for them is logged."""
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    if isinstance(error, RemoteError):
        log.warning("%s %s", error, error.hint)
        hint = "Try again later, or look at another tile."
        return status, "Pixels from afar", AFAR[status], hint
    if status >= 500 and not isinstance(error, TOLD):  # noqa: PLR2004
        log.error("%s %s", error, error.hint)
        detail = "The server cannot do this now; its log has the reason."
        return status, "Server error", detail, "Tell who runs it."
    title = error.code.replace("-", " ").capitalize()
    if isinstance(error, MissingWeightsError):  # whose message may have a path of the server
        detail = "The model's weights are not on the server; tiles of the set can be asked with."
        return status, title, detail, error.hint
    return status, title, str(error), error.hint


def _invalid(_: Request, error: Exception) -> Response:
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(step) for step in first.get("loc", ()) if step not in {"body", "query"})
    detail = f"{where}: {first.get('msg', '')}." if where else f"{first.get('msg', '')}."
    hint = "The fields are described in /api/v1/openapi.json."
    return problem(422, "Bad query", detail, "bad-query", hint=hint)


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    allowed = _methods(request) if status in {404, 405} else []
    if allowed:  # the page takes every path, whatever the method
        status, detail = 405, "Method Not Allowed"
    detail = f"{request.method} {request.url.path}: {detail}."
    hint = "The routes are described in /api/v1/openapi.json."
    answer = problem(status, "Not to be had", detail, f"http-{status}", hint=hint)
    if status == 405:  # noqa: PLR2004
        answer.headers["Allow"] = ", ".join(allowed or ("GET", "HEAD"))
    return answer


def _methods(request: Request) -> list[str]:
    """Return the methods that the API takes at a path; none if there is no such route."""
    routes = [route for route in request.app.router.routes if not isinstance(route, Mount)]
    found = []
    for method in ("GET", "POST"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in routes):
            found += ["GET", "HEAD"] if method == "GET" else [method]
    return found


def _hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that are answered to: on loopback only those that mean it.

    Otherwise a page elsewhere could point its own name at 127.0.0.1 and read what is served here.
    """
    if settings.allowed_hosts:
        return settings.allowed_hosts
    if settings.host in LOOPBACK:
        return (*LOOPBACK, "testserver")
    return ("*",)
