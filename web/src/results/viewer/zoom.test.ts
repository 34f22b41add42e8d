import { describe, expect, it } from 'vitest';
import { fitted, isFitted, moved, within, zoomed } from './zoom';

const PICTURE = { width: 400, height: 200 };
const BOX = { width: 800, height: 600 };

describe('zoom and pan', () => {
  it('fits the whole picture in the middle', () => {
    expect(fitted(PICTURE, BOX)).toEqual({ scale: 2, x: 0, y: 100 });
  });

  it('keeps what is under the pointer where it is', () => {
    const before = zoomed(fitted(PICTURE, BOX), 4, { x: 400, y: 300 }, PICTURE, BOX);
    const at = { x: 300, y: 250 };
    const after = zoomed(before, 1.5, at, PICTURE, BOX);
    const pixel = (sight: typeof before) => [
      (at.x - sight.x) / sight.scale,
      (at.y - sight.y) / sight.scale,
    ];
    expect(pixel(after)[0]).toBeCloseTo(pixel(before)[0]!);
    expect(pixel(after)[1]).toBeCloseTo(pixel(before)[1]!);
  });

  it('goes no further out than the whole picture, and not in without end', () => {
    const whole = fitted(PICTURE, BOX);
    expect(zoomed(whole, 0.1, { x: 10, y: 10 }, PICTURE, BOX)).toEqual(whole);
    expect(zoomed(whole, 1e6, { x: 10, y: 10 }, PICTURE, BOX).scale).toBe(24);
    expect(isFitted(whole, PICTURE, BOX)).toBe(true);
    expect(isFitted({ ...whole, scale: 3 }, PICTURE, BOX)).toBe(false);
  });

  it('never pulls the picture out of the box', () => {
    const near = { scale: 4, x: -100, y: -100 };
    expect(moved(near, { x: 5_000, y: 0 }, PICTURE, BOX).x).toBe(0);
    expect(moved(near, { x: -5_000, y: 0 }, PICTURE, BOX).x).toBe(800 - 1600);
    expect(within({ scale: 1, x: 50, y: 50 }, PICTURE, BOX)).toEqual({ scale: 1, x: 200, y: 200 });
  });
});
