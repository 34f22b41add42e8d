/** Compiles the shaders of the tile layer. */
import { UNIFORMS, type UniformName } from './shaders';

export interface Program {
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

export function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
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
