"""Stored numbers of one band become digital numbers, or levels, at one stroke: by a table.

Files differ in what they store: digital numbers of Sentinel-2 as they are, reflectances, numbers
with a scale and an offset, other values for missing pixels. What comes out is alike: 1/10 000
reflectance, missing pixels 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import ShapeError
from eex.imagery.scene import LARGEST, REFLECTANCE_MAX
from eex.imagery.stretch import LEVELS, stretch_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT = ("uint8", "uint16")
"""Number formats that a table is enough for."""


@dataclass(frozen=True)
class Numbers:
    """How one band's stored numbers are understood."""

    dtype: np.dtype[Any]
    """Number format of the file."""
    scale: float = 1.0
    """Stored numbers times this, plus `offset`, are digital numbers."""
    offset: float = 0.0
    """See `scale`."""
    nodata: float | None = None
    """Value of missing pixels; None: 0, as in Sentinel-2 products."""
    less: int = 0
    """What is taken off digital numbers in the end: 1000 of baseline 04.00, or nothing."""
    name: str = "The raster"
    """What messages call it."""

    def __post_init__(self) -> None:
        if self.dtype.kind not in "uif":
            message = f"{self.name} holds {self.dtype}, not digital numbers."
            raise ShapeError(message, hint="Give Sentinel-2 L2A as stored: 1/10 000 reflectance.")

    @property
    def as_float(self) -> bool:
        """Whether digital numbers stay fractions: the file has fractions."""
        return self.dtype.kind == "f"

    def missing(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which pixels have no value, shape as given."""
        nodata = 0.0 if self.nodata is None else self.nodata
        if self.as_float:
            there = np.isfinite(stored)
            if np.isfinite(nodata):
                there &= stored != self.dtype.type(nodata)
            return np.logical_not(there)
        if not float(nodata).is_integer():  # a value that whole numbers cannot have
            return np.zeros(stored.shape, bool)
        return np.asarray(stored == int(nodata))

    def dn(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return digital numbers, uint16, or float32 where the file has fractions.

        Raises:
            ShapeError: If fractions are reflectances, not digital numbers.
        """
        if str(self.dtype) in SHORT:
            return stored if self._plain else self._table[stored]
        return self._computed(stored)

    def levels(self, stored: NDArray[Any], stretch: str) -> NDArray[np.uint8]:
        """Return levels of a stretch, see `eex.imagery.stretch`.

        Raises:
            UnknownNameError: If there is no such stretch.
            ShapeError: As for `dn`.
        """
        if str(self.dtype) in SHORT:
            return self._levels(stretch)[stored]
        dn = self._computed(stored)
        table = stretch_of(stretch)
        return table.of(dn) if self.as_float else table.table[dn]

    @property
    def _plain(self) -> bool:
        untouched = (self.scale, self.offset, self.less) == (1.0, 0.0, 0) and not self.nodata
        return untouched and self.dtype == np.uint16

    @cached_property
    def _table(self) -> NDArray[np.uint16]:
        """The digital number of each stored one; a table for each band costs 0.3 ms."""
        return self._computed(np.arange(LEVELS, dtype=np.uint16))

    @cached_property
    def _tables(self) -> dict[str, NDArray[np.uint8]]:
        return {}

    def _levels(self, stretch: str) -> NDArray[np.uint8]:
        if stretch not in self._tables:
            table = stretch_of(stretch).table
            self._tables[stretch] = table if self._plain else table[self._table]
        return self._tables[stretch]

    def _computed(self, stored: NDArray[Any]) -> NDArray[Any]:
        gone = self.missing(stored)
        kind: Any = np.float32 if self.as_float else np.float64
        values: NDArray[Any] = np.where(gone, 0, stored).astype(kind)
        if (self.scale, self.offset) != (1.0, 0.0):
            values = values * kind(self.scale) + kind(self.offset)
            values[gone] = 0
        high = values.max(initial=0)
        if self.as_float and 0 < high <= REFLECTANCE_MAX:
            message = f"{self.name} holds reflectances up to {high:g}, not digital numbers."
            raise ShapeError(message, hint="Multiply them by 10 000, or give a scale of 10 000.")
        values = np.clip(values - self.less, 0, LARGEST)
        values[gone] = 0
        return values if self.as_float else np.rint(values).astype(np.uint16)
