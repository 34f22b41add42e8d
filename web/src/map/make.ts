/** A new map with its controls, looking where the address says. */
import {
  AttributionControl,
  Map as MapLibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { t } from '../i18n';
import { getState } from '../state';
import { fittingZoom, HOME } from './camera';
import { writeDegrees } from './degrees';
import { makeStyle } from './style';

setWorkerUrl(workerUrl);

/** Name the map and its buttons, which React does not draw, in the language that is spoken now. */
export function nameMap(map: MapLibreMap): void {
  map
    .getCanvas()
    .setAttribute(
      'aria-label',
      t(
        'World map of how well every tile fits the query. Arrow keys move it, plus and minus zoom. ' +
          'The best tiles are also in the list of results.',
      ),
    );
  const names = { in: t('Zoom in'), out: t('Zoom out') };
  for (const [way, name] of Object.entries(names)) {
    const button = map.getContainer().querySelector(`.maplibregl-ctrl-zoom-${way}`);
    button?.setAttribute('aria-label', name);
    button?.setAttribute('title', name);
  }
}

export function makeMap(container: HTMLElement): MapLibreMap {
  const { projection, camera } = getState();
  const map = new MapLibreMap({
    container,
    style: makeStyle(projection),
    center: camera ? [camera.lon, camera.lat] : HOME,
    zoom: camera ? camera.zoom : fittingZoom(container, projection),
    maxZoom: 13,
    maxPitch: 0,
    dragRotate: false,
    attributionControl: false,
    fadeDuration: 0,
    cooperativeGestures: window.matchMedia('(pointer: coarse) and (max-width: 999px)').matches,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-right');
  map.addControl(new AttributionControl({ compact: true }), 'bottom-right');
  map.getCanvas().setAttribute('role', 'application');
  nameMap(map);
  writeDegrees(map);
  return map;
}
