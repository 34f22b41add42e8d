import { describe, expect, it } from 'vitest';
import { offsetShowing, rangeAt } from './windowed';

const TABLE = { count: 50_000, perLine: 1, stride: 40, overscan: 5 };

describe('windows on long lists', () => {
  it('makes few of many, and room for all of them', () => {
    for (const offset of [0, 1_000, 999_999, 50_000 * 40 - 400]) {
      const { start, end, before, after } = rangeAt(offset, 400, TABLE);
      expect(end - start).toBeLessThan(30);
      expect(before + (end - start) * 40 + after).toBe(50_000 * 40);
      expect(start * 40).toBeLessThanOrEqual(offset);
      expect(end * 40).toBeGreaterThanOrEqual(offset + 400);
    }
  });

  it('counts lines, not items, where several stand side by side', () => {
    const { start, end, after } = rangeAt(0, 200, { ...TABLE, count: 10, perLine: 4, overscan: 0 });
    expect([start, end, after]).toEqual([0, 10, 0]);
  });

  it('keeps within an emptied or shortened list', () => {
    expect(rangeAt(5_000, 400, { ...TABLE, count: 0 })).toEqual({
      start: 0,
      end: 0,
      before: 0,
      after: 0,
    });
    expect(rangeAt(80_000, 400, { ...TABLE, count: 10 }).end).toBe(10);
  });

  it('scrolls only as far as it must', () => {
    const seen = { offset: 400, viewport: 400, head: 40 };
    expect(offsetShowing(12, 40, seen)).toBe(400);
    expect(offsetShowing(2, 40, seen)).toBe(80);
    expect(offsetShowing(30, 40, seen)).toBe(30 * 40 + 80 - 400);
  });
});
