/** A typed, pasted or opened area: a box as four numbers, or GeoJSON. */
import { t } from '../i18n';
import type { AreaGeometry, Bbox } from '../types';
import type { Shape } from './shape';

export type ParsedArea = { shape: Shape } | { wrong: string };

type Polygons = GeoJSON.Position[][][];

/** The polygons in any GeoJSON. */
export function polygonsIn(given: GeoJSON.GeoJSON): Polygons {
  switch (given.type) {
    case 'FeatureCollection':
      return (given.features ?? []).flatMap(polygonsIn);
    case 'Feature':
      return given.geometry ? polygonsIn(given.geometry) : [];
    case 'GeometryCollection':
      return (given.geometries ?? []).flatMap(polygonsIn);
    case 'Polygon':
      return [given.coordinates];
    case 'MultiPolygon':
      return given.coordinates;
    default:
      return [];
  }
}

/** The polygons in a record of GeoJSON, with nothing besides; null if there are none. */
export function areaIn(given: unknown): AreaGeometry | null {
  if (!given || typeof given !== 'object' || !('type' in given)) {
    return null;
  }
  const polygons = polygonsIn(given as GeoJSON.GeoJSON);
  if (polygons.length === 0) {
    return null;
  }
  return polygons.length === 1
    ? { type: 'Polygon', coordinates: polygons[0]! }
    : { type: 'MultiPolygon', coordinates: polygons };
}

function parseJson(text: string): ParsedArea {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return { wrong: t('This is not JSON: check that it was copied whole.') };
  }
  const area = areaIn(given);
  return area
    ? { shape: { area } }
    : { wrong: t('No polygon in this GeoJSON: give a Polygon or MultiPolygon.') };
}

/** What is wrong with an area is said by the server, except where there is none to ask about. */
export function parseArea(typed: string): ParsedArea {
  const text = typed.trim();
  if (text.startsWith('{')) {
    return parseJson(text);
  }
  const numbers = text.split(/[\s,;]+/).map((field) => Number(field.replace('−', '-')));
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) {
    return { wrong: t('Four numbers: west, south, east, north – or GeoJSON.') };
  }
  return { shape: { bbox: numbers as Bbox } };
}
