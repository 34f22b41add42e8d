"""Dot products of rows with queries, by each library that may multiply them."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.errors import ShapeError
from eex.index import integer_queries, kernels
from eex.index.exact import ExactIndex
from eex.index.integer_queries import IntegerQueries
from eex.index.kernels import dot_many, dot_rows, over_rows, widened
from eex.testing import toy_vectors
from kernel_choice import use


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
def test_dots_are_those_of_float64(
    dtype: type[np.floating[Any]], kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kernel, monkeypatch)
    matrix, queries = toy_vectors(70, 33).astype(dtype), toy_vectors(5, 33, seed=1).astype(dtype)
    expected = queries.astype(float) @ matrix.astype(float).T
    out = np.empty((5, 70), np.float32)
    for count in (1, 2, 5):
        dot_many(matrix, queries[:count], list(out[:count]))
        np.testing.assert_allclose(out[:count], expected[:count], rtol=1e-5, atol=1e-4)
    for query, line in zip(queries, expected, strict=True):
        dot_rows(matrix, query, out[0])
        np.testing.assert_allclose(out[0], line, rtol=1e-5, atol=1e-4)
    squares = np.empty(70)
    dot_rows(matrix, matrix, squares)
    np.testing.assert_allclose(squares, (matrix.astype(float) ** 2).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
def test_every_float16_is_the_same_number_when_widened(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kernel, monkeypatch)
    bits = np.arange(2**16, dtype=np.uint16)
    rows = bits[(bits & 0x7C00) != 0x7C00].view(np.float16).reshape(-1, 62)  # all finite ones
    np.testing.assert_array_equal(widened(rows), rows.astype(np.float64))
    np.testing.assert_array_equal(widened(rows[:, ::2]), rows[:, ::2].astype(np.float64))
    np.testing.assert_array_equal(widened(rows[::-1]), rows[::-1].astype(np.float64))


def test_compiled_dots_keep_what_is_not_finite_and_every_small_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use("llvmlite", monkeypatch)
    rows = np.zeros((5, 40), np.float16)
    rows[0, 39], rows[1, 3], rows[2, 3] = np.nan, np.inf, -np.inf
    rows[3] = np.float16(6e-8)  # the least there is, subnormal
    found = np.empty(5, np.float32)
    dot_rows(rows, np.ones(40, np.float16), found)
    np.testing.assert_array_equal(found[:3], [np.nan, np.inf, -np.inf])
    assert found[3] == np.float32(40 * 2.0**-24)
    assert found[4] == 0


@given(dim=st.integers(1, 200), rows=st.integers(1, 40), kind=st.sampled_from(["f2", "i1"]))
def test_compiled_dots_never_leave_the_rows_that_they_are_given(
    dim: int, rows: int, kind: str
) -> None:
    pytest.importorskip("llvmlite", reason="optional: pip install '.[fast]'")
    rng = np.random.default_rng(dim * 41 + rows)
    most = 127 if kind == "i1" else 4
    whole = rng.integers(-most, most + 1, (rows + 2, dim)).astype(kind)
    query = rng.integers(-most, most + 1, dim).astype(kind)
    compiled = kernels.compiled_dots(whole.dtype)
    assert compiled is not None
    kept = np.full(rows + 2, 7, compiled.result)
    compiled(whole[1:-1], query, kept[1:-1])
    np.testing.assert_array_equal(kept[[0, -1]], 7)
    np.testing.assert_array_equal(kept[1:-1], whole[1:-1].astype(int) @ query.astype(int))


PICKED = [np.float16, np.float32, np.int8]


@given(
    dim=st.integers(1, 200),
    rows=st.integers(1, 40),
    picked=st.integers(0, 50),
    kind=st.sampled_from(PICKED),
    shift=st.sampled_from([0.0, 0.25, -300.0]),
)
def test_picked_rows_meet_the_query_in_float64(
    dim: int, rows: int, picked: int, kind: type[Any], shift: float
) -> None:
    pytest.importorskip("llvmlite", reason="optional: pip install '.[fast]'")
    rng = np.random.default_rng(dim * 41 + rows)
    sign = 1.0 if kind != np.int8 else -1.0
    shift = shift if kind == np.int8 else 0.0
    matrix = (30 * rng.standard_normal((rows, dim))).astype(kind)
    query, at = rng.standard_normal(dim), rng.integers(rows, size=picked)
    kernel = kernels.compiled_picked(matrix.dtype)
    assert kernel is not None
    dots, squares = kernel(matrix, at, query, sign=sign, shift=shift)
    wide = matrix.astype(np.float64)[at] * sign + shift
    np.testing.assert_allclose(dots, wide @ query, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(squares, (wide * wide).sum(axis=1), rtol=1e-12)


def test_only_formats_that_a_kernel_knows_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    use("llvmlite", monkeypatch)
    assert kernels.compiled_dots(np.dtype(np.float32)) is None
    assert kernels.compiled_dots(np.dtype(np.uint8)) is None
    for other in (">f2", "<f8", "u1", ">f4"):
        assert kernels.compiled_picked(np.dtype(other)) is None
        assert kernels.compiled_dots(np.dtype(other)) is None


@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("dim", [1, 33, 1_152])
@pytest.mark.parametrize("numbers", ["int8", "int16"])
def test_integer_queries_meet_int8_exactly(
    dim: int, count: int, kernel: str, numbers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kernel, monkeypatch)
    narrow = numbers == "int8"
    monkeypatch.setattr(integer_queries, "BLOCK_BYTES", 20 * dim)
    rng = np.random.default_rng(dim)
    rows = rng.integers(-128, 128, (70, dim)).astype(np.int8)
    rows[0], rows[1] = -128, 127
    units = rng.standard_normal((count, dim))
    units[0] = 1  # the largest sums that there are
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    queries = IntegerQueries(units, narrow=narrow)
    assert queries.numbers.dtype == numbers
    lines = np.empty((count, 70))
    for some in (rows, rows[::2], rows[:, ::-1]):
        queries.dots(some, list(lines[:, : len(some)]))
        expected = queries.numbers.astype(np.int64) @ some.astype(np.int64).T
        np.testing.assert_array_equal(lines[:, : len(some)], expected)
    meant = queries.steps[:, None] * queries.numbers
    np.testing.assert_allclose(queries.lost, np.linalg.norm(units - meant, axis=1), atol=1e-15)
    assert (queries.lost <= queries.steps * np.sqrt(dim) / 2 + 1e-15).all()
    assert (queries.steps <= np.abs(units).max(axis=1) / (127 if narrow else 14_000)).all()


def test_compiled_dots_of_the_largest_integers_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    use("llvmlite", monkeypatch)
    found = np.empty(2)
    dot_rows(np.full((2, 4096), -128, np.int8), np.full(4096, -128, np.int8), found)
    assert found.tolist() == [4096 * 128 * 128] * 2


@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
def test_the_longest_rows_of_int8_are_exact_and_longer_ones_are_refused(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kernel, monkeypatch)
    rows = np.full((2, 131_071), -128, np.int8)
    rows[1] = 127
    scores = ExactIndex(rows, scale=0.5).scan(np.ones(131_071), k=2).scores
    np.testing.assert_allclose(scores, [-1, 1], rtol=1e-6)
    for make in (ExactIndex, lambda some: IntegerQueries(some.astype(float))):
        with pytest.raises(ShapeError, match="131,071"):
            make(np.ones((1, 131_072), np.int8))


def test_where_nothing_can_be_compiled_numkong_multiplies() -> None:
    """Without llvmlite, on a processor that it does not know, and on one without float16."""
    asked = """
import sys
{}
import numpy as np
from eex.index import integer_queries, kernels
from eex.index.exact import ExactIndex
from eex.index.integer_queries import IntegerQueries
out = np.empty(3, np.float32)
kernels.dot_rows(np.ones((3, 8), np.float16), np.ones(8, np.float16), out)
print(kernels.kernel_of_halves() == 'llvmlite', out)
"""
    ways = ["sys.modules['llvmlite'] = None"]
    if find_spec("llvmlite"):
        told = "from llvmlite import binding; binding.get_host_cpu_features = "
        ways += [told + "binding.FeatureMap", told + "lambda: binding.parse_assembly('no')"]
    for before in ways:
        ran = subprocess.run(
            [sys.executable, "-c", asked.format(before)], capture_output=True, text=True, check=True
        )
        assert ran.stdout == "False [8. 8. 8.]\n"


def test_a_result_of_the_wrong_size_or_kind_is_refused_not_overrun() -> None:
    rows = toy_vectors(4)
    locked = np.empty(4, np.float32)
    locked.flags.writeable = False
    for out in (np.empty(3, np.float32), np.empty(8, np.float32)[::2], locked):
        with pytest.raises(ShapeError):
            dot_rows(rows, rows[0], out)
    for query in (rows[0].astype(np.float16), rows[0, :5]):
        with pytest.raises(ShapeError):
            dot_rows(rows, query, np.empty(4, np.float32))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_slices_cover_every_row_once(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "SLICE_BYTES", 10)
    seen = np.zeros(101, int)

    def work(low: int, high: int) -> None:
        seen[low:high] += 1

    over_rows(work, 101, row_bytes=3, threads=threads)
    assert (seen == 1).all()


def test_no_slice_of_a_large_set_is_so_large_that_stopping_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "SLICE_BYTES", 10)
    monkeypatch.setattr(kernels, "SLICE_BYTES_MOST", 40)
    sizes: list[int] = []
    over_rows(lambda low, high: sizes.append(high - low), 2_000, row_bytes=2, threads=1)
    assert sum(sizes) == 2_000
    assert max(sizes) == 20


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_one_slice_is_raised_and_ends_the_rest(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "SLICE_BYTES", 1)
    done: list[int] = []

    def work(low: int, _high: int) -> None:
        done.append(low)
        if low > 0:
            raise IndexError(low)

    with pytest.raises(IndexError):
        over_rows(work, 10_000, row_bytes=1, threads=threads)
    assert len(done) <= 1 + threads
