import { describe, expect, it } from 'vitest';
import {
  barHeights,
  countAtLeast,
  histogram,
  levelOfPercent,
  makeField,
  percentOfLevel,
  percentOfSlider,
  SLIDER_STEPS,
  sliderOfPercent,
  scoreOfLevel,
} from './scores';
import type { ScoresInfo } from './types';

function info(min: number, max: number): ScoresInfo {
  return { url: '', count: 0, valid: 0, min, max, dtype: 'uint16' };
}

/** A thousand spread-out levels, and ten tiles that cannot be ranked. */
const raw = Uint16Array.from({ length: 1010 }, (_, index) => (index < 10 ? 0 : (index - 9) * 65));
const field = makeField(raw, info(-0.2, 0.8));

describe('scores', () => {
  it('are counted without the tiles that cannot be ranked', () => {
    expect(field.valid).toBe(1000);
    expect(countAtLeast(field, 0)).toBe(1000);
    expect(countAtLeast(field, 1)).toBe(1000);
    expect(countAtLeast(field, 65_000)).toBe(1);
    expect(countAtLeast(field, 65_535)).toBe(0);
  });

  it('agree with counting one by one at any level', () => {
    for (const level of [1, 64, 65, 66, 12_345, 40_000, 64_999]) {
      expect(countAtLeast(field, level)).toBe(raw.filter((value) => value >= level).length);
    }
  });

  it('run from min at level 1 to max at the top, level 0 being none', () => {
    expect(scoreOfLevel(field, 1)).toBeCloseTo(-0.2, 10);
    expect(scoreOfLevel(field, 65_535)).toBeCloseTo(0.8, 10);
    expect(scoreOfLevel(field, 0)).toBeNaN();
  });

  it('are all in the histogram', () => {
    const bars = histogram(field, 64);
    expect(bars).toHaveLength(64);
    expect(bars.reduce((sum, bar) => sum + bar, 0)).toBe(1000);
  });
});

describe('the cut', () => {
  it.each([
    [100, 1000],
    [10, 100],
    [5, 50],
    [0.1, 1],
  ])('at the best %s %% holds %s of 1000 tiles', (percent, tiles) => {
    const level = levelOfPercent(field, percent);
    expect(countAtLeast(field, level)).toBe(tiles);
    expect(percentOfLevel(field, level)).toBeCloseTo(percent, 6);
  });

  it('keeps at least one tile', () => {
    const few = makeField(Uint16Array.of(0, 7, 9), info(0, 1));
    expect(countAtLeast(few, levelOfPercent(few, 0.1))).toBe(1);
  });

  it('takes ties in rather than leaving some out', () => {
    const ties = makeField(Uint16Array.of(5, 5, 5, 9), info(0, 1));
    expect(countAtLeast(ties, levelOfPercent(ties, 50))).toBe(4);
  });

  it('stands when nothing can be ranked', () => {
    const none = makeField(new Uint16Array(4), info(0, 0));
    expect(none.valid).toBe(0);
    expect(percentOfLevel(none, levelOfPercent(none, 5))).toBe(0);
  });
});

describe('the slider', () => {
  it('runs from all tiles to the best 0.1 %', () => {
    expect(percentOfSlider(0)).toBe(100);
    expect(percentOfSlider(SLIDER_STEPS)).toBe(0.1);
    expect(percentOfSlider(SLIDER_STEPS / 3)).toBe(10);
  });

  it('finds its own positions again', () => {
    for (let position = 0; position <= SLIDER_STEPS; position += 1) {
      expect(sliderOfPercent(percentOfSlider(position))).toBe(position);
    }
  });
});

describe('bars', () => {
  it.each(['linear', 'sqrt', 'log'] as const)('are as high as allowed at most, by %s', (scale) => {
    const heights = barHeights([0, 1, 100, 10_000], scale, 64);
    expect(heights[0]).toBe(0);
    expect(heights[1]).toBeGreaterThanOrEqual(1.5);
    expect(heights[3]).toBe(64);
    expect(heights[2]! > heights[1]! || scale === 'linear').toBe(true);
  });

  it('show the few best tiles the more, the more they are bent', () => {
    const few = (['linear', 'sqrt', 'log'] as const).map(
      (scale) => barHeights([400, 10_000], scale, 64)[0]!,
    );
    expect(few[0]).toBeCloseTo(64 * 0.04, 6);
    expect(few[1]).toBeCloseTo(64 * 0.2, 6);
    expect(few[2]).toBeCloseTo((64 * Math.log(401)) / Math.log(10_001), 6);
  });
});
