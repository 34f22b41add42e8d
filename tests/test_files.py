"""Files and folders appear whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from eex import files
from eex.errors import BadQueryError, OutputError
from eex.files import (
    atomic_folder,
    atomic_path,
    check_writable,
    guarded,
    making,
    user_path,
    write_bytes,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as fresh:
        fresh.write_text("half")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_write_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    write_bytes(path, b"new")
    assert path.read_text() == "new"
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_failed_folder_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "f") as fresh:
        (fresh / "part").write_text("half")
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def ours(folder: Path, *, pid: int, host: str = "") -> Path:
    """Make what a process would have left in the folder if it had been killed."""
    left = folder / f".a.eex-{host or files._host()}-{pid}-{'0f' * 8}"
    left.mkdir()
    (left / "part").write_text("half")
    return left


@pytest.fixture
def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_what_a_killed_process_left_in_the_cache_is_cleared(tmp_path: Path, dead_pid: int) -> None:
    killed = ours(tmp_path, pid=dead_pid)
    alive = ours(tmp_path, pid=os.getppid())
    elsewhere = ours(tmp_path, pid=dead_pid, host="0" * 8)
    long_ago = ours(tmp_path, pid=dead_pid, host="1" * 8)
    for path in (long_ago, long_ago / "part", elsewhere):
        os.utime(path, (0, 0))
    with making(tmp_path / "b"):
        assert alive.is_dir()
        assert elsewhere.is_dir()
        assert not killed.exists()
        assert not long_ago.exists()


USERS = [".a.txt.swp", ".a.swp", ".a.txt.old.txt", ".a.eex-notes", ".a.eex-1-2.txt", ".a.txt.d/x"]


def test_files_of_others_are_never_cleared(tmp_path: Path, dead_pid: int) -> None:
    ours(tmp_path, pid=dead_pid)
    for name in USERS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
        os.utime(tmp_path / name, (0, 0))
    before = sorted(tmp_path.rglob("*"))
    write_bytes(tmp_path / "a.txt", b"new")
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "a.txt"])
    with making(tmp_path / "a.txt"):
        assert all((tmp_path / name).is_file() for name in USERS)


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "a.txt", tmp_path / "b.txt"
    target.parent.mkdir()
    link.symlink_to(target)
    for text in (b"one", b"two"):
        write_bytes(link, text)
        assert link.is_symlink()
        assert target.read_bytes() == text


def test_an_old_file_keeps_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o600)
    write_bytes(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_devices_and_pipes_are_written_to_and_stay(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    write_bytes(Path("/dev/null"), b"gone")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("to_file", [True, False])
def test_standard_output_can_be_written_to(tmp_path: Path, *, to_file: bool) -> None:
    code = (
        "from pathlib import Path; from eex.files import *; write_bytes(Path('/dev/stdout'), b'x')"
    )
    caught = tmp_path / "out.txt"
    with caught.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=out if to_file else subprocess.PIPE, check=True
        )
    assert (caught.read_bytes() if to_file else done.stdout) == b"x"
    assert list(tmp_path.iterdir()) == [caught]


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        write_bytes(tmp_path, b"x")


def test_what_appears_is_on_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        synced.append("fresh" if ".eex-" in path.name else path.name)
        assert (tmp_path / "f").exists() == (path == tmp_path)  # it alone comes after

    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc tells which file is synced")
    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_folder(tmp_path / "f") as fresh:
        (fresh / "inner").mkdir()
        (fresh / "inner" / "part").write_text("whole")
    assert sorted(synced) == sorted(["part", "inner", "fresh", tmp_path.name])
    assert synced[-2:] == ["fresh", tmp_path.name]


def test_a_place_that_cannot_be_written_is_told_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "a.txt")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.txt", tmp_path / "file" / "b" / "a.txt", Path("/proc/a")):
        with pytest.raises(OutputError, match="Stopped writing"):
            check_writable(path)


def test_paths_of_users_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/a.png") == tmp_path / "a.png"
    assert user_path(Path("a/b.png")) == Path("a/b.png")


@pytest.mark.parametrize(
    "text", ["", "~nouserofthisname/x.png", "a\0b.png", "a" * 300, "/x" * 5000, "\ud800.png"]
)
def test_what_cannot_be_a_path_is_told(text: str) -> None:
    with pytest.raises(BadQueryError, match="path") as caught:
        user_path(text)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_one_process_makes_and_others_wait(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from eex.files import making\n"
        "log = Path(sys.argv[1]) / 'log'\n"
        "with making(Path(sys.argv[1]) / 'a'):\n"
        "    for word in ('in', 'out'):\n"
        "        with log.open('a') as out: print(word, file=out)\n"
        "        time.sleep(0.2)"
    )
    makers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [maker.wait() for maker in makers] == [0, 0, 0]
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 3


def test_two_makers_of_one_folder_agree(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "f") as one, atomic_folder(tmp_path / "f") as two:
        for fresh in (one, two):
            (fresh / "part").write_text("same")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.ENOENT, "not exist")],
)
def test_a_refusal_of_the_system_becomes_a_sentence(number: int, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught, guarded("writing x"):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path) -> None:
    """The limit on file size stands for a full disk: the system refuses in the middle."""
    code = (
        "import sys; from pathlib import Path; from eex.files import write_bytes; "
        "from eex.errors import OutputError\n"
        "try: write_bytes(Path(sys.argv[1]), bytes(10_000_000))\n"
        "except OutputError as error: print(error)"
    )
    path = tmp_path / "big.bin"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert "too large" in done.stdout
    assert list(tmp_path.iterdir()) == []
