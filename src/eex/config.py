"""Settings: one frozen record, read once at the edge (command line or server) and handed down.

Environment variables (all optional):

    EEX_CACHE_DIR   where prepared sets live; default: the system's cache directory for `eex`
    EEX_THREADS     threads that scan vectors; default: the processors this process may use
    EEX_HOST        address to serve on; default 127.0.0.1
    EEX_PORT        port to serve on; default 8000
    EEX_ALLOWED_HOSTS  host names that are answered to, with commas; needed behind a proxy on
                    this machine; default: any, but on loopback only its own names
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

MAX_PICTURE_PIXELS = 40_000_000
"""Largest picture that is decoded, width times height."""


LONGEST = 9
"""Most digits of a number in the environment."""


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
    allowed_hosts: tuple[str, ...] = ()
    """Host names that the server answers to; empty: any, but on loopback only its own."""

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
        try:
            cache_dir = Path(cache).expanduser()
        except RuntimeError as error:
            message = f"EEX_CACHE_DIR is {cache!r}, but there is no such user."
            raise BadQueryError(message, hint="Give a folder.") from error
        return cls(
            cache_dir=cache_dir,
            threads=_integer(env, "EEX_THREADS", processors(), low=1),
            host=env.get("EEX_HOST", "127.0.0.1"),
            port=_integer(env, "EEX_PORT", 8000, low=0),
            allowed_hosts=tuple(h for h in env.get("EEX_ALLOWED_HOSTS", "").split(",") if h),
        )


def _integer(env: Mapping[str, str], name: str, default: int, *, low: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or len(text) > LONGEST or int(text) < low:
        message = f"{name} must be a whole number of at least {low}, got {text[:20]!r}."
        raise BadQueryError(message, hint=f"Unset {name} to use {default}.")
    return int(text)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
