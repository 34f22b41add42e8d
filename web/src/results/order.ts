/** Results in the order of a column of the table. */
import type { Result } from '../types';

export interface Sorting {
  /** A key of `valueOf`: "rank", "near", "part:sand desert", … */
  by: string;
  isDown: boolean;
}

export const BY_RANK: Sorting = { by: 'rank', isDown: false };

const PART = 'part:';

export function partColumn(name: string): string {
  return PART + name;
}

/** What a result is sorted by; null is not known. */
export function valueOf(result: Result, by: string): number | string | null {
  if (by.startsWith(PART)) {
    return result.parts?.[by.slice(PART.length)] ?? null;
  }
  switch (by) {
    case 'near':
      return result.near ?? null;
    case 'score':
      return result.score;
    case 'time':
      return result.time ?? null;
    case 'distance':
      return result.distance_km ?? null;
    case 'lat':
      return result.lat;
    case 'lon':
      return result.lon;
    case 'id':
      return result.id;
    default:
      return result.rank;
  }
}

const MARKS = /\p{M}+/gu;
const DIGITS = /\d+/g;

/**
 * What words are compared by: without marks and capitals, numbers by their size. A collator would
 * take seconds for 50,000 places.
 */
function wordKey(text: string): string {
  const plain = text.normalize('NFD').replace(MARKS, '').toLowerCase();
  return plain.replace(DIGITS, (digits) => digits.padStart(9, '0'));
}

/** Places of the results in the order of a column; what is not known comes last either way. */
export function orderBy(results: Result[], { by, isDown }: Sorting): number[] {
  const places = results.map((_, place) => place);
  if (by === 'rank') {
    return isDown ? places.toReversed() : places;
  }
  const values = results.map((result) => {
    const value = valueOf(result, by);
    return typeof value === 'string' ? wordKey(value) : value;
  });
  const sign = isDown ? -1 : 1;
  return places.toSorted((a, b) => {
    const [one, other] = [values[a]!, values[b]!];
    if (one === null || other === null) {
      return Number(one === null) - Number(other === null) || a - b;
    }
    if (one === other) {
      return a - b;
    }
    return one < other ? -sign : sign;
  });
}

/** The sorting after a click on a heading: numbers that are better when larger go down first. */
export function sortedAnew(old: Sorting, by: string): Sorting {
  if (old.by === by) {
    return { by, isDown: !old.isDown };
  }
  return { by, isDown: by === 'score' || by.startsWith(PART) };
}

/** Names of the parts that have scores of their own, as far as more than one was joined. */
export function partNames(results: Result[]): string[] {
  const names = Object.keys(results[0]?.parts ?? {});
  return names.length > 1 ? names : [];
}
