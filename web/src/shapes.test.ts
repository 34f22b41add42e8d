import { describe, expect, it } from 'vitest';
import { readQuery } from './queryUrl';
import { isShape } from './shapes';

const RING = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
];

function read(key: string, value: unknown) {
  return readQuery(new URLSearchParams({ [key]: JSON.stringify(value) }));
}

describe('areas of an address', () => {
  it('are GeoJSON that can be drawn', () => {
    const polygon = { type: 'Polygon', coordinates: [RING] };
    expect(isShape(polygon)).toBe(true);
    expect(isShape({ type: 'Feature', properties: {}, geometry: polygon })).toBe(true);
    expect(read('within', polygon).filter.area).toEqual(polygon);
    expect(read('area', { near: { lon: 1, lat: 2, km: 3 } }).parts).toHaveLength(1);
  });

  it.each([
    5,
    'x',
    { type: 'Polygon' },
    { type: 'Polygon', coordinates: 5 },
    { type: 'MultiPolygon', coordinates: [RING] },
    { type: 'FeatureCollection' },
    { type: 'FeatureCollection', features: [null] },
  ])('are left out where they are none: %j', (given) => {
    expect(read('within', given).filter).toEqual({});
    expect(read('area', given).parts).toEqual([]);
  });

  it('are left out where a box or a circle is none', () => {
    expect(read('area', { bbox: 5 }).parts).toEqual([]);
    expect(read('area', { bbox: [1, 2, 3] }).parts).toEqual([]);
    expect(read('area', { near: { lon: 1 } }).parts).toEqual([]);
  });
});
