import { describe, expect, it } from 'vitest';
import { makeGrid, nearestIn, rangesIn } from './grid';
import { distanceKm, mercatorX, mercatorY } from './mercator';

/** Evenly spread over the sphere, so the poles are there too. */
function spread(count: number): Float32Array {
  const positions = new Float32Array(2 * count);
  for (let index = 0; index < count; index += 1) {
    const sine = -1 + (2 * (index + 0.5)) / count;
    positions[2 * index] = ((index * 137.50776) % 360) - 180;
    positions[2 * index + 1] = (Math.asin(sine) * 180) / Math.PI;
  }
  return positions;
}

const positions = spread(20_000);
const grid = makeGrid(positions);

describe('the grid of a set', () => {
  it('holds every row once, at its place on the flat map', () => {
    expect(Array.from(grid.rows).toSorted((a, b) => a - b)).toEqual([...Array(20_000).keys()]);
    for (const place of [0, 77, 12_345, 19_999]) {
      const row = grid.rows[place]!;
      expect(grid.mercator[2 * place]).toBeCloseTo(mercatorX(positions[2 * row]!), 6);
      expect(grid.mercator[2 * place + 1]).toBeCloseTo(mercatorY(positions[2 * row + 1]!), 6);
    }
    expect(grid.starts[0]).toBe(0);
    expect(grid.starts[grid.columns * grid.lines]).toBe(20_000);
  });

  it('gives all that lies in a box and little besides', () => {
    const box: [number, number, number, number] = [0.4, 0.3, 0.6, 0.5];
    const ranges = rangesIn(grid, box);
    const got = new Set<number>();
    for (const [first, count] of ranges) {
      grid.rows.subarray(first, first + count).forEach((row) => got.add(row));
    }
    let inside = 0;
    for (let row = 0; row < 20_000; row += 1) {
      const [x, y] = [mercatorX(positions[2 * row]!), mercatorY(positions[2 * row + 1]!)];
      if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]) {
        inside += 1;
        expect(got.has(row)).toBe(true);
      }
    }
    expect(inside).toBeGreaterThan(500);
    expect(got.size).toBeLessThan(2 * inside);
  });

  it('is one range when all is seen, and none beside the set', () => {
    expect(rangesIn(grid, [-1, -1, 2, 2])).toEqual([[0, 20_000]]);
    expect(rangesIn(grid, [1.5, 0, 2, 1])).toEqual([]);
  });

  it.each([
    [10, 50],
    [179.9, 0],
    [-179.9, 65],
    [0, -84],
    [33, 84],
  ])('finds the tile nearest to %d, %d as a look at all does', (lon, lat) => {
    let expected = { row: -1, km: Number.POSITIVE_INFINITY };
    for (let row = 0; row < 20_000; row += 1) {
      const km = distanceKm(lon, lat, positions[2 * row]!, positions[2 * row + 1]!);
      expected = km < expected.km ? { row, km } : expected;
    }
    expect(nearestIn(grid, positions, [lon, lat], 300)).toEqual(expected);
    expect(nearestIn(grid, positions, [lon, lat], expected.km / 2)).toBeNull();
  });

  it('is made of one tile, and of tiles that all lie at one place', () => {
    expect(makeGrid(Float32Array.of(5, 6)).rows).toEqual(Uint32Array.of(0));
    const heap = makeGrid(new Float32Array(400).fill(7));
    expect(heap.starts[heap.columns * heap.lines]).toBe(200);
    expect(makeGrid(new Float32Array(0)).rows.length).toBe(0);
  });
});
