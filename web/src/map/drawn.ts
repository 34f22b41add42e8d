/** Corners on the map become boxes and polygons; across 180° longitudes go on beyond it. */
import type { Bbox } from '../types';

/** lon, lat */
export type Corner = [number, number];

/** Digits kept of a drawn corner: about 100 m. */
const DIGITS = 3;

function rounded(value: number): number {
  return Number(value.toFixed(DIGITS)) + 0;
}

/** A longitude from −180 to 180. */
export function wrapped(lon: number): number {
  const turned = ((((lon + 180) % 360) + 360) % 360) - 180;
  return turned === -180 && lon > 0 ? 180 : turned;
}

/** The corner on the turn of the globe that is nearest to the one before. */
export function unwound([lon, lat]: Corner, before: Corner | undefined): Corner {
  const turns = before ? Math.round((before[0] - lon) / 360) : 0;
  return [lon + 360 * turns, lat];
}

/** The box between two corners; west > east where it crosses 180°. */
export function boxOf([lon, lat]: Corner, [otherLon, otherLat]: Corner): Bbox {
  const [west, east] = [Math.min(lon, otherLon), Math.max(lon, otherLon)];
  const [south, north] = [rounded(Math.min(lat, otherLat)), rounded(Math.max(lat, otherLat))];
  if (east - west >= 360) {
    return [-180, south, 180, north];
  }
  return [rounded(wrapped(west)), south, rounded(wrapped(east)), north];
}

/** How many points stand for an edge, so that a parallel is drawn as one on the globe. */
const EDGE = 24;

function along(from: number, to: number, lat: number): Corner[] {
  return Array.from({ length: EDGE + 1 }, (_, step) => [from + ((to - from) * step) / EDGE, lat]);
}

/** A box as a closed ring. */
export function boxRing([west, south, east, north]: Bbox): Corner[] {
  const end = west > east ? east + 360 : east;
  return [...along(west, end, south), ...along(end, west, north), [west, south]];
}

/** Corners as the closed ring of a polygon, on the turn where its middle is from −180 to 180. */
export function ringOf(corners: Corner[]): Corner[] {
  const lons = corners.map(([lon]) => lon);
  const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
  const shift = wrapped(middle) - middle;
  const ring = corners.map(([lon, lat]): Corner => [rounded(lon + shift), rounded(lat)]);
  return [...ring, ring[0]!];
}

const EARTH_KM = 6371.0088;
const ROUND = 96;

/** A circle on the globe as a closed line; longitudes go on where it crosses 180°. */
export function circleRing(lon: number, lat: number, km: number): Corner[] {
  const angle = km / EARTH_KM;
  const phi = (lat * Math.PI) / 180;
  const ring: Corner[] = [];
  for (let step = 0; step <= ROUND; step += 1) {
    const bearing = (2 * Math.PI * step) / ROUND;
    const sine =
      Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing);
    const turn = Math.atan2(
      Math.sin(bearing) * Math.sin(angle) * Math.cos(phi),
      Math.cos(angle) - Math.sin(phi) * sine,
    );
    const there: Corner = [
      lon + (turn * 180) / Math.PI,
      (Math.asin(Math.max(-1, Math.min(1, sine))) * 180) / Math.PI,
    ];
    ring.push(unwound(there, ring.at(-1)));
  }
  return ring;
}

function halfway(values: number[]): [middle: number, reach: number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [(least + most) / 2, most - least];
}

/** The middle of the box around lines, the shorter way round the globe unless one goes all round. */
export function middleOf(lines: Corner[][]): { lon: number; lat: number } {
  const isRound = lines.some((line) => halfway(line.map((corner) => corner[0]))[1] >= 360);
  const corners = lines.flat();
  const [lat] = halfway(corners.map((corner) => corner[1]));
  const [lon, reach] = halfway(corners.map((corner) => corner[0]));
  const [beyond, other] = halfway(corners.map((corner) => (corner[0] + 720) % 360));
  return { lon: isRound || reach <= other ? lon : wrapped(beyond), lat };
}
