/** What a person does with the parts of the query. */
import { joinPart, wholeParts, withText } from '../parts';
import { getState, setState } from '../state';
import type { Example, Filter, Options, Part, Place } from '../types';
import { askRecipe, askWith, changeQuery } from './ask';

export function askText(typed: string): void {
  const parts = withText(getState().parts, typed);
  if (parts.length > 0) {
    void askWith({ parts });
  }
}

export function setDraft(draft: string): void {
  setState({ draft });
}

/** An example: its parts in place of those there are; filters stay. */
export function askExample({ query }: Example): void {
  const parts = wholeParts(query);
  if (query.filter || query.fusion || query.sets) {
    void askRecipe({ ...query, set: query.set ?? getState().set });
  } else {
    void askWith({ parts, fusion: null });
  }
}

/** Add a part to the query, along with the words that stand in the box. */
export function addPart(part: Part): void {
  const { parts, draft } = getState();
  void askWith({ parts: joinPart(withText(parts, draft), part) });
}

export function changePart(index: number, part: Part): void {
  void askWith({ parts: getState().parts.map((old, place) => (place === index ? part : old)) });
}

export function removePart(index: number): void {
  void changeQuery({ parts: getState().parts.filter((_, place) => place !== index) });
}

export function askPlace({ lon, lat, name }: Pick<Place, 'lon' | 'lat'> & { name?: string }): void {
  const part: Part = { kind: 'place', lon, lat, weight: 1 };
  void askWith({ parts: [name ? { ...part, name } : part] });
}

export function moreLikeThis(row: number): void {
  void askWith({ parts: [{ kind: 'row', row, weight: 1 }] });
}

/** Add a tile to the query as it stands; a negative weight means "less like this". */
export function addRow(row: number, weight: number): void {
  void askWith({ parts: joinPart(getState().parts, { kind: 'row', row, weight }) });
}

/** Only these tiles from now on. */
export function setFilter(filter: Filter): void {
  void changeQuery({ filter });
}

/** How many results, how far apart, how joined. */
export function setOptions(options: Partial<Options>): void {
  void changeQuery(options);
}
