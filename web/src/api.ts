/**
 * The only caller of fetch: one function per route of /api/v1.
 *
 * Routes are relative to the page, so a path prefix works. A request that is overtaken by a newer
 * one of its kind is aborted; what went wrong arrives as an ApiError whose words are for people.
 */
import { bareFilter } from './filter';
import { t } from './i18n';
import { toRecord } from './query';
import type {
  Answer,
  Filter,
  LabelsRead,
  LooseQuery,
  ModelInfo,
  Place,
  Problem,
  Query,
  SetInfo,
  TileInfo,
  TileSource,
} from './types';

const POST = { method: 'POST', headers: { 'content-type': 'application/json' } };

const ROOT = new URL('api/v1/', document.baseURI);

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/** In the language that is spoken when it happens. */
function unreachable(): Problem {
  return {
    title: t('No answer'),
    status: 0,
    detail: t('The server does not answer.'),
    code: 'unreachable',
    hint: t(
      'Is `eex serve` still running, and is there a network? The page tries again by itself.',
    ),
    concepts: [],
    places: [],
  };
}

/** Tell whether an error only says that a newer request took over. */
export function wasAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Turn any error into words a person can act on. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ApiError) {
    return error.problem;
  }
  return {
    ...unreachable(),
    title: t('Something went wrong'),
    detail: t('The page could not show this answer.'),
    code: 'page',
    hint: t('Reload the page; if it happens again, please report it.'),
  };
}

const running = new Map<string, AbortController>();

function overtake(kind: string): AbortSignal {
  running.get(kind)?.abort();
  const controller = new AbortController();
  running.set(kind, controller);
  return controller.signal;
}

/** Stop asking for what is not wanted any more. */
export function stopAsking(which: Which): void {
  running.get(which)?.abort();
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    ...unreachable(),
    title: response.statusText,
    status: response.status,
    detail: t('The server answered with status {status}.', { status: response.status }),
    code: 'http',
    hint: t('Try again in a moment.'),
  };
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  if (!isJson) {
    return fallback;
  }
  const said: unknown = await response.json().catch(() => ({}));
  return typeof said === 'object' && said !== null ? { ...fallback, hint: '', ...said } : fallback;
}

async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, ROOT), init);
  } catch (error) {
    if (wasAborted(error)) {
      throw error;
    }
    throw new ApiError(unreachable());
  }
  if (!response.ok) {
    throw new ApiError(await problemOf(response));
  }
  return response;
}

/** What an answer holds; a connection that breaks off halfway is one that is lost. */
async function received<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof TypeError ? new ApiError(unreachable()) : error;
  }
}

async function json<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await request(path, init);
  return (await received(response.json())) as T;
}

export function getSets(): Promise<{ sets: SetInfo[] }> {
  return json('sets');
}

export function getSet(set: string, signal: AbortSignal | null = null): Promise<SetInfo> {
  return json(`sets/${encodeURIComponent(set)}`, { signal });
}

/** What the server's operator chose to offer. */
export function getConfig(): Promise<{ tile_sources: TileSource[] }> {
  return json('config');
}

export function getModels(): Promise<{ models: ModelInfo[] }> {
  return json('models');
}

/** Files larger than this tell how far they are. */
const LARGE_BYTES = 1_000_000;

/** The whole of an answer; `arrived` hears which part is there while a large one comes in. */
async function bytesOf(response: Response, arrived: (part: number) => void): Promise<ArrayBuffer> {
  const total = Number(response.headers.get('content-length') ?? 0);
  if (!response.body || total < LARGE_BYTES || response.headers.has('content-encoding')) {
    return response.arrayBuffer();
  }
  const whole = new Uint8Array(total);
  let length = 0;
  const reader = response.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    whole.set(piece.value, length);
    length += piece.value.length;
    arrived(length / total);
  }
  return whole.buffer;
}

/** Tile centres in set order: lon, lat, lon, lat, … in degrees. */
export async function getPositions(
  set: string,
  arrived: (part: number) => void = () => undefined,
  signal: AbortSignal | null = null,
): Promise<Float32Array> {
  const response = await request(`sets/${encodeURIComponent(set)}/positions`, { signal });
  return new Float32Array(await received(bytesOf(response, arrived)));
}

/** Whether the server answers at all. */
export async function isServerThere(): Promise<boolean> {
  return request('health').then(
    () => true,
    () => false,
  );
}

/** The description of the API. */
export function openApiUrl(): string {
  return new URL('openapi.json', ROOT).href;
}

export function getTile(set: string, row: number): Promise<TileInfo> {
  return json(`sets/${encodeURIComponent(set)}/tiles/${row}`);
}

export function pictureUrl(set: string, row: number, size: number): string {
  const path = `sets/${encodeURIComponent(set)}/tiles/${row}/picture?size=${size}`;
  return new URL(path, ROOT).href;
}

/** Which pixels of a tile, and as what; GeoTIFFs have the stored numbers and where they lie. */
export interface PixelsWish {
  kind: 'rgb' | 'bands' | 'thumbnail';
  crop: 'embedded' | 'whole';
  format: 'tif' | 'png' | 'jpg';
}

/** Red, green and blue of what was embedded, as GeoTIFF, if nothing else is wished for. */
export function pixelsUrl(set: string, row: number, wish: Partial<PixelsWish> = {}): string {
  const query = new URLSearchParams({ kind: 'rgb', ...wish });
  return new URL(`sets/${encodeURIComponent(set)}/tiles/${row}/pixels?${query}`, ROOT).href;
}

/** Where in a tile the query of an answer fits: the colours alone. */
export function heatmapUrl(id: string, row: number, size: number): string {
  const path = `searches/${encodeURIComponent(id)}/tiles/${row}/heatmap?layer=true&size=${size}`;
  return new URL(path, ROOT).href;
}

/** A picture or a file, with its headers; what is wrong with it arrives in words. */
export async function getFile(
  url: string,
  signal: AbortSignal,
): Promise<{ blob: Blob; headers: Headers }> {
  const response = await request(url, { signal });
  return { blob: await received(response.blob()), headers: response.headers };
}

export async function findPlaces(q: string, limit = 6): Promise<Place[]> {
  const query = new URLSearchParams({ q, limit: String(limit) });
  const found = await json<{ places: Place[] }>(`places?${query}`, { signal: overtake('places') });
  return found.places;
}

/** The tiles that pass a filter; nothing is ranked. Overtakes any count of its kind under way. */
export async function countInside(
  set: string,
  filter: Filter,
  kind: 'count' | 'check' = 'count',
): Promise<number> {
  const body = JSON.stringify({ filter: bareFilter(filter) });
  const signal = overtake(kind);
  const path = `sets/${encodeURIComponent(set)}/count`;
  const { inside } = await json<{ inside: number }>(path, { ...POST, body, signal });
  return inside;
}

/** Show the server its token; the browser keeps the cookie that it gives. */
export async function login(token: string): Promise<void> {
  await request('login', { ...POST, body: JSON.stringify({ token }) });
}

/** The query in a file: a recipe, or an answer that keeps its own (JSON, GeoJSON, CSV). */
export function readRecipe(file: Blob): Promise<{ query: LooseQuery; messages: string[] }> {
  return json('recipe', { method: 'POST', body: file });
}

/** The labels in a GeoJSON file, as rows of a set. */
export function readLabels(set: string, file: Blob): Promise<LabelsRead> {
  return json(`sets/${encodeURIComponent(set)}/labels`, { method: 'POST', body: file });
}

export interface Found {
  answer: Answer;
  /** One number per tile in set order, see scores.ts. */
  scores: Uint16Array;
}

/** Which of two comparable answers is asked for; each overtakes only its own kind. */
export type Which = 'search' | 'rival';

/** Ask, then bring the score of every tile. Overtakes any search of its kind under way. */
export async function search(query: Query, which: Which = 'search'): Promise<Found> {
  return answered('search', toRecord(query), which);
}

/** Ask with marked tiles; see `POST /api/v1/feedback`. */
export async function feedback(record: Record<string, unknown>): Promise<Found> {
  return answered('feedback', record, 'search');
}

async function answered(route: string, record: object, which: Which): Promise<Found> {
  const signal = overtake(which);
  const answer = await json<Answer>(route, { ...POST, body: JSON.stringify(record), signal });
  const response = await request(`searches/${encodeURIComponent(answer.id)}/scores`, { signal });
  return { answer, scores: new Uint16Array(await received(response.arrayBuffer())) };
}

/** Ask only so that the server keeps the answer again; its id comes back. */
export async function askAgain(query: Query, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify(toRecord(query));
  const { id } = await json<Answer>('search', { ...POST, body, signal });
  return id;
}

export interface Exported {
  content: Blob;
  /** As the server calls the file. */
  name: string;
}

/** An answer as a file; `arrived` hears how many bytes are there, and how many there will be. */
export async function exported(
  id: string,
  format: string,
  signal: AbortSignal,
  arrived: (bytes: number, total: number) => void = () => undefined,
): Promise<Exported> {
  const path = `searches/${encodeURIComponent(id)}/export?format=${format}`;
  const response = await request(path, { signal });
  const named = response.headers.get('content-disposition') ?? '';
  const name = /filename="([^"]+)"/.exec(named)?.[1] ?? `earth.${format}`;
  const type = response.headers.get('content-type') ?? '';
  const total = Number(response.headers.get('content-length') ?? 0);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  arrived(0, total);
  const reader = response.body!.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    bytes += piece.value.length;
    arrived(bytes, total);
  }
  return { content: new Blob(pieces, { type }), name };
}

/** Address of the search route, as a command outside of the page calls it. */
export function searchUrl(): string {
  return new URL('search', ROOT).href;
}

/** Names of places with where they are, GeoJSON. */
export function namesUrl(): string {
  return `${ROOT.href}basemap/places`;
}

/** Address template of the Blue Marble base map for MapLibre. */
export function basemapUrl(): string {
  return `${ROOT.href}basemap/bluemarble/{z}/{x}/{y}`;
}
