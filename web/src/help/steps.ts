/** Undo and redo are the browser's back and forward, as far as they stay on this page. */
import { followUrl } from '../actions';
import { getState, setState, stepNow } from '../state';

export function undo(): void {
  if (getState().step > 0) {
    window.history.back();
  }
}

export function redo(): void {
  const { step, lastStep } = getState();
  if (step < lastStep) {
    window.history.forward();
  }
}

/** The browser went back or forward, by whatever button. */
export function followHistory(): void {
  const step = stepNow();
  setState({ step, lastStep: Math.max(step, getState().lastStep) });
  followUrl();
}
