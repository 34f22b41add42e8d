import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_QUERY } from './query';
import { DEFAULT_VIEW, readView, writeView, type View } from './url';

function again(view: View): View {
  return readView(writeView(view));
}

beforeEach(() => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] });
});

describe('the URL', () => {
  it('is empty for the view one starts with', () => {
    expect(writeView(DEFAULT_VIEW)).toBe('');
    expect(readView('')).toEqual(DEFAULT_VIEW);
  });

  it('gives back every part with its weight', () => {
    const view: View = {
      ...DEFAULT_VIEW,
      parts: [
        { kind: 'text', text: 'sand & sea, 50% = "x"', weight: -0.5 },
        { kind: 'place', lon: -60.02, lat: -3.1, name: 'Manaus, Brazil', weight: 1 },
        { kind: 'row', row: 17, weight: 1.5 },
        { kind: 'row', row: 18, weight: -1 },
      ],
      percent: 0.5,
      base: 'bluemarble',
      projection: 'globe',
      theme: 'light',
      set: 'other',
    };
    expect(again(view)).toEqual(view);
  });

  it('keeps words apart that look like a weight', () => {
    const view: View = { ...DEFAULT_VIEW, parts: [{ kind: 'text', text: '3*4', weight: 1 }] };
    expect(again(view).parts).toEqual(view.parts);
  });

  it('keeps all words, one of them in the box', () => {
    expect(readView('?text=a&place=1,2&text=-1*b').parts).toEqual([
      { kind: 'text', text: 'a', weight: 1 },
      { kind: 'place', lon: 1, lat: 2, weight: 1 },
      { kind: 'text', text: 'b', weight: -1 },
    ]);
  });

  it('holds filters, options, other sets, the camera and a comparison', () => {
    const polygon = {
      type: 'Polygon' as const,
      coordinates: [
        [
          [0, 0],
          [9.1234, 0],
          [9, 9],
          [0, 0],
        ],
      ],
    };
    const view: View = {
      ...DEFAULT_VIEW,
      also: ['b', 'c'],
      parts: [
        { kind: 'area', area: polygon, weight: -0.5 },
        { kind: 'area', bbox: [1, 2, 3, 4], weight: 0.3333 },
        { kind: 'area', near: { lon: 1, lat: 2, km: 90 }, weight: 1 },
        { kind: 'area', bbox: [1, 2, 3, 4], where: 'lat > 3', weight: 1 },
        { kind: 'rows', rows: [5, 6], weight: 1, set: 'b' },
        { kind: 'vector', vector: [0.25, -1], weight: 1 },
      ],
      filter: {
        bbox: [170, -10, -170, 10],
        area: polygon,
        near: { lon: 2.35, lat: 48.86, km: 50 },
        time: ['2020-01', null],
        season: ['11-01', '02-28'],
        cloud: 0,
        where: "a > 3 AND b = 'x'",
      },
      k: 500,
      spread_km: 0,
      one_per_cell: 100,
      diversity: 0.3,
      repeats: 0.98,
      top_percent: 1,
      prompts: true,
      fusion: { method: 'sum', calibration: 'robust-z' },
      layout: 'table',
      lang: 'zh',
      camera: { zoom: 4.25, lat: -12.5, lon: 33 },
      selected: 17,
      other: {
        ...DEFAULT_QUERY,
        set: 'b',
        parts: [{ kind: 'text', text: 'sea & ice', weight: 1 }],
      },
    };
    expect(again(view)).toEqual(view);
  });

  it('leaves uploaded pictures out', () => {
    const view: View = {
      ...DEFAULT_VIEW,
      parts: [{ kind: 'image', data: 'data:,', name: 'x.png', weight: 1 }],
    };
    expect(writeView(view)).toBe('');
  });

  it.each(['?place=200,3', '?place=abc', '?place=7', '?row=-1', '?row=x', '?text=%20'])(
    'passes over what makes no sense: %s',
    (search) => {
      expect(readView(search).parts).toEqual([]);
    },
  );

  it.each([
    ['?fusion=sum,quantile', { method: 'sum', calibration: 'quantile' }],
    ['?fusion={"method":"rrf","constant":20}', { method: 'rrf', constant: 20 }],
    ['?fusion=rrf', { method: 'rrf' }],
    ['?fusion=sum,odd', null],
    ['?fusion=other', null],
    ['?fusion={"method":"other"}', null],
    ['?fusion={"method":"rrf","constant":"many"}', null],
    ['?fusion={', null],
  ])('takes ways of joining that there are: %s', (search, fusion) => {
    expect(readView(search).fusion).toEqual(fusion);
  });

  it('holds the percentage within the slider', () => {
    expect(readView('?percent=900').percent).toBe(100);
    expect(readView('?percent=0').percent).toBe(0.1);
    expect(readView('?percent=lots').percent).toBe(DEFAULT_VIEW.percent);
  });
});
