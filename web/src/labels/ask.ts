/** Asking with labels: `POST /api/v1/feedback`; its recipe becomes what is asked. */
import { askRecipe, settle } from '../actions';
import { writeUrl } from '../actions/address';
import * as api from '../api';
import { t } from '../i18n';
import { textOf } from '../parts';
import { DEFAULT_QUERY, fromRecord, queryIn, toRecord } from '../query';
import { writeQuery } from '../queryUrl';
import { getState, setState } from '../state';
import type { LooseQuery, Part, Problem } from '../types';
import { countsOf } from './mark';
import { withPictures } from './project';
import { changeLabels, countOf, getSession, sameLabels, setSession, type Method } from './session';

/** Random tiles that stand for further wrong ones, where a classifier is asked for them. */
export const BACKGROUND = 1000;

/** What tells parts from others, to the precision of the address. */
function keyOf(parts: Part[]): string {
  const pictures = parts.filter(({ kind }) => kind === 'image').length;
  return `${writeQuery({ ...DEFAULT_QUERY, parts })}#${pictures}`;
}

/** The record to start from: what was asked before any label, with the filter that stands now. */
export function startRecord(): LooseQuery | null {
  const { start, rounds, at } = getSession();
  const query = queryIn(getState());
  const asked = rounds[at]?.query;
  if (
    start &&
    asked &&
    keyOf(fromRecord(withPictures(asked, start)).parts) === keyOf(query.parts)
  ) {
    const { parts, fusion, prompts } = fromRecord(start);
    return toRecord({ ...query, parts, fusion, prompts }) as LooseQuery;
  }
  return query.parts.length > 0 ? (toRecord(query) as LooseQuery) : null;
}

/** Ask with the labels; null, or what went wrong: the answer before stays. */
export async function askWithLabels(method: Method, background: boolean): Promise<Problem | null> {
  const { labels, set } = getState();
  const start = startRecord();
  const rowsOf = (wanted: number): number[] =>
    [...labels].filter(([, value]) => value === wanted).map(([row]) => row);
  setState({ phase: 'searching', problem: null, picking: false, drawing: null });
  document.body.dataset.ready = '0';
  try {
    const found = await api.feedback({
      set,
      positive: rowsOf(1),
      negative: rowsOf(-1),
      method,
      ...(start ? { query: start } : {}),
      ...(method === 'logistic' && background ? { background: BACKGROUND } : {}),
    });
    const { recipe } = found.answer;
    const query = fromRecord(withPictures(recipe, start));
    setState({ ...query, draft: textOf(query.parts), selected: null });
    writeUrl('push');
    const rounds = [...getSession().rounds, { labels, method, query: recipe }];
    const said = t('Asked with {counts}.', { counts: countsOf(labels) });
    setSession({ start, rounds, at: rounds.length - 1, isSaved: false, said });
    await settle(Promise.resolve(found));
    return null;
  } catch (error) {
    if (api.wasAborted(error)) {
      return null;
    }
    setState({ phase: getState().answer ? 'done' : 'ready' });
    document.body.dataset.ready = '1';
    return api.toProblem(error);
  }
}

/** Whether labels can be asked with by a method; words that say what is missing, or none. */
export function whatIsMissing(method: Method): string {
  const { labels, parts } = getState();
  if (labels.size === 0) {
    return t('Mark some tiles first.');
  }
  if (method === 'rocchio') {
    return parts.length === 0 ? t('There is no question that labels could move.') : '';
  }
  return countOf(labels, 1) === 0 ? t('Mark at least one tile as right.') : '';
}

/** Labels and answer as they were in a round; the labels that are there now can be undone to. */
export async function goToRound(number: number): Promise<void> {
  const { rounds, start } = getSession();
  const round = rounds[number];
  if (!round) {
    return;
  }
  const said = t('Round {number}: {counts}.', { number, counts: countsOf(round.labels) });
  if (sameLabels(round.labels, getState().labels)) {
    setSession({ at: number, said });
  } else {
    changeLabels(round.labels, said, { at: number });
  }
  const record = round.query ?? (number === 0 ? start : null);
  if (record) {
    await askRecipe(withPictures(record, start));
  }
}
