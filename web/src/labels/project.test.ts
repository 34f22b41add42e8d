import { describe, expect, it } from 'vitest';
import type { LabelsRead, SetInfo } from '../types';
import {
  hasLabels,
  peek,
  roundsRead,
  setNamed,
  toGeoJson,
  withPictures,
  type Tile,
} from './project';
import type { Value } from './session';

const info = {
  id: 'set-id',
  key: 'abc',
  name: 'world',
  model: 'm',
  licence: 'CC0',
  attribution: 'NASA',
  banner: '',
} as unknown as SetInfo;

const labels = (...pairs: [number, Value][]): Map<number, Value> => new Map(pairs);
const tile = (row: number): [number, Tile] => [
  row,
  { id: `t${row}`, lon: row, lat: 1, score: 0.5 },
];

describe('a project', () => {
  const rounds = [
    { labels: labels(), method: null, query: null },
    { labels: labels([3, 1], [9, -1]), method: 'mean' as const, query: { text: 'a' } },
    { labels: labels([3, -1]), method: null, query: null },
  ];
  const project = {
    info,
    labels: labels([3, -1], [5, 1]),
    notes: new Map([[5, 'dunes']]),
    start: null,
    rounds,
    at: 2,
    recipe: { text: 'a' },
    view: '?percent=20',
  };
  const record = toGeoJson(project, new Map([tile(3), tile(5)])) as {
    features: { properties: Record<string, unknown> }[];
    feedback: { at: number; rounds: Record<string, unknown>[] };
  };

  it('has a round for labels that were not asked with', () => {
    expect(record.feedback.at).toBe(3);
    expect(record.feedback.rounds).toHaveLength(4);
  });

  it('writes what each round changed', () => {
    const told = record.feedback.rounds.map(({ positive, negative, unmarked }) => [
      positive,
      negative,
      unmarked,
    ]);
    expect(told).toEqual([
      [[], [], []],
      [[3], [9], []],
      [[], [3], [9]],
      [[5], [], []],
    ]);
  });

  it('says of each tile what it is, since when, and what is known', () => {
    expect(record.features.map(({ properties }) => properties)).toEqual([
      { row: 3, id: 't3', label: -1, round: 2, set: 'set-id', key: 'abc', score: 0.5 },
      {
        row: 5,
        id: 't5',
        label: 1,
        round: 3,
        set: 'set-id',
        key: 'abc',
        note: 'dunes',
        score: 0.5,
      },
    ]);
  });

  it('comes back as it was', () => {
    const read = roundsRead({ rounds: record.feedback.rounds } as unknown as LabelsRead);
    expect(read.map((round) => [...round.labels])).toEqual([
      [],
      [
        [3, 1],
        [9, -1],
      ],
      [[3, -1]],
      [
        [3, -1],
        [5, 1],
      ],
    ]);
  });

  it('is told from other files', () => {
    expect(hasLabels(peek(JSON.stringify(record))!)).toBe(true);
    expect(setNamed(peek(JSON.stringify(record))!)).toBe('set-id');
    expect(hasLabels({ features: [{ properties: { CLASS: 1 } }] })).toBe(true);
    expect(hasLabels({ features: [{ properties: { row: 1, score: 1 } }] })).toBe(false);
    expect(hasLabels({ recipe: { text: 'a' } })).toBe(false);
    expect(peek('row,score\n1,2')).toBe(null);
  });
});

describe('pictures of a record', () => {
  it('are those of the first question, in their order', () => {
    const named = { kind: 'image', sha256: 'x', weight: 0.7 } as never;
    const record = { parts: [named, { kind: 'rows' as const, rows: [1] }, named] };
    const source = {
      parts: [
        { kind: 'text', text: 'a' } as const,
        { kind: 'image', data: 'one' } as const,
        { kind: 'image', data: 'two' } as const,
      ],
    };
    const filled = withPictures(record, source).parts as { data?: string; weight?: number }[];
    expect(filled.map(({ data }) => data)).toEqual(['one', undefined, 'two']);
    expect(filled[0]!.weight).toBe(0.7);
  });
});
