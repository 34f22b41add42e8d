"""A CQL2 expression becomes conditions of Qdrant that mean exactly the same, or is not asked there.

A comparison with what a row lacks is neither true nor false, as in SQL; Qdrant has only two values,
and its `must_not` lets rows through that lack the field. So NOT is never asked as `must_not`: what
is false is said as such, down to the comparisons.

Source: OGC 21-065r2; the conditions are those of https://qdrant.tech/documentation/concepts/filtering.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.filters.cql2 import args_of
from eex.index.qdrant_payload import SAFE

if TYPE_CHECKING:
    from eex.index.qdrant_edge_shard import Condition
    from eex.index.qdrant_payload import Uploaded

OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
"""What is true where a comparison is false."""

TURNED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""The same comparison with its sides exchanged."""

BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
"""What Qdrant calls the ends of a range."""


class CannotSayError(Exception):
    """There are no conditions of Qdrant that mean the same."""


def told(tree: Any, known: Uploaded, *, want: bool = True) -> Condition:  # noqa: ANN401
    """Return what lets through the rows for which an expression is true, or false if not `want`.

    Args:
        tree: CQL2 JSON that `eex.filters.cql2.parse` has let through.
        known: What was uploaded.
        want: Whether those for which it is true; else those for which it is false.

    Raises:
        CannotSayError: If Qdrant cannot be asked that.
    """
    if not isinstance(tree, dict):
        raise CannotSayError
    if "property" in tree:
        path, kind = _column(tree, known)
        if kind != "boolean":
            raise CannotSayError
        return _equal(path, kind, int(want))
    op, args = str(tree.get("op", "")).lower(), args_of(tree) if "op" in tree else []
    if op in ("and", "or"):
        some = [told(arg, known, want=want) for arg in args]
        return {"must": some} if (op == "and") == want else {"should": some}
    if op == "not":
        return told(args[0], known, want=not want)
    if op in OPPOSITE:
        return _compared(op, args[0], args[1], known, want)
    return _listed(op, args, known, want=want)


def _listed(op: str, args: list[Any], known: Uploaded, *, want: bool) -> Condition:
    if op == "isnull":
        empty = {"is_empty": {"key": _column(args[0], known)[0]}}
        return {"must" if want else "must_not": [empty]}
    if op == "between":
        value, low, high = args
        both = [_compared(">=", value, low, known, want), _compared("<=", value, high, known, want)]
        return {"must" if want else "should": both}
    if op == "in":
        return _in(args[0], args[1], known, want=want)
    raise CannotSayError


def _compared(
    op: str,
    left: Any,  # noqa: ANN401
    right: Any,  # noqa: ANN401
    known: Uploaded,
    want: bool,  # noqa: FBT001
) -> Condition:
    if isinstance(right, dict) and "property" in right:
        left, right, op = right, left, TURNED[op]
    path, kind = _column(left, known)
    value, op = _literal(right, kind), op if want else OPPOSITE[op]
    if kind == "text":
        if op not in ("=", "<>"):
            raise CannotSayError
        same = {"key": path, "match": {"value": value}}
        return {"must": [same]} if op == "=" else _other(path, [same])
    if kind == "boolean" and op not in ("=", "<>"):
        raise CannotSayError
    if op == "=":
        return _equal(path, kind, value)
    if op == "<>":
        return _other(path, [_equal(path, kind, value)])
    return (
        {"key": path, "range": {BOUNDS[op]: value}} if kind == "float" else _whole(op, path, value)
    )


def _in(tree: Any, items: Any, known: Uploaded, *, want: bool) -> Condition:  # noqa: ANN401
    path, kind = _column(tree, known)
    if not isinstance(items, list) or not items:
        raise CannotSayError
    values = [_literal(item, kind) for item in items]
    if kind == "text":
        some: list[Condition] = [{"key": path, "match": {"any": values}}]
    else:
        some = [_equal(path, kind, value) for value in values]
    return {"should": some} if want else _other(path, some)


def _other(path: str, some: list[Condition]) -> Condition:
    """Return what has a value, and none of these."""
    return {"must_not": [{"is_empty": {"key": path}}, *some]}


def _equal(path: str, kind: str, value: float) -> Condition:
    low, high = (value, value) if kind == "float" else (math.ceil(value), math.floor(value))
    return {"key": path, "range": {"gte": low, "lte": high}}


def _whole(op: str, path: str, value: float) -> Condition:
    """Ask for whole numbers by whole ends, so that nothing depends on how a server rounds."""
    value = min(max(value, -SAFE), SAFE)  # beyond all that are there
    least = math.floor(value) + 1 if op == ">" else math.ceil(value)
    most = math.ceil(value) - 1 if op == "<" else math.floor(value)
    return {"key": path, "range": {"gte": least} if op in (">", ">=") else {"lte": most}}


def _column(tree: Any, known: Uploaded) -> tuple[str, str]:  # noqa: ANN401
    found = (
        known.column(str(tree["property"]))
        if isinstance(tree, dict) and "property" in tree
        else None
    )
    if found is None:
        raise CannotSayError
    return found


def _literal(tree: Any, kind: str) -> Any:  # noqa: ANN401
    """Return what is written down as the payload has it: text, or a number for everything else."""
    if kind == "boolean" and isinstance(tree, bool):
        return int(tree)
    if kind == "text" and isinstance(tree, str):
        return tree
    number = isinstance(tree, int | float) and not isinstance(tree, bool)
    if kind in ("integer", "float") and number and abs(tree) <= SAFE:
        return tree if kind == "float" or not float(tree).is_integer() else int(tree)
    if kind == "time":
        text = tree
        if isinstance(tree, dict) and len(tree) == 1:
            text = tree.get("date") or tree.get("timestamp")
        moment = _moment(text) if isinstance(text, str) else SAFE
        if abs(moment) < SAFE:
            return moment
    raise CannotSayError


def _moment(text: str) -> int:
    from eex.extent.periods import instant

    try:
        return instant(text)[0]
    except BadQueryError:
        return SAFE
