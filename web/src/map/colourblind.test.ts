/**
 * The scales as people with colour-blindness see them. Matrices: G. M. Machado, M. M. Oliveira and
 * L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
 * IEEE TVCG 15(6), 2009, severity 1.0, on linear sRGB. Differences: CIE 1976 L*a*b* under D65, in
 * which 2.3 is the least that people notice (Mahy, Van Eycken and Oosterlinck 1994).
 */
import { describe, expect, it } from 'vitest';
import { rampColour, type Rgb } from './ramp';
import { paletteOf } from './style';

type Matrix = readonly (readonly [number, number, number])[];

const SIGHT: Record<string, Matrix> = {
  'usual sight': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}; // prettier-ignore

function linear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** Linear red, green and blue as somebody sees them. */
function seen(colour: Rgb, sight: Matrix): number[] {
  const light = colour.map(linear);
  return sight.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, share, at) => sum + share * light[at]!, 0),
      ),
    ),
  );
}

function luminance([red, green, blue]: number[]): number {
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function bent(share: number): number {
  return share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116;
}

/** CIE L*a*b* of linear sRGB. */
function lab([red, green, blue]: number[]): [number, number, number] {
  const x = bent((0.4124 * red! + 0.3576 * green! + 0.1805 * blue!) / 0.9505);
  const y = bent(0.2126 * red! + 0.7152 * green! + 0.0722 * blue!);
  const z = bent((0.0193 * red! + 0.1192 * green! + 0.9505 * blue!) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const NOTICED = 2.3;

/** Contrast of WCAG 2. */
function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const THEMES = [
  ['dark', true],
  ['light', false],
] as const;

describe.each(THEMES)('on the %s map', (name, isDark) => {
  describe.each(Object.entries(SIGHT))('with %s', (_, sight) => {
    const colours = Array.from({ length: 41 }, (__, step) =>
      lab(seen(rampColour(name, step / 40), sight)),
    );
    const direction = isDark ? 1 : -1;

    it('a better tile is always further from the ground in lightness', () => {
      for (let step = 1; step < colours.length; step += 1) {
        expect(direction * (colours[step]![0] - colours[step - 1]![0])).toBeGreaterThan(0);
      }
    });

    it('ten steps can be told apart', () => {
      for (let step = 4; step < colours.length; step += 4) {
        const [one, other] = [colours[step]!, colours[step - 4]!];
        const apart = Math.hypot(...one.map((value, axis) => value - other[axis]!));
        expect(apart).toBeGreaterThan(NOTICED);
      }
    });

    it('the best tiles stand out from land and sea', () => {
      const { land, sea } = paletteOf('vector', isDark);
      const best = luminance(seen(rampColour(name, 1), sight));
      for (const ground of [land, sea]) {
        expect(contrast(best, luminance(seen(parse(ground), sight)))).toBeGreaterThan(4.5);
      }
    });
  });
});
