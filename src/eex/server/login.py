"""The routes by which the page logs in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from eex.server.answers import PROBLEM, problem
from eex.server.auth import COOKIE, LASTS, Auth
from eex.server.requests import LoginRecord

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


def get_auth(request: Request) -> Auth:
    """Return who says who is let in."""
    auth: Auth = request.app.state.auth
    return auth


Door = Annotated[Auth, Depends(get_auth)]


@router.post("/login", operation_id="login", status_code=204)
def login(record: LoginRecord, request: Request, auth: Door) -> Response:
    """Take the token, and give a cookie that stands for it."""
    if not auth.needed:
        return Response(status_code=204)
    if not auth.is_token(record.token.strip()):
        hint = "Ask who runs this server for its token."
        answer = problem(401, "Wrong token", "This is not the token.", "token-wrong", hint=hint)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    given = Response(status_code=204, headers={"Cache-Control": "no-store"})
    given.set_cookie(
        COOKIE,
        auth.session(),
        max_age=LASTS,
        path=_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return given


@router.post("/logout", operation_id="logout", status_code=204)
def logout(request: Request) -> Response:
    """Take the cookie back."""
    given = Response(status_code=204, headers={"Cache-Control": "no-store"})
    given.delete_cookie(COOKIE, path=_path(request), httponly=True, samesite="strict")
    return given


def _path(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root or "/"
