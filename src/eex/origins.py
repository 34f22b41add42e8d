"""What the outside says of a server's neighbours: who may ask it, and whose maps it offers.

In: text of environment variables. Out: plain values that are safe to stand in headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from eex.errors import BadQueryError

SHORTEST_TOKEN, LONGEST_TOKEN = 8, 1_000
"""Characters of a token."""

MOST_SOURCES = 20
"""Online maps that are offered."""

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_PORT = r"(?::\d{1,5})?"
_ORIGIN = re.compile(rf"https?://{_HOST}{_PORT}")
_WILD = re.compile(rf"https?://(?:\*\.)?{_HOST}{_PORT}")
_ROOT = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_TOKEN = re.compile(r"[!-~]+")
_ADDRESS = re.compile(r"[!-~]+")


@dataclass(frozen=True, kw_only=True)
class TileSource:
    """An online map of Web-Mercator tiles."""

    name: str
    """What it is called in the page."""
    url: str
    """Address of a tile, with {z}, {x} and {y}."""
    attribution: str
    """Credit, shown with the map."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def origins(name: str, text: str, *, wild: bool = False) -> tuple[str, ...]:
    """Read origins with commas between them.

    Args:
        name: Of the environment variable.
        text: What it says.
        wild: Also take all hosts below one, `https://*.example`.

    Raises:
        BadQueryError: If one is not an origin.
    """
    found = [entry.strip().rstrip("/").lower() for entry in text.split(",") if entry.strip()]
    for origin in found:
        if not (_WILD if wild else _ORIGIN).fullmatch(origin):
            message = f"{name} has {origin[:80]!r}, which is not an origin."
            hint = "An origin is scheme and host, such as https://earth.example or http://host:81."
            raise BadQueryError(message, hint=hint)
    return tuple(dict.fromkeys(found))


def root_path(text: str) -> str:
    """Read a path prefix; it has a slash in front and none at its end.

    Raises:
        BadQueryError: If it is not one.
    """
    path = text.strip().rstrip("/")
    if path and not path.startswith("/"):
        path = f"/{path}"
    if not _ROOT.fullmatch(path) or {".", ".."} & set(path.split("/")):
        message = f"EEX_ROOT_PATH is {text[:80]!r}, which is not a path."
        raise BadQueryError(message, hint="Such as /earth: letters, digits, . _ ~ - and slashes.")
    return path


def token_of(env: Mapping[str, str]) -> str:
    """Read the token that clients must show, from EEX_TOKEN or the file EEX_TOKEN_FILE.

    Raises:
        BadQueryError: If the file cannot be read, or the token is too short to be one.
    """
    text, file = env.get("EEX_TOKEN", ""), env.get("EEX_TOKEN_FILE", "")
    if text and file:
        message = "EEX_TOKEN and EEX_TOKEN_FILE are both set."
        raise BadQueryError(message, hint="Set one of both.")
    name = "EEX_TOKEN"
    if file:
        name = "EEX_TOKEN_FILE"
        try:
            text = Path(file).expanduser().read_text(encoding="ascii")
        except (OSError, RuntimeError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not plain text"
            message = f"EEX_TOKEN_FILE, {file}, cannot be read: {why}."
            raise BadQueryError(message, hint="Give a file with the token in it.") from error
    token = text.strip()
    if not token and not file:
        return ""
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        message = f"{name} must have {SHORTEST_TOKEN} to {LONGEST_TOKEN:,} ASCII characters."
        hint = (
            "Without spaces; make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
        raise BadQueryError(message, hint=hint)
    return token


def tile_sources(text: str) -> tuple[TileSource, ...]:
    """Read online maps, NAME=ADDRESS|CREDIT with semicolons or line ends between them.

    Raises:
        BadQueryError: If one is not an address of tiles.
    """
    entries = [entry.strip() for entry in re.split(r"[;\n]", text) if entry.strip()]
    found = tuple(map(_tile_source, entries))
    if len(found) > MOST_SOURCES or len({source.name for source in found}) < len(found):
        message = f"EEX_TILE_SOURCES has {len(found)} maps, or one name twice."
        raise BadQueryError(message, hint=f"At most {MOST_SOURCES}, each with a name of its own.")
    return found


def _tile_source(entry: str) -> TileSource:
    name, _, rest = entry.partition("=")
    url, _, credit = (piece.strip() for piece in rest.partition("|"))
    made = TileSource(name=name.strip(), url=url, attribution=credit)
    marks = all(url.count(mark) == 1 for mark in ("{z}", "{x}", "{y}"))
    plain = bool(_ADDRESS.fullmatch(url)) and not re.search(r"[{}]", re.sub(r"{[xyz]}", "", url))
    with suppress(ValueError):  # brackets that hold no address
        if made.name and marks and plain and _ORIGIN.fullmatch(made.origin.lower()) and credit:
            return made
    message = f"EEX_TILE_SOURCES has {entry[:80]!r}, which is not a map."
    hint = (
        "Such as Satellite=https://tiles.example/{z}/{x}/{y}.jpg|© Example: name, address, credit."
    )
    raise BadQueryError(message, hint=hint)
