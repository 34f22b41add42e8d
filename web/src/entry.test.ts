import { describe, expect, it } from 'vitest';
import { entryOf, isWhole, MOST_ADDRESS, viewNow } from './entry';
import { DEFAULT_QUERY, queryIn } from './query';
import { DEFAULT_VIEW, readView, type View } from './url';

const text = { kind: 'text', text: 'sand', weight: 1 } as const;
const picture = { kind: 'image', data: 'data:;base64,AAAA', name: 'sand.png', weight: 1 } as const;
const vector = {
  kind: 'vector',
  vector: Array.from({ length: 1152 }, (_, index) => index / 7919),
  weight: 1,
} as const;

function view(change: Partial<View>): View {
  return { ...DEFAULT_VIEW, ...change };
}

describe('an entry of the history', () => {
  it('is the address alone where that says all', () => {
    const { search, kept } = entryOf(view({ parts: [text], percent: 20 }), 3);
    expect(kept).toEqual({ step: 3 });
    expect(readView(search)).toMatchObject({ parts: [text], percent: 20 });
  });

  it.each([[picture], [vector]])('keeps what does not fit into the address', (long) => {
    const whole = view({ parts: [text, long], percent: 20, k: 9 });
    const { search, kept } = entryOf(whole, 1);
    expect(isWhole(whole)).toBe(false);
    expect(search.length).toBeLessThanOrEqual(MOST_ADDRESS);
    expect(readView(search).parts).toEqual([text]);
    window.history.replaceState(kept, '', search);
    expect(queryIn(viewNow())).toEqual(queryIn(whole));
    expect(viewNow().percent).toBe(20);
    window.history.replaceState(null, '', '/');
    expect(viewNow().parts).toEqual([]);
  });

  it('keeps pictures of the other side of a comparison', () => {
    const other = { ...DEFAULT_QUERY, set: 'b', parts: [picture] };
    const whole = view({ parts: [text], other });
    const { search, kept } = entryOf(whole, 1);
    expect(isWhole(whole)).toBe(false);
    window.history.replaceState(kept, '', search);
    expect(viewNow().other).toEqual(other);
    expect(viewNow().parts).toEqual([text]);
    window.history.replaceState(null, '', '/');
  });

  it('leaves out a long area of the filter', () => {
    const ring = Array.from({ length: 900 }, (_, index) => [index / 100, index % 7]);
    const area = { type: 'Polygon' as const, coordinates: [[...ring, ring[0]!]] };
    const { search } = entryOf(view({ parts: [text], filter: { area, cloud: 20 } }), 1);
    expect(readView(search).filter).toEqual({ cloud: 20 });
  });
});
