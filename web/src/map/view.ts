/** What part of the flat map is seen, as boxes of the unit square. */
import type { Map as MapLibreMap } from 'maplibre-gl';
import { WORLD_PX } from './camera';
import { EQUATOR_KM, mercatorX, mercatorY } from './mercator';

type Box = [left: number, top: number, right: number, bottom: number];

/** A copy of the world, so many turns to the east, and the box of it that is seen. */
export interface Seen {
  wrap: number;
  box: Box;
}

const ALL: Seen = { wrap: 0, box: [-1, -1, 2, 2] };
/** The globe shows less than half of itself, seen as a box of longitudes, only from here on. */
const GLOBE_ZOOM = 4;

/** How much larger things are drawn at a height of the flat map than on the equator. */
function stretchAt(y: number): number {
  return Math.cosh(Math.PI * (1 - 2 * Math.min(1, Math.max(0, y))));
}

/** Widen a box by the size of a tile, whose centre may lie outside. */
function widened([left, top, right, bottom]: Box, tileKm: number): Box {
  const by = (0.6 * tileKm * Math.max(stretchAt(top), stretchAt(bottom))) / EQUATOR_KM;
  return [left - by, top - by, right + by, bottom + by];
}

/** The part of each copy of the world that a box reaches. */
export function copiesIn([left, top, right, bottom]: Box, tileKm: number): Seen[] {
  const box = widened([left, top, right, bottom], tileKm);
  const seen: Seen[] = [];
  for (let wrap = Math.floor(box[0]); wrap <= Math.floor(box[2]); wrap += 1) {
    seen.push({ wrap, box: [box[0] - wrap, box[1], box[2] - wrap, box[3]] });
  }
  return seen;
}

export function boxesInView(map: MapLibreMap, tileKm: number): Seen[] {
  if (map.getProjection()?.type === 'globe') {
    if (map.getZoom() < GLOBE_ZOOM) {
      return [ALL];
    }
    const [[west, south], [east, north]] = map.getBounds().toArray();
    const box: Box = [mercatorX(west), mercatorY(north), mercatorX(east), mercatorY(south)];
    // A turn more or less is the same place on the globe.
    return copiesIn(box, tileKm).map((seen) => ({ ...seen, wrap: 0 }));
  }
  const { clientWidth, clientHeight } = map.getContainer();
  const worldPx = WORLD_PX * 2 ** map.getZoom();
  const { lng, lat } = map.getCenter();
  const [x, y] = [mercatorX(lng), mercatorY(lat)];
  const [halfWidth, halfHeight] = [clientWidth / 2 / worldPx, clientHeight / 2 / worldPx];
  return copiesIn([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight], tileKm);
}
