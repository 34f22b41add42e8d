"""Ask the Earth in words, with a picture or a place, and see how well every tile fits.

    import eex

    world = eex.open_set("world")
    found = world.search(text="sand desert", k=10)
    found.to_geojson()

Importing loads nothing; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eex.build.api import make_set
    from eex.check.run import check_set
    from eex.config import Settings
    from eex.encoders.open import Encoder, encoder
    from eex.encoders.pool import EncoderPool
    from eex.errors import EexError
    from eex.filters.record import Filter
    from eex.heatmaps.make import heatmap
    from eex.heatmaps.record import Heatmap
    from eex.search.feedback.session import Feedback
    from eex.search.found import Found
    from eex.search.fusion import Fusion
    from eex.search.open import open_set, remove_set, sets
    from eex.search.query import Query
    from eex.search.recipe import ask
    from eex.search.run import OpenSet
    from eex.search.side import SideBySide, side_by_side
    from eex.server.app import create_app

__version__ = "0.1.0"

_HOMES = {
    "EexError": "eex.errors",
    "Encoder": "eex.encoders.open",
    "EncoderPool": "eex.encoders.pool",
    "encoder": "eex.encoders.open",
    "make_set": "eex.build.api",
    "heatmap": "eex.heatmaps.make",
    "Feedback": "eex.search.feedback.session",
    "Filter": "eex.filters.record",
    "Found": "eex.search.found",
    "Fusion": "eex.search.fusion",
    "Heatmap": "eex.heatmaps.record",
    "OpenSet": "eex.search.run",
    "Query": "eex.search.query",
    "Settings": "eex.config",
    "SideBySide": "eex.search.side",
    "ask": "eex.search.recipe",
    "check_set": "eex.check.run",
    "create_app": "eex.server.app",
    "open_set": "eex.search.open",
    "remove_set": "eex.search.open",
    "sets": "eex.search.open",
    "side_by_side": "eex.search.side",
}

__all__ = [
    "EexError",
    "Encoder",
    "EncoderPool",
    "Feedback",
    "Filter",
    "Found",
    "Fusion",
    "Heatmap",
    "OpenSet",
    "Query",
    "Settings",
    "SideBySide",
    "ask",
    "check_set",
    "create_app",
    "encoder",
    "heatmap",
    "make_set",
    "open_set",
    "remove_set",
    "sets",
    "side_by_side",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module 'eex' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
