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
     * Basemap
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
     * Label Points
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
     * Config
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
     * Feedback
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
     * Health
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
     * Login
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
     * Logout
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
     * Metrics
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
     * Models
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
     * Places
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
     * Nearest Place
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
     * Recipe
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
     * Search
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
     * Export
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
     * Scores
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
     * Heatmap
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
     * Sets
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
     * One Set
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
     * Count
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
     * Read Labels
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
     * Positions
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
     * Tile
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
     * Picture
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
     * Pixels
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
        x: number;
        y: number;
        zoom: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/webp': string;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/geo+json': string;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Config'];
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
        'application/json': components['schemas']['FeedbackRecord'];
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SearchAnswer'];
        };
      };
      /** @description What is wrong, and what to do. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Health'];
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
        'application/json': components['schemas']['LoginRecord'];
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/plain': string;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ModelList'];
        };
      };
    };
  };
  places: {
    parameters: {
      query: {
        /** @description Most places. */
        limit?: number;
        /** @description The beginning of a place's name. */
        q: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PlaceList'];
        };
      };
    };
  };
  nearest_place: {
    parameters: {
      query: {
        /** @description Degrees north, -90 to 90. */
        lat: number;
        /** @description Degrees east, -180 to 180. */
        lon: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['NearestPlace'];
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
        'application/octet-stream': string;
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Recipe'];
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
        'application/json': components['schemas']['QueryRecord'];
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SearchAnswer'];
        };
      };
      /** @description What is wrong, and what to do. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
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
        /** @description What it is written as. */
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
        mark: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The file. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/geo+json': string;
          'application/json': string;
          'application/vnd.apache.parquet': string;
          'application/vnd.google-earth.kml+xml': string;
          'application/zip': string;
          'image/png': string;
          'text/csv': string;
          'text/x-python': string;
          'text/x-shellscript': string;
        };
      };
    };
  };
  scores: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        mark: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/octet-stream': string;
        };
      };
    };
  };
  heatmap: {
    parameters: {
      query?: {
        /** @description The colours alone, to be laid over the picture at any opacity. */
        layer?: boolean;
        /** @description Of the colours. */
        opacity?: number;
        /** @description Long side, pixels. */
        size?: number;
      };
      header?: never;
      path: {
        mark: string;
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/png': string;
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
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SetList'];
        };
      };
    };
  };
  set: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SetInfo'];
        };
      };
    };
  };
  count: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CountRecord'];
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CountAnswer'];
        };
      };
    };
  };
  read_labels: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/octet-stream': string;
      };
    };
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LabelsRead'];
        };
      };
    };
  };
  positions: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/octet-stream': string;
        };
      };
    };
  };
  tile: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Successful Response */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TileInfo'];
        };
      };
    };
  };
  picture: {
    parameters: {
      query?: {
        /** @description Height and width, pixels. */
        size?: number;
      };
      header?: never;
      path: {
        name: string;
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/webp': string;
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
        format?: 'tif' | 'png' | 'jpg';
        /** @description What is read; rgb, or bands where bands are named. */
        kind?: ('thumbnail' | 'rgb' | 'bands') | null;
        /** @description Height and width of a picture; 0: as it is. */
        size?: number;
      };
      header?: never;
      path: {
        name: string;
        row: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is wrong, and what to do. */
      '4XX': {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The bytes. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/tiff': string;
        };
      };
    };
  };
}
