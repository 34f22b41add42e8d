/** What a person does with the list of the best tiles and the tile that is shown large. */
import { closeTile, select } from '../actions';
import { getState, setState } from '../state';

/** Show a tile large; it is the chosen one on the map, too. */
export function openTile(row: number): void {
  select(row, false);
  setState({ viewed: row });
}

export function closeViewer(): void {
  setState({ viewed: null });
}

/** Close the large tile and show the place on the map. */
export function showOnMap(row: number): void {
  setState({ viewed: null });
  select(row, true);
}

/** Place of a row among the results, from 0; -1 if it is none of them. */
export function placeOf(row: number | null): number {
  const { answer } = getState();
  return row === null ? -1 : (answer?.results.findIndex((result) => result.row === row) ?? -1);
}

/** Row of the next best tile, or of the one before; null where there is none. */
export function neighbour(row: number, step: 1 | -1): number | null {
  const place = placeOf(row);
  return place < 0 ? null : (getState().answer?.results[place + step]?.row ?? null);
}

/** Ask something that takes the place of the answer: what is shown large belongs to this one. */
export function leaveViewer(ask: () => void): void {
  setState({ viewed: null });
  closeTile();
  ask();
}
