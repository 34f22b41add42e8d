"""Encryption and proxies: names in certificates are those of the address, proxies are followed."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eex.config import Settings
from eex.errors import BadAnswerError, RefusedAddressError, RemoteError
from eex.remote import connections
from eex.remote.addresses import Policy, checked
from eex.remote.client import RemoteClient, Timing
from eex.remote.connections import Alarm, proxy_for
from range_server import RangeServer, range_server

BODY = bytes(range(250))
QUICK = Timing(pause=0.005, longest_pause=0.01, read=1.0, connect=1.0, total=3.0, tries=2)

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the keys")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for files.example, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 "
        "-keyout key.pem -out cert.pem -subj /CN=files.example "
        "-addext subjectAltName=DNS:files.example"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """All names stand for loopback."""

    def getaddrinfo(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[RangeServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with range_server(tls=context) as running:
        running.put("/a", BODY)
        yield running


def a_client(tmp_path: Path, *hosts: str) -> RemoteClient:
    return RemoteClient(Settings(cache_dir=tmp_path, threads=1, fetch_hosts=hosts), timing=QUICK)


@needs_openssl
@pytest.mark.usefixtures("here")
def test_certificates_are_checked_against_the_name_not_the_address(
    tls_server: RangeServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = a_client(tmp_path, "files.example", "other.example")
    at = f"https://files.example:{tls_server.port}/a"
    with pytest.raises(BadAnswerError, match=r"certificate of files\.example is not trusted"):
        client.ranges(at, [(3, 30)])
    client.close()

    trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    monkeypatch.setattr(connections, "_context", lambda: trusting)
    client = a_client(tmp_path, "files.example", "other.example")
    assert client.ranges(at, [(3, 30)]) == [BODY[3:30]]
    assert client.ranges(at, [(3, 40)]) == [BODY[3:40]]
    assert tls_server.connections == 2  # the refused one, and one that was kept
    other = at.replace("files", "other")
    with pytest.raises(BadAnswerError, match=r"certificate of other\.example is not trusted"):
        client.ranges(other, [(3, 30)])
    client.close()


class Proxy(threading.Thread):
    """A proxy that sends everything to one server and notes what it was asked."""

    def __init__(self, to: int) -> None:
        super().__init__(daemon=True)
        self.to = to
        self.heads: list[bytes] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                inside, _ = self.listening.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += inside.recv(1)
            self.heads.append(head)
            outside = socket.create_connection(("127.0.0.1", self.to))
            if head.startswith(b"CONNECT"):
                inside.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                method, url, rest = head.split(b" ", 2)
                path = b"/" + url.split(b"/", 3)[3]
                outside.sendall(b" ".join([method, path, rest]))
            for a, b in ((inside, outside), (outside, inside)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except OSError:
            pass
        finally:
            source.close()
            target.close()


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RangeServer, Proxy]]:
    with range_server() as server:
        server.put("/a", BODY)
        proxy = Proxy(server.port)
        proxy.start()
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://me:pass%20word@127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY", "REQUEST_METHOD"):
            monkeypatch.delenv(name, raising=False)
        yield server, proxy
        proxy.listening.close()


def test_a_proxy_is_followed_and_looks_names_up_itself(
    proxied: tuple[RangeServer, Proxy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = proxied
    client = a_client(tmp_path)
    assert client.ranges("http://files.example/a", [(3, 30)]) == [BODY[3:30]]
    assert proxy.heads[0].startswith(b"GET http://files.example:80/a HTTP/1.1")
    assert b"\r\nproxy-authorization: basic " in proxy.heads[0].lower()
    for url in ("http://10.0.0.1/a", "http://localhost/a", "http://nas/a", "http://0x7f.1/a"):
        with pytest.raises(RefusedAddressError):
            client.ranges(url, [(3, 30)])
    assert server.requests == 1
    monkeypatch.setenv("no_proxy", "files.example,127.0.0.1")
    assert proxy_for(checked("http://files.example/a", Policy())) == ""
    client.close()


@needs_openssl
def test_encryption_goes_through_a_proxy_to_the_server(
    proxied: tuple[RangeServer, Proxy],
    tls_server: RangeServer,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, proxy = proxied
    proxy.to = tls_server.port
    trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    monkeypatch.setattr(connections, "_context", lambda: trusting)
    client = a_client(tmp_path)
    assert client.ranges("https://files.example/a", [(3, 30)]) == [BODY[3:30]]
    assert proxy.heads[0].startswith(b"CONNECT files.example:443 ")
    assert b"bytes=3-29" not in proxy.heads[0]
    client.close()


def test_a_proxy_of_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1080")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(RemoteError, match="not an http proxy"):
        proxy_for(checked("https://files.example/a", Policy()))


def test_a_connection_encrypted_twice_is_cut_off_too() -> None:
    """As by a proxy that is itself asked over TLS: a plain socket lies below, not a subclass."""

    class Wrapped:
        def __init__(self, below: socket.socket) -> None:
            self.socket = below

    ours, theirs = socket.socketpair()
    alarm = Alarm()
    with ours, theirs:
        theirs.settimeout(10)
        with alarm.set(lambda: True):
            connections._uses(Wrapped(ours))
            assert theirs.recv(1) == b""  # the end
