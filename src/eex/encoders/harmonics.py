"""Places to real spherical harmonics, as SatCLIP's weights were trained with.

In go longitudes and latitudes in degrees, out comes column l*l + l + m for degree l and order m,
-l <= m <= l: functions of the polar angle theta = lat + 90 and the azimuth phi = lon + 180. Up to
the convention it is sqrt(2) P(l, |m|) cos(m phi) for m > 0, sqrt(2) P(l, |m|) sin(|m| phi) for
m < 0 and P(l, 0) for m = 0, P being normalised so that the integral of a square over the sphere is
1. The two conventions of SatCLIP's code differ, and weights fit one of them only:

    analytic     as above without Condon-Shortley phase, but m = 0 is pi times too large
    closed-form  with Condon-Shortley phase (-1)^m, m = 0 right

SatCLIP's own analytic code expands the polynomials with 15 printed digits, which cancels above 45
degrees of latitude. Here they come from the recursion over degrees, exact to 1e-12 everywhere.

Source:
    M. Russwurm et al., "Geographic Location Encoding with Spherical Harmonics and Sinusoidal
    Representation Networks", ICLR 2024.
    S. A. Holmes and W. E. Featherstone, "A unified approach to the Clenshaw summation and the
    recursive computation of very high degree and order normalised associated Legendre functions",
    Journal of Geodesy 76, 2002, equations 11 to 13 (standard forward column recursion).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eex.errors import BadQueryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Convention = Literal["analytic", "closed-form"]
"""Signs and scale of the columns, by the names that SatCLIP's hyper-parameters have."""

CONVENTIONS: tuple[Convention, ...] = ("analytic", "closed-form")

POINTS = 500
"""Points that are computed at once: what the recursion needs of them stays in a core's cache. No
power of two: rows that many bytes apart would share a few lines of it."""

POLE = 90.0
"""Degrees of latitude."""


def spherical_harmonics(
    lonlat: NDArray[np.float64], degrees: int, convention: Convention = "analytic"
) -> NDArray[np.float64]:
    """Return real spherical harmonics of places.

    Args:
        lonlat: Shape (n, 2), degrees, longitude first.
        degrees: How many degrees: l = 0 to degrees - 1 (SatCLIP's `legendre_polys`).
        convention: Signs and scale, see above.

    Returns:
        Shape (n, degrees ** 2), column l*l + l + m.

    Raises:
        BadQueryError: If there is no such convention, or degrees is not at least 1.
    """
    places = np.asarray(lonlat, np.float64)
    columns = np.empty((len(places), max(degrees, 0) ** 2))
    for low, rows in harmonic_rows(places, degrees, convention):
        columns[low : low + rows.shape[1]] = rows.T
    return columns


def harmonic_rows(
    lonlat: NDArray[np.float64],
    degrees: int,
    convention: Convention = "analytic",
    *,
    points: int = POINTS,
    dtype: type[np.floating[Any]] = np.float64,
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Return harmonics of slices of places, in turn, so that millions never lie in memory.

    Returns:
        An iterator of where the slice begins, and its harmonics, shape (degrees ** 2, at most
        `points`), one row for each l*l + l + m. The array is used again for the next slice. They
        are computed in float64 whatever `dtype` they are handed out in.

    Raises:
        BadQueryError: If there is no such convention, or degrees or points is not at least 1.
    """
    if convention not in CONVENTIONS or degrees < 1:
        message = f"There are no spherical harmonics {convention!r} of {degrees} degrees."
        raise BadQueryError(message, hint=f"Conventions: {', '.join(CONVENTIONS)}.")
    if points < 1:
        message = f"{points} places cannot be computed at once."
        raise BadQueryError(message, hint="Give 1 or more.")
    return _slices(lonlat, degrees, convention, points, dtype)


def _slices(
    lonlat: NDArray[np.float64],
    degrees: int,
    convention: Convention,
    points: int,
    dtype: type[np.floating[Any]],
) -> Iterator[tuple[int, NDArray[Any]]]:
    points = min(points, max(len(lonlat), 1))
    rows = np.empty((degrees * degrees, points), dtype)
    work = _Work(degrees, points)
    for low in range(0, len(lonlat), points):
        some = lonlat[low : low + points]
        if len(some) < points:
            rows, work = np.empty((degrees * degrees, len(some)), dtype), _Work(degrees, len(some))
        _fill(rows, some, degrees, convention, work)
        yield low, rows


class _Work:
    """Arrays that are written over for every slice, shape (orders, points)."""

    def __init__(self, degrees: int, points: int) -> None:
        shape = (degrees, points)
        self.cos, self.sin, self.spare = np.empty(shape), np.empty(shape), np.empty(shape)
        self.legendre = [np.empty(shape), np.empty(shape), np.empty(shape)]


def _fill(
    rows: NDArray[Any],
    lonlat: NDArray[np.float64],
    degrees: int,
    convention: Convention,
    work: _Work,
) -> None:
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    x = -np.sin(lat)  # cos(theta)
    y = np.where(np.abs(lonlat[:, 1]) == POLE, 0.0, np.cos(lat))  # sin(theta)
    _azimuths(lon, convention, work)
    cos, sin, spare = work.cos, work.sin, work.spare
    before, last, new = work.legendre
    last[0] = np.sqrt(0.25 / np.pi)
    np.multiply(last[0], cos[0], out=rows[0], casting="same_kind")
    for degree, (up, down, diagonal) in enumerate(_factors(degrees), start=1):
        # orders 0 to l-1 from the two degrees before; the order l from the order l-1
        np.multiply(last[:degree], x, out=new[:degree])
        if degree > 1:
            np.multiply(before[: degree - 1], down[:-1], out=spare[: degree - 1])
            new[: degree - 1] -= spare[: degree - 1]
        new[:degree] *= up
        np.multiply(last[degree - 1], y, out=new[degree])
        new[degree] *= diagonal
        middle = degree * degree + degree
        np.multiply(
            new[: degree + 1],
            cos[: degree + 1],
            out=rows[middle : middle + degree + 1],
            casting="same_kind",
        )
        np.multiply(
            new[degree:0:-1],
            sin[degree:0:-1],
            out=rows[middle - degree : middle],
            casting="same_kind",
        )
        before, last, new = last, new, before


def _azimuths(lon: NDArray[np.float64], convention: Convention, work: _Work) -> None:
    """Write sqrt(2) cos(m phi) and sqrt(2) sin(m phi), with the convention's signs, for every m."""
    cos, sin = work.cos, work.sin
    orders = len(cos)
    # phi = lon + 180 degrees gives (-1)^m, and so does Condon-Shortley: together they vanish
    sign = -1.0 if convention == "analytic" else 1.0
    cos[0], sin[0] = 1.0, 0.0
    if orders > 1:
        np.multiply(np.cos(lon), sign, out=cos[1])
        np.multiply(np.sin(lon), sign, out=sin[1])
    known = 1
    while known < orders - 1:  # orders known + 1 to 2 known: turn those known by the last of them
        more = min(known, orders - 1 - known)
        old, new = slice(1, 1 + more), slice(1 + known, 1 + known + more)
        spare = work.spare[:more]
        np.multiply(cos[old], cos[known], out=cos[new])
        np.multiply(sin[old], sin[known], out=spare)
        cos[new] -= spare
        np.multiply(sin[old], cos[known], out=sin[new])
        np.multiply(cos[old], sin[known], out=spare)
        sin[new] += spare
        known += more
    cos[1:] *= np.sqrt(2)
    sin[1:] *= np.sqrt(2)
    if convention == "analytic":
        cos[0] = np.pi


@lru_cache(maxsize=8)
def _factors(degrees: int) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64], float], ...]:
    """Return what degree l = 1, 2, … is made with.

    P(l, m) = up(m) (cos(theta) P(l-1, m) - down(m) P(l-2, m)) for m < l, of shape (l, 1), and
    P(l, l) = diagonal sin(theta) P(l-1, l-1).
    """
    made = []
    for degree in range(1, degrees):
        orders = np.arange(degree)[:, None].astype(np.float64)
        lower = degree - 1.0
        up = np.sqrt((4.0 * degree**2 - 1) / (degree**2 - orders**2))
        down = np.sqrt((lower**2 - orders**2) / (4 * lower**2 - 1)) if lower else 0 * orders
        made.append((up, down, float(np.sqrt(1 + 0.5 / degree))))
    return tuple(made)
