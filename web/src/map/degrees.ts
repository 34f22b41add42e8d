/** The degrees of the graticule, written where its lines leave the map: below and on the right. */
import type { Map as MapLibreMap } from 'maplibre-gl';
import { multiples, stepAt, type Position } from './graticule';

/** Degrees are written from this zoom on; the whole world does without. */
const LABEL_ZOOM = 2.3;
/** Room that a label needs. */
const LABEL_PX = { width: 48, height: 22 };
const CONTROLS = '.floating, .maplibregl-ctrl';
/** How far apart the edge is looked at, in CSS pixels. */
const STRIDE_PX = 8;

/** 12.5° E, 0°, 30° S. */
export function degreeLabel(value: number, letters: 'NS' | 'EW'): string {
  const turned = letters === 'EW' ? ((((value + 180) % 360) + 360) % 360) - 180 : value;
  const size = Math.abs(turned);
  const bare = size === 0 || (letters === 'EW' && size === 180);
  const letter = letters.charAt(turned > 0 ? 0 : 1);
  return `${Number(size.toFixed(2))}°${bare ? '' : ` ${letter}`}`;
}

/**
 * Where values that are read along an edge pass a multiple of a step.
 *
 * @param values One per stride; null is beside the globe.
 * @returns Place along the edge, in strides, and the multiple.
 */
export function crossings(
  values: readonly (number | null)[],
  step: number,
): { at: number; value: number }[] {
  const found: { at: number; value: number }[] = [];
  for (let index = 0; index + 1 < values.length; index += 1) {
    const [from, to] = [values[index]!, values[index + 1]!];
    if (from === null || to === null || Math.abs(to - from) > 180 || from === to) {
      continue;
    }
    for (const value of multiples(Math.min(from, to), Math.max(from, to), step)) {
      const at = index + (value - from) / (to - from);
      if (at < index + 1 || index + 2 === values.length) {
        found.push({ at, value });
      }
    }
  }
  return found;
}

/** Degrees read along an edge of the map; null where it shows no ground. */
function readEdge(map: MapLibreMap, points: Position[], which: 'lng' | 'lat'): (number | null)[] {
  const isGlobe = map.getProjection()?.type === 'globe';
  let before: number | null = null;
  return points.map(([x, y]) => {
    const place = map.unproject([x, y]);
    if (isGlobe) {
      const back = map.project(place);
      if (Math.hypot(back.x - x, back.y - y) > 1.5) {
        before = null;
        return null;
      }
    }
    let value = place[which];
    if (which === 'lng' && before !== null) {
      value -= 360 * Math.round((value - before) / 360);
    }
    before = value;
    return value;
  });
}

/** Whether a label around a point would lie beside all controls. */
function isFree(taken: DOMRect[], x: number, y: number): boolean {
  const [width, height] = [LABEL_PX.width / 2, LABEL_PX.height / 2];
  return taken.every(
    (box) =>
      x + width < box.left ||
      x - width > box.right ||
      y + height < box.top ||
      y - height > box.bottom,
  );
}

class Degrees {
  private readonly map: MapLibreMap;
  private readonly box: HTMLElement;
  private frame = 0;

  constructor(map: MapLibreMap) {
    this.map = map;
    this.box = document.createElement('div');
    this.box.className = 'degrees';
    this.box.ariaHidden = 'true';
    map.getCanvasContainer().append(this.box);
    map.on('move', () => this.writeSoon());
    map.on('resize', () => this.writeSoon());
    map.on('load', () => this.writeSoon());
    map.on('remove', () => cancelAnimationFrame(this.frame));
  }

  writeSoon(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.write());
  }

  /** Write the degrees where lines leave the map, beside its controls. */
  private write(): void {
    const { map, box } = this;
    box.replaceChildren();
    if (map.getZoom() < LABEL_ZOOM) {
      return;
    }
    const { clientWidth: width, clientHeight: height } = map.getContainer();
    const step = stepAt(map.getZoom());
    const taken = this.taken();
    const under = Array.from(
      { length: Math.floor(width / STRIDE_PX) + 1 },
      (_, index): Position => [index * STRIDE_PX, height - 1],
    );
    const beside = Array.from(
      { length: Math.floor(height / STRIDE_PX) + 1 },
      (_, index): Position => [width - 1, index * STRIDE_PX],
    );
    for (const { at, value } of crossings(readEdge(map, under, 'lng'), step)) {
      const x = at * STRIDE_PX;
      if (isFree(taken, x, height - LABEL_PX.height / 2)) {
        this.put(degreeLabel(value, 'EW'), 'under', x);
      }
    }
    for (const { at, value } of crossings(readEdge(map, beside, 'lat'), step)) {
      const y = at * STRIDE_PX;
      if (isFree(taken, width - LABEL_PX.width / 2, y)) {
        this.put(degreeLabel(value, 'NS'), 'beside', y);
      }
    }
  }

  /** Boxes of the controls that lie over the map, in its pixels. */
  private taken(): DOMRect[] {
    const container = this.map.getContainer();
    const { left, top } = container.getBoundingClientRect();
    const controls = container.parentElement?.querySelectorAll(CONTROLS) ?? [];
    return Array.from(controls, (control) => {
      const box = control.getBoundingClientRect();
      return new DOMRect(box.x - left, box.y - top, box.width, box.height);
    });
  }

  private put(text: string, edge: 'under' | 'beside', at: number): void {
    const label = document.createElement('span');
    label.textContent = text;
    label.className = edge;
    label.style.setProperty(edge === 'under' ? 'left' : 'top', `${at.toFixed(1)}px`);
    this.box.append(label);
  }
}

/** Keep degrees written along the edges of a map as long as it lives. */
export function writeDegrees(map: MapLibreMap): void {
  new Degrees(map).writeSoon();
}
