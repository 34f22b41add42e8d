import { describe, expect, it } from 'vitest';
import {
  boxOf,
  boxRing,
  circleRing,
  middleOf,
  type Corner,
  ringOf,
  unwound,
  wrapped,
} from './drawn';

function middle(...lines: Corner[][]): { lon: number; lat: number } {
  return middleOf(lines);
}

describe('drawn shapes', () => {
  it('has its middle the shorter way round', () => {
    expect(
      middle([
        [10, 0],
        [20, 8],
      ]),
    ).toEqual({ lon: 15, lat: 4 });
    expect(
      middle(
        [
          [170, -4],
          [180, 4],
        ],
        [
          [-180, 4],
          [-160, -4],
        ],
      ),
    ).toEqual({ lon: -175, lat: 0 });
    expect(
      middle([
        [-20, 0],
        [30, 0],
      ]),
    ).toEqual({ lon: 5, lat: 0 });
    expect(
      middle([
        [-180, 0],
        [0, 0],
        [180, 0],
      ]),
    ).toEqual({ lon: 0, lat: 0 });
  });

  it('gives a box whichever corner comes first', () => {
    expect(boxOf([10, 40], [-20.12345, -5])).toEqual([-20.123, -5, 10, 40]);
    expect(boxOf([-20, -5], [10, 40])).toEqual(boxOf([10, -5], [-20, 40]));
  });

  it('crosses 180° with west greater than east', () => {
    expect(boxOf([170, -10], [195, 10])).toEqual([170, -10, -165, 10]);
    expect(boxOf([-170, -10], [-195, 10])).toEqual([165, -10, -170, 10]);
    expect(boxOf([100, 0], [180, 10])).toEqual([100, 0, 180, 10]);
    expect(boxOf([-200, 0], [200, 10])).toEqual([-180, 0, 180, 10]);
  });

  it('goes on to the nearest turn of the globe', () => {
    expect(unwound([-179, 0], [178, 0])).toEqual([181, 0]);
    expect(unwound([179, 0], [-178, 0])).toEqual([-181, 0]);
    expect(unwound([5, 0], undefined)).toEqual([5, 0]);
    expect(wrapped(540)).toBe(180);
    expect(wrapped(-190)).toBe(170);
  });

  it('closes a polygon and brings it to this turn', () => {
    expect(
      ringOf([
        [370, 0],
        [380, 0],
        [375, 9],
      ]),
    ).toEqual([
      [10, 0],
      [20, 0],
      [15, 9],
      [10, 0],
    ]);
  });

  it('draws a box across 180° in one piece', () => {
    const ring = boxRing([170, -10, -165, 10]);
    const lons = ring.map(([lon]) => lon);
    expect([Math.min(...lons), Math.max(...lons)]).toEqual([170, 195]);
    expect(ring.at(-1)).toEqual(ring[0]);
  });

  it('draws a circle whose points are as far as it says', () => {
    const ring = circleRing(179, 60, 500);
    const radians = Math.PI / 180;
    for (const [lon, lat] of ring) {
      const cosine =
        Math.sin(60 * radians) * Math.sin(lat * radians) +
        Math.cos(60 * radians) * Math.cos(lat * radians) * Math.cos((lon - 179) * radians);
      expect(6371.0088 * Math.acos(cosine)).toBeCloseTo(500, 3);
    }
    expect(Math.max(...ring.map(([lon]) => lon))).toBeGreaterThan(180);
    expect(ring.at(-1)![1]).toBeCloseTo(ring[0]![1], 9);
  });
});
