/** The record of a tile, asked for only once the pointer rests. */
import { useEffect, useState } from 'react';
import { getTile } from './api';
import { getState } from './state';
import type { TileInfo } from './types';

const REST_MS = 150;
/** Records kept; a record is about a hundred bytes. */
const KEPT = 500;

const known = new Map<string, TileInfo>();

function remember(key: string, tile: TileInfo): void {
  if (known.size >= KEPT) {
    known.clear();
  }
  known.set(key, tile);
}

export function useTile(row: number, set = getState().set): TileInfo | null {
  const key = `${set}/${row}`;
  const [, setArrived] = useState('');
  useEffect(() => {
    if (known.has(key)) {
      return undefined;
    }
    const timer = window.setTimeout(() => {
      getTile(set, row)
        .then((tile) => {
          remember(key, tile);
          setArrived(key);
        })
        .catch(() => undefined);
    }, REST_MS);
    return () => window.clearTimeout(timer);
  }, [key, row, set]);
  return known.get(key) ?? null;
}
