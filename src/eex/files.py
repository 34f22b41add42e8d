"""Files and folders that appear whole or not at all, and plain words when a disk refuses."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from eex.errors import BadQueryError, EexError, OutputError

ABANDONED_SECONDS = 24 * 3600
"""What nobody wrote to for so long was left behind, where its process cannot be asked after."""

_OURS = re.compile(r"\..*\.eex-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{16}(\.\w*)?")
"""What a temporary file or folder of ours is called."""

_STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
"""Where paths that are open files begin: replacing what they lead to would cut them off."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose a folder on another disk."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or choose another folder."),
    errno.EACCES: ("permission is denied", "Choose a folder that you may write to."),
    errno.EROFS: ("the file system is read-only", "Choose a folder that you may write to."),
    errno.ENOENT: ("the folder does not exist", "Make it first, or choose another."),
    errno.EISDIR: ("it is a folder", "Give a file name."),
    errno.EEXIST: ("a file is in the way of a folder", "Choose another path."),
    errno.ENOTDIR: ("part of the path is a file", "Choose another path."),
    errno.EFBIG: ("the file would be too large", "Choose another disk."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
}


def user_path(text: str | Path) -> Path:
    """Return the path that a user means, `~` and `~name` expanded.

    Raises:
        BadQueryError: If no path can be called that: nothing, no such user, a NUL, too long.
    """
    try:
        path = Path(text).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.lstat()
    except (RuntimeError, ValueError, OSError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        message = f"{_short(text)} cannot be a path: {reason.rstrip('.')}."
        raise BadQueryError(message, hint="Check the path.") from error
    if not str(text):
        message = "The path is empty."
        raise BadQueryError(message, hint="Name a file.")
    return path


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


def check_writable(path: Path) -> None:
    """Refuse a place where no file can be made before any work is done for it; make its folder.

    Raises:
        OutputError: If nothing can be written beside `path`.
    """
    with guarded(f"writing {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if (target := _target(path)) is not None:
            fresh = _beside(target)
            fresh.touch()
            fresh.unlink()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` on success and vanishes on failure.

    The last suffix is kept, since writers look at it; a link stays one, and what it leads to is
    replaced. What is not a plain file, such as `/dev/stdout`, is written to directly.
    """
    target = _target(path)
    if target is None:
        yield path
        return
    fresh = _beside(target)
    fresh.touch(exist_ok=False)
    try:
        yield fresh
        with suppress(FileNotFoundError):
            fresh.chmod(stat.S_IMODE(target.stat().st_mode))
        put_in_place(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def put_in_place(fresh: Path, path: Path) -> None:
    """Give a finished file its name, in the same folder, once all of it is on the disk."""
    _sync(fresh)
    fresh.replace(path)
    _sync(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `path` on success and vanishes on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _beside(path)
    fresh.mkdir()
    try:
        yield fresh
        for part in fresh.rglob("*"):
            _sync(part)
        _sync(fresh)
        try:
            fresh.rename(path)
        except OSError:
            if not path.is_dir():  # another process was first, with the same content
                raise
        _sync(path.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that vanishes in the end."""
    fresh = _beside(path.absolute())
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def making(path: Path, *, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold `path`, which lies in our cache, so that one process makes it and others wait.

    Its folder is made, and cleared of what killed processes left. `waiting` is called once if
    another process is at it.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        lock = FileLock(path.with_name(f".{path.name}.lock"))
        with suppress(NotImplementedError):  # a file system without locks: both make it, one wins
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if waiting is not None:
                    waiting()
                lock.acquire()
            held.callback(lock.release)
        clear_abandoned(path.parent)
        yield


def clear_abandoned(folder: Path) -> None:
    """Remove temporary files and folders that killed processes of ours left in a folder."""
    for left in folder.iterdir():
        if _abandoned(left):
            with suppress(OSError):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def remove_empty(folder: Path) -> None:
    """Remove a folder, and those in it, as far as there is nothing in them."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                remove_empty(path)
        folder.rmdir()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    with guarded(f"writing {path}"), atomic_path(path) as fresh:
        fresh.write_bytes(content)


def _target(path: Path) -> Path | None:
    """Return the plain file that is to be replaced, links followed; None to write directly."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode) or str(path.absolute()).startswith(_STREAMS):
            return None
    return path.resolve()


def _beside(path: Path) -> Path:
    """Return an unused temporary path beside `path` that says who made it."""
    mark = f"{_host()}-{os.getpid()}-{os.urandom(8).hex()}"
    return path.with_name(f".{path.stem[:40]}.eex-{mark}{path.suffix}")


def _host() -> str:
    import platform

    return f"{zlib.crc32(platform.node().encode()):08x}"


def _abandoned(path: Path) -> bool:
    """Whether a temporary file or folder of ours was left by a process that was killed."""
    ours = _OURS.fullmatch(path.name)
    if ours is None:
        return False
    if ours["host"] == _host() and _gone(int(ours["pid"])):
        return True
    with suppress(OSError):
        newest = max(part.stat().st_mtime for part in (path, *path.rglob("*")))
        return time.time() - newest > ABANDONED_SECONDS
    return False


def _gone(process: int) -> bool:
    if os.name == "posix":  # elsewhere, asking by signal 0 would end it
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:
            pass
    return False


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # which opens no folders
        return
    handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        with suppress(OSError) if folder else nullcontext():  # some file systems sync no folders
            os.fsync(handle)
    finally:
        os.close(handle)


def _short(text: str | Path) -> str:
    shown = repr(str(text))
    return shown if len(shown) < 80 else f"{shown[:60]}…'"  # noqa: PLR2004
