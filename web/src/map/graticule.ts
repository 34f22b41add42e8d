/** Lines of equal longitude and latitude, closer together as one goes nearer. */
import type { GeoJSONSource, LngLatBounds, Map as MapLibreMap } from 'maplibre-gl';
import { WORLD_PX } from './camera';

export type Position = [number, number];

/** Degrees between lines, from far to near. */
const STEPS = [15, 10, 5, 2, 1, 0.5, 0.25];
/** Room between two lines on the equator, in CSS pixels. */
const ROOM_PX = 105;
/** Lines end here, where the flat map does. */
const MOST_LAT = 85;
/** Lines are drawn for this much more than what is seen, in widths of it. */
const AROUND = 1;

export function stepAt(zoom: number): number {
  const pxPerDegree = (WORLD_PX * 2 ** zoom) / 360;
  return STEPS.findLast((step) => step * pxPerDegree >= ROOM_PX) ?? STEPS[0]!;
}

/** Whole multiples of a step from one number to another. */
export function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => (first + index) * step,
  );
}

/** Points of a line that runs from one number to another, ends included. */
function along(from: number, to: number, stride: number): number[] {
  const count = Math.max(1, Math.ceil((to - from) / stride));
  return Array.from({ length: count + 1 }, (_, index) => from + ((to - from) * index) / count);
}

function feature(main: boolean, coordinates: Position[]): GeoJSON.Feature<GeoJSON.LineString> {
  return { type: 'Feature', properties: { main }, geometry: { type: 'LineString', coordinates } };
}

/** Lines within a box; the equator and the first meridian are marked. */
export function graticule(
  step = STEPS[0]!,
  [west, south, east, north]: [number, number, number, number] = [-180, -90, 180, 90],
): GeoJSON.FeatureCollection<GeoJSON.LineString> {
  const [low, high] = [Math.max(-MOST_LAT, south), Math.min(MOST_LAT, north)];
  const stride = Math.min(2.5, step);
  const meridians = multiples(west, east, step)
    .filter((lon) => lon < 180 || west > -180)
    .map((lon) =>
      feature(
        lon === 0,
        along(low, high, stride).map((lat): Position => [lon, lat]),
      ),
    );
  const parallels = multiples(low, high, step)
    .filter((lat) => Math.abs(lat) < MOST_LAT)
    .map((lat) =>
      feature(
        lat === 0,
        along(west, east, stride).map((lon): Position => [lon, lat]),
      ),
    );
  return { type: 'FeatureCollection', features: [...meridians, ...parallels] };
}

export class Graticule {
  private readonly map: MapLibreMap;
  private step = STEPS[0]!;
  /** What the lines were drawn for; null is the whole world. */
  private drawn: LngLatBounds | null = null;

  constructor(map: MapLibreMap) {
    this.map = map;
    map.on('moveend', () => this.draw());
  }

  /** Lines for what is seen now, unless they are there. */
  draw(always = false): void {
    const { map } = this;
    const step = stepAt(map.getZoom());
    const seen = map.getBounds();
    const isWhole = step === STEPS[0];
    const isThere = this.drawn
      ? this.drawn.contains(seen.getSouthWest()) && this.drawn.contains(seen.getNorthEast())
      : isWhole;
    if (!always && step === this.step && isThere) {
      return;
    }
    this.step = step;
    const [[west, south], [east, north]] = seen.toArray();
    const [aside, above] = [AROUND * (east - west), AROUND * (north - south)];
    const isRound = east - west + 2 * aside >= 360;
    seen.setSouthWest([isRound ? -180 : west - aside, Math.max(-90, south - above)]);
    seen.setNorthEast([isRound ? 180 : east + aside, Math.min(90, north + above)]);
    this.drawn = isWhole ? null : seen;
    const [[left, low], [right, high]] = seen.toArray();
    const lines = isWhole ? graticule() : graticule(step, [left, low, right, high]);
    map.getSource<GeoJSONSource>('graticule')?.setData(lines);
  }
}
