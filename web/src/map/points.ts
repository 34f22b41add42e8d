/**
 * Every tile as one GL point: a MapLibre custom layer.
 *
 * Positions go to the GPU once per set and scores once per query (two bytes a tile); the slider only
 * changes a uniform. This costs under a microsecond per tile even in software rendering. Only the
 * cells in view are drawn (grid.ts), and where tiles are smaller than their points, the better one
 * lies on top: depth is the score.
 */
import type {
  CustomLayerInterface,
  CustomRenderMethodInput,
  Map as MapLibreMap,
} from 'maplibre-gl';
import { WORLD_PX } from './camera';
import { rangesIn, type Grid } from './grid';
import { EQUATOR_KM } from './mercator';
import { link, type Program } from './program';
import { rampTexels, type RampName, type Rgb } from './ramp';
import { fragmentSource, vertexSource } from './shaders';
import { boxesInView } from './view';

const TOP_LEVEL = 65_535;
/** Tiles up to this part of their points' least size cover each other. */
const COVERING = 1.3;

export interface Paint {
  ramp: RampName;
  /** Colour (0 to 255) and opacity of tiles below the level. */
  rest: Rgb;
  restAlpha: number;
  alpha: number;
  /** Part of alpha that is left when tiles are large. */
  near: number;
  /** Smallest side of a shown tile in CSS pixels. */
  least: number;
}

export class TileLayer implements CustomLayerInterface {
  readonly id = 'tiles';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  /** Called after a frame has drawn scores that were not on screen before. */
  onPainted: () => void = () => undefined;

  private readonly grid: Grid;
  private paint: Paint;
  /** In the order of the grid. */
  private scores: Uint16Array | null = null;
  private level = 1;
  private fresh = false;

  private map: MapLibreMap | null = null;
  private gl: WebGL2RenderingContext | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private positionBuffer: WebGLBuffer | null = null;
  private scoreBuffer: WebGLBuffer | null = null;
  private rampTexture: WebGLTexture | null = null;
  private programs = new Map<string, Program>();

  constructor(grid: Grid, paint: Paint) {
    this.grid = grid;
    this.paint = paint;
  }

  onAdd(map: MapLibreMap, context: WebGLRenderingContext | WebGL2RenderingContext): void {
    const gl = context as WebGL2RenderingContext;
    this.map = map;
    this.gl = gl;
    this.programs.clear();
    this.array = gl.createVertexArray();
    this.scoreBuffer = gl.createBuffer();
    this.rampTexture = gl.createTexture();
    this.positionBuffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positionBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.grid.mercator, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.scoreBuffer);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 1, gl.UNSIGNED_SHORT, true, 0, 0);
    gl.bindVertexArray(null);
    this.uploadRamp();
    this.uploadScores();
  }

  /** Large sets take tens of megabytes: they are given back at once. */
  onRemove(): void {
    const { gl } = this;
    gl?.deleteVertexArray(this.array);
    gl?.deleteBuffer(this.positionBuffer);
    gl?.deleteBuffer(this.scoreBuffer);
    gl?.deleteTexture(this.rampTexture);
    this.programs.forEach(({ program }) => gl?.deleteProgram(program));
    this.programs.clear();
    this.gl = null;
    this.map = null;
  }

  setScores(scores: Uint16Array | null, level: number): void {
    this.scores = scores && this.sorted(scores);
    this.level = level;
    this.fresh = scores !== null;
    this.uploadScores();
    this.map?.triggerRepaint();
  }

  setLevel(level: number): void {
    this.level = level;
    this.map?.triggerRepaint();
  }

  setPaint(paint: Paint): void {
    this.paint = paint;
    this.uploadRamp();
  }

  /** Scores of rows, brought into the order of the grid. */
  private sorted(scores: Uint16Array): Uint16Array {
    const { rows } = this.grid;
    const out = new Uint16Array(rows.length);
    for (let place = 0; place < rows.length; place += 1) {
      out[place] = scores[rows[place]!] ?? 0;
    }
    return out;
  }

  private uploadScores(): void {
    const { gl, scores } = this;
    if (gl && scores) {
      gl.bindVertexArray(null);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.scoreBuffer);
      gl.bufferData(gl.ARRAY_BUFFER, scores, gl.DYNAMIC_DRAW);
    }
  }

  private uploadRamp(): void {
    const { gl } = this;
    if (!gl) {
      return;
    }
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.rampTexture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    const texels = rampTexels(this.paint.ramp);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.map?.triggerRepaint();
  }

  private programFor(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): Program {
    const { variantName, vertexShaderPrelude, define } = input.shaderData;
    const known = this.programs.get(variantName);
    if (known) {
      return known;
    }
    const made = link(gl, vertexSource(vertexShaderPrelude, define), fragmentSource(define));
    this.programs.set(variantName, made);
    return made;
  }

  render(
    context: WebGLRenderingContext | WebGL2RenderingContext,
    input: CustomRenderMethodInput,
  ): void {
    const { map, scores } = this;
    if (!map || !scores) {
      return;
    }
    const gl = context as WebGL2RenderingContext;
    const { program, at } = this.programFor(gl, input);
    gl.useProgram(program);
    this.setProjection(gl, at, input);
    this.setLook(gl, at, map);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.STENCIL_TEST);
    this.setDepth(gl, map);
    gl.bindVertexArray(this.array);
    for (const { wrap, box } of boxesInView(map, this.grid.spacingKm)) {
      gl.uniform1f(at.u_wrap, wrap);
      for (const [first, count] of rangesIn(this.grid, box)) {
        gl.drawArrays(gl.POINTS, first, count);
      }
    }
    gl.bindVertexArray(null);
    gl.clear(gl.DEPTH_BUFFER_BIT); // what is drawn later lies above all tiles
    if (this.fresh) {
      this.fresh = false;
      this.onPainted();
    }
  }

  /** Width of a tile on the equator, in pixels of the screen. */
  private tilePx(map: MapLibreMap): number {
    const worldPx = WORLD_PX * 2 ** map.getZoom() * map.getPixelRatio();
    return (worldPx * this.grid.spacingKm) / EQUATOR_KM;
  }

  /** Points that cover each other are sorted by their score; what was drawn before stays below. */
  private setDepth(gl: WebGL2RenderingContext, map: MapLibreMap): void {
    gl.depthFunc(gl.LESS);
    gl.depthMask(true);
    gl.depthRange(0, 1);
    gl.clearDepth(1);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    if (this.tilePx(map) > COVERING * this.paint.least * map.getPixelRatio()) {
      gl.disable(gl.DEPTH_TEST);
    } else {
      gl.enable(gl.DEPTH_TEST);
    }
  }

  private setProjection(
    gl: WebGL2RenderingContext,
    at: Program['at'],
    { defaultProjectionData: data }: CustomRenderMethodInput,
  ): void {
    gl.uniformMatrix4fv(at.u_projection_matrix, false, data.mainMatrix);
    gl.uniformMatrix4fv(at.u_projection_fallback_matrix, false, data.fallbackMatrix);
    gl.uniform4f(at.u_projection_tile_mercator_coords, ...data.tileMercatorCoords);
    gl.uniform4f(at.u_projection_clipping_plane, ...data.clippingPlane);
    gl.uniform1f(at.u_projection_transition, data.projectionTransition);
  }

  private setLook(gl: WebGL2RenderingContext, at: Program['at'], map: MapLibreMap): void {
    const { paint } = this;
    const ratio = map.getPixelRatio();
    const [red, green, blue] = paint.rest;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.rampTexture);
    gl.uniform1i(at.u_ramp, 0);
    gl.uniform1f(at.u_level, this.level / TOP_LEVEL);
    gl.uniform1f(at.u_top, 1);
    gl.uniform4f(at.u_rest, red / 255, green / 255, blue / 255, paint.restAlpha);
    gl.uniform1f(at.u_alpha, paint.alpha);
    gl.uniform1f(at.u_near, paint.near);
    gl.uniform1f(at.u_ratio, ratio);
    gl.uniform1f(at.u_least, paint.least * ratio);
    gl.uniform1f(at.u_pixels, this.tilePx(map));
    gl.uniform1f(at.u_centre_cos, Math.cos((map.getCenter().lat * Math.PI) / 180));
  }
}
