"""A file far away as GDAL reads files: its beginning, and parts that were fetched before.

GDAL asks for one block after the other, each when the one before is decoded. Who knows what will be
read fetches it first, near blocks in one request, requests side by side; GDAL then finds it here.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from eex.errors import ChangedError, EexError
from eex.remote.client import RemoteClient, Stamp
from eex.remote.keep import DiskCache

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.remote.spans import Span

HEAD = 64 * 2**10
"""Bytes at the beginning that are fetched in the first request: headers and tables of blocks of a
COG of Sentinel-2 with its overviews take 6 to 30 kB."""

LEAST = 32 * 2**10
"""Bytes that are fetched at least where something was not fetched before."""

MOST = 2**30
"""Most bytes of one fetch."""

KEPT_HEADS = 256
"""Beginnings that are held in memory: 16 MB."""

WEB = ("http://", "https://")
"""How addresses begin."""


def address_of(href: str) -> str:
    """Return the address of a file far away; empty if it is a path.

    Files in public buckets are read over https: `s3://bucket/key` and `gs://bucket/key`.
    """
    if href.lower().startswith(WEB):
        return href
    kind, _, rest = href.partition("://")
    bucket, _, key = rest.partition("/")
    if kind == "s3":
        if "." not in bucket:
            return f"https://{bucket}.s3.amazonaws.com/{quote(key)}"
        region = bucket.partition(".")[0]  # of Source Cooperative: us-west-2.opendata.source.coop
        place = f"s3.{region}" if region.count("-") == 2 else "s3"  # noqa: PLR2004
        return f"https://{place}.amazonaws.com/{bucket}/{quote(key)}"
    return f"https://storage.googleapis.com/{bucket}/{quote(key)}" if kind == "gs" else ""


@lru_cache(maxsize=4)
def client_of(settings: Settings) -> RemoteClient:
    """Return the client of this process that scenes are read with; its connections stay open."""
    return RemoteClient(settings)


class Kept:
    """What was fetched of files before: beginnings in memory, parts on the disk."""

    def __init__(self, settings: Settings) -> None:
        """Keep parts with other pixels, as long as there is room."""
        self._disk = DiskCache(settings.cache_dir / "pixels", settings.pixel_cache)
        self._heads: OrderedDict[str, tuple[bytes, Stamp]] = OrderedDict()
        self._lock = Lock()

    def head(self, url: str, client: RemoteClient) -> tuple[bytes, Stamp]:
        """Return the beginning of a file, and which content it is of.

        Raises:
            RemoteError: If it cannot be had.
        """
        with self._lock:
            if (known := self._heads.get(url)) is not None:
                self._heads.move_to_end(url)
                return known
        fetched = client.head(url, HEAD)
        with self._lock:
            self._heads[url] = fetched
            while len(self._heads) > KEPT_HEADS:
                self._heads.popitem(last=False)
        return fetched

    def forget(self, url: str) -> None:
        """Ask for the beginning of a file anew: it has changed."""
        with self._lock:
            self._heads.pop(url, None)

    def get(self, url: str, stamp: Stamp, span: Span) -> bytes | None:
        """Return a part of a file's content; None if it is not kept."""
        part = self._disk.get(_key(url, stamp, span))
        return part if part is not None and len(part) == span[1] - span[0] else None

    def put(self, url: str, stamp: Stamp, span: Span, part: bytes) -> None:
        """Keep a part of a file's content."""
        self._disk.put(_key(url, stamp, span), part)


def _key(url: str, stamp: Stamp, span: Span) -> str:
    return f"{url}\n{stamp.size}\n{stamp.etag}\n{span[0]}\n{span[1]}"


class RangedFile:
    """Reads a file far away; GDAL calls it as it does a file that is open.

    An error is kept in `error`: none may be raised through GDAL.
    """

    def __init__(self, url: str, client: RemoteClient, *, kept: Kept | None = None) -> None:
        """Fetch the beginning.

        Args:
            url: http or https.
            client: What asks.
            kept: What was fetched before, looked into first.

        Raises:
            RemoteError: If it cannot be had.
        """
        self.url, self._client, self._kept = url, client, kept
        self._head, self._stamp = kept.head(url, client) if kept else client.head(url, HEAD)
        self.error: EexError | None = None
        self._parts: dict[Span, bytes] = {}
        self._spans: list[Span] = []
        self._at = 0

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._stamp.size

    def fetch(self, spans: Sequence[Span]) -> list[tuple[Span, bytes]]:
        """Return parts; those that are not held are fetched, near ones together.

        Safe while another thread reads.

        Args:
            spans: First byte and byte after the last of each.

        Raises:
            RemoteError: If they cannot be had.
        """
        asked = sorted({(low, min(high, self.size)) for low, high in spans if low < self.size})
        found = {span: self._parts[span] for span in asked if span in self._parts}
        if self._kept is not None:
            for span in asked:
                if span not in found and (part := self._kept.get(self.url, self._stamp, span)):
                    found[span] = part
        missing = [span for span in asked if span not in found]
        try:
            got = self._client.ranges(self.url, missing, expect=self._stamp, limit=MOST)
        except ChangedError:
            if self._kept is not None:
                self._kept.forget(self.url)
            raise
        for span, part in zip(missing, got, strict=True):
            found[span] = part
            if self._kept is not None:
                self._kept.put(self.url, self._stamp, span, part)
        return [(span, found[span]) for span in asked]

    def hold(self, parts: Sequence[tuple[Span, bytes]]) -> None:
        """Hold parts in the place of those that were held."""
        self._parts = dict(parts)
        self._spans = sorted(self._parts)

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes; fewer at the end of the file."""
        low = self._at
        high = self.size if count < 0 else min(low + count, self.size)
        content = self._held(low, high)
        if content is None:
            try:
                content = self._from_afar(low, high)
            except EexError as error:
                self.error, content = error, b""  # GDAL takes nothing for a broken file
        self._at = low + len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte, counted from the beginning, from here, or from the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the byte that is read next."""
        return self._at

    def close(self) -> None:
        """Give up what is held; the client belongs to others."""
        self.hold([])

    def __enter__(self) -> RangedFile:  # noqa: PYI034
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _held(self, low: int, high: int) -> bytes | None:
        if low >= high:
            return b""
        if high <= len(self._head):
            return self._head[low:high]
        at = bisect_right(self._spans, (low, self.size)) - 1
        if at >= 0 and high <= self._spans[at][1]:
            span = self._spans[at]
            return self._parts[span][low - span[0] : high - span[0]]
        return None

    def _from_afar(self, low: int, high: int) -> bytes:
        """Return a part that nobody fetched before; it is held with the others."""
        ((span, content),) = self.fetch([(low, max(high, low + LEAST))])
        self.hold([*self._parts.items(), (span, content)])
        return content[: high - low]
