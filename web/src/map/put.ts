/** Small shapes on the map: what has not changed is not sent again, what is empty is not drawn. */
import type { GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl';

/** What each source of each map shows, as text. */
const shown = new WeakMap<MapLibreMap, Map<string, string>>();

/**
 * Show these shapes. Every new set of shapes costs a frame, and a layer costs time in each frame even
 * where it has nothing to show.
 */
export function put(map: MapLibreMap, name: string, data: GeoJSON.FeatureCollection): void {
  const source = map.getSource<GeoJSONSource>(name);
  const known = shown.get(map) ?? new Map<string, string>();
  shown.set(map, known);
  const before = known.get(name);
  const text = JSON.stringify(data.features);
  if (!source || text === before) {
    return;
  }
  known.set(name, text);
  source.setData(data);
  const isEmpty = data.features.length === 0;
  if (before !== undefined && isEmpty === (before === '[]')) {
    return;
  }
  for (const id of map.getLayersOrder()) {
    if (map.getLayer(id)?.source === name) {
      map.setLayoutProperty(id, 'visibility', isEmpty ? 'none' : 'visible');
    }
  }
}
