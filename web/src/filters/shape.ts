/** A shape that was drawn, typed or opened: as filter, or as example. */
import { addPart, setFilter } from '../actions/parts';
import { setDrawing } from '../actions/view';
import { getState, type Drawing } from '../state';
import type { Filter } from '../types';

/** What a filter or an example says of where; one of them. */
export type Shape = Pick<Filter, 'bbox' | 'area' | 'near'>;

/** The filter with this in place of what it said of where. */
export function withShape(filter: Filter, shape: Shape): Filter {
  const { bbox: _, area: __, near: ___, ...rest } = filter;
  return { ...rest, ...shape };
}

/** Only tiles inside from now on, or: look for what is like those inside. */
export function takeShape(shape: Shape, purpose: Drawing['purpose']): void {
  setDrawing(null);
  if (purpose === 'filter') {
    setFilter(withShape(getState().filter, shape));
  } else {
    addPart({ kind: 'area', ...shape, weight: 1 });
  }
}
