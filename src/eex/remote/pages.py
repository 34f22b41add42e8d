"""What the pages of a column chunk say of themselves, before anything is unpacked.

A few bytes may say that they become gigabytes, and a reader makes room for them first.

Source:
    Apache Parquet format 2.10, parquet.thrift; Apache Thrift, compact protocol.
"""

from __future__ import annotations

IMPOSSIBLE = 2**62
"""Size of what are no pages: more than is ever read."""

_I16, _I32, _I64, _BINARY, _LIST, _SET, _STRUCT = 4, 5, 6, 8, 9, 10, 12

_WITH_VALUES = (5, 8)
"""Fields of a page's head that say how many values it has: data page, data page version 2."""

_INNER = 1000
"""Fields of structures within are told as this many times the outer field, and the inner one."""

_FIXED = {1: 0, 2: 0, 3: 1, 7: 8}
"""Bytes of booleans (in the field's head), one-byte numbers and doubles."""

_DEEPEST = 8
"""Structures within each other; heads of pages have three."""

MOST_VALUES = 250_000
"""Most values in all heads of one chunk; a head has some 15, and a page about a megabyte. Five
bytes make an empty page, and 64 MiB of heads alone would take minutes to look through."""


def unpacked_size(chunk: bytes) -> int:
    """Return how many bytes the pages of a chunk say they have once unpacked.

    Nothing is unpacked. Where the bytes are no pages, it is `IMPOSSIBLE`.
    """
    return sizes(chunk)[0]


def sizes(chunk: bytes) -> tuple[int, int]:
    """Return how many bytes, and how many values, the pages of a chunk say they have.

    Where the bytes are no pages, both are `IMPOSSIBLE`.
    """
    at, size, values = 0, 0, 0
    left = [MOST_VALUES]
    try:
        while at < len(chunk):
            told: dict[int, int] = {}
            at = _skip(chunk, at, _STRUCT, told, left)
            size += told[2]
            at += told[3]
            values += max(told.get(_INNER * field + 1, 0) for field in _WITH_VALUES)
    except (IndexError, KeyError):
        return IMPOSSIBLE, IMPOSSIBLE
    return (size, values) if at == len(chunk) else (IMPOSSIBLE, IMPOSSIBLE)


def _skip(  # noqa: PLR0917 - called for every value of a head
    raw: bytes, at: int, kind: int, told: dict[int, int], left: list[int], depth: int = 0
) -> int:
    """Return where a value ends; of a structure, its whole numbers by field go into `told`.

    `left` holds how many more values are looked at.
    """
    left[0] -= 1
    if depth > _DEEPEST or at >= len(raw) or left[0] < 0:
        raise IndexError
    if kind in _FIXED:
        return at + _FIXED[kind]
    if kind in {_I16, _I32, _I64}:
        return _number(raw, at)[1]
    if kind == _BINARY:
        length, at = _number(raw, at)
        return at + length
    if kind in {_LIST, _SET}:
        return _skip_list(raw, at, left, depth)
    if kind != _STRUCT:
        raise IndexError
    field = 0
    while head := raw[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            number, at = _number(raw, at)
            field = number >> 1
        if head & 15 in {_I32, _I64}:
            told[field] = _number(raw, at)[0] >> 1  # sizes, which are not negative
        inner: dict[int, int] = {}
        at = _skip(raw, at, head & 15, inner, left, depth + 1)
        told.update({_INNER * field + number: value for number, value in inner.items()})
    return at + 1


def _skip_list(raw: bytes, at: int, left: list[int], depth: int) -> int:
    kind, count = raw[at] & 15, raw[at] >> 4
    at += 1
    if count == 15:  # noqa: PLR2004, then it follows
        count, at = _number(raw, at)
    if count > len(raw) or kind in _FIXED:  # heads of pages have none of the latter
        raise IndexError
    for _ in range(count):
        at = _skip(raw, at, kind, {}, left, depth + 1)
    return at


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    number = shift = 0
    while shift < 64:  # noqa: PLR2004
        byte = raw[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004
            return number, at
    raise IndexError
