"""Queries as code: what is copied runs, and asks the same."""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from eex.config import Settings
from eex.export.snippets import LONGEST, curl_snippet, python_snippet
from eex.search.parts import ImagePart, TextPart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.server.run import listen

NASTY = "sand desert'\"; touch HACKED; $(touch HACKED) `touch HACKED` \\ \n %s %d !! é 沙漠"

needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("sh") is None, reason="needs curl and a shell"
)


@pytest.fixture(scope="module")
def picture() -> bytes:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:] = (200, 170, 120)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def server(settings: Settings, world: OpenSet) -> Iterator[str]:
    """The address of a real server."""
    assert len(world)
    opened = listen("127.0.0.1", 0)
    app = create_app(settings)
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=running.run, args=([opened],))
    thread.start()
    deadline = time.monotonic() + 60
    while not running.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield f"http://127.0.0.1:{opened.getsockname()[1]}/"
    running.should_exit = True
    thread.join(60)
    opened.close()
    assert not thread.is_alive()


def run_python(code: str, folder: Path, world: OpenSet) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "EEX_CACHE_DIR": str(world.settings.cache_dir)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(code: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["sh", "-eu"], input=code, capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestPython:
    def test_the_script_prints_the_same_answer(self, world: OpenSet, tmp_path: Path) -> None:
        found = world.search(
            text=["sand desert", "snow"], weights={"text": 0.5}, k=3, bbox=(-20, 0, 60, 40)
        )
        out = run_python(python_snippet(found.recipe), tmp_path, world)
        assert out == f"{found}\n"

    def test_a_picture_is_read_from_the_file_that_it_names(
        self, world: OpenSet, tmp_path: Path, picture: bytes
    ) -> None:
        found = world.search(image=picture, k=2)
        code = python_snippet(found.recipe)
        assert "Put it beside it as picture-1.png" in code
        assert base64.b64encode(picture).decode()[:60] not in code
        (tmp_path / "picture-1.png").write_bytes(picture)
        assert run_python(code, tmp_path, world) == f"{found}\n"

    def test_a_picture_of_which_only_the_sum_is_kept_is_asked_for_alike(
        self, picture: bytes
    ) -> None:
        query = Query(parts=(ImagePart(picture),))
        code = python_snippet(query.to_json(pictures=False))
        assert query.to_json(pictures=False)["parts"][0]["sha256"] in code
        assert "picture-1'" in code
        assert "sha256'" not in code
        ast.parse(code)

    def test_nothing_of_a_record_becomes_code(self) -> None:
        part = {"kind": "image", "sha256": "0\nimport os\nos.abort()", "weight": 1.0}
        assert "abort" not in python_snippet({"parts": [part]})
        assert "abort" not in curl_snippet({"parts": [part]})

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
            min_size=1,
            max_size=3,
        )
    )
    def test_any_text_is_a_literal(self, texts: list[str]) -> None:
        record = {"set": "world", "parts": [{"kind": "text", "text": text} for text in texts]}
        tree = ast.parse(python_snippet(record))
        kinds = [type(node) for node in tree.body]
        assert kinds == [ast.Import, ast.Assign, ast.Assign, ast.Expr]
        (query, _) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        assert ast.literal_eval(query) == record


@needs_curl
class TestCurl:
    def test_the_command_gets_the_same_answer(
        self, server: str, world: OpenSet, tmp_path: Path
    ) -> None:
        found = world.search(text="snow covered mountains", k=4, bbox=(-85, -60, -30, 15))
        answer = run_shell(curl_snippet(found.recipe, server), tmp_path)
        assert [one["row"] for one in answer["results"]] == [r.row for r in found.results]

    def test_a_server_with_a_token_gets_it_from_the_environment(self, tmp_path: Path) -> None:
        record = {"parts": [{"kind": "text", "text": "sand"}]}
        guarded = curl_snippet(record, "http://127.0.0.1:9", token=True)
        shown = guarded.replace("curl -sS", "printf '%s\\n'", 1)
        for token, expected in (("", False), ("a'b \"c", True)):
            told = subprocess.run(
                ["sh"],
                input=shown,
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env={"EEX_TOKEN": token, "PATH": "/usr/bin:/bin"},
                check=False,
            )
            assert (told.returncode == 0) is expected
            assert (f"authorization: Bearer {token}" in told.stdout.splitlines()) is expected
            assert ("set it to the token" in told.stderr) is not expected
        assert "EEX_TOKEN" not in curl_snippet(record)

    def test_odd_words_stay_words(self, server: str, tmp_path: Path) -> None:
        query = Query(parts=(TextPart("sand desert"), TextPart(NASTY)), k=1)
        answer = run_shell(curl_snippet(query.to_json(), server), tmp_path)
        assert answer["recipe"]["parts"][1]["text"] == NASTY
        assert not list(tmp_path.iterdir())

    def test_odd_addresses_stay_addresses(self, tmp_path: Path) -> None:
        code = curl_snippet({"parts": [{"kind": "row", "row": 1}]}, "http://x/'; touch HACKED; '")
        subprocess.run(
            ["sh"], input=code, capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert not list(tmp_path.iterdir())

    def test_pictures_are_read_from_files(
        self, server: str, world: OpenSet, tmp_path: Path, picture: bytes
    ) -> None:
        other = picture + b"\0"  # bytes after the end are no part of a PNG
        query = Query(parts=(ImagePart(picture), TextPart(NASTY + " sand"), ImagePart(other, 0.5)))
        code = curl_snippet(query.to_json(), server)
        assert "Put it here as picture-2.png" in code
        (tmp_path / "picture-1.png").write_bytes(picture)
        (tmp_path / "picture-2.png").write_bytes(other)
        answer = run_shell(code, tmp_path)
        wanted = world.ask(query)
        assert [one["row"] for one in answer["results"]] == [r.row for r in wanted.results]
        assert answer["recipe"] == wanted.query.to_json(pictures=False)

    def test_a_long_query_is_no_argument(self, server: str, world: OpenSet, tmp_path: Path) -> None:
        rows = list(range(0, 17_000, 2))
        query = Query.from_json({"parts": [{"kind": "rows", "rows": rows}], "k": 2})
        vector = [0.123456789012345] * world.embeddings.header.dim
        record = query.to_json()
        record["parts"] += [{"kind": "vector", "vector": vector, "weight": 0.1}] * 15
        code = curl_snippet(record, server)
        assert len(json.dumps(record)) > LONGEST
        assert "--data-binary @-" in code
        wanted = world.ask(Query.from_json(record))
        answer = run_shell(code, tmp_path)
        assert [one["row"] for one in answer["results"]] == [r.row for r in wanted.results]


def test_an_argument_is_measured_in_the_bytes_that_it_has() -> None:
    for letter, piped in (("s", False), ("沙", True)):
        parts = [{"kind": "text", "text": letter * 2_000}] * 14
        code = curl_snippet({"version": 2, "parts": parts})
        assert len(code) < LONGEST
        assert ("--data-binary @-" in code) == piped
