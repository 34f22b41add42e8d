/**
 * An entry of the browser's history: the address, and beside it what an address does not hold.
 *
 * Pictures never fit into an address; long areas and vectors make it longer than servers and
 * proxies take. Then the address has what fits, and the entry keeps the whole question: a reload
 * and the way back ask it again. To others it goes as a recipe or a project.
 */
import { DEFAULT_QUERY, queryIn } from './query';
import type { Part, Query } from './types';
import { readView, writeView, type View } from './url';

/** Longest query string; servers and proxies commonly take 8 kB for the whole first line. */
export const MOST_ADDRESS = 7500;

/** Longest question that an entry keeps, characters; browsers refuse some 16 MB. */
const MOST_KEPT = 4_000_000;

interface Kept {
  step: number;
  query?: Query;
  /** The other side of a comparison. */
  other?: Query | null;
}

function isShort(part: Part): boolean {
  return part.kind !== 'vector' && part.kind !== 'rows' && part.kind !== 'area';
}

/** The query string of what fits. */
function fitting(view: View): string {
  const whole = writeView(view);
  if (whole.length <= MOST_ADDRESS) {
    return whole;
  }
  const { area: _, ...filter } = view.filter;
  const short = { ...view, parts: view.parts.filter(isShort) };
  const tries: View[] = [short, { ...short, filter }, { ...short, filter, other: null }];
  return tries.map(writeView).find((one) => one.length <= MOST_ADDRESS) ?? '';
}

/** Whether the address says all that is asked. */
export function isWhole(view: View): boolean {
  const parts = [...view.parts, ...(view.other?.parts ?? [])];
  const hasPictures = parts.some(({ kind }) => kind === 'image');
  return !hasPictures && writeView(view).length <= MOST_ADDRESS;
}

/** The query string of a view, and what the entry keeps beside. */
export function entryOf(view: View, step: number): { search: string; kept: Kept } {
  const search = fitting(view);
  if (isWhole(view)) {
    return { search, kept: { step } };
  }
  const asked = { query: queryIn(view), other: view.other };
  const fits = JSON.stringify(asked).length <= MOST_KEPT;
  return { search, kept: fits ? { step, ...asked } : { step } };
}

function wholeQuery(query: Query | null | undefined): Query | null {
  return Array.isArray(query?.parts) ? { ...DEFAULT_QUERY, ...query } : null;
}

/** The questions that an entry keeps; nothing where the address has it all. */
function queriesKept(state: unknown): Partial<View> {
  const kept = state as Kept | null;
  const query = wholeQuery(kept?.query);
  const other = wholeQuery(kept?.other);
  return { ...query, ...(query && other ? { other } : {}) };
}

/** The view of the entry that is shown. */
export function viewNow(): View {
  return { ...readView(window.location.search), ...queriesKept(window.history.state) };
}
