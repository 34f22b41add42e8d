/** One thing is taken away at a time: how far it is, what went wrong, how it ended. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { toProblem, wasAborted } from '../api';

export interface Taking {
  /** What is being made; null when nothing is. */
  what: string | null;
  bytes: number;
  /** Zero while the server has not said. */
  total: number;
  /** What was done, in words. */
  done: string;
  /** What went wrong, in words. */
  wrong: string;
}

export type Work = (
  signal: AbortSignal,
  arrived: (bytes: number, total: number) => void,
) => Promise<string>;

const IDLE: Taking = { what: null, bytes: 0, total: 0, done: '', wrong: '' };

function wordsOf(error: unknown): string {
  if (error instanceof Error && error.constructor === Error) {
    return error.message; // of the page's own
  }
  const { detail, hint } = toProblem(error);
  return [detail, hint].filter(Boolean).join(' ');
}

/** `run` begins something new, which ends what was under way; its words are told at the end. */
export function useTaking(): Taking & {
  run: (what: string, work: Work) => void;
  cancel: (told: string) => void;
} {
  const [taking, setTaking] = useState(IDLE);
  const running = useRef<AbortController>(null);

  useEffect(() => () => running.current?.abort(), []);

  const cancel = useCallback((told: string) => {
    running.current?.abort();
    running.current = null;
    setTaking({ ...IDLE, done: told });
  }, []);

  const run = useCallback((what: string, work: Work) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setTaking({ ...IDLE, what });
    const isOwn = (): boolean => running.current === controller;
    const arrived = (bytes: number, total: number): void => {
      if (isOwn()) {
        setTaking({ ...IDLE, what, bytes, total });
      }
    };
    work(controller.signal, arrived).then(
      (done) => isOwn() && setTaking({ ...IDLE, done }),
      (error: unknown) => {
        if (isOwn() && !wasAborted(error)) {
          setTaking({ ...IDLE, wrong: wordsOf(error) });
        }
      },
    );
  }, []);
  return { ...taking, run, cancel };
}
