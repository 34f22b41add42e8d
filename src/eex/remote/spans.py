"""Which requests bring some spans of a file: near ones together, long ones in pieces."""

from __future__ import annotations

from collections.abc import Sequence

from eex.errors import BadQueryError

Span = tuple[int, int]
"""First byte, and byte after the last."""

GAP = 128 * 2**10
"""Bytes between two spans that are rather read along than asked for apart: a tenth of what 100
Mbit/s bring in a round trip of 100 ms."""

MOST_BYTES = 32 * 2**20
"""Most bytes of one request; longer spans are cut."""


def blocks(spans: Sequence[Span], *, gap: int = GAP, most: int = MOST_BYTES) -> list[Span]:
    """Return the spans that are asked for, in order, none overlapping another.

    Raises:
        BadQueryError: If a span ends before it begins.
    """
    found: list[Span] = []
    for start, stop in sorted({checked for span in spans if (checked := _checked(span))}):
        if found and start - found[-1][1] <= gap and stop - found[-1][0] <= most:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
            continue
        low = max(start, found[-1][1]) if found else start
        while low < stop:
            high = min(low + most, stop)
            found.append((low, high))
            low = high
    return found


def cut(span: Span, have: Sequence[tuple[Span, bytes | bytearray]]) -> bytes:
    """Return the bytes of one span out of blocks that cover it, in order."""
    pieces = []
    low, stop = span
    for (start, end), content in have:
        if start <= low < end:
            high = min(stop, end)
            pieces.append(bytes(memoryview(content)[low - start : high - start]))
            low = high
        if low >= stop:
            break
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _checked(span: Span) -> Span | None:
    start, stop = span
    if not 0 <= start <= stop:
        message = f"{start} to {stop} is no span of bytes."
        raise BadQueryError(message, hint="Give the first byte and the byte after the last.")
    return (start, stop) if stop > start else None
