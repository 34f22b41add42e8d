/** One store for the whole page: the view (which also lives in the URL) and what the server said. */
import { useSyncExternalStore } from 'react';
import type { Pairing } from './compare/pairing';
import { viewNow } from './entry';
import { speak } from './i18n';
import { textOf } from './parts';
import type { ScoreField } from './scores';
import type { Answer, ModelInfo, Part, Problem, Query, SetInfo, TileSource } from './types';
import type { View } from './url';

/** `ready` is a set that is there and was not asked yet. */
export type Phase = 'starting' | 'ready' | 'searching' | 'done' | 'failed';

/** Where the map should go: to a place, or back to the whole world (null). */
export interface Flight {
  place: { lon: number; lat: number } | null;
  /** Makes a repeated wish a new one. */
  stamp: number;
}

/** What the pointer is drawing on the map, and what for. */
export interface Drawing {
  shape: 'box' | 'polygon';
  purpose: 'filter' | 'example';
}

/** A set that was asked, and its answer. */
export interface Side {
  info: SetInfo | null;
  /** Tile centres in set order: lon, lat, lon, lat, … in degrees. */
  positions: Float32Array | null;
  answer: Answer | null;
  field: ScoreField | null;
  /** Level (see scores.ts) from which on a tile is shown in colour. */
  level: number;
  phase: Phase;
  problem: Problem | null;
  /** Parts of the query that was asked last. */
  asked: Part[];
}

export const NO_SIDE: Side = {
  info: null,
  positions: null,
  answer: null,
  field: null,
  level: 1,
  phase: 'starting',
  problem: null,
  asked: [],
};

/** A place that is marked on every map: the side that ranks it higher than the other does. */
export interface Mark {
  lon: number;
  lat: number;
  higher: 'main' | 'rival';
}

/** Marked tiles of the set: 1 fits, -1 does not. */
export type Labels = ReadonlyMap<number, 1 | -1>;

/** The view, the first side of the answer, and what is under way. */
export interface State extends View, Side {
  /** Words in the query box, asked or not. */
  draft: string;
  /** Sets that the server has, in its order. */
  sets: SetInfo[];
  /** Encoders that the server knows. */
  models: ModelInfo[];
  /** Maps of other hosts that the operator offers. */
  grounds: TileSource[];
  /** The other side of a comparison, once there is one; its query is `other` of the view. */
  rival: Side | null;
  /** Which tile of the other side is which of this one; null while that is not known. */
  pairing: Pairing | null;
  /** Percentile on the main side less that on the other, as scores of the main set's tiles. */
  difference: Side | null;
  marks: readonly Mark[];
  /** The side that narrow screens show. */
  front: 'main' | 'rival';
  /** What was asked and answered before the question that stands. */
  earlier: Query | null;
  /** Row that the pointer or the keyboard is on, in the list of results. */
  pointed: number | null;
  /** Row of the tile that is shown large. */
  viewed: number | null;
  /** Whether the next click on the map gives a place. */
  picking: boolean;
  drawing: Drawing | null;
  labels: Labels;
  flight: Flight | null;
  /** Of the questions asked on this page: the one that stands, and the last one to go forward to. */
  step: number;
  lastStep: number;
  isHelpOpen: boolean;
  /** Part of the positions that has arrived, 0 to 1; null while none are on their way. */
  progress: number | null;
}

/** Number of this entry of the browser's history among those that the page made. */
export function stepNow(): number {
  const kept = window.history.state as { step?: unknown } | null;
  return typeof kept?.step === 'number' ? kept.step : 0;
}

function initial(): State {
  const view = viewNow();
  speak(view.lang);
  return {
    ...NO_SIDE,
    ...view,
    draft: textOf(view.parts),
    sets: [],
    models: [],
    grounds: [],
    rival: null,
    pairing: null,
    difference: null,
    marks: [],
    front: 'main',
    earlier: null,
    pointed: null,
    viewed: null,
    picking: false,
    drawing: null,
    labels: new Map(),
    flight: null,
    step: stepNow(),
    lastStep: stepNow(),
    isHelpOpen: false,
    progress: null,
  };
}

let state = initial();
const listeners = new Set<() => void>();

export function getState(): State {
  return state;
}

export function setState(change: Partial<State>): void {
  state = { ...state, ...change };
  for (const listener of listeners) {
    listener();
  }
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Read one value of the store in a component; it must be a plain value or keep its identity. */
export function useStore<T>(select: (current: State) => T): T {
  return useSyncExternalStore(subscribe, () => select(state));
}

/** Call back only when a value changes; for the map, which is not React. */
export function watchValue<T>(
  select: (current: State) => T,
  changed: (value: T) => void,
): () => void {
  let last = select(state);
  return subscribe(() => {
    const next = select(state);
    if (!Object.is(next, last)) {
      last = next;
      changed(next);
    }
  });
}

/** Which side of a comparison, or where they differ; without one there is the main side only. */
export type WhichSide = 'main' | 'rival' | 'difference';

export function sideOf(current: State, which: WhichSide): Side {
  return which === 'main' ? current : (current[which] ?? NO_SIDE);
}

/** Call back only when one value changes. */
export function watch<Key extends keyof State>(
  key: Key,
  changed: (value: State[Key]) => void,
): () => void {
  return watchValue((current) => current[key], changed);
}
