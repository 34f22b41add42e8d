"""Files and folders that appear whole or not at all, and plain words when a disk refuses."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eex.errors import EexError, OutputError

ABANDONED_SECONDS = 3600
"""Temporary files older than this were left by a process that was killed."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or point EEX_CACHE_DIR elsewhere."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or choose another folder."),
    errno.EACCES: ("permission is denied", "Choose a folder that you may write to."),
    errno.EROFS: ("the file system is read-only", "Choose a folder that you may write to."),
    errno.ENOENT: ("the folder does not exist", "Make it first, or choose another."),
    errno.EISDIR: ("it is a folder", "Give a file name."),
    errno.ENOTDIR: ("part of the path is a file", "Choose another path."),
    errno.EFBIG: ("the file would be too large", "Choose another disk."),
}


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn the system's refusals while `doing` something into one clear sentence.

    Raises:
        OutputError: In place of an `OSError` that is not already ours.
    """
    try:
        yield
    except EexError:
        raise
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
        message = f"Stopped {doing}: {reason}."
        raise OutputError(message, hint=hint) from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` on success and vanishes on failure.

    The last suffix is kept, since writers look at it.
    """
    prefix = _prefix(path)
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
        fresh.chmod(0o666 & ~_umask())
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `path` on success and vanishes on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=_prefix(path), dir=path.parent))
    fresh.chmod(0o777 & ~_umask())
    try:
        yield fresh
        try:
            fresh.rename(path)
        except OSError:
            if not path.is_dir():  # another process was first, with the same content
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    with guarded(f"writing {path}"), atomic_path(path) as fresh:
        fresh.write_bytes(content)


def _prefix(path: Path) -> str:
    """Return how temporary names for `path` begin, after clearing what killed processes left."""
    prefix = f".{path.name[:40]}."
    for left in path.parent.glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    return prefix


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
