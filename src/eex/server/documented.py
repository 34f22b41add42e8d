"""What the description of the API says beside the records: errors of each route, and examples.

Examples lie in `data/examples.json`, by operation: what is asked is written there by hand, what is
answered by `scripts/api_examples.py`, from the embedded world.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib import resources
from typing import Any

from eex.server.auth import OPEN

JSON, PROBLEM_JSON = "application/json", "application/problem+json"

ERRORS: dict[int, tuple[str, str, str, str]] = {
    401: ("The server asks for a token.", "token-needed", "Token needed", "Send it as Bearer."),
    404: ("There is no such thing.", "unknown-name", "Unknown name", "Look at /api/v1/sets."),
    408: ("The body did not come on.", "too-slow", "Too slow", "Send it again."),
    413: ("The body is too large.", "too-large", "Too large", "Send less."),
    422: ("It cannot be asked so.", "bad-query", "Bad query", "k is how many results are listed."),
    500: ("It went wrong on the server.", "internal", "Internal error", "Try again, or report it."),
    501: ("The server lacks a package.", "missing-extra", "Missing extra", "Tell who runs it."),
    502: ("Pixels from afar are none.", "bad-answer", "Pixels from afar", "Look at another tile."),
    503: ("Busy, or weights are not there.", "busy", "Busy", "Ask again in 3 seconds."),
    504: ("Nobody answers from afar.", "unavailable", "Pixels from afar", "Try again later."),
}
"""Of each status: what it means, and code, title and hint of an example."""

HOST = {
    "description": "The server does not answer to this host name.",
    "content": {"text/plain": {"schema": {"type": "string"}, "example": "Invalid host header"}},
}
"""Of status 400."""

PATHS = {
    "name": "Name or id of a set.",
    "row": "Row of the set, from 0.",
    "mark": "Id of an answer that was given.",
    "zoom": "0 to 4.",
    "x": "Column, from the west.",
    "y": "Row, from the north.",
}
"""What stands in paths."""

SEARCHES = (404, 501, 503)
PIXELS = (404, 422, 501, 502, 503, 504)

FURTHER: dict[str, tuple[int, ...]] = {
    "search": SEARCHES,
    "feedback": SEARCHES,
    "count": SEARCHES,
    "picture": PIXELS,
    "pixels": PIXELS,
    "heatmap": PIXELS,
    "export": PIXELS,
    "basemap": (422,),
    "login": (401,),
}
"""Statuses of operations beside those that follow from how they are asked."""


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return the examples by operation: `parameters`, `request` and `answer`."""
    text = resources.files("eex.server").joinpath("data/examples.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def document(paths: dict[str, Any]) -> None:
    """Add summaries, errors and examples to the operations of a description."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            _document(operation, post=method == "post", open_=path in OPEN)


def _document(operation: dict[str, Any], *, post: bool, open_: bool) -> None:
    """Add to one operation; `post`: it has a body, `open_`: it needs no token."""
    name = operation["operationId"]
    known = examples().get(name, {})
    operation["summary"] = operation["description"].split(". ")[0].split("\n")[0].rstrip(".")
    parameters = operation.get("parameters", [])
    given = known.get("parameters", {})
    for parameter in parameters:
        if parameter["name"] in PATHS:
            parameter.setdefault("description", PATHS[parameter["name"]])
        if parameter["name"] in given:
            parameter["example"] = given[parameter["name"]]
    body = operation.get("requestBody", {}).get("content", {})
    for content in body.values():
        if "request" in known:
            content["example"] = known["request"]
    statuses = {500, *FURTHER.get(name, ())}
    statuses |= set() if open_ else {401}
    statuses |= {404} if any(p["in"] == "path" for p in parameters) else set()
    statuses |= {422} if parameters or body else set()
    statuses |= {408, 413, 503} if post else set()
    good = {code: told for code, told in operation["responses"].items() if code.startswith("2")}
    for told in good.values():
        for media, content in told.get("content", {}).items():
            if media.endswith("json") and content["schema"].get("format") == "binary":
                content["schema"] = {"type": "object"}
        texts = [m for m in told.get("content", {}) if m.endswith("json") or m == "text/plain"]
        if "answer" in known and texts:
            told["content"][texts[0]]["example"] = known["answer"]
    refused = {str(status): _problem(status) for status in sorted(statuses)}
    operation["responses"] = {**good, "400": copy.deepcopy(HOST), **refused}


def _problem(status: int) -> dict[str, Any]:
    """Return the description of an error."""
    meaning, code, title, hint = ERRORS[status]
    example = {"type": "about:blank", "title": title, "status": status, "detail": meaning}
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {PROBLEM_JSON: {"schema": schema, "example": {**example, "code": code, "hint": hint}}}
    told: dict[str, Any] = {"description": meaning, "content": content}
    if code == "busy":
        told["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
        }
    return told
