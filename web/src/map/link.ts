/**
 * Maps that stand side by side: they look at the same place, and the pointer on one is shown on the
 * other. Every map enrols when it is made; the two sides of a comparison are then linked.
 */
import type { LngLat, Map as MapLibreMap } from 'maplibre-gl';
import type { WhichSide } from '../state';

/** What linking needs of a map. */
export interface Linked {
  readonly map: MapLibreMap;
  readonly which: WhichSide;
  /** The map on the other side; null without one. */
  peer: Linked | null;
  /** Show what lies at a place that the pointer is on in the other map; null is nowhere. */
  pointFrom(place: LngLat | null): void;
  /** Open the card of the tile at a place. */
  selectAt(place: LngLat): void;
}

const enrolled = new Map<WhichSide, Linked>();
let unlink: () => void = () => undefined;

/** The camera of one map follows the other's; the first gives the place to start with. */
function followCamera(leader: MapLibreMap, follower: MapLibreMap, isFollowing: Set<MapLibreMap>) {
  return () => {
    if (isFollowing.has(leader)) {
      return;
    }
    isFollowing.add(follower);
    follower.jumpTo({ center: leader.getCenter(), zoom: leader.getZoom() });
    isFollowing.delete(follower);
  };
}

/** Link two maps until the function that comes back is called. */
export function linkMaps(one: Linked, other: Linked): () => void {
  const isFollowing = new Set<MapLibreMap>();
  const lead = followCamera(one.map, other.map, isFollowing);
  const answer = followCamera(other.map, one.map, isFollowing);
  one.map.on('move', lead);
  other.map.on('move', answer);
  one.peer = other;
  other.peer = one;
  lead();
  return () => {
    one.map.off('move', lead);
    other.map.off('move', answer);
    one.pointFrom(null);
    other.pointFrom(null);
    one.peer = null;
    other.peer = null;
  };
}

/** Take part: once both sides are there they are linked. Call what comes back when the map goes. */
export function enrol(linked: Linked): () => void {
  enrolled.set(linked.which, linked);
  const main = enrolled.get('main');
  const rival = enrolled.get('rival') ?? enrolled.get('difference');
  unlink();
  unlink = main && rival ? linkMaps(main, rival) : () => undefined;
  return () => {
    if (enrolled.get(linked.which) === linked) {
      unlink();
      unlink = () => undefined;
      enrolled.delete(linked.which);
    }
  };
}

/** The map of a side, as it is drawn now; null where there is none. */
export function mapOf(which: WhichSide): MapLibreMap | null {
  return enrolled.get(which)?.map ?? null;
}

/** Look at a place at once. */
export function jumpTo({ lon, lat, zoom }: { lon: number; lat: number; zoom: number }): void {
  mapOf('main')?.jumpTo({ center: [lon, lat], zoom });
}
