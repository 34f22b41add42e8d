/**
 * What goes with the labels of the store: their history, notes, and the rounds they were asked in.
 *
 * Labels themselves are in the store (`state.labels`), where the map and the lists read them; all
 * of them are tiles of the set that is shown. Turning to another set begins a new session.
 */
import { useSyncExternalStore } from 'react';
import { getState, setState, watch, type Labels } from '../state';
import type { LooseQuery } from '../types';

/** 1: what is looked for; -1: not. */
export type Value = 1 | -1;
export type Method = 'mean' | 'rocchio' | 'logistic';

/** What was known at one time, and what was asked then. */
export interface Round {
  labels: Labels;
  /** By which was asked; null if nothing was. */
  method: Method | null;
  /** The record that was asked; null if nothing was. */
  query: LooseQuery | null;
}

/** Labels as they were, and the question (its number in the browser's history) then. */
export interface Step {
  labels: Labels;
  step: number;
}

export interface Session {
  /** A few words to a label, such as a class. */
  notes: ReadonlyMap<number, string>;
  /** The record that was asked before any label; null if none was. */
  start: LooseQuery | null;
  /** The first is before any label. */
  rounds: Round[];
  /** Number of the round that is shown. */
  at: number;
  /** Labels before the latest changes, the latest last; and those that were undone. */
  past: Step[];
  future: Step[];
  /** Whether nothing would be lost by closing the page. */
  isSaved: boolean;
  /** What was done last, for those who listen. */
  said: string;
}

/** Changes that can be undone. */
const MOST_STEPS = 200;

const NONE: Labels = new Map();

export const NEW_SESSION: Session = {
  notes: new Map(),
  start: null,
  rounds: [{ labels: NONE, method: null, query: null }],
  at: 0,
  past: [],
  future: [],
  isSaved: true,
  said: '',
};

let session = NEW_SESSION;
const listeners = new Set<() => void>();

export function getSession(): Session {
  return session;
}

function tell(): void {
  for (const listener of listeners) {
    listener();
  }
}

export function setSession(change: Partial<Session>): void {
  session = { ...session, ...change };
  tell();
}

export function subscribeSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Read one value of the session in a component; it must be plain or keep its identity. */
export function useSession<T>(select: (current: Session) => T): T {
  return useSyncExternalStore(subscribeSession, () => select(session));
}

/** The labels as they are. */
export function stepNow(): Step {
  const { labels, step: number } = getState();
  return { labels, step: number };
}

/** Show other labels; what was there can be brought back. */
export function changeLabels(labels: Labels, said: string, more: Partial<Session> = {}): void {
  const { past } = session;
  const steps = [...past, stepNow()].slice(-MOST_STEPS);
  setState({ labels });
  setSession({ past: steps, future: [], isSaved: false, said, ...more });
}

/** Go a step back or forth; false where there is none. */
export function step(by: 'undo' | 'redo', said: string): boolean {
  const { past, future } = session;
  const from = by === 'undo' ? past : future;
  const last = from.at(-1);
  if (!last) {
    return false;
  }
  const rest = from.slice(0, -1);
  const now = { ...stepNow(), step: last.step };
  setState({ labels: last.labels });
  setSession(
    by === 'undo'
      ? { past: rest, future: [...future, now], isSaved: false, said }
      : { past: [...past, now], future: rest, isSaved: false, said },
  );
  return true;
}

export function countOf(labels: Labels, value: Value): number {
  let count = 0;
  for (const one of labels.values()) {
    count += Number(one === value);
  }
  return count;
}

export function sameLabels(one: Labels, other: Labels): boolean {
  return one.size === other.size && [...one].every(([row, value]) => other.get(row) === value);
}

watch('set', () => {
  if (getState().labels.size > 0) {
    setState({ labels: NONE });
  }
  session = NEW_SESSION;
  tell();
});
