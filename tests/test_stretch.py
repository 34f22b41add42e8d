"""Stretches, beside the arithmetic they are named for."""

from __future__ import annotations

import numpy as np
import pytest

from eex.errors import UnknownNameError
from eex.imagery.stretch import STRETCHES, said, stretch_of
from eex.imagery.tone import thumbnail_tone, true_colour

EVERY = np.arange(65_536, dtype=np.uint16)


def test_majortom_is_true_colour_bit_for_bit() -> None:
    dn = EVERY.reshape(256, 256)
    shown = true_colour(np.stack([dn, dn, dn]))[..., 0]
    np.testing.assert_array_equal(stretch_of("majortom").table[dn], shown)
    toned = thumbnail_tone(np.stack([dn, dn, dn]))[..., 2]
    np.testing.assert_array_equal(stretch_of("thumbnail").table[dn], toned)


def test_levels_by_hand() -> None:
    table = stretch_of("majortom").table
    # 2.5 * dn / 10,000 * 255, cut off: 4,000 is white, 1,000 is 63.75
    assert table[[0, 1000, 2000, 3999, 4000, 65_535]].tolist() == [0, 63, 127, 254, 255, 255]
    table = stretch_of("keenkite").table
    assert table[[0, 1500, 2999, 3000, 65_535]].tolist() == [0, 127, 254, 255, 255]
    table = stretch_of("stored").table
    assert table[[0, 7, 255, 256]].tolist() == [0, 7, 255, 255]


@pytest.mark.parametrize("name", STRETCHES)
def test_fractions_are_stretched_like_whole_numbers(name: str) -> None:
    stretch = stretch_of(name)
    dn = EVERY[::7].reshape(-1, 3)
    np.testing.assert_array_equal(stretch.of(dn.astype(np.float32)), stretch.table[dn])
    assert stretch.of(np.full((2, 3), -5.0, np.float32)).tolist() == [[0] * 3] * 2
    assert (np.diff(stretch.table.astype(int)) >= 0).all()


def test_what_was_done_is_said() -> None:
    assert "times 2.5" in said("majortom")
    assert "left in" in said("majortom")
    assert "0 to 3000" in said("keenkite", remove_offset=True)
    assert "taken off first" in said("keenkite", remove_offset=True)
    assert said("").startswith("Digital numbers as stored")
    with pytest.raises(UnknownNameError, match="lovely"):
        said("lovely")
