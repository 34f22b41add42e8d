/** GLSL of the tile layer; MapLibre's prelude brings projectTile() for the current projection. */

export const UNIFORMS = [
  'u_projection_matrix',
  'u_projection_fallback_matrix',
  'u_projection_tile_mercator_coords',
  'u_projection_clipping_plane',
  'u_projection_transition',
  'u_level',
  'u_top',
  'u_ramp',
  'u_rest',
  'u_alpha',
  'u_pixels',
  'u_least',
  'u_wrap',
  'u_centre_cos',
  'u_ratio',
  'u_near',
] as const;

export type UniformName = (typeof UNIFORMS)[number];

/**
 * One point per tile. a_score is level / 65535; level 0 is not drawn. At or above u_level a tile gets
 * its colour of the ramp, below it a faint u_rest. On the flat map a tile keeps its size in
 * kilometres, so that the grid reads as a field; on the globe it also shrinks towards the limb. Seen
 * from near, tiles let more of the ground through. Depth is the score, the best in front.
 */
export function vertexSource(prelude: string, define: string): string {
  return `#version 300 es
${prelude}
${define}
layout(location = 0) in vec2 a_position;
layout(location = 1) in float a_score;
uniform float u_level, u_top, u_alpha, u_pixels, u_least, u_wrap, u_centre_cos, u_ratio, u_near;
uniform vec4 u_rest;
uniform sampler2D u_ramp;
out vec4 v_colour;
out float v_size;

void main() {
  if (a_score <= 0.0) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  vec2 place = a_position + vec2(u_wrap, 0.0);
  gl_Position = projectTile(place);
  bool hidden = abs(gl_Position.z) > gl_Position.w; // behind the globe
  gl_Position.z = hidden ? 2.0 * gl_Position.w : (0.99 - 1.98 * a_score) * gl_Position.w;
#ifdef GLOBE
  vec3 normal = projectToSphere(place);
  float facing = dot(normal, normalize(u_projection_clipping_plane.xyz));
  float size = u_pixels / u_centre_cos * mix(0.45, 1.0, clamp(facing, 0.0, 1.0));
#else
  float stretch = exp(3.14159265 * (1.0 - 2.0 * a_position.y));
  float size = 0.5 * u_pixels * (stretch + 1.0 / stretch);
#endif
  float near = clamp((size - 8.0 * u_ratio) / (24.0 * u_ratio), 0.0, 1.0);
  bool shown = a_score >= u_level;
  // Coloured tiles overlap by a hair, so that no seams show; faint ones do not, as overlaps would.
  gl_PointSize = shown ? max(1.03 * size, u_least) : max(1.002 * size, 0.6 * u_least);
  v_size = gl_PointSize;
  if (shown) {
    float t = (a_score - u_level) / max(u_top - u_level, 1.0e-5);
    vec3 ramp = texelFetch(u_ramp, ivec2(t * 255.0 + 0.5, 0), 0).rgb;
    v_colour = vec4(ramp, u_alpha * mix(1.0, u_near, near));
  } else {
    float share = a_score / max(u_level, 1.0e-5);
    share *= sqrt(share);
    float crowd = min(1.0, size * size / (gl_PointSize * gl_PointSize));
    v_colour = vec4(u_rest.rgb, u_rest.a * mix(0.12, 1.0, share) * mix(1.0, 0.4, near) * crowd);
  }
}`;
}

/** A square with a hair of a gap, its corners rounded once it is large; round on the globe. */
export function fragmentSource(define: string): string {
  return `#version 300 es
precision highp float;
${define}
in vec4 v_colour;
in float v_size;
out vec4 colour;

void main() {
  vec2 offset = abs(gl_PointCoord - 0.5) * v_size;
#ifdef GLOBE
  float edge = length(offset) - 0.5 * v_size;
#else
  float corner = min(0.16 * v_size, 6.0);
  float half_size = 0.5 * v_size - min(0.04 * v_size, 1.0);
  float edge = length(max(offset - (half_size - corner), 0.0)) - corner;
#endif
  float cover = v_size < 5.0 ? 1.0 : clamp(0.5 - edge, 0.0, 1.0);
  colour = vec4(v_colour.rgb, 1.0) * (v_colour.a * cover);
}`;
}
