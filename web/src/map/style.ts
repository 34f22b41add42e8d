/** The base map: Natural Earth shapes from our own files, a graticule, Blue Marble from the API. */
import type { ExpressionSpecification, Map as MapLibreMap, StyleSpecification } from 'maplibre-gl';
import { basemapUrl, namesUrl } from '../api';
import type { Base, Names, Projection } from '../url';
import { graticule } from './graticule';
import { addDot, applyNames, NAME_LAYERS, namesSource } from './names';
import type { Paint } from './points';

/** Radius of the rings around the best tiles when the whole world is in view, in CSS pixels. */
const RING_PX = 5.5;

export function basemapFile(name: 'land' | 'borders', scale: '110m' | '50m'): string {
  return new URL(`basemap/${name}-${scale}.geojson`, document.baseURI).href;
}

interface Palette {
  sea: string;
  land: string;
  coast: string;
  border: string;
  graticule: string;
  ring: string;
  halo: string;
  tiles: Paint;
}

const DARK: Palette = {
  sea: '#0a141d',
  land: '#17242f',
  coast: '#2c4152',
  border: '#2b3d4c',
  graticule: '#14222d',
  ring: '#ffffff',
  halo: '#08111a',
  tiles: {
    ramp: 'dark',
    rest: [122, 152, 178],
    restAlpha: 0.34,
    alpha: 0.95,
    near: 0.85,
    least: 2.6,
  },
};

const LIGHT: Palette = {
  sea: '#dce7ee',
  land: '#f8f7f3',
  coast: '#b8c5cd',
  border: '#d6d5cd',
  graticule: '#cfdce5',
  ring: '#10202c',
  halo: '#ffffff',
  tiles: {
    ramp: 'light',
    rest: [104, 124, 142],
    restAlpha: 0.34,
    alpha: 0.92,
    near: 0.85,
    least: 2.6,
  },
};

/** Over imagery the faint tiles would only blur it, and bright colours read best. */
const IMAGERY: Palette = {
  ...DARK,
  sea: '#02060f',
  border: '#ffffff',
  graticule: '#ffffff',
  tiles: { ramp: 'dark', rest: [255, 255, 255], restAlpha: 0, alpha: 0.88, near: 0.6, least: 2.6 },
};

export function paletteOf(base: Base, dark: boolean, isDifference = false): Palette {
  const usual = base !== 'vector' ? IMAGERY : dark ? DARK : LIGHT;
  const ramp = dark || base !== 'vector' ? 'apart-dark' : 'apart-light';
  return isDifference ? { ...usual, tiles: { ...usual.tiles, ramp } } : usual;
}

export const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The whole style; looks() sets what depends on theme and base map. */
export function makeStyle(projection: Projection): StyleSpecification {
  return {
    version: 8,
    projection: { type: projection },
    sources: {
      land: { type: 'geojson', data: basemapFile('land', '110m'), attribution: 'Natural Earth' },
      borders: { type: 'geojson', data: basemapFile('borders', '110m') },
      graticule: { type: 'geojson', data: graticule() },
      bluemarble: {
        type: 'raster',
        tiles: [basemapUrl()],
        tileSize: 256,
        maxzoom: 4,
        attribution: 'NASA Blue Marble',
      },
      ...namesSource(namesUrl()),
      best: { type: 'geojson', data: EMPTY },
      marks: { type: 'geojson', data: EMPTY },
      chosen: { type: 'geojson', data: EMPTY },
    },
    layers: [
      { id: 'sea', type: 'background' },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-antialias': false } },
      {
        id: 'bluemarble',
        type: 'raster',
        source: 'bluemarble',
        layout: { visibility: 'none' },
        paint: { 'raster-fade-duration': 0, 'raster-brightness-max': 0.82 },
      },
      { id: 'graticule', type: 'line', source: 'graticule' },
      { id: 'coast', type: 'line', source: 'land', paint: { 'line-width': 0.7 } },
      { id: 'borders', type: 'line', source: 'borders' },
      ...NAME_LAYERS,
      {
        id: 'best-halo',
        type: 'circle',
        source: 'best',
        paint: { 'circle-opacity': 0, 'circle-stroke-width': 3.4, 'circle-stroke-opacity': 0.7 },
      },
      {
        id: 'best',
        type: 'circle',
        source: 'best',
        paint: { 'circle-opacity': 0, 'circle-stroke-width': 1.6 },
      },
      {
        id: 'marks',
        type: 'circle',
        source: 'marks',
        paint: {
          'circle-radius': 5,
          'circle-color': ['match', ['get', 'higher'], 'main', '#ff9d2e', '#3d9be9'],
          'circle-stroke-width': 2,
          'circle-stroke-color': '#ffffff',
        },
      },
      {
        id: 'chosen',
        type: 'circle',
        source: 'chosen',
        paint: {
          'circle-opacity': 0,
          'circle-stroke-width': 3.5,
          'circle-stroke-color': '#27d3b4',
        },
      },
    ],
  };
}

/** Rings grow as one goes nearer; the one that is pointed at is twice as large. */
function ringRadius(): ExpressionSpecification {
  const stops = [
    [-0.5, 0.55],
    [1, 1],
    [5, 1.8],
  ].flatMap(([zoom, factor]) => {
    const px = RING_PX * factor!;
    return [zoom, ['case', ['get', 'pointed'], 2 * px, px]];
  });
  return ['interpolate', ['linear'], ['zoom'], ...stops] as ExpressionSpecification;
}

/** Colour the map for a base map and a theme. */
export function applyLooks(map: MapLibreMap, base: Base, dark: boolean, names: Names): void {
  const colours = paletteOf(base, dark);
  const imagery = base !== 'vector';
  addDot(map);
  applyNames(map, names, imagery ? 'imagery' : dark ? 'dark' : 'light');
  map.setLayoutProperty('bluemarble', 'visibility', base === 'bluemarble' ? 'visible' : 'none');
  map.setPaintProperty('sea', 'background-color', colours.sea);
  map.setPaintProperty('land', 'fill-color', imagery ? '#101c16' : colours.land);
  map.setPaintProperty('coast', 'line-color', colours.coast);
  map.setPaintProperty('coast', 'line-opacity', imagery ? 0 : 1);
  map.setPaintProperty('borders', 'line-color', colours.border);
  map.setPaintProperty('borders', 'line-opacity', imagery ? 0.22 : 1);
  map.setPaintProperty('graticule', 'line-color', colours.graticule);
  map.setPaintProperty('graticule', 'line-opacity', imagery ? 0.1 : 1);
  map.setPaintProperty('graticule', 'line-width', ['case', ['get', 'main'], 1.4, 0.7]);
  map.setPaintProperty('borders', 'line-width', [
    'interpolate',
    ['linear'],
    ['zoom'],
    0,
    0.5,
    6,
    1.3,
  ]);
  for (const [layer, colour] of [
    ['best-halo', colours.halo],
    ['best', colours.ring],
  ] as const) {
    map.setPaintProperty(layer, 'circle-radius', ringRadius());
    map.setPaintProperty(layer, 'circle-stroke-color', colour);
  }
  map.setPaintProperty('chosen', 'circle-radius', 11);
}
