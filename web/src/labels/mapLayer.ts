/** Labelled tiles on the map: a blue disc with a tick, an orange diamond with a cross. */
import type { Map as MapLibreMap } from 'maplibre-gl';
import { put } from '../map/put';
import { getState, sideOf, watchValue, type Labels, type WhichSide } from '../state';
import type { Value } from './session';

const SOURCE = 'labels';

/** Side of a sign, CSS pixels; drawn twice as fine. */
const SIDE = 20;
const FINE = 2;

const COLOURS: Record<Value, string> = { 1: '#1d65c9', [-1]: '#b34700' };

/** A path in units of the sign's half side, from its middle. */
const SHAPES: Record<Value, (pen: CanvasRenderingContext2D) => void> = {
  1: (pen) => pen.arc(0, 0, 0.78, 0, 2 * Math.PI),
  [-1]: (pen) => {
    pen.moveTo(0, -0.92);
    pen.lineTo(0.92, 0);
    pen.lineTo(0, 0.92);
    pen.lineTo(-0.92, 0);
    pen.closePath();
  },
};

const STROKES: Record<Value, [number, number][][]> = {
  1: [
    [
      [-0.34, 0.03],
      [-0.08, 0.3],
      [0.36, -0.26],
    ],
  ],
  [-1]: [
    [
      [-0.26, -0.26],
      [0.26, 0.26],
    ],
    [
      [-0.26, 0.26],
      [0.26, -0.26],
    ],
  ],
};

function drawn(value: Value): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = SIDE * FINE;
  canvas.height = SIDE * FINE;
  const pen = canvas.getContext('2d')!;
  const half = canvas.width / 2;
  pen.translate(half, half);
  pen.scale(half, half);
  pen.beginPath();
  SHAPES[value](pen);
  pen.fillStyle = COLOURS[value];
  pen.fill();
  pen.strokeStyle = '#ffffff';
  pen.lineWidth = 0.13;
  pen.stroke();
  pen.lineWidth = 0.2;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  for (const line of STROKES[value]) {
    pen.beginPath();
    line.forEach(([x, y]) => pen.lineTo(x, y));
    pen.stroke();
  }
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function features(positions: Float32Array | null, labels: Labels): GeoJSON.FeatureCollection {
  const found = [...labels].flatMap(([row, value]): GeoJSON.Feature[] => {
    if (!positions || 2 * row >= positions.length) {
      return [];
    }
    const coordinates = [positions[2 * row]!, positions[2 * row + 1]!];
    return [
      { type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { row, value } },
    ];
  });
  return { type: 'FeatureCollection', features: found };
}

/** Show the labels on a map that has loaded, until the function that comes back is called. */
export function showLabels(map: MapLibreMap, which: WhichSide): () => void {
  for (const value of [1, -1] as const) {
    map.addImage(`label${value}`, drawn(value), { pixelRatio: FINE });
  }
  map.addSource(SOURCE, { type: 'geojson', data: features(null, new Map()) });
  map.addLayer({
    id: SOURCE,
    type: 'symbol',
    source: SOURCE,
    layout: {
      'icon-image': ['concat', 'label', ['to-string', ['get', 'value']]],
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      'icon-size': ['interpolate', ['linear'], ['zoom'], 0, 0.8, 5, 1.1],
    },
  });
  const take = (): void => {
    const state = getState();
    const { positions, info } = sideOf(state, which);
    const isOwn = info?.name === state.set;
    put(map, SOURCE, features(isOwn ? positions : null, state.labels));
  };
  take();
  const stops = [
    watchValue((state) => state.labels, take),
    watchValue((state) => sideOf(state, which).positions, take),
  ];
  return () => stops.forEach((stop) => stop());
}
