/** The server's records; names are the server's. */

export interface Place {
  name: string;
  kind: string;
  lon: number;
  lat: number;
  country: string;
}

export interface TextPart {
  kind: 'text';
  text: string;
  weight: number;
}

export interface ImagePart {
  kind: 'image';
  /** A data: URL. */
  data: string;
  /** File name, for the chip only; not sent. */
  name: string;
  weight: number;
}

export interface PlacePart {
  kind: 'place';
  lon: number;
  lat: number;
  /** What the person called it, for the chip only; not sent. */
  name?: string;
  weight: number;
}

export interface RowPart {
  kind: 'row';
  row: number;
  weight: number;
}

export type Part = TextPart | ImagePart | PlacePart | RowPart;

/** west, south, east, north in degrees. */
export type Bbox = [number, number, number, number];

export interface Query {
  version: 1;
  set: string;
  parts: Part[];
  k: number;
  bbox: Bbox | null;
  /** Smallest distance between two results; null takes the set's own. */
  spread_km: number | null;
  top_percent: number | null;
}

/** A part as the server writes it: weight may be left out. */
export type LoosePart = Part extends infer P ? (P extends Part ? Partial<P> : never) : never;

/** A query as the server writes it: parts, or the short form with one field for each kind. */
export interface LooseQuery {
  parts?: LoosePart[];
  text?: string;
  /** lon, lat */
  place?: [number, number];
  row?: number;
  weights?: Partial<Record<Part['kind'], number>>;
}

export interface Example {
  title: string;
  query: LooseQuery;
}

export interface Concept {
  name: string;
  examples: string[];
  /** Whether tests on held-out ground show that it works. */
  reliable: boolean;
}

export interface SetInfo {
  name: string;
  id: string;
  title: string;
  rows: number;
  dim: number;
  model: string;
  /** Kinds of parts that its model can answer now, besides tiles of the set. */
  takes: Part['kind'][];
  /** How pictures of its tiles are read; empty if there are none. */
  pixels: string;
  demo: boolean;
  banner: string;
  licence: string;
  attribution: string;
  tile_km: number;
  spread_km: number;
  bbox: Bbox;
  concepts: Concept[];
  examples: Example[];
}

export interface TileInfo {
  row: number;
  id: string;
  lon: number;
  lat: number;
  properties: Record<string, unknown>;
}

export interface Result {
  rank: number;
  row: number;
  id: string;
  lon: number;
  lat: number;
  score: number;
  /** Nearest city in words, where the server tells. */
  near?: string | null;
}

export interface ReadAs {
  phrase: string;
  concept: string;
  similarity: number;
}

export interface ScoresInfo {
  url: string;
  count: number;
  valid: number;
  min: number;
  max: number;
  dtype: 'uint16';
}

export interface Answer {
  id: string;
  demo: boolean;
  banner: string;
  count: number;
  /** What a score is: "cosine", or "lowest z-score of the parts". */
  score_kind: string;
  took_ms: number;
  results: Result[];
  scores: ScoresInfo;
  read_as: ReadAs[];
  messages: string[];
  places: Place[];
}

/** application/problem+json, as far as the page uses it. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  concepts: string[];
  places: Place[];
}
