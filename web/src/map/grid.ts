/**
 * Tiles sorted into cells of the flat map, so that what lies in a view, or near the pointer, is found
 * without looking at all of them. Sorting 2.2 million takes a quarter of a second (gridding.ts).
 */
import { distanceKm, EQUATOR_KM, mercatorX, mercatorY } from './mercator';

/** Tiles in a cell, on average over the box that the set fills. */
const CROWD = 48;
/** Most columns and lines. */
const MOST = 256;
/** Tiles looked at to find the usual distance between neighbours. */
const SAMPLES = 101;
/** Distance between neighbours, in kilometres, where there are none. */
const ALONE_KM = 100;
/** By how much distances on the flat map may mislead within a circle. */
const MARGIN = 1.2;

export interface Grid {
  /** x, y, x, y, … in the unit square (mercator.ts), cell by cell. */
  mercator: Float32Array;
  /** Row of the set that stands at each place in `mercator`. */
  rows: Uint32Array;
  /** For each cell, where its tiles begin in `rows`; one more is the end. Line by line. */
  starts: Uint32Array;
  columns: number;
  lines: number;
  west: number;
  north: number;
  /** Width and height of a cell in the unit square. */
  cellWidth: number;
  cellHeight: number;
  /** Usual distance between neighbours in kilometres. */
  spacingKm: number;
}

/** First and number of tiles that follow one another in `rows`. */
export type Range = [first: number, count: number];

function extent(mercator: Float32Array): [number, number, number, number] {
  let [west, north, east, south] = [1, 1, 0, 0];
  for (let index = 0; index < mercator.length; index += 2) {
    const [x, y] = [mercator[index]!, mercator[index + 1]!];
    west = x < west ? x : west;
    east = x > east ? x : east;
    north = y < north ? y : north;
    south = y > south ? y : south;
  }
  return [west, north, Math.max(0, east - west), Math.max(0, south - north)];
}

function between(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** Sort tile centres (lon, lat, lon, lat, … in degrees) into cells. */
export function makeGrid(positions: Float32Array): Grid {
  const count = positions.length / 2;
  const unsorted = new Float32Array(positions.length);
  for (let index = 0; index < positions.length; index += 2) {
    unsorted[index] = mercatorX(positions[index]!);
    unsorted[index + 1] = mercatorY(positions[index + 1]!);
  }
  const [west, north, width, height] = extent(unsorted);
  const cells = Math.max(1, count / CROWD);
  const columns = between(Math.round(Math.sqrt((cells * (width || 1)) / (height || 1))), 1, MOST);
  const lines = between(Math.round(cells / columns), 1, MOST);
  const [cellWidth, cellHeight] = [(width || 1) / columns, (height || 1) / lines];

  const cellOf = new Uint32Array(count);
  const starts = new Uint32Array(columns * lines + 1);
  for (let row = 0; row < count; row += 1) {
    const column = between(Math.floor((unsorted[2 * row]! - west) / cellWidth), 0, columns - 1);
    const line = between(Math.floor((unsorted[2 * row + 1]! - north) / cellHeight), 0, lines - 1);
    const cell = line * columns + column;
    cellOf[row] = cell;
    starts[cell + 1]! += 1;
  }
  for (let cell = 0; cell < columns * lines; cell += 1) {
    starts[cell + 1]! += starts[cell]!;
  }
  const next = starts.slice(0, -1);
  const rows = new Uint32Array(count);
  const mercator = new Float32Array(2 * count);
  for (let row = 0; row < count; row += 1) {
    const place = next[cellOf[row]!]!;
    next[cellOf[row]!] = place + 1;
    rows[place] = row;
    mercator[2 * place] = unsorted[2 * row]!;
    mercator[2 * place + 1] = unsorted[2 * row + 1]!;
  }
  const bare = { mercator, rows, starts, columns, lines, west, north, cellWidth, cellHeight };
  const grid = { ...bare, spacingKm: ALONE_KM };
  return { ...grid, spacingKm: usualSpacing(grid, positions) };
}

/** The tiles whose cells touch a box of the unit square, as few ranges as there are. */
export function rangesIn(
  grid: Grid,
  [left, top, right, bottom]: [number, number, number, number],
): Range[] {
  const { starts, columns, lines, west, north, cellWidth, cellHeight } = grid;
  const first = Math.max(0, Math.floor((left - west) / cellWidth));
  const last = Math.min(columns - 1, Math.floor((right - west) / cellWidth));
  const above = Math.max(0, Math.floor((top - north) / cellHeight));
  const below = Math.min(lines - 1, Math.floor((bottom - north) / cellHeight));
  const found: Range[] = [];
  if (first > last) {
    return found;
  }
  for (let line = above; line <= below; line += 1) {
    const from = starts[line * columns + first]!;
    const end = starts[line * columns + last + 1]!;
    const before = found[found.length - 1];
    if (before && before[0] + before[1] === from) {
      before[1] += end - from;
    } else if (end > from) {
      found.push([from, end - from]);
    }
  }
  return found;
}

/**
 * The tile nearest to a place within a distance, where `isMeant` says yes; null if there is none.
 * Distances on the flat map tell which tiles are worth measuring on the globe.
 */
export function nearestIn(
  grid: Grid,
  positions: Float32Array,
  [lon, lat]: [number, number],
  withinKm: number,
  isMeant: (row: number, km: number) => boolean = () => true,
): { row: number; km: number } | null {
  const { mercator, rows } = grid;
  const stretch = Math.max(0.05, Math.cos((lat * Math.PI) / 180));
  const radius = (MARGIN * withinKm) / EQUATOR_KM / stretch;
  const y = mercatorY(lat);
  let nearest: { row: number; km: number } | null = null;
  let least = radius * radius;
  for (const turn of [-1, 0, 1]) {
    const x = mercatorX(lon) + turn;
    for (const [first, count] of rangesIn(grid, [x - radius, y - radius, x + radius, y + radius])) {
      for (let place = first; place < first + count; place += 1) {
        const dx = mercator[2 * place]! - x;
        const dy = mercator[2 * place + 1]! - y;
        const squared = dx * dx + dy * dy;
        if (squared <= least) {
          const row = rows[place]!;
          const km = distanceKm(lon, lat, positions[2 * row]!, positions[2 * row + 1]!);
          if (km <= (nearest?.km ?? withinKm) && isMeant(row, km)) {
            nearest = { row, km };
            least = Math.min(least, MARGIN * MARGIN * squared);
          }
        }
      }
    }
  }
  return nearest;
}

function usualSpacing(grid: Grid, positions: Float32Array): number {
  const count = positions.length / 2;
  if (count < 2) {
    return ALONE_KM;
  }
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const gaps: number[] = [];
  for (let row = 0; row < count; row += step) {
    gaps.push(gapAround(grid, positions, row));
  }
  gaps.sort((a, b) => a - b);
  return gaps[gaps.length >> 1]!;
}

/** Distance from a tile to its nearest neighbour, widening the circle until there is one. */
function gapAround(grid: Grid, positions: Float32Array, row: number): number {
  const place: [number, number] = [positions[2 * row]!, positions[2 * row + 1]!];
  const isOther = (other: number, km: number): boolean => other !== row && km > 0.01;
  for (let radius = 2; radius < EQUATOR_KM; radius *= 2) {
    const found = nearestIn(grid, positions, place, radius, isOther);
    if (found) {
      return found.km;
    }
  }
  return ALONE_KM;
}
