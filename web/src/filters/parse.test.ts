import { describe, expect, it } from 'vitest';
import { areaIn, parseArea } from './parse';

const RING = [
  [0, 0],
  [9, 0],
  [9, 9],
  [0, 0],
];
const POLYGON = { type: 'Polygon', coordinates: [RING] };

describe('a typed area', () => {
  it('is a box of four numbers, however they are set apart', () => {
    const box = { shape: { bbox: [-20.5, -10, 60, 40] } };
    expect(parseArea(' -20.5, -10, 60, 40 ')).toEqual(box);
    expect(parseArea('−20.5 −10;60\t40')).toEqual(box);
  });

  it('is GeoJSON of any form that has polygons', () => {
    const feature = { type: 'Feature', properties: { name: 'x' }, geometry: POLYGON };
    expect(parseArea(JSON.stringify(POLYGON))).toEqual({ shape: { area: POLYGON } });
    expect(parseArea(JSON.stringify(feature))).toEqual({ shape: { area: POLYGON } });
    const point = { type: 'Feature', geometry: { type: 'Point', coordinates: [0, 0] } };
    const many = { type: 'FeatureCollection', features: [feature, point, feature] };
    expect(parseArea(JSON.stringify(many))).toEqual({
      shape: { area: { type: 'MultiPolygon', coordinates: [[RING], [RING]] } },
    });
  });

  it('says what is wrong', () => {
    for (const [text, told] of [
      ['1, 2, 3', 'Four numbers'],
      ['1, 2, 3, x', 'Four numbers'],
      ['', 'Four numbers'],
      ['{"type": "Poly', 'not JSON'],
      ['{"type": "Point", "coordinates": [0, 0]}', 'No polygon'],
    ]) {
      expect((parseArea(text!) as { wrong: string }).wrong).toContain(told);
    }
    expect(areaIn(null)).toBeNull();
    expect(areaIn({ type: 'Feature', geometry: null })).toBeNull();
  });
});
