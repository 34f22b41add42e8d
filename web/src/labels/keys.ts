/**
 * Keys: R and W mark the tile that the keyboard is on (in a card, a row of the table, the tile's
 * own card). Ctrl+Z and Ctrl+Shift+Z undo and redo labels that were changed since the question was
 * asked; before that they step through questions (help/steps.ts), as things were done.
 */
import { useEffect } from 'react';
import { singleKeysOn } from '../help/shortcuts';
import { getState } from '../state';
import { redoLabels, toggleMark, undoLabels } from './mark';
import { getSession } from './session';

/** Whether keys make text there; buttons and boxes to tick take none. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const types = ['checkbox', 'radio', 'range', 'button', 'submit', 'file'];
  const isField = target instanceof HTMLInputElement && !types.includes(target.type);
  return isField || target.isContentEditable || target.matches('textarea, select');
}

function rowOf(target: EventTarget | null): number | null {
  const within = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;
  const row = within?.dataset.row ?? '';
  return /^\d+$/.test(row) ? Number(row) : null;
}

/** Undo or redo labels, unless a question was asked since. */
function stepByKey(event: KeyboardEvent, isRedo: boolean): void {
  const { past, future } = getSession();
  const last = (isRedo ? future : past).at(-1);
  if (last?.step === getState().step) {
    event.preventDefault();
    (isRedo ? redoLabels : undoLabels)();
  }
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || isTyping(event.target)) {
    return;
  }
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z' || (key === 'y' && !event.shiftKey)) {
      stepByKey(event, event.shiftKey || key === 'y');
    }
    return;
  }
  const row = rowOf(event.target);
  if (singleKeysOn() && row !== null && !event.shiftKey && (key === 'r' || key === 'w')) {
    event.preventDefault();
    toggleMark(row, key === 'r' ? 1 : -1);
  }
}

export function useLabelKeys(): void {
  useEffect(() => {
    // Before the keys of the whole page, which leave alone what was dealt with here.
    window.addEventListener('keydown', press, { capture: true });
    return () => window.removeEventListener('keydown', press, { capture: true });
  }, []);
}
