"""A Space is the same server: page, API and headers, and `search` for Gradio's clients."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eex.config import Settings
from eex.errors import DamagedSetError, EexError, MissingExtraError, MissingWeightsError
from eex.search.run import OpenSet
from eex.server.app import STATIC
from eex.server.run import listen
from eex.server.state import State
from eex.space import _told, create_space, on_gpu
from own_loop import in_own_loop
from served import server_process

APP = Path(__file__).resolve().parents[1] / "deploy" / "space" / "app.py"

needs_gradio = pytest.mark.skipif(
    importlib.util.find_spec("gradio") is None,
    reason="gradio is not installed: pip install -e '.[space]'",
)


@contextmanager
def space_process(world: OpenSet, **environment: str) -> Iterator[str]:
    """Start what a Space starts, on loopback."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    told = {"EEX_HOST": "127.0.0.1", "EEX_PORT": str(port), **environment}
    told["EEX_CACHE_DIR"] = str(world.settings.cache_dir)
    with server_process([sys.executable, str(APP)], port=port, environment=told) as address:
        yield address


@pytest.fixture(scope="module")
def space(world: OpenSet) -> Iterator[str]:
    with space_process(world) as address:
        yield address


def get(url: str, data: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, data=data, headers=named))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        told = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, told, answer.read()


def ask(address: str, *data: Any) -> tuple[str, Any]:
    """Ask as Gradio's guide does with curl: join the queue, then read the event that ends it."""
    body = json.dumps({"data": data}).encode()
    joined = get(f"{address}/gradio_api/call/search", body, Content_Type="application/json")
    event = json.loads(joined[2])["event_id"]
    stream = get(f"{address}/gradio_api/call/search/{event}")[2].decode()
    name, told = stream.strip().split("\n\n")[-1].split("\n", 1)
    return name.removeprefix("event: "), json.loads(told.removeprefix("data: "))


@needs_gradio
def test_the_page_its_files_and_the_api_are_those_of_the_server(space: str) -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built")
    assert get(f"{space}/")[2] == (STATIC / "index.html").read_bytes()
    asset = next((STATIC / "assets").glob("*.css"))
    assert get(f"{space}/assets/{asset.name}")[2] == asset.read_bytes()
    assert json.loads(get(f"{space}/api/v1/health")[2])["status"] == "ok"
    assert json.loads(get(f"{space}/api/v1/sets")[2])["sets"][0]["name"] == "world"


@needs_gradio
@pytest.mark.parametrize("path", ["/theme.css", "/monitoring", "/login", "/svelte/x", "/nothing"])
def test_of_gradio_only_what_its_clients_ask_is_served(space: str, path: str) -> None:
    status, _, body = get(space + path)
    assert (status, json.loads(body)["code"]) == (404, "http-404")


@needs_gradio
@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/gradio_api/info"])
def test_headers_are_strict_and_other_sites_may_not_read(space: str, path: str) -> None:
    status, headers, _ = get(space + path, Origin="https://elsewhere.example")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert policy.endswith("https://*.modelscope.ai")
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy
    assert not [name for name in headers if name.startswith("access-control-allow")]


@needs_gradio
def test_nobody_leaves_files_on_the_disk(space: str) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nhi\r\n--x--\r\n'
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{space}/gradio_api/upload", data=form, headers=kind)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 404


CLIENT = """
import json, sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False, analytics_enabled=False)
print(json.dumps(client.predict(text="sand desert", k=7, api_name="/search")))
"""


@needs_gradio
def test_a_gradio_client_gets_the_answer_of_a_search(space: str, world: OpenSet) -> None:
    command = [sys.executable, "-c", CLIENT, space]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    expected = world.search(text="sand desert", k=7)
    assert [r["row"] for r in found["results"]] == [r.row for r in expected.results]
    assert found["credit"]["licence"]


@needs_gradio
def test_words_and_a_place_are_asked_together(space: str, world: OpenSet) -> None:
    event, told = ask(space, "mountains", "Cairo", 3, "world")
    assert event == "complete"
    expected = world.search(text="mountains", place="Cairo", k=3)
    assert [r["row"] for r in told[0]["results"]] == [r.row for r in expected.results]


@needs_gradio
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((" ", "", 5, "world"), "Give text, a place, or both"),
        (("sand", "", 0, "world"), "k is between 1 and 1,000"),
        (("sand", "", 1_001, "world"), "k is between 1 and 1,000"),
        (("sand", "", 5, "nobody's"), "No set is called"),
        (("", "Nowhereville", 5, "world"), "not a place that is known"),
        (("zzqq", "", 5, "world"), "does not know what 'zzqq' looks like"),
    ],
)
def test_what_cannot_be_asked_is_told_in_words(
    space: str, asked: tuple[Any, ...], said: str
) -> None:
    event, told = ask(space, *asked)
    assert event == "error"
    assert said in json.dumps(told)


@needs_gradio
def test_an_unknown_error_never_shows_its_text(space: str) -> None:
    event, told = ask(space, "sand", "", {"a": 1}, "world")
    assert event == "error"
    assert "not supported between" not in json.dumps(told)


def test_without_gradio_the_error_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(MissingExtraError) as told:
        create_space(settings)
    assert "[space]" in told.value.hint


def test_a_gpu_is_lent_by_the_call_where_a_space_lends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer() -> str:
        return "answer"

    if importlib.util.find_spec("spaces") is None:
        assert on_gpu(answer) is answer
    code = "def GPU(call):\n    return lambda *given: ('lent', call(*given))\n"
    (tmp_path / "spaces.py").write_text(code)
    monkeypatch.delitem(sys.modules, "spaces", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert on_gpu(answer)() == ("lent", "answer")
    sys.modules.pop("spaces", None)


def test_the_app_listens_where_hubs_look_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("EEX_HOST", "EEX_PORT", "EEX_FRAME_ANCESTORS"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    spec = importlib.util.spec_from_file_location("space_app", APP)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    settings = Settings.from_env(dict(os.environ))
    assert (settings.host, settings.port) == ("0.0.0.0", 7860)
    assert "https://huggingface.co" in settings.frame_ancestors


@pytest.mark.parametrize(
    "error", [DamagedSetError("/srv/secret"), MissingWeightsError("/srv/secret", hint="Get it.")]
)
def test_an_error_of_the_server_keeps_its_paths_from_clients_of_gradio(
    world: OpenSet, monkeypatch: pytest.MonkeyPatch, error: EexError
) -> None:
    made = SimpleNamespace(Error=lambda text, **_: ToldError(text))
    monkeypatch.setitem(sys.modules, "gradio", made)
    state = State(world.settings)

    def rank(*_: object) -> dict[str, Any]:
        raise error

    with pytest.raises(ToldError) as told:
        in_own_loop(partial(_told, state, rank, text="sand", place="", k=1, name="world"))
    assert str(told.value)
    assert "secret" not in str(told.value)


class ToldError(Exception):
    """What Gradio's clients are told."""
