/** What the pointer is on. */
import type { LngLat, Map as MapLibreMap, Point } from 'maplibre-gl';
import { kmPerPx } from './camera';
import type { TileFinder } from './nearest';

export interface Hover {
  row: number;
  x: number;
  y: number;
  /** Whether there is no room for words to the right of, or below, the pointer. */
  isRight: boolean;
  isLow: boolean;
  /** Whether the pointer is on the other map, at the same place. */
  far?: boolean;
}

/** How near the pointer has to be to a tile, in CSS pixels, when tiles are small. */
const REACH_PX = 6;
/** The same in distances between tiles, when they are large: a bit over half the diagonal. */
const REACH_TILES = 0.7;
/** Room that the words beside the pointer need, in CSS pixels. */
const TIP_PX = { width: 220, height: 90 };

/** Row of the ranked tile under the pointer, if there is one. */
export function rowUnder(
  map: MapLibreMap,
  finder: TileFinder | null,
  raw: Uint16Array | undefined,
  { lng, lat }: LngLat,
): number | null {
  if (!finder || !raw) {
    return null;
  }
  const reach = Math.max(finder.spacingKm * REACH_TILES, REACH_PX * kmPerPx(map));
  const row = finder.nearest(lng, lat, reach);
  return row !== null && raw[row]! > 0 ? row : null;
}

export function hoverAt(map: MapLibreMap, row: number, { x, y }: Point): Hover {
  const { clientWidth, clientHeight } = map.getContainer();
  const isRight = x > clientWidth - TIP_PX.width;
  const isLow = y > clientHeight - TIP_PX.height;
  return { row, x, y, isRight, isLow };
}
