/** The question as a file, pictures included. */
import { saveAs } from '../download';
import { queryIn, toRecord } from '../query';
import { getState } from '../state';

export function saveRecipe(): void {
  const text = JSON.stringify(toRecord(queryIn(getState())), null, 2);
  saveAs(new Blob([text], { type: 'application/json' }), 'recipe.json');
}
