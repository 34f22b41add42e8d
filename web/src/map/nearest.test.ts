import { describe, expect, it } from 'vitest';
import { makeGrid } from './grid';
import { distanceKm } from './mercator';
import { TileFinder } from './nearest';

/** A degree apart around the antimeridian and the equator. */
const lonlat: number[] = [];
for (let lat = -3; lat <= 3; lat += 1) {
  for (let lon = 170; lon < 180; lon += 1) {
    lonlat.push(lon, lat);
  }
}
const positions = Float32Array.from(lonlat);
const finder = new TileFinder(positions, makeGrid(positions));

describe('the tile finder', () => {
  it('knows how far apart tiles are', () => {
    expect(finder.spacingKm).toBeGreaterThan(110);
    expect(finder.spacingKm).toBeLessThan(112);
  });

  it('finds the tile under a place, also when the longitude has run on', () => {
    expect(finder.nearest(171.2, -2.9, 80)).toBe(1);
    expect(finder.nearest(171.2 - 360, -2.9, 80)).toBe(1);
    expect(finder.nearest(171.2 + 360, -2.9, 80)).toBe(1);
  });

  it('finds none where there is none', () => {
    expect(finder.nearest(0, 0, 80)).toBeNull();
  });
});

describe('distance', () => {
  it('is a quarter of the equator from 0 to 90 degrees', () => {
    expect(distanceKm(0, 0, 90, 0)).toBeCloseTo(40_075.017 / 4, 3);
    expect(distanceKm(0, 0, 0, 90)).toBeCloseTo(40_075.017 / 4, 3);
  });
});
