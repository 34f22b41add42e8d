/** Which tile is under the pointer, and how far apart tiles are. */
import KDBush from 'kdbush';
import { distanceKm, EQUATOR_KM, mercatorX, mercatorY, toMercator } from './mercator';

/** Tiles looked at to find the usual distance between neighbours. */
const SAMPLES = 101;

export class TileFinder {
  readonly spacingKm: number;
  private readonly positions: Float32Array;
  private readonly tree: KDBush;

  constructor(positions: Float32Array) {
    this.positions = positions;
    const mercator = toMercator(positions);
    this.tree = new KDBush(positions.length / 2, 64, Float32Array);
    for (let index = 0; index < mercator.length; index += 2) {
      this.tree.add(mercator[index]!, mercator[index + 1]!);
    }
    this.tree.finish();
    this.spacingKm = this.usualSpacing();
  }

  /** Row of the tile nearest to a place, if one lies within `withinKm`. */
  nearest(lon: number, lat: number, withinKm: number): number | null {
    const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
    let best: number | null = null;
    let bestKm = withinKm;
    for (const row of this.around(wrapped, lat, withinKm)) {
      const km = this.distance(row, wrapped, lat);
      if (km <= bestKm) {
        best = row;
        bestKm = km;
      }
    }
    return best;
  }

  private around(lon: number, lat: number, withinKm: number): number[] {
    const stretch = Math.max(0.05, Math.cos((lat * Math.PI) / 180));
    const radius = withinKm / EQUATOR_KM / stretch;
    return this.tree.within(mercatorX(lon), mercatorY(lat), radius);
  }

  private distance(row: number, lon: number, lat: number): number {
    return distanceKm(lon, lat, this.positions[2 * row]!, this.positions[2 * row + 1]!);
  }

  private usualSpacing(): number {
    const rows = this.positions.length / 2;
    if (rows < 2) {
      return 100;
    }
    const step = Math.max(1, Math.floor(rows / SAMPLES));
    const gaps: number[] = [];
    for (let row = 0; row < rows; row += step) {
      gaps.push(this.gapAround(row));
    }
    gaps.sort((a, b) => a - b);
    return gaps[gaps.length >> 1]!;
  }

  /** Distance from a tile to its nearest neighbour, widening the circle until there is one. */
  private gapAround(row: number): number {
    const lon = this.positions[2 * row]!;
    const lat = this.positions[2 * row + 1]!;
    for (let radius = 2; radius < EQUATOR_KM; radius *= 2) {
      const gaps = this.around(lon, lat, radius)
        .filter((other) => other !== row)
        .map((other) => this.distance(other, lon, lat))
        .filter((km) => km > 0.01);
      if (gaps.length > 0) {
        return Math.min(...gaps);
      }
    }
    return 100;
  }
}
