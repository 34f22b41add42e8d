/**
 * Labels are work: they are not lost by a reload. A copy for each set is in the browser's storage,
 * as the file that would be saved, and is offered when the set is shown again; who leaves with
 * labels that are not in a file is warned.
 */
import { getState, subscribe } from '../state';
import type { LooseQuery } from '../types';
import { NEW_SESSION, changeLabels, getSession, subscribeSession, type Round } from './session';
import type { Value } from './session';

/** How long notes rest before they are copied; labels are copied at once. */
const REST_MS = 300;

type Pairs<T> = [number, T][];

/** A session as it is kept. */
interface Kept {
  key: string;
  /** ISO 8601. */
  when: string;
  labels: Pairs<Value>;
  notes: Pairs<string>;
  start: LooseQuery | null;
  rounds: { labels: Pairs<Value>; method: Round['method']; query: LooseQuery | null }[];
  at: number;
}

/** Pages under different prefixes of one host are different servers. */
function nameOf(set: string): string {
  return `eex-labels:${new URL('.', document.baseURI).pathname}:${set}`;
}

function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // the browser keeps nothing; files remain
  }
}

let pending = 0;

/** What was left and not decided on; labels that are marked meanwhile are kept with it. */
let undecided: { set: string; kept: Kept } | null = null;

/** Copy what there is now; labels that are safe in a file need no copy. */
export function keepNow(): void {
  window.clearTimeout(pending);
  const { set, info, labels } = getState();
  const { notes, start, rounds, at, isSaved } = getSession();
  if (info?.name !== set) {
    return;
  }
  const before = undecided?.set === set ? undecided.kept : null;
  if (isSaved || (labels.size === 0 && rounds.length === 1)) {
    if (!before) {
      storage()?.removeItem(nameOf(set));
    }
    return;
  }
  const kept: Kept = {
    key: info.key,
    when: new Date().toISOString(),
    labels: [...new Map([...(before?.labels ?? []), ...labels])],
    notes: [...new Map([...(before?.notes ?? []), ...notes])],
    start,
    rounds: rounds.map((round) => ({ ...round, labels: [...round.labels] })),
    at,
  };
  try {
    storage()?.setItem(nameOf(set), JSON.stringify(kept));
  } catch {
    // The storage is full: labels stay in the page, and the warning when leaving it stays too.
  }
}

/** What was left of a set the last time; null if nothing was, or its data are others now. */
export function takeOffer(set: string, key: string): Kept | null {
  const kept = readKept(set, key);
  undecided = kept && { set, kept };
  return kept;
}

function readKept(set: string, key: string): Kept | null {
  try {
    const kept = JSON.parse(storage()?.getItem(nameOf(set)) ?? 'null') as Kept | null;
    const isWhole = Array.isArray(kept?.labels) && Array.isArray(kept.rounds);
    return kept && isWhole && kept.key === key && kept.rounds.length > 0 ? kept : null;
  } catch {
    return null;
  }
}

export function forgetKept(set: string): void {
  undecided = null;
  storage()?.removeItem(nameOf(set));
  keepNow();
}

/** Bring back what was kept beside what was marked since; `said` is for those who listen. */
export function restore(kept: Kept, said: string): void {
  undecided = null;
  const { labels } = getState();
  const { rounds: own, notes } = getSession();
  const rounds = kept.rounds.map((round) => ({ ...round, labels: new Map(round.labels) }));
  const hasOwn = own.length > 1;
  changeLabels(new Map([...kept.labels, ...labels]), said, {
    notes: new Map([...kept.notes, ...notes]),
    ...(hasOwn ? {} : { start: kept.start, rounds, at: Math.min(kept.at, rounds.length - 1) }),
  });
}

function warn(event: BeforeUnloadEvent): void {
  if (!getSession().isSaved && getState().labels.size > 0) {
    keepNow();
    event.preventDefault();
  }
}

/** Copy every change, and warn who leaves; until the function that comes back is called. */
export function keepCopies(): () => void {
  let last = getSession();
  let { labels } = getState();
  const look = (): void => {
    const session = getSession();
    const now = getState().labels;
    if (session === last && labels === now) {
      return;
    }
    window.clearTimeout(pending);
    if (session !== NEW_SESSION && (labels !== now || session.rounds !== last.rounds)) {
      keepNow();
    } else if (session !== NEW_SESSION) {
      pending = window.setTimeout(keepNow, REST_MS);
    }
    last = session;
    labels = now;
  };
  const stops = [subscribe(look), subscribeSession(look)];
  window.addEventListener('beforeunload', warn);
  return () => {
    stops.forEach((stop) => stop());
    window.removeEventListener('beforeunload', warn);
  };
}
