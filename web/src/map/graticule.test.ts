import { describe, expect, it } from 'vitest';
import { crossings, degreeLabel } from './degrees';
import { graticule, stepAt } from './graticule';

describe('the graticule', () => {
  it('is closer the nearer one is', () => {
    expect([0, 3, 5, 9].map(stepAt)).toEqual([15, 10, 5, 0.25]);
  });

  it('has each meridian and parallel of the world once', () => {
    const { features } = graticule();
    expect(features.length).toBe(24 + 11);
    expect(features.filter(({ properties }) => properties?.main).length).toBe(2);
  });

  it('stays within the box that it is asked for', () => {
    const { features } = graticule(5, [2, 41, 13, 49]);
    expect(features.length).toBe(2 + 1);
    for (const { geometry } of features) {
      for (const [lon, lat] of geometry.coordinates) {
        expect(lon).toBeGreaterThanOrEqual(2);
        expect(lon).toBeLessThanOrEqual(13);
        expect(lat).toBeGreaterThanOrEqual(41);
        expect(lat).toBeLessThanOrEqual(49);
      }
    }
  });
});

describe('degrees along an edge', () => {
  it('stand where lines leave the map, between the places that were looked at', () => {
    expect(crossings([8, 9.5, 11, 12.5], 5)).toEqual([{ at: 1 + 1 / 3, value: 10 }]);
    expect(crossings([12, 9, 6], 5).map(({ value }) => value)).toEqual([10]);
  });

  it('are counted once where a line goes through a place that was looked at, and at both ends', () => {
    expect(crossings([0, 5, 10], 5)).toEqual([
      { at: 0, value: 0 },
      { at: 1, value: 5 },
      { at: 2, value: 10 },
    ]);
  });

  it('are none beside the globe', () => {
    expect(crossings([null, 4, 6, null], 5).map(({ value }) => value)).toEqual([5]);
    expect(crossings([4, null, 6], 5)).toEqual([]);
  });

  it('are written as people do', () => {
    expect(degreeLabel(-12.5, 'EW')).toBe('12.5° W');
    expect(degreeLabel(190, 'EW')).toBe('170° W');
    expect(degreeLabel(180, 'EW')).toBe('180°');
    expect(degreeLabel(0, 'NS')).toBe('0°');
    expect(degreeLabel(30, 'NS')).toBe('30° N');
  });
});
