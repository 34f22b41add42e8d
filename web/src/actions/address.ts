/** The address bar follows the store: each question is a step back, each slider only a change. */
import { getState, setState, stepNow } from '../state';
import { entryOf } from '../entry';

/** How long the URL waits for a slider to rest; browsers limit how often it may change. */
const URL_REST_MS = 250;

let pendingUrl = 0;

export function writeUrl(kind: 'push' | 'replace'): void {
  window.clearTimeout(pendingUrl);
  const step = stepNow() + Number(kind === 'push');
  const { search, kept } = entryOf(getState(), step);
  const target = window.location.pathname + search + window.location.hash;
  if (kind === 'push') {
    window.history.pushState(kept, '', target);
    setState({ step, lastStep: step });
  } else {
    window.history.replaceState(kept, '', target);
  }
}

export function writeUrlSoon(): void {
  window.clearTimeout(pendingUrl);
  pendingUrl = window.setTimeout(() => writeUrl('replace'), URL_REST_MS);
}
