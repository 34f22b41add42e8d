/** Asking: the query as it stands, other sets, recipes, and what the browser's history says. */
import * as api from '../api';
import { viewNow } from '../entry';
import { t } from '../i18n';
import { describeParts, textOf, wholeParts } from '../parts';
import { asksSame, fromRecord, queryIn } from '../query';
import { levelOfPercent, makeField } from '../scores';
import { getState, NO_SIDE, setState, type Side } from '../state';
import type { LooseQuery, Part, Problem, Query } from '../types';
import { writeUrl } from './address';

type Url = 'push' | 'replace' | 'keep';

/** What went wrong. The answer before stays only if the question was not at fault. */
export function failure(error: unknown): Partial<Side> {
  const problem = api.toProblem(error);
  const isRefused = problem.status >= 400 && problem.status < 500;
  return { phase: 'failed', problem, ...(isRefused ? { answer: null, field: null } : {}) };
}

/** An answer as a side of the page shows it. */
export function shown({ answer, scores }: api.Found): Partial<Side> {
  const field = makeField(scores, answer.scores);
  const level = levelOfPercent(field, getState().percent);
  return { phase: 'done', answer, field, level, problem: null };
}

function fail(error: unknown): void {
  setState({ ...failure(error), pointed: null });
}

/** Show what an answer brings on the first side; what is asked is already in the store. */
export async function settle(answering: Promise<api.Found>): Promise<void> {
  const { parts } = getState();
  try {
    const found = await answering;
    document.title = `${describeParts(parts)} · Earth Embedding Explorer`;
    setState({ ...shown(found), asked: parts, pointed: null });
  } catch (error) {
    if (!api.wasAborted(error)) {
      fail(error);
    }
  }
}

/** Ask with these changes. `push` makes the browser's back button return to the query before. */
export async function askWith(change: Partial<Query>, url: Url = 'push'): Promise<void> {
  document.body.dataset.ready = '0';
  const parts = change.parts ?? getState().parts;
  setState({
    ...change,
    ...(change.parts ? { draft: textOf(parts) } : {}), // else words may stand there unasked
    phase: 'searching',
    problem: null,
    picking: false,
    drawing: null,
    selected: url === 'keep' ? getState().selected : null,
  });
  if (url !== 'keep') {
    writeUrl(url);
  }
  await settle(api.search(queryIn(getState())));
}

/** Change what is asked; asked at once where there is something to ask with. */
export async function changeQuery(change: Partial<Query>): Promise<void> {
  const before = getState();
  const { parts } = { ...before, ...change };
  if (parts.length > 0) {
    await askWith(change);
  } else {
    const isTakenOut = before.draft === textOf(before.parts); // else it was not asked yet
    setState({ ...change, ...(isTakenOut ? { draft: '' } : {}) });
    writeUrl('push');
  }
}

/** Kinds of parts that need no model. */
const OF_TILES: ReadonlySet<Part['kind']> = new Set(['row', 'rows', 'area', 'vector'] as const);

let loading: AbortController | null = null;

/** Load the set, then ask what stands there, or the first example; `keep` asks it even in vain. */
export async function start(keep = true): Promise<void> {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  api.stopAsking('search'); // its answer may be one of another set
  setState({ phase: 'starting', problem: null, progress: null });
  try {
    const { set } = getState();
    const arriving = api.getPositions(set, (progress) => setState({ progress }), signal);
    const [info, positions] = await Promise.all([api.getSet(set, signal), arriving]);
    if (signal.aborted || set !== getState().set) {
      return; // another was chosen meanwhile
    }
    setState({ info, positions, progress: null });
    const first = info.examples[0];
    const parts = keep
      ? getState().parts
      : getState().parts.filter(({ kind }) => OF_TILES.has(kind) || info.takes.includes(kind));
    if (parts.length > 0) {
      await askWith({ parts }, keep ? 'keep' : 'replace');
    } else if (first) {
      await askWith({ parts: wholeParts(first.query) }, 'replace');
    } else {
      setState({ phase: 'ready' });
    }
  } catch (error) {
    if (!signal.aborted) {
      fail(error);
    }
  }
}

/** Learn which sets and models there are; the page works without knowing. */
export async function listSets(): Promise<void> {
  const asking = [api.getSets(), api.getModels(), api.getConfig()] as const;
  const [sets, models, config] = await Promise.allSettled(asking);
  setState({
    sets: sets.status === 'fulfilled' ? sets.value.sets : [],
    models: models.status === 'fulfilled' ? models.value.models : [],
    grounds: config.status === 'fulfilled' ? config.value.tile_sources : [],
  });
}

const NOTHING = { ...NO_SIDE, selected: null, pointed: null };

/** Turn to another set. What its model takes is asked again; tiles are those of their own set. */
export async function chooseSet(set: string): Promise<void> {
  if (set === getState().set) {
    return;
  }
  const parts = getState().parts.filter(
    ({ kind, set: own }) => kind !== 'row' && kind !== 'rows' && kind !== 'vector' && !own,
  );
  const query = { set, also: [], parts, camera: null, labels: new Map() };
  setState({ ...NOTHING, ...query, draft: textOf(parts) });
  writeUrl('push');
  await start(false);
}

/** Ask what a recipe says, in place of all that was asked. */
export async function askRecipe(record: LooseQuery): Promise<void> {
  const query = fromRecord(record);
  if (query.set === getState().set && getState().info) {
    await askWith(query);
    return;
  }
  setState({ ...NOTHING, ...query, camera: null, labels: new Map(), draft: textOf(query.parts) });
  writeUrl('push');
  await start();
}

/** Results that a recipe asks for which does not say how many, here as elsewhere. */
const USUAL = 10;

/** Of a recipe that cannot be asked here. */
const NOT_ASKED: Problem = {
  title: '',
  status: 422,
  detail: '',
  code: 'not-asked',
  hint: '',
  concepts: [],
  places: [],
};

function isCalled({ set, sets }: LooseQuery, name: string, id: string): boolean {
  const first = sets?.[0] ?? set ?? 'world';
  return first === name || first === id;
}

/** Open a recipe, or an answer that keeps one; a file that is none is told in words. */
export async function openRecipe(file: Blob): Promise<void> {
  try {
    const { query, messages } = await api.readRecipe(file);
    const { sets } = getState();
    const isServed = sets.length === 0 || sets.some(({ name, id }) => isCalled(query, name, id));
    if (!isServed || wholeParts(query).length === 0) {
      const detail = messages.join(' ');
      setState({ phase: 'failed', problem: { ...NOT_ASKED, title: t('Not a recipe'), detail } });
      return;
    }
    await askRecipe(query.k || query.top_percent ? query : { ...query, k: USUAL });
    const { answer } = getState();
    if (answer && messages.length > 0) {
      setState({ answer: { ...answer, messages: [...messages, ...answer.messages] } });
    }
  } catch (error) {
    const problem = api.toProblem(error);
    setState({ phase: 'failed', problem: { ...problem, title: t('Not a recipe') } });
  }
}

/** Try again whatever failed. */
export function retry(): void {
  const { info, parts, sets } = getState();
  if (sets.length === 0) {
    void listSets();
  }
  void (info && parts.length > 0 ? askWith({}, 'keep') : start());
}

/** The browser went back or forward. The language stays the reader's own. */
export function followUrl(): void {
  const before = getState();
  const there = viewNow();
  const view = { ...there, lang: before.lang };
  const isOtherSet = view.set !== before.set;
  setState({ ...(isOtherSet ? NOTHING : {}), ...view, draft: textOf(view.parts) });
  if (there.lang !== view.lang) {
    writeUrl('replace');
  }
  if (isOtherSet) {
    void start();
  } else if (!asksSame(view, before) && view.parts.length > 0) {
    void askWith({}, 'keep');
  } else if (getState().field) {
    setState({ level: levelOfPercent(getState().field!, view.percent) });
  }
}
