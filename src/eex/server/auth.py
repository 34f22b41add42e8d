"""A token that clients must show, where the operator set one: as a header, or as a cookie.

The page's cookie holds no token but the time until which it counts and a signature of that, made
with the token as its key: who has the token can check it, and nobody else can make one. The page
itself and /health stay open.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from eex.server.answers import problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

COOKIE = "eex_session"
"""Name of the page's cookie."""

LASTS = 30 * 24 * 3600
"""Seconds that it counts."""

OPEN = frozenset({"/api/v1/health", "/api/v1/login", "/api/v1/logout"})
"""Routes that need no token."""

PURPOSE = b"eex session v1 "
"""Stands before what is signed, so that the signature is good for nothing else."""


class Auth:
    """Says who is let in."""

    def __init__(self, token: str, *, page: Path | None = None) -> None:
        """Ask for a token, or for none where it is empty; the files below `page` stay open."""
        self._token = token.encode()
        self._open = OPEN | {"/"}
        if page is not None and token:
            files = (file for file in page.rglob("*") if file.is_file())
            self._open |= {f"/{file.relative_to(page).as_posix()}" for file in files}

    @property
    def needed(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._token)

    def is_token(self, text: str) -> bool:
        """Whether a text is the token; takes as long for any other of its length."""
        return hmac.compare_digest(_digest(text.encode("utf-8", "replace")), _digest(self._token))

    def session(self) -> str:
        """Return the value of a new cookie."""
        until = str(int(time.time()) + LASTS)
        return f"{until}.{self._signed(until)}"

    def refusal(self, scope: Scope) -> Response | None:
        """Return why a request is not let in; None if it is. Its body has not been read."""
        if not self.needed or route_path(scope) in self._open or self._known(scope):
            return None
        detail = "This server asks for a token."
        hint = "Send it as Authorization: Bearer TOKEN, or log in on the page."
        answer = problem(401, "Token needed", detail, "token-needed", hint=hint)
        answer.headers["WWW-Authenticate"] = "Bearer"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _known(self, scope: Scope) -> bool:
        connection = HTTPConnection(scope)
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.is_token(given.strip()):
            return True
        until, _, signature = connection.cookies.get(COOKIE, "").partition(".")
        good = hmac.compare_digest(signature.encode(), self._signed(until).encode())
        return good and until.isascii() and until.isdecimal() and time.time() < int(until)

    def _signed(self, until: str) -> str:
        return hmac.new(self._token, PURPOSE + until.encode(), hashlib.sha256).hexdigest()


def route_path(scope: Scope) -> str:
    """Return the path of a request below the prefix that a proxy serves the application under.

    The proxy may have taken the prefix away, or not.
    """
    path, root = scope["path"], scope.get("root_path", "")
    below = path.removeprefix(root)
    return below or "/" if root and (below == "" or below.startswith("/")) else path


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
