"""Files and folders appear whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from eex.errors import OutputError
from eex.files import atomic_folder, atomic_path, guarded, write_bytes


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


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.txt.old.txt", tmp_path / ".a.txt.young.txt"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (0, 0))
    write_bytes(tmp_path / "a.txt", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.txt.young.txt", "a.txt"]


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
