import { describe, expect, it } from 'vitest';
import { DEFAULT_QUERY } from '../query';
import type { Part, Query } from '../types';
import { follow, namesRows, partsFor } from './carry';

const words: Part = { kind: 'text', text: 'fjords', weight: 1 };
const tile: Part = { kind: 'row', row: 7, weight: -0.5, set: 'world' };
const tiles: Part = { kind: 'rows', rows: [7, 8, 9], weight: 1 };
const vector: Part = { kind: 'vector', vector: [1, 0], weight: 1 };
const picture: Part = { kind: 'image', data: 'data:,', name: 'a', weight: 1 };

/** Rows of the other set: one less, and none for 9. */
const rowOf = (row: number): number | null => (row === 9 ? null : row - 1);

const asParts = (parts: readonly Part[]): Part[] => partsFor(parts, ['text'], rowOf);

describe('the question to another set', () => {
  it('names the tiles by their rows there, and leaves out what has none', () => {
    expect(partsFor([words, tile, tiles], ['text'], rowOf)).toEqual([
      words,
      { kind: 'row', row: 6, weight: -0.5 },
      { kind: 'rows', rows: [6, 7], weight: 1 },
    ]);
    expect(partsFor([{ ...tile, row: 9 }], ['text'], rowOf)).toEqual([]);
  });

  it('has nothing that its model cannot take', () => {
    expect(partsFor([words, picture, vector], ['image'], rowOf)).toEqual([picture]);
  });

  it('needs the rows of tiles only where there are some', () => {
    expect(namesRows([words, vector])).toBe(false);
    expect(namesRows([words, tile])).toBe(true);
  });
});

describe('the other side', () => {
  const main: Query = { ...DEFAULT_QUERY, parts: [words] };
  const other: Query = { ...main, set: 'another' };
  const next: Query = { ...main, parts: [{ ...words, text: 'dunes' }] };

  it('is asked what the main side is asked, where two sets are compared', () => {
    expect(follow(main, next, other, asParts)).toEqual({ ...next, set: 'another' });
    const rows = { ...main, parts: [tile] };
    const follows = follow(main, rows, other, asParts);
    expect(follows.parts).toEqual([{ kind: 'row', row: 6, weight: -0.5 }]);
    expect(follow(rows, next, follows, asParts).parts).toEqual(next.parts);
  });

  it('keeps words of its own', () => {
    const own = { ...other, parts: [{ ...words, text: 'ice' }] };
    expect(follow(main, next, own, asParts)).toBe(own);
    const sameSet = { ...main };
    expect(follow(main, next, sameSet, asParts)).toBe(sameSet);
  });

  it('has the filter and the options of the main side, unless it has its own', () => {
    const now = { ...main, filter: { cloud: 10 }, k: 50 };
    expect(follow(main, now, other, asParts)).toMatchObject({ filter: { cloud: 10 }, k: 50 });
    const own = { ...other, filter: { cloud: 5 } };
    expect(follow(main, now, own, asParts)).toMatchObject({ filter: { cloud: 5 }, k: 50 });
  });
});
