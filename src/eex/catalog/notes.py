"""What does not fit together: a model that nobody knows, vectors and rows other than was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eex.encoders.open import encoder_spec
from eex.errors import BadQueryError, EexError
from eex.registry import names, unknown_name

if TYPE_CHECKING:
    from eex.catalog.opened import OpenHere
    from eex.catalog.records import SetRecord
    from eex.catalog.wish import Wish

ANY = "clip:"
"""How names begin that stand for any model of a kind."""


def check_model(wish: Wish) -> None:
    """Refuse a model or variant that a user names and that nobody knows.

    Raises:
        BadQueryError: If nobody knows the model; the hint has the nearest name.
        UnknownNameError: If the model has no such variant.
    """
    if not wish.model or wish.model.startswith(ANY):
        return
    known = names("eex.encoders")
    if wish.model not in known:
        error = unknown_name("model", wish.model, known)
        hint = (
            f"{error.hint} Leave it out, and tiles of the set can be asked with; a model of your "
            "own comes as a plug-in (docs/plugins.md)."
        )
        raise BadQueryError(str(error), hint=hint, **error.details)
    if wish.variant:
        encoder_spec(wish.model).variant(wish.variant)


def check_scaled(wish: Wish, number: str, label: str) -> None:
    """Refuse to scale numbers that are vectors as they are.

    Args:
        wish: How the set shall be opened.
        number: Format of its stored numbers.
        label: What it is called.

    Raises:
        BadQueryError: If they are to be scaled although they are no integers.
    """
    if str(number) != "int8" and (wish.scale, wish.offset) != (None, None):
        message = f"The vectors of {label} are stored as {number}; only integers are scaled."
        raise BadQueryError(message, hint="Leave scale and offset out.")


def notes_of(here: OpenHere, record: SetRecord | None) -> list[str]:
    """Return what of an opened set does not fit what is said of it, for people.

    Args:
        here: The set.
        record: What its catalogue says; None if it has none.
    """
    header, told = here.header, []
    model, dim = str(header["model"]), int(header["dim"])
    try:
        own = encoder_spec(model).dim if model and not model.startswith(ANY) else 0
    except EexError:
        told.append(f"No model {model} is known here: only tiles of the set can be asked with.")
        own = 0
    if own and own != dim:
        told.append(
            f"Its vectors have {dim:,} numbers, those of {model} have {own:,}: it is not what made "
            "them, so words and pictures cannot be asked with."
        )
    rows = here.counts["rows"]
    if record is not None and record.rows and here.opened.whole and record.rows != rows:
        told.append(f"Its record says {record.rows:,} rows, its files have {rows:,}.")
    return told
