/**
 * Names on the map, from the server's own table: seas, land, cities, and countries for who asks.
 *
 * The style has no `glyphs`, so MapLibre draws the letters with fonts that are here. The better known
 * come first; a name that would touch another is left out. Country names are off unless chosen:
 * borders and names are as Natural Earth has them, and not everybody agrees.
 */
import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  Map as MapLibreMap,
  SymbolLayerSpecification,
} from 'maplibre-gl';
import type { Names } from '../url';

const SOURCE = 'names';
const DOT = 'city-dot';
const PLAIN = ['Inter Variable', 'Noto Sans'];
/** MapLibre takes weight and slant out of the first name, and the letters from the next. */
const SLANTED = ['Inter Variable Italic', ...PLAIN];
const STRONG = ['Inter Variable Medium', ...PLAIN];

const WATER = [
  'ocean', 'sea', 'gulf', 'bay', 'strait', 'channel', 'sound', 'lake', 'reservoir', 'river',
]; // prettier-ignore
/** Kinds that have layers of their own, or say nothing that the map does not show. */
const APART = [...WATER, 'city', 'country', 'continent'];

/** Zooms from which names of a rank are shown; 1 is best known. Beyond the last: never. */
const CITY_ZOOMS = [2.4, 3.1, 4, 4.8, 5.6, 6.4, 7.2];
const WATER_ZOOMS = [0, 2.2, 3, 3.8, 4.6, 5.4, 6.2, 7, 7.8];
const LAND_ZOOMS = [2.2, 3.2, 3.8, 4.8, 5.6, 6.4, 7.2, 8];
const COUNTRY_ZOOMS = [2, 2.8, 3.4, 4, 4.6, 5.2];

interface Ink {
  water: string;
  land: string;
  city: string;
  halo: string;
}

const INKS: Record<'dark' | 'light' | 'imagery', Ink> = {
  dark: { water: '#7fa9c9', land: '#b7c4ce', city: '#e6edf2', halo: '#08111a' },
  light: { water: '#3b6b8f', land: '#5a6670', city: '#1d2a35', halo: '#ffffff' },
  imagery: { water: '#b9dcf5', land: '#e3e9e2', city: '#ffffff', halo: '#02060f' },
};

/** Whether a name's rank may be shown at the zoom. */
export function rankFilter(zooms: readonly number[]): ExpressionSpecification {
  const steps = zooms.flatMap((zoom, index) => [zoom, index + 1]);
  return ['<=', ['get', 'rank'], ['step', ['zoom'], 0, ...steps]] as ExpressionSpecification;
}

function names(
  id: string,
  filter: ExpressionSpecification,
  zooms: readonly number[],
  layout: SymbolLayerSpecification['layout'],
): SymbolLayerSpecification {
  return {
    id,
    type: 'symbol',
    source: SOURCE,
    filter: ['all', filter, rankFilter(zooms)] as FilterSpecification,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': PLAIN,
      'text-padding': 6,
      'text-max-width': 7,
      'symbol-sort-key': ['get', 'rank'],
      visibility: 'none', // until the dot is there
      ...layout,
    },
    paint: { 'text-halo-width': 1.3, 'text-opacity': 0.9 },
  };
}

/** Sizes by rank at a low and a high zoom, in CSS pixels. */
function sizes(first: number, last: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['get', 'rank'], 1, first, 6, last];
}

/** The layers, in the order in which they give way: the last ones come first. */
export const NAME_LAYERS: LayerSpecification[] = [
  names('names-land', ['!', ['in', ['get', 'kind'], ['literal', APART]]], LAND_ZOOMS, {
    'text-font': SLANTED,
    'text-size': sizes(12.5, 10.5),
    'text-letter-spacing': 0.04,
  }),
  names('names-water', ['in', ['get', 'kind'], ['literal', WATER]], WATER_ZOOMS, {
    'text-font': SLANTED,
    'text-size': sizes(13.5, 10.5),
    'text-letter-spacing': 0.06,
  }),
  names('names-city', ['==', ['get', 'kind'], 'city'], CITY_ZOOMS, {
    'text-size': sizes(12.5, 11),
    'icon-image': DOT,
    'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
    'text-radial-offset': 0.5,
    'text-justify': 'auto',
  }),
  names('names-country', ['==', ['get', 'kind'], 'country'], COUNTRY_ZOOMS, {
    'text-font': STRONG,
    'text-size': sizes(13, 11),
    'text-transform': 'uppercase',
    'text-letter-spacing': 0.08,
  }),
];

export function namesSource(url: string) {
  return { [SOURCE]: { type: 'geojson' as const, data: url } };
}

/** A white dot that MapLibre colours: a disc as a signed distance field. */
export function addDot(map: MapLibreMap): void {
  if (map.hasImage(DOT)) {
    return;
  }
  const side = 16;
  const data = new Uint8Array(4 * side * side);
  for (let index = 0; index < side * side; index += 1) {
    const [x, y] = [(index % side) - 7.5, Math.floor(index / side) - 7.5];
    const inside = 4 - Math.hypot(x, y);
    data[4 * index + 3] = Math.max(0, Math.min(255, 192 + inside * 24));
  }
  map.addImage(DOT, { width: side, height: side, data }, { sdf: true, pixelRatio: 2 });
}

/** Show or hide, in the colours of a ground. */
export function applyNames(map: MapLibreMap, shown: Names, ground: keyof typeof INKS): void {
  const ink = INKS[ground];
  for (const { id } of NAME_LAYERS) {
    const isShown = id === 'names-country' ? shown === 'countries' : shown !== 'none';
    map.setLayoutProperty(id, 'visibility', isShown ? 'visible' : 'none');
    map.setPaintProperty(id, 'text-halo-color', ink.halo);
  }
  map.setPaintProperty('names-water', 'text-color', ink.water);
  map.setPaintProperty('names-land', 'text-color', ink.land);
  map.setPaintProperty('names-city', 'text-color', ink.city);
  map.setPaintProperty('names-city', 'icon-color', ink.city);
  map.setPaintProperty('names-city', 'icon-halo-color', ink.halo);
  map.setPaintProperty('names-city', 'icon-halo-width', 1.5);
  map.setPaintProperty('names-country', 'text-color', ink.land);
}
