/**
 * Scores of every tile, as the server sends them: one uint16 per tile.
 *
 * 0 means "cannot be ranked or outside the filter"; v ≥ 1 stands for the score
 * min + (v - 1) / 65534 * (max - min). All of it is integer counting, so the slider needs no server.
 */
import type { ScoresInfo } from './types';

const LEVELS = 65_536;
const STEPS = 65_534;

export interface ScoreField {
  raw: Uint16Array;
  min: number;
  max: number;
  /** Tiles that can be ranked. */
  valid: number;
  /** atLeast[v]: how many tiles have v or more, for v from 1 to 65535. */
  atLeast: Uint32Array;
}

export function makeField(raw: Uint16Array, info: ScoresInfo): ScoreField {
  const atLeast = new Uint32Array(LEVELS + 1);
  for (const value of raw) {
    atLeast[value]! += 1;
  }
  atLeast[0] = 0;
  for (let level = LEVELS - 1; level >= 1; level -= 1) {
    atLeast[level]! += atLeast[level + 1]!;
  }
  return { raw, min: info.min, max: info.max, valid: atLeast[1]!, atLeast };
}

/** Number of tiles at or above a level. */
export function countAtLeast(field: ScoreField, level: number): number {
  return field.atLeast[Math.max(1, Math.min(LEVELS, level))]!;
}

/** The highest level that still holds the best `percent` of the tiles (at least one tile). */
export function levelOfPercent(field: ScoreField, percent: number): number {
  const wanted = Math.max(1, Math.round((field.valid * percent) / 100));
  let low = 1;
  let high = LEVELS - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (countAtLeast(field, middle) >= wanted) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** The share of tiles, in percent, at or above a level: 1 means "among the best 1 %". */
export function percentOfLevel(field: ScoreField, level: number): number {
  return field.valid === 0 ? 0 : (100 * countAtLeast(field, level)) / field.valid;
}

/** The score a level stands for; NaN for level 0. */
export function scoreOfLevel(field: ScoreField, level: number): number {
  if (level < 1) {
    return Number.NaN;
  }
  return field.min + ((level - 1) / STEPS) * (field.max - field.min);
}

/** First level of each of `bins` equal ranges, and one past the last. */
export function binEdges(bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, bin) => 1 + Math.floor((bin * (LEVELS - 1)) / bins));
}

/** How many tiles fall into each of `bins` equal ranges of the score. */
export function histogram(field: ScoreField, bins: number): number[] {
  const edges = binEdges(bins);
  return edges
    .slice(0, -1)
    .map((edge, bin) => field.atLeast[edge]! - field.atLeast[edges[bin + 1]!]!);
}

/** How a bar's height follows its count. */
export type BarScale = 'linear' | 'sqrt' | 'log';

const BEND: Record<BarScale, (count: number) => number> = {
  linear: (count) => count,
  sqrt: Math.sqrt,
  log: Math.log1p,
};

/** Least height of a bar that is not empty. */
const LEAST_BAR = 1.5;

/** Heights of bars, the highest of them `most`: bent, so that the few best tiles can be seen. */
export function barHeights(counts: number[], scale: BarScale, most: number): number[] {
  const bend = BEND[scale];
  const top = bend(Math.max(1, ...counts));
  return counts.map((count) => (count === 0 ? 0 : Math.max(LEAST_BAR, (most * bend(count)) / top)));
}

/** Range of the slider, in percent of the tiles. */
export const PERCENT_MIN = 0.1;
export const PERCENT_MAX = 100;

/** Slider positions run from 0 (all tiles) to SLIDER_STEPS (the best 0.1 %), evenly in log(percent). */
export const SLIDER_STEPS = 120;
const DECADES = Math.log10(PERCENT_MAX / PERCENT_MIN);

export function clampPercent(percent: number): number {
  return Math.min(PERCENT_MAX, Math.max(PERCENT_MIN, percent));
}

export function percentOfSlider(position: number): number {
  const percent = PERCENT_MAX * 10 ** ((-position / SLIDER_STEPS) * DECADES);
  return clampPercent(Number(percent.toPrecision(3)));
}

export function sliderOfPercent(percent: number): number {
  const position = (Math.log10(PERCENT_MAX / clampPercent(percent)) / DECADES) * SLIDER_STEPS;
  return Math.round(position);
}
