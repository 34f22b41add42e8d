"""A hub on loopback: files by path, ranges, redirects, checksums told, and faults on demand."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"


@dataclass
class Fault:
    """What happens to one request."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int = -1
    """Bytes after which the connection is closed, although more were announced."""
    flip: bool = False
    """One bit of the content is wrong."""


@dataclass
class Asked:
    """One request that came."""

    path: str
    headers: dict[str, str]


class Hub:
    """What the server has, what shall go wrong, and what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.listings: dict[str, Any] = {}
        self.links: dict[str, str] = {}
        self.faults: deque[Fault | None] = deque()
        self.asked: list[Asked] = []
        self.ranges = True
        self.etags = True
        self.if_range = True
        self.tells_sha256 = True
        self.tells_length = True
        self.commit = COMMIT
        self.redirects_to = ""
        self.token = ""
        self.pause = 0.0
        self.silent = False
        """Answers come only after a second."""
        self.chunk = 65536
        self.begun = threading.Event()
        self.page = 1000
        self.address = ""

    def put(self, repo: str, name: str, content: bytes, revision: str = "main") -> None:
        self.files[f"/{repo}/resolve/{revision}/{name}"] = content

    def put_dataset(self, repo: str, files: dict[str, bytes], *, commit: str = COMMIT) -> None:
        """Keep a data set as Hugging Face and as ModelScope do, and list it page by page."""
        self.commit = commit
        entries = []
        for name, content in sorted(files.items()):
            for revision in ("main", "master", commit):
                self.files[f"/datasets/{repo}/resolve/{revision}/{name}"] = content
            digest = hashlib.sha256(content).hexdigest()
            entries.append(
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40,
                 "lfs": {"oid": digest, "size": len(content), "pointerSize": 134}}
            )  # fmt: skip
        entries.append({"type": "directory", "path": "images", "size": 0, "oid": "1" * 40})
        self.listings[f"/api/datasets/{repo}/revision/main"] = {"id": repo, "sha": commit}
        tree = f"/api/datasets/{repo}/tree/{commit}?recursive=true"
        pages = range(0, len(entries), self.page)
        for number, low in enumerate(pages):
            path = tree if number == 0 else f"{tree}&cursor={number}"
            self.listings[path] = entries[low : low + self.page]
            if number + 1 < len(pages):
                self.links[path] = f'<{self.address}{tree}&cursor={number + 1}>; rel="next"'
        told = [
            {"Type": "blob", "Path": e["path"], "Size": e["size"], "Sha256": e["lfs"]["oid"]}
            for e in entries[:-1]
        ]
        for number, low in enumerate(range(0, len(told) + 1, 100), start=1):
            query = "Revision=master&Root=&Recursive=True"
            path = f"/api/v1/datasets/{repo}/repo/tree?{query}&PageNumber={number}&PageSize=100"
            self.listings[path] = {"Code": 200, "Data": {"Files": told[low : low + 100]}}

    def fail(self, *faults: Fault | None) -> None:
        self.faults.extend(faults)

    @property
    def ranges_asked(self) -> list[str]:
        return [asked.headers.get("range", "") for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        with suppress(OSError):
            self._answer()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self) -> None:
        hub, path = self.hub, self.path
        hub.asked.append(Asked(path, {k.lower(): v for k, v in self.headers.items()}))
        self.close_connection = True
        if hub.silent:
            time.sleep(1.0)
        fault = hub.faults.popleft() if hub.faults else None
        if fault is not None and fault.status:
            self._send(fault.status, fault.headers, fault.body)
            return
        if path in hub.listings:
            body = json.dumps(hub.listings[path]).encode()
            link = {"Link": hub.links[path]} if path in hub.links else {}
            self._send(200, {"Content-Type": "application/json", **link}, body)
            return
        content = hub.files.get(path)
        if content is None:
            self._send(404, {"X-Error-Code": "EntryNotFound"}, b"Entry not found")
            return
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._send(401, {"X-Error-Code": "GatedRepo"}, b"Access restricted")
            return
        told = {}
        digest = hashlib.sha256(content).hexdigest()
        if hub.tells_sha256:
            told = {"X-Repo-Commit": hub.commit, "X-Linked-Etag": f'"{digest}"'}
        if hub.redirects_to:
            self._send(302, {"Location": hub.redirects_to + path, **told}, b"")
            return
        if hub.etags:
            told["ETag"] = f'"{digest[:16]}"'
        self._send_file(content, told, fault or Fault())

    def _send_file(self, content: bytes, told: dict[str, str], fault: Fault) -> None:
        asked, start, status = self.headers.get("Range", ""), 0, 200
        end = len(content)
        same = self.headers.get("If-Range", told.get("ETag", "")) == told.get("ETag", "")
        if asked and self.hub.ranges and (same or not self.hub.if_range):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, status = int(first) if first else max(0, len(content) - int(last)), 206
            if first and last:
                end = min(end, int(last) + 1)
            if start >= len(content):
                self._send(416, {"Content-Range": f"bytes */{len(content)}", **told}, b"")
                return
            told["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        body = bytearray(content[start:end])
        if fault.flip:
            body[len(body) // 2] ^= 1
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        if self.hub.tells_length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(body) if fault.cut < 0 else fault.cut
        for low in range(0, end, self.hub.chunk):
            self.wfile.write(body[low : min(low + self.hub.chunk, end)])
            self.hub.begun.set()
            if self.hub.pause:
                time.sleep(self.hub.pause)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def running_hub(host: str = "127.0.0.1") -> Iterator[Hub]:
    """Serve a hub until the block ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    hub.address = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
