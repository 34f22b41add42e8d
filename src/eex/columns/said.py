"""What is said of a table that cannot be used."""

from __future__ import annotations

from pathlib import Path

from eex.errors import DamagedSetError

_HINT = "Make or download the set again; docs/guide/products.md lists the tables that are read."


def damaged(path: Path | str, what: str, *, hint: str = _HINT) -> DamagedSetError:
    """Return the error for a table that is not an embedding set, or not a whole one."""
    return DamagedSetError(f"{path} {what}.", hint=hint)


def reason(error: Exception) -> str:
    """Return the first line of an error, without its full stop."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
