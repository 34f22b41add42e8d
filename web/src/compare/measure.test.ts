import { describe, expect, it } from 'vitest';
import { makeField } from '../scores';
import {
  align,
  differences,
  disagreements,
  medianShift,
  overlapOfTop,
  ranksIn,
  spanOf,
  spearman,
} from './measure';
import { mainRow, pairSets, rivalRow, sameTiles, type Pairing } from './pairing';

const ROW_BY_ROW: Pairing = { kind: 'same', count: 0, apartKm: 0, toRival: null, toMain: null };

function field(...levels: number[]) {
  const info = { url: '', count: 0, valid: 0, min: 0, max: 1, dtype: 'uint16' as const };
  return makeField(Uint16Array.from(levels), info);
}

function aligned(main: number[], rival: number[], pairing = ROW_BY_ROW) {
  return align(field(...main), field(...rival), pairing);
}

describe('rank correlation', () => {
  it('is that of the textbook', () => {
    // Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
    expect(spearman(aligned([10, 20, 30, 40, 50], [7, 5, 9, 8, 60]))).toBeCloseTo(0.8, 12);
  });

  it('takes ties at their mean rank', () => {
    // Ranks 1 2.5 2.5 4 against 1 2 3 4: covariance 4.5, squares 4.5 and 5.
    const expected = 4.5 / Math.sqrt(4.5 * 5);
    expect(spearman(aligned([1, 5, 5, 9], [1, 2, 3, 4]))).toBeCloseTo(expected, 12);
  });

  it('is 1, -1, or not there', () => {
    expect(spearman(aligned([1, 2, 3], [4, 5, 9]))).toBeCloseTo(1, 12);
    expect(spearman(aligned([1, 2, 3], [9, 5, 4]))).toBeCloseTo(-1, 12);
    expect(spearman(aligned([3, 3, 3], [9, 5, 4]))).toBeNaN();
    expect(spearman(aligned([], []))).toBeNaN();
  });

  it('leaves out tiles that one side cannot rank', () => {
    const both = aligned([10, 0, 20, 30, 40], [1, 9, 2, 3, 0]);
    expect([...both.rows]).toEqual([0, 2, 3]);
    expect(spearman(both)).toBeCloseTo(1, 12);
  });
});

describe('overlap of the best', () => {
  const both = aligned([80, 70, 60, 50, 40, 30, 20, 10], [70, 10, 80, 20, 60, 30, 40, 50]);

  it('is counted by hand', () => {
    // The best 4 are rows 0 1 2 3 and rows 2 0 4 7.
    expect(overlapOfTop(both, 4)).toEqual({
      k: 4,
      shared: 2,
      share: 0.5,
      jaccard: 2 / 6,
      chance: 0.5,
    });
    expect(overlapOfTop(both, 1).shared).toBe(0);
    expect(overlapOfTop(both, 99)).toMatchObject({ k: 8, share: 1, jaccard: 1, chance: 1 });
  });

  it('takes all that are equal at the cut', () => {
    const ties = aligned([9, 5, 5, 1], [9, 8, 1, 2]);
    // The best 2 are rows 0 1 2 (5 twice) and rows 0 1.
    expect(overlapOfTop(ties, 2)).toMatchObject({ shared: 2, share: 1, jaccard: 2 / 3 });
  });

  it('is none where no tile is on both sides', () => {
    expect(overlapOfTop(aligned([1, 0], [0, 1]), 5).share).toBeNaN();
  });
});

describe('where answers differ', () => {
  // Percentiles by half: 1/8, 3/8, 5/8, 7/8.
  const both = aligned([10, 20, 30, 40], [40, 30, 20, 10]);
  const positions = Float32Array.from([0, 0, 10, 0, 20, 0, 30, 0]);

  it('is told by difference of percentiles, lowest 1, none 32768', () => {
    const raw = differences(both, 5);
    const asShare = [...raw].map((level) => ((level - 1) / 65_534) * 2 - 1);
    expect(asShare[0]).toBeCloseTo(-0.75, 4);
    expect(asShare[1]).toBeCloseTo(-0.25, 4);
    expect(asShare[3]).toBeCloseTo(0.75, 4);
    expect(raw[4]).toBe(0);
  });

  it('is shown on a scale that nearly all lie within', () => {
    expect(spanOf(both)).toBe(0.75);
    expect(spanOf(aligned([1, 2, 3], [1, 2, 3]))).toBe(0.05);
    expect(differences(both, 4, 0.5)[0]).toBe(1);
    expect(differences(both, 4, 0.5)[3]).toBe(65_535);
  });

  it('lists the most different first, either way', () => {
    const most = disagreements(both, positions, { count: 9, apartKm: 0, sign: 1 });
    expect(most.map(({ row }) => row)).toEqual([3, 2]);
    expect(most[0]).toMatchObject({ main: 7 / 8, rival: 1 / 8, lon: 30, lat: 0 });
    const least = disagreements(both, positions, { count: 1, apartKm: 0, sign: -1 });
    expect(least.map(({ row }) => row)).toEqual([0]);
  });

  it('keeps tiles apart', () => {
    const apart = { count: 9, apartKm: 2000, sign: 1 } as const;
    expect(disagreements(both, positions, apart).map(({ row }) => row)).toEqual([3]);
  });
});

describe('shifts in the lists', () => {
  const ours = [
    { row: 5, rank: 1 },
    { row: 6, rank: 2 },
    { row: 7, rank: 3 },
  ];
  const theirs = [
    { row: 7, rank: 1 },
    { row: 9, rank: 2 },
    { row: 5, rank: 6 },
  ];

  it('are ranks in the other list', () => {
    const ranks = ranksIn(ours, theirs, (row) => row);
    expect([...ranks]).toEqual([
      [5, 6],
      [6, null],
      [7, 1],
    ]);
    expect(medianShift(ours, ranks)).toBe(3.5);
    expect(medianShift(ours, new Map())).toBeNull();
  });
});

describe('pairs of tiles', () => {
  const main = Float32Array.from([0, 0, 1, 0, 2, 0, 3, 0]);

  it('go row by row where tiles are the same to a metre', async () => {
    const moved = main.map((value) => value + 0.000_005);
    expect(sameTiles(main, moved)).toBe(true);
    expect(sameTiles(main, main.slice(2))).toBe(false);
    const pairing = await pairSets(main, moved, 50);
    expect(pairing).toMatchObject({ kind: 'same', count: 4 });
    expect(rivalRow(pairing!, 3)).toBe(3);
  });

  it('go to the nearest within reach, one to one', async () => {
    // One near row 1, one nearer to row 1, one near row 3, one near nothing.
    const rival = Float32Array.from([1.2, 0, 1.1, 0, 2.9, 0, 40, 40]);
    const pairing = (await pairSets(main, rival, 50))!;
    expect(pairing.kind).toBe('nearest');
    expect(pairing.count).toBe(2);
    expect([0, 1, 2, 3].map((row) => rivalRow(pairing, row))).toEqual([null, 1, null, 2]);
    expect([0, 1, 2, 3].map((row) => mainRow(pairing, row))).toEqual([null, 1, 3, null]);
    expect(pairing.apartKm).toBeCloseTo(11.13, 1);
  });

  it('work the same way round when the other set is larger', async () => {
    const pairing = (await pairSets(main.slice(2, 4), main, 50))!;
    expect(rivalRow(pairing, 0)).toBe(1);
    expect(mainRow(pairing, 1)).toBe(0);
    expect(mainRow(pairing, 0)).toBeNull();
  });

  it('are none for sets of other places', async () => {
    const pairing = (await pairSets(main, Float32Array.from([90, 10]), 50))!;
    expect(pairing).toMatchObject({ kind: 'none', count: 0 });
    expect(rivalRow(pairing, 0)).toBeNull();
  });
});
