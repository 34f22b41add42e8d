import { describe, expect, it } from 'vitest';
import { isSeen } from './camera';

/** What MapLibre gives around the date line. */
const SEEN = {
  contains(place: unknown): boolean {
    const [lon] = place as [number, number];
    return lon >= 150 && lon <= 210;
  },
};

describe('what is seen', () => {
  it('goes on across the date line', () => {
    expect(isSeen(SEEN, -175, 0)).toBe(true);
    expect(isSeen(SEEN, 170, 0)).toBe(true);
    expect(isSeen(SEEN, 10, 0)).toBe(false);
  });
});
