/**
 * Maps of other hosts under the tiles: only those that the server's operator named, and only while
 * one is chosen. Nothing is asked of their hosts before.
 */
import type { Map as MapLibreMap } from 'maplibre-gl';
import type { State } from '../state';
import type { TileSource } from '../types';
import type { Base } from '../url';

const ID = 'online';
const TILE_PX = 256;

/** The base map that is shown: one that the server does not offer is the usual one. */
export function baseOf({ base, grounds }: Pick<State, 'base' | 'grounds'>): Base {
  const isKnown = base === 'bluemarble' || grounds.some(({ name }) => name === base);
  return isKnown ? base : 'vector';
}

/** Attributions are put onto the page as HTML, and these come from a setting. */
function escaped(text: string): string {
  const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (sign) => signs[sign]!);
}

/** Put a map under the tiles in place of the one before; null is none. */
export function applyGround(map: MapLibreMap, ground: TileSource | null): void {
  if (map.getLayer(ID)) {
    map.removeLayer(ID);
    map.removeSource(ID);
  }
  if (ground) {
    map.addSource(ID, {
      type: 'raster',
      tiles: [ground.url],
      tileSize: TILE_PX,
      attribution: escaped(ground.attribution),
    });
    const paint = { 'raster-fade-duration': 0, 'raster-brightness-max': 0.88 };
    map.addLayer({ id: ID, type: 'raster', source: ID, paint }, 'graticule');
  }
}

/** Whether an error of the map only says that a tile of the map from elsewhere did not come. */
export function isOfGround(event: object): boolean {
  return 'sourceId' in event && event.sourceId === ID;
}
