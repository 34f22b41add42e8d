import { describe, expect, it } from 'vitest';
import type { Answer, SetInfo } from '../../types';
import { limitsIn, seenBox, whyNoHeat } from './heat';

const ANSWER = { id: 'a' } as Answer;
const CLIP = { model: 'clip', heatmaps: true, pixels: 'majortom' } as SetInfo;

describe('heatmaps', () => {
  it('say in words why there is none', () => {
    expect(whyNoHeat(CLIP, ANSWER)).toBe('');
    expect(whyNoHeat({ ...CLIP, heatmaps: false, model: 'satclip' }, ANSWER)).toContain('satclip');
    expect(whyNoHeat({ ...CLIP, pixels: '' }, ANSWER)).toContain('how pictures');
    expect(whyNoHeat(CLIP, null)).toContain('Ask something');
  });

  it('tell what their colours stand for', () => {
    const headers = new Headers({
      'X-Eex-Min': '-0.25',
      'X-Eex-Max': '0.5',
      'X-Eex-Kind': 'cosine',
    });
    expect(limitsIn(headers)).toEqual({ kind: 'cosine', low: -0.25, high: 0.5 });
    expect(limitsIn(new Headers())).toBeNull();
  });

  it('lie where the tile says that it was embedded', () => {
    expect(seenBox({ pixel_bbox: [342, 342, 726, 726] })).toEqual([342, 342, 726, 726]);
    expect(seenBox({ pixel_bbox: [0, 0, 0, 0] })).toBeNull();
    expect(seenBox({})).toBeNull();
    expect(seenBox(undefined)).toBeNull();
  });
});
