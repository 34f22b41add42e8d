"""A CQL2 expression becomes a question that is asked of a slice of rows at a time.

In: the tree of `eex.filters.cql2`, and the kinds of a set's columns. Out: a function from `Slice`
to one boolean a row; nothing is run as code.

Source: OGC 21-065r2, "Common Query Language (CQL2)": Basic CQL2, Advanced Comparison Operators,
Case-insensitive Comparison, Arithmetic Expressions, Property-Property; Basic Spatial Functions with
polygons only, for the centres of tiles.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.filters.columns import Kind, Slice
from eex.filters.cql2 import CHAINS, args_of
from eex.filters.operators import (
    ARITHMETIC,
    COMPARISONS,
    SAID,
    Value,
    as_kind,
    calculated,
    chain,
    check_exact,
    compared,
    fit,
    folded,
    kernel,
    like,
    literal,
    unsupported,
)
from eex.values import shown

SPATIAL = ("s_intersects", "s_within")
"""The same for a point; they ask about the centre of a tile."""

NAMED_SHOWN = 20
"""Columns that an error lists."""

PAIR, TRIPLE = 2, 3
"""Arguments of an operator."""


def question(
    tree: Any,  # noqa: ANN401
    kinds: Mapping[str, Kind],
    geometries: tuple[str, ...] = ("geometry",),
) -> Callable[[Slice], NDArray[np.bool_]]:
    """Return what tells which rows of a slice an expression is true for, shape (rows,).

    Args:
        tree: CQL2 JSON that `eex.filters.cql2.parse` has let through.
        kinds: Of the set's columns.
        geometries: Names that stand for the tile in spatial predicates.

    Raises:
        BadQueryError: If a column is not there, kinds do not fit, or an operator is not supported.
    """
    made = Expression(kinds, geometries)
    condition = made.condition(tree)

    def ask(rows: Slice) -> NDArray[np.bool_]:
        import pyarrow as pa

        answer = condition.run(rows)
        if isinstance(answer, pa.Scalar):
            return np.full(len(rows), answer.as_py() is True)
        return np.asarray(answer.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)  # noqa: FBT003

    return ask


@dataclass(frozen=True)
class Expression:
    """Makes `Value`s of trees, checking kinds before any row is read."""

    kinds: Mapping[str, Kind]
    geometries: tuple[str, ...]

    def condition(self, tree: Any) -> Value:  # noqa: ANN401
        """Return what is true or false."""
        value = self.value(tree)
        if value.kind not in ("boolean", "nothing"):
            message = f"{value.said} is {SAID[value.kind]}, not a condition."
            raise BadQueryError(message, hint="Compare it with something, such as x > 3.")
        return as_kind(value, "boolean")

    def value(self, tree: Any) -> Value:  # noqa: ANN401
        """Return what a tree stands for."""
        if isinstance(tree, dict) and "op" in tree:
            return self._operation(tree)
        if isinstance(tree, dict) and "property" in tree:
            return self._column(str(tree["property"]))
        return literal(tree)

    def _operation(self, tree: dict[str, Any]) -> Value:
        op, args = str(tree["op"]).lower(), args_of(tree)
        if op in CHAINS:
            return chain(op, [self.condition(arg) for arg in args])
        if op in SPATIAL:
            return self._spatial(op, args)
        unary = {"not": self._not, "isnull": self._is_null, "casei": self._casei}
        if op in unary and len(args) == 1:
            return unary[op](args[0])
        if op in ("in", "between") or len(args) != PAIR:
            return self._listed(op, args)
        binary: dict[str, Callable[[Value, Value], Value]] = {"like": like}
        binary |= {name: partial(compared, name) for name in COMPARISONS}
        binary |= {name: partial(calculated, name) for name in ARITHMETIC}
        if op not in binary:
            unsupported(op, PAIR)
        return binary[op](self.value(args[0]), self.value(args[1]))

    def _listed(self, op: str, args: list[Any]) -> Value:
        if op == "between" and len(args) == TRIPLE:
            value, low, high = (self.value(arg) for arg in args)
            return chain("and", [compared(">=", value, low), compared("<=", value, high)])
        if op == "in" and len(args) == PAIR and isinstance(args[1], list):
            return self._in(self.value(args[0]), [self.value(item) for item in args[1]])
        return unsupported(op, len(args))

    def _column(self, name: str) -> Value:
        if name not in self.kinds:
            names = [*self.kinds]
            folded = {known.casefold(): known for known in reversed(names)}
            near = difflib.get_close_matches(name.casefold()[:60], [*folded], n=3)
            hint = f"Did you mean {' or '.join(folded[n] for n in near)}? " if near else ""
            listed = ", ".join(names[:NAMED_SHOWN]) + (", ..." if len(names) > NAMED_SHOWN else "")
            message = f"The set has no column {shown(name)}."
            raise BadQueryError(message, hint=f"{hint}It has: {listed}.")
        return Value(self.kinds[name], lambda rows: rows.column(name), name)

    def _not(self, arg: Any) -> Value:  # noqa: ANN401
        condition = self.condition(arg)
        return Value("boolean", kernel("invert", condition), "NOT ...")

    def _is_null(self, arg: Any) -> Value:  # noqa: ANN401
        value = self.value(arg)
        return Value("boolean", kernel("is_null", value), f"{value.said} IS NULL")

    def _casei(self, arg: Any) -> Value:  # noqa: ANN401
        value = self.value(arg)
        if value.kind not in ("text", "nothing"):
            message = f"CASEI is for text; {value.said} is {SAID[value.kind]}."
            raise BadQueryError(message, hint="Such as CASEI(name) = CASEI('Paris').")
        value = as_kind(value, "text")
        lower = None if value.literal is None else folded(value.literal)
        return Value("text", kernel("utf8_lower", value), f"CASEI({value.said})", lower)

    def _in(self, value: Value, items: list[Value]) -> Value:
        """Look a value up in a list; quickly where all of it is written down and of its kind."""
        for item in items:
            fit("=", value, item)
        plain = value.kind in ("number", "text") and all(
            item.literal is not None and item.kind == value.kind for item in items
        )
        if not items or not plain:
            return chain("or", [compared("=", value, item) for item in items])

        def run(rows: Slice) -> Any:  # noqa: ANN401
            import pyarrow as pa
            import pyarrow.compute as pc

            array, listed = value.run(rows), [item.literal for item in items]
            if pa.types.is_integer(array.type):
                listed = [int(number) for number in listed if number.is_integer()]
            found = pc.is_in(array, value_set=pa.array(listed, array.type))
            return pc.if_else(pc.is_null(array), pa.scalar(None, pa.bool_()), found)

        for item in items:
            check_exact(item)
        return Value("boolean", run, f"{value.said} IN (...)")

    def _spatial(self, op: str, args: list[Any]) -> Value:
        import pyarrow as pa

        from eex.extent.area import Area
        from eex.extent.edges import Edges
        from eex.extent.globe import inside_bbox
        from eex.values import read_bbox

        named, shape = [*args, None, None][:PAIR]
        if op == "s_intersects" and isinstance(shape, dict) and "property" in shape:
            named, shape = shape, named
        name = named.get("property") if isinstance(named, dict) else None
        if name not in self.geometries or not isinstance(shape, dict):
            message = f"{op.upper()} compares {self.geometries[0]} with a polygon or a BBOX."
            hint = (
                f"Such as {op.upper()}({self.geometries[0]}, BBOX(5, 45, 11, 48)); or use `area`."
            )
            raise BadQueryError(message, hint=hint)
        if "bbox" in shape:
            box = read_bbox(shape["bbox"])
            return Value("boolean", lambda rows: pa.array(inside_bbox(rows.lonlat, box)), op)
        edges = Edges.of(Area.of(shape).parts)
        return Value("boolean", lambda rows: pa.array(edges.inside(rows.lonlat)), op)
