import { describe, expect, it } from 'vitest';
import { columnsIn } from './columns';
import { conditionWords, monthsOf, seasonOf } from './words';

describe('conditions in words', () => {
  it('tells seasons by month where they are whole ones', () => {
    const winter = { season: seasonOf(11, 2) };
    expect(winter.season).toEqual(['11-01', '02-29']);
    expect(conditionWords(winter, 'season')).toBe('Nov – Feb');
    expect(conditionWords({ season: ['11-15', '02-28'] }, 'season')).toBe('Nov 15 – Feb');
    expect(monthsOf(winter.season)).toEqual([11, 2]);
    expect(monthsOf(null)).toBeNull();
  });

  it('tells boxes, circles and dates', () => {
    expect(conditionWords({ bbox: [-20.123, 0, 60, 40] }, 'bbox')).toBe('Box −20.12, 0, 60, 40');
    const near = { lon: 25, lat: 62, km: 900 };
    expect(conditionWords({ near }, 'near')).toBe('Within 900 km of 62.0° N, 25.0° E');
    expect(conditionWords({ time: ['2021', null] }, 'time')).toBe('from 2021');
    expect(conditionWords({ time: ['2021', '2022-03'] }, 'time')).toBe('2021 – 2022-03');
  });
});

describe('columns of a set', () => {
  it('are those of a tile, and the centre', () => {
    const properties = { 'eo:cloud_cover': null };
    const columns = columnsIn({ grid_cell: '1U_2R', box: [0, 1], properties });
    expect(columns.names).toEqual(['lon', 'lat', 'properties.eo:cloud_cover', 'grid_cell']);
    expect([columns.hasTimes, columns.hasClouds]).toEqual([false, true]);
    expect(columnsIn({ product_id: 'bluemarble' }).hasTimes).toBe(false);
    expect(columnsIn({ product_id: 'S2A_MSIL2A_20220101T101010' }).hasTimes).toBe(true);
    expect(columnsIn({ Timestamp: '2021-01-01' }).names).toContain('month');
  });
});
