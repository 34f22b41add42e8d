/** A picture that is fetched, so that what is wrong can be told in words, and aborted when gone. */
import { useCallback, useEffect, useState } from 'react';
import { getFile, toProblem, wasAborted } from '../../api';
import type { Problem } from '../../types';

export interface Image {
  /** Address of what came; null while it is on its way, or was not to be had. */
  src: string | null;
  headers: Headers | null;
  problem: Problem | null;
  isLoading: boolean;
  again: () => void;
}

interface Came {
  wish: string;
  src: string | null;
  headers: Headers | null;
  problem: Problem | null;
}

/** Fetch the picture at an address; null fetches none. */
export function useImage(url: string | null): Image {
  const [came, setCame] = useState<Came | null>(null);
  const [round, setRound] = useState(0);
  const wish = url === null ? null : `${url}#${round}`; // what follows # is not sent
  useEffect(() => {
    if (wish === null) {
      return undefined;
    }
    const stop = new AbortController();
    let src: string | null = null;
    getFile(wish, stop.signal)
      .then(({ blob, headers }) => {
        src = URL.createObjectURL(blob);
        setCame({ wish, src, headers, problem: null });
      })
      .catch((error: unknown) => {
        if (!wasAborted(error)) {
          setCame({ wish, src: null, headers: null, problem: toProblem(error) });
        }
      });
    return () => {
      stop.abort();
      if (src) {
        URL.revokeObjectURL(src);
      }
      setCame(null);
    };
  }, [wish]);
  const again = useCallback(() => {
    setCame(null);
    setRound((old) => old + 1);
  }, []);
  const mine = came !== null && came.wish === wish ? came : null;
  return {
    src: mine?.src ?? null,
    headers: mine?.headers ?? null,
    problem: mine?.problem ?? null,
    isLoading: wish !== null && mine === null,
    again,
  };
}
