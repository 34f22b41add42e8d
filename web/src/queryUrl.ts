/**
 * A query as a query string: `?text=sand desert&place=2.35,48.86&row=17&bbox=…&k=50`.
 *
 * A part that does not count once is written as weight*value (`text=-0.5*farmland`), one that is
 * asked of one set only as `text@set=`; a place is lon,lat and may end in a name
 * (`place=2.35,48.86,Paris`); an area is a box or GeoJSON. Filters and options have the names that
 * a recipe gives them. Uploaded pictures do not fit and are left out.
 */
import { bareFilter, conditionsOf } from './filter';
import { wholePart } from './parts';
import { DEFAULT_OPTIONS, DEFAULT_QUERY } from './query';
import { isShape, isWhere } from './shapes';
import type {
  AreaGeometry,
  AreaPart,
  Bbox,
  Filter,
  Fusion,
  LoosePart,
  Near,
  Options,
  Part,
  Query,
  Span,
} from './types';

const WEIGHTED = /^(-?\d+(?:\.\d+)?)\*(.*)$/s;
/** Options that are numbers. */
const METHODS = ['vector', 'sum', 'minimum', 'rrf'] as const;
const CALIBRATIONS = ['z', 'robust-z', 'quantile', 'min-max', 'none'] as const;

const NUMBERS = ['k', 'spread_km', 'one_per_cell', 'diversity', 'repeats', 'top_percent'] as const;

function unweigh(value: string): { weight: number; rest: string } {
  const match = WEIGHTED.exec(value);
  return match ? { weight: Number(match[1]), rest: match[2]! } : { weight: 1, rest: value };
}

function weigh(weight: number, value: string): string {
  const needed = weight !== 1 || WEIGHTED.test(value);
  return needed ? `${Number(weight.toFixed(6))}*${value}` : value;
}

export function degrees(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** To about 10 cm: what is asked is to be the same again. */
function exact(value: number): string {
  return String(Number(value.toFixed(6)));
}

function parsed(text: string | null): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** JSON with short numbers. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'number' ? Number(exact(inner)) : inner,
  );
}

export function numbers(text: string | null, count: number): number[] | null {
  const found = (text ?? '').split(',').map((field) => (field.trim() ? Number(field) : Number.NaN));
  return found.length === count && found.every(Number.isFinite) ? found : null;
}

function readPlace(rest: string): LoosePart | null {
  const [lon, lat, ...name] = rest.split(',');
  const place = { lon: Number(lon), lat: Number(lat ?? Number.NaN) };
  if (!(Math.abs(place.lon) <= 180 && Math.abs(place.lat) <= 90)) {
    return null;
  }
  return { kind: 'place', ...place, ...(name.length > 0 ? { name: name.join(',') } : {}) };
}

function readArea(rest: string): LoosePart | null {
  const bbox = numbers(rest, 4);
  if (bbox) {
    return { kind: 'area', bbox: bbox as Bbox };
  }
  const given = parsed(rest);
  if (!given || typeof given !== 'object') {
    return null;
  }
  if ('type' in given) {
    return isShape(given) ? { kind: 'area', area: given as AreaGeometry } : null;
  }
  return isWhere(given) ? { ...given, kind: 'area' } : null;
}

function readLoose(kind: string, rest: string): LoosePart | null {
  switch (kind) {
    case 'text':
      return rest.trim() ? { kind, text: rest.trim() } : null;
    case 'row':
      return /^\d+$/.test(rest) ? { kind, row: Number(rest) } : null;
    case 'rows':
      return /^\d+(,\d+)*$/.test(rest) ? { kind, rows: rest.split(',').map(Number) } : null;
    case 'place':
      return readPlace(rest);
    case 'area':
      return readArea(rest);
    case 'vector': {
      const vector = rest.split(',').map(Number);
      return vector.every(Number.isFinite) ? { kind, vector } : null;
    }
    default:
      return null;
  }
}

/** `text`, or `text@set` for a part that is asked of one set only. */
function readPart(key: string, value: string): Part | null {
  const [kind = '', set] = key.split('@', 2);
  const { weight, rest } = unweigh(value);
  const loose = readLoose(kind, rest);
  return loose && wholePart({ ...loose, weight, ...(set ? { set } : {}) });
}

function writePart(part: Part): [string, string] | null {
  const key = part.set ? `${part.kind}@${part.set}` : part.kind;
  const value = partValue(part);
  return value === null ? null : [key, weigh(part.weight, value)];
}

function partValue(part: Part): string | null {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'row':
      return String(part.row);
    case 'rows':
      return part.rows.join(',');
    case 'vector':
      return part.vector.join(',');
    case 'place':
      return [exact(part.lon), exact(part.lat), ...(part.name ? [part.name] : [])].join(',');
    case 'area':
      return areaValue(part);
    case 'image':
      return null;
  }
}

/** A box or a shape as such; more conditions as the record of a filter. */
function areaValue(part: AreaPart): string {
  const conditions = conditionsOf(part);
  const only = conditions.length === 1 ? conditions[0] : null;
  if (only === 'bbox') {
    return part.bbox!.map(exact).join(',');
  }
  return jsonOf(only === 'area' ? part.area : bareFilter(part));
}

function readSpan(text: string | null): Span | null {
  const ends = text?.split('/') ?? [];
  return ends.length === 2 && ends.some(Boolean) ? [ends[0] || null, ends[1] || null] : null;
}

function writeSpan(span: Span): string {
  return span.map((end) => end ?? '').join('/');
}

function readFilter(query: URLSearchParams): Filter {
  const bbox = numbers(query.get('bbox'), 4) as Bbox | null;
  const within = parsed(query.get('within'));
  const area = isShape(within) ? (within as AreaGeometry) : null;
  const [lat, lon, km] = numbers(query.get('near'), 3) ?? [];
  const near: Near | null = km === undefined ? null : { lon: lon!, lat: lat!, km };
  const time = readSpan(query.get('time'));
  const season = readSpan(query.get('season'));
  const cloud = numbers(query.get('cloud'), 1)?.[0] ?? null;
  const where = query.get('where');
  return {
    ...(bbox && { bbox }),
    ...(area && { area }),
    ...(near && { near }),
    ...(time && { time }),
    ...(season && { season }),
    ...(cloud !== null && { cloud }),
    ...(where && { where }),
  };
}

function writeFilter(filter: Filter, query: URLSearchParams): void {
  const { bbox, area, near, time, season, cloud, where } = filter;
  if (bbox) {
    query.append('bbox', bbox.map(exact).join(','));
  }
  if (area) {
    query.append('within', jsonOf(area));
  }
  if (near) {
    query.append('near', [near.lat, near.lon, near.km].map(exact).join(','));
  }
  if (time) {
    query.append('time', writeSpan(time));
  }
  if (season) {
    query.append('season', writeSpan(season));
  }
  if (cloud !== null && cloud !== undefined) {
    query.append('cloud', String(cloud));
  }
  if (where) {
    query.append('where', where);
  }
}

/** A way of joining, if it is one; the server looks at its numbers. */
function fusionIn(told: unknown): Fusion | null {
  const found = told as Fusion | null;
  const isOne =
    typeof told === 'object' &&
    METHODS.some((name) => name === found?.method) &&
    (found?.calibration == null || CALIBRATIONS.some((name) => name === found.calibration)) &&
    [found?.constant, found?.window].every((one) => one == null || Number.isFinite(one));
  return isOne ? found : null;
}

function readFusion(text: string | null): Fusion | null {
  const [method, calibration] = (text ?? '').split(',');
  const found = METHODS.find((name) => name === method);
  if (!found) {
    return text?.startsWith('{') ? fusionIn(parsed(text)) : null;
  }
  return fusionIn({ method: found, ...(calibration ? { calibration } : {}) });
}

function writeFusion({ method, calibration, constant, window }: Fusion): string {
  if (constant || window) {
    return JSON.stringify({ method, constant, window });
  }
  return calibration ? `${method},${calibration}` : method;
}

function readOptions(query: URLSearchParams): Options {
  const options = { ...DEFAULT_OPTIONS };
  for (const name of NUMBERS) {
    options[name] = numbers(query.get(name), 1)?.[0] ?? null;
  }
  const prompts = parsed(query.get('prompts'));
  options.prompts = prompts === true || Array.isArray(prompts) ? (prompts as string[]) : null;
  options.fusion = readFusion(query.get('fusion'));
  return options;
}

function writeOptions(options: Options, query: URLSearchParams): void {
  for (const name of NUMBERS) {
    if (options[name] !== null) {
      query.append(name, String(options[name]));
    }
  }
  if (options.prompts) {
    query.append('prompts', JSON.stringify(options.prompts));
  }
  if (options.fusion) {
    query.append('fusion', writeFusion(options.fusion));
  }
}

export function readQuery(query: URLSearchParams): Query {
  const parts: Part[] = [];
  for (const [key, value] of query) {
    const part = readPart(key, value);
    if (part) {
      parts.push(part);
    }
  }
  return {
    set: query.get('set') || DEFAULT_QUERY.set,
    also: query.getAll('with'),
    parts,
    filter: readFilter(query),
    ...readOptions(query),
  };
}

export function writeQuery(asked: Query): URLSearchParams {
  const query = new URLSearchParams();
  if (asked.set !== DEFAULT_QUERY.set) {
    query.append('set', asked.set);
  }
  asked.also.forEach((name) => query.append('with', name));
  for (const part of asked.parts) {
    const pair = writePart(part);
    if (pair) {
      query.append(...pair);
    }
  }
  writeFilter(asked.filter, query);
  writeOptions(asked, query);
  return query;
}
