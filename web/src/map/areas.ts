/** Areas of the query, outlined on the map: solid where only tiles inside count, dashed examples. */
import type { Map as MapLibreMap } from 'maplibre-gl';
import { polygonsIn } from '../filters/parse';
import { getState, watch } from '../state';
import type { AreaGeometry, Filter, Part } from '../types';
import { boxRing, circleRing, type Corner } from './drawn';
import { put } from './put';

const SOURCE = 'areas';

/** Rings of polygons in any GeoJSON. */
function ringsIn(given: GeoJSON.GeoJSON): Corner[][] {
  return polygonsIn(given).flat() as Corner[][];
}

/** The outlines of all that a filter says of where. */
export function outlines({ bbox, area, near }: Filter): Corner[][] {
  return [
    ...(bbox ? [boxRing(bbox)] : []),
    ...(area ? ringsIn(area as AreaGeometry) : []),
    ...(near ? [circleRing(near.lon, near.lat, near.km)] : []),
  ];
}

function features(
  filter: Filter,
  parts: Part[],
): GeoJSON.FeatureCollection<GeoJSON.MultiLineString> {
  const shapes = [
    { example: false, lines: outlines(filter) },
    ...parts.map((part) => ({
      example: true,
      lines: part.kind === 'area' ? outlines(part) : [],
    })),
  ];
  return {
    type: 'FeatureCollection',
    features: shapes
      .filter(({ lines }) => lines.length > 0)
      .map(({ example, lines }) => ({
        type: 'Feature',
        properties: { example },
        geometry: { type: 'MultiLineString', coordinates: lines },
      })),
  };
}

/** Outline the areas of the query from now on; gives back what ends it. */
export function showAreas(map: MapLibreMap): () => void {
  map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({
    id: 'areas-halo',
    type: 'line',
    source: SOURCE,
    paint: { 'line-color': '#08111a', 'line-width': 4.5, 'line-opacity': 0.55 },
  });
  map.addLayer({
    id: 'areas-filter',
    type: 'line',
    source: SOURCE,
    filter: ['!', ['get', 'example']],
    paint: { 'line-color': '#5fe3cb', 'line-width': 2 },
  });
  map.addLayer({
    id: 'areas-example',
    type: 'line',
    source: SOURCE,
    filter: ['get', 'example'],
    paint: { 'line-color': '#ffd166', 'line-width': 2, 'line-dasharray': [2, 1.5] },
  });

  function paint(): void {
    const { filter, parts } = getState();
    put(map, SOURCE, features(filter, parts));
  }

  paint();
  const stops = [watch('filter', paint), watch('parts', paint)];
  return () => stops.forEach((stop) => stop());
}
