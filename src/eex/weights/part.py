"""What has come of a file so far, and what it is the beginning of.

`FILE.part` holds the bytes, `FILE.part.json` says of which file. A part is continued if the hub's
checksum is still the noted one or, where the hub tells none, if the server says (`If-Range`) that
its ETag is. It is never trusted further than that: whatever checksum is known is compared at the
end.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path

from eex.errors import OutputError
from eex.files import guarded, put_in_place, write_bytes
from eex.weights.answers import (
    byte_range,
    check_beginning,
    check_kind,
    endless,
    hub_sha256,
    refused,
    tells_end,
    wrong,
)
from eex.weights.checksum import CHUNK
from eex.weights.http import FaultError, Reply, ask
from eex.weights.hubs import Origin, is_commit
from eex.weights.receipts import note_path
from eex.weights.records import Home

LARGE = 10**8
"""Bytes that are told in GB from here on."""

SPARE_BYTES = 64 * 2**20
"""Room to leave on the disk."""

STEP = 16 * 2**20
"""Bytes of a file of unknown length after which the room on the disk is looked at again."""

RECEIVED = 2**18
"""Bytes read from a connection at once; what a kill may lose."""


class SpoiledError(Exception):
    """All bytes are here, and they are not those of the file."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Of what a part is the beginning; also of a whole file until its receipt is written."""

    url: str = ""
    """Where it was asked for."""
    etag: str = ""
    """What the server called that content; empty for weak ones."""
    sha256: str = ""
    """Checksum of the whole, where one is known."""
    size: int = 0
    """Bytes of the whole; 0 if not known."""
    commit: str = ""
    """Commit of the repository, where the hub told it."""
    checked: bool = False
    """Whether the whole file has been compared with a checksum that was known before."""


class Part:
    """What has come of a file so far. One at a time for one target."""

    def __init__(
        self,
        origin: Origin,
        target: Path,
        *,
        sha256: str,
        size: int,
        report: Callable[[int, int], None],
    ) -> None:
        """Go on with what lies beside `target`, or begin."""
        self.origin, self.target, self.report = origin, target, report
        self.pinned, self.size = sha256, size
        self.path = target.with_name(f"{target.name}.part")
        self.note = read_note(target)
        self.have = 0
        self.hash = hashlib.sha256()
        same = self.note.sha256 or (self.note.etag and self.note.url == origin.url)
        if same and (not sha256 or self.note.sha256 in {"", sha256}):
            self._count()
        else:
            self.drop()

    @property
    def whole(self) -> bool:
        """Whether all that was announced is here and can be verified without asking again."""
        known = self.pinned or (is_commit(self.origin.revision) and self.note.sha256)
        return bool(known) and 0 < self.note.size == self.have

    def drop(self) -> None:
        """Forget what has come."""
        self.note, self.have, self.hash = Note(), 0, hashlib.sha256()
        with guarded(f"writing {self.target}"):
            self.path.unlink(missing_ok=True)
            note_path(self.target).unlink(missing_ok=True)

    def fetch(self) -> None:
        """Bring what is missing, or as much of it as comes.

        Raises:
            FaultError: If not all of it came.
            DownloadError: If the file is not to be had, or another.
        """
        if self.have and not (self.pinned or self.note.sha256 or self.note.etag):
            self.drop()  # nobody could tell whether the rest fits
        headers = {}
        if self.have:
            headers["Range"] = f"bytes={self.have}-"
            if not (self.pinned or self.note.sha256):
                headers["If-Range"] = self.note.etag
        with ask(self.origin.url, headers=headers, token=self.origin.token) as reply:
            start, total = byte_range(reply)
            if self.have and reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if total != self.have:
                    self._start_over("the part on the disk does not fit the file")
                self._check_same(reply, total)
                return
            if reply.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise refused(self.origin, reply)
            check_kind(self.origin, reply)
            if start not in {0, self.have}:
                self._start_over("the server sent another part than the one asked for")
            if start == 0:
                self.drop()
            self._check_same(reply, total)
            most = total or (self.size if self.pinned else 0)
            self._check_room(most - self.have, self.origin.file)
            if not (self.pinned or self.note.sha256 or tells_end(reply)):
                raise endless(self.origin)
            self._receive(reply, total, most)

    def finish(self) -> Note:
        """Verify what has come, and give it its name.

        Raises:
            SpoiledError: If it is not the file.
        """
        digest = self.hash.hexdigest()
        expected = self.pinned or self.note.sha256
        if self.size and self.pinned and self.have != self.size:
            message = f"it has {self.have:,} bytes, not {self.size:,}"
            raise SpoiledError(message)
        if expected and digest != expected:
            message = f"its SHA-256 is {digest}, not {expected}"
            raise SpoiledError(message)
        done = replace(self.note, sha256=digest, size=self.have, checked=bool(expected))
        _write_note(self.target, done)
        with guarded(f"writing {self.target}"):
            self.path.touch()  # an empty file has no part
            put_in_place(self.path, self.target)
        return done

    def _count(self) -> None:
        """Take the checksum of what is here, to go on from there."""
        if self.path.is_file():
            with guarded(f"reading {self.path}"), self.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    self.hash.update(chunk)
                    self.have += len(chunk)

    def _start_over(self, reason: str) -> None:
        self.drop()
        raise FaultError(reason)

    def _check_same(self, reply: Reply, total: int) -> None:
        """Compare what the hub says now with what is pinned and what was noted; note it."""
        told, commit = hub_sha256(reply), reply.hub.get("x-repo-commit", "")
        if self.pinned and told and told != self.pinned:
            raise wrong(self.origin, f"the hub has another one, SHA-256 {told}")
        if self.pinned and self.size and total and total != self.size:
            raise wrong(self.origin, f"the hub has one of {total:,} bytes, not {self.size:,}")
        wanted = self.origin.revision
        if is_commit(wanted) and is_commit(commit) and commit != wanted:
            raise wrong(self.origin, f"the hub answered with commit {commit}, not {wanted}")
        etag = reply.headers.get("etag", "")
        if self.have and not self.pinned:
            before, now = (self.note.sha256, told) if told else (self.note.etag, etag)
            if before and now and before != now:
                self._start_over("the file has changed meanwhile")
        self.note = Note(
            url=self.origin.url,
            etag="" if etag.startswith("W/") else etag,
            sha256=self.pinned or told or self.note.sha256,
            size=total,
            commit=commit,
        )
        _write_note(self.target, self.note)

    def _receive(self, reply: Reply, total: int, most: int) -> None:
        """Write what comes: `total` bytes with those before, 0 if not told; never over `most`."""
        self.report(self.have, total)
        looked = self.have
        with guarded(f"writing {self.path}"):
            file = self.path.open("ab", buffering=0)
        with file:
            while chunk := self._read(reply):
                if self.have == 0:
                    check_beginning(self.origin, chunk)
                with guarded(f"writing {self.path}"):
                    left = memoryview(chunk)
                    while left:
                        left = left[file.write(left) or 0 :]
                self.hash.update(chunk)
                self.have += len(chunk)
                self.report(self.have, total)
                if 0 < most < self.have:
                    self._start_over(f"the server sent more than the {most:,} bytes of the file")
                if not most and self.have - looked >= STEP:
                    looked = self.have
                    self._check_room(STEP, f"The rest of {self.origin.file}")
        if self.have < total:
            reason = f"the connection ended after {self.have:,} of {total:,} bytes"
            raise FaultError(reason)

    def _check_room(self, needed: int, what: str) -> None:
        check_room(self.target.parent, needed, what, variable=folder_variable(self.origin.home))

    def _read(self, reply: Reply) -> bytes:
        try:
            return reply.body.read(RECEIVED)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = f"the connection broke after {self.have:,} bytes"
            raise FaultError(reason) from error


def folder_variable(home: Home | None) -> str:
    """Return the variable that says where what comes from a repository is kept."""
    return "EEX_SETS_DIR" if home is not None and home.kind == "dataset" else "EEX_MODELS_DIR"


def check_room(folder: Path, needed: int, what: str, *, variable: str) -> None:
    """Refuse before anything is written if the disk has no room for `needed` bytes.

    Args:
        folder: Where it shall lie; it is made.
        needed: Bytes.
        what: What needs them.
        variable: Environment variable by which the folder is chosen; empty where the user named it.

    Raises:
        OutputError: If it has not.
    """
    with guarded(f"writing into {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if needed > 0 and needed + SPARE_BYTES > free:
        message = f"{what} needs {_size(needed)} in {folder}, where {_size(free)} are free."
        other = f"point {variable} elsewhere" if variable else "choose a folder on another disk"
        raise OutputError(message, hint=f"Free some space, or {other}.")


def _size(count: int) -> str:
    """Return bytes for people."""
    if count >= LARGE:
        return f"{count / 1e9:,.2f} GB"
    return f"{count / 1e6:.1f} MB" if count >= LARGE / 1e3 else f"{count / 1e3:.1f} kB"


def read_note(target: Path) -> Note:
    """Return the note of a file; an empty one if there is none that can be used."""
    try:
        note = Note(**json.loads(note_path(target).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Note()
    texts = (note.url, note.etag, note.sha256, note.commit)
    whole = all(isinstance(text, str) and text.isprintable() for text in texts)
    return note if whole and isinstance(note.size, int) else Note()


def _write_note(target: Path, note: Note) -> None:
    write_bytes(note_path(target), json.dumps(asdict(note), indent=1).encode())
