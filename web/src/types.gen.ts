/**
 * The server's records; made by `npm run types` from its OpenAPI description. Do not edit.
 */
export interface paths {
  '/api/v1/basemap/bluemarble/{zoom}/{x}/{y}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return a Web-Mercator tile of NASA Blue Marble, WebP, zooms 0 to 4
     * @description Return a Web-Mercator tile of NASA Blue Marble, WebP, zooms 0 to 4.
     */
    get: operations['basemap'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/basemap/places': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return all named places as GeoJSON points, for the labels of a map
     * @description Return all named places as GeoJSON points, for the labels of a map.
     */
    get: operations['labels'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/config': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Tell what the operator chose and what a query may have, for the page
     * @description Tell what the operator chose and what a query may have, for the page.
     */
    get: operations['config'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/feedback': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Rank the tiles of a set by tiles that were marked; the answer's recipe asks the same
     * @description Rank the tiles of a set by tiles that were marked; the answer's recipe asks the same.
     */
    post: operations['feedback'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/health': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Say that the server answers
     * @description Say that the server answers.
     */
    get: operations['health'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/login': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Take the token, and give a cookie that stands for it
     * @description Take the token, and give a cookie that stands for it.
     */
    post: operations['login'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/logout': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Take the cookie back
     * @description Take the cookie back.
     */
    post: operations['logout'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return what the server counts of itself, in the text format of Prometheus
     * @description Return what the server counts of itself, in the text format of Prometheus.
     */
    get: operations['metrics'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/models': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the installed encoders; loads none
     * @description List the installed encoders; loads none.
     */
    get: operations['models'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/places': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Find named places, without a network
     * @description Find named places, without a network.
     */
    get: operations['places'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/places/near': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Name the city nearest to a place
     * @description Name the city nearest to a place.
     */
    get: operations['nearest_place'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/recipe': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Return the query in a file: a query, or an answer as JSON, GeoJSON or CSV
     * @description Return the query in a file: a query, or an answer as JSON, GeoJSON or CSV.
     */
    post: operations['recipe'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/search': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Rank the tiles of a set
     * @description Rank the tiles of a set. The search stops when the client goes away.
     */
    post: operations['search'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/searches/{mark}/export': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return the best tiles as a file, with licence, credit, notice and the query in it
     * @description Return the best tiles as a file, with licence, credit, notice and the query in it.
     *
     *     `chips` and `zip` are archives with the pixels of the best tiles; those that cannot be had are
     *     listed in `chips/MISSING.txt`. `python` and `curl` are code that asks again, `recipe` the query
     *     with its pictures.
     */
    get: operations['export'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/searches/{mark}/scores': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return every tile's score: little-endian uint16 in row order, see `ScoresRecord`
     * @description Return every tile's score: little-endian uint16 in row order, see `ScoresRecord`.
     */
    get: operations['scores'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/searches/{mark}/tiles/{row}/heatmap': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return where in a tile the query of an answer fits, drawn over its picture, PNG
     * @description Return where in a tile the query of an answer fits, drawn over its picture, PNG.
     */
    get: operations['heatmap'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the sets that are served
     * @description List the sets that are served.
     */
    get: operations['sets'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Tell what is known of a set
     * @description Tell what is known of a set.
     */
    get: operations['set'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/count': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Count the tiles that pass a filter; nothing is ranked
     * @description Count the tiles that pass a filter; nothing is ranked.
     */
    post: operations['count'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/labels': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Return the labels of a GeoJSON file: ours, of any version of the set, or other points
     * @description Return the labels of a GeoJSON file: ours, of any version of the set, or other points.
     */
    post: operations['read_labels'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/positions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return the centre of every tile: little-endian float32, lon, lat, in row order
     * @description Return the centre of every tile: little-endian float32, lon, lat, in row order.
     */
    get: operations['positions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/tiles/{row}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Tell what is known of a tile
     * @description Tell what is known of a tile.
     */
    get: operations['tile'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/tiles/{row}/picture': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return a tile's picture for people, WebP
     * @description Return a tile's picture for people, WebP.
     */
    get: operations['picture'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sets/{name}/tiles/{row}/pixels': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Return a tile's pixels: a GeoTIFF of the stored numbers, or a picture, PNG or JPEG
     * @description Return a tile's pixels: a GeoTIFF of the stored numbers, or a picture, PNG or JPEG.
     */
    get: operations['pixels'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description An area as example, the mean of its tiles; needs `bbox`, `area` or `near`. */
    AreaPartRecord: {
      /** @description Polygons: a GeoJSON geometry or feature. */
      area?:
        | {
            [key: string]: unknown;
          }
        | string
        | null;
      /** @description West, south, east, north; west > east crosses the antimeridian. */
      bbox?: [number, number, number, number] | null;
      /** @description Greatest cloud cover, percent. */
      cloud?: number | null;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'area';
      /** @description lon, lat and km, or "LAT, LON, KM". */
      near?: components['schemas']['NearRecord'] | string | null;
      /** @description First and last day of the year, MM-DD; may cross New Year. */
      season?: [string | null, string | null] | string | null;
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /** @description First and last date, ISO 8601, each with all that it names; '', '..' and null are open. Or START/END. */
      time?: [string | null, string | null] | string | null;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
      /** @description CQL2 Text over the columns of the set. */
      where?: string | null;
    };
    /** @description One thing that a concept model knows. */
    ConceptRecord: {
      /** Examples */
      examples: string[];
      name: string;
      reliable: boolean;
    };
    /** @description What the operator chose, and what a query may have. */
    Config: {
      limits: components['schemas']['LimitsRecord'];
      tile_sources: components['schemas']['TileSourceRecord'][];
    };
    /** @description How many tiles pass a filter. */
    CountAnswer: {
      inside: number;
      /** @description Tiles of the set. */
      rows: number;
    };
    /**
     * @description What is counted.
     * @example {
     *       "filter": {
     *         "bbox": [
     *           -20,
     *           0,
     *           60,
     *           40
     *         ]
     *       }
     *     }
     */
    CountRecord: {
      /** @description Which tiles; all without one. */
      filter?: components['schemas']['FilterRecord'] | null;
    };
    /** @description Licence and credit, to be shown with the answer. */
    CreditRecord: {
      attribution: string;
      licence: string;
      model: string;
      notice: string | null;
      set: string;
    };
    /** @description A query that works at one click. */
    ExampleRecord: {
      query: components['schemas']['QueryRecord'];
      title: string;
    };
    /**
     * @description Tiles that were marked, and what was asked before.
     * @example {
     *       "set": "world",
     *       "positive": [
     *         8702,
     *         8703
     *       ],
     *       "negative": [
     *         200
     *       ],
     *       "k": 20
     *     }
     */
    FeedbackRecord: {
      /** @description Of rocchio: share of the query; 1 by default. */
      alpha?: number | null;
      /** @description Of logistic: so many random tiles stand for negative ones. */
      background?: number | null;
      /** @description Short for the filter's. */
      bbox?: [number, number, number, number] | null;
      /** @description Of rocchio: share of tiles that fit; 0.75. */
      beta?: number | null;
      /** @description Of logistic: inverse strength of regularisation. */
      c?: number | null;
      /** @description As in a query. */
      diversity?: number | null;
      /** @description Only these tiles, before ranking. */
      filter?: components['schemas']['FilterRecord'] | null;
      /** @description Of rocchio: share of tiles that do not; 0.15. */
      gamma?: number | null;
      /** @description Results listed, 1 to 50,000. */
      k?: number | null;
      /** @description How they are asked with; rocchio with `query`, else mean. */
      method?: ('mean' | 'rocchio' | 'logistic') | null;
      /** @description Rows that do not; with those that fit 2,000 at most. */
      negative?: number[] | null;
      /** @description As in a query. */
      one_per_cell?: number | null;
      /** @description Rows that fit. */
      positive?: number[] | null;
      /** @description The query that was asked first; its filter and lists are kept. */
      query?: components['schemas']['QueryRecord'] | null;
      /** @description As in a query. */
      repeats?: number | null;
      /** @description Name of the set; by default that of `query`. */
      set?: string | null;
      /** @description Least distance between results. */
      spread_km?: number | null;
      /** @description As in a query. */
      top_percent?: number | null;
    };
    /** @description Conditions that a tile must all meet; what is unknown of a tile meets none. */
    FilterRecord: {
      /** @description Polygons: a GeoJSON geometry or feature. */
      area?:
        | {
            [key: string]: unknown;
          }
        | string
        | null;
      /** @description West, south, east, north; west > east crosses the antimeridian. */
      bbox?: [number, number, number, number] | null;
      /** @description Greatest cloud cover, percent. */
      cloud?: number | null;
      /** @description lon, lat and km, or "LAT, LON, KM". */
      near?: components['schemas']['NearRecord'] | string | null;
      /** @description First and last day of the year, MM-DD; may cross New Year. */
      season?: [string | null, string | null] | string | null;
      /** @description First and last date, ISO 8601, each with all that it names; '', '..' and null are open. Or START/END. */
      time?: [string | null, string | null] | string | null;
      /** @description CQL2 Text over the columns of the set. */
      where?: string | null;
    };
    /** @description How parts are joined. */
    FusionRecord: {
      calibration?: ('z' | 'robust-z' | 'quantile' | 'min-max' | 'none') | null;
      /** @description Of rrf; 60 by default. */
      constant?: number | null;
      /**
       * @default vector
       * @enum {string}
       */
      method?: 'vector' | 'sum' | 'minimum' | 'rrf';
      /** @description Of rrf: rows of each ranking; 10,000 by default. */
      window?: number | null;
    };
    /** @description The server answers. */
    Health: {
      demo: boolean;
      /** @constant */
      status: 'ok';
      version: string;
    };
    /** @description A picture. */
    ImagePartRecord: {
      /** @description The picture's file in base64, or a data: URL. */
      data: string;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'image';
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description A picture in the recipe of an answer, which keeps what it was but not its bytes. */
    KeptImagePartRecord: {
      /** @constant */
      kind: 'image';
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /** @description Of the picture's file. */
      sha256: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description What one tile is. */
    LabelRecord: {
      id: string;
      /**
       * @description 1: what is looked for; -1: not.
       * @enum {integer}
       */
      label: 1 | -1;
      /** @description In which it was given. */
      round: number;
      row: number;
    };
    /** @description The labels of a file, as rows of the set, and the rounds that they came in. */
    LabelsRead: {
      /** @description Number of the current round. */
      at: number;
      /** @description Of the current round. */
      labels: components['schemas']['LabelRecord'][];
      /** @description What could not be taken over, what was moved. */
      messages: string[];
      rounds: components['schemas']['RoundRecord'][];
      /** @description What was asked before any label. */
      start: components['schemas']['RecipeRecord'] | null;
    };
    /** @description What one request may have. */
    LimitsRecord: {
      /** @description Of the request. */
      body_bytes: number;
      /** @description Results listed. */
      k: number;
      parts: number;
      /** @description Of one picture's file. */
      picture_bytes: number;
      /** @description Width times height of one picture. */
      picture_pixels: number;
      pictures: number;
      /** @description Characters of a text. */
      text: number;
    };
    /** @description The server's token. */
    LoginRecord: {
      /** @description What the operator set. */
      token: string;
    };
    /** @description What is known of an encoder. */
    ModelInfo: {
      attribution: string;
      /** @description Of images, in order; empty if it takes none. */
      bands: string[];
      demo: boolean;
      dim: number;
      /** @description Command that gets them there; empty if they are. */
      get: string;
      good_for: string;
      /** @description Whether it can say where in a picture a query fits. */
      heatmaps: boolean;
      /** @description Whether its weights are on the server's machine. */
      installed: boolean;
      licence: string;
      modalities: ('text' | 'image' | 'place')[];
      name: string;
      notice: string;
      paper: string;
      /** @description picture, sentinel2-l2a, or empty if it takes no images. */
      pixels: string;
      title: string;
      /** @description The default first. */
      variants: components['schemas']['VariantRecord'][];
    };
    /** @description The installed encoders. */
    ModelList: {
      models: components['schemas']['ModelInfo'][];
    };
    /** @description The city nearest to a place. */
    NearestPlace: {
      /** @description How far it is, kilometres along the great circle. */
      km: number;
      /** @description Both in words. */
      near: string;
      place: components['schemas']['PlaceRecord'];
    };
    /** @description A place and a distance. */
    NearRecord: {
      /** @description Kilometres along the great circle. */
      km: number;
      /** @description Degrees north, -90 to 90. */
      lat: number;
      /** @description Degrees east, -180 to 180. */
      lon: number;
    };
    /** @description Named places. */
    PlaceList: {
      places: components['schemas']['PlaceRecord'][];
    };
    /** @description Tiles that look as the land at a place should look. */
    PlacePartRecord: {
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'place';
      /** @description Degrees north, -90 to 90. */
      lat: number;
      /** @description Degrees east, -180 to 180. */
      lon: number;
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description A named place. */
    PlaceRecord: {
      /** @default  */
      country: string;
      kind: string;
      lat: number;
      lon: number;
      name: string;
    };
    /** @description A place. */
    PointRecord: {
      /** @description Degrees north, -90 to 90. */
      lat: number;
      /** @description Degrees east, -180 to 180. */
      lon: number;
    };
    /** @description An error in words, RFC 9457. */
    Problem: {
      /** @description For programs. */
      code: string;
      /** @description What the model knows, for other words. */
      concepts?: string[] | null;
      detail: string;
      /** @description What to do next. */
      hint: string;
      /** @description Places that the words name. */
      places?: components['schemas']['PlaceRecord'][] | null;
      /** @description Seconds to wait before asking again. */
      retry_after?: number | null;
      status: number;
      title: string;
      type: string;
    };
    /**
     * @description What is asked. `text`, `place`, `image`, `row` are short for one part each.
     * @example {
     *       "k": 10,
     *       "parts": [
     *         {
     *           "kind": "text",
     *           "text": "sand desert"
     *         }
     *       ],
     *       "set": "world"
     *     }
     */
    QueryRecord: {
      /** @description Short for the filter's; west > east crosses the antimeridian. */
      bbox?: [number, number, number, number] | null;
      /** @description Share of novelty in the results, 0 to 1. */
      diversity?: number | null;
      /** @description Only these tiles, before ranking. */
      filter?: components['schemas']['FilterRecord'] | null;
      /** @description How parts are joined: a record, or the name of a method. */
      fusion?: components['schemas']['FusionRecord'] | string | null;
      /** @description Short for an image part: base64. */
      image?: string | null;
      /** @description Results listed, 1 to 50,000; 10 by default. */
      k?: number | null;
      /** @description Short for a fusion; with all, a tile must fit every part. */
      match?: ('sum' | 'all') | null;
      /** @description At most one result for each grid cell of so many kilometres. */
      one_per_cell?: number | null;
      /** @description 1 to 16 parts. */
      parts?:
        | (
            | components['schemas']['ImagePartRecord']
            | components['schemas']['TextPartRecord']
            | components['schemas']['PlacePartRecord']
            | components['schemas']['RowPartRecord']
            | components['schemas']['RowsPartRecord']
            | components['schemas']['VectorPartRecord']
            | components['schemas']['AreaPartRecord']
          )[]
        | null;
      /** @description Short for a place part: [lon, lat], or a record of both. */
      place?: [number, number] | components['schemas']['PointRecord'] | null;
      /** @description Sentences with {} that texts are put into; true for the model's own. */
      prompts?: boolean | string[] | null;
      /** @description Cosine from which a tile repeats a better one and joins it, 0 to 1. */
      repeats?: number | null;
      /** @description Short for a row part. */
      row?: number | null;
      /** @description Name of the set; world by default. */
      set?: string | null;
      /** @description Several sets asked together; results are tiles of the first. */
      sets?: string[] | null;
      /** @description Cut texts into the concepts they name, a part each. */
      split?: boolean | null;
      /** @description Least distance between results. */
      spread_km?: number | null;
      /** @description Short for a text part. */
      text?: string | null;
      /** @description Only the best tiles, percent. */
      top_percent?: number | null;
      /**
       * @description Of this record; version 1 is read too.
       * @default 2
       */
      version?: number | null;
      /** @description Weights of the short parts. */
      weights?: {
        [key: string]: number;
      } | null;
    };
    /** @description What words were taken for. */
    ReadAsRecord: {
      concept: string;
      phrase: string;
      similarity: number;
    };
    /** @description The query in a file, defaults filled in. */
    Recipe: {
      /** @description What it lacks here, such as pictures. */
      messages: string[];
      query: components['schemas']['RecipeRecord'];
    };
    /** @description The query as asked, defaults filled in. */
    RecipeRecord: {
      diversity: number | null;
      filter: components['schemas']['FilterRecord'];
      fusion: components['schemas']['FusionRecord'] | null;
      k: number | null;
      one_per_cell: number | null;
      parts: (
        | components['schemas']['KeptImagePartRecord']
        | components['schemas']['ImagePartRecord']
        | components['schemas']['TextPartRecord']
        | components['schemas']['PlacePartRecord']
        | components['schemas']['RowPartRecord']
        | components['schemas']['RowsPartRecord']
        | components['schemas']['VectorPartRecord']
        | components['schemas']['AreaPartRecord']
      )[];
      prompts: string[] | boolean;
      repeats: number | null;
      /**
       * @description Name of the set; not there where there are several.
       * @default
       */
      set?: string;
      /**
       * @description Several sets asked together; only then there.
       * @default []
       */
      sets?: string[];
      spread_km: number | null;
      top_percent: number | null;
      /** @constant */
      version: 2;
    };
    /** @description One of the best tiles. */
    ResultRecord: {
      /** @description From the first place that was asked with, else from the first tile; null without one. */
      distance_km: number | null;
      id: string;
      lat: number;
      lon: number;
      /** @description Nearest city, and how far it is, in words. */
      near: string | null;
      /** @description Each part's own cosine. */
      parts: {
        [key: string]: number;
      } | null;
      rank: number;
      /** @description Rows of tiles that only repeat this one. */
      repeats: number[] | null;
      row: number;
      /** @description Cosine, -1 to 1, or what `score_kind` says. */
      score: number;
      /** @description When it was seen, ISO 8601 in UTC; null where the set does not say. */
      time: string | null;
    };
    /** @description What a round changed, and what was asked then. */
    RoundRecord: {
      method: ('mean' | 'rocchio' | 'logistic') | null;
      /** @description Rows that became what is not. */
      negative: number[];
      /** @description 0 is before any label. */
      number: number;
      /** @description Rows that became what is looked for. */
      positive: number[];
      /** @description What was asked; pictures that the first query has by their SHA-256. */
      query: components['schemas']['RecipeRecord'] | null;
      /** @description Rows whose label was taken off. */
      unmarked: number[];
    };
    /** @description More like a tile of the set, or less with a negative weight. */
    RowPartRecord: {
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'row';
      /** @description Row of the set. */
      row: number;
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description Tiles whose mean is meant. */
    RowsPartRecord: {
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'rows';
      /** @description Rows of the set. */
      rows: number[];
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description Where every tile's score is, and how to read it. */
    ScoresRecord: {
      /** @description Tiles in the set, hence numbers to read. */
      count: number;
      /**
       * @description Little-endian; 0 = not ranked, v >= 1 = min + (v-1)/65534*(max-min).
       * @default uint16
       * @constant
       */
      dtype: 'uint16';
      max: number;
      min: number;
      url: string;
      /** @description Tiles that were ranked. */
      valid: number;
    };
    /** @description The answer to a query. */
    SearchAnswer: {
      banner: string;
      count: number;
      credit: components['schemas']['CreditRecord'];
      /** @description True for the embedded demonstration. */
      demo: boolean;
      id: string;
      /** @description Tiles that pass the filter; null without one. */
      inside: number | null;
      messages: string[];
      places: components['schemas']['PlaceRecord'][];
      read_as: components['schemas']['ReadAsRecord'][];
      recipe: components['schemas']['RecipeRecord'];
      results: components['schemas']['ResultRecord'][];
      /** @description What a score is: cosine, or how it was made. */
      score_kind: string;
      scores: components['schemas']['ScoresRecord'];
      took_ms: number;
    };
    /** @description What is known of a set. */
    SetInfo: {
      attribution: string;
      banner: string;
      bbox: [number, number, number, number];
      concepts: components['schemas']['ConceptRecord'][];
      demo: boolean;
      dim: number;
      /** Examples */
      examples: components['schemas']['ExampleRecord'][];
      /** @description Whether the model can say where in a tile a query fits. */
      heatmaps: boolean;
      id: string;
      /** @description Of its data; another when they change. */
      key: string;
      licence: string;
      model: string;
      name: string;
      /** @description How pictures of its tiles are read; empty if there are none. */
      pixels: string;
      /** @description Sentences that suit the model; empty if it has none. */
      prompts: string[];
      rows: number;
      spread_km: number;
      /** @description Kinds of parts that its model can answer here besides tiles of the set: text, image, place; none while the model's weights are not on the server. */
      takes: ('text' | 'image' | 'place')[];
      tile_km: number;
      title: string;
      /** @description Way of running the model that made the vectors. */
      variant: string;
    };
    /** @description The sets that are served. */
    SetList: {
      sets: components['schemas']['SetInfo'][];
    };
    /** @description Words. */
    TextPartRecord: {
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'text';
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /** @description At most 2,000 characters. */
      text: string;
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
    /** @description One tile. */
    TileInfo: {
      id: string;
      lat: number;
      lon: number;
      properties: {
        [key: string]: unknown;
      };
      row: number;
    };
    /** @description An online map that the operator chose to offer. */
    TileSourceRecord: {
      attribution: string;
      name: string;
      /** @description Address of a Web-Mercator tile, with {z}, {x} and {y}. */
      url: string;
    };
    /** @description One way of running an encoder; vectors of two are not compared. */
    VariantRecord: {
      name: string;
      title: string;
    };
    /** @description A direction in the space of the set's model. */
    VectorPartRecord: {
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: 'vector';
      /**
       * @description The one set that it is asked of; empty for all that take it.
       * @default
       */
      set?: string;
      /** @description As long as the set's. */
      vector: number[];
      /**
       * @description Share in the sum, -100 to 100; negative is away from.
       * @default 1
       */
      weight?: number;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type AreaPartRecord = components['schemas']['AreaPartRecord'];
export type ConceptRecord = components['schemas']['ConceptRecord'];
export type Config = components['schemas']['Config'];
export type CountAnswer = components['schemas']['CountAnswer'];
export type CountRecord = components['schemas']['CountRecord'];
export type CreditRecord = components['schemas']['CreditRecord'];
export type ExampleRecord = components['schemas']['ExampleRecord'];
export type FeedbackRecord = components['schemas']['FeedbackRecord'];
export type FilterRecord = components['schemas']['FilterRecord'];
export type FusionRecord = components['schemas']['FusionRecord'];
export type Health = components['schemas']['Health'];
export type ImagePartRecord = components['schemas']['ImagePartRecord'];
export type KeptImagePartRecord = components['schemas']['KeptImagePartRecord'];
export type LabelRecord = components['schemas']['LabelRecord'];
export type LabelsRead = components['schemas']['LabelsRead'];
export type LimitsRecord = components['schemas']['LimitsRecord'];
export type LoginRecord = components['schemas']['LoginRecord'];
export type ModelInfo = components['schemas']['ModelInfo'];
export type ModelList = components['schemas']['ModelList'];
export type NearestPlace = components['schemas']['NearestPlace'];
export type NearRecord = components['schemas']['NearRecord'];
export type PlaceList = components['schemas']['PlaceList'];
export type PlacePartRecord = components['schemas']['PlacePartRecord'];
export type PlaceRecord = components['schemas']['PlaceRecord'];
export type PointRecord = components['schemas']['PointRecord'];
export type Problem = components['schemas']['Problem'];
export type QueryRecord = components['schemas']['QueryRecord'];
export type ReadAsRecord = components['schemas']['ReadAsRecord'];
export type Recipe = components['schemas']['Recipe'];
export type RecipeRecord = components['schemas']['RecipeRecord'];
export type ResultRecord = components['schemas']['ResultRecord'];
export type RoundRecord = components['schemas']['RoundRecord'];
export type RowPartRecord = components['schemas']['RowPartRecord'];
export type RowsPartRecord = components['schemas']['RowsPartRecord'];
export type ScoresRecord = components['schemas']['ScoresRecord'];
export type SearchAnswer = components['schemas']['SearchAnswer'];
export type SetInfo = components['schemas']['SetInfo'];
export type SetList = components['schemas']['SetList'];
export type TextPartRecord = components['schemas']['TextPartRecord'];
export type TileInfo = components['schemas']['TileInfo'];
export type TileSourceRecord = components['schemas']['TileSourceRecord'];
export type VariantRecord = components['schemas']['VariantRecord'];
export type VectorPartRecord = components['schemas']['VectorPartRecord'];
export type $defs = Record<string, never>;
export interface operations {
  basemap: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Column, from the west.
         * @example 0
         */
        x: number;
        /**
         * @description Row, from the north.
         * @example 1
         */
        y: number;
        /**
         * @description 0 to 4.
         * @example 1
         */
        zoom: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/webp': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  labels: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "FeatureCollection",
           *       "attribution": "Place names: Natural Earth (public domain)",
           *       "features": [
           *         {
           *           "type": "Feature",
           *           "geometry": {
           *             "type": "Point",
           *             "coordinates": [
           *               -4.042,
           *               5.322
           *             ]
           *           },
           *           "properties": {
           *             "name": "Abidjan",
           *             "kind": "city",
           *             "rank": 1,
           *             "country": "Ivory Coast"
           *           }
           *         },
           *         {
           *           "type": "Feature",
           *           "geometry": {
           *             "type": "Point",
           *             "coordinates": [
           *               7.531,
           *               9.085
           *             ]
           *           },
           *           "properties": {
           *             "name": "Abuja",
           *             "kind": "city",
           *             "rank": 1,
           *             "country": "Nigeria"
           *           }
           *         }
           *       ]
           *     }
           */
          'application/geo+json': Record<string, never>;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  config: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "tile_sources": [],
           *       "limits": {
           *         "k": 50000,
           *         "text": 2000,
           *         "parts": 16,
           *         "pictures": 4,
           *         "picture_bytes": 33554432,
           *         "picture_pixels": 40000000,
           *         "body_bytes": 45787818
           *       }
           *     }
           */
          'application/json': components['schemas']['Config'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  feedback: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "set": "world",
         *       "positive": [
         *         8702,
         *         8703
         *       ],
         *       "negative": [
         *         200
         *       ],
         *       "k": 2
         *     }
         */
        'application/json': components['schemas']['FeedbackRecord'];
      };
    };
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "demo": true,
           *       "banner": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP.",
           *       "recipe": {
           *         "version": 2,
           *         "set": "world",
           *         "parts": [
           *           {
           *             "kind": "rows",
           *             "rows": [
           *               8702,
           *               8703
           *             ],
           *             "weight": 1.9505241126553026
           *           },
           *           {
           *             "kind": "rows",
           *             "rows": [
           *               200
           *             ],
           *             "weight": -1.0000000669284541
           *           }
           *         ],
           *         "filter": {},
           *         "k": 2,
           *         "spread_km": 500,
           *         "one_per_cell": null,
           *         "diversity": null,
           *         "repeats": null,
           *         "top_percent": null,
           *         "prompts": [],
           *         "fusion": {
           *           "method": "vector",
           *           "calibration": "none"
           *         }
           *       },
           *       "count": 2,
           *       "inside": null,
           *       "score_kind": "cosine",
           *       "results": [
           *         {
           *           "rank": 1,
           *           "row": 8702,
           *           "id": "25U_50R",
           *           "lon": 49.002695,
           *           "lat": 22.835821,
           *           "score": 0.949147,
           *           "parts": {
           *             "rows_1": 0.975262,
           *             "rows_2": -0.028328
           *           },
           *           "near": "Riyadh (303 km)",
           *           "time": null,
           *           "distance_km": null,
           *           "repeats": null
           *         },
           *         {
           *           "rank": 2,
           *           "row": 8114,
           *           "id": "21U_57R",
           *           "lon": 54.473684,
           *           "lat": 19.253731,
           *           "score": 0.89118,
           *           "parts": {
           *             "rows_1": 0.997559,
           *             "rows_2": 0.133071
           *           },
           *           "near": "Abu Dhabi (580 km)",
           *           "time": null,
           *           "distance_km": null,
           *           "repeats": null
           *         }
           *       ],
           *       "read_as": [],
           *       "messages": [],
           *       "places": [],
           *       "credit": {
           *         "set": "world",
           *         "model": "demo-bluemarble-concepts",
           *         "licence": "Public domain (imagery); Apache-2.0 (vectors)",
           *         "attribution": "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; vectors by Earth Embedding Explorer",
           *         "notice": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP."
           *       },
           *       "took_ms": 4.2,
           *       "id": "9ccd554680ab166aba87",
           *       "scores": {
           *         "url": "/api/v1/searches/9ccd554680ab166aba87/scores",
           *         "count": 17666,
           *         "valid": 17666,
           *         "min": -0.48448050022125244,
           *         "max": 0.9491473436355591,
           *         "dtype": "uint16"
           *       }
           *     }
           */
          'application/json': components['schemas']['SearchAnswer'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  health: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "status": "ok",
           *       "version": "0.1.0",
           *       "demo": true
           *     }
           */
          'application/json': components['schemas']['Health'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  login: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "token": "what-the-operator-set"
         *     }
         */
        'application/json': components['schemas']['LoginRecord'];
      };
    };
    responses: {
      /** @description Successful Response */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  logout: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  metrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example # HELP eex_http_requests_total Requests by route template, method and status.
           *     # TYPE eex_http_requests_total counter
           *     eex_http_requests_total{method="POST",route="/api/v1/search",status="200"} 2.0
           */
          'text/plain': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  models: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "models": [
           *         {
           *           "name": "clay-v1.5",
           *           "title": "Clay v1.5",
           *           "dim": 1024,
           *           "modalities": [
           *             "image"
           *           ],
           *           "bands": [
           *             "B02",
           *             "B03"
           *           ],
           *           "pixels": "sentinel2-l2a",
           *           "variants": [
           *             {
           *               "name": "official",
           *               "title": "As in Clay's tutorials: when and where are told where they are known, else zeros; of rasters over 256 px, the size in training, the middle is read."
           *             },
           *             {
           *               "name": "eee",
           *               "title": "As EarthEmbeddingExplorer made its table: 384 px (the middle of larger rasters, smaller ones enlarged bicubically), when and where always zeros."
           *             }
           *           ],
           *           "heatmaps": false,
           *           "licence": "Apache-2.0",
           *           "attribution": "Clay Foundation",
           *           "paper": "https://clay-foundation.github.io/model/release-notes/specification.html",
           *           "good_for": "More of the same, with infrared: land cover and use, season and place if told.",
           *           "demo": false,
           *           "notice": "",
           *           "installed": false,
           *           "get": "eex models get clay-v1.5"
           *         },
           *         {
           *           "name": "demo-bluemarble-concepts",
           *           "title": "Blue Marble concepts (built-in demo)",
           *           "dim": 64,
           *           "modalities": [
           *             "text",
           *             "image"
           *           ],
           *           "bands": [
           *             "red",
           *             "green"
           *           ],
           *           "pixels": "picture",
           *           "variants": [
           *             {
           *               "name": "official",
           *               "title": "As the authors of the model run it."
           *             }
           *           ],
           *           "heatmaps": false,
           *           "licence": "Apache-2.0",
           *           "attribution": "Word vectors distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0); fitted on MODIS MCD12C1, Köppen-Geiger (Rubel et al. 2017), ETOPO and Natural Earth",
           *           "paper": "",
           *           "good_for": "Trying everything out offline: kinds of land, in English, on NASA Blue Marble.",
           *           "demo": true,
           *           "notice": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP.",
           *           "installed": true,
           *           "get": ""
           *         }
           *       ]
           *     }
           */
          'application/json': components['schemas']['ModelList'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  places: {
    parameters: {
      query: {
        /**
         * @description Most places.
         * @example 2
         */
        limit?: number;
        /**
         * @description The beginning of a place's name.
         * @example pari
         */
        q: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "places": [
           *         {
           *           "name": "Paris",
           *           "kind": "city",
           *           "lon": 2.331,
           *           "lat": 48.869,
           *           "country": "France"
           *         }
           *       ]
           *     }
           */
          'application/json': components['schemas']['PlaceList'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  nearest_place: {
    parameters: {
      query: {
        /**
         * @description Degrees north, -90 to 90.
         * @example 48.8
         */
        lat: number;
        /**
         * @description Degrees east, -180 to 180.
         * @example 2.5
         */
        lon: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "place": {
           *         "name": "Paris",
           *         "kind": "city",
           *         "lon": 2.331,
           *         "lat": 48.869,
           *         "country": "France"
           *       },
           *       "km": 14.556,
           *       "near": "Paris (15 km)"
           *     }
           */
          'application/json': components['schemas']['NearestPlace'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  recipe: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /** @example {"text": "sand desert", "bbox": [-20, 0, 60, 40], "k": 5} */
        'application/octet-stream': string;
      };
    };
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "query": {
           *         "version": 2,
           *         "set": "world",
           *         "parts": [
           *           {
           *             "kind": "text",
           *             "text": "sand desert",
           *             "weight": 1
           *           }
           *         ],
           *         "filter": {
           *           "bbox": [
           *             -20,
           *             0,
           *             60,
           *             40
           *           ]
           *         },
           *         "k": 5,
           *         "spread_km": null,
           *         "one_per_cell": null,
           *         "diversity": null,
           *         "repeats": null,
           *         "top_percent": null,
           *         "prompts": [],
           *         "fusion": null
           *       },
           *       "messages": []
           *     }
           */
          'application/json': components['schemas']['Recipe'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  search: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "set": "world",
         *       "parts": [
         *         {
         *           "kind": "text",
         *           "text": "sand desert",
         *           "weight": 1
         *         },
         *         {
         *           "kind": "place",
         *           "lon": 10,
         *           "lat": 24,
         *           "weight": 0.5
         *         }
         *       ],
         *       "filter": {
         *         "bbox": [
         *           -20,
         *           0,
         *           60,
         *           40
         *         ]
         *       },
         *       "fusion": {
         *         "method": "sum",
         *         "calibration": "z"
         *       },
         *       "k": 2,
         *       "spread_km": 500
         *     }
         */
        'application/json': components['schemas']['QueryRecord'];
      };
    };
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "demo": true,
           *       "banner": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP.",
           *       "recipe": {
           *         "version": 2,
           *         "set": "world",
           *         "parts": [
           *           {
           *             "kind": "text",
           *             "text": "sand desert",
           *             "weight": 1
           *           },
           *           {
           *             "kind": "place",
           *             "lon": 10,
           *             "lat": 24,
           *             "weight": 0.5
           *           }
           *         ],
           *         "filter": {
           *           "bbox": [
           *             -20,
           *             0,
           *             60,
           *             40
           *           ]
           *         },
           *         "k": 2,
           *         "spread_km": 500,
           *         "one_per_cell": null,
           *         "diversity": null,
           *         "repeats": null,
           *         "top_percent": null,
           *         "prompts": [],
           *         "fusion": {
           *           "method": "sum",
           *           "calibration": "z"
           *         }
           *       },
           *       "count": 2,
           *       "inside": 2975,
           *       "score_kind": "weighted mean of the parts' z-scores",
           *       "results": [
           *         {
           *           "rank": 1,
           *           "row": 8702,
           *           "id": "25U_50R",
           *           "lon": 49.002695,
           *           "lat": 22.835821,
           *           "score": 5.208723,
           *           "parts": {
           *             "text": 0.507951,
           *             "place": 0.990542
           *           },
           *           "near": "Riyadh (303 km)",
           *           "time": null,
           *           "distance_km": 3969.065,
           *           "repeats": null
           *         },
           *         {
           *           "rank": 2,
           *           "row": 8114,
           *           "id": "21U_57R",
           *           "lon": 54.473684,
           *           "lat": 19.253731,
           *           "score": 5.110175,
           *           "parts": {
           *             "text": 0.497467,
           *             "place": 0.975813
           *           },
           *           "near": "Abu Dhabi (580 km)",
           *           "time": null,
           *           "distance_km": 4608.959,
           *           "repeats": null
           *         }
           *       ],
           *       "read_as": [
           *         {
           *           "phrase": "sand desert",
           *           "concept": "sand desert",
           *           "similarity": 1
           *         },
           *         {
           *           "phrase": "desert",
           *           "concept": "desert",
           *           "similarity": 0.889
           *         }
           *       ],
           *       "messages": [
           *         "The demo shows where else on Earth the land should look like there; it does not find the place itself.",
           *         "Scores are no cosines: weighted mean of the parts' z-scores."
           *       ],
           *       "places": [],
           *       "credit": {
           *         "set": "world",
           *         "model": "demo-bluemarble-concepts",
           *         "licence": "Public domain (imagery); Apache-2.0 (vectors)",
           *         "attribution": "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; vectors by Earth Embedding Explorer",
           *         "notice": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP."
           *       },
           *       "took_ms": 4.2,
           *       "id": "fd73b60f297da66b991c",
           *       "scores": {
           *         "url": "/api/v1/searches/fd73b60f297da66b991c/scores",
           *         "count": 17666,
           *         "valid": 2975,
           *         "min": -1.0634840726852417,
           *         "max": 5.208723068237305,
           *         "dtype": "uint16"
           *       }
           *     }
           */
          'application/json': components['schemas']['SearchAnswer'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  export: {
    parameters: {
      query?: {
        /** @description Outlines of tiles or their centres. GeoJSON has centres and GeoParquet outlines unless told otherwise; KML and STAC always have outlines where known. */
        footprints?: boolean | null;
        /**
         * @description What it is written as.
         * @example geojson
         */
        format?:
          | 'geojson'
          | 'csv'
          | 'kml'
          | 'geoparquet'
          | 'stac'
          | 'png'
          | 'chips'
          | 'zip'
          | 'python'
          | 'curl'
          | 'recipe';
        /** @description Best tiles whose pixels go into an archive. */
        limit?: number;
      };
      header?: never;
      path: {
        /**
         * @description Id of an answer that was given.
         * @example fd73b60f297da66b991c
         */
        mark: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The file. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "FeatureCollection",
           *       "score_kind": "weighted mean of the parts' z-scores",
           *       "credit": {
           *         "set": "world",
           *         "model": "demo-bluemarble-concepts",
           *         "licence": "Public domain (imagery); Apache-2.0 (vectors)",
           *         "attribution": "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; vectors by Earth Embedding Explorer",
           *         "notice": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP."
           *       },
           *       "recipe": {
           *         "version": 2,
           *         "set": "world",
           *         "parts": [
           *           {
           *             "kind": "text",
           *             "text": "sand desert",
           *             "weight": 1
           *           },
           *           {
           *             "kind": "place",
           *             "lon": 10,
           *             "lat": 24,
           *             "weight": 0.5
           *           }
           *         ],
           *         "filter": {
           *           "bbox": [
           *             -20,
           *             0,
           *             60,
           *             40
           *           ]
           *         },
           *         "k": 2,
           *         "spread_km": 500,
           *         "one_per_cell": null,
           *         "diversity": null,
           *         "repeats": null,
           *         "top_percent": null,
           *         "prompts": [],
           *         "fusion": {
           *           "method": "sum",
           *           "calibration": "z"
           *         }
           *       },
           *       "features": [
           *         {
           *           "type": "Feature",
           *           "id": 8702,
           *           "geometry": {
           *             "type": "Point",
           *             "coordinates": [
           *               49.002695,
           *               22.835821
           *             ]
           *           },
           *           "properties": {
           *             "rank": 1,
           *             "row": 8702,
           *             "id": "25U_50R",
           *             "lon": 49.002695,
           *             "lat": 22.835821,
           *             "score": 5.208723,
           *             "score_text": 0.507951,
           *             "score_place": 0.990542
           *           }
           *         },
           *         {
           *           "type": "Feature",
           *           "id": 8114,
           *           "geometry": {
           *             "type": "Point",
           *             "coordinates": [
           *               54.473684,
           *               19.253731
           *             ]
           *           },
           *           "properties": {
           *             "rank": 2,
           *             "row": 8114,
           *             "id": "21U_57R",
           *             "lon": 54.473684,
           *             "lat": 19.253731,
           *             "score": 5.110175,
           *             "score_text": 0.497467,
           *             "score_place": 0.975813
           *           }
           *         }
           *       ]
           *     }
           */
          'application/geo+json': Record<string, never>;
          'application/json': Record<string, never>;
          'application/vnd.apache.parquet': string;
          'application/vnd.google-earth.kml+xml': string;
          'application/zip': string;
          'image/png': string;
          'text/csv': string;
          'text/x-python': string;
          'text/x-shellscript': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Pixels from afar are none. */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 502,
           *       "detail": "Pixels from afar are none.",
           *       "code": "bad-answer",
           *       "hint": "Look at another tile."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Nobody answers from afar. */
      504: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 504,
           *       "detail": "Nobody answers from afar.",
           *       "code": "unavailable",
           *       "hint": "Try again later."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  scores: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Id of an answer that was given.
         * @example fd73b60f297da66b991c
         */
        mark: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/octet-stream': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  heatmap: {
    parameters: {
      query?: {
        /** @description The colours alone, to be laid over the picture at any opacity. */
        layer?: boolean;
        /**
         * @description Of the colours.
         * @example 0.6
         */
        opacity?: number;
        /**
         * @description Long side, pixels.
         * @example 256
         */
        size?: number;
      };
      header?: never;
      path: {
        /**
         * @description Id of an answer that was given.
         * @example fd73b60f297da66b991c
         */
        mark: string;
        /**
         * @description Row of the set, from 0.
         * @example 5000
         */
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/png': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Pixels from afar are none. */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 502,
           *       "detail": "Pixels from afar are none.",
           *       "code": "bad-answer",
           *       "hint": "Look at another tile."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Nobody answers from afar. */
      504: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 504,
           *       "detail": "Nobody answers from afar.",
           *       "code": "unavailable",
           *       "hint": "Try again later."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  sets: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "sets": [
           *         {
           *           "name": "world",
           *           "id": "demo-bluemarble-100km",
           *           "key": "46a654efa4783448",
           *           "title": "The embedded world (NASA Blue Marble)",
           *           "rows": 17666,
           *           "dim": 64,
           *           "model": "demo-bluemarble-concepts",
           *           "variant": "official",
           *           "takes": [
           *             "text",
           *             "image"
           *           ],
           *           "pixels": "bluemarble",
           *           "heatmaps": false,
           *           "prompts": [],
           *           "demo": true,
           *           "banner": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP.",
           *           "licence": "Public domain (imagery); Apache-2.0 (vectors)",
           *           "attribution": "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; vectors by Earth Embedding Explorer",
           *           "tile_km": 200,
           *           "spread_km": 500,
           *           "bbox": [
           *             -180,
           *             -83.73134328358209,
           *             179.53125,
           *             83.73134328358208
           *           ],
           *           "concepts": [
           *             {
           *               "name": "tropical rainforest",
           *               "examples": [
           *                 "tropical rainforest",
           *                 "evergreen broadleaf forest in the tropics"
           *               ],
           *               "reliable": true
           *             },
           *             {
           *               "name": "forest",
           *               "examples": [
           *                 "forest",
           *                 "dense forest"
           *               ],
           *               "reliable": true
           *             }
           *           ],
           *           "examples": [
           *             {
           *               "title": "Tropical rainforest",
           *               "query": {
           *                 "text": "tropical rainforest"
           *               }
           *             },
           *             {
           *               "title": "Sand desert",
           *               "query": {
           *                 "text": "sand desert"
           *               }
           *             }
           *           ]
           *         }
           *       ]
           *     }
           */
          'application/json': components['schemas']['SetList'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  set: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "name": "world",
           *       "id": "demo-bluemarble-100km",
           *       "key": "46a654efa4783448",
           *       "title": "The embedded world (NASA Blue Marble)",
           *       "rows": 17666,
           *       "dim": 64,
           *       "model": "demo-bluemarble-concepts",
           *       "variant": "official",
           *       "takes": [
           *         "text",
           *         "image"
           *       ],
           *       "pixels": "bluemarble",
           *       "heatmaps": false,
           *       "prompts": [],
           *       "demo": true,
           *       "banner": "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP.",
           *       "licence": "Public domain (imagery); Apache-2.0 (vectors)",
           *       "attribution": "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; vectors by Earth Embedding Explorer",
           *       "tile_km": 200,
           *       "spread_km": 500,
           *       "bbox": [
           *         -180,
           *         -83.73134328358209,
           *         179.53125,
           *         83.73134328358208
           *       ],
           *       "concepts": [
           *         {
           *           "name": "tropical rainforest",
           *           "examples": [
           *             "tropical rainforest",
           *             "evergreen broadleaf forest in the tropics"
           *           ],
           *           "reliable": true
           *         },
           *         {
           *           "name": "forest",
           *           "examples": [
           *             "forest",
           *             "dense forest"
           *           ],
           *           "reliable": true
           *         }
           *       ],
           *       "examples": [
           *         {
           *           "title": "Tropical rainforest",
           *           "query": {
           *             "text": "tropical rainforest"
           *           }
           *         },
           *         {
           *           "title": "Sand desert",
           *           "query": {
           *             "text": "sand desert"
           *           }
           *         }
           *       ]
           *     }
           */
          'application/json': components['schemas']['SetInfo'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  count: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "filter": {
         *         "bbox": [
         *           -20,
         *           0,
         *           60,
         *           40
         *         ],
         *         "where": "lat > 5"
         *       }
         *     }
         */
        'application/json': components['schemas']['CountRecord'];
      };
    };
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "inside": 2695,
           *       "rows": 17666
           *     }
           */
          'application/json': components['schemas']['CountAnswer'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  read_labels: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        /** @example {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [10.5, 24.0]}, "properties": {"label": 1}}, {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-60.0, -4.0]}, "properties": {"label": -1}}]} */
        'application/octet-stream': string;
      };
    };
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "labels": [
           *         {
           *           "row": 4942,
           *           "id": "5D_67L",
           *           "label": -1,
           *           "round": 1
           *         },
           *         {
           *           "row": 8817,
           *           "id": "26U_10R",
           *           "label": 1,
           *           "round": 1
           *         }
           *       ],
           *       "at": 1,
           *       "start": null,
           *       "rounds": [
           *         {
           *           "number": 0,
           *           "positive": [],
           *           "negative": [],
           *           "unmarked": [],
           *           "method": null,
           *           "query": null
           *         },
           *         {
           *           "number": 1,
           *           "positive": [
           *             8817
           *           ],
           *           "negative": [
           *             4942
           *           ],
           *           "unmarked": [],
           *           "method": null,
           *           "query": null
           *         }
           *       ],
           *       "messages": [
           *         "2 points went to the nearest tile, at most 39.6 km away."
           *       ]
           *     }
           */
          'application/json': components['schemas']['LabelsRead'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body did not come on. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too slow",
           *       "status": 408,
           *       "detail": "The body did not come on.",
           *       "code": "too-slow",
           *       "hint": "Send it again."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The body is too large. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Too large",
           *       "status": 413,
           *       "detail": "The body is too large.",
           *       "code": "too-large",
           *       "hint": "Send less."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  positions: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/octet-stream': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  tile: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
        /**
         * @description Row of the set, from 0.
         * @example 5000
         */
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "row": 5000,
           *       "id": "5D_43R",
           *       "lon": 39.150000000000006,
           *       "lat": -4.029850746268637,
           *       "properties": {
           *         "unique_id": "4f4518c90a7cea156d082a1f4d62d1eda6acad966064f87a045bb79a8e07b9b3",
           *         "product_id": "BlueMarbleNG_topo_bathy_5400x2700",
           *         "grid_cell": "5D_43R",
           *         "grid_row_u": -5,
           *         "grid_col_r": 43,
           *         "centre_lat": -4.029850746268637,
           *         "centre_lon": 39.150000000000006,
           *         "pixel_bbox": [
           *           0,
           *           0
           *         ],
           *         "bbox": {
           *           "xmin": 38.24835205078125,
           *           "ymin": -4.928162097930908,
           *           "xmax": 40.0516471862793,
           *           "ymax": -3.1315393447875977
           *         }
           *       }
           *     }
           */
          'application/json': components['schemas']['TileInfo'];
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  picture: {
    parameters: {
      query?: {
        /**
         * @description Height and width, pixels.
         * @example 96
         */
        size?: number;
      };
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
        /**
         * @description Row of the set, from 0.
         * @example 5000
         */
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/webp': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Pixels from afar are none. */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 502,
           *       "detail": "Pixels from afar are none.",
           *       "code": "bad-answer",
           *       "hint": "Look at another tile."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Nobody answers from afar. */
      504: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 504,
           *       "detail": "Nobody answers from afar.",
           *       "code": "unavailable",
           *       "hint": "Try again later."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  pixels: {
    parameters: {
      query?: {
        /** @description Which bands, such as B08,B04; of kind bands all by default. */
        bands?: string;
        /** @description embedded, whole, or the central square of so many pixels of 10 m. */
        crop?: string;
        /**
         * @description GeoTIFF, PNG or JPEG.
         * @example png
         */
        format?: 'tif' | 'png' | 'jpg';
        /**
         * @description What is read; rgb, or bands where bands are named.
         * @example thumbnail
         */
        kind?: ('thumbnail' | 'rgb' | 'bands') | null;
        /**
         * @description Height and width of a picture; 0: as it is.
         * @example 96
         */
        size?: number;
      };
      header?: never;
      path: {
        /**
         * @description Name or id of a set.
         * @example world
         */
        name: string;
        /**
         * @description Row of the set, from 0.
         * @example 5000
         */
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/tiff': string;
        };
      };
      /** @description The server does not answer to this host name. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /** @example Invalid host header */
          'text/plain': string;
        };
      };
      /** @description The server asks for a token. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Token needed",
           *       "status": 401,
           *       "detail": "The server asks for a token.",
           *       "code": "token-needed",
           *       "hint": "Send it as Bearer."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is no such thing. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Unknown name",
           *       "status": 404,
           *       "detail": "There is no such thing.",
           *       "code": "unknown-name",
           *       "hint": "Look at /api/v1/sets."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It cannot be asked so. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Bad query",
           *       "status": 422,
           *       "detail": "It cannot be asked so.",
           *       "code": "bad-query",
           *       "hint": "k is how many results are listed."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It went wrong on the server. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Internal error",
           *       "status": 500,
           *       "detail": "It went wrong on the server.",
           *       "code": "internal",
           *       "hint": "Try again, or report it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The server lacks a package. */
      501: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Missing extra",
           *       "status": 501,
           *       "detail": "The server lacks a package.",
           *       "code": "missing-extra",
           *       "hint": "Tell who runs it."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Pixels from afar are none. */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 502,
           *       "detail": "Pixels from afar are none.",
           *       "code": "bad-answer",
           *       "hint": "Look at another tile."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Busy, or weights are not there. */
      503: {
        headers: {
          /** @description Seconds. */
          'Retry-After'?: number;
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Busy",
           *       "status": 503,
           *       "detail": "Busy, or weights are not there.",
           *       "code": "busy",
           *       "hint": "Ask again in 3 seconds."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Nobody answers from afar. */
      504: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "about:blank",
           *       "title": "Pixels from afar",
           *       "status": 504,
           *       "detail": "Nobody answers from afar.",
           *       "code": "unavailable",
           *       "hint": "Try again later."
           *     }
           */
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
}
