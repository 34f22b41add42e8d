/** What is drawn over the tiles: rings around the best ones and around the chosen one. */
import type { Mark } from '../state';
import type { Result } from '../types';

type Points = GeoJSON.FeatureCollection<GeoJSON.Point>;

function point(lon: number, lat: number, properties: GeoJSON.GeoJsonProperties) {
  const geometry: GeoJSON.Point = { type: 'Point', coordinates: [lon, lat] };
  return { type: 'Feature' as const, properties, geometry };
}

/** Most rings on the map: more would hide the scores, and take long whenever another is pointed at. */
const RINGED = 200;

/** The best tiles, the one that is pointed at last, so that its ring lies on top. */
export function bestFeatures(results: Result[], pointed: number | null): Points {
  const on = pointed === null ? undefined : results.find(({ row }) => row === pointed);
  const ringed = results.slice(0, RINGED).filter((result) => result !== on);
  const features = (on ? [...ringed, on] : ringed).map(({ lon, lat, row, rank }) =>
    point(lon, lat, { row, rank, pointed: row === pointed }),
  );
  return { type: 'FeatureCollection', features };
}

export function chosenFeatures(positions: Float32Array | null, row: number | null): Points {
  if (!positions || row === null || 2 * row >= positions.length) {
    return { type: 'FeatureCollection', features: [] };
  }
  const feature = point(positions[2 * row]!, positions[2 * row + 1]!, { row });
  return { type: 'FeatureCollection', features: [feature] };
}

/** Where two answers differ most, by the side that ranks the place higher. */
export function markFeatures(marks: readonly Mark[]): Points {
  const features = marks.map(({ lon, lat, higher }) => point(lon, lat, { higher }));
  return { type: 'FeatureCollection', features };
}
