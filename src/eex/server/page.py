"""The built web page's files, and answers to HEAD: what HTTP expects of any server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles

from eex.server.answers import FOREVER
from eex.server.auth import route_path

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"
"""What paths of the API begin with."""

NAMED = "assets/"
"""Folder of files that are named by their content."""


class Page(StaticFiles):
    """Files of the page: those named by their content are kept, others are asked for again.

    Otherwise a browser would guess how long the page is good for, and after an update look for
    scripts that are no longer there.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        answer = await super().get_response(path, scope)
        named = path.replace("\\", "/").startswith(NAMED)
        answer.headers["Cache-Control"] = FOREVER if named else "no-cache"
        if answer.headers.get("ETag", "").startswith('"'):  # the same however it is compressed
            answer.headers["ETag"] = f"W/{answer.headers['ETag']}"
        return answer


class Heads:
    """Answers HEAD below the API as GET, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope.get("method") != "HEAD" or not route_path(scope).startswith(API):
            await self.app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            body = {"body": b""} if message["type"] == "http.response.body" else {}
            await send({**message, **body})

        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, bare)
        finally:  # which route it was is counted
            scope.update({name: asked[name] for name in ("route", "endpoint") if name in asked})
