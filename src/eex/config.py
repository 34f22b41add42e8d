"""Settings: one frozen record, read once at the edge (command line or server) and handed down.

Environment variables (all optional):

    EEX_CACHE_DIR   where prepared sets live; default: the system's cache directory for `eex`
    EEX_THREADS     threads that scan vectors; default: the processors this process may use
    EEX_HOST        address to serve on; default 127.0.0.1
    EEX_PORT        port to serve on; default 8000
    EEX_MODELS_DIR  where weights of models are kept; default: the system's data directory for `eex`
    EEX_SETS_DIR    where opened sets are kept; default: the system's data directory for `eex`
    EEX_DEVICE      what networks run on: auto, cpu, cuda, mps; default auto
    EEX_PRECISION   their number format: float32, float16, bfloat16; default float32
    EEX_MODEL_MEMORY  most memory of loaded models, MiB; default 8192; the least used are put away
    EEX_HUB         where weights are fetched: huggingface, modelscope.cn, modelscope.ai or the
                    address of a mirror; default huggingface
    HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN, HF_HOME, HF_HUB_CACHE   as Hugging Face's own tools
                    read them
    EEX_CATALOG     further records of embedding sets: TOML or JSON files, with the system's path
                    separator between them
    EEX_FETCH_HOSTS hosts that addresses in data files may lead to although they are not public,
                    with commas, such as minio.internal,127.0.0.1:9000; default: none
    EEX_PIXEL_CACHE  most disk that fetched pixels take, MiB; default 2048; the oldest go first
    EEX_ENGINE      what ranks the tiles of sets that are served; those for which it was not built
                    are ranked by exact; default exact
    EEX_ENGINE_OPTIONS  its options, NAME=VALUE with commas, such as nprobe=64
    EEX_SEARCHES    searches that a server runs at once; default 32
    EEX_SEARCHES_WAITING  those that wait for their turn, further ones are told to come again;
                    default 64
    EEX_SEARCH_MEMORY  most memory of running searches, MiB, about; default 1024
    EEX_ALLOWED_HOSTS  host names that are answered to, with commas; needed behind a proxy on
                    this machine; default: any, but on loopback only its own names
    EEX_FRAME_ANCESTORS  sites whose pages may show this one in a frame, with commas, such as
                    https://huggingface.co or https://*.hf.space; default: none
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eex.errors import BadQueryError
from eex.origins import TileSource, origins, root_path, tile_sources, token_of

MAX_K = 50_000
"""Most rows that one answer lists."""

MAX_TEXT = 2_000
"""Most characters that one text query has."""

MAX_PICTURE_BYTES = 32 * 2**20
"""Largest picture file that is read, bytes."""

MAX_PICTURE_PIXELS = 40_000_000
"""Largest picture that is decoded, width times height."""


PRECISIONS = ("float32", "float16", "bfloat16")
"""Number formats that networks run in, the default first."""

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
    frame_ancestors: tuple[str, ...] = ()
    """Sites whose pages may show the server's page in a frame, beside its own."""
    root_path: str = ""
    """Path prefix that a proxy serves this under; empty or with a slash in front only."""
    token: str = field(default="", repr=False)
    """What clients must show; empty for nothing."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may ask the API, besides the server's own."""
    tile_sources: tuple[TileSource, ...] = ()
    """Online maps that the page offers."""
    models_dir: Path | None = None
    """Weights of models are kept here; None: `models` in `cache_dir`."""
    sets_dir: Path | None = None
    """Opened sets and their downloads are kept here; None: `named` in `cache_dir`."""
    device: str = "auto"
    """What networks run on."""
    precision: str = "float32"
    """Number format of networks."""
    model_memory: int = 8192 * 2**20
    """Most memory of loaded models, bytes."""
    hub: str = "huggingface"
    """Hub or mirror that weights are fetched from."""
    hub_endpoint: str = "https://huggingface.co"
    """Address of Hugging Face or of its mirror."""
    hub_cache: Path | None = None
    """Cache of Hugging Face's own tools, looked into before anything is fetched."""
    hub_token: str = field(default="", repr=False)
    """Token for Hugging Face; never written anywhere."""
    offline: bool = False
    """Whether nothing may be fetched."""
    catalogs: tuple[Path, ...] = ()
    """Files with further records of embedding sets."""
    fetch_hosts: tuple[str, ...] = ()
    """Hosts, or host:port, that addresses in data files may lead to although not public."""
    engine: str = "exact"
    """What ranks the tiles of sets that are served, where it was built."""
    engine_options: tuple[tuple[str, str], ...] = ()
    """Of the engine, name and value as text."""
    searches: int = 32
    """Searches that a server runs at once; those of one set share reads of its vectors."""
    searches_waiting: int = 64
    """Searches that wait for their turn at a server; one more is told to come again."""
    search_memory: int = 2**30
    """Most memory of a server's running searches, bytes, about; one always runs."""
    pixel_cache: int = 2048 * 2**20
    """Most disk that fetched pixels take, bytes."""

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
        models = env.get("EEX_MODELS_DIR")
        if not models:
            from platformdirs import user_data_dir

            models = str(Path(user_data_dir("eex", appauthor=False)) / "models")
        sets = env.get("EEX_SETS_DIR")
        if not sets:
            from platformdirs import user_data_dir

            sets = str(Path(user_data_dir("eex", appauthor=False)) / "sets")
        home = env.get("HF_HOME") or "~/.cache/huggingface"
        return cls(
            cache_dir=_folder("EEX_CACHE_DIR", cache),
            models_dir=_folder("EEX_MODELS_DIR", models),
            sets_dir=_folder("EEX_SETS_DIR", sets),
            device=env.get("EEX_DEVICE") or "auto",
            precision=_one_of(env, "EEX_PRECISION", PRECISIONS),
            model_memory=_integer(env, "EEX_MODEL_MEMORY", 8192, low=1) * 2**20,
            hub=env.get("EEX_HUB") or "huggingface",
            hub_endpoint=(env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/"),
            hub_cache=_folder("HF_HUB_CACHE", env.get("HF_HUB_CACHE") or f"{home}/hub"),
            hub_token=env.get("HF_TOKEN", ""),
            offline=env.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"},
            catalogs=tuple(
                _folder("EEX_CATALOG", part)
                for part in env.get("EEX_CATALOG", "").split(os.pathsep)
                if part
            ),
            fetch_hosts=tuple(h.strip() for h in env.get("EEX_FETCH_HOSTS", "").split(",") if h),
            engine=env.get("EEX_ENGINE") or "exact",
            engine_options=_pairs("EEX_ENGINE_OPTIONS", env.get("EEX_ENGINE_OPTIONS", "")),
            searches=_integer(env, "EEX_SEARCHES", 32, low=1),
            searches_waiting=_integer(env, "EEX_SEARCHES_WAITING", 64, low=0),
            search_memory=_integer(env, "EEX_SEARCH_MEMORY", 1024, low=1) * 2**20,
            pixel_cache=_integer(env, "EEX_PIXEL_CACHE", 2048, low=0) * 2**20,
            threads=_integer(env, "EEX_THREADS", processors(), low=1),
            host=env.get("EEX_HOST", "127.0.0.1"),
            port=_integer(env, "EEX_PORT", 8000, low=0),
            allowed_hosts=tuple(
                h.strip() for h in env.get("EEX_ALLOWED_HOSTS", "").split(",") if h.strip()
            ),
            root_path=root_path(env.get("EEX_ROOT_PATH", "")),
            token=token_of(env),
            cors_origins=origins("EEX_CORS_ORIGINS", env.get("EEX_CORS_ORIGINS", "")),
            frame_ancestors=origins(
                "EEX_FRAME_ANCESTORS", env.get("EEX_FRAME_ANCESTORS", ""), wild=True
            ),
            tile_sources=tile_sources(env.get("EEX_TILE_SOURCES", "")),
        )


def _pairs(name: str, text: str) -> tuple[tuple[str, str], ...]:
    pairs = [entry.partition("=") for entry in text.split(",") if entry.strip()]
    for key, equals, value in pairs:
        if not equals or not key.strip():
            message = f"{name} must be NAME=VALUE with commas, got {(key + equals + value)[:40]!r}."
            raise BadQueryError(message, hint=f"Such as {name}=nprobe=64,rescore=20.")
    return tuple((key.strip(), value.strip()) for key, _, value in pairs)


def _folder(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        message = f"{name} is {text!r}, but there is no such user."
        raise BadQueryError(message, hint="Give a folder.") from error


def _one_of(env: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    text = env.get(name) or known[0]
    if text not in known:
        message = f"{name} must be one of {', '.join(known)}, got {text[:20]!r}."
        raise BadQueryError(message, hint=f"Unset {name} to use {known[0]}.")
    return text


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
