/** The map, which is not React: it follows the store and reports what the pointer does. */
import type {
  ErrorEvent,
  GeoJSONSource,
  LngLat,
  Map as MapLibreMap,
  MapMouseEvent,
} from 'maplibre-gl';
import { addPart, pointAt, select, setCamera, setPicking } from '../actions';
import { getState, sideOf, watch, watchValue, type Side, type WhichSide } from '../state';
import { bringIntoView, flyTo, goHome, showAll, showSet, turnTo } from './camera';
import { showAreas } from './areas';
import { startDrawing } from './draw';
import { bestFeatures, chosenFeatures, markFeatures } from './features';
import { Graticule } from './graticule';
import { applyGround, baseOf, isOfGround } from './ground';
import { hoverAt, rowUnder, type Hover } from './hover';
import { showLabels } from '../labels/mapLayer';
import { enrol, type Linked } from './link';
import { rivalRow } from '../compare/pairing';
import type { Base } from '../url';
import { makeMap, nameMap } from './make';
import type { Paint } from './points';
import { put } from './put';
import { onContextLoss } from './restore';
import { applyLooks, basemapFile, paletteOf } from './style';
import { Tiles } from './tiles';

/** From this zoom on the coast is drawn in detail. */
const DETAIL_ZOOM = 2.3;
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
  /** Called when a map of another host does not come, and when it is put aside. */
  onGround: (isLost: boolean) => void = () => undefined;
  private readonly onHover: (hover: Hover | null) => void;
  private readonly stops: (() => void)[] = [];
  private readonly graticule: Graticule;
  private dark: boolean;
  private readonly tiles: Tiles;
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
    this.isPlaced = getState().camera === null;
    this.map = makeMap(container);
    this.tiles = new Tiles(
      this.map,
      () => ({ ...this.scores, paint: this.paint }),
      () => this.announce(),
    );
    this.graticule = new Graticule(this.map);
    this.stops.push(enrol(this));
    onContextLoss(
      this.map,
      () => this.tiles.drop(),
      () => this.tiles.take(this.side.positions),
    );
    this.map.on('error', (event) => this.complain(event));
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
    this.tiles.stopSorting();
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
      this.watchSide('field', () => this.tiles.setScores(this.scores)),
      this.watchSide('level', (level) => this.tiles.setLevel(level)),
      watch('base', () => this.look()),
      watch('grounds', () => this.look()),
      watch('names', () => this.look()),
      watch('projection', () => this.project()),
      this.watchSide('answer', () => this.takeAnswer()),
      watch('pointed', () => this.takeBest()),
      watch('selected', () => this.takeChosen()),
      watch('marks', () => this.takeMarks()),
      watch('picking', () => this.pointerShape(false)),
      watch('lang', () => nameMap(this.map)),
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

  private get base(): Base {
    return baseOf(getState());
  }

  private get paint(): Paint {
    return paletteOf(this.base, this.dark, this.which === 'difference').tiles;
  }

  private complain(event: ErrorEvent): void {
    if (isOfGround(event)) {
      this.onGround(true);
    } else {
      console.error(event.error);
    }
  }

  private look(): void {
    this.onGround(false);
    const { names, grounds } = getState();
    const { base } = this;
    applyLooks(this.map, base, this.dark, names);
    applyGround(this.map, grounds.find(({ name }) => name === base) ?? null);
    this.tiles.setPaint(this.paint);
  }

  private takePositions(): void {
    const { positions, info } = this.side;
    this.tiles.take(positions);
    if (positions && info && !getState().camera && this.which === 'main') {
      showSet(this.map, info.bbox);
    }
  }

  private get scores(): { raw: Uint16Array | null; level: number } {
    const { field, level } = this.side;
    return { raw: field?.raw ?? null, level };
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
    put(this.map, 'best', bestFeatures(answer?.results ?? [], row));
  }

  private takeAnswer(): void {
    const { answer } = this.side;
    const { projection } = getState();
    const best = answer?.results[0];
    this.takeBest();
    if (this.which !== 'main') {
      return; // it looks where the first map looks
    }
    if (!best) {
      return;
    }
    if (!this.isPlaced) {
      this.isPlaced = true;
    } else if (projection === 'globe') {
      turnTo(this.map, best.lon, best.lat);
    } else {
      bringIntoView(this.map, best.lon, best.lat);
    }
  }

  /** The chosen row is one of the first side's set; the other map marks the place. */
  private takeChosen(): void {
    const { positions, selected } = getState();
    put(this.map, 'chosen', chosenFeatures(positions, selected));
  }

  private takeMarks(): void {
    put(this.map, 'marks', markFeatures(getState().marks));
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
    return rowUnder(this.map, this.tiles.finder, this.side.field?.raw, place);
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
