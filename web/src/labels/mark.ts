/** Marking tiles: right, wrong, or no longer either; undone and done again. */
import { formatCount } from '../format';
import { t } from '../i18n';
import { getState, type Labels } from '../state';
import { changeLabels, countOf, getSession, setSession, step, type Value } from './session';

/** Most labels that can be asked with at once, and that the page keeps. */
export const MOST_LABELS = 2000;

/** "3 right, 1 wrong". */
export function countsOf(labels: Labels): string {
  return t('{right} right, {wrong} wrong', {
    right: formatCount(countOf(labels, 1)),
    wrong: formatCount(countOf(labels, -1)),
  });
}

function told(row: number, value: Value | null): string {
  if (value === null) {
    return t('Tile {row} is not marked any more.', { row });
  }
  return value === 1
    ? t('Tile {row} marked as right.', { row })
    : t('Tile {row} marked as wrong.', { row });
}

/** Say what a tile is; null takes its label off. */
export function mark(row: number, value: Value | null): void {
  const { labels } = getState();
  if (labels.get(row) === (value ?? undefined)) {
    return;
  }
  if (value !== null && !labels.has(row) && labels.size >= MOST_LABELS) {
    const count = formatCount(MOST_LABELS);
    setSession({ said: t('At most {count} tiles can be marked.', { count }) });
    return;
  }
  const next = new Map(labels);
  if (value === null) {
    next.delete(row);
  } else {
    next.set(row, value);
  }
  changeLabels(next, `${told(row, value)} ${countsOf(next)}.`);
}

/** The same label once more takes it off. */
export function toggleMark(row: number, value: Value): void {
  mark(row, getState().labels.get(row) === value ? null : value);
}

export function clearLabels(): void {
  if (getState().labels.size > 0) {
    changeLabels(new Map(), t('All labels are taken off.'));
  }
}

export function undoLabels(): void {
  if (step('undo', '')) {
    setSession({ said: t('Undone: {counts}.', { counts: countsOf(getState().labels) }) });
  }
}

export function redoLabels(): void {
  if (step('redo', '')) {
    setSession({ said: t('Done again: {counts}.', { counts: countsOf(getState().labels) }) });
  }
}

/** A few words to a label; empty words take them off. */
export function setNote(row: number, note: string): void {
  const { notes } = getSession();
  if ((notes.get(row) ?? '') !== note) {
    const next = new Map(notes);
    if (note) {
      next.set(row, note);
    } else {
      next.delete(row);
    }
    setSession({ notes: next, isSaved: false });
  }
}
