/**
 * How far two answers agree, in numbers: counted in the page from the score of every tile.
 *
 * All of it uses ranks only, because scores of two models have no common scale. Scores come as
 * uint16 levels (scores.ts), so ranks are found by counting, without sorting, in one pass.
 */
import { distanceKm } from '../map/mercator';
import type { ScoreField } from '../scores';
import { rivalRow, type Pairing } from './pairing';

const LEVELS = 65_536;
const STEPS = 65_534;
/** Steps of the scale of differences, and the part of the tiles that lie within it. */
const SPAN_STEPS = 20;
const SPAN_SHARE = 0.98;

/** One side of the comparison, over the tiles that both sides can rank. */
export interface Ranked {
  levels: Uint16Array;
  /** atLeast[v]: how many of the tiles have level v or more. */
  atLeast: Uint32Array;
  /** By level: share of the tiles that are worse, ties counted half; 0 to 1, 1 is best. */
  percentile: Float64Array;
}

/** Tiles that both sides rank, in the order of the main set. */
export interface Aligned {
  /** Rows of the main set. */
  rows: Uint32Array;
  main: Ranked;
  rival: Ranked;
}

function rank(levels: Uint16Array): Ranked {
  const atLeast = new Uint32Array(LEVELS + 1);
  for (const level of levels) {
    atLeast[level]! += 1;
  }
  for (let level = LEVELS - 1; level >= 0; level -= 1) {
    atLeast[level]! += atLeast[level + 1]!;
  }
  const percentile = new Float64Array(LEVELS);
  const total = Math.max(1, levels.length);
  for (let level = 0; level < LEVELS; level += 1) {
    const here = atLeast[level]! - atLeast[level + 1]!;
    percentile[level] = (levels.length - atLeast[level]! + here / 2) / total;
  }
  return { levels, atLeast, percentile };
}

/** The tiles that have a score on both sides. */
export function align(main: ScoreField, rival: ScoreField, pairing: Pairing): Aligned {
  const rows = new Uint32Array(main.raw.length);
  const ours = new Uint16Array(main.raw.length);
  const theirs = new Uint16Array(main.raw.length);
  let count = 0;
  for (let row = 0; row < main.raw.length; row += 1) {
    const other = main.raw[row]! > 0 ? rivalRow(pairing, row) : null;
    const level = other === null ? 0 : (rival.raw[other] ?? 0);
    if (level > 0) {
      rows[count] = row;
      ours[count] = main.raw[row]!;
      theirs[count] = level;
      count += 1;
    }
  }
  return {
    rows: rows.subarray(0, count),
    main: rank(ours.subarray(0, count)),
    rival: rank(theirs.subarray(0, count)),
  };
}

/** Spearman's rank correlation, ties at their mean rank; NaN where there is nothing to correlate. */
export function spearman({ main, rival }: Aligned): number {
  const count = main.levels.length;
  let covariance = 0;
  let ofMain = 0;
  let ofRival = 0;
  // Mean of the percentiles is one half, ties or not.
  for (let index = 0; index < count; index += 1) {
    const ours = main.percentile[main.levels[index]!]! - 0.5;
    const theirs = rival.percentile[rival.levels[index]!]! - 0.5;
    covariance += ours * theirs;
    ofMain += ours * ours;
    ofRival += theirs * theirs;
  }
  return ofMain > 0 && ofRival > 0 ? covariance / Math.sqrt(ofMain * ofRival) : Number.NaN;
}

export interface Overlap {
  /** Tiles that were asked for, on each side. */
  k: number;
  /** Tiles among the best of both sides. */
  shared: number;
  /** Shared tiles, as a part of the smaller side. */
  share: number;
  /** Shared tiles, as a part of those that are on either side. */
  jaccard: number;
  /** What `share` would be on average if the ranks had nothing to do with each other. */
  chance: number;
}

/** Highest level that at least `k` tiles reach. */
function levelOfTop({ atLeast }: Ranked, k: number): number {
  let low = 1;
  let high = LEVELS - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (atLeast[middle]! >= k) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** How many of the best `k` tiles both sides have. Equal scores at the cut are all taken. */
export function overlapOfTop({ main, rival }: Aligned, k: number): Overlap {
  const count = main.levels.length;
  const wanted = Math.min(k, count);
  if (wanted < 1) {
    return { k: 0, shared: 0, share: Number.NaN, jaccard: Number.NaN, chance: Number.NaN };
  }
  const [ours, theirs] = [levelOfTop(main, wanted), levelOfTop(rival, wanted)];
  let shared = 0;
  for (let index = 0; index < count; index += 1) {
    if (main.levels[index]! >= ours && rival.levels[index]! >= theirs) {
      shared += 1;
    }
  }
  const [sizeMain, sizeRival] = [main.atLeast[ours]!, rival.atLeast[theirs]!];
  return {
    k: wanted,
    shared,
    share: shared / Math.min(sizeMain, sizeRival),
    jaccard: shared / (sizeMain + sizeRival - shared),
    chance: Math.max(sizeMain, sizeRival) / count,
  };
}

/** Level of a difference of percentiles, −1 to 1; 0 stays for "no difference is known". */
function levelOfDifference(difference: number): number {
  return 1 + Math.round(((Math.min(1, Math.max(-1, difference)) + 1) / 2) * STEPS);
}

/** Scale of a map of differences: nearly all lie within, in steps that read well. */
export function spanOf({ main, rival }: Aligned): number {
  const sizes = new Uint32Array(SPAN_STEPS + 1);
  const count = main.levels.length;
  for (let index = 0; index < count; index += 1) {
    const difference = differenceAt(main, rival, index);
    sizes[Math.min(SPAN_STEPS, Math.ceil(Math.abs(difference) * SPAN_STEPS))]! += 1;
  }
  let step = 0;
  for (let seen = sizes[0]!; step < SPAN_STEPS && seen < SPAN_SHARE * count; seen += sizes[step]!) {
    step += 1;
  }
  return Math.max(1, step) / SPAN_STEPS;
}

function differenceAt(main: Ranked, rival: Ranked, index: number): number {
  return main.percentile[main.levels[index]!]! - rival.percentile[rival.levels[index]!]!;
}

/**
 * Percentile on the main side less percentile on the other, by row of the main set, as levels:
 * 1 is `-span` and less, 65535 is `span` and more.
 */
export function differences({ rows, main, rival }: Aligned, total: number, span = 1): Uint16Array {
  const raw = new Uint16Array(total);
  for (let index = 0; index < rows.length; index += 1) {
    raw[rows[index]!] = levelOfDifference(differenceAt(main, rival, index) / span);
  }
  return raw;
}

/** A tile that the two sides see differently. */
export interface Disagreement {
  /** Row of the main set. */
  row: number;
  lon: number;
  lat: number;
  /** Percentiles, 0 to 1; 1 is best. */
  main: number;
  rival: number;
}

/** Candidates that are looked at first, and at most, for tiles that lie apart. */
const FIRST_LOOK = 2_000;
const LAST_LOOK = 60_000;

/** The `count` tiles that the main side ranks most above the other (`sign` 1) or below it (-1). */
export function disagreements(
  aligned: Aligned,
  positions: Float32Array,
  { count, apartKm, sign }: { count: number; apartKm: number; sign: 1 | -1 },
): Disagreement[] {
  const { rows, main, rival } = aligned;
  const height = new Float32Array(rows.length);
  const held = new Uint32Array(LEVELS + 1);
  for (let index = 0; index < rows.length; index += 1) {
    height[index] = sign * differenceAt(main, rival, index);
    held[levelOfDifference(height[index]!)]! += 1;
  }
  let found: number[] = [];
  for (let look = FIRST_LOOK; ; look *= 5) {
    const candidates = highest(height, held, look);
    found = farApart(candidates, aligned, positions, { count, apartKm });
    if (found.length >= count || candidates.length < look || look > LAST_LOOK) {
      break;
    }
  }
  return found.map((index) => ({
    row: rows[index]!,
    lon: positions[2 * rows[index]!]!,
    lat: positions[2 * rows[index]! + 1]!,
    main: main.percentile[main.levels[index]!]!,
    rival: rival.percentile[rival.levels[index]!]!,
  }));
}

/** Indices of at least `wanted` of the highest values above zero, highest first. */
function highest(height: Float32Array, held: Uint32Array, wanted: number): number[] {
  let level = LEVELS - 1;
  for (let seen = held[level]!; level > 1 && seen < wanted; seen += held[level]!) {
    level -= 1;
  }
  const found: number[] = [];
  for (let index = 0; index < height.length; index += 1) {
    if (height[index]! > 0 && levelOfDifference(height[index]!) >= level) {
      found.push(index);
    }
  }
  return found.toSorted((one, other) => height[other]! - height[one]! || one - other);
}

/** The first `count` that keep a distance from each other. */
function farApart(
  candidates: number[],
  { rows }: Aligned,
  positions: Float32Array,
  { count, apartKm }: { count: number; apartKm: number },
): number[] {
  const kept: number[] = [];
  for (const index of candidates) {
    const [lon, lat] = [positions[2 * rows[index]!]!, positions[2 * rows[index]! + 1]!];
    const isAlone = kept.every((other) => {
      const row = rows[other]!;
      return distanceKm(lon, lat, positions[2 * row]!, positions[2 * row + 1]!) >= apartKm;
    });
    if (isAlone) {
      kept.push(index);
    }
    if (kept.length === count) {
      break;
    }
  }
  return kept;
}

/** By row: rank in the other list, or null where it is not in that list. */
export function ranksIn(
  ours: readonly { row: number }[],
  theirs: readonly { row: number; rank: number }[],
  otherRow: (row: number) => number | null,
): Map<number, number | null> {
  const ranks = new Map(theirs.map(({ row, rank: place }) => [row, place]));
  return new Map(
    ours.map(({ row }) => {
      const other = otherRow(row);
      return [row, other === null ? null : (ranks.get(other) ?? null)];
    }),
  );
}

/** Middle of the absolute shifts of rank of those that are in both lists; null if none is. */
export function medianShift(
  ours: readonly { row: number; rank: number }[],
  ranks: ReadonlyMap<number, number | null>,
): number | null {
  const shifts = ours
    .flatMap(({ row, rank: place }) => {
      const other = ranks.get(row) ?? null;
      return other === null ? [] : [Math.abs(other - place)];
    })
    .toSorted((one, other) => one - other);
  if (shifts.length === 0) {
    return null;
  }
  const middle = shifts.length >> 1;
  return shifts.length % 2 === 1 ? shifts[middle]! : (shifts[middle - 1]! + shifts[middle]!) / 2;
}
