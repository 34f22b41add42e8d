/**
 * Every tile as one GL point: a MapLibre custom layer.
 *
 * Positions go to the GPU once per set and scores once per query (two bytes a tile); the slider only
 * changes a uniform. This costs under a microsecond per tile even in software rendering.
 */
import type {
  CustomLayerInterface,
  CustomRenderMethodInput,
  Map as MapLibreMap,
} from 'maplibre-gl';
import { WORLD_PX } from './camera';
import { EQUATOR_KM, toMercator } from './mercator';
import { rampTexels, type RampName, type Rgb } from './ramp';
import { fragmentSource, UNIFORMS, vertexSource, type UniformName } from './shaders';

const TOP_LEVEL = 65_535;

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

interface Program {
  program: WebGLProgram;
  at: Record<UniformName, WebGLUniformLocation | null>;
}

function compile(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type);
  if (!shader) {
    throw new Error('The graphics context is lost.');
  }
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
    throw new Error(gl.getShaderInfoLog(shader) ?? 'A shader does not compile.');
  }
  return shader;
}

function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, vertex));
  gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? 'A shader does not link.');
  }
  const pairs = UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]);
  return { program, at: Object.fromEntries(pairs) as Program['at'] };
}

export class TileLayer implements CustomLayerInterface {
  readonly id = 'tiles';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  /** Called after a frame has drawn scores that were not on screen before. */
  onPainted: () => void = () => undefined;

  private readonly mercator: Float32Array;
  private readonly sideKm: number;
  private paint: Paint;
  private scores: Uint16Array | null = null;
  private level = 1;
  private fresh = false;

  private map: MapLibreMap | null = null;
  private gl: WebGL2RenderingContext | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private scoreBuffer: WebGLBuffer | null = null;
  private rampTexture: WebGLTexture | null = null;
  private programs = new Map<string, Program>();

  constructor(positions: Float32Array, sideKm: number, paint: Paint) {
    this.mercator = toMercator(positions);
    this.sideKm = sideKm;
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
    const positionBuffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, positionBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.mercator, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.scoreBuffer);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 1, gl.UNSIGNED_SHORT, true, 0, 0);
    gl.bindVertexArray(null);
    this.uploadRamp();
    this.uploadScores();
  }

  onRemove(): void {
    this.gl = null;
    this.map = null;
  }

  setScores(scores: Uint16Array | null, level: number): void {
    this.scores = scores;
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
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.bindVertexArray(this.array);
    const isFlat = map.getProjection()?.type !== 'globe';
    for (const wrap of isFlat ? [-1, 0, 1] : [0]) {
      gl.uniform1f(at.u_wrap, wrap);
      gl.drawArrays(gl.POINTS, 0, Math.min(scores.length, this.mercator.length / 2));
    }
    gl.bindVertexArray(null);
    if (this.fresh) {
      this.fresh = false;
      this.onPainted();
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
    const worldPx = WORLD_PX * 2 ** map.getZoom() * ratio;
    gl.uniform1f(at.u_pixels, (worldPx * this.sideKm) / EQUATOR_KM);
    gl.uniform1f(at.u_centre_cos, Math.cos((map.getCenter().lat * Math.PI) / 180));
  }
}
