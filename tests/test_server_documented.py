"""The API's description says all of every route: what it does, errors, examples that work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from api_examples import WITHOUT, ask, lasting, operations, shortened
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.server.auth import OPEN
from eex.server.documented import examples
from eex.server.openapi import schema

OPERATIONS = operations()

COMPONENTS = schema()["components"]

SAME_EVERYWHERE = (
    "config",
    "set",
    "count",
    "search",
    "feedback",
    "recipe",
    "places",
    "nearest_place",
    "labels",
    "export",
    "tile",
    "read_labels",
)
"""Operations whose answers are the same on every machine, but for the last digits."""


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def check(value: object, told: dict[str, Any]) -> None:
    """Check a value against a schema of the description."""
    whole = {**told, "components": COMPONENTS}
    kind = jsonschema.Draft202012Validator
    kind(whole).validate(value)


def numbers_apart(value: Any, found: list[float]) -> Any:
    """Return a value with its numbers taken out, into a list."""
    if isinstance(value, dict):
        return {key: numbers_apart(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers_apart(item, found) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        found.append(value)
        return 0
    return value


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"].startswith(operation["summary"])
    known = examples()
    assert name in known, "add it to data/examples.json, then: python scripts/api_examples.py"
    for parameter in operation.get("parameters", []):
        named = parameter["name"]
        assert parameter["description"], named
        if parameter["required"]:
            check(parameter["example"], parameter["schema"])
    if method == "post" and "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        check(content["example"], content["schema"])
    responses = operation["responses"]
    good = [code for code in responses if code.startswith("2")]
    assert good
    for code in good:
        content = responses[code].get("content", {})
        shown = [told for told in content.values() if "example" in told]
        texts = [media for media in content if "json" in media or media == "text/plain"]
        assert len(shown) == bool(texts)
        for told in shown:
            check(told["example"], told["schema"])
    statuses = set(responses) - set(good)
    assert {"400", "500"} <= statuses
    assert ("401" in statuses) == (path not in OPEN or name == "login")
    assert method != "post" or {"408", "413", "503"} <= statuses
    for code in statuses - {"400"}:
        content = responses[code]["content"]["application/problem+json"]
        check(content["example"], content["schema"])
        assert content["example"]["status"] == int(code)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_example_works_and_is_answered_as_described(client: TestClient, name: str) -> None:
    known = examples()
    mark = ask(client, "search", known["search"], "").json()["id"]
    answer = ask(client, name, known[name], mark)
    told = OPERATIONS[name][2]["responses"]
    assert str(answer.status_code) in told
    if name in WITHOUT:
        assert answer.status_code == 422
        return
    assert answer.status_code in {200, 204}, answer.text
    if answer.status_code == 204:
        return
    content = told["200"]["content"]
    media = answer.headers["content-type"].partition(";")[0]
    if name != "pixels":  # which is asked for as PNG
        assert media in content
    if "json" in media and media in content:
        check(answer.json(), content[media]["schema"])
        if name in SAME_EVERYWHERE:
            ours: list[float] = []
            theirs: list[float] = []
            made = numbers_apart(lasting(shortened(answer.json())), ours)
            kept = numbers_apart(lasting(known[name]["answer"]), theirs)
            assert made == kept, "stale: python scripts/api_examples.py"
            assert ours == pytest.approx(theirs, abs=1e-3)


def test_what_is_refused_is_refused_as_described(client: TestClient) -> None:
    tried = [
        ("search", "post", "/api/v1/search", {"json": {"text": ""}}, 422),
        ("search", "post", "/api/v1/search", {"json": {"set": "none", "text": "a"}}, 404),
        ("search", "post", "/api/v1/search", {"content": b"[" * 1_000_001}, 413),
        ("set", "get", "/api/v1/sets/none", {}, 404),
        ("tile", "get", "/api/v1/sets/world/tiles/a", {}, 422),
        ("picture", "get", "/api/v1/sets/world/tiles/1/picture?size=1", {}, 422),
        ("scores", "get", "/api/v1/searches/none/scores", {}, 404),
        ("nearest_place", "get", "/api/v1/places/near?lon=0&lat=91", {}, 422),
        ("recipe", "post", "/api/v1/recipe", {"content": b"{"}, 422),
        ("basemap", "get", "/api/v1/basemap/bluemarble/9/0/0", {}, 422),
        ("health", "get", "/api/v1/health", {"headers": {"host": "evil.example"}}, 400),
    ]
    for name, method, url, how, status in tried:
        answer = client.request(method, url, **how)
        assert answer.status_code == status, url
        (media,) = OPERATIONS[name][2]["responses"][str(status)]["content"]
        assert answer.headers["content-type"].partition(";")[0] == media
        if status != 400:
            check(answer.json(), {"$ref": "#/components/schemas/Problem"})


def test_the_records_are_schemas() -> None:
    for record in COMPONENTS["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(record)


def test_examples_name_no_machine() -> None:
    text = json.dumps(examples())
    assert not re.search(r"/tmp|/home|/root|localhost|C:\\\\", text)
