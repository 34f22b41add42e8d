"""A set without examples of its own gets some that its tiles can answer."""

from __future__ import annotations

import numpy as np

from eex.server.examples import PLACES, examples_of


def test_tiles_near_well_known_places_are_examples() -> None:
    rng = np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-180, 180, 5_000), rng.uniform(-60, 60, 5_000)])
    rows = [17, 1_000, 4_999]
    lonlat[rows] = [(lon + 0.1, lat - 0.1) for _, lon, lat in PLACES[2:5]]
    found = examples_of(lonlat, [])
    for (title, _, _), row in zip(PLACES[2:5], rows, strict=True):
        assert (title, {"row": row}) in found


def test_a_tile_without_a_place_is_near_nothing() -> None:
    lonlat = np.array([(lon, lat) for _, lon, lat in PLACES[:4]] + [(np.nan, np.nan)])[::-1]
    found = examples_of(lonlat, [])
    assert found == [(PLACES[n][0], {"row": 4 - n}) for n in range(4)]


def test_a_set_of_one_land_shows_some_of_its_own_tiles() -> None:
    lonlat = np.column_stack([np.linspace(14, 15, 50), np.linspace(40, 41, 50)])
    ids = [f"{row}U_120R" for row in range(50)]
    found = examples_of(lonlat, ids)
    rows = [query["row"] for _, query in found]
    assert len(set(rows)) == len(rows) == 4
    assert found[0][0] == f"Like tile {ids[rows[0]]}"


def test_even_one_tile_is_an_example() -> None:
    assert examples_of(np.array([[0.0, 0.0]]), ["0U_0R"]) == [("Like tile 0U_0R", {"row": 0})]
