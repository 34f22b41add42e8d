import type { LngLat, Map as MapLibreMap } from 'maplibre-gl';
import { describe, expect, it } from 'vitest';
import type { WhichSide } from '../state';
import { enrol, type Linked } from './link';

/** As much of a map as linking needs. */
function pretendMap(lon: number, zoom: number) {
  const listeners = new Set<() => void>();
  return {
    lon,
    zoom,
    moves: 0,
    on: (_: string, listener: () => void) => listeners.add(listener),
    off: (_: string, listener: () => void) => listeners.delete(listener),
    getCenter() {
      return this.lon;
    },
    getZoom() {
      return this.zoom;
    },
    jumpTo(to: { center: number; zoom: number }) {
      this.lon = to.center;
      this.zoom = to.zoom;
      this.moves += 1;
      listeners.forEach((listener) => listener());
    },
  };
}

function pretend(which: WhichSide, lon: number) {
  const map = pretendMap(lon, 2);
  const pointed: (LngLat | null)[] = [];
  const linked: Linked = {
    map: map as unknown as MapLibreMap,
    which,
    peer: null,
    pointFrom: (place) => pointed.push(place),
    selectAt: () => undefined,
  };
  return { map, linked, pointed };
}

describe('two maps', () => {
  it('look at the same place from the moment that both are there, whichever moves', () => {
    const [main, rival] = [pretend('main', 10), pretend('rival', 99)];
    const leaveMain = enrol(main.linked);
    const leaveRival = enrol(rival.linked);
    expect(rival.map.lon).toBe(10);
    main.map.jumpTo({ center: 20, zoom: 5 });
    expect([rival.map.lon, rival.map.zoom]).toEqual([20, 5]);
    rival.map.jumpTo({ center: 30, zoom: 6 });
    expect([main.map.lon, main.map.zoom]).toEqual([30, 6]);
    expect([main.map.moves, rival.map.moves]).toEqual([2, 3]);
    expect(main.linked.peer).toBe(rival.linked);
    leaveRival();
    expect(main.linked.peer).toBeNull();
    main.map.jumpTo({ center: 40, zoom: 7 });
    expect(rival.map.lon).toBe(30);
    expect(main.pointed).toEqual([null]);
    leaveMain();
  });

  it('are alone without the other side', () => {
    const main = pretend('main', 10);
    const leave = enrol(main.linked);
    expect(main.linked.peer).toBeNull();
    leave();
  });
});
