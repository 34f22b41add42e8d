/** Sorts the tiles of a large set off the main thread. */
import { makeGrid } from './grid';

self.addEventListener('message', ({ data }: MessageEvent<Float32Array>) => {
  const grid = makeGrid(data);
  const moved = [grid.mercator.buffer, grid.rows.buffer, grid.starts.buffer];
  self.postMessage(grid, { transfer: moved });
});
