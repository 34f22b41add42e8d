"""CQL2 Text becomes a tree that is known to be small; nothing in it is ever run as code.

Source: OGC 21-065r2, "Common Query Language (CQL2)", 2024; read by the package `cql2`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from eex.errors import BadQueryError
from eex.values import check_unicode, shown

LONGEST = 2_000
"""Characters of an expression."""

DEEPEST = 32
"""Operators within operators; a chain of AND or of OR counts as one."""

MOST_NESTED = 10
"""Parentheses within parentheses: the parser's time doubles with each where the text is wrong."""

SUCH = "Such as \"cloud_cover < 20 AND grid_cell LIKE '454U%'\"."

CHAINS = ("and", "or")
"""Operators that take any number of conditions."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_TOKEN = re.compile(
    r"[(),]|\b(?:AND|OR|NOT|LIKE|IN|IS|BETWEEN|DIV)\b|<=|>=|<>|!=|[-+*/<>=^%]", re.IGNORECASE
)
_SLIPS = (
    (re.compile(r"==|&&|\|\|"), "Equal is =, and the words are AND, OR, NOT."),
    (re.compile(r"[\u2018\u2019\u201c\u201d]"), "Use straight quotes: 'text', \"column\"."),
    (re.compile(r"(?<![\w.])\.\d"), "Write a number with a digit before the point, such as 0.5."),
)


def parse(text: str) -> Any:  # noqa: ANN401
    """Return the JSON tree of an expression (CQL2 JSON).

    Raises:
        BadQueryError: If it is no CQL2 Text, or is too long or too deep; the hint says what to do.
    """
    check_unicode(text)
    if len(text) > LONGEST:
        message = f"The expression has {len(text):,} characters; at most {LONGEST:,} are read."
        raise BadQueryError(message, hint="Use IN for long lists, and `area` for shapes.")
    return _parsed(text)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:  # noqa: ANN401
    _check_nesting(text)
    import cql2

    try:
        tree = cql2.parse_text(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        raise _not_understood(text, str(error)) from error
    _check_depth(tree)
    return tree


def args_of(tree: dict[str, Any]) -> list[Any]:
    """Return what an operator takes; a chain of AND or of OR, which comes in pairs, as one list."""
    op = tree["op"]
    if op not in CHAINS:
        return list(tree["args"])
    args: list[Any] = []
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict) and node.get("op") == op:
            left.extend(reversed(node["args"]))
        else:
            args.append(node)
    return args


def _check_nesting(text: str) -> None:
    """Refuse what would make the parser slow or exhaust a thread's stack, which ends the process.

    Operators that may come to stand within each other are those of one condition, and those before
    the parentheses it stands in.
    """
    outer: list[int] = []  # operators before each open parenthesis
    here = 0
    for sign in _TOKEN.findall(_QUOTED.sub("''", text)):
        if sign == ")":
            if not outer:
                message = "A parenthesis of the expression is closed that was not opened."
                raise BadQueryError(message, hint=f"Each ( needs its ). {SUCH}")
            here = outer.pop()
        elif sign == "(":
            outer.append(here)
        elif sign == "," or sign.lower() in CHAINS:
            here = outer[-1] if outer else 0
        else:
            here += 1
        if len(outer) > MOST_NESTED:
            message = f"The expression has more than {MOST_NESTED} parentheses within each other."
            raise BadQueryError(message, hint="Leave out those that are not needed.")
        if here > DEEPEST:
            raise _too_deep()
    if outer:
        message = "A parenthesis of the expression is not closed."
        raise BadQueryError(message, hint=f"Each ( needs its ). {SUCH}")


def _too_deep() -> BadQueryError:
    message = f"The expression has more than {DEEPEST} operators within each other."
    return BadQueryError(message, hint="Use IN, BETWEEN or several shorter conditions.")


def _check_depth(tree: Any) -> None:  # noqa: ANN401
    """Refuse what functions that call themselves could not walk through; without being one."""
    left = [(tree, 0)]
    while left:
        node, depth = left.pop()
        if depth > DEEPEST:
            raise _too_deep()
        if isinstance(node, dict) and "op" in node:
            left += [(arg, depth + 1) for arg in args_of(node)]
        elif isinstance(node, list):
            left += [(item, depth + 1) for item in node]


def _not_understood(text: str, said: str) -> BadQueryError:
    """Say where the parser stopped, and what may have been meant."""
    plain = _QUOTED.sub("", text)
    hint = next((hint for slip, hint in _SLIPS if slip.search(plain)), SUCH)
    if "'" in plain or '"' in plain:
        hint = "A quote is not closed. Text stands in 'single quotes', a quote in it is doubled."
    place = re.search(r"(\d+):(\d+)", said)
    where = ""
    if place:
        line, column = int(place[1]), int(place[2])
        rest = (text.split("\n")[line - 1 : line] or [""])[0][column - 1 :]
        where = f" at {shown(rest)}" if rest else " at its end"
    return BadQueryError(f"The expression is not CQL2{where}.", hint=hint)
