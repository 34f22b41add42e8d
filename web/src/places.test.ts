import { describe, expect, it } from 'vitest';
import { parsePlace } from './places';

describe('a typed place', () => {
  it.each([
    ['48.86, 2.35', 2.35, 48.86],
    ['48.86 2.35', 2.35, 48.86],
    ['  -3.1 ; -60 ', -60, -3.1],
    ['48.86N 2.35E', 2.35, 48.86],
    ['48.86° N, 2.35° W', -2.35, 48.86],
    ['2.35 E, 48.86 S', 2.35, -48.86],
    ['120e 30n', 120, 30],
  ])('%s is read', (typed, lon, lat) => {
    expect(parsePlace(typed)).toEqual({ kind: 'place', lon, lat });
  });

  it('in the wrong order is told, with the right one', () => {
    const read = parsePlace('139.7, 35.7');
    expect(read).toEqual({
      kind: 'wrong',
      message: 'Latitude comes first: did you mean 35.7, 139.7?',
    });
  });

  it.each(['91, 181', '10, 200', '100, 170', '10N 20N', '10E, 20W'])(
    'off the globe or with one axis twice is wrong: %s',
    (typed) => {
      expect(parsePlace(typed).kind).toBe('wrong');
    },
  );

  it.each(['', 'Paris', '48.86', 'Route 66', '12 Monkeys Street 3'])(
    '%s may be a name',
    (typed) => {
      expect(parsePlace(typed).kind).toBe('name');
    },
  );
});
