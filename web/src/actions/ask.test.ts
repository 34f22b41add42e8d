import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getState, NO_SIDE, setState } from '../state';
import { askWith, changeQuery, chooseSet, followUrl, start } from './ask';

const TEXT = { kind: 'text', text: 'sand', weight: 1 } as const;

/** Answers of set b; all else waits until it is aborted. */
function serve(): void {
  vi.stubGlobal('fetch', ({ pathname }: URL, { signal }: RequestInit) => {
    if (pathname.endsWith('/sets/b/positions')) {
      return Promise.resolve(new Response(Float32Array.of(1, 2).buffer));
    }
    if (pathname.endsWith('/sets/b')) {
      return Promise.resolve(Response.json({ name: 'b', examples: [], takes: [] }));
    }
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new DOMException('over', 'AbortError')));
    });
  });
}

beforeEach(() => {
  window.history.replaceState(null, '', '/?set=a');
  setState({ ...NO_SIDE, set: 'a', parts: [], draft: '', selected: null, sets: [], lang: 'en' });
  serve();
});
afterEach(() => vi.unstubAllGlobals());

describe('turning to another set', () => {
  it('ends the loading of the one before, whose end is no failure', async () => {
    const loading = start();
    await chooseSet('b');
    await loading;
    expect(getState()).toMatchObject({ set: 'b', phase: 'ready', problem: null });
  });

  it('ends the search in the one before', async () => {
    const asking = askWith({ parts: [TEXT] }, 'keep');
    await chooseSet('b');
    await asking;
    expect(getState()).toMatchObject({ set: 'b', phase: 'ready', answer: null });
  });
});

describe('going back', () => {
  it('keeps the language, and brings the tile that was chosen at once', () => {
    setState({ lang: 'zh' });
    window.history.replaceState({ step: 1 }, '', '/?set=a&text=dune&tile=5');
    followUrl();
    expect(getState()).toMatchObject({ lang: 'zh', selected: 5, draft: 'dune' });
    expect(window.location.search).toContain('lang=zh');
    expect(window.history.state).toMatchObject({ step: 1 });
  });

  it('does not choose a tile in a later question', async () => {
    window.history.replaceState(null, '', '/?set=a&text=dune&tile=5');
    followUrl();
    void askWith({ parts: [TEXT] });
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    expect(getState().selected).toBeNull();
  });
});

describe('taking the last part out', () => {
  it('empties the box of its words, not of words that were not asked yet', async () => {
    setState({ parts: [TEXT], draft: 'sand' });
    await changeQuery({ parts: [] });
    expect(getState().draft).toBe('');
    setState({ parts: [{ kind: 'row', row: 1, weight: 1 }], draft: 'typed' });
    await changeQuery({ parts: [] });
    expect(getState().draft).toBe('typed');
  });
});
