/**
 * Keys: R and W mark the tile that the keyboard is on (in a card, a row of the table, the tile's
 * own card), Ctrl+Z and Ctrl+Shift+Z undo and redo. Where one types, keys are letters.
 */
import { useEffect } from 'react';
import { redoLabels, toggleMark, undoLabels } from './mark';

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

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || isTyping(event.target)) {
    return;
  }
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z' || (key === 'y' && !event.shiftKey)) {
      event.preventDefault();
      (event.shiftKey || key === 'y' ? redoLabels : undoLabels)();
    }
    return;
  }
  const row = rowOf(event.target);
  if (row !== null && !event.shiftKey && (key === 'r' || key === 'w')) {
    event.preventDefault();
    toggleMark(row, key === 'r' ? 1 : -1);
  }
}

export function useLabelKeys(): void {
  useEffect(() => {
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
