import { describe, expect, it } from 'vitest';
import { rampColour, rampTexels, type RampName } from './ramp';

/** Relative luminance of an sRGB colour (WCAG 2). */
function luminance(colour: readonly number[]): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

describe.each<[RampName, number]>([
  ['dark', 1],
  ['light', -1],
])('the %s colour scale', (name, direction) => {
  it('changes steadily in lightness, so that it reads without hue', () => {
    const lights = Array.from({ length: 33 }, (_, step) => luminance(rampColour(name, step / 32)));
    for (const [step, light] of lights.slice(1).entries()) {
      expect(direction * (light - lights[step]!)).toBeGreaterThan(0);
    }
  });

  it('is what the shader gets', () => {
    const texels = rampTexels(name);
    expect(Array.from(texels.slice(0, 3))).toEqual(rampColour(name, 0));
    expect(Array.from(texels.slice(-4))).toEqual([...rampColour(name, 1), 255]);
  });
});
