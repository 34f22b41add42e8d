/** The server's records; names are the server's. */

export interface Place {
  name: string;
  kind: string;
  lon: number;
  lat: number;
  country: string;
}

/** west, south, east, north in degrees; west > east crosses the antimeridian. */
export type Bbox = [number, number, number, number];

/** A place and a distance. */
export interface Near {
  lon: number;
  lat: number;
  km: number;
}

export type AreaGeometry = GeoJSON.Polygon | GeoJSON.MultiPolygon;

interface Weighted {
  /** Share in the sum; negative is "less like this". */
  weight: number;
  /** The one set that the part is asked of; left out for all that take it. */
  set?: string;
}

export interface TextPart extends Weighted {
  kind: 'text';
  text: string;
}

export interface ImagePart extends Weighted {
  kind: 'image';
  /** A data: URL. */
  data: string;
  /** File name, for the chip only; not sent. */
  name: string;
}

export interface PlacePart extends Weighted {
  kind: 'place';
  lon: number;
  lat: number;
  /** What the person called it, for the chip only; not sent. */
  name?: string;
}

export interface RowPart extends Weighted {
  kind: 'row';
  row: number;
}

/** Tiles whose mean is meant. */
export interface RowsPart extends Weighted {
  kind: 'rows';
  rows: number[];
}

/** An area as example: the mean of the tiles whose centres lie in it. */
export interface AreaPart extends Weighted {
  kind: 'area';
  bbox?: Bbox | null;
  area?: GeoJSON.GeoJSON | null;
  near?: Near | null;
}

/** A direction in the space of the set's model. */
export interface VectorPart extends Weighted {
  kind: 'vector';
  vector: number[];
}

export type Part = TextPart | ImagePart | PlacePart | RowPart | RowsPart | AreaPart | VectorPart;

/** First and last, each ISO 8601 or, of seasons, MM-DD; null is open. */
export type Span = [string | null, string | null];

/** Conditions that a tile must all meet; null and left out are none. */
export interface Filter {
  bbox?: Bbox | null;
  area?: AreaGeometry | null;
  near?: Near | null;
  time?: Span | null;
  season?: Span | null;
  /** Greatest cloud cover, percent. */
  cloud?: number | null;
  /** CQL2 Text over the columns of the set. */
  where?: string | null;
}

export interface Fusion {
  method: 'vector' | 'sum' | 'minimum' | 'rrf';
  calibration?: 'z' | 'robust-z' | 'quantile' | 'min-max' | 'none' | null;
  constant?: number | null;
  window?: number | null;
}

/** How results are listed and parts joined; null is the set's or the server's own choice. */
export interface Options {
  k: number | null;
  spread_km: number | null;
  one_per_cell: number | null;
  diversity: number | null;
  repeats: number | null;
  top_percent: number | null;
  prompts: boolean | string[] | null;
  fusion: Fusion | null;
}

/** What is asked: all that a recipe holds. */
export interface Query extends Options {
  set: string;
  /** Further sets that are asked with it. */
  also: string[];
  parts: Part[];
  filter: Filter;
}

/** A part as the server writes it: weight may be left out. */
export type LoosePart = Part extends infer P ? (P extends Part ? Partial<P> : never) : never;

/** A query as the server writes it: parts, or the short form with one field for each kind. */
export interface LooseQuery {
  version?: number;
  set?: string | null;
  sets?: string[] | null;
  parts?: LoosePart[] | null;
  text?: string;
  /** lon, lat */
  place?: [number, number];
  row?: number;
  weights?: Partial<Record<Part['kind'], number>>;
  filter?: Filter | null;
  bbox?: Bbox | null;
  k?: number | null;
  spread_km?: number | null;
  one_per_cell?: number | null;
  diversity?: number | null;
  repeats?: number | null;
  top_percent?: number | null;
  prompts?: boolean | string[] | null;
  fusion?: Fusion | null;
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
  /** Whether the model can say where in a tile a query fits. */
  heatmaps: boolean;
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

export interface ModelInfo {
  name: string;
  title: string;
  dim: number;
  modalities: string[];
  heatmaps: boolean;
  licence: string;
  attribution: string;
  paper: string;
  good_for: string;
  demo: boolean;
  notice: string;
  /** Whether its weights are on the server's machine. */
  installed: boolean;
  /** Command that gets them there; empty if they are. */
  get: string;
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
  /** ISO date of the tile's picture, where the set tells. */
  time?: string | null;
  /** Distance from the place that was asked with. */
  distance_km?: number | null;
  /** Scores by part, where several were joined. */
  parts?: Record<string, number>;
  /** Tiles that repeat this one. */
  repeats?: number[];
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
  /** The query as asked, defaults filled in; pictures by their SHA-256. */
  recipe: LooseQuery;
  count: number;
  /** What a score is: "cosine", or "lowest z-score of the parts". */
  score_kind: string;
  /** Tiles that pass the filter; null without one. */
  inside: number | null;
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
