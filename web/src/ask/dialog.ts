/** Whether the list of sets and models is open. */
import { useSyncExternalStore } from 'react';

let isOpen = false;
const listeners = new Set<() => void>();

export function showSets(open: boolean): void {
  isOpen = open;
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useSetsOpen(): boolean {
  return useSyncExternalStore(subscribe, () => isOpen);
}
