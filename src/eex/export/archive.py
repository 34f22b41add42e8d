"""Several files in one ZIP, written piece by piece, the same bytes for the same content."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from types import TracebackType
from typing import IO, Self

from eex.stopping import check_stopped

WHEN = (1980, 1, 1, 0, 0, 0)
"""Time of every file in an archive: the earliest that ZIP knows."""

UNIX, MODE = 3, 0o100644
"""System that files say they come from, and their permissions."""

PACKED = (".tif", ".png", ".parquet")
"""Endings of what is packed already."""


class Archive:
    """A ZIP file that is being written."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin an archive in a file that can be sought in."""
        self._zip = zipfile.ZipFile(file, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes | str | Iterable[str]) -> None:
        """Add a file.

        Args:
            name: In the archive.
            content: All of it, or pieces of its text.

        Raises:
            CancelledError: If nobody waits any more.
        """
        pieces = (content,) if isinstance(content, bytes | str) else content
        with self.begin(name) as file:
            for piece in pieces:
                check_stopped()
                file.write(piece.encode() if isinstance(piece, str) else piece)

    def begin(self, name: str) -> IO[bytes]:
        """Return a file of the archive to write into; it is to be closed before the next."""
        info = zipfile.ZipInfo(name, WHEN)
        info.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED) else zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr = UNIX, MODE << 16
        return self._zip.open(info, "w")
