import { describe, expect, it } from 'vitest';
import { DEFAULT_VIEW, readView, writeView, type View } from './url';

function again(view: View): View {
  return readView(writeView(view));
}

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

  it('takes the last of several words or places', () => {
    expect(readView('?text=a&place=1,2&text=b&place=3,4').parts).toEqual([
      { kind: 'text', text: 'b', weight: 1 },
      { kind: 'place', lon: 3, lat: 4, weight: 1 },
    ]);
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

  it('holds the percentage within the slider', () => {
    expect(readView('?percent=900').percent).toBe(100);
    expect(readView('?percent=0').percent).toBe(0.1);
    expect(readView('?percent=lots').percent).toBe(DEFAULT_VIEW.percent);
  });
});
