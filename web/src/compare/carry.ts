/**
 * How the question of one side becomes that of the other, and follows it.
 *
 * Tiles of one set are none of another: their rows are told anew by `rowOf`, and what has no like
 * there is left out, as is what the other model cannot take.
 */
import { asksSame, DEFAULT_OPTIONS } from '../query';
import type { Options, Part, Query, SetInfo } from '../types';

/** Row in the other set of a tile of the main set, null where there is none. */
export type RowOf = (row: number) => number | null;

/** Kinds of parts that need no model. */
const OF_TILES: ReadonlySet<Part['kind']> = new Set(['row', 'rows', 'area'] as const);

/** Whether parts name tiles by row, so that another set needs other rows. */
export function namesRows(parts: readonly Part[]): boolean {
  return parts.some(({ kind }) => kind === 'row' || kind === 'rows');
}

function moved(part: Part, rowOf: RowOf): Part | null {
  const { set: _, ...free } = part;
  if (free.kind === 'row') {
    const row = rowOf(free.row);
    return row === null ? null : { ...free, row };
  }
  if (free.kind === 'rows') {
    const rows = free.rows.map(rowOf).filter((row) => row !== null);
    return rows.length > 0 ? { ...free, rows } : null;
  }
  return free.kind === 'vector' ? null : free;
}

/** The parts as they are asked of another set. */
export function partsFor(parts: readonly Part[], takes: SetInfo['takes'], rowOf: RowOf): Part[] {
  return parts
    .filter(({ kind }) => OF_TILES.has(kind) || takes.includes(kind))
    .map((part) => moved(part, rowOf))
    .filter((part) => part !== null);
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * The other side's query after the main one changed from `before` to `now`. What was the same on
 * both sides stays so: filter and options always, the parts where two sets are compared.
 */
export function follow(
  before: Query,
  now: Query,
  other: Query,
  asParts: (parts: readonly Part[]) => Part[],
): Query {
  const next = { ...other };
  if (other.set !== before.set && equal(asParts(before.parts), other.parts)) {
    next.parts = asParts(now.parts);
  }
  if (equal(before.filter, other.filter)) {
    next.filter = now.filter;
  }
  for (const name of Object.keys(DEFAULT_OPTIONS) as (keyof Options)[]) {
    if (equal(before[name], other[name])) {
      Object.assign(next, { [name]: now[name] });
    }
  }
  return asksSame(next, other) ? other : next;
}
