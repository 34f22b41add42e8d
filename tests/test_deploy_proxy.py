"""Behind a real nginx with the very file that is shipped, page and API work under a path prefix."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from eex.search.run import OpenSet
from eex.server.app import STATIC
from eex.server.run import listen
from served import server_process

SNIPPET = Path(__file__).resolve().parents[1] / "deploy" / "nginx.conf"

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")

MAIN = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


def free_port() -> int:
    with listen("127.0.0.1", 0) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def explorer(world: OpenSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page behind nginx, with a slash at the end."""
    inner, outer = free_port(), free_port()
    folder = tmp_path_factory.mktemp("nginx")
    server = SNIPPET.read_text(encoding="utf-8").replace("${EEX_UPSTREAM}", f"127.0.0.1:{inner}")
    server = server.replace("listen 80;", f"listen 127.0.0.1:{outer};")
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # its workers write to our folder
    config.write_text(user + MAIN.format(folder=folder, server=server), encoding="utf-8")
    told = {
        "EEX_CACHE_DIR": str(world.settings.cache_dir),
        "EEX_ROOT_PATH": "/explorer",
        "EEX_PORT": str(inner),
    }
    command = [sys.executable, "-m", "eex.cli", "serve"]
    with server_process(command, port=inner, environment=told):
        assert NGINX is not None
        nginx = subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", str(config)])
        try:
            until = time.monotonic() + 30
            while not (folder / "nginx.pid").exists():
                assert nginx.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            yield f"http://127.0.0.1:{outer}/explorer/"
        finally:
            nginx.terminate()
            nginx.wait(20)


def fetched(url: str, data: bytes | None = None) -> bytes:
    asked = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        content: bytes = answer.read()
        return content


def test_the_address_without_its_slash_leads_to_the_page(explorer: str) -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built")
    with urllib.request.urlopen(explorer.rstrip("/")) as answer:
        assert answer.url == explorer
        assert answer.read() == (STATIC / "index.html").read_bytes()


def test_addresses_that_are_told_have_the_port_that_was_asked(explorer: str) -> None:
    host = explorer.removesuffix("/explorer/").removeprefix("http://")
    with closing(HTTPConnection(host)) as connection:
        connection.request("GET", "/explorer")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"]) == (308, "/explorer/")
    found = json.loads(fetched(f"{explorer}api/v1/search", b'{"text": "sand desert", "k": 1}'))
    code = fetched(f"{explorer}api/v1/searches/{found['id']}/export?format=curl").decode()
    assert f"{explorer}api/v1/search " in code


def test_every_file_that_the_page_names_is_there(explorer: str) -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built")
    page = fetched(explorer).decode()
    named = re.findall(r'(?:src|href)="(\./[^"]+)"', page)
    assert named
    for name in named:
        assert fetched(explorer + name.removeprefix("./")) == (STATIC / name).read_bytes()


def test_a_search_and_its_scores_come_through(explorer: str, world: OpenSet) -> None:
    query = {"set": "world", "parts": [{"kind": "text", "text": "sand desert"}], "k": 5}
    found = json.loads(fetched(f"{explorer}api/v1/search", json.dumps(query).encode()))
    expected = world.search(text="sand desert", k=5)
    assert [r["row"] for r in found["results"]] == [r.row for r in expected.results]
    assert found["scores"]["url"].startswith("/explorer/api/v1/searches/")
    host = explorer.removesuffix("/explorer/")
    levels = np.frombuffer(fetched(host + found["scores"]["url"]), "<u2")
    assert len(levels) == len(world)
    assert levels.argmax() == found["results"][0]["row"]


def test_a_picture_in_a_query_may_be_as_large_as_the_server_takes(explorer: str) -> None:
    """33 MiB reach the server, whose refusal is in words; nginx would say 413 with a page."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(f"{explorer}api/v1/search", b'{"set": "' + b"x" * (33 * 2**20) + b'"}')
    with refused.value as answer:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.load(answer)["status"] == 422


def test_outside_of_the_prefix_there_is_nothing(explorer: str) -> None:
    host = explorer.removesuffix("/explorer/")
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(f"{host}/api/v1/health")
    with refused.value as answer:
        assert answer.code == 404
