/** Conditions on tiles: which of them say anything. */
import type { Filter } from './types';

const CONDITIONS = ['bbox', 'area', 'near', 'time', 'season', 'cloud', 'where'] as const;

export type Condition = (typeof CONDITIONS)[number];

/** The conditions that are set, in a fixed order. */
export function conditionsOf(filter: Filter): Condition[] {
  return CONDITIONS.filter((name) => {
    const value = filter[name];
    return value !== null && value !== undefined && value !== '';
  });
}

/** The filter without what is no condition. */
export function bareFilter(filter: Filter): Filter {
  return Object.fromEntries(conditionsOf(filter).map((name) => [name, filter[name]]));
}

export function hasFilter(filter: Filter): boolean {
  return conditionsOf(filter).length > 0;
}
