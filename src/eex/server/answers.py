"""How the routes answer: bytes that are kept by who asked, and what every route is told."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from numpy.typing import NDArray

from eex.errors import BusyError
from eex.server import schemas
from eex.server.load import RETRY_AFTER
from eex.server.state import State

BINARY = "application/octet-stream"
"""Media type of plain bytes."""

FOREVER = "public, max-age=31536000, immutable"
"""For what can never change under its URL."""

A_DAY = "public, max-age=86400"
"""For what changes only when the set is made again."""

PROBLEM: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": schemas.Problem,
        "description": "What is wrong, and what to do.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
}
"""How every error is described."""


def gives(media: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer of bytes."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "The bytes.", "content": {media: {"schema": schema}}}}


def problem(status: int, title: str, detail: str, code: str, **more: Any) -> JSONResponse:  # noqa: ANN401
    """Return an error in words, RFC 9457; `more` are further members, such as `hint`."""
    record = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    content = {"hint": "", **more, **record, "code": code}
    headers = {"Retry-After": str(RETRY_AFTER)} if code == BusyError.code else None
    return _Problem(content, status, headers, media_type="application/problem+json")


class _Problem(JSONResponse):
    """JSON that may repeat what was sent, even where that is no Unicode."""

    def render(self, content: object) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def get_state(request: Request) -> State:
    """Return the application's state."""
    state: State = request.app.state.eex
    return state


Served = Annotated[State, Depends(get_state)]


def webp(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as WebP."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def answered(
    request: Request,
    content: bytes,
    *,
    tag: str,
    media: str,
    age: str,
    extra: dict[str, str] | None = None,
) -> Response:
    """Return bytes that may be kept, or say that who asks has them already."""
    headers = {"ETag": etag(tag), "Cache-Control": age, **(extra or {})}
    if has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media, headers=headers)


def etag(tag: str) -> str:
    """Return a weak entity tag, the same however an answer is compressed (RFC 9110, 8.8.1)."""
    return f'W/"{tag}"'


def has(request: Request, tag: str) -> bool:
    """Whether who asks has this already."""
    return f'"{tag}"' in request.headers.get("if-none-match", "")
