/** What a person can do. Each action changes the store, the URL, or asks the server. */
import * as api from './api';
import { describeParts, joinPart, textOf, wholeParts, withText } from './parts';
import { clampPercent, levelOfPercent, makeField } from './scores';
import { getState, setState } from './state';
import type { Example, Part, Place } from './types';
import { readView, writeView, type Base, type Projection, type Theme } from './url';

/** Tiles in the gallery. */
const BEST = 24;

/** How long the URL waits for a slider to rest; browsers limit how often it may change. */
const URL_REST_MS = 250;

let pendingUrl = 0;

function writeUrl(kind: 'push' | 'replace'): void {
  window.clearTimeout(pendingUrl);
  const target = window.location.pathname + writeView(getState()) + window.location.hash;
  if (kind === 'push') {
    window.history.pushState(null, '', target);
  } else {
    window.history.replaceState(null, '', target);
  }
}

function writeUrlSoon(): void {
  window.clearTimeout(pendingUrl);
  pendingUrl = window.setTimeout(() => writeUrl('replace'), URL_REST_MS);
}

/** Say what went wrong. The answer before stays only if the question was not at fault. */
function fail(error: unknown): void {
  const problem = api.toProblem(error);
  const isRefused = problem.status >= 400 && problem.status < 500;
  const gone = isRefused ? { answer: null, field: null, pointed: null } : {};
  setState({ phase: 'failed', problem, ...gone });
}

/** Ask with these parts. `push` makes the browser's back button return to the query before. */
export async function ask(parts: Part[], url: 'push' | 'replace' | 'keep' = 'push'): Promise<void> {
  document.body.dataset.ready = '0';
  setState({
    parts,
    draft: textOf(parts),
    phase: 'searching',
    problem: null,
    picking: false,
    selected: null,
  });
  if (url !== 'keep') {
    writeUrl(url);
  }
  try {
    const { answer, scores } = await api.search({
      version: 1,
      set: getState().set,
      parts,
      k: BEST,
      bbox: null,
      spread_km: null,
      top_percent: null,
    });
    const field = makeField(scores, answer.scores);
    const level = levelOfPercent(field, getState().percent);
    document.title = `${describeParts(parts)} · Earth Embedding Explorer`;
    setState({ phase: 'done', answer, field, level, asked: parts, pointed: null });
  } catch (error) {
    if (!api.wasAborted(error)) {
      fail(error);
    }
  }
}

/** Load the set, then ask what stands there, or the first example; `keep` asks it even in vain. */
export async function start(keep = true): Promise<void> {
  setState({ phase: 'starting', problem: null });
  try {
    const { set } = getState();
    const [info, positions] = await Promise.all([api.getSet(set), api.getPositions(set)]);
    if (set !== getState().set) {
      return; // another was chosen meanwhile
    }
    setState({ info, positions });
    const first = info.examples[0];
    const parts = keep
      ? getState().parts
      : getState().parts.filter(({ kind }) => info.takes.includes(kind));
    if (parts.length > 0) {
      await ask(parts, keep ? 'keep' : 'replace');
    } else if (first) {
      await ask(wholeParts(first.query), 'replace');
    } else {
      setState({ phase: 'ready' });
    }
  } catch (error) {
    fail(error);
  }
}

/** Learn which sets there are; the page works without knowing. */
export async function listSets(): Promise<void> {
  try {
    setState({ sets: (await api.getSets()).sets });
  } catch {
    setState({ sets: [] });
  }
}

const NOTHING = { info: null, positions: null, answer: null, field: null, problem: null };

/** Turn to another set. What its model takes is asked again; tiles are those of their own set. */
export async function chooseSet(set: string): Promise<void> {
  if (set === getState().set) {
    return;
  }
  const parts = getState().parts.filter((part) => part.kind !== 'row');
  setState({ ...NOTHING, set, parts, draft: textOf(parts), selected: null, pointed: null });
  writeUrl('push');
  await start(false);
}

/** Try again whatever failed. */
export function retry(): void {
  const { info, parts } = getState();
  void (info ? ask(parts, 'keep') : start());
}

/** The browser went back or forward. */
export function followUrl(): void {
  const before = writeView({ ...getState(), percent: 5, theme: 'auto' });
  const view = readView(window.location.search);
  if (view.set !== getState().set) {
    setState({ ...NOTHING, ...view, draft: textOf(view.parts), selected: null, pointed: null });
    void start();
    return;
  }
  setState(view);
  setPercent(view.percent, false);
  if (writeView({ ...view, percent: 5, theme: 'auto' }) !== before && view.parts.length > 0) {
    void ask(view.parts, 'keep');
  }
}

export function askText(typed: string): void {
  const parts = withText(getState().parts, typed);
  if (parts.length > 0) {
    void ask(parts);
  }
}

export function setDraft(draft: string): void {
  setState({ draft });
}

export function askExample(example: Example): void {
  void ask(wholeParts(example.query));
}

/** Add a part to the query, along with the words that stand in the box. */
export function addPart(part: Part): void {
  const { parts, draft } = getState();
  void ask(joinPart(withText(parts, draft), part));
}

export function changePart(index: number, part: Part): void {
  void ask(getState().parts.map((old, place) => (place === index ? part : old)));
}

export function removePart(index: number): void {
  const parts = getState().parts.filter((_, place) => place !== index);
  if (parts.length > 0) {
    void ask(parts);
  } else {
    setState({ parts });
    writeUrl('push');
  }
}

export function askPlace({ lon, lat, name }: Pick<Place, 'lon' | 'lat'> & { name?: string }): void {
  const part: Part = { kind: 'place', lon, lat, weight: 1 };
  void ask([name ? { ...part, name } : part]);
}

export function moreLikeThis(row: number): void {
  void ask([{ kind: 'row', row, weight: 1 }]);
}

/** Add a tile to the query as it stands; a negative weight means "less like this". */
export function addRow(row: number, weight: number): void {
  void ask(joinPart(getState().parts, { kind: 'row', row, weight }));
}

export function setPercent(wanted: number, remember = true): void {
  const percent = clampPercent(wanted);
  const { field } = getState();
  setState(field ? { percent, level: levelOfPercent(field, percent) } : { percent });
  if (remember) {
    writeUrlSoon();
  }
}

export function setBase(base: Base): void {
  setState({ base });
  writeUrl('replace');
}

export function setProjection(projection: Projection): void {
  setState({ projection });
  writeUrl('replace');
}

export function setTheme(theme: Theme): void {
  setState({ theme });
  writeUrl('replace');
}

export function setPicking(picking: boolean): void {
  setState({ picking });
}

export function pointAt(row: number | null): void {
  if (getState().pointed !== row) {
    setState({ pointed: row });
  }
}

let flights = 0;

export function showWholeWorld(): void {
  flights += 1;
  setState({ flight: { place: null, stamp: flights } });
}

/** Open the card of a tile, and fly there if asked. */
export function select(row: number, fly: boolean): void {
  const { positions } = getState();
  if (!positions) {
    return;
  }
  const lon = positions[2 * row]!;
  const lat = positions[2 * row + 1]!;
  setState({ selected: row });
  if (fly) {
    flights += 1;
    setState({ flight: { place: { lon, lat }, stamp: flights } });
  }
}

export function closeTile(): void {
  setState({ selected: null });
}
