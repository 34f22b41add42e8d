/**
 * Colours of the scores: samples of matplotlib's plasma (CC0), which is perceptually even and readable
 * with the common kinds of colour blindness. On a light map it runs the other way, so that the best
 * tiles always stand out most from the ground.
 */

const PLASMA = [
  '#0d0887', '#2f0596', '#4903a0', '#6100a7', '#7801a8', '#8e0ca4', '#a21d9a', '#b42e8d',
  '#c43e7f', '#d24f71', '#de6164', '#e97257', '#f3854b', '#f99a3e', '#fdb130', '#fdca26',
  '#f8e125', '#f0f921',
]; // prettier-ignore

export type Rgb = [number, number, number];

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const STOPS = PLASMA.map(parse);

/** Colour at t (0 to 1) of the whole scale. */
function plasma(t: number): Rgb {
  const place = Math.min(1, Math.max(0, t)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(place));
  const part = place - index;
  const [from, to] = [STOPS[index]!, STOPS[index + 1]!];
  return from.map((value, channel) => Math.round(value + part * (to[channel]! - value))) as Rgb;
}

/** The stretch of the scale that is used, from the worst shown tile to the best. */
const STRETCH = { dark: [0.26, 1], light: [0.86, 0] } as const;

export type RampName = keyof typeof STRETCH;

export function rampColour(name: RampName, t: number): Rgb {
  const [from, to] = STRETCH[name];
  return plasma(from + t * (to - from));
}

/** 256 RGBA texels for the shader. */
export function rampTexels(name: RampName): Uint8Array {
  const texels = new Uint8Array(256 * 4);
  for (let index = 0; index < 256; index += 1) {
    texels.set([...rampColour(name, index / 255), 255], index * 4);
  }
  return texels;
}

export function rampCss(name: RampName, t: number): string {
  return `rgb(${rampColour(name, t).join(' ')})`;
}

/** A CSS gradient from the worst shown tile to the best. */
export function rampGradient(name: RampName): string {
  const stops = Array.from({ length: 9 }, (_, index) => rampCss(name, index / 8));
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
