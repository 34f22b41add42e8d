/** One store for the whole page: the view (which also lives in the URL) and what the server said. */
import { useSyncExternalStore } from 'react';
import { textOf } from './parts';
import type { ScoreField } from './scores';
import type { Answer, Part, Problem, SetInfo } from './types';
import { readView, type View } from './url';

/** `ready` is a set that is there and was not asked yet. */
export type Phase = 'starting' | 'ready' | 'searching' | 'done' | 'failed';

/** Where the map should go: to a place, or back to the whole world (null). */
export interface Flight {
  place: { lon: number; lat: number } | null;
  /** Makes a repeated wish a new one. */
  stamp: number;
}

export interface State extends View {
  phase: Phase;
  /** Words in the query box, asked or not. */
  draft: string;
  info: SetInfo | null;
  /** Sets that the server has, in its order. */
  sets: SetInfo[];
  /** Tile centres in set order: lon, lat, lon, lat, … in degrees. */
  positions: Float32Array | null;
  answer: Answer | null;
  field: ScoreField | null;
  problem: Problem | null;
  /** Level (see scores.ts) from which on a tile is shown in colour. */
  level: number;
  /** Parts of the query that was asked last. */
  asked: Part[];
  /** Row whose card is open. */
  selected: number | null;
  /** Row that the pointer or the keyboard is on, in the list of results. */
  pointed: number | null;
  /** Whether the next click on the map gives a place. */
  picking: boolean;
  flight: Flight | null;
}

function initial(): State {
  const view = readView(window.location.search);
  return {
    ...view,
    phase: 'starting',
    draft: textOf(view.parts),
    info: null,
    sets: [],
    positions: null,
    answer: null,
    field: null,
    problem: null,
    level: 1,
    asked: [],
    selected: null,
    pointed: null,
    picking: false,
    flight: null,
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

/** Call back only when one value changes; for the map, which is not React. */
export function watch<Key extends keyof State>(
  key: Key,
  changed: (value: State[Key]) => void,
): () => void {
  let last = state[key];
  return subscribe(() => {
    const next = state[key];
    if (!Object.is(next, last)) {
      last = next;
      changed(next);
    }
  });
}
