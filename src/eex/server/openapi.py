"""The description of the API, OpenAPI 3.1.

`python -m eex.server.openapi` writes it without a server; the web page's types are made of it,
`npm run types` in `web/`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from eex.server.documented import document
from eex.server.requests import NAME

if TYPE_CHECKING:
    from fastapi import FastAPI

AS_SENT = ("example", "examples", "default")
"""Keys of what is sent, not of what describes it."""

NOWHERE = Path("none")
"""Stands for folders of settings; the description depends on none."""


def described(app: FastAPI) -> dict[str, Any]:
    """Return the description of a server; made once."""
    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            summary=app.summary,
            routes=app.routes,
            separate_input_output_schemas=app.separate_input_output_schemas,
        )
        kept: dict[str, Any] = {}
        told["paths"] = _named(told["paths"], kept)
        records = _named(told["components"]["schemas"], kept) | kept
        told["components"]["schemas"] = dict(sorted(records.items()))
        document(told["paths"])
        app.openapi_schema = told
    return app.openapi_schema


def _named(value: Any, kept: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return a piece of a description with its records under their names, without other titles.

    Args:
        value: The piece.
        kept: Where records are put that have a name.
    """
    if isinstance(value, list):
        return [_named(item, kept) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: item if key in AS_SENT else _named(item, kept)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str)) and key != NAME
    }
    if NAME not in value:
        return made
    kept[value[NAME]] = made
    return {"$ref": f"#/components/schemas/{value[NAME]}"}


def schema() -> dict[str, Any]:
    """Return the description of a server with default settings."""
    from eex.config import Settings
    from eex.server.app import create_app

    return described(create_app(Settings(cache_dir=NOWHERE, threads=1)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), ensure_ascii=False, indent=2) + "\n")
