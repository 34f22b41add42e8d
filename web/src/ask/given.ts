/** Files that are neither pictures nor recipes: areas. */
import { areaIn } from '../filters/parse';
import type { Given } from './GivenArea';

/** Largest file that is looked into here, bytes. */
const MAX_BYTES = 20_000_000;

/** The area in a file of plain GeoJSON; null if it is another file, such as one with a recipe. */
export async function areaOf(file: File): Promise<Given | null> {
  if (file.size > MAX_BYTES || /\.csv$/i.test(file.name)) {
    return null;
  }
  try {
    const record: unknown = JSON.parse(await file.text());
    const isOwn = record !== null && typeof record === 'object' && 'recipe' in record;
    const area = isOwn ? null : areaIn(record);
    return area && { name: file.name, area };
  } catch {
    return null;
  }
}
