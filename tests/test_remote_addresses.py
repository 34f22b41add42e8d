"""Addresses in data files reach public hosts only, however they are written or resolved."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest

from eex.config import Settings
from eex.errors import RefusedAddressError, UnavailableError
from eex.remote.addresses import Policy, addresses_of, checked, is_public
from eex.remote.client import RemoteClient, Timing
from range_server import Fault, range_server

STRICT = Policy()

REFUSED = [
    "file:///etc/passwd",
    "ftp://example.org/x",
    "gopher://example.org/x",
    "s3://bucket/x",
    "/etc/passwd",
    "//example.org/x",
    "http://",
    "http:///x",
    "https://user@example.org/",
    "https://user:secret@example.org/",
    "https://example.org@127.0.0.1/",
    "https://exa mple.org/",
    "https://example.org/\r\nHost: inside",
    "https://example.org\\@127.0.0.1/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:22/",
    "https://example.org:25/",
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://1.1.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://169.254.169.254/latest/meta-data",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:1:1:1:1:80ff:fffe]/",  # Teredo of 127.0.0.1
    "http://[2a00:1450::5efe:10.0.0.1]/",  # ISATAP
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[100::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[::ffff:0:127.0.0.1]/",  # translated, RFC 2765
    "http://[127.0.0.1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://router.lan/",
    "http://kubernetes.default.svc/",
    "http://intranet/",
    "http://\u2460\u2461\u2466.0.0.1/",  # circled digits, which IDNA turns into 127
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127%2e0.0.1/",
    "http://127.0.0.1%00.example.org/",
    "https://" + "a" * 9000 + ".org/",
]


@pytest.mark.parametrize("url", REFUSED, ids=lambda u: u[:40].encode().decode("ascii", "replace"))
def test_what_does_not_lead_to_a_public_host_is_refused_before_anything_is_asked(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        message = "a name was looked up"
        raise AssertionError(message)

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(RefusedAddressError) as caught:
        checked(url, STRICT)
    assert "EEX_FETCH_HOSTS" in caught.value.hint
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "url",
    [
        "https://huggingface.co/datasets/Major-TOM/Core-S2L2A/resolve/main/images/part_1.parquet",
        "https://modelscope.cn:443/x?a=b&c=%20d",
        "http://example.org:8080",
        "https://EXAMPLE.org./x",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://[64:ff9b::808:808]:8443/",
    ],
)
def test_public_hosts_are_not(url: str) -> None:
    assert checked(url, STRICT).host


def test_an_address_is_taken_apart() -> None:
    target = checked("https://EXAMPLE.org/a%20b?x=1&y=2#here", STRICT)
    assert (target.scheme, target.host, target.port) == ("https", "example.org", 443)
    assert target.path == "/a%20b?x=1&y=2"


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("127.0.0.1", "http://127.0.0.1:1234/", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", False),
        ("127.0.0.1", "http://127.0.0.2/", False),
        ("minio.internal", "https://minio.internal/", True),
        ("MinIO.internal:443", "https://minio.INTERNAL./x", True),
        ("minio.internal", "https://evil.minio.internal/", False),
        ("minio.internal", "https://minio.internal.evil.org:22/", False),
        ("[::1]:9000", "http://[::1]:9000/", True),
        ("::1", "http://[::1]:9000/", True),
        ("[::1]:9000", "http://[::1]:9001/", False),
        ("minio.internal", "file://minio.internal/etc/passwd", False),
        ("minio.internal", "http://user@minio.internal/", False),
    ],
)
def test_a_user_allows_hosts_by_name_and_port(entry: str, url: str, *, allowed: bool) -> None:
    policy = Policy(hosts=(entry,))
    if allowed:
        assert checked(url, policy).port
    else:
        with pytest.raises(RefusedAddressError):
            checked(url, policy)


def test_what_a_user_typed_may_be_inside_but_is_http() -> None:
    typed = Policy(public=False)
    assert checked("http://10.0.0.1:22/x", typed).host == "10.0.0.1"
    assert checked("http://nas/x", typed).host == "nas"
    for url in ("file:///etc/passwd", "http://a@b.org/"):
        with pytest.raises(RefusedAddressError):
            checked(url, typed)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have names stand for other addresses each time that they are looked up."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port, 0, 0) if ":" in ip else (ip, port),
            )
            for ip in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "found", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["8.8.8.8", "::1"], ["fe80::1%eth0"]]
)
def test_a_name_that_stands_for_one_address_inside_is_refused(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(monkeypatch, found)
    with pytest.raises(RefusedAddressError, match="not a public address"):
        addresses_of("example.org", 80, STRICT)
    assert addresses_of("example.org", 80, Policy(hosts=("example.org:80",)))


def test_what_was_checked_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A name that is public when it is checked and loopback a moment later (DNS rebinding)."""
    with range_server() as inside:
        inside.put("/x", b"secret" * 100)
        asked = resolves(monkeypatch, ["127.0.0.1"])
        client = RemoteClient(Settings(cache_dir=tmp_path, threads=1), timing=Timing(pause=0.01))
        with pytest.raises(RefusedAddressError, match=r"rebind\.example stands for 127\.0\.0\.1"):
            client.ranges(f"http://rebind.example:{inside.port}/x", [(0, 6)])
        assert inside.connections == 0
        assert asked == ["rebind.example"]

        connected: list[Any] = []

        def connect(_: socket.socket, place: Any) -> None:
            connected.append(place)
            raise ConnectionRefusedError

        monkeypatch.setattr(socket.socket, "connect", connect)
        asked = resolves(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
        with pytest.raises(RefusedAddressError):
            client.ranges(f"http://rebind.example:{inside.port}/x", [(0, 6)])
        assert connected == [("8.8.8.8", inside.port)]  # then the name is loopback: refused
        client.close()


def test_of_a_name_that_stands_for_thousands_a_few_are_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[Any] = []

    def connect(_: socket.socket, place: Any) -> None:
        tried.append(place)
        raise TimeoutError

    resolves(monkeypatch, [f"8.8.{n >> 8}.{n & 255}" for n in range(4000)])
    monkeypatch.setattr(socket.socket, "connect", connect)
    timing = Timing(pause=0.01, tries=1)
    client = RemoteClient(Settings(cache_dir=tmp_path, threads=1), timing=timing)
    with pytest.raises(UnavailableError):
        client.ranges("http://many.example/x", [(0, 6)])
    assert tried[0] == ("8.8.0.0", 80)
    assert len(tried) == 8
    client.close()


def test_a_redirect_to_a_name_that_stands_for_an_address_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with range_server() as allowed, range_server() as inside:
        inside.put("/x", b"secret" * 100)
        allowed.fail("*", Fault("redirect", location=f"http://evil.example:{inside.port}/x"))
        settings = Settings(
            cache_dir=tmp_path, threads=1, fetch_hosts=(f"127.0.0.1:{allowed.port}",)
        )
        client = RemoteClient(settings, timing=Timing(pause=0.01))
        resolves(monkeypatch, ["127.0.0.1"])
        with pytest.raises(RefusedAddressError, match=r"evil\.example"):
            client.ranges(f"{allowed.address}/x", [(0, 6)])
        assert (allowed.requests, inside.connections) == (1, 0)
        client.close()
