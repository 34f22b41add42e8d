import { describe, expect, it } from 'vitest';
import { asksSame, BEST, DEFAULT_QUERY, fromRecord, toRecord } from './query';
import type { LooseQuery, Query } from './types';

const QUERY: Query = {
  ...DEFAULT_QUERY,
  set: 'world',
  also: ['other'],
  parts: [
    { kind: 'text', text: 'sand', weight: 1 },
    { kind: 'text', text: 'rocks', weight: -0.5, set: 'other' },
    { kind: 'rows', rows: [3, 4], weight: 1 },
    { kind: 'area', bbox: [0, 0, 9, 9], weight: 1 },
    { kind: 'vector', vector: [0.5, -1], weight: 1 },
  ],
  filter: { bbox: [-20, 0, 60, 40], season: ['06-01', '08-31'], cloud: 0 },
  k: 50,
  spread_km: 0,
  fusion: { method: 'sum', calibration: 'quantile' },
};

describe('a recipe', () => {
  it('comes back as it was', () => {
    expect(fromRecord(toRecord(QUERY) as LooseQuery)).toEqual(QUERY);
  });

  it('is read as the server writes it, with nulls and defaults', () => {
    const record = {
      version: 2,
      set: 'world',
      parts: [{ kind: 'row' as const, row: 7, weight: 1 }],
      filter: { bbox: null, area: null, time: [null, '2020'] as [null, string] },
      k: BEST,
      top_percent: null,
      prompts: [],
      fusion: null,
    };
    const query = fromRecord(record);
    expect(query.filter).toEqual({ time: [null, '2020'] });
    expect(query).toMatchObject({ k: null, prompts: null, also: [] });
  });

  it('leaves the number of results open where the best percent is asked for', () => {
    const query = { ...QUERY, k: null, top_percent: 1 };
    expect(toRecord(query)).not.toHaveProperty('k');
    expect(toRecord({ ...query, top_percent: null })).toHaveProperty('k', BEST);
  });

  it('sends no name that only the page uses', () => {
    const part = { kind: 'place' as const, lon: 1, lat: 2, name: 'Here', weight: 1 };
    expect(toRecord({ ...QUERY, parts: [part] }).parts).toEqual([
      { kind: 'place', lon: 1, lat: 2, weight: 1 },
    ]);
  });

  it('asks the same whatever is left out', () => {
    expect(asksSame(QUERY, { ...QUERY, filter: { ...QUERY.filter, area: null } })).toBe(true);
    expect(asksSame(QUERY, { ...QUERY, filter: {} })).toBe(false);
  });
});
