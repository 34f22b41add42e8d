import { describe, expect, it } from 'vitest';
import { describeParts, joinPart, labelOfName, wholeParts, withText } from './parts';
import type { Part } from './types';

const desert: Part = { kind: 'text', text: 'desert', weight: 1 };
const cairo: Part = { kind: 'place', lon: 31, lat: 30, name: 'Cairo', weight: 1 };
const tile: Part = { kind: 'row', row: 7, weight: -1 };

describe('the parts of a query', () => {
  it('may be of one kind, but a tile or equal words are there once', () => {
    const oasis: Part = { kind: 'text', text: 'oasis', weight: 1 };
    const other: Part = { kind: 'row', row: 8, weight: 1 };
    expect(joinPart([desert, cairo], oasis)).toEqual([desert, cairo, oasis]);
    expect(joinPart([desert, cairo], { ...desert, weight: 2 })).toEqual([
      { ...desert, weight: 2 },
      cairo,
    ]);
    expect(joinPart([desert, tile], other)).toEqual([desert, tile, other]);
    expect(joinPart([desert, tile], { ...tile, weight: 1 })).toEqual([
      desert,
      { ...tile, weight: 1 },
    ]);
  });

  it('are called by what they are where the server has names of kinds', () => {
    const asked = [desert, cairo, { ...desert, text: 'rain', weight: -1 }, tile];
    expect(labelOfName('text_1', asked)).toBe('desert');
    expect(labelOfName('text_3', asked)).toBe('− rain');
    expect(labelOfName('place', asked)).toBe('Cairo');
    expect(labelOfName('row@world', asked)).toBe('− Tile 7 @ world');
    expect(labelOfName('text_2', asked)).toBe('text_2'); // that one is a place
    expect(labelOfName('image', asked)).toBe('image');
  });

  it('keep the weight of the words when the words change', () => {
    expect(withText([{ ...desert, weight: -0.5 }, cairo], ' oasis ')).toEqual([
      { kind: 'text', text: 'oasis', weight: -0.5 },
      cairo,
    ]);
  });

  it('lose the words when the box is emptied', () => {
    expect(withText([desert, cairo], '  ')).toEqual([cairo]);
  });

  it('of an example are made whole, and unknown ones are passed over', () => {
    const loose = [{ kind: 'text' as const, text: 'desert' }, { kind: 'row' as const }];
    expect(wholeParts({ parts: loose })).toEqual([desert]);
  });

  it('are read from the short form too', () => {
    const short = { text: 'desert', place: [31, 30] as [number, number], weights: { place: -1 } };
    expect(wholeParts(short)).toEqual([desert, { kind: 'place', lon: 31, lat: 30, weight: -1 }]);
  });

  it('read as a sentence', () => {
    expect(describeParts([desert, cairo, tile])).toBe('desert + Cairo − Tile 7');
  });
});
