/** Where the map looks from. */
import type { LngLatBounds, LngLatLike, Map as MapLibreMap } from 'maplibre-gl';
import type { Bbox } from '../types';
import type { Projection } from '../url';
import { EQUATOR_KM } from './mercator';

const HOME_LON = 12;
const HOME_LAT = 28;
/** Where the view starts: most land, little Antarctica. */
export const HOME: LngLatLike = [HOME_LON, HOME_LAT];
/** A wide window cuts what lies beyond: there the view moves along. */
const HOME_SOUTH = -50;
const HOME_NORTH = 72;

/** Side of the world in CSS pixels at zoom 0. */
export const WORLD_PX = 512;

/** Zoom at which a tile is shown among its surroundings; nearer views are left as they are. */
const FLIGHT_ZOOM = 3.6;
/** Sets less wide and high than this, in degrees, are gone to, */
const SMALL_SET = 50;
/** no nearer than this, */
const SET_ZOOM = 12;
/** and those of a tile or two no nearer than this, so that one sees where on Earth they are. */
const FEW_ZOOM = 5.5;
const FEW = 0.05;
/** Part of the smaller side of the view that the globe fills. */
const GLOBE_FILL = 0.9;
/** The globe is not tilted further than this, so that north stays up. */
const STEEPEST = 50;

function cosine(lat: number): number {
  return Math.cos((lat * Math.PI) / 180);
}

/** The zoom at which the whole world is in view. */
export function fittingZoom(container: HTMLElement, projection: Projection): number {
  const width = container.clientWidth || 800;
  const height = container.clientHeight || 600;
  if (projection === 'globe') {
    const diameter = GLOBE_FILL * Math.min(width, height);
    return Math.log2((diameter * Math.PI * cosine(HOME_LAT)) / WORLD_PX);
  }
  return Math.log2(Math.max(width, height) / WORLD_PX) + 0.01;
}

/** Kilometres on the ground per CSS pixel in the middle of the view. */
export function kmPerPx(map: MapLibreMap): number {
  return (EQUATOR_KM * cosine(map.getCenter().lat)) / (WORLD_PX * 2 ** map.getZoom());
}

export function flyTo(map: MapLibreMap, lon: number, lat: number): void {
  const zoom = Math.max(FLIGHT_ZOOM, map.getZoom());
  map.flyTo({ center: [lon, lat], zoom, speed: 1.6 });
}

/** A set of one country or less: go there, where the whole world would show a heap of points. */
export function showSet(map: MapLibreMap, [west, south, east, north]: Bbox): void {
  if (east - west < SMALL_SET && north - south < SMALL_SET) {
    const corners: [number, number, number, number] = [west, south, east, north];
    const maxZoom = Math.max(east - west, north - south) < FEW ? FEW_ZOOM : SET_ZOOM;
    map.fitBounds(corners, { padding: 60, maxZoom, animate: false });
  }
}

/** The whole world, as at the start. */
export function goHome(map: MapLibreMap, projection: Projection): void {
  map.flyTo({ center: HOME, zoom: fittingZoom(map.getContainer(), projection), speed: 1.8 });
}

/** Whether a place is seen; across 180° the bounds of what is seen go on beyond it. */
export function isSeen(seen: Pick<LngLatBounds, 'contains'>, lon: number, lat: number): boolean {
  return [-360, 0, 360].some((turn) => seen.contains([lon + turn, lat]));
}

/** A new answer: if its best tile lies outside what is seen, the world again, moved to show it. */
export function bringIntoView(map: MapLibreMap, lon: number, lat: number): void {
  if (!isSeen(map.getBounds(), lon, lat)) {
    const isCut = lat < HOME_SOUTH || lat > HOME_NORTH;
    const zoom = fittingZoom(map.getContainer(), 'mercator');
    map.flyTo({ center: isCut ? [HOME_LON, lat] : HOME, zoom, speed: 1.8 });
  }
}

/** After a change of projection: the whole world again, unless one has gone nearer. */
export function showAll(map: MapLibreMap, projection: Projection): void {
  if (map.getZoom() < FLIGHT_ZOOM) {
    map.easeTo({ zoom: fittingZoom(map.getContainer(), projection) });
  }
}

/** Half of the globe is hidden: turn a place to the front, unless one has gone nearer. */
export function turnTo(map: MapLibreMap, lon: number, lat: number): void {
  if (map.getZoom() < FLIGHT_ZOOM) {
    const held = Math.max(-STEEPEST, Math.min(STEEPEST, lat));
    map.easeTo({ center: [lon, held], duration: 900 });
  }
}
