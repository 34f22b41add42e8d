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
function colourAt(stops: readonly Rgb[], t: number): Rgb {
  const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const part = place - index;
  const [from, to] = [stops[index]!, stops[index + 1]!];
  return from.map((value, channel) => Math.round(value + part * (to[channel]! - value))) as Rgb;
}

/** The stretch of the scale that is used, from the worst shown tile to the best. */
const STRETCH = { dark: [0.26, 1], light: [0.86, 0] } as const;

/** From one side through the ground's own colour to the other: blue and orange, which nobody mixes up. */
const DIVERGING = {
  'apart-dark': ['#7cc7ff', '#2f86c9', '#1b2a36', '#c2701a', '#ffb454'].map(parse),
  'apart-light': ['#084c8d', '#5b9bd0', '#f1f0ec', '#dd8f3c', '#8f4300'].map(parse),
};

export type RampName = keyof typeof STRETCH | keyof typeof DIVERGING;

export function rampColour(name: RampName, t: number): Rgb {
  if (name === 'apart-dark' || name === 'apart-light') {
    return colourAt(DIVERGING[name], t);
  }
  const [from, to] = STRETCH[name];
  return colourAt(STOPS, from + t * (to - from));
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
