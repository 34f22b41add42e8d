"""CQL2 over the columns of a set, against DuckDB running the same WHERE on the same table."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError
from eex.filters import mask
from eex.filters.cql2 import parse
from eex.filters.mask import columns_of, mask_of
from eex.filters.record import Filter

ROWS = 300


def set_of(table: pa.Table, lonlat: Any = None) -> EmbeddingSet:
    rows = table.num_rows
    if lonlat is None:
        lonlat = np.column_stack([np.linspace(-179, 179, rows), np.linspace(-80, 80, rows)])
    about = SetHeader(id="toys", title="Toys", model="toy", dim=2)
    return EmbeddingSet(
        about, np.ones((rows, 2), np.float16), np.asarray(lonlat, float), table, "k"
    )


def make_table() -> pa.Table:
    rng = random.Random(0)
    words = [
        "Paris",
        "paris",
        "PARIS",
        "Lyon",
        "a%b",
        "a_b",
        "axb",
        "",
        "it's",
        "Zürich",
        "line\nend",
    ]
    start = datetime(2021, 12, 30)  # noqa: DTZ001 - UTC by convention

    def column(value: Callable[[], Any], kind: pa.DataType | None = None) -> pa.Array:
        return pa.array([None if rng.random() < 0.15 else value() for _ in range(ROWS)], kind)

    columns: dict[str, Any] = {
        "i": column(lambda: rng.randint(-3, 6), pa.int32()),
        "j": column(lambda: rng.randint(0, 3), pa.uint8()),
        "x": column(lambda: rng.choice([0.5, 1, 2.25, -3]), pa.float64()),
        "f": column(lambda: rng.choice([0.5, 1, 2.25]), pa.float32()),
        "t": column(lambda: rng.choice(words)),
        "u": column(lambda: rng.choice(words)).dictionary_encode(),
        "b": column(lambda: rng.random() < 0.5),
        "w": column(lambda: start + timedelta(hours=rng.randint(0, 99)), pa.timestamp("us")),
        "d": column(lambda: date(2022, 1, rng.randint(1, 9))),
        "n": pa.nulls(ROWS),
    }
    return pa.table(columns)


TABLE = make_table()
SET = set_of(TABLE)


class Expressions:
    """Random conditions, each written as CQL2 and as DuckDB's SQL."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def condition(self, depth: int) -> tuple[str, str]:
        rng = self.rng
        if depth and rng.random() < 0.7:
            op = rng.choice(["AND", "OR", "NOT", "bare"])
            cql, sql = self.condition(depth - 1)
            if op == "NOT":
                return f"NOT ({cql})", f"NOT ({sql})"
            cql2, sql2 = self.condition(depth - 1)
            if op == "bare":  # which binds more is then to be known
                cql3, sql3 = self.leaf()
                return f"{cql} AND {cql2} OR {cql3}", f"{sql} AND {sql2} OR {sql3}"
            return f"({cql}) {op} ({cql2})", f"({sql}) {op} ({sql2})"
        return self.leaf()

    def leaf(self) -> tuple[str, str]:
        kinds = [
            self.number_leaf,
            self.text_leaf,
            self.like_leaf,
            self.time_leaf,
            self.boolean_leaf,
        ]
        return self.rng.choice(kinds)()

    def compare(self) -> str:
        return self.rng.choice(["=", "<>", "<", "<=", ">", ">="])

    def number(self, depth: int = 2) -> tuple[str, str]:
        rng = self.rng
        if depth and rng.random() < 0.4:
            op = rng.choice("+-*/")
            (cql, sql), (cql2, sql2) = self.number(depth - 1), self.number(depth - 1)
            under = f"nullif({sql2}, 0)" if op == "/" else sql2  # x / 0 has no value
            return f"({cql} {op} {cql2})", f"({sql} {op} {under})"
        if rng.random() < 0.3:
            return (rng.choice(["0", "1", "2.25", "-3", "0.5"]),) * 2
        column = rng.choice("ijxf")
        return column, f"{column}::DOUBLE"

    def number_leaf(self) -> tuple[str, str]:
        shape = self.rng.randrange(4)
        cql, sql = self.number()
        if shape == 0:
            (low, low_sql), (high, high_sql) = self.number(1), self.number(1)
            return f"{cql} BETWEEN {low} AND {high}", f"{sql} BETWEEN {low_sql} AND {high_sql}"
        if shape == 1:
            negated = self.rng.choice(["", "NOT "])
            listed = ", ".join(self.rng.choice(["1", "2", "2.25", "-3", "j"]) for _ in range(3))
            return f"{cql} {negated}IN ({listed})", f"{sql} {negated}IN ({listed})"
        if shape == 2:
            tail = f"IS {self.rng.choice(['', 'NOT '])}NULL"
            return f"{cql} {tail}", f"{sql} {tail}"
        op, (right, right_sql) = self.compare(), self.number()
        return f"{cql} {op} {right}", f"{sql} {op} {right_sql}"

    def text_leaf(self) -> tuple[str, str]:
        rng = self.rng
        left, right = rng.choice("tu"), rng.choice(["'Paris'", "'it''s'", "t", "u", "'Z'", "''"])
        if rng.random() < 0.3:
            return f"CASEI({left}) = CASEI({right})", f"lower({left}) = lower({right})"
        if rng.random() < 0.3:
            return (f"{left} IN ({right}, 'Lyon')",) * 2
        return (f"{left} {self.compare()} {right}",) * 2

    def like_leaf(self) -> tuple[str, str]:
        rng = self.rng
        patterns = ["P%", "%a%", "_aris", r"a\%b", r"a\_b", "a_b", "%", "", "Z_rich", "%end", ".*"]
        column, pattern, negated = rng.choice("tu"), rng.choice(patterns), rng.choice(["", "NOT "])
        cql = f"{column} {negated}LIKE '{pattern}'"
        return cql, rf"{cql} ESCAPE '\'"

    def time_leaf(self) -> tuple[str, str]:
        op = self.compare()
        day = f"2022-01-0{self.rng.randint(1, 5)}"
        if self.rng.random() < 0.5:
            column = self.rng.choice("wd")
            return f"{column} {op} DATE('{day}')", f"{column} {op} DATE '{day}'"
        clock = f"{day}T{self.rng.randint(0, 23):02}:00:00"
        return f"w {op} TIMESTAMP('{clock}Z')", f"w {op} TIMESTAMP '{clock}'"

    def boolean_leaf(self) -> tuple[str, str]:
        text = self.rng.choice(
            ["b", "b = TRUE", "b <> FALSE", "TRUE", "n = 3", "n IS NULL", "d < w"]
        )
        return text, text


@pytest.fixture(scope="module")
def database() -> Any:
    connection = duckdb.connect()
    connection.register("rows", TABLE.append_column("row", pa.array(range(ROWS))))
    connection.execute("CREATE TABLE told AS SELECT * FROM rows")
    yield connection
    connection.close()


@pytest.mark.parametrize("part", range(4))
def test_an_expression_finds_what_duckdb_finds(
    database: Any, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask, "SLICE", 128)  # so that rows come in several slices
    matched = 0
    for seed in range(part * 100, part * 100 + 100):
        cql, sql = Expressions(seed).condition(3)
        found = database.execute(f'SELECT "row" FROM told WHERE {sql} ORDER BY "row"').fetchall()
        expected = [row for (row,) in found]
        assert np.flatnonzero(mask_of(Filter(where=cql), SET)).tolist() == expected, cql
        matched += 0 < len(expected) < ROWS
    assert matched > 50  # most tell rows apart


def matching(where: str, embeddings: EmbeddingSet = SET) -> list[int]:
    return np.flatnonzero(mask_of(Filter(where=where), embeddings)).tolist()


def test_a_comparison_with_what_is_not_there_is_neither_true_nor_false() -> None:
    three = set_of(pa.table({"x": pa.array([1.0, None, math.nan])}))
    assert matching("x > 0", three) == [0]
    assert matching("NOT x > 0", three) == []
    assert matching("x > 0 OR x IS NULL", three) == [0, 1, 2]  # not a number is no value
    assert matching("x = 1 OR TRUE", three) == [0, 1, 2]
    assert matching("x NOT IN (2)", three) == [0]
    assert matching("x / 0 > 0", three) == matching("NOT x / 0 > 0", three) == []


def test_places_and_parts_of_the_time_are_columns_of_every_set() -> None:
    table = pa.table({"timestamp": ["20220101T101010", "2021-12-31T23:59:59Z", "soon", None]})
    four = set_of(table, [[0, 1], [10, 2], [20, 3], [30, 4]])
    assert matching("lon >= 10 AND lat < 4", four) == [1, 2]
    assert matching("year = 2022 AND month = 1", four) == [0]
    assert matching("NOT year = 2022", four) == [1]
    own = set_of(pa.table({"lon": [5.0], "year": ["x"]}))
    assert matching("lon = 5 AND year = 'x'", own) == [0]
    with pytest.raises(BadQueryError, match="no column 'month'"):
        matching("month = 1", own)


def test_text_that_holds_times_compares_with_times() -> None:
    table = pa.table({"timestamp": ["20220101T101010", "2021-12-31T23:59:59Z", "soon", None]})
    assert matching("timestamp >= DATE('2022-01-01')", set_of(table)) == [0]
    assert matching("timestamp < TIMESTAMP('2022-01-01T11:10:10+01:00')", set_of(table)) == [1]
    assert matching("w >= '2022-01-01'") == matching("w >= DATE('2022-01-01')") != []


def test_fields_of_structs_are_columns() -> None:
    inner = [{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": {"c": None}}, {"a": 2, "b": None}]
    four = set_of(pa.table({"s": inner, "s.d": [1, 2, 3, 4], "eo:cloud_cover": [0.0, 1, 2, 3]}))
    assert matching("s.a >= 1", four) == [0, 3]
    assert matching("s.b.c = 'x' OR s.b.c IS NULL", four) == [0, 1, 2, 3]
    assert matching("s.d > 3 AND eo:cloud_cover = 3", four) == [3]
    assert columns_of(four)["s.b.c"] == "text"


def test_large_whole_numbers_compare_exactly() -> None:
    two = set_of(pa.table({"n": pa.array([2**53, 2**53 + 1]), "h": pa.array([1, 2], pa.uint64())}))
    assert matching(f"n = {2**53}", two) == matching(f"n IN ({2**53})", two) == [0]
    assert matching("h > 1", two) == [1]


def test_decimals_and_halves_are_numbers() -> None:
    table = pa.table(
        {
            "m": pa.array([Decimal("1.25"), Decimal("2.50")]),
            "h": pa.array(np.array([1.5, 2.5], np.float16)),
        }
    )
    assert matching("m > 1.5", set_of(table)) == matching("h = 2.5", set_of(table)) == [1]


def test_shapes_are_compared_with_centres() -> None:
    three = set_of(pa.table({"a": [1, 2, 3]}), [[-179, 0], [0, 0], [179, 0]])
    ring = "(170 -5, -170 -5, -170 5, 170 5, 170 -5)"
    assert matching(f"S_INTERSECTS(geometry, POLYGON({ring}))", three) == [0, 2]
    assert matching(f"S_INTERSECTS(POLYGON({ring}), geometry) AND a > 1", three) == [2]
    assert matching(f"NOT S_WITHIN(geometry, MULTIPOLYGON(({ring})))", three) == [1]
    assert matching("S_WITHIN(geometry, BBOX(178, -1, -178, 1))", three) == [0, 2]


def test_a_time_column_with_a_zone_is_in_utc() -> None:
    at = datetime(2022, 1, 1, 1, tzinfo=UTC)
    zoned = pa.array([at], pa.timestamp("ms", "America/New_York"))
    assert matching(
        "datetime = TIMESTAMP('2022-01-01T01:00:00Z')", set_of(pa.table({"datetime": zoned}))
    ) == [0]


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ("clod = 3", "no column 'clod'", "cloud? It has: cloud"),
        ("zzzzz = 3", "no column 'zzzzz'", "It has: cloud, name"),
        ("cloud = '3'", "cloud is a number and '3' is text", "without quotes"),
        ("name = 3", "name is text and 3 is a number", "'single quotes'"),
        ("when > 2022", "a time and 2022 is a number", "DATE('2022-03-05')"),
        ("when > 'soon'", "'soon' is not a date", "2022-03-05"),
        ("when > DATE('2022-02-30')", "not a date", "2022-03-05"),
        ("good = 'true'", "true or false", "TRUE or FALSE"),
        ("good < TRUE", "no order", "= or <>"),
        ("1 < cloud < 3", "cannot compare", "of one kind"),
        ("cloud", "not a condition", "Compare"),
        ("cloud = NULL", "equals NULL", "IS NULL"),
        ("list = 3", "neither number nor text", "IS NULL"),
        ("cloud LIKE '3%'", "LIKE is for text", "BETWEEN"),
        ("name LIKE name", "pattern that is written down", "454U%"),
        ("CASEI(cloud) = 'x'", "CASEI is for text", "CASEI"),
        ("cloud + name > 3", r"\+ is for numbers", "columns of numbers"),
        ("cloud % 2 = 1", "not supported", "BETWEEN"),
        ("frobnicate(cloud) = 1", "FROBNICATE with 1", "BETWEEN"),
        ("T_AFTER(when, DATE('2022-01-01'))", "not supported", "Compare times with"),
        ("S_TOUCHES(geometry, POINT(1 2))", "not supported", "S_INTERSECTS"),
        ("S_WITHIN(name, BBOX(1, 2, 3, 4))", "compares geometry", "area"),
        ("S_WITHIN(geometry, POINT(1 2))", "made of polygons", "near"),
        ("S_INTERSECTS(geometry, BBOX(1, 2, 3, 4, 5, 6))", "four numbers", ""),
        ("A_EQUALS(list, (1, 2))", "not supported", "There are"),
        ("cloud = 12345678901234567890", "too large to be read exactly", "9,007"),
        ("cloud = (1, 2)", "A list cannot stand here", "IN"),
        ("when = INTERVAL('2022', '2023')", "An interval cannot stand", "BETWEEN"),
    ],
)
def test_what_cannot_be_asked_of_a_set_is_refused_with_what_to_do(
    where: str, message: str, hint: str
) -> None:
    table = pa.table(
        {
            "cloud": [1.0],
            "name": ["x"],
            "when": pa.array([datetime(2022, 1, 1, tzinfo=UTC)]),
            "good": [True],
            "list": [[1, 2]],
        }
    )
    with pytest.raises(BadQueryError, match=message) as caught:
        mask_of(Filter(where=where), set_of(table))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ("cloud = ", "not CQL2 at its end", "Such as"),
        ("cloud == 3", "not CQL2 at '= 3'", "Equal is ="),
        ("a = 1 && b = 2", "not CQL2", "AND, OR, NOT"),
        ("a = 'x", "not CQL2", "quote is not closed"),
        ("a = \u2018x\u2019", "not CQL2", "straight quotes"),
        ("a > .5", "not CQL2", "0.5"),
        ("a = 1; DROP TABLE x", "not CQL2", "Such as"),
        ("__import__('os').system('x')", "not CQL2", "Such as"),
        ("(a = 1", "not closed", "needs its"),
        ("a = 1)", "was not opened", "needs its"),
        ("(" * 1_999, "parentheses", "Leave out"),
        ("(" * 40 + "a = 1" + ")" * 40, "parentheses", "Leave out"),
        ("a = 1 OR " * 300 + "a = 1", "at most 2,000", "IN"),
        ("NOT " * 33 + "a = 1", "more than 32 operators", "shorter"),
        ("-" * 1_900 + "a = 1", "more than 32 operators", "shorter"),
        ("a" + "-a" * 900 + "= 1", "more than 32 operators", "shorter"),
        ("\ud800", "not valid Unicode", "UTF-8"),
    ],
)
def test_what_is_no_small_expression_is_refused_with_what_to_do(
    where: str, message: str, hint: str
) -> None:
    with pytest.raises(BadQueryError, match=message) as caught:
        Filter(where=where)
    assert hint in caught.value.hint


def test_a_long_chain_is_no_deep_expression() -> None:
    chain = " OR ".join(f"i={n}" for n in range(-3, 200))
    assert matching(chain) == matching("i IS NOT NULL")
    assert matching("i IN (" + ",".join(map(str, range(-3, 500))) + ")") == matching(
        "i IS NOT NULL"
    )


def test_wrong_text_is_refused_as_quickly_as_right_text_is_read() -> None:
    """The parser alone needs longer than anybody waits where parentheses are many."""
    for text in ("(" * 10 + "a=1 1" + ")" * 10, "(a=1 and " * 10 + "b=" + ")" * 10):
        with pytest.raises(BadQueryError):
            parse(text)


HARD = """
import threading
from eex.errors import BadQueryError
from eex.filters.record import Filter

def ask():
    for text in TEXTS:
        try:
            Filter(where=text)
            answers.append("read")
        except BadQueryError:
            answers.append("refused")

answers = []
threading.stack_size(2**18)
import cql2
thread = threading.Thread(target=ask)
thread.start()
thread.join()
print(*answers)
"""


def test_no_text_exhausts_the_small_stack_of_a_thread() -> None:
    """The parser calls itself in native code: too deep, and the whole process ends."""
    texts = {
        "a or " * 399 + "a": "read",
        "a and b or " * 180 + "a": "read",
        "(a=1 and (" * 5 + "a=1" + "))" * 5: "read",
        "a=1 and " + "not " * 30 + "a=1": "read",
        "((((((((" + "-" * 28 + "a=1))))))))": "read",
        "(a=1 and " * 10 + "not " * 30 + "a=1" + ")" * 10: "read",
        "a in (" + ",".join(["-1"] * 600) + ")": "read",
        "-" * 1_900 + "a=1": "refused",
        "not " * 480 + "a=1": "refused",
        "a<" * 900 + "a": "refused",
        "a^" * 900 + "a=1": "refused",
        "a is null " * 190: "refused",
        "a" + "-a" * 900 + "=1": "refused",
        "(a=1 and not " * 10 + "not " * 24 + "a=1" + ")" * 10: "refused",
        "(a=1 and " + "not " * 9 + "(" + "-" * 30 + "a=1))": "refused",
    }
    source = HARD.replace("TEXTS", repr(list(texts)))
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == list(texts.values())
