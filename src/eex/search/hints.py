"""Hints that name options of `eex open`, as they are for who calls `eex.open_set`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from eex.errors import EexError

_IN_PYTHON = re.compile(r" \([^()]* in Python\)")
"""What a hint for the command line says of Python."""

_COLUMN = re.compile(r"--column (\w+)=([^\s;,]*[^\s;,.?])")

_WORDS = {
    "--bbox W,S,E,N": "bbox=(W, S, E, N)",
    "--rows A:B": "rows=(A, B)",
    "--shards 1,3-5": 'shards="1,3-5"',
    "--as": "called",
    "--from": "source",
    "--yes": "large=True",
    "--refresh": "refresh=True",
    "--file": "file",
    "--shards": "shards",
    "--rows": "rows",
    "--bbox": "bbox",
    "--dtype": "dtype",
    "--model": "model",
    "--variant": "variant",
    "--scale": "scale",
    "--offset": "offset",
    "--catalog": "catalog",
}
"""Options, and the arguments that are the same."""


@contextmanager
def hints_for_python() -> Iterator[None]:
    """Have errors that pass name arguments where their hints name options."""
    try:
        yield
    except EexError as error:
        hint = in_python(error.hint)
        if hint != error.hint:
            notes = error.__notes__
            notes[:] = [hint if note == error.hint else note for note in notes]
            error.hint = hint
        raise


def in_python(hint: str) -> str:
    """Return a hint with the arguments of `open_set`; commands stay as they are typed."""
    if hint.startswith("eex "):
        return hint
    hint = _COLUMN.sub(r'columns={"\1": "\2"}', _IN_PYTHON.sub("", hint))
    for option, argument in _WORDS.items():
        hint = re.sub(rf"{re.escape(option)}(?![\w-])", argument, hint)
    return hint
