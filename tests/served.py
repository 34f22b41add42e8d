"""A server in a process of its own, as people start it, until the test is done."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120.0
"""Seconds within which a server must answer."""

OURS = ("EEX_", "HF_", "GRADIO_")
"""Beginnings of variables that are not handed down from who runs the tests."""


@contextmanager
def server_process(
    command: Sequence[str | Path],
    *,
    port: int,
    environment: Mapping[str, str],
    path: str = "/api/v1/health",
) -> Iterator[str]:
    """Start a command, wait until it answers on loopback, and end it with SIGTERM.

    Yields:
        The address, without a slash at the end.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    process = subprocess.Popen(
        list(map(str, command)),
        env={**kept, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address + path)
        yield address
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def _wait(process: subprocess.Popen[str], url: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        if process.poll() is not None:
            assert process.stderr is not None
            message = f"the server ended with {process.returncode}: {process.stderr.read()}"
            raise AssertionError(message)
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as error:  # it answers, if only with a refusal
            error.close()
            return
        except OSError:
            assert time.monotonic() < until, f"nobody answers at {url}"
            time.sleep(0.1)
        else:
            return
