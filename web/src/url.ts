/**
 * The view lives in the URL: what is asked (queryUrl.ts), how it is shown, and where the map looks:
 * `?text=sand desert&percent=5&at=4.2/48.86/2.35&…`. A comparison is the query string of its other
 * side, `vs=…`.
 */
import { LANGUAGES, preferredLanguage, type Language } from './i18n';
import { DEFAULT_QUERY } from './query';
import { degrees, numbers, readQuery, writeQuery } from './queryUrl';
import { clampPercent } from './scores';
import type { Query } from './types';

/** `vector`, `bluemarble`, or the name of a layer that the server's operator offers. */
export type Base = string;
export type Projection = 'mercator' | 'globe';
/** Names on the map: none, of seas, land and cities, or of countries too. */
export type Names = 'none' | 'places' | 'countries';
export type Theme = 'auto' | 'light' | 'dark';
export type Layout = 'gallery' | 'table';
/** What the maps of a comparison show: each side, or where they differ. */
export type Contrast = 'sides' | 'difference';

/** Where the map looks from; degrees and zoom. */
export interface Camera {
  lon: number;
  lat: number;
  zoom: number;
}

export interface View extends Query {
  percent: number;
  base: Base;
  projection: Projection;
  names: Names;
  theme: Theme;
  lang: Language;
  layout: Layout;
  /** Null is the whole world, or the whole set. */
  camera: Camera | null;
  /** Row whose card is open. */
  selected: number | null;
  /** The other side of a comparison; null is none. */
  other: Query | null;
  contrast: Contrast;
}

export const DEFAULT_VIEW: View = {
  ...DEFAULT_QUERY,
  percent: 5,
  base: 'vector',
  projection: 'mercator',
  names: 'places',
  theme: 'auto',
  lang: 'en',
  layout: 'gallery',
  camera: null,
  selected: null,
  other: null,
  contrast: 'sides',
};

function oneOf<T extends string>(value: string | null, allowed: readonly T[], fallback: T): T {
  return allowed.find((choice) => choice === value) ?? fallback;
}

function readCamera(text: string | null): Camera | null {
  const [zoom, lat, lon] = numbers(text?.replaceAll('/', ',') ?? null, 3) ?? [];
  return zoom === undefined || Math.abs(lat!) > 90 ? null : { zoom, lat: lat!, lon: lon! };
}

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const percent = Number(query.get('percent') ?? DEFAULT_VIEW.percent);
  const selected = query.get('tile') ?? '';
  const other = query.get('vs');
  return {
    ...readQuery(query),
    percent: Number.isFinite(percent) ? clampPercent(percent) : DEFAULT_VIEW.percent,
    base: query.get('base') || DEFAULT_VIEW.base,
    projection: oneOf(query.get('projection'), ['mercator', 'globe'], DEFAULT_VIEW.projection),
    names: oneOf(query.get('names'), ['none', 'places', 'countries'], DEFAULT_VIEW.names),
    theme: oneOf(query.get('theme'), ['auto', 'light', 'dark'], DEFAULT_VIEW.theme),
    lang: oneOf(query.get('lang'), LANGUAGES, preferredLanguage()),
    layout: oneOf(query.get('layout'), ['gallery', 'table'], DEFAULT_VIEW.layout),
    camera: readCamera(query.get('at')),
    selected: /^\d+$/.test(selected) ? Number(selected) : null,
    other: other === null ? null : readQuery(new URLSearchParams(other)),
    contrast: oneOf(query.get('contrast'), ['sides', 'difference'], DEFAULT_VIEW.contrast),
  };
}

/** The query string of a view, `?` included; what is as usual is left out. */
export function writeView(view: View): string {
  const query = writeQuery(view);
  for (const key of ['percent', 'base', 'projection', 'names', 'theme', 'layout'] as const) {
    if (view[key] !== DEFAULT_VIEW[key]) {
      query.append(key, String(view[key]));
    }
  }
  if (view.lang !== preferredLanguage()) {
    query.append('lang', view.lang);
  }
  if (view.camera) {
    const { zoom, lat, lon } = view.camera;
    query.append('at', `${Number(zoom.toFixed(2))}/${degrees(lat)}/${degrees(lon)}`);
  }
  if (view.selected !== null) {
    query.append('tile', String(view.selected));
  }
  if (view.other) {
    query.append('vs', writeQuery(view.other).toString());
    if (view.contrast !== DEFAULT_VIEW.contrast) {
      query.append('contrast', view.contrast);
    }
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
