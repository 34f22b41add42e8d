/**
 * Keys that do something wherever the focus is, except in fields. Single letters can be switched off
 * (WCAG 2.1.4), for people who speak to their computer or hit keys by accident.
 */
import { select, setLayout } from '../actions';
import { later } from '../i18n';
import { getState } from '../state';

export interface Shortcut {
  /** As it is shown. */
  keys: string;
  /** English words, see i18n. */
  what: string;
}

/** Undo needs Ctrl or ⌘, so it is always there; the rest can be switched off. */
export const SHORTCUTS: readonly Shortcut[] = [
  { keys: '/', what: later('Go to the words') },
  { keys: 'm', what: later('Go to the map') },
  { keys: ']', what: later('Next of the best tiles') },
  { keys: '[', what: later('The one before') },
  { keys: 'g', what: later('Gallery or table') },
  { keys: 'r', what: later('Mark the tile in focus as right') },
  { keys: 'w', what: later('Mark the tile in focus as wrong') },
  { keys: '?', what: later('This help') },
  { keys: 'Ctrl+Z', what: later('Back to the question before') },
  { keys: 'Ctrl+Shift+Z', what: later('Forward again') },
];

const KEPT_AS = 'eex-single-keys';

/** Storage may be forbidden; then the choice lasts as long as the page. */
let areOn = true;
try {
  areOn = window.localStorage.getItem(KEPT_AS) !== 'off';
} catch {
  areOn = true;
}

export function singleKeysOn(): boolean {
  return areOn;
}

export function setSingleKeys(on: boolean): void {
  areOn = on;
  try {
    window.localStorage.setItem(KEPT_AS, on ? 'on' : 'off');
  } catch {
    // Not kept: see above.
  }
}

const FIELDS =
  'input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], [role=dialog], [role=menu], [role=listbox]';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(FIELDS) !== null;
}

function focusFirst(selector: string): void {
  const found = document.querySelector<HTMLElement>(selector);
  found?.scrollIntoView({ block: 'center' });
  found?.focus();
  if (found instanceof HTMLInputElement) {
    found.select();
  }
}

/** The best tile after or before the chosen one; the first where none is chosen. */
export function stepThroughBest(step: 1 | -1): void {
  const { answer, selected } = getState();
  const rows = answer?.results.map(({ row }) => row) ?? [];
  const at = selected === null ? -1 : rows.indexOf(selected);
  const next = at < 0 ? rows[0] : rows[(at + step + rows.length) % rows.length];
  if (next !== undefined) {
    select(next, true);
  }
}

function single(key: string, openHelp: () => void): boolean {
  switch (key) {
    case '/':
      focusFirst('.query-form input');
      return true;
    case 'm':
      focusFirst('.map-area canvas');
      return true;
    case ']':
      stepThroughBest(1);
      return true;
    case '[':
      stepThroughBest(-1);
      return true;
    case 'g':
      setLayout(getState().layout === 'gallery' ? 'table' : 'gallery');
      return true;
    case '?':
      openHelp();
      return true;
    default:
      return false;
  }
}

export interface Moves {
  undo: () => void;
  redo: () => void;
  openHelp: () => void;
}

/** What a pressed key does; true if it did something. */
export function press(event: KeyboardEvent, { undo, redo, openHelp }: Moves): boolean {
  if (event.defaultPrevented || isTyping(event.target)) {
    return false;
  }
  const key = event.key.toLowerCase();
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (isCommand && (key === 'z' || key === 'y')) {
    (key === 'y' || event.shiftKey ? redo : undo)();
    return true;
  }
  // Brackets need AltGr on some keyboards, which also counts as Ctrl and Alt.
  const isPlain = event.getModifierState('AltGraph') || !(event.ctrlKey || event.altKey);
  return areOn && isPlain && !event.metaKey && single(key, openHelp);
}
