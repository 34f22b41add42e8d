"""What a file is, by how it begins, before anything reads it."""

from __future__ import annotations

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a pointer of Git LFS begins, which stands for a file that was not copied."""

PAGE_BEGINNINGS = (b"<!doctype html", b"<html")
"""How web pages begin, in lower case."""

BEGINNING = 512
"""Bytes that are enough to tell."""


def no_weights(beginning: bytes) -> str:
    """Return what a file that begins so is instead of weights, in words; empty if it may be."""
    if not beginning:
        return "an empty file"
    if beginning.startswith(POINTER):
        return "a pointer of Git LFS, not the file that it stands for"
    if beginning.lstrip().lower().startswith(PAGE_BEGINNINGS):
        return "a web page"
    return ""


def is_zip(beginning: bytes) -> bool:
    """Whether it is what `torch.save` writes since 2020."""
    return beginning.startswith(b"PK\x03\x04")


def is_pickle(beginning: bytes) -> bool:
    """Whether it may be what `torch.save` wrote before."""
    return beginning.startswith(b"\x80")


def is_safetensors(beginning: bytes) -> bool:
    """Whether it begins with a length and a JSON object, whatever the file is called."""
    return beginning[8:9] == b"{"
