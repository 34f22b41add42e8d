/**
 * Records of the page and the server's, whose types are made from its OpenAPI description
 * (`npm run types`): what the server changes does not compile here until the page follows.
 */
import type { components } from './types.gen';

type Schemas = components['schemas'];

export type Place = Schemas['PlaceRecord'];
export type Concept = Schemas['ConceptRecord'];
export type ModelInfo = Schemas['ModelInfo'];
export type TileInfo = Schemas['TileInfo'];
export type Result = Schemas['ResultRecord'];
export type ReadAs = Schemas['ReadAsRecord'];
/** A map of another host that the server's operator offers. */
export type TileSource = Schemas['TileSourceRecord'];
export type ScoresInfo = Schemas['ScoresRecord'];

/** What a file of labels says, as rows of a set. */
export type LabelsRead = Omit<Schemas['LabelsRead'], 'start' | 'rounds'> & {
  start: LooseQuery | null;
  rounds: (Omit<Schemas['RoundRecord'], 'query'> & { query: LooseQuery | null })[];
};

/** The query as it is sent. */
export type QueryRecord = Schemas['QueryRecord'];

/** application/problem+json, as far as the page uses it; some members come with some errors only. */
export type Problem = Required<
  Pick<Schemas['Problem'], 'title' | 'status' | 'detail' | 'code' | 'hint'>
> & { concepts: string[]; places: Place[] };

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

/** An area as example: the mean of the tiles in it that meet its conditions. */
export interface AreaPart extends Weighted, Filter {
  kind: 'area';
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

/** What is known of a set. */
export type SetInfo = Omit<Schemas['SetInfo'], 'examples' | 'takes'> & {
  /** Kinds of parts that its model can answer now, besides tiles of the set. */
  takes: Part['kind'][];
  examples: Example[];
};

/** A query that works at one click. */
export type Example = Omit<Schemas['ExampleRecord'], 'query'> & { query: LooseQuery };

/** The recipe has its defaults filled in, and pictures by their SHA-256. */
export type Answer = Omit<Schemas['SearchAnswer'], 'recipe'> & { recipe: LooseQuery };
