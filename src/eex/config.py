"""Settings: one frozen record, read once at the edge (command line or server) and handed down.

Environment variables (all optional):

    EEX_CACHE_DIR   where prepared sets live; default: the system's cache directory for `eex`
    EEX_THREADS     threads that scan vectors; default: the processors this process may use
    EEX_HOST        address to serve on; default 127.0.0.1
    EEX_PORT        port to serve on; default 8000
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eex.errors import BadQueryError

MAX_K = 50_000
"""Most rows that one answer lists."""

MAX_TEXT = 2_000
"""Most characters that one text query has."""

MAX_PICTURE_BYTES = 32 * 2**20
"""Largest picture file that is read, bytes."""

MAX_PICTURE_PIXELS = 64_000_000
"""Largest picture that is decoded, width times height."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the outside decides."""

    cache_dir: Path
    """Prepared sets are kept here."""
    threads: int
    """Threads that scan vectors, at least 1."""
    host: str = "127.0.0.1"
    """Address to serve on; loopback unless told otherwise."""
    port: int = 8000
    """Port to serve on; 0 takes a free one."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables.

        Raises:
            BadQueryError: If a number is not a number.
        """
        env = os.environ if environ is None else environ
        cache = env.get("EEX_CACHE_DIR")
        if not cache:
            from platformdirs import user_cache_dir

            cache = user_cache_dir("eex", appauthor=False)
        return cls(
            cache_dir=Path(cache).expanduser(),
            threads=_integer(env, "EEX_THREADS", _processors(), low=1),
            host=env.get("EEX_HOST", "127.0.0.1"),
            port=_integer(env, "EEX_PORT", 8000, low=0),
        )


def _integer(env: Mapping[str, str], name: str, default: int, *, low: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < low:
        message = f"{name} must be a whole number of at least {low}, got {text!r}."
        raise BadQueryError(message, hint=f"Unset {name} to use {default}.")
    return int(text)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
