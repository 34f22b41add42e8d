/** The map, which is not React: it follows the store and reports what the pointer does. */
import {
  AttributionControl,
  Map as MapLibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type LngLat,
  type MapMouseEvent,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { addPart, pointAt, select, setCamera, setPicking } from '../actions';
import { getState, sideOf, watch, watchValue, type Side, type WhichSide } from '../state';
import {
  bringIntoView,
  fittingZoom,
  flyTo,
  goHome,
  HOME,
  showAll,
  showSet,
  turnTo,
} from './camera';
import { showAreas } from './areas';
import { startDrawing } from './draw';
import { bestFeatures, chosenFeatures, markFeatures } from './features';
import { writeDegrees } from './degrees';
import { Graticule } from './graticule';
import { hoverAt, rowUnder, type Hover } from './hover';
import { showLabels } from '../labels/mapLayer';
import { enrol, type Linked } from './link';
import { rivalRow } from '../compare/pairing';
import type { Grid } from './grid';
import { gridOf } from './gridding';
import { TileFinder } from './nearest';
import { TileLayer, type Paint } from './points';
import { applyLooks, basemapFile, makeStyle, paletteOf } from './style';

setWorkerUrl(workerUrl);

/** From this zoom on the coast is drawn in detail. */
const DETAIL_ZOOM = 2.3;
const CANVAS_LABEL =
  'World map of how well every tile fits the query. Arrow keys move it, plus and minus zoom. ' +
  'The best tiles are also in the list of results.';

/** To about 100 m. */
function round(degrees: number): number {
  return Number(degrees.toFixed(3));
}

/** Maps that are still changing. */
const busy = new Set<MapLibreMap>();

export class MapController implements Linked {
  readonly map: MapLibreMap;
  readonly which: WhichSide;
  peer: Linked | null = null;
  private readonly onHover: (hover: Hover | null) => void;
  private readonly stops: (() => void)[] = [];
  private readonly graticule: Graticule;
  private dark: boolean;
  private layer: TileLayer | null = null;
  private finder: TileFinder | null = null;
  private stopSorting: () => void = () => undefined;
  private detailed = false;
  /** Whether the first answer was shown where the address says to look. */
  private isPlaced: boolean;
  private isLoaded = false;

  constructor(
    container: HTMLElement,
    dark: boolean,
    onHover: (hover: Hover | null) => void,
    which: WhichSide = 'main',
  ) {
    this.dark = dark;
    this.onHover = onHover;
    this.which = which;
    const { projection, camera } = getState();
    this.isPlaced = camera === null;
    this.map = new MapLibreMap({
      container,
      style: makeStyle(projection),
      center: camera ? [camera.lon, camera.lat] : HOME,
      zoom: camera ? camera.zoom : fittingZoom(container, projection),
      maxZoom: 9,
      maxPitch: 0,
      dragRotate: false,
      attributionControl: false,
      fadeDuration: 0,
      cooperativeGestures: window.matchMedia('(pointer: coarse) and (max-width: 999px)').matches,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-right');
    this.map.addControl(new AttributionControl({ compact: true }), 'bottom-right');
    const canvas = this.map.getCanvas();
    canvas.setAttribute('aria-label', CANVAS_LABEL);
    canvas.setAttribute('role', 'application');
    this.graticule = new Graticule(this.map);
    writeDegrees(this.map);
    this.stops.push(enrol(this));
    this.map.on('load', () => this.start());
    this.map.on('movestart', () => this.setRest(false));
    this.map.on('dataloading', () => this.setRest(false));
    this.map.on('idle', () => this.setRest(true));
    this.map.on('zoomend', () => this.addDetail());
    this.map.on('moveend', (event) => this.remember(event.originalEvent !== undefined));
    this.map.on('mousemove', (event) => this.hover(event));
    this.map.on('mouseout', () => this.leave());
    this.map.on('movestart', () => this.onHover(null));
    this.map.on('click', (event) => this.click(event));
  }

  destroy(): void {
    for (const stop of this.stops) {
      stop();
    }
    this.stopSorting();
    busy.delete(this.map);
    this.map.remove();
  }

  /** What this map shows. */
  private get side(): Side {
    return sideOf(getState(), this.which);
  }

  /** A view that a person moved to goes into the address. */
  private remember(byHand: boolean): void {
    if (byHand && this.which === 'main') {
      const { lng, lat } = this.map.getCenter().wrap();
      setCamera({ lon: lng, lat, zoom: this.map.getZoom() });
    }
  }

  setDark(dark: boolean): void {
    this.dark = dark;
    if (this.isLoaded) {
      this.look();
    }
  }

  /** Tell tests and screenshots whether the picture is still changing. */
  private setRest(isIdle: boolean): void {
    if (isIdle) {
      busy.delete(this.map);
    } else {
      busy.add(this.map);
    }
    document.body.dataset.map = busy.size === 0 ? 'idle' : 'busy';
  }

  private start(): void {
    this.isLoaded = true;
    this.look();
    this.addDetail();
    this.graticule.draw();
    this.takePositions();
    this.takeAnswer();
    this.takeChosen();
    this.takeMarks();
    this.stops.push(showAreas(this.map));
    if (this.which === 'main') {
      this.stops.push(startDrawing(this.map));
    }
    this.stops.push(
      showLabels(this.map, this.which),
      this.watchSide('positions', () => this.takePositions()),
      this.watchSide('field', () => this.takeScores()),
      this.watchSide('level', (level) => this.layer?.setLevel(level)),
      watch('base', () => this.look()),
      watch('names', () => this.look()),
      watch('projection', () => this.project()),
      this.watchSide('answer', () => this.takeAnswer()),
      watch('pointed', () => this.takeBest()),
      watch('selected', () => this.takeChosen()),
      watch('marks', () => this.takeMarks()),
      watch('picking', () => this.pointerShape(false)),
    );
    if (this.which === 'main') {
      this.stops.push(watch('flight', (flight) => this.fly(flight?.place ?? null)));
    }
  }

  private watchSide<Key extends keyof Side>(
    key: Key,
    changed: (value: Side[Key]) => void,
  ): () => void {
    return watchValue((state) => sideOf(state, this.which)[key], changed);
  }

  private get paint(): Paint {
    return paletteOf(getState().base, this.dark, this.which === 'difference').tiles;
  }

  private look(): void {
    const { base, names } = getState();
    applyLooks(this.map, base, this.dark, names);
    this.layer?.setPaint(this.paint);
  }

  private takePositions(): void {
    const { positions, info } = this.side;
    this.stopSorting();
    this.finder = null;
    if (this.layer) {
      this.map.removeLayer(this.layer.id);
      this.layer = null;
    }
    if (!positions) {
      return;
    }
    if (info && !getState().camera && this.which === 'main') {
      showSet(this.map, info.bbox);
    }
    this.stopSorting = gridOf(positions, (grid) => this.takeGrid(positions, grid));
  }

  private takeGrid(positions: Float32Array, grid: Grid): void {
    this.finder = new TileFinder(positions, grid);
    this.layer = new TileLayer(grid, this.paint);
    this.layer.onPainted = () => this.announce();
    this.map.addLayer(this.layer, 'borders');
    this.takeScores();
  }

  private takeScores(): void {
    const { field, level } = this.side;
    this.layer?.setScores(field?.raw ?? null, level);
  }

  /** The scores of the answer are on screen: say so to whoever waits for it. */
  private announce(): void {
    const { answer, phase } = this.side;
    if (this.which !== 'main') {
      document.body.dataset.rivalId = answer?.id ?? this.which;
    } else if (answer && phase === 'done') {
      requestAnimationFrame(() => {
        document.body.dataset.queryId = answer.id;
        document.body.dataset.ready = '1';
      });
    }
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }

  private takeBest(): void {
    const { answer } = this.side;
    const { pointed, pairing } = getState();
    const isOther = this.which === 'rival' && pointed !== null;
    const row = isOther ? pairing && rivalRow(pairing, pointed) : pointed;
    this.source('best')?.setData(bestFeatures(answer?.results ?? [], row));
  }

  private takeAnswer(): void {
    const { answer } = this.side;
    const { projection } = getState();
    const best = answer?.results[0];
    this.takeBest();
    if (this.which !== 'main') {
      return; // it looks where the first map looks
    }
    if (!this.isPlaced) {
      this.isPlaced = true;
    } else if (best && projection === 'globe') {
      turnTo(this.map, best.lon, best.lat);
    } else if (best) {
      bringIntoView(this.map, best.lon, best.lat);
    }
  }

  /** The chosen row is one of the first side's set; the other map marks the place. */
  private takeChosen(): void {
    const { positions, selected } = getState();
    this.source('chosen')?.setData(chosenFeatures(positions, selected));
  }

  private takeMarks(): void {
    this.source('marks')?.setData(markFeatures(getState().marks));
  }

  private addDetail(): void {
    if (!this.detailed && this.map.getZoom() >= DETAIL_ZOOM) {
      this.detailed = true;
      this.source('land')?.setData(basemapFile('land', '50m'));
      this.source('borders')?.setData(basemapFile('borders', '50m'));
    }
  }

  private project(): void {
    const { projection } = getState();
    this.map.setProjection({ type: projection });
    if (this.which === 'main') {
      showAll(this.map, projection);
    }
  }

  private fly(place: { lon: number; lat: number } | null): void {
    if (place) {
      flyTo(this.map, place.lon, place.lat);
    } else {
      goHome(this.map, getState().projection);
    }
  }

  /** Whether the pointer means a place or a corner, not a tile. */
  private get isAiming(): boolean {
    const { picking, drawing } = getState();
    return picking || drawing !== null;
  }

  private pointerShape(onTile: boolean): void {
    const shape = onTile ? 'pointer' : '';
    this.map.getCanvas().style.cursor = this.isAiming ? 'crosshair' : shape;
  }

  private rowAt(place: LngLat): number | null {
    return rowUnder(this.map, this.finder, this.side.field?.raw, place);
  }

  private hover({ lngLat, point }: MapMouseEvent): void {
    const row = this.isAiming ? null : this.rowAt(lngLat);
    this.pointerShape(row !== null);
    this.onHover(row === null ? null : hoverAt(this.map, row, point));
    this.peer?.pointFrom(lngLat);
  }

  pointFrom(place: LngLat | null): void {
    const row = place && this.rowAt(place);
    const isNone = place === null || row === null;
    this.onHover(isNone ? null : { ...hoverAt(this.map, row, this.map.project(place)), far: true });
  }

  private leave(): void {
    this.onHover(null);
    this.peer?.pointFrom(null);
    pointAt(null);
  }

  private click({ lngLat }: MapMouseEvent): void {
    this.onHover(null);
    if (getState().drawing) {
      return; // a corner, see draw.ts
    }
    if (getState().picking) {
      const { lng, lat } = lngLat.wrap();
      setPicking(false);
      addPart({ kind: 'place', lon: round(lng), lat: round(lat), weight: 1 });
    } else if (this.which !== 'main') {
      this.peer?.selectAt(lngLat);
    } else {
      this.selectAt(lngLat);
    }
  }

  selectAt(place: LngLat): void {
    const row = this.rowAt(place);
    if (row !== null) {
      select(row, false);
    }
  }
}
