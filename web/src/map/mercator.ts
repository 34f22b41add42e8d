/** Web Mercator in the unit square: x to the east, y to the south, (0, 0) is north-west. */

/** Length of the equator in kilometres, as Web Mercator takes it. */
export const EQUATOR_KM = 40_075.017;

const MAX_LAT = 85.051_129;

export function mercatorX(lon: number): number {
  return lon / 360 + 0.5;
}

export function mercatorY(lat: number): number {
  const held = Math.max(-MAX_LAT, Math.min(MAX_LAT, lat));
  const sine = Math.sin((held * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/** Great-circle distance in kilometres. */
export function distanceKm(lonA: number, latA: number, lonB: number, latB: number): number {
  const radian = Math.PI / 180;
  const halfLat = Math.sin(((latB - latA) * radian) / 2);
  const halfLon = Math.sin(((lonB - lonA) * radian) / 2);
  const chord = halfLat ** 2 + Math.cos(latA * radian) * Math.cos(latB * radian) * halfLon ** 2;
  return (EQUATOR_KM / Math.PI) * Math.asin(Math.min(1, Math.sqrt(chord)));
}
