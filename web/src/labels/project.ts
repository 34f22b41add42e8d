/**
 * A project as a file: labels, rounds, the question and the view, as GeoJSON.
 *
 * It is the file of labels that `eex feedback` reads and writes, with the members `recipe` and
 * `view` beside, and `note`, `score`, `rank` and `time` of tiles where they are known. Files are
 * read by the server (`POST /api/v1/sets/{name}/labels`), as the command line reads them.
 */
import type { Labels } from '../state';
import type { LabelsRead, LooseQuery, SetInfo } from '../types';
import { sameLabels, type Round, type Value } from './session';

/** Version of the member `feedback`. */
const VERSION = 1;

/** What is known of a labelled tile. */
export interface Tile {
  id: string;
  lon: number;
  lat: number;
  score?: number;
  rank?: number;
  time?: string;
}

export interface Project {
  info: SetInfo;
  labels: Labels;
  notes: ReadonlyMap<number, string>;
  start: LooseQuery | null;
  rounds: Round[];
  at: number;
  recipe: LooseQuery | null;
  /** The query string of how the answer is shown. */
  view: string;
}

/** The rounds with one more for labels that were not asked with yet, and the number of the last. */
function wholeRounds({ labels, rounds, at }: Project): { rounds: Round[]; at: number } {
  if (sameLabels(rounds[at]!.labels, labels)) {
    return { rounds, at };
  }
  return { rounds: [...rounds, { labels, method: null, query: null }], at: rounds.length };
}

/** What each round changed. */
function changes(rounds: Round[]): object[] {
  return rounds.map(({ labels, method, query }, number) => {
    const before = rounds[number - 1]?.labels ?? new Map<number, Value>();
    const added = [...labels].filter(([row, value]) => before.get(row) !== value);
    const rowsOf = (wanted: Value): number[] =>
      added
        .filter(([, value]) => value === wanted)
        .map(([row]) => row)
        .toSorted((a, b) => a - b);
    const unmarked = [...before.keys()].filter((row) => !labels.has(row));
    return { number, positive: rowsOf(1), negative: rowsOf(-1), unmarked, method, query };
  });
}

/** In which round each label was given, the latest where it was given again. */
function roundsOfLabels(rounds: Round[], at: number): Map<number, number> {
  const given = new Map<number, number>();
  rounds.slice(0, at + 1).forEach(({ labels }, number) => {
    const before = rounds[number - 1]?.labels;
    for (const [row, value] of labels) {
      if (before?.get(row) !== value) {
        given.set(row, number);
      }
    }
  });
  return given;
}

/** The project as a GeoJSON record. */
export function toGeoJson(project: Project, tiles: ReadonlyMap<number, Tile>): object {
  const { info, labels, notes, start, recipe, view } = project;
  const { rounds, at } = wholeRounds(project);
  const of = { set: info.id, key: info.key };
  const given = roundsOfLabels(rounds, at);
  const rows = [...labels.keys()].toSorted((a, b) => a - b);
  const features = rows.flatMap((row) => {
    const tile = tiles.get(row);
    if (!tile) {
      return [];
    }
    const { id, lon, lat, ...known } = tile;
    const note = notes.get(row);
    const properties = { row, id, label: labels.get(row), round: given.get(row) ?? 0, ...of };
    return {
      type: 'Feature',
      id: row,
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { ...properties, ...(note ? { note } : {}), ...known },
    };
  });
  const { model, licence, attribution, banner } = info;
  const credit = { set: info.id, model, licence, attribution };
  return {
    type: 'FeatureCollection',
    credit: banner ? { ...credit, notice: banner } : credit,
    ...(recipe ? { recipe } : {}),
    view,
    feedback: { ...of, version: VERSION, at, start, rounds: changes(rounds) },
    features,
  };
}

/** The rounds of a file that was read, each with all of its labels. */
export function roundsRead({ rounds }: LabelsRead): Round[] {
  const labels = new Map<number, Value>();
  return rounds.map(({ positive, negative, unmarked, method, query }) => {
    unmarked.forEach((row) => labels.delete(row));
    positive.forEach((row) => labels.set(row, 1));
    negative.forEach((row) => labels.set(row, -1));
    return { labels: new Map(labels), method, query };
  });
}

/** A record whose pictures are only named, with those of another record in the same order. */
export function withPictures(record: LooseQuery, source: LooseQuery | null): LooseQuery {
  const pictures = (source?.parts ?? []).filter(({ kind }) => kind === 'image');
  const parts = record.parts?.map((part) => {
    if (part.kind !== 'image' || part.data) {
      return part;
    }
    const data = pictures.shift() as { data?: string; name?: string } | undefined;
    return data?.data ? { ...part, data: data.data } : part;
  });
  return parts ? { ...record, parts } : record;
}

interface Peeked {
  features?: { properties?: Record<string, unknown> | null }[];
  feedback?: { set?: string };
  recipe?: LooseQuery;
  view?: unknown;
}

/** What kind of file a text is, told without the server. */
export function peek(text: string): Peeked | null {
  try {
    const record = JSON.parse(text) as Peeked | null;
    return record !== null && typeof record === 'object' ? record : null;
  } catch {
    return null;
  }
}

function isLabel(name: string): boolean {
  return /^(label|class)$/i.test(name);
}

/** Whether features have labels: ours, or points of other tools. */
export function hasLabels({ features, feedback }: Peeked): boolean {
  return (
    Array.isArray(features) &&
    (feedback !== undefined ||
      features.some((one) => Object.keys(one?.properties ?? {}).some(isLabel)))
  );
}

/** The set that labels say they are of: its id. */
export function setNamed({ feedback, features }: Peeked): string | null {
  const own = feedback?.set ?? features?.[0]?.properties?.set;
  return typeof own === 'string' ? own : null;
}

/** Notes of a file, by row of the file's own labels; ids tell where rows have moved. */
export function notesIn(record: Peeked, read: LabelsRead): Map<number, string> {
  const byId = new Map<string, string>();
  for (const one of record.features ?? []) {
    const { id, note } = one?.properties ?? {};
    if (typeof note === 'string' && note && typeof id === 'string') {
      byId.set(id, note);
    }
  }
  return new Map(
    read.labels.flatMap(({ row, id }) => (byId.has(id) ? [[row, byId.get(id)!] as const] : [])),
  );
}
