/**
 * Drawing an area on the map with the pointer or a finger: a box by dragging, a polygon by its
 * corners. Enter, a double click or a click on the first corner ends a polygon, Backspace takes
 * its last corner back, Escape stops. `state.drawing` says whether and what for.
 */
import type { Map as MapLibreMap, MapMouseEvent, MapTouchEvent } from 'maplibre-gl';
import { setDrawing } from '../actions/view';
import { takeShape } from '../filters/shape';
import { getState, watch, type Drawing } from '../state';
import { boxOf, boxRing, ringOf, type Corner, unwound } from './drawn';
import { put } from './put';

type PointerOnMap = MapMouseEvent | MapTouchEvent;

const SOURCE = 'drawn';
/** Colour of what is being drawn. */
const INK = '#f0b429';
/** Drags shorter than this are slips of the hand, in CSS pixels. */
const SLIP_PX = 5;
/** A click so near the first or the last corner means that corner, in CSS pixels. */
const NEAR_PX = 12;
/** Fewest corners of a polygon. */
const FEWEST = 3;

interface Polygon {
  finish: () => void;
  back: () => void;
}

/** The polygon that is being drawn. */
let polygon: Polygon | null = null;

/** End the polygon that is being drawn, as Enter does. */
export function finishDrawing(): void {
  polygon?.finish();
}

/** Take its last corner back, as Backspace does. */
export function takeCornerBack(): void {
  polygon?.back();
}

/** Draw on this map from now on whenever `state.drawing` says so; gives back what ends it. */
export function startDrawing(map: MapLibreMap): () => void {
  addLayers(map);
  let stop: (() => void) | null = null;

  function follow(drawing: Drawing | null): void {
    stop?.();
    stop = drawing ? listen(map, drawing) : null;
  }

  follow(getState().drawing);
  const ending = watch('drawing', follow);
  return () => {
    ending();
    stop?.();
  };
}

function addLayers(map: MapLibreMap): void {
  map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({
    id: 'drawn-fill',
    type: 'fill',
    source: SOURCE,
    paint: { 'fill-color': INK, 'fill-opacity': 0.16 },
  });
  map.addLayer({
    id: 'drawn-line',
    type: 'line',
    source: SOURCE,
    paint: { 'line-color': INK, 'line-width': 2 },
  });
  map.addLayer({
    id: 'drawn-corners',
    type: 'circle',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 4.5,
      'circle-color': INK,
      'circle-stroke-color': '#1a1205',
      'circle-stroke-width': 1.5,
    },
  });
}

function show(map: MapLibreMap, corners: Corner[], ring: Corner[]): void {
  const geometries: GeoJSON.Geometry[] = corners.map((coordinates) => ({
    type: 'Point',
    coordinates,
  }));
  if (ring.length > FEWEST) {
    geometries.push({ type: 'Polygon', coordinates: [ring] });
  } else if (ring.length > 1) {
    geometries.push({ type: 'LineString', coordinates: ring });
  }
  const features = geometries.map((geometry) => ({
    type: 'Feature' as const,
    properties: {},
    geometry,
  }));
  put(map, SOURCE, { type: 'FeatureCollection', features });
}

/** Take the pointer over; gives back what returns it. */
function listen(map: MapLibreMap, drawing: Drawing): () => void {
  const holder = map.getCanvasContainer();
  const canvas = map.getCanvas();
  const wasTwoFingered = map.cooperativeGestures.isEnabled();
  const wasTouch = holder.style.touchAction;
  map.doubleClickZoom.disable();
  map.boxZoom.disable();
  map.cooperativeGestures.disable();
  canvas.style.cursor = 'crosshair';
  const release = drawing.shape === 'box' ? drawBox(map, drawing) : drawPolygon(map, drawing);
  return () => {
    release();
    show(map, [], []);
    map.doubleClickZoom.enable();
    map.boxZoom.enable();
    if (wasTwoFingered) {
      map.cooperativeGestures.enable();
    }
    holder.style.touchAction = wasTouch;
    canvas.style.cursor = '';
  };
}

/** The place under the pointer, on the turn of the globe that is nearest to the one before. */
function cornerAt({ lngLat }: PointerOnMap, before: Corner | undefined): Corner {
  return unwound([lngLat.lng, Math.max(-90, Math.min(90, lngLat.lat))], before);
}

function onKeys(keys: Record<string, () => void>): () => void {
  function press(event: KeyboardEvent): void {
    const isTyping = event.target instanceof Element && event.target.matches('input, textarea');
    const act = keys[event.key];
    if (act && (!isTyping || event.key === 'Escape')) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }
  document.addEventListener('keydown', press, true);
  return () => document.removeEventListener('keydown', press, true);
}

function drawBox(map: MapLibreMap, drawing: Drawing): () => void {
  let start: Corner | null = null;
  let end: Corner | null = null;
  let from = { x: 0, y: 0 };
  const holder = map.getCanvasContainer();
  holder.style.touchAction = 'none';
  map.dragPan.disable();

  function down(event: PointerOnMap): void {
    if ('points' in event && event.points.length > 1) {
      start = null;
      return;
    }
    event.preventDefault();
    start = cornerAt(event, undefined);
    end = start;
    from = event.point;
  }

  function move(event: PointerOnMap): void {
    if (start && end) {
      event.preventDefault();
      end = cornerAt(event, end);
      show(map, [start, end], boxRing(boxOf(start, end)));
    }
  }

  function up(event: PointerOnMap): void {
    const isSlip = Math.hypot(event.point.x - from.x, event.point.y - from.y) < SLIP_PX;
    if (start && end && !isSlip) {
      takeShape({ bbox: boxOf(start, end) }, drawing.purpose);
    } else {
      show(map, [], []);
    }
    start = null;
  }

  /** The button was let go beside the map. */
  function outside(): void {
    if (start && end) {
      takeShape({ bbox: boxOf(start, end) }, drawing.purpose);
    }
  }

  function cancel(): void {
    start = null;
    show(map, [], []);
  }

  map.on('mousedown', down);
  map.on('mousemove', move);
  map.on('mouseup', up);
  window.addEventListener('mouseup', outside);
  map.on('touchstart', down);
  map.on('touchmove', move);
  map.on('touchend', up);
  map.on('touchcancel', cancel);
  const keysOff = onKeys({ Escape: () => setDrawing(null) });
  return () => {
    map.off('mousedown', down);
    map.off('mousemove', move);
    map.off('mouseup', up);
    window.removeEventListener('mouseup', outside);
    map.off('touchstart', down);
    map.off('touchmove', move);
    map.off('touchend', up);
    map.off('touchcancel', cancel);
    keysOff();
    map.dragPan.enable();
  };
}

function drawPolygon(map: MapLibreMap, drawing: Drawing): () => void {
  const corners: Corner[] = [];

  function isNear(corner: Corner | undefined, { point }: PointerOnMap): boolean {
    const there = corner && map.project(corner);
    return there !== undefined && Math.hypot(there.x - point.x, there.y - point.y) < NEAR_PX;
  }

  function finish(): void {
    if (corners.length >= FEWEST) {
      const area = { type: 'Polygon' as const, coordinates: [ringOf(corners)] };
      takeShape({ area }, drawing.purpose);
    }
  }

  function click(event: MapMouseEvent): void {
    if (corners.length >= FEWEST && isNear(corners[0], event)) {
      finish();
    } else if (!isNear(corners.at(-1), event)) {
      corners.push(cornerAt(event, corners.at(-1)));
      show(map, corners, corners);
    }
  }

  function move(event: MapMouseEvent): void {
    const last = corners.at(-1);
    if (last) {
      const next = cornerAt(event, last);
      show(map, corners, corners.length > 1 ? [...corners, next, corners[0]!] : [last, next]);
    }
  }

  function end(event: MapMouseEvent): void {
    event.preventDefault(); // not a zoom
    finish();
  }

  function back(): void {
    corners.pop();
    show(map, corners, corners);
  }

  polygon = { finish, back };
  map.on('click', click);
  map.on('dblclick', end);
  map.on('mousemove', move);
  const keysOff = onKeys({
    Escape: () => setDrawing(null),
    Enter: finish,
    Backspace: back,
  });
  return () => {
    polygon = null;
    map.off('click', click);
    map.off('dblclick', end);
    map.off('mousemove', move);
    keysOff();
  };
}
