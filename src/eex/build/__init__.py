"""Imagery to tiles to vectors to a set: in one go for small sources, else item by item."""

from eex.build.direct import Progress, build_set

__all__ = ["Progress", "build_set"]
