/**
 * What is asked, as one record: the page's form of a recipe, the wire form, and back.
 *
 * A recipe is read as the server writes it (`POST /api/v1/recipe` brings any file into that form),
 * so the same file asks the same here, on the command line, in Python and over HTTP.
 */
import { bareFilter } from './filter';
import { wholeParts } from './parts';
import type { LooseQuery, Options, Part, Query, QueryRecord } from './types';

/** Tiles in the gallery unless another number is asked for. */
export const BEST = 24;

export const VERSION = 2;

export const DEFAULT_OPTIONS: Options = {
  k: null,
  spread_km: null,
  one_per_cell: null,
  diversity: null,
  repeats: null,
  top_percent: null,
  prompts: null,
  fusion: null,
};

export const DEFAULT_QUERY: Query = {
  set: 'world',
  also: [],
  parts: [],
  filter: {},
  ...DEFAULT_OPTIONS,
};

const OPTIONS = Object.keys(DEFAULT_OPTIONS) as (keyof Options)[];

/** The query that is in some larger record, such as the state of the page. */
export function queryIn(record: Query): Query {
  const { set, also, parts, filter } = record;
  return { set, also, parts, filter, ...optionsIn(record) };
}

export function optionsIn(record: Options): Options {
  return Object.fromEntries(OPTIONS.map((name) => [name, record[name]])) as unknown as Options;
}

/** The part as the server knows it, without what only the page uses. */
function barePart(part: Part): Record<string, unknown> {
  const { name: _, ...rest } = part as Part & { name?: string };
  return rest;
}

/** The record that is sent, and that a recipe file holds. */
export function toRecord(query: Query): QueryRecord {
  const { set, also, parts, filter } = query;
  const options = OPTIONS.filter((name) => query[name] !== null);
  const k = query.k ?? (query.top_percent === null ? BEST : null);
  return {
    version: VERSION,
    ...(also.length > 0 ? { sets: [set, ...also] } : { set }),
    parts: parts.map(barePart) as QueryRecord['parts'] & {},
    filter: bareFilter(filter) as QueryRecord['filter'] & {},
    ...Object.fromEntries(options.map((name) => [name, query[name]])),
    ...(k === null ? {} : { k }),
  };
}

/** A recipe as a query; what it does not say is as usual. */
export function fromRecord(record: LooseQuery): Query {
  const [first = 'world', ...also] = record.sets ?? [record.set ?? 'world'];
  const filter = bareFilter(record.filter ?? {});
  const options = OPTIONS.map((name) => [name, record[name] ?? null]);
  const query: Query = {
    ...DEFAULT_QUERY,
    ...(Object.fromEntries(options) as unknown as Options),
    set: first,
    also,
    parts: wholeParts(record),
    filter: record.bbox ? { ...filter, bbox: record.bbox } : filter,
  };
  const isNone = Array.isArray(query.prompts) ? query.prompts.length === 0 : !query.prompts;
  return {
    ...query,
    prompts: isNone ? null : query.prompts,
    k: query.k === BEST && query.top_percent === null ? null : query.k,
  };
}

/** Whether two queries ask the same. */
export function asksSame(one: Query, other: Query): boolean {
  return JSON.stringify(toRecord(one)) === JSON.stringify(toRecord(other));
}
