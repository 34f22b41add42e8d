/**
 * Which tile of one set is which tile of another: needed to compare two answers tile by tile.
 *
 * In: centres of both sets. Out: pairs of rows, one to one. Sets with the same tiles in the same
 * order pair row by row; others pair each tile with the nearest of the other set, within reach.
 */
import { TileFinder } from '../map/nearest';
import { distanceKm } from '../map/mercator';

export interface Pairing {
  /** `same`: row by row. `nearest`: by place. `none`: the sets have no tiles at the same places. */
  kind: 'same' | 'nearest' | 'none';
  /** Pairs that there are. */
  count: number;
  /** Mean distance of a pair, in kilometres. */
  apartKm: number;
  /** By row of the main set: row of the other set, or -1. Null is row by row. */
  toRival: Int32Array | null;
  /** The same the other way round. */
  toMain: Int32Array | null;
}

/** Centres nearer than this, in degrees, are the same: a little over one metre, and float32. */
const SAME_DEGREES = 2e-5;
/** Tiles looked up in one go before the page may breathe. */
const BATCH = 20_000;

const NONE: Pairing = {
  kind: 'none',
  count: 0,
  apartKm: 0,
  toRival: new Int32Array(0),
  toMain: new Int32Array(0),
};

/** Whether two sets have the same tiles in the same order. */
export function sameTiles(one: Float32Array, other: Float32Array): boolean {
  if (one === other) {
    return true;
  }
  return (
    one.length === other.length &&
    one.every((value, index) => Math.abs(value - other[index]!) <= SAME_DEGREES)
  );
}

function rowByRow(rows: number): Pairing {
  return { kind: 'same', count: rows, apartKm: 0, toRival: null, toMain: null };
}

function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/**
 * Pair each tile of the smaller set with the nearest of the larger, at most `reachKm` away. Where
 * two would take the same one, the nearer has it. Null if `isStale` said that nobody waits any more.
 */
export async function pairSets(
  main: Float32Array,
  rival: Float32Array,
  reachKm: number,
  isStale: () => boolean = () => false,
): Promise<Pairing | null> {
  if (sameTiles(main, rival)) {
    return rowByRow(main.length / 2);
  }
  const isMainLarger = main.length >= rival.length;
  const [large, small] = isMainLarger ? [main, rival] : [rival, main];
  if (small.length === 0) {
    return NONE;
  }
  const finder = new TileFinder(large);
  const toLarge = new Int32Array(small.length / 2).fill(-1);
  const toSmall = new Int32Array(large.length / 2).fill(-1);
  const gap = new Float32Array(large.length / 2).fill(Number.POSITIVE_INFINITY);
  for (let row = 0; row < toLarge.length; row += 1) {
    if (row % BATCH === BATCH - 1) {
      await breathe();
      if (isStale()) {
        return null;
      }
    }
    const [lon, lat] = [small[2 * row]!, small[2 * row + 1]!];
    const found = finder.nearest(lon, lat, reachKm);
    if (found === null) {
      continue;
    }
    const km = distanceKm(lon, lat, large[2 * found]!, large[2 * found + 1]!);
    if (km < gap[found]!) {
      const before = toSmall[found]!;
      if (before >= 0) {
        toLarge[before] = -1;
      }
      gap[found] = km;
      toSmall[found] = row;
      toLarge[row] = found;
    }
  }
  return paired(toLarge, toSmall, gap, isMainLarger);
}

function paired(
  toLarge: Int32Array,
  toSmall: Int32Array,
  gap: Float32Array,
  isMainLarger: boolean,
): Pairing {
  let count = 0;
  let sum = 0;
  for (const large of toLarge) {
    if (large >= 0) {
      count += 1;
      sum += gap[large]!;
    }
  }
  if (count === 0) {
    return NONE;
  }
  const [toRival, toMain] = isMainLarger ? [toSmall, toLarge] : [toLarge, toSmall];
  return { kind: 'nearest', count, apartKm: sum / count, toRival, toMain };
}

function lookUp(table: Int32Array | null, row: number): number | null {
  const found = table ? (table[row] ?? -1) : row;
  return found < 0 ? null : found;
}

/** The other set's row for a row of the main set. */
export function rivalRow(pairing: Pairing, row: number): number | null {
  return lookUp(pairing.toRival, row);
}

/** The main set's row for a row of the other set. */
export function mainRow(pairing: Pairing, row: number): number | null {
  return lookUp(pairing.toMain, row);
}
