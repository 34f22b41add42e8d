/** Projects as files: save what there is, open what was saved here, by `eex feedback`, or elsewhere. */
import { askRecipe, openRecipe } from '../actions';
import { writeUrl } from '../actions/address';
import * as api from '../api';
import { saveAs } from '../download';
import { t } from '../i18n';
import { jumpTo } from '../map/link';
import { DEFAULT_QUERY, queryIn, toRecord } from '../query';
import { getState, setState } from '../state';
import type { LabelsRead, LooseQuery } from '../types';
import { readView, writeView, type View } from '../url';
import { keepNow } from './keep';
import { countsOf } from './mark';
import {
  hasLabels,
  notesIn,
  peek,
  roundsRead,
  setNamed,
  toGeoJson,
  withPictures,
  type Tile,
} from './project';
import { getSession, setSession, stepNow } from './session';

/** Tiles whose names are asked for at once. */
const AT_ONCE = 6;

const ids = new Map<string, string>();

/** The names of tiles; those of results are known, others are asked for once. */
async function idsOf(set: string, rows: number[]): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { row, id } of getState().answer?.results ?? []) {
    ids.set(`${set} ${row}`, id);
  }
  const waiting = rows.filter((row) => !ids.has(`${set} ${row}`));
  const next = async (): Promise<void> => {
    for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
      ids.set(`${set} ${row}`, (await api.getTile(set, row)).id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  rows.forEach((row) => found.set(row, ids.get(`${set} ${row}`)!));
  return found;
}

async function tilesOf(rows: number[]): Promise<Map<number, Tile>> {
  const { set, positions, answer } = getState();
  const names = await idsOf(set, rows);
  const results = new Map(answer?.results.map((result) => [result.row, result]));
  return new Map(
    rows.map((row) => {
      const result = results.get(row);
      const lon = Number((result?.lon ?? positions![2 * row]!).toFixed(6));
      const lat = Number((result?.lat ?? positions![2 * row + 1]!).toFixed(6));
      const tile: Tile = { id: names.get(row)!, lon, lat };
      if (!result) {
        return [row, tile];
      }
      const { score, rank, time } = result;
      return [row, { ...tile, score, rank, ...(time ? { time } : {}) }];
    }),
  );
}

/** How the answer is shown, as a query string. */
function viewString(view: View): string {
  return writeView({ ...view, ...DEFAULT_QUERY });
}

/** Write labels, rounds, question and view into a file. What goes wrong is thrown. */
export async function saveProject(): Promise<void> {
  const state = getState();
  const { info, labels, parts } = state;
  if (!info) {
    return;
  }
  const tiles = await tilesOf([...labels.keys()]);
  const { notes, start, rounds, at } = getSession();
  const recipe = parts.length > 0 ? (toRecord(queryIn(state)) as LooseQuery) : null;
  const view = viewString(state);
  const record = toGeoJson(
    {
      info,
      labels,
      notes,
      start: start ?? (rounds.length === 1 ? recipe : null),
      rounds,
      at,
      recipe,
      view,
    },
    tiles,
  );
  const text = `${JSON.stringify(record, null, 1)}\n`;
  saveAs(new Blob([text], { type: 'application/geo+json' }), `${info.name}-labels.geojson`);
  if (getState().labels === labels) {
    setSession({ isSaved: true, said: t('Saved {counts}.', { counts: countsOf(labels) }) });
    keepNow();
  }
}

/** The set that a file of labels is for: the one it names, else the one that is shown. */
function setFor(named: string | null): string | null {
  const { sets, info, set } = getState();
  if (!named || named === info?.id) {
    return set;
  }
  return sets.find(({ id, name }) => id === named || name === named)?.name ?? null;
}

/** Show what a file says: view and question first, then labels, as a new set drops older ones. */
async function show(set: string, read: LabelsRead, told: ReturnType<typeof peek>): Promise<void> {
  const rounds = roundsRead(read);
  const { at, start } = read;
  const view = typeof told?.view === 'string' ? readView(told.view) : null;
  if (view) {
    const { camera: _, selected: __, lang: ___, ...shown } = view;
    setState({ ...shown, ...queryIn(getState()) }); // the language stays the reader's own
  }
  const asked = told?.recipe ?? rounds[at]?.query ?? start;
  if (asked || set !== getState().set) {
    await askRecipe(asked ? { ...withPictures(asked, start), set } : { set });
  }
  if (view?.camera) {
    jumpTo(view.camera);
  }
  const before = getState().labels;
  const past = before.size > 0 ? [...getSession().past, stepNow()] : []; // to undo the opening
  const labels = rounds[at]?.labels ?? new Map();
  setState({ labels, ...(view ? { camera: view.camera, selected: view.selected } : {}) });
  writeUrl('replace');
  const said = t('Opened: {counts}.', { counts: countsOf(labels) });
  const notes = told ? notesIn(told, read) : new Map();
  setSession({ notes, start, rounds, at, past, future: [], isSaved: true, said });
  keepNow();
  const { answer } = getState();
  if (answer && read.messages.length > 0) {
    setState({ answer: { ...answer, messages: [...read.messages, ...answer.messages] } });
  }
}

function refuse(title: string, detail: string, hint: string): void {
  const problem = {
    title,
    detail,
    hint,
    status: 422,
    code: 'not-opened',
    concepts: [],
    places: [],
  };
  setState({ phase: 'failed', problem });
}

/** Open a project, labels of other tools, a recipe, or an answer that keeps one. */
export async function openFile(file: Blob): Promise<void> {
  const told = peek(await file.text());
  if (!told || !hasLabels(told)) {
    await openRecipe(file);
    return;
  }
  const named = setNamed(told);
  const set = setFor(named);
  if (!set) {
    refuse(
      t('Not opened'),
      t('These labels are of the set {name}, which is not served here.', { name: named ?? '' }),
      t('Serve that set, or choose it where it is served.'),
    );
    return;
  }
  try {
    await show(set, await api.readLabels(set, file), told);
  } catch (error) {
    setState({ phase: 'failed', problem: { ...api.toProblem(error), title: t('Not opened') } });
  }
}
