/**
 * Keeps the other side of a comparison in step with its question (`other` in the view): loads its
 * set, asks, pairs its tiles with those of the main set. Whoever changes the question, be it a
 * button, the address or the browser's history, need not care.
 */
import { failure, shown } from '../actions/ask';
import * as api from '../api';
import { queryIn } from '../query';
import { getState, NO_SIDE, setState, subscribe, type Side, type State } from '../state';
import type { Part, Query, SetInfo } from '../types';
import { follow, partsFor } from './carry';
import { mainRow, pairSets, rivalRow, type Pairing } from './pairing';

/** Half the width of a tile where a set does not say it, in kilometres. */
const USUAL_REACH_KM = 50;

interface Loaded {
  info: SetInfo;
  positions: Float32Array;
}

function patch(change: Partial<Side>): void {
  setState({ rival: { ...(getState().rival ?? NO_SIDE), ...change } });
}

/** The main side's set once it is loaded, so that it is not asked for twice; null if it changes. */
function fromMain(set: string): Promise<Loaded | null> {
  const look = ({ set: now, info, positions }: State): Loaded | 'gone' | null => {
    if (now !== set) {
      return 'gone';
    }
    return info && positions ? { info, positions } : null;
  };
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const check = (): void => {
      const found = look(getState());
      if (found) {
        stops.forEach((stop) => stop());
        resolve(found === 'gone' ? null : found);
      }
    };
    stops.push(subscribe(check));
    check();
  });
}

export async function loadSet(set: string): Promise<Loaded> {
  const shared = set === getState().set ? await fromMain(set) : null;
  if (shared) {
    return shared;
  }
  const [info, positions] = await Promise.all([api.getSet(set), api.getPositions(set)]);
  return { info, positions };
}

/** Pair the tiles of two sets that are loaded. */
export async function pairLoaded(
  main: Loaded,
  rival: Loaded,
  isStale: () => boolean = () => false,
): Promise<Pairing | null> {
  const wide = Math.max(main.info.tile_km, rival.info.tile_km);
  const reach = wide > 0 ? wide / 2 : USUAL_REACH_KM;
  return pairSets(main.positions, rival.positions, reach, isStale);
}

let loads = 0;

/** Load what the other side needs and ask it; a newer call takes over. */
export async function loadRival(): Promise<void> {
  loads += 1;
  const turn = loads;
  const isOver = (): boolean => turn !== loads;
  const { other, rival } = getState();
  api.stopAsking('rival');
  if (!other) {
    setState({ rival: null, pairing: null });
    return;
  }
  const hasSet = rival?.info?.name === other.set && rival.positions !== null;
  patch(hasSet ? { phase: 'searching', problem: null } : { ...NO_SIDE });
  try {
    if (!hasSet) {
      const loaded = await loadSet(other.set);
      if (isOver()) {
        return;
      }
      patch({ ...loaded, phase: 'searching' });
    }
    if (other.parts.length === 0) {
      patch({ phase: 'ready', answer: null, field: null });
      return;
    }
    const found = await api.search(other, 'rival');
    if (!isOver()) {
      patch({ ...shown(found), asked: other.parts });
    }
  } catch (error) {
    if (!isOver() && !api.wasAborted(error)) {
      patch(failure(error));
    }
  }
}

/** The main side's parts as the other side would be asked them. */
function asOther(parts: readonly Part[]): Part[] {
  const { rival, pairing } = getState();
  return partsFor(parts, rival?.info?.takes ?? ['text', 'image', 'place'], (row) =>
    pairing ? rivalRow(pairing, row) : null,
  );
}

const FOLLOWED = ['parts', 'filter', 'k', 'spread_km', 'one_per_cell', 'diversity', 'repeats',
  'top_percent', 'prompts', 'fusion'] as const; // prettier-ignore

const ASKED = ['set', 'parts', 'filter'] as const;

let seen: State | null = null;
let pairings = 0;

async function pairAgain(state: State): Promise<void> {
  pairings += 1;
  const turn = pairings;
  const { info, positions, rival } = state;
  setState({ pairing: null });
  if (info && positions && rival?.info && rival.positions) {
    const sides = [
      { info, positions },
      { info: rival.info, positions: rival.positions },
    ] as const;
    const isStale = (): boolean => turn !== pairings;
    const pairing = await pairLoaded(...sides, isStale);
    if (!isStale()) {
      setState({ pairing });
    }
  }
}

function step(): void {
  const now = getState();
  const before = seen;
  seen = now;
  if (!before || now === before) {
    return;
  }
  if (now.positions !== before.positions || now.rival?.positions !== before.rival?.positions) {
    void pairAgain(now);
  }
  if (before.phase === 'done' && ASKED.some((name) => now[name] !== before[name])) {
    setState({ earlier: queryIn(before) });
  }
  if (now.other !== before.other) {
    void loadRival();
  } else if (now.other && FOLLOWED.some((name) => now[name] !== before[name])) {
    const other: Query = follow(queryIn(before), queryIn(now), now.other, asOther);
    if (other !== now.other) {
      setState({ other });
    }
  }
}

/** Follow the store from now on, until the function that is returned is called. */
export function followComparison(): () => void {
  seen = getState();
  if (seen.other) {
    void loadRival();
  }
  const stop = subscribe(step);
  return () => {
    stop();
    seen = null;
  };
}

/** Change the store without the other side being asked anew. */
export function setQuietly(change: Partial<State>): void {
  seen = { ...getState(), ...change };
  setState(change);
}

/** Row of a main-side tile on the other side, and back, as far as that is known. */
export function otherRow(which: 'main' | 'rival', row: number): number | null {
  const { pairing } = getState();
  if (!pairing) {
    return null;
  }
  return which === 'main' ? rivalRow(pairing, row) : mainRow(pairing, row);
}
