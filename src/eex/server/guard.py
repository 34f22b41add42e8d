"""What every request goes through first: its body is read within limits, its answer is guarded.

A body is kept whole and then decoded, which takes more memory than it has bytes: a list in JSON has
60 bytes or more for each value. So values are counted before anything is decoded, and the memory of
all bodies at once is bounded. A body that does not come on is given up.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio

from eex.config import MAX_PICTURE_BYTES
from eex.errors import BusyError
from eex.server.answers import problem
from eex.server.auth import Auth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = MAX_PICTURE_BYTES * 4 // 3 + 2**20
"""Largest request, bytes: a picture in base64 and a query around it."""

MAX_VALUES = 1_000_000
"""Most values in a request: 16 areas of 20,000 corners, or 16 vectors, have fewer."""

MARKS = (b",", b"[", b"{")
"""There is one at least for each value of JSON, and none in base64."""

VALUE_BYTES, COPIES = 64, 3
"""Memory of a decoded value, about, and how often the bytes of a body are held: as they came, as
text, and as the picture that they are."""

SMALL = 64 * 2**10
"""Size of a body that is always let in, bytes."""

BODIES = 384 * 2**20
"""Memory of all bodies at once beyond which larger ones are not let in, bytes, about: two with
pictures of the largest size, four with so many values."""

STALL = 30.0
"""Seconds in which a body must come on by `PROGRESS`, or end."""

PROGRESS = 32 * 2**10
"""Bytes."""

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods whose bodies are read whole before the application sees them."""

POLICY = (
    "default-src 'self'; script-src 'self'; img-src 'self' data: blob:{tiles}; "
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; connect-src 'self'{tiles}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'{frames}"
)
"""Content security policy: nothing from other hosts than those that the operator named, whose maps
are pictures. Styles in elements place the map's parts."""

AS_IT_IS = (b"content-encoding", b"identity")
"""Header of answers that are not to be compressed; not sent."""

log = logging.getLogger("eex.server")


class Guard:
    """Refuses bodies over the limits, sends the security headers, keeps errors' texts inside."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        ancestors: Sequence[str] = (),
        tiles: Sequence[str] = (),
        auth: Auth | None = None,
    ) -> None:
        """Stand before an application.

        Args:
            app: What answers.
            ancestors: Sites that may show its page in a frame.
            tiles: Origins that the page may take maps from.
            auth: Says who is let in; everybody by default.
        """
        self.app = app
        self.auth = auth or Auth("")
        named = {
            "tiles": "".join(f" {origin}" for origin in dict.fromkeys(tiles)),
            "frames": "".join(f" {site}" for site in ancestors),
        }
        self.policy = POLICY.format(**named).encode()
        self.held = 0
        """Memory of the bodies of all requests now, bytes, about."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it in words."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *(self._told(h) for h in message.get("headers", ()) if h != AS_IT_IS),
                    (b"content-security-policy", self.policy),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        try:
            refusal = self.auth.refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, guarded)
                return
            await self._answer(scope, receive, guarded)
        except Exception:
            log.exception("unexpected error")
            if not started:
                await _unknown()(scope, receive, guarded)

    def _told(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Return a header; what needs a token is kept by no cache that others share."""
        name, value = header
        if self.auth.needed and name.lower() == b"cache-control":
            return name, value.replace(b"public", b"private")
        return header

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in WRITES:
            await self.app(scope, receive, send)
            return
        body = _Body()
        try:
            while body.more:
                message: Message | None = None
                with anyio.CancelScope(deadline=body.due):
                    message = await receive()
                if message is not None:
                    before = body.cost
                    body.take(message)
                    self.held += body.cost - before
                if body.gone:
                    return
                refusal = body.refusal(full=self.held > BODIES)
                if refusal is not None:
                    await refusal(scope, receive, send)
                    return
            whole: list[Message] = [{"type": "http.request", "body": bytes(body.bytes)}]
            body.bytes.clear()

            async def replay() -> Message:  # then what comes: that the client goes away
                return whole.pop() if whole else await receive()

            await self.app(scope, replay, send)
        finally:
            self.held -= body.cost


class _Body:
    """A body that is being read."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.size = 0
        self.values = 0
        self.more = True
        self.gone = False
        self.due = anyio.current_time() + STALL
        """When it must have come on."""
        self._step = PROGRESS

    @property
    def cost(self) -> int:
        return COPIES * self.size + VALUE_BYTES * self.values

    def take(self, message: Message) -> None:
        """Take what came."""
        self.gone = message["type"] == "http.disconnect"
        some = message.get("body", b"")
        self.bytes += some
        self.size += len(some)
        self.values += sum(map(some.count, MARKS))
        self.more = message.get("more_body", False)
        if self.size >= self._step:
            self._step, self.due = self.size + PROGRESS, anyio.current_time() + STALL

    def refusal(self, *, full: bool) -> Response | None:
        """Return why it is not read on; None if it is. `full`: there is room for small ones."""
        if self.size > MAX_BODY:
            limit = f"The request is over {MAX_BODY >> 20} MiB."
            return problem(413, "Too large", limit, "too-large", hint="Send less.")
        if self.values > MAX_VALUES:
            limit = f"The request has over {MAX_VALUES:,} values."
            hint = "Simplify its areas; name fewer rows."
            return problem(413, "Too large", limit, "too-large", hint=hint)
        if full and self.size > SMALL:
            busy, hint = "Too many large requests come at once.", "Ask again in some seconds."
            return problem(503, "Busy", busy, BusyError.code, hint=hint)
        if self.more and anyio.current_time() >= self.due:
            slow = f"The request did not come on for {STALL:g} seconds."
            answer = problem(408, "Too slow", slow, "too-slow", hint="Send it again.")
            answer.headers["Connection"] = "close"
            return answer
        return None


def _unknown() -> Response:
    detail = "Something went wrong on the server; its log has the reason."
    return problem(500, "Internal error", detail, "internal", hint="Try again, or report it.")
