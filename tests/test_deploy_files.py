"""What is shipped for deploying keeps its rules, and its health check works on a live server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from eex.search.run import OpenSet
from eex.server.guard import MAX_BODY
from eex.server.run import listen
from served import server_process

ROOT = Path(__file__).resolve().parents[1]

STEPS = [
    line.strip()
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
    if line.strip() and not line.strip().startswith("#")
]

FINAL = STEPS[max(n for n, step in enumerate(STEPS) if step.startswith("FROM ")) :]


def test_every_image_that_is_built_on_is_of_one_version() -> None:
    arguments = dict(s.split(" ", 1)[1].split("=", 1) for s in STEPS if re.match(r"ARG \w+=\S", s))
    bases = [step.split()[1] for step in STEPS if step.startswith("FROM ")]
    assert len(bases) == 2
    for base in bases:
        image = arguments.get(base.strip("${}"), base)
        assert re.search(r":\d+\.\d+", image), image


def test_the_server_is_no_root_and_listens_outside_only_in_the_container() -> None:
    users = [step.split()[1] for step in FINAL if step.startswith("USER ")]
    assert users == ["10001:10001"]
    after = FINAL[FINAL.index("USER 10001:10001") :]
    assert not [step for step in after if step.startswith(("RUN ", "COPY ", "ADD "))]
    assert any("EEX_HOST=0.0.0.0" in step for step in FINAL)
    assert any('licenses="Apache-2.0"' in step for step in FINAL)
    assert FINAL[-2:] == ['ENTRYPOINT ["eex"]', 'CMD ["serve"]']


def test_what_is_copied_exists_and_is_sent() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    copied = [
        source
        for step in STEPS
        if step.startswith("COPY ") and "--from=" not in step
        for source in step.split()[1:-1]
    ]
    assert "src" in copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in sent, source


def free_port() -> int:
    with listen("127.0.0.1", 0) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"EEX_ALLOWED_HOSTS": "explorer.example.org,other.example.org"},
        {"EEX_ALLOWED_HOSTS": "*.example.org", "EEX_TOKEN": "a-token-of-some-length-0123456789"},
        {"EEX_ROOT_PATH": "/explorer"},
    ],
    ids=["plain", "hosts", "wild host and token", "prefix"],
)
def test_the_health_check_finds_a_server_that_lives_and_misses_one_that_does_not(
    world: OpenSet, more: dict[str, str]
) -> None:
    (step,) = [step for step in FINAL if step.startswith("HEALTHCHECK ")]
    assert step.endswith('CMD ["python", "/usr/local/lib/eex/health.py"]')
    check = [sys.executable, str(ROOT / "deploy" / "health.py")]
    port = free_port()
    told = {"EEX_PORT": str(port), "EEX_CACHE_DIR": str(world.settings.cache_dir), **more}
    told["http_proxy"] = "http://127.0.0.1:9"  # must not be asked
    command = [sys.executable, "-m", "eex.cli", "serve"]

    def healthy() -> int:
        done = subprocess.run(check, env=told, capture_output=True, check=False, timeout=30)
        return done.returncode

    assert healthy() == 1
    with server_process(command, port=port, environment=told, path=""):
        assert healthy() == 0
    assert healthy() == 1


def test_proxies_take_bodies_as_large_as_the_server_does() -> None:
    caddy = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    nginx = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    units = {"MB": 10**6, "MiB": 2**20, "m": 2**20}  # as each of them reads it
    for told in (r"\bmax_size (\d+)(\w+)\n", r"client_max_body_size (\d+)(m);"):
        found = re.search(told, caddy + nginx)
        assert found is not None
        assert int(found[1]) * units[found[2]] >= MAX_BODY
