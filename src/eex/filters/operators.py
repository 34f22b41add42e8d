"""What stands in a CQL2 expression, and its operators: Arrow kernels over a slice of rows.

Kinds are checked when an expression is made, before any row is read. Logic has three values, as in
SQL: a comparison with what a row lacks is neither true nor false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from eex.errors import BadQueryError
from eex.extent.periods import instant
from eex.filters.columns import Kind, Slice, time_array
from eex.filters.instants import instants
from eex.values import shown

COMPARISONS = {
    "=": "equal",
    "<>": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}
"""Operators and their Arrow kernels."""

ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

EXACT = 2**53
"""Whole numbers are exact as float64 up to this."""

_KNOWN = "AND, OR, NOT, = <> < <= > >=, BETWEEN, IN, LIKE, IS NULL, + - * /, CASEI, DATE, TIMESTAMP"
SAID: dict[Kind, str] = {
    "number": "a number",
    "text": "text",
    "boolean": "true or false",
    "time": "a time",
    "nothing": "NULL",
    "other": "neither number nor text",
}


@dataclass(frozen=True)
class Value:
    """Something in an expression that has a value in each row, or one in all."""

    kind: Kind
    run: Callable[[Slice], Any]
    """Slice to `pa.Array` of its length, or to `pa.Scalar`."""
    said: str
    """How a message calls it."""
    literal: Any = None
    """What it is, if it is written in the expression."""


def literal(tree: Any) -> Value:  # noqa: ANN401
    """Return what is written down: a number, text, TRUE, a date or an instant.

    Raises:
        BadQueryError: If it is something else.
    """
    import pyarrow as pa

    if isinstance(tree, bool):
        return Value("boolean", lambda _: pa.scalar(tree), str(tree).upper(), tree)
    if isinstance(tree, int | float):
        return Value("number", lambda _: pa.scalar(float(tree)), f"{tree:g}", float(tree))
    if isinstance(tree, str):
        return Value("text", lambda _: pa.scalar(tree), shown(tree), tree)
    if isinstance(tree, dict) and len(tree) == 1 and ("date" in tree or "timestamp" in tree):
        return _time(str(next(iter(tree.values()))))
    if tree is None:
        message = "Nothing equals NULL."
        raise BadQueryError(message, hint="Write x IS NULL or x IS NOT NULL.")
    what = "A shape" if isinstance(tree, dict) and ("type" in tree or "bbox" in tree) else "A list"
    what = "An interval" if isinstance(tree, dict) and "interval" in tree else what
    message = f"{what} cannot stand here."
    hint = (
        "Shapes go into S_INTERSECTS or `area`, lists after IN, intervals into BETWEEN or `time`."
    )
    raise BadQueryError(message, hint=hint)


def _time(text: str) -> Value:
    moment = instant(text)[0]
    array = time_array(np.array([moment]))
    return Value("time", lambda _: array[0], shown(text), moment)


def chain(op: str, conditions: list[Value]) -> Value:
    """Join conditions by AND or OR."""
    name = "and_kleene" if op == "and" else "or_kleene"

    def run(rows: Slice) -> Any:  # noqa: ANN401
        import pyarrow.compute as pc

        answer = conditions[0].run(rows)
        for condition in conditions[1:]:
            answer = pc.call_function(name, [answer, condition.run(rows)])
        return answer

    if not conditions:
        message = "A list after IN is empty."
        raise BadQueryError(message, hint="Such as grid_cell IN ('454U_31R', '454U_32R').")
    return Value("boolean", run, f"... {op.upper()} ...")


def kernel(name: str, *values: Value) -> Callable[[Slice], Any]:
    """Return what runs an Arrow function over values."""

    def run(rows: Slice) -> Any:  # noqa: ANN401
        import pyarrow.compute as pc

        return pc.call_function(name, [value.run(rows) for value in values])

    return run


def compared(op: str, left: Value, right: Value) -> Value:
    """Compare two values of one kind; raises as `fit`."""
    left, right = fit(op, left, right)
    if left.kind == "number":
        for value in (left, right):
            check_exact(value)
        left, right = _whole(left), _whole(right)
    return Value("boolean", kernel(COMPARISONS[op], left, right), f"{left.said} {op} ...")


def fit(op: str, left: Value, right: Value) -> tuple[Value, Value]:
    """Bring two values to one kind.

    Raises:
        BadQueryError: If that cannot be.
    """
    kinds = {left.kind, right.kind} - {"nothing"}
    if kinds == {"time", "text"}:
        left, right = _timed(left), _timed(right)
        kinds = {"time"}
    kind = next(iter(kinds)) if kinds else "boolean"
    if len(kinds) > 1 or kind == "other":
        _mismatch(op, left, right)
    if kind == "boolean" and op not in ("=", "<>"):
        message = f"{left.said} and {right.said} have no order for {op}."
        raise BadQueryError(
            message, hint="Compare them with = or <>. a < b < c is a < b AND b < c."
        )
    return as_kind(left, kind), as_kind(right, kind)


def _mismatch(op: str, left: Value, right: Value) -> NoReturn:
    message = (
        f"{left.said} is {SAID[left.kind]} and {right.said} is {SAID[right.kind]}, "
        f"so that {op} cannot compare them."
    )
    hint = {
        frozenset({"number", "text"}): "Numbers stand without quotes, text in 'single quotes'.",
        frozenset({"number", "time"}): "Times are such as DATE('2022-03-05'); year is a number.",
        frozenset({"boolean", "text"}): "Write TRUE or FALSE without quotes.",
    }.get(frozenset({left.kind, right.kind}), "Compare values of one kind.")
    if "other" in (left.kind, right.kind):
        hint = "Such a column can only be asked for IS NULL; of a struct, use struct.field."
    raise BadQueryError(message, hint=hint)


def _timed(value: Value) -> Value:
    """Read text as a time: what is written down now, a column when it is read."""
    if value.kind != "text":
        return value
    if value.literal is not None:
        return _time(value.literal)
    return Value("time", lambda rows: time_array(instants(value.run(rows))), value.said)


def as_kind(value: Value, kind: Kind) -> Value:
    """Give a column without any value the kind that is wanted."""
    if value.kind != "nothing" or kind == "nothing":
        return value
    import pyarrow as pa

    types = {
        "number": pa.float64(),
        "text": pa.string(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", "UTC"),
    }
    return Value(kind, lambda rows: value.run(rows).cast(types[kind]), value.said)


def check_exact(value: Value) -> None:
    """Refuse a whole number that may have been rounded when it was read.

    Raises:
        BadQueryError: If it is one that large columns of int64 could hold.
    """
    if value.kind == "number" and value.literal is not None and EXACT < abs(value.literal) < 2**64:
        message = f"{value.said} is too large to be read exactly."
        raise BadQueryError(message, hint="Numbers are exact up to 9,007,199,254,740,992.")


def _whole(value: Value) -> Value:
    """Let a whole number that is written down be one, so that large integers compare exactly."""
    import pyarrow as pa

    number = value.literal
    if number is None or not number.is_integer() or abs(number) > EXACT:
        return value
    return replace(value, run=lambda _: pa.scalar(int(number)))


def calculated(op: str, left: Value, right: Value) -> Value:
    """Calculate with two numbers, as float64; what is not finite has no value.

    Raises:
        BadQueryError: If one is no number.
    """
    for value in (left, right):
        if value.kind not in ("number", "nothing"):
            message = f"{op} is for numbers; {value.said} is {SAID[value.kind]}."
            raise BadQueryError(message, hint="Use columns of numbers, such as (a + b) / 2 > 10.")
    left, right = as_kind(left, "number"), as_kind(right, "number")

    def run(rows: Slice) -> Any:  # noqa: ANN401
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = [value.run(rows).cast(pa.float64(), safe=False) for value in (left, right)]
        answer = pc.call_function(ARITHMETIC[op], numbers) if op != "/" else _ratio(*numbers)
        return pc.if_else(pc.is_finite(answer), answer, pa.scalar(None, pa.float64()))

    return Value("number", run, f"{left.said} {op} {right.said}")


def _ratio(over: Any, under: Any) -> Any:  # noqa: ANN401
    """Divide; what is divided by zero has no value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(None, pa.float64())
    return pc.divide(over, pc.if_else(pc.equal(under, 0.0), nothing, under))


def like(value: Value, pattern: Value) -> Value:
    r"""Compare text with a pattern: `%` is any text, `_` a character, `\` takes the next as it is.

    Raises:
        BadQueryError: If they are no text, or the pattern is not written down.
    """
    if pattern.kind != "text" or pattern.literal is None:
        message = f"LIKE needs a pattern that is written down, got {pattern.said}."
        raise BadQueryError(
            message, hint="Such as grid_cell LIKE '454U%'; % is any text, _ a sign."
        )
    if value.kind not in ("text", "nothing"):
        message = f"LIKE is for text; {value.said} is {SAID[value.kind]}."
        raise BadQueryError(message, hint="Compare numbers with = < > or BETWEEN.")
    value = as_kind(value, "text")

    def run(rows: Slice) -> Any:  # noqa: ANN401
        import pyarrow.compute as pc

        return pc.match_like(value.run(rows), pattern.literal)

    return Value("boolean", run, f"{value.said} LIKE ...")


def folded(text: str) -> str:
    """Return text in lower case, as Arrow has it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return str(pc.utf8_lower(pa.scalar(text)).as_py())


def unsupported(op: str, count: int) -> NoReturn:
    """Refuse an operator, with what can be used in its place."""
    message = f"{op.upper()} with {count} arguments is not supported."
    hint = f"There are {_KNOWN}."
    if op.startswith("t_"):
        hint = "Compare times with < <= = >= > or BETWEEN, such as datetime < DATE('2022-03-05')."
    elif op.startswith("s_"):
        hint = "Use S_INTERSECTS or S_WITHIN with a polygon, or `area` and `near`."
    elif op in COMPARISONS or op == "like":
        hint = f"Put both sides beside it, such as x {op.upper()} y."
    raise BadQueryError(message, hint=hint)
