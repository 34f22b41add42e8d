/** What a person does with a comparison: start it, change its other side, swap the sides, stop. */
import { writeUrl } from '../actions/address';
import { textOf, withText } from '../parts';
import { queryIn } from '../query';
import { getState, NO_SIDE, setState } from '../state';
import type { Query } from '../types';
import type { Contrast } from '../url';
import { namesRows, partsFor } from './carry';
import { loadRival, loadSet, otherRow, pairLoaded, setQuietly } from './load';
import { rivalRow, type Pairing } from './pairing';

function ask(other: Query): void {
  setState({ other });
  writeUrl('push');
}

let chosen = 0;

/** The same question to another set; tiles are those at the same places there. */
export async function compareWithSet(set: string): Promise<void> {
  chosen += 1;
  const choice = chosen;
  const before = getState();
  const { info, positions } = before;
  let pairing: Pairing | null = null;
  if (namesRows(before.parts) && info && positions) {
    const loaded = await loadSet(set).catch(() => null); // what is wrong is told when it is asked
    pairing = loaded && (await pairLoaded({ info, positions }, loaded));
  }
  // A person goes on while a set is loaded: their last choice and their last question count.
  const { parts, sets, other, info: now } = getState();
  if (choice !== chosen) {
    return;
  }
  if (now !== info) {
    pairing = null; // it was of another set's tiles
  }
  const takes = sets.find(({ name }) => name === set)?.takes ?? ['text', 'image', 'place'];
  const moved = partsFor(parts, takes, (row) => (pairing ? rivalRow(pairing, row) : null));
  ask({ ...(other ?? queryIn(getState())), set, also: [], parts: moved });
}

/** Other words to the same set; what else is in the question stays. */
export function compareWithWords(typed: string): void {
  const query = queryIn(getState());
  ask({ ...query, parts: withText(query.parts, typed) });
}

/** A question as a whole, such as the one before. */
export function compareWithQuery(query: Query): void {
  ask(query);
}

/** Other words on the other side. */
export function changeRivalWords(typed: string): void {
  const { other } = getState();
  if (other && typed.trim() !== textOf(other.parts)) {
    ask({ ...other, parts: withText(other.parts, typed) });
  }
}

/** Another set on the other side: its question stays, as far as the set's model takes it. */
export async function changeRivalSet(set: string): Promise<void> {
  const { other, sets } = getState();
  if (!other || other.set === set) {
    return;
  }
  const takes = sets.find(({ name }) => name === set)?.takes ?? ['text', 'image', 'place'];
  if (other.parts.length === 0 || namesRows(other.parts)) {
    await compareWithSet(set);
    return;
  }
  ask({ ...other, set, also: [], parts: partsFor(other.parts, takes, () => null) });
}

/** Ask the other side what the main side is asked. */
export function copyToRival(): void {
  const { other, set, parts } = getState();
  if (other && other.set !== set) {
    void compareWithSet(other.set);
  } else if (other) {
    ask({ ...other, parts });
  }
}

export function retryRival(): void {
  void loadRival();
}

function inverse(pairing: Pairing | null): Pairing | null {
  return pairing && { ...pairing, toRival: pairing.toMain, toMain: pairing.toRival };
}

/** Left becomes right: then the whole query panel is that of what was the other side. */
export function swapSides(): void {
  const now = getState();
  const { other, rival, selected, pairing } = now;
  if (!other || !rival || now.phase === 'searching' || rival.phase === 'searching') {
    return;
  }
  const { info, positions, answer, field, level, phase, problem, asked } = now;
  const main = { info, positions, answer, field, level, phase, problem, asked };
  setQuietly({
    ...NO_SIDE,
    ...rival,
    ...other,
    draft: textOf(other.parts),
    rival: main,
    other: queryIn(now),
    pairing: inverse(pairing),
    selected: selected === null ? null : otherRow('main', selected),
    pointed: null,
    ...(other.set === now.set ? {} : { labels: new Map<number, 1 | -1>() }),
  });
  writeUrl('push');
}

export function stopComparing(): void {
  setState({ other: null, contrast: 'sides' });
  writeUrl('push');
}

export function setContrast(contrast: Contrast): void {
  setState({ contrast });
  writeUrl('replace');
}
