"""Promises of `eex.remote.keep`: bounded, whole or not at all, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eex.remote.keep import DiskCache


def used(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def test_what_is_kept_comes_back_also_to_another_process(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 10_000)
    assert cache.get("a") is None
    assert cache.put("a", b"one")
    assert cache.put("b", b"")
    assert cache.put("a", b"two")
    assert DiskCache(tmp_path, 10_000).get("a") == b"two"
    assert cache.get("b") == b""
    cache.drop("a")
    cache.drop("a")
    assert cache.get("a") is None


def test_the_least_used_goes_first_and_the_limit_holds(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 100_000)
    for number in range(9):
        cache.put(str(number), b"x" * 10_000)
        path = cache._path(str(number))
        os.utime(path, (1000 + number, 1000 + number))
    assert cache.get("0") is not None  # used now
    for number in range(9, 14):
        cache.put(str(number), b"x" * 10_000)
        assert used(tmp_path) <= 100_000
    assert cache.get("0") is not None
    assert cache.get("1") is None
    assert cache.get("13") is not None


def test_a_limit_holds_for_what_an_earlier_process_left(tmp_path: Path) -> None:
    large = DiskCache(tmp_path, 1_000_000)
    for number in range(50):
        large.put(str(number), b"x" * 10_000)
    DiskCache(tmp_path, 100_000).put("new", b"y")
    assert used(tmp_path) <= 100_000


def test_what_does_not_fit_is_not_kept(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "none", 0)
    assert not cache.put("a", b"")
    assert cache.get("a") is None
    assert not (tmp_path / "none").exists()
    assert not DiskCache(tmp_path, 1000).put("a", b"x" * 1000)


@pytest.mark.parametrize("key", ["../../escape", "/etc/passwd", "a" * 9000, "\0", "\ud800", ""])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "cache"
    cache = DiskCache(folder, 10_000)
    assert cache.put(key, b"here")
    assert cache.get(key) == b"here"
    assert {p.name for p in tmp_path.iterdir()} == {"cache"}
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 1


@pytest.mark.parametrize("damage", [b"", b"EEX1", b"x" * 100, None])
def test_damage_is_as_if_nothing_was_kept(tmp_path: Path, damage: bytes | None) -> None:
    cache = DiskCache(tmp_path, 10_000)
    cache.put("a", b"0123456789")
    path = cache._path("a")
    content = path.read_bytes()
    path.write_bytes(content[:-1] if damage is None else damage)
    assert cache.get("a") is None
    assert not path.exists()
    assert cache.put("a", b"again")
    assert cache.get("a") == b"again"


def test_a_disk_that_refuses_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    cache = DiskCache(blocked / "cache", 10_000)
    assert not cache.put("a", b"x")
    assert cache.get("a") is None

    full = DiskCache(tmp_path / "full", 10_000)
    full.put("a", b"before")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert not full.put("a", b"after")
    monkeypatch.undo()
    assert full.get("a") == b"before"
    assert not list((tmp_path / "full").rglob(".*"))


def test_many_threads_see_whole_values_only(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 300_000)

    def work(number: int) -> bool:
        body = bytes([number % 7]) * 20_000
        cache.put(str(number % 7), body)
        got = cache.get(str(number % 7))
        return got is None or got == body

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(200)))
    assert used(tmp_path) <= 300_000


def test_a_process_that_is_killed_while_it_writes_leaves_nothing_wrong(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from eex.remote.keep import DiskCache\n"
        f"cache = DiskCache(Path({str(tmp_path)!r}), 10**7)\n"
        "print('on', flush=True)\n"
        "while True:\n"
        "    for n in range(20): cache.put(str(n), bytes([n]) * 200_000)\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not cache_has(tmp_path):
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        cache = DiskCache(tmp_path, 10**7)
        for number in range(20):
            assert cache.get(str(number)) in {None, bytes([number]) * 200_000}
    left = next(iter(tmp_path.rglob(".*")), None)
    if left is not None:  # what was half written goes when the folder is looked over, later
        os.utime(left, (0, 0))
        DiskCache(tmp_path, 10**7).put("more", b"")
        assert not left.exists()


def cache_has(folder: Path) -> bool:
    return any(p.is_file() for p in folder.rglob("*"))
