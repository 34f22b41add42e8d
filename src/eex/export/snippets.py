"""A query as code that asks it again: a Python script, a command for curl.

Pictures are too large to be read in code, so the script reads them from files and says which.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import pprint
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BASE = "http://127.0.0.1:8000/"
"""Where `eex serve` answers unless told otherwise."""

WIDTH = 92
"""Columns of a line of code."""

LONGEST = 60_000
"""Most bytes of a query that is an argument of curl; systems take 128 KiB at most."""

SIGNS = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"RIFF", "webp"),
)
"""How files of pictures begin."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class _Picture:
    """A picture that stands in a file."""

    variable: str
    file: str
    sha256: str

    def __repr__(self) -> str:
        return self.variable


def python_snippet(recipe: Mapping[str, Any]) -> str:
    """Return a Python script that asks a query again and prints the answer."""
    record, pictures = _taken_out(recipe)
    lines = ["# pip install earth-embedding-explorer"]
    if any(name != "world" for name in _sets(record)):
        lines.append("# A set that is not open here is opened once: eex open NAME")
    if pictures:
        lines += ["import base64", "from pathlib import Path", ""]
    lines += ["import eex", ""]
    for picture in pictures:
        lines += [
            f"# The picture is not in this script. Put it beside it as {picture.file}",
            f"# (SHA-256 {picture.sha256}).",
            f"{picture.variable} = base64.b64encode(Path({picture.file!r}).read_bytes()).decode()",
            "",
        ]
    query = pprint.pformat(record, width=WIDTH - len("query = "), sort_dicts=False)
    query = query.replace("\n", "\n" + " " * len("query = "))
    lines += [f"query = {query}", "found = eex.ask(query)", "print(found)"]
    return "\n".join(lines) + "\n"


def curl_snippet(recipe: Mapping[str, Any], base: str = BASE, *, token: bool = False) -> str:
    """Return a command for a POSIX shell that asks a query again over HTTP.

    Args:
        recipe: The query.
        base: Address of the server.
        token: Whether it asks for one; the command shows that of the variable EEX_TOKEN.
    """
    record, pictures = _taken_out(recipe)
    address = shlex.quote(f"{base.rstrip('/')}/api/v1/search")
    call = f"curl -sS {address} -H 'content-type: application/json'"
    if token:
        call += ' -H "authorization: Bearer ${EEX_TOKEN:?set it to the token}"'
    pieces = _pieces(record)
    if not pictures and len(pieces[0].encode()) <= LONGEST:
        return f"{call} \\\n  --data-raw {shlex.quote(pieces[0])}\n"
    lines = [
        line
        for picture in pictures
        for line in (
            f"# The picture is not in this command. Put it here as {picture.file}",
            f"# (SHA-256 {picture.sha256}).",
        )
    ]
    body = f"  printf '%s' {shlex.quote(pieces[0])}\n"
    for picture, piece in zip(pictures, pieces[1:], strict=True):
        body += f"  base64 < {picture.file} | tr -d '\\n'\n  printf '%s' {shlex.quote(piece)}\n"
    return "\n".join([*lines, f"{{\n{body}}} | {call} --data-binary @-", ""])


def _pieces(record: dict[str, Any]) -> list[str]:
    """Return a query as JSON, in pieces between which the pictures go."""
    text = ""
    pieces: list[str] = []
    for part in record.get("parts", ()):
        text += ", " if text or pieces else ""
        if isinstance(part.get("data"), _Picture):
            rest = {name: value for name, value in part.items() if name != "data"}
            pieces.append(f'{text}{_json(rest)[:-1]}, "data": "')
            text = '"}'
        else:
            text += _json(part)
    pieces.append(f"{text}]}}")
    rest = {name: value for name, value in record.items() if name != "parts"}
    before = f"{_json(rest)[:-1]}, " if rest else "{"
    pieces[0] = f'{before}"parts": [{pieces[0]}'
    return pieces


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False)


def _taken_out(recipe: Mapping[str, Any]) -> tuple[dict[str, Any], list[_Picture]]:
    """Return a query without what says nothing, and its pictures, which names stand for."""
    record = {
        name: value
        for name, value in recipe.items()
        if value is not None and value not in ([], {}, ())
    }
    pictures: list[_Picture] = []
    parts = []
    for given in record.get("parts", ()):
        part = dict(given)
        if part.get("kind") == "image":
            number = len(pictures) + 1
            pictures.append(_picture(part, number))
            part.pop("sha256", None)
            part["data"] = pictures[-1]
        parts.append(part)
    if parts:
        record["parts"] = parts
    return record, pictures


def _picture(part: Mapping[str, Any], number: int) -> _Picture:
    try:
        data = base64.b64decode(part.get("data") or "")
    except (ValueError, binascii.Error):
        data = b""
    ending = next((f".{name}" for sign, name in SIGNS if data.startswith(sign)), "")
    told = hashlib.sha256(data).hexdigest() if data else str(part.get("sha256"))
    if not _SHA256.fullmatch(told):
        told = "not known"
    return _Picture(f"picture_{number}", f"picture-{number}{ending}", told)


def _sets(record: Mapping[str, Any]) -> list[str]:
    return list(record.get("sets") or [record.get("set", "world")])
