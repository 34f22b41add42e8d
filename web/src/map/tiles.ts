/** The tiles of a set on a map: the layer that draws them and the way to find one again. */
import type { Map as MapLibreMap } from 'maplibre-gl';
import { gridOf } from './gridding';
import { TileFinder } from './nearest';
import { TileLayer, type Paint } from './points';

/** The layer that lies right above the tiles. */
const ABOVE = 'borders';

export interface Shown {
  raw: Uint16Array | null;
  level: number;
}

export class Tiles {
  /** Null until the tiles are sorted. */
  finder: TileFinder | null = null;
  private readonly map: MapLibreMap;
  /** What is shown now: asked for once the tiles are sorted, which may take a moment. */
  private readonly now: () => Shown & { paint: Paint };
  private readonly painted: () => void;
  private layer: TileLayer | null = null;
  private stop: () => void = () => undefined;

  /** @param painted Called after a frame has drawn scores that were not on screen before. */
  constructor(map: MapLibreMap, now: () => Shown & { paint: Paint }, painted: () => void) {
    this.map = map;
    this.now = now;
    this.painted = painted;
  }

  /** Draw a set; null is none. */
  take(positions: Float32Array | null): void {
    this.drop();
    if (!positions) {
      return;
    }
    this.stop = gridOf(positions, (grid) => {
      const { paint, raw, level } = this.now();
      this.finder = new TileFinder(positions, grid);
      this.layer = new TileLayer(grid, paint);
      this.layer.onPainted = this.painted;
      this.map.addLayer(this.layer, ABOVE);
      this.layer.setScores(raw, level);
    });
  }

  drop(): void {
    this.stop();
    this.finder = null;
    if (this.layer) {
      this.map.removeLayer(this.layer.id);
      this.layer = null;
    }
  }

  setScores({ raw, level }: Shown): void {
    this.layer?.setScores(raw, level);
  }

  setLevel(level: number): void {
    this.layer?.setLevel(level);
  }

  setPaint(paint: Paint): void {
    this.layer?.setPaint(paint);
  }

  /** When the map goes: it takes the layer with it. */
  stopSorting(): void {
    this.stop();
  }
}
