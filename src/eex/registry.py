"""Names to things, through entry points.

A distribution declares what it offers in its project file, ours and a plug-in's alike:

    [project.entry-points."eex.encoders"]
    my-encoder = "my_package.encoder:MY_ENCODER"

Listing names imports nothing but `importlib.metadata`; only `find` imports what it returns. What
is installed is read once in a process.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Literal

from eex.errors import EexError, MissingExtraError, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Group = Literal[
    "eex.encoders", "eex.sources", "eex.scenes", "eex.sets", "eex.readers", "eex.indexes"
]
"""What can be plugged in: an `EncoderSpec`, a source of tiles, a source of scenes, the record of a
published set, a reader of pixels, an `EngineSpec` of search."""

KINDS: dict[Group, str] = {
    "eex.encoders": "encoder",
    "eex.sources": "source",
    "eex.scenes": "source of scenes",
    "eex.sets": "record of a set",
    "eex.readers": "reader of pixels",
    "eex.indexes": "index",
}
"""What one thing of each group is called in a message."""


def names(group: Group) -> tuple[str, ...]:
    """Return the names that are installed in `group`, sorted; nothing is imported."""
    return tuple(sorted(_installed(group)))


def find(group: Group, name: str) -> object:
    """Return what `name` stands for, importing it.

    Raises:
        UnknownNameError: If nothing of that name is installed; the hint has the nearest name.
        MissingExtraError: If importing it fails because a package is missing.
        EexError: If several distributions claim the name, or importing it fails otherwise.
    """
    return _load(group, name)


def unknown_name(kind: str, name: str, known: tuple[str, ...]) -> UnknownNameError:
    """Return the error for a name that is not in `known`, with the nearest one in its hint."""
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    listed = f"Known: {', '.join(known)}." if known else "None is installed."
    hint = f"Did you mean {near[0]!r}? {listed}" if near else listed
    return UnknownNameError(
        f"No {kind} is called {name!r}.",
        hint=hint,
        name=name,
        known=list(known),
        nearest=near[0] if near else None,
    )


@cache
def _load(group: Group, name: str) -> object:
    kind, claims = KINDS[group], _installed(group).get(name, ())
    if not claims:
        raise unknown_name(kind, name, tuple(sorted(_installed(group))))
    if len(claims) > 1:
        owners = ", ".join(f"{_owner(claim)} ({claim.value})" for claim in claims)
        message = f"The {kind} name {name!r} is claimed more than once: {owners}."
        raise EexError(message, hint="Uninstall all but one of these distributions.", name=name)
    claim = claims[0]
    try:
        return claim.load()
    except ImportError as error:
        missing = error.name or str(error)
        extras = f"[{','.join(claim.extras)}]" if claim.extras else ""
        message = (
            f"The {kind} {name!r} of {_owner(claim)} needs {missing!r}, which fails to import."
        )
        hint = f"pip install '{_owner(claim)}{extras}'"
        raise MissingExtraError(message, hint=hint, name=name, missing=missing) from error
    except AttributeError as error:
        message = f"The {kind} {name!r} of {_owner(claim)} is not at {claim.value!r}."
        raise EexError(message, hint=f"Install another version of {_owner(claim)}.") from error


@cache
def _installed(group: Group) -> dict[str, tuple[EntryPoint, ...]]:
    from importlib.metadata import entry_points

    claims: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        same = claims.setdefault(point.name, [])
        if all((point.value, _owner(point)) != (other.value, _owner(other)) for other in same):
            same.append(point)  # a distribution that lies on the path twice claims once
    return {name: tuple(points) for name, points in claims.items()}


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unnamed distribution"
