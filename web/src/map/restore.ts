/**
 * The browser may take the graphics context away (a driver that starts again, too many pages). What
 * MapLibre drew comes back by itself; layers of our own must be taken out before and put in again.
 */
import type { Map as MapLibreMap } from 'maplibre-gl';

/** Call back when the context goes, and when the map can be drawn on again. */
export function onContextLoss(map: MapLibreMap, gone: () => void, back: () => void): void {
  // Before MapLibre's own listener on the canvas, which would warn of a layer that it cannot keep.
  map.getContainer().addEventListener('webglcontextlost', gone, { capture: true });
  map.on('webglcontextrestored', () => {
    if (map.isStyleLoaded()) {
      back();
    } else {
      map.once('style.load', back);
    }
  });
}
