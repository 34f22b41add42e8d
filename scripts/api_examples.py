"""Answers of the embedded world become the examples of the API's description.

    python scripts/api_examples.py

What is asked stands in src/eex/server/data/examples.json; what is answered is written there.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from eex.config import Settings
from eex.server.app import create_app
from eex.server.openapi import schema

FILE = Path(__file__).resolve().parents[1] / "src/eex/server/data/examples.json"

MOST = 2
"""Entries of a list that are shown."""

WITHOUT = ("heatmap",)
"""Operations that the embedded world's model cannot do."""

CHANGES = ("mark", "key", "url", "version", "took_ms", "installed", "get")
"""Fields that differ between versions, machines and times."""


def shortened(value: Any, name: str = "") -> Any:  # noqa: ANN401
    """Return an answer with long lists cut and one time for all."""
    if isinstance(value, dict):
        return {key: shortened(item, key) for key, item in value.items()}
    if isinstance(value, list):
        cut = value if all(isinstance(item, float) for item in value) else value[:MOST]
        return [shortened(item) for item in cut]
    return 4.2 if name == "took_ms" else value


def lasting(value: Any) -> Any:  # noqa: ANN401
    """Return an answer without what differs between versions, machines and times."""
    if isinstance(value, dict):
        told = value | ({"id": ""} if "scores" in value else {})  # of an answer
        return {key: lasting(item) for key, item in told.items() if key not in CHANGES}
    return [lasting(item) for item in value] if isinstance(value, list) else value


@cache
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every operation by its name."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, some in schema()["paths"].items()
        for method, operation in some.items()
    }


def ask(client: TestClient, name: str, example: dict[str, Any], mark: str) -> Response:
    """Ask what an example asks; `mark` is the search that it is about."""
    method, path, operation = operations()[name]
    given = example.get("parameters", {}) | ({"mark": mark} if "{mark}" in path else {})
    url = re.sub(r"{(\w+)}", lambda found: str(given[found[1]]), path)
    query = {key: value for key, value in given.items() if f"{{{key}}}" not in path}
    request = example.get("request")
    body: dict[str, Any] = {}
    if request is not None:
        plain = "application/json" not in operation["requestBody"]["content"]
        body = {"content": request.encode()} if plain else {"json": request}
    return client.request(method, url, params=query, **body)


def main() -> None:
    examples = json.loads(FILE.read_text(encoding="utf-8"))
    client = TestClient(create_app(Settings.from_env()))
    mark = ask(client, "search", examples["search"], "").json()["id"]
    for name, example in examples.items():
        answer = ask(client, name, example, mark)
        if answer.status_code >= 300 and name not in WITHOUT:  # noqa: PLR2004
            message = f"{name}: {answer.text}"
            raise SystemExit(message)
        media = answer.headers.get("content-type", "")
        example.pop("answer", None)
        if name in WITHOUT:
            pass
        elif "json" in media:
            example["answer"] = shortened(answer.json())
        elif media.startswith("text/plain"):
            example["answer"] = "\n".join(answer.text.splitlines()[:3]) + "\n"
        if "mark" in example.get("parameters", {}):
            example["parameters"]["mark"] = mark
    FILE.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
