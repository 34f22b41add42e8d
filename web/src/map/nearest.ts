/** Which tile is under the pointer. */
import { makeGrid, nearestIn, type Grid } from './grid';

/** How far is looked first, in distances between tiles: nearly always there is one. */
const FIRST_REACH = 0.75;

export class TileFinder {
  private readonly positions: Float32Array;
  private readonly grid: Grid;

  constructor(positions: Float32Array, grid: Grid = makeGrid(positions)) {
    this.positions = positions;
    this.grid = grid;
  }

  /** Usual distance between neighbours in kilometres. */
  get spacingKm(): number {
    return this.grid.spacingKm;
  }

  /** Row of the tile nearest to a place, if one lies within `withinKm`. */
  nearest(lon: number, lat: number, withinKm: number): number | null {
    const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
    const { grid, positions } = this;
    const first = Math.min(withinKm, FIRST_REACH * this.spacingKm);
    const found =
      nearestIn(grid, positions, [wrapped, lat], first) ??
      nearestIn(grid, positions, [wrapped, lat], withinKm);
    return found && found.row;
  }
}
