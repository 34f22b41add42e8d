/**
 * A server that does not answer is asked again by itself: after a few seconds, then less often, at
 * once when the browser is online again or the page is looked at again.
 */
import { retry } from '../actions';
import { isServerThere } from '../api';
import { loadRival } from '../compare/load';
import { getState, watchValue, type State } from '../state';

const FIRST_WAIT_MS = 4_000;
const LONGEST_WAIT_MS = 30_000;

function isCutOff({ problem, rival }: State): boolean {
  return problem?.code === 'unreachable' || rival?.problem?.code === 'unreachable';
}

function askAgain(): void {
  const { problem, rival } = getState();
  if (problem?.code === 'unreachable') {
    retry();
  }
  if (rival?.problem?.code === 'unreachable') {
    void loadRival();
  }
}

/** Watch the connection until the function that is returned is called. */
export function keepConnected(): () => void {
  let timer = 0;
  let wait = FIRST_WAIT_MS;

  async function look(): Promise<void> {
    window.clearTimeout(timer);
    if (!isCutOff(getState())) {
      wait = FIRST_WAIT_MS;
    } else if (await isServerThere()) {
      wait = FIRST_WAIT_MS;
      askAgain();
    } else {
      wait = Math.min(LONGEST_WAIT_MS, 2 * wait);
      timer = window.setTimeout(() => void look(), wait);
    }
  }

  const lookNow = (): void => void look();
  const stop = watchValue(isCutOff, (isLost) => {
    window.clearTimeout(timer);
    if (isLost) {
      timer = window.setTimeout(lookNow, wait);
    }
  });
  window.addEventListener('online', lookNow);
  document.addEventListener('visibilitychange', lookNow);
  return () => {
    stop();
    window.clearTimeout(timer);
    window.removeEventListener('online', lookNow);
    document.removeEventListener('visibilitychange', lookNow);
  };
}
