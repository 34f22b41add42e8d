"""Spherical harmonics against closed forms, integrals, 60-digit arithmetic and SatCLIP's own."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.encoders.harmonics import (
    CONVENTIONS,
    POINTS,
    Convention,
    harmonic_rows,
    spherical_harmonics,
)
from eex.errors import BadQueryError
from shared_data import golden, needs_shared

PLACES = np.array([[116.4, 39.9], [-70.5, -89.5], [151.2, 72.25], [0.0, 90.0]])
COLUMNS = ((39, 0), (39, 1), (39, -20), (39, 39), (25, -13))
EXACT = np.array(
    [
        [
            0.790150857244740345,
            0.163291805169383069,
            -0.0954960326312833075,
            0.0000265717369347084569,
            0.318157366554380838,
        ],
        [
            7.64474063183931079,
            -0.200972179229493684,
            1.53752398263443611e-34,
            3.40683397216081728e-81,
            -2.81920215590947902e-23,
        ],
        [
            -0.781100937666579011,
            -0.632682385652469818,
            -0.000338213992509445992,
            5.88625503681120368e-21,
            -0.00123339944119422816,
        ],
        [-7.87695721128396231, 0, 0, 0, 0],
    ]
)
"""Analytic convention, explicit sums in 60-digit arithmetic (mpmath), each rounded once."""


def places(count: int = 2_000) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    return np.stack([rng.uniform(-180, 180, count), lat], axis=1)


def column(degree: int, order: int) -> int:
    return degree * degree + degree + order


def test_low_degrees_are_their_closed_forms() -> None:
    lonlat = places(200)
    phi, theta = np.radians(lonlat[:, 0] + 180), np.radians(lonlat[:, 1] + 90)
    x, y, z = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    one, two = np.sqrt(3 / (4 * np.pi)), np.sqrt(15 / (4 * np.pi))
    expected = [np.full(200, np.sqrt(np.pi / 4)), one * y, np.pi * one * z, one * x]
    expected += [two * x * y, two * y * z, np.pi * np.sqrt(5 / (16 * np.pi)) * (3 * z * z - 1)]
    expected += [two * x * z, two / 2 * (x * x - y * y)]
    made = spherical_harmonics(lonlat, 3)
    np.testing.assert_allclose(made, np.stack(expected, axis=1), atol=1e-14)
    assert made[0, 0] == pytest.approx(0.886226925452758, abs=1e-15)  # as SatCLIP prints it


def test_high_degrees_equal_60_digit_arithmetic() -> None:
    made = spherical_harmonics(PLACES, 40)[:, [column(*lm) for lm in COLUMNS]]
    np.testing.assert_allclose(made, EXACT, atol=1e-12)
    np.testing.assert_allclose(made[:3], EXACT[:3], rtol=1e-11)  # the tiny ones too


def test_the_conventions_differ_by_signs_and_pi() -> None:
    lonlat = places(50)
    analytic, closed = (spherical_harmonics(lonlat, 12, name) for name in CONVENTIONS)
    orders = np.concatenate([np.arange(-degree, degree + 1) for degree in range(12)])
    factor = np.where(orders == 0, 1 / np.pi, (-1.0) ** orders)
    np.testing.assert_allclose(closed, analytic * factor, atol=1e-13)


def test_they_are_orthonormal() -> None:
    # exact for polynomials of degree 78: Gauss-Legendre in sin(lat), 80 equal steps in longitude
    nodes, weights = np.polynomial.legendre.leggauss(40)
    lat = np.degrees(np.arcsin(nodes))
    lon = -180 + 4.5 * np.arange(80)
    lonlat = np.stack(np.meshgrid(lon, lat), axis=-1).reshape(-1, 2)
    made = spherical_harmonics(lonlat, 40, "closed-form")
    gram = (made * np.repeat(weights * 2 * np.pi / 80, 80)[:, None]).T @ made
    np.testing.assert_allclose(gram, np.eye(1600), atol=1e-12)


@pytest.mark.parametrize("degrees", [10, 40])
def test_squares_of_a_degree_add_up(degrees: int) -> None:
    # addition theorem: sum over m of Y(l, m)^2 is (2l + 1) / 4 pi everywhere
    lonlat = np.concatenate([places(300), [[0, 90], [77, -90], [1, 89.999999]]])
    squares = spherical_harmonics(lonlat, degrees) ** 2
    edges = [degree * degree for degree in range(degrees + 1)]
    for degree, (low, high) in enumerate(pairwise(edges)):
        squares[:, low + degree] /= np.pi**2
        total = squares[:, low:high].sum(axis=1)
        np.testing.assert_allclose(total, (2 * degree + 1) / (4 * np.pi), rtol=1e-12)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_poles_have_no_longitude_and_the_date_line_is_no_seam(convention: Convention) -> None:
    lons = np.linspace(-180, 180, 9)
    for lat in (-90.0, 90.0):
        made = spherical_harmonics(np.stack([lons, np.full(9, lat)], axis=1), 40, convention)
        np.testing.assert_array_equal(made, made[[0] * 9])
    west, east = (np.stack([np.full(9, lon), lons / 2.1], axis=1) for lon in (-180.0, 180.0))
    made = [spherical_harmonics(some, 40, convention) for some in (west, east)]
    np.testing.assert_allclose(made[0], made[1], atol=1e-12)


def test_slices_and_single_points_are_the_same() -> None:
    lonlat = places(2 * POINTS + 3)
    together = spherical_harmonics(lonlat, 40)
    for row in (0, POINTS - 1, POINTS, 2 * POINTS + 2):
        alone = spherical_harmonics(lonlat[row : row + 1], 40)[0]
        np.testing.assert_allclose(together[row], alone, atol=1e-13)
    parts = [(low, part.copy()) for low, part in harmonic_rows(lonlat, 40, points=701)]
    assert [low for low, _ in parts] == [0, 701]
    np.testing.assert_allclose(np.hstack([p for _, p in parts]).T, together, atol=1e-13)


def test_float32_is_rounded_at_the_end_only() -> None:
    lonlat = places(100)
    exact = spherical_harmonics(lonlat, 40).astype(np.float32)
    for _, rows in harmonic_rows(lonlat, 40, dtype=np.float32):
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows.T, exact)


def test_no_places_one_degree_and_nonsense() -> None:
    assert spherical_harmonics(np.empty((0, 2)), 40).shape == (0, 1600)
    one = spherical_harmonics(places(4), 1, "closed-form")
    np.testing.assert_allclose(one, np.sqrt(0.25 / np.pi), rtol=1e-15)
    wrong: Any
    for degrees, wrong in ((0, "analytic"), (-2, "analytic"), (5, "discretized")):
        with pytest.raises(BadQueryError, match="no spherical harmonics"):
            spherical_harmonics(places(4), degrees, wrong)
        with pytest.raises(BadQueryError, match="no spherical harmonics"):
            harmonic_rows(places(4), degrees, wrong)  # at the call, not at the first slice
    with pytest.raises(BadQueryError, match="0 places"):
        harmonic_rows(places(4), 2, points=0)


@needs_shared
def test_they_equal_exact_values_at_every_conformance_place() -> None:
    lonlat = golden("satclip/inputs/lonlat.npy")
    exact = golden("satclip/expected/sh_exact_analytic_convention_L40.npy")
    np.testing.assert_allclose(spherical_harmonics(lonlat, 40), exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(spherical_harmonics(lonlat, 10), exact[:, :100], atol=1e-12)


@needs_shared
def test_they_equal_the_authors_code_where_that_is_exact() -> None:
    lonlat = golden("satclip/inputs/lonlat.npy")
    north = np.abs(lonlat[:, 1])
    theirs = golden("satclip/expected/sh_analytic_L40.npy")
    far = np.abs(spherical_harmonics(lonlat, 40) - theirs)
    assert far[north < 30].max() < 1e-7
    assert far[north < 45].max() < 1e-4
    assert 0.1 < far.max() < 1  # near the poles theirs cancels
    ten = golden("satclip/expected/sh_analytic_L10.npy")
    np.testing.assert_allclose(spherical_harmonics(lonlat, 10), ten, rtol=0, atol=1e-7)
    closed = golden("satclip/expected/sh_closedform_L10.npy")
    np.testing.assert_allclose(
        spherical_harmonics(lonlat, 10, "closed-form"), closed, rtol=0, atol=1e-7
    )
    closed = golden("satclip/expected/sh_closedform_L40_first32.npy")
    made = spherical_harmonics(lonlat[:32], 40, "closed-form")
    np.testing.assert_allclose(made, closed, rtol=0, atol=1e-6)
