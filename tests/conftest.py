"""Shared by all tests: no network but loopback, one prepared world for the whole run."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from eex.catalog.known import prepare
from eex.cli import main
from eex.config import Settings
from eex.search.open import open_set
from eex.search.run import OpenSet
from eex.weights import fetch
from stac_world import StacWorld, running_world

_connect = socket.socket.connect

hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("EEX_HYPOTHESIS") or "same")  # or "default"


def _loopback_only(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if host not in {"", "127.0.0.1", "::1", "localhost"}:
        message = f"tests have no network; {host} was asked for"
        raise RuntimeError(message)
    _connect(self, address)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("EEX_SLOW", "") not in {"", "0"}:
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; run with EEX_SLOW=1"))


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    socket.socket.connect = _loopback_only  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def own_sets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what a user of this machine has open out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EEX_SETS_DIR", str(tmp_path_factory.mktemp("sets")))
        yield


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache of this process; of several that test at once, one prepares the world."""
    own = tmp_path_factory.mktemp("cache")
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = tmp_path_factory.getbasetemp().parent / "prepared"
        prepare("world", settings=Settings(cache_dir=shared, threads=2))
        shutil.copytree(shared, own, dirs_exist_ok=True)
    return own


@pytest.fixture(scope="session")
def prepared(cache_dir: Path) -> Path:
    """Return the folder of the prepared world."""
    return prepare("world", settings=Settings(cache_dir=cache_dir, threads=2)).parent


@pytest.fixture
def lend_world(prepared: Path) -> Callable[[Path], None]:
    """Put the prepared world into another cache, for a test that needs one of its own."""

    def lend(cache: Path) -> None:
        shutil.copytree(prepared, cache / prepared.name, dirs_exist_ok=True)

    return lend


@pytest.fixture(scope="session")
def settings(cache_dir: Path) -> Settings:
    return Settings(cache_dir=cache_dir, threads=2)


@pytest.fixture(scope="session")
def world(settings: Settings) -> OpenSet:
    return open_set("world", settings=settings)


@pytest.fixture
def eex_command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; give exit code, output and messages."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(list(arguments))
        except SystemExit as done:
            code = int(done.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def quick_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again without waiting, and reach hubs on loopback whatever proxies the machine has."""
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0, 0.0))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def stac_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StacWorld]:
    """A STAC API on loopback and the files of its scenes, see `stac_world`."""
    with running_world(tmp_path_factory.mktemp("stac")) as world:
        yield world
