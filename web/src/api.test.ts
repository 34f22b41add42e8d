import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, getPositions, search, toProblem, wasAborted } from './api';
import { DEFAULT_QUERY } from './query';
import type { Query } from './types';

const query: Query = {
  ...DEFAULT_QUERY,
  parts: [{ kind: 'place', lon: 1, lat: 2, name: 'Here', weight: 1 }],
  k: 3,
};

function answer(body: unknown, status = 200, type = 'application/json'): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });
}

afterEach(() => vi.unstubAllGlobals());

describe('search', () => {
  it('sends what the server knows, and brings the scores', async () => {
    const fetching = vi.fn((url: URL) =>
      Promise.resolve(
        url.pathname.endsWith('/scores')
          ? new Response(Uint16Array.of(0, 1, 65_535).buffer)
          : answer({ id: 'a b' }),
      ),
    );
    vi.stubGlobal('fetch', fetching);
    const { scores } = await search(query);
    expect([...scores]).toEqual([0, 1, 65_535]);
    const [first, second] = fetching.mock.calls as unknown as [URL, RequestInit][];
    expect(first![0].pathname).toMatch(/\/api\/v1\/search$/);
    expect(JSON.parse(first![1].body as string).parts).toEqual([
      { kind: 'place', lon: 1, lat: 2, weight: 1 },
    ]);
    expect(second![0].pathname).toMatch(/\/api\/v1\/searches\/a%20b\/scores$/);
  });

  it('aborts the search before', async () => {
    const signals: AbortSignal[] = [];
    vi.stubGlobal('fetch', (_: URL, init: RequestInit) => {
      signals.push(init.signal!);
      return new Promise((_resolve, reject) => {
        init.signal!.addEventListener('abort', () =>
          reject(new DOMException('overtaken', 'AbortError')),
        );
      });
    });
    const first = search(query).catch((error: unknown) => error);
    void search(query).catch(() => undefined);
    expect(wasAborted(await first)).toBe(true);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });

  it('turns problem+json into an error in words', async () => {
    const problem = { detail: 'Unknown words.', code: 'not-understood', concepts: ['desert'] };
    vi.stubGlobal('fetch', () => Promise.resolve(answer(problem, 422, 'application/problem+json')));
    const error = await search(query).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(toProblem(error)).toMatchObject({ ...problem, places: [] });
  });

  it('says so when nobody answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    const error = await search(query).catch((thrown: unknown) => thrown);
    expect(toProblem(error).code).toBe('unreachable');
    expect(toProblem(error).hint).toContain('eex serve');
  });
});

describe('an answer that breaks off', () => {
  it('is a server that does not answer', async () => {
    const cut = { ok: true, json: () => Promise.reject(new TypeError('network error')) };
    vi.stubGlobal('fetch', () => Promise.resolve(cut));
    const error = await search(query).catch((thrown: unknown) => thrown);
    expect(toProblem(error).code).toBe('unreachable');
  });
});

describe('positions', () => {
  it('tell how far they are where there are many', async () => {
    const positions = Float32Array.from({ length: 400_000 }, (_, index) => index % 180);
    const headers = { 'content-length': String(positions.byteLength) };
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(positions.buffer, { headers })));
    const parts: number[] = [];
    const found = await getPositions('world', (part) => parts.push(part));
    expect(found.length).toBe(positions.length);
    expect(found.every((value, index) => value === positions[index])).toBe(true);
    expect(parts.at(-1)).toBe(1);
  });

  it('come at once where there are few', async () => {
    const few = Float32Array.of(1, 2);
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(few.buffer)));
    const arrived = vi.fn();
    expect(await getPositions('world', arrived)).toEqual(few);
    expect(arrived).not.toHaveBeenCalled();
  });
});
