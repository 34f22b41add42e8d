/** The tiles of a set sorted into cells: at once where there are few, else in a worker. */
import { makeGrid, type Grid } from './grid';

/** Tiles that are sorted in less time than a worker takes to start. */
const FEW = 100_000;

/** Call back with the grid; what comes back stops it. */
export function gridOf(positions: Float32Array, ready: (grid: Grid) => void): () => void {
  if (positions.length / 2 <= FEW) {
    ready(makeGrid(positions));
    return () => undefined;
  }
  const worker = new Worker(new URL('./grid.worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Grid>) => {
    worker.terminate();
    ready(data);
  });
  worker.addEventListener('error', () => {
    worker.terminate();
    ready(makeGrid(positions)); // slower, and the page stands still meanwhile
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  worker.postMessage(positions);
  return () => worker.terminate();
}
