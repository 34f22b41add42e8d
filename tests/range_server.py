"""A real HTTP/1.1 server on loopback that sends parts of files, with a link's delays and faults.

    with range_server() as server:
        url = server.put("/images/part_00001.parquet", content)       # bytes, or a `Content`
        server.fail("/images/part_00001.parquet", Fault("status", code=429), times=2)
        ...
        assert server.requests == 3 and server.body_bytes == 1000
        server.asked[-1].headers["range"]

Faults (`kind`) and what they take:

    status       answer `code`, with `headers` (such as {"Retry-After": "1"}) and `body`
    truncated    close after `at` bytes of the body, although more were announced
    stalled      stop sending after `at` bytes, for `seconds` (or until the server ends)
    reset        close at once, without an answer
    garbage      answer with bytes that are not HTTP
    drip         send the headers byte by byte, with `seconds` between them
    whole        ignore Range: 200 and the whole file
    page         200 and an HTML page
    wrong_range  206, but Content-Range (and body) begin a byte later than asked
    no_range     206 without Content-Range
    short        206 with only the first `at` bytes of what was asked, and says so (allowed by HTTP)
    long         206 that says it has what was asked, and sends 10 bytes more (chunked)
    multipart    206 multipart/byteranges
    encoded      206 with Content-Encoding: gzip
    chunked      206 with Transfer-Encoding: chunked (no fault: allowed by HTTP)
    unknown      206 with Content-Range: bytes a-b/*
    redirect     `code` (302) to `location`; "{path}" in it stands for the path asked
    etag         answer as usual, but with the ETag `location`

`server.fail(path, fault, times=n)` makes the next n requests for a path fail so, `times=None` all
of them; faults of one path queue up; `path="*"` is for every path. `server.put` again with another
content changes a file (its ETag is the checksum). `server.head = False` answers HEAD with 405.

A link (`range_server(Link(rtt=0.03))`) delays as docs/decisions/0007-range-reads.md has it:
keep-alive, one round trip for an answer, two more for a new connection (TCP and TLS 1.3), slow
start from 14.6 kB, doubled every round trip up to 25 MB/s for one connection, 12.5 MB/s shared.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


class Content(Protocol):
    """What a file holds: bytes, or anything that can be cut, so that large files need no memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


@dataclass(frozen=True)
class Fault:
    """What happens to a request, see above."""

    kind: str
    code: int = 0
    at: int = 0
    seconds: float = 3600.0
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A line to a server far away."""

    rtt: float = 0.030
    """Seconds for a round trip."""
    new_connection: float = 2.0
    """Round trips before the first request of a connection."""
    first_window: int = 14_600
    """Bytes that are sent before the first acknowledgement."""
    per_connection: float = 25e6
    """Bytes a second of one connection."""
    shared: float = 12.5e6
    """Bytes a second of all of them."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    connection: int
    """Number of the connection that it came by, from 1 on."""


class RangeServer:
    """What the server has, what shall go wrong, and what was asked."""

    def __init__(self, link: Link | None) -> None:
        self.link = link
        self.address = ""
        self.port = 0
        self.head = True
        self.etags = True
        self.asked: list[Asked] = []
        self.requests = 0
        self.body_bytes = 0
        self.connections = 0
        self.most_at_once = 0
        self.ended = threading.Event()
        self._files: dict[str, tuple[Content, str]] = {}
        self._faults: dict[str, deque[tuple[Fault, int | None]]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._free = 0.0
        self._now = 0

    def put(self, path: str, content: Content, *, etag: str = "") -> str:
        """Have a file at a path; return its address."""
        whole = hashlib.sha256(content[:] if len(content) < 2**28 else repr(content).encode())
        self._files[path] = (content, etag or f'"{whole.hexdigest()[:16]}"')
        return self.address + path

    def fail(self, path: str, fault: Fault, *, times: int | None = 1) -> None:
        """Have the next requests for a path fail."""
        self._faults[path].append((fault, times))

    def heal(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def reset_counts(self) -> None:
        """Count from 0 again."""
        with self._lock:
            self.asked, self.requests, self.body_bytes = [], 0, 0
            self.connections = self.most_at_once = 0

    def _fault(self, path: str) -> Fault | None:
        with self._lock:
            queue = self._faults.get(path) or self._faults.get("*")
            if not queue:
                return None
            fault, times = queue.popleft()
            if times is None or times > 1:
                queue.appendleft((fault, None if times is None else times - 1))
            return fault

    def _share(self, count: int, rate: float) -> float:
        """Take a share of the line; return the seconds until it is over."""
        with self._lock:
            now = time.monotonic()
            self._free = max(now, self._free) + count / rate
            return self._free - now


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_has: RangeServer
    disable_nagle_algorithm = True
    wbufsize = 0

    def setup(self) -> None:
        super().setup()
        has = self.server_has
        with has._lock:
            has.connections += 1
            self._number = has.connections
        self._window = float(has.link.first_window if has.link else 0)
        if has.link:
            time.sleep(has.link.rtt * has.link.new_connection)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        has = self.server_has
        headers = {k.lower(): v for k, v in self.headers.items()}
        with has._lock:
            has.requests += 1
            has._now += 1
            has.most_at_once = max(has.most_at_once, has._now)
            has.asked.append(
                Asked(method=self.command, path=self.path, headers=headers, connection=self._number)
            )
        try:
            if has.link:
                time.sleep(has.link.rtt)
            self._answer(has, headers)
        except OSError:
            self.close_connection = True
        finally:
            with has._lock:
                has._now -= 1

    def do_HEAD(self) -> None:
        if self.server_has.head:
            self.do_GET()
        else:
            self._send(405, {}, b"")

    def _answer(self, has: RangeServer, headers: dict[str, str]) -> None:  # noqa: C901
        fault = has._fault(self.path) or Fault("")
        if self._answered(fault):
            return
        known = has._files.get(self.path)
        if known is None:
            self._send(404, {}, b"no such file")
            return
        content, etag = known
        told = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if has.etags:
            told["ETag"] = fault.location if fault.kind == "etag" else etag
        if headers.get("if-match", etag) != etag:
            self._send(412, told, b"")
            return
        total = len(content)
        span = _span(headers.get("range", ""), total)
        if headers.get("if-range", etag) != etag or fault.kind == "whole":
            span = None
        if span == (0, 0):
            self._send(416, {**told, "Content-Range": f"bytes */{total}"}, b"")
            return
        low, high = span or (0, total)
        if fault.kind == "wrong_range":
            low, high = low + 1, min(high + 1, total)
        if fault.kind == "short":
            high = min(low + fault.at, high)
        if span:
            size = "*" if fault.kind == "unknown" else str(total)
            told["Content-Range"] = f"bytes {low}-{high - 1}/{size}"
        if fault.kind == "no_range":
            del told["Content-Range"]
        if fault.kind == "encoded":
            told["Content-Encoding"] = "gzip"
        if fault.kind == "multipart":
            told["Content-Type"] = "multipart/byteranges; boundary=b"
        self._send_file(206 if span else 200, told, content, (low, high), fault)

    def _answered(self, fault: Fault) -> bool:
        """Answer without looking at any file, if that is the fault."""
        if fault.kind == "status":
            self._send(fault.code, fault.headers, fault.body)
        elif fault.kind == "redirect":
            where = fault.location.replace("{path}", self.path)
            self._send(fault.code or 302, {"Location": where, **fault.headers}, fault.body)
        elif fault.kind == "page":
            self._send(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Log in</html>")
        elif fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault.kind == "garbage":
            self.connection.sendall(b"\x15\x03\x01 this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif fault.kind == "drip":
            for byte in b"HTTP/1.1 206 Partial Content\r\nX-Slow: " + b"a" * 60_000:
                self.connection.sendall(bytes([byte]))
                if self.server_has.ended.wait(fault.seconds):
                    break
            self.close_connection = True
        else:
            return False
        return True

    def _send_file(
        self,
        status: int,
        told: dict[str, str],
        content: Content,
        span: tuple[int, int],
        fault: Fault,
    ) -> None:
        low, high = span
        chunked = fault.kind in {"chunked", "long"}
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(high - low))
        self.end_headers()
        if self.command == "HEAD":
            return
        if chunked:
            body = content[low:high] + (b"0123456789" if fault.kind == "long" else b"")
            for at in range(0, len(body), 10_000):
                piece = body[at : at + 10_000]
                self._body(b"%x\r\n" % len(piece) + piece + b"\r\n", count=len(piece))
            self.connection.sendall(b"0\r\n\r\n")
            return
        end = high
        if fault.kind in {"truncated", "stalled"}:
            end = min(low + fault.at, high)
        step = 8 * 2**20
        for at in range(low, end, step):
            self._body(content[at : min(at + step, end)])
        if fault.kind == "stalled":
            self.server_has.ended.wait(fault.seconds)
        if fault.kind in {"truncated", "stalled"}:
            self.close_connection = True

    def _send(self, status: int, told: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self._body(body)

    def _body(self, body: bytes, *, count: int | None = None) -> None:
        """Send a part of a body as fast as the link allows."""
        has, link, view = self.server_has, self.server_has.link, memoryview(body)
        self._count(count or 0)  # before it is sent, so that who has it finds it counted
        if link is None:
            step = 256 * 2**10
            for at in range(0, len(view), step):
                self._count(len(view[at : at + step]) if count is None else 0)
                self.connection.sendall(view[at : at + step])
            return
        at = 0
        while at < len(view):
            begun = time.monotonic()
            piece = view[at : at + int(self._window)]
            wait = max(has._share(len(piece), link.shared), len(piece) / link.per_connection)
            at += len(piece)
            self._count(len(piece) if count is None else 0)
            time.sleep(wait)
            self.connection.sendall(piece)
            if at < len(view):  # the next window opens when this one is acknowledged
                time.sleep(max(0.0, begun + link.rtt - time.monotonic()))
            self._window = min(self._window * 2, link.per_connection * link.rtt)

    def _count(self, count: int) -> None:
        with self.server_has._lock:
            self.server_has.body_bytes += count


def _span(asked: str, total: int) -> tuple[int, int] | None:
    """Return the part that a Range header asks for; None for all, (0, 0) for none."""
    if not asked.startswith("bytes=") or "," in asked:
        return None
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not first:
        return (max(0, total - int(last)), total) if int(last) and total else (0, 0)
    low = int(first)
    high = min(int(last) + 1, total) if last else total
    return (low, high) if low < high else (0, 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        pass


@contextmanager
def range_server(
    link: Link | None = None, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[RangeServer]:
    """Serve until the block ends; `tls` encrypts, and `address` is https then."""
    has = RangeServer(link)
    handler = type("Handler", (_Handler,), {"server_has": has})
    server = _Server((host, 0), handler)
    has.port = server.server_address[1]
    has.address = f"{'https' if tls else 'http'}://{host}:{has.port}"
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield has
    finally:
        has.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
