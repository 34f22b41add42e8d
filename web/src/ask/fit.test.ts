import { describe, expect, it } from 'vitest';
import type { ModelInfo, Part, SetInfo } from '../types';
import { lacking, reason } from './fit';

const TEXT: Part = { kind: 'text', text: 'sand', weight: 1 };
const PLACE: Part = { kind: 'place', lon: 1, lat: 2, weight: 1 };
const ROW: Part = { kind: 'row', row: 1, weight: 1 };
const SET = { name: 'a', model: 'm', takes: ['image'] } as unknown as SetInfo;

function model(modalities: string[], installed: boolean): ModelInfo {
  return { name: 'm', modalities, installed } as unknown as ModelInfo;
}

describe('what a set takes', () => {
  it('is asked of parts that need its model only', () => {
    expect(lacking(SET, [TEXT, ROW, PLACE])).toEqual(['text', 'place']);
    expect(lacking(SET, [ROW])).toEqual([]);
    expect(lacking(SET, [{ ...TEXT, set: 'other' }])).toEqual([]);
  });

  it('is told with the reason', () => {
    expect(reason(SET, [], [])).toBe('');
    expect(reason(SET, ['text'], [])).toContain('not known here');
    expect(reason(SET, ['text'], [model(['text', 'image'], false)])).toContain('not on the server');
    expect(reason(SET, ['text', 'place'], [model(['image'], true)])).toBe(
      'Its model takes no words, places.',
    );
  });
});
