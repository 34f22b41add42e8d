"""Options of engines: what was given becomes what the engine takes, or is refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from eex.errors import BadQueryError
from eex.index.engines import EngineSpec, Option
from eex.registry import unknown_name
from eex.values import integer, number_of, shown

WORDS = {"true": True, "yes": True, "on": True, "1": True}
WORDS |= {"false": False, "no": False, "off": False, "0": False}
"""What yes and no are called where an option is given as text."""


def read_options(spec: EngineSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of an engine, as given or at its default; text becomes its kind.

    Raises:
        BadQueryError: If one is not known, with the nearest that is, or is of another kind.
    """
    known = {option.name: option for option in spec.options}
    for key in given:
        if key not in known:
            if not known:
                message = f"The index {spec.name!r} has no options, got {shown(key)}."
                raise BadQueryError(message, hint="Leave them away.")
            error = unknown_name(f"option of {spec.name}", str(key)[:40], tuple(known))
            raise BadQueryError(error.message, hint=error.hint)
    return {
        name: _value(option, given[name]) if name in given else option.default
        for name, option in known.items()
    }


def _value(option: Option, given: object) -> int | float | str | bool:
    """Return a value of the option's kind."""
    kind, text = type(option.default), given.strip() if isinstance(given, str) else None
    value: int | float | str | bool | None = None
    if kind is bool:
        value = given if isinstance(given, bool) else WORDS.get((text or "").lower())
    elif kind is str:
        value = text
    elif text is None:
        value = integer(given) if kind is int else number_of(given, option.name)
    else:
        with suppress(ValueError):
            value = int(text) if kind is int else number_of(float(text), option.name)
    if value is None:
        needs = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        message = f"The option {option.name} must be {needs[kind]}, got {shown(given)}."
        raise BadQueryError(message, hint=f"{option.about} Its default is {option.default}.")
    return value
