import { describe, expect, it } from 'vitest';
import type { Result } from '../types';
import { BY_RANK, orderBy, partColumn, partNames, sortedAnew } from './order';

function result(rank: number, more: Partial<Result>): Result {
  const unknown = { near: null, time: null, distance_km: null, parts: null, repeats: null };
  return {
    rank,
    row: 10 * rank,
    id: `t${rank}`,
    lon: 0,
    lat: 0,
    score: 1 / rank,
    ...unknown,
    ...more,
  };
}

const RESULTS = [
  result(1, { near: 'Zinder', lat: 5, distance_km: 900, parts: { a: 0.1, b: 0.9 } }),
  result(2, { near: null, lat: -20, distance_km: 20, parts: { a: 0.3, b: 0.2 } }),
  result(3, { near: 'Agadez', lat: 60, parts: { a: 0.2, b: 0.5 } }),
];

describe('the order of the table', () => {
  it('is that of the ranks at first', () => {
    expect(orderBy(RESULTS, BY_RANK)).toEqual([0, 1, 2]);
    expect(orderBy(RESULTS, { by: 'rank', isDown: true })).toEqual([2, 1, 0]);
  });

  it('has what is not known last, up and down', () => {
    expect(orderBy(RESULTS, { by: 'near', isDown: false })).toEqual([2, 0, 1]);
    expect(orderBy(RESULTS, { by: 'near', isDown: true })).toEqual([0, 2, 1]);
    expect(orderBy(RESULTS, { by: 'distance', isDown: false })).toEqual([1, 0, 2]);
  });

  it('counts ids and compares numbers as numbers', () => {
    const ids = [result(1, { id: 'r10' }), result(2, { id: 'r9' })];
    expect(orderBy(ids, { by: 'id', isDown: false })).toEqual([1, 0]);
    expect(orderBy(RESULTS, { by: 'lat', isDown: false })).toEqual([1, 0, 2]);
  });

  it('sorts as many places by name as a table can have', () => {
    const many = Array.from({ length: 50_000 }, (_, at) =>
      result(at + 1, { near: `Place ${(at * 7_919) % 50_000} (${at % 900} km)` }),
    );
    const order = orderBy(many, { by: 'near', isDown: false });
    const names = order.slice(0, 3).map((place) => many[place]!.near!.split(' (')[0]);
    expect(names).toEqual(['Place 0', 'Place 1', 'Place 2']);
    expect(new Set(order).size).toBe(50_000);
  }, 20_000);

  it('goes by the score of one part', () => {
    expect(orderBy(RESULTS, { by: partColumn('a'), isDown: true })).toEqual([1, 2, 0]);
  });

  it('turns round at the second click, and shows the best first', () => {
    const once = sortedAnew(BY_RANK, 'score');
    expect(once).toEqual({ by: 'score', isDown: true });
    expect(sortedAnew(once, 'score').isDown).toBe(false);
    expect(sortedAnew(once, 'lat').isDown).toBe(false);
  });

  it('names parts only where several were joined', () => {
    expect(partNames(RESULTS)).toEqual(['a', 'b']);
    expect(partNames([result(1, { parts: { only: 1 } })])).toEqual([]);
    expect(partNames([])).toEqual([]);
  });
});
