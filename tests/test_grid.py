"""The grid equals Major TOM's, by published values and by the rule written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.errors import BadPlaceError, BadQueryError
from eex.grid import Cells, Grid, every

# Bottom-left corner (lat, lon) and columns in the row, from published Major TOM metadata.
PUBLISHED = {
    "922D_249L": (-82.81437125748504, -178.5657370517928, 502),
    "922D_245L": (-82.81437125748504, -175.69721115537848, 502),
    "922D_244L": (-82.81437125748504, -174.9800796812749, 502),
    "922D_243L": (-82.81437125748504, -174.26294820717132, 502),
    "922D_242L": (-82.81437125748504, -173.5458167330677, 502),
    "454U_120R": (40.778443113772454, 14.233937397034595, 3035),
    "455U_120R": (40.8682634730539, 14.252721873968994, 3031),
    "455U_119R": (40.8682634730539, 14.1339491916859, 3031),
    "917D_239R": (-82.36526946107784, 161.42589118198873, 533),
    "907D_75L": (-81.46706586826348, -45.37815126050424, 595),
    "0U_199R": (0.0, 17.874251497005986, 4008),
    "199U_1099R": (17.874251497005986, 103.70642201834863, 3815),
    "874D_362R": (-78.50299401197604, 163.1038798498123, 799),
    "872D_369R": (-78.32335329341318, 163.5960591133005, 812),
    "864D_399R": (-77.60479041916167, 166.82926829268297, 861),
    "860D_312L": (-77.24550898203593, -126.91525423728811, 885),
    "856D_412R": (-76.88622754491018, 162.98901098901098, 910),
}

# Volcanoes (lon, lat) and the cell that holds them, from the Major TOM filter notebook.
VOLCANOES = {
    "384U_1207R": (131.6, 34.5),
    "260D_692L": (-67.62, -23.3),
    "161U_980L": (-90.876, 14.501),
    "429U_300R": (34.52, 38.57),
    "514U_937L": (-121.49, 46.206),
}


def written_out(dist_km: float) -> list[str]:
    """Return the names of all cells within 85 degrees, by the reference's own rule in loops."""
    radius, names = 6378.137, []
    count = math.ceil(math.pi * radius / dist_km)
    lats = np.sort(np.mod(np.linspace(-90, 90, count + 1)[:-1], 180) - 90)
    zero = int(np.searchsorted(lats, 0))
    for i, lat in enumerate(lats):
        if abs(lat) > 85:
            continue
        columns = math.ceil(2 * math.pi * radius * math.cos(math.radians(lat)) / dist_km)
        lons = np.sort(np.mod(np.linspace(-180, 180, columns + 1)[:-1], 360) - 180)
        middle = int(np.flatnonzero(lons == 0)[0])
        row = f"{i - zero}U" if i >= zero else f"{zero - i}D"
        names += [
            f"{row}_{j - middle}R" if j >= middle else f"{row}_{middle - j}L"
            for j in range(columns)
        ]
    return names


@pytest.mark.parametrize("name", PUBLISHED)
def test_corners_are_the_published_ones(name: str) -> None:
    lat, lon, columns = PUBLISHED[name]
    cells = Cells.parse([name])
    np.testing.assert_allclose(Grid(10).bottom_left(cells), [[lon, lat]], atol=1e-9)
    assert Grid(10).column_count(cells.row).tolist() == [columns]


def test_volcanoes_lie_in_their_published_cells() -> None:
    found = Grid(10).cells_at(np.array(list(VOLCANOES.values()))).names()
    assert found == list(VOLCANOES)


@pytest.mark.parametrize("dist_km", [50, 100, 200])
def test_names_are_those_of_the_rule_written_out(dist_km: int) -> None:
    assert Grid(dist_km).all_cells().names() == written_out(dist_km)


@pytest.mark.parametrize("dist_km", [10, 100])
def test_every_cell_holds_its_centre_and_its_corner(dist_km: int) -> None:
    grid = Grid(dist_km)
    cells = grid.all_cells()
    for lonlat in (grid.centres(cells), grid.bottom_left(cells)):
        found = grid.cells_at(lonlat)
        assert np.array_equal(found.row, cells.row)
        assert np.array_equal(found.col, cells.col)


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from([10.0, 37.0, 100.0]))
def test_any_place_lies_in_a_cell_whose_edges_surround_it(
    lon: float, lat: float, dist_km: float
) -> None:
    grid = Grid(dist_km)
    cell = grid.cells_at(np.array([[lon, lat]]))
    west, south = grid.bottom_left(cell)[0]
    width = 360 / grid.column_count(cell.row)[0]
    assert -1e-6 <= (lon - west) % 360 <= width + 1e-6 or (west - lon) % 360 < 1e-6
    if lat >= grid.latitudes[0]:  # the cap south of the first row belongs to it
        assert 0 <= lat - south <= 180 / grid.row_count + 1e-9
    again = Cells.parse(cell.names())
    assert (again.row, again.col) == (cell.row, cell.col)


@pytest.mark.parametrize(
    "bad",
    ["", "454U120R", "454X_120R", "U_R", "-3U_4R", "1U_1R\n", "\u0663U_1R", "99999999999U_0R"],
)
def test_what_is_no_name_is_refused(bad: str) -> None:
    with pytest.raises(BadQueryError, match="Major TOM"):
        Cells.parse([bad])


def test_a_row_beyond_the_pole_is_refused() -> None:
    with pytest.raises(BadQueryError, match="no such row"):
        Grid(10).bottom_left(Cells.parse(["1200U_0R"]))


@pytest.mark.parametrize("bad", [(0, 91), (0, float("nan")), (float("inf"), 0)])
def test_what_is_no_place_is_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(BadPlaceError):
        Grid(10).cells_at(np.array([bad]))


@pytest.mark.parametrize("dist_km", [0.0, -1.0, 0.001, 30_000.0, float("nan"), float("inf")])
def test_a_grid_of_no_size_is_refused(dist_km: float) -> None:
    with pytest.raises(BadQueryError, match="cannot have cells"):
        Grid(dist_km)


@pytest.mark.parametrize("dist_km", [0.32, 2.0, 10.0, 333.0, 5000.0, 20_000.0])
def test_grids_of_any_spacing_hold_every_place_and_name_it_back(dist_km: float) -> None:
    grid, rng = Grid(dist_km), np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-180, 180, 2000), rng.uniform(-90, 90, 2000)])
    cells = grid.cells_at(lonlat)
    again = Cells.parse(cells.names())
    assert np.array_equal(again.row, cells.row)
    assert np.array_equal(again.col, cells.col)
    back = grid.cells_at(grid.centres(cells))
    assert np.array_equal(back.row, cells.row)
    assert np.array_equal(back.col, cells.col)
    middle = grid.centres(cells)
    assert (np.abs(middle[:, 1] - lonlat[:, 1]) <= 180 / grid.row_count).all()


@pytest.mark.parametrize("lat", [-90.0, -89.99, 0.0, 71.3, 89.99, 90.0])
def test_180_degrees_east_and_west_are_one_place(lat: float) -> None:
    east, west, beyond = (Grid(10).cells_at(np.array([[x, lat]])) for x in (180.0, -180.0, 540.0))
    assert east.names() == west.names() == beyond.names()


def test_all_places_at_the_south_pole_are_in_one_cell() -> None:
    cells = Grid(10).cells_at(np.array([[x, -90.0] for x in (-170.0, 0.0, 33.0, 180.0)]))
    assert set(cells.names()) == {"1002D_0R"}


def test_a_column_that_a_row_does_not_have_is_refused() -> None:
    with pytest.raises(BadQueryError, match="no cell 454U_1518R"):
        Grid(10).bottom_left(Cells.parse(["454U_120R", "454U_1518R"]))
    assert len(Grid(10).bottom_left(Cells.parse(["454U_1517R"]))) == 1


@pytest.mark.parametrize("dist_km", [300.0, 500.0, 1000.0])
def test_neighbours_are_all_that_touch_and_lie_close(dist_km: float) -> None:
    grid = Grid(dist_km)
    cells = grid.all_cells(max_abs_lat=90)
    around, of = grid.neighbours(cells)
    place = {
        key: i for i, key in enumerate(zip(cells.row.tolist(), cells.col.tolist(), strict=True))
    }
    found = np.array(
        [place[key] for key in zip(around.row.tolist(), around.col.tolist(), strict=True)]
    )
    west, width = grid.bottom_left(cells)[:, 0], 360 / grid.column_count(cells.row)
    for i in range(len(cells.row)):
        mine = found[of == i].tolist()
        assert len(mine) == len(set(mine))
        assert i not in mine
        # Looked for in all cells: those whose boxes share an edge or a corner.
        gap = np.mod(west - west[i] + 1e-9, 360)  # of each western edge, counted eastward
        meets = (gap <= width[i] + 2e-9) | (gap + width >= 360 - 2e-9)
        meets &= np.abs(cells.row - cells.row[i]) <= 1
        meets[i] = False
        assert set(np.flatnonzero(meets).tolist()) <= set(mine)
    assert set(np.abs(cells.row[of] - around.row).tolist()) <= {0, 1}
    calm = np.abs(grid.bottom_left(cells)[:, 1]) < 60
    assert np.median(np.bincount(of)[calm]) == 8
    middles, others = grid.centres(cells)[of], grid.centres(around)
    lon = np.abs(np.mod(middles[:, 0] - others[:, 0] + 180, 360) - 180)
    assert (lon * np.cos(np.radians(middles[:, 1])) * 111.32 < 2.1 * dist_km)[calm[of]].all()


def test_neighbours_go_on_across_180_degrees() -> None:
    grid = Grid(10)
    around, _ = grid.neighbours(grid.cells_at(np.array([[179.99, 10.0]])))
    lon = grid.centres(around)[:, 0]
    assert len(lon) == 8
    assert {bool(x > 0) for x in lon} == {True, False}
    assert (np.abs(lon) > 179.7).all()


def test_beyond_the_last_row_comes_the_other_side_of_the_pole() -> None:
    grid = Grid(10)
    top = Cells(np.array([1001], np.int32), np.array([0], np.int32))
    around, _ = grid.neighbours(top)
    lon = grid.centres(around)[around.row == 1001, 0]
    assert (np.abs(lon) > 120).any()
    south, _ = grid.neighbours(grid.cells_at(np.array([[0.0, -90.0]])))
    assert (
        len(south.row) == grid.column_count(np.array([-1001], np.int32))[0]
    )  # all of the next row


def test_one_cell_in_nine_is_every_third_row_and_column() -> None:
    cells = Grid(100).all_cells()
    kept = every(cells)
    assert kept.mean() == pytest.approx(1 / 9, rel=0.02)
    assert not (cells.row[kept] % 3).any()
    assert not (cells.col[kept] % 3).any()
    in_it = every(Cells.parse(["921D_252L", "921D_251L", "922D_252L", "0U_0R", "3U_3L"]))
    assert in_it.tolist() == [True, False, False, True, True]
    parts = [every(cells, 2, row=row, col=col) for row in (0, 1) for col in (0, 1)]
    assert np.array_equal(np.sum(parts, axis=0), np.ones(len(cells.row)))  # each in just one
    with pytest.raises(BadQueryError, match="every 0th"):
        every(cells, 0)
