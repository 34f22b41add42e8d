/**
 * The view lives in the URL: `?text=sand desert&place=2.35,48.86&row=17&percent=5&…`.
 *
 * A part that does not count once is written as weight*value (`text=-0.5*farmland`); a place is
 * lon,lat and may end in a name (`place=2.35,48.86,Paris`). Uploaded pictures do not fit and are left out.
 */
import { joinPart } from './parts';
import { clampPercent } from './scores';
import type { Part } from './types';

export type Base = 'vector' | 'bluemarble';
export type Projection = 'mercator' | 'globe';
export type Theme = 'auto' | 'light' | 'dark';

export interface View {
  set: string;
  parts: Part[];
  percent: number;
  base: Base;
  projection: Projection;
  theme: Theme;
}

export const DEFAULT_VIEW: View = {
  set: 'world',
  parts: [],
  percent: 5,
  base: 'vector',
  projection: 'mercator',
  theme: 'auto',
};

const WEIGHTED = /^(-?\d+(?:\.\d+)?)\*(.*)$/s;

function unweigh(value: string): { weight: number; rest: string } {
  const match = WEIGHTED.exec(value);
  return match ? { weight: Number(match[1]), rest: match[2]! } : { weight: 1, rest: value };
}

function weigh(weight: number, value: string): string {
  const needed = weight !== 1 || WEIGHTED.test(value);
  return needed ? `${Number(weight.toFixed(2))}*${value}` : value;
}

function readPart(key: string, value: string): Part | null {
  const { weight, rest } = unweigh(value);
  if (key === 'text') {
    return rest.trim() ? { kind: 'text', text: rest.trim(), weight } : null;
  }
  if (key === 'row') {
    return /^\d+$/.test(rest) ? { kind: 'row', row: Number(rest), weight } : null;
  }
  if (key === 'place') {
    const [lon, lat, ...name] = rest.split(',');
    const place = {
      kind: 'place' as const,
      lon: Number(lon),
      lat: Number(lat ?? Number.NaN),
      weight,
    };
    if (!(Math.abs(place.lon) <= 180 && Math.abs(place.lat) <= 90)) {
      return null;
    }
    return name.length > 0 ? { ...place, name: name.join(',') } : place;
  }
  return null;
}

function oneOf<T extends string>(value: string | null, allowed: readonly T[], fallback: T): T {
  return allowed.find((choice) => choice === value) ?? fallback;
}

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  let parts: Part[] = [];
  for (const [key, value] of query) {
    const part = readPart(key, value);
    parts = part ? joinPart(parts, part) : parts;
  }
  const percent = Number(query.get('percent') ?? DEFAULT_VIEW.percent);
  return {
    set: query.get('set') || DEFAULT_VIEW.set,
    parts,
    percent: Number.isFinite(percent) ? clampPercent(percent) : DEFAULT_VIEW.percent,
    base: oneOf(query.get('base'), ['vector', 'bluemarble'], DEFAULT_VIEW.base),
    projection: oneOf(query.get('projection'), ['mercator', 'globe'], DEFAULT_VIEW.projection),
    theme: oneOf(query.get('theme'), ['auto', 'light', 'dark'], DEFAULT_VIEW.theme),
  };
}

function degrees(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** The query string of a view, `?` included; what is as usual is left out. */
export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.set !== DEFAULT_VIEW.set) {
    query.append('set', view.set);
  }
  for (const part of view.parts) {
    if (part.kind === 'text') {
      query.append('text', weigh(part.weight, part.text));
    } else if (part.kind === 'row') {
      query.append('row', weigh(part.weight, String(part.row)));
    } else if (part.kind === 'place') {
      const fields = [degrees(part.lon), degrees(part.lat), ...(part.name ? [part.name] : [])];
      query.append('place', weigh(part.weight, fields.join(',')));
    }
  }
  for (const key of ['percent', 'base', 'projection', 'theme'] as const) {
    if (view[key] !== DEFAULT_VIEW[key]) {
      query.append(key, String(view[key]));
    }
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
