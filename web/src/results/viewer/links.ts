/** Where else to look at a place. Links only: nothing is loaded from there. */

/** Zoom of web maps at which a tile of so many kilometres about fills a screen of 800 pixels. */
export function zoomFor(tileKm: number, lat: number): number {
  const around = 40_075 * Math.max(0.05, Math.cos((lat * Math.PI) / 180));
  const zoom = Math.log2((around * 800) / (256 * Math.max(tileKm, 0.1)));
  return Math.max(2, Math.min(17, Math.floor(zoom)));
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Copernicus Browser on Sentinel-2 L2A; at the day of the tile's picture where that is known. */
export function copernicusLink(
  lon: number,
  lat: number,
  zoom: number,
  time?: string | null,
): string {
  const query = new URLSearchParams({
    zoom: String(zoom),
    lat: lat.toFixed(5),
    lng: lon.toFixed(5),
    themeId: 'DEFAULT-THEME',
    datasetId: 'S2_L2A_CDAS',
    layerId: '1_TRUE_COLOR',
  });
  const taken = time ? new Date(time) : null;
  if (taken && !Number.isNaN(taken.getTime())) {
    query.set('fromTime', `${day(taken)}T00:00:00.000Z`);
    query.set('toTime', `${day(taken)}T23:59:59.999Z`);
  }
  return `https://browser.dataspace.copernicus.eu/?${query}`;
}

export function openStreetMapLink(lon: number, lat: number, zoom: number): string {
  const [x, y] = [lon.toFixed(5), lat.toFixed(5)];
  return `https://www.openstreetmap.org/?mlat=${y}&mlon=${x}#map=${zoom}/${y}/${x}`;
}

/** RFC 5870: latitude first. */
export function geoUri(lon: number, lat: number): string {
  return `geo:${lat.toFixed(5)},${lon.toFixed(5)}`;
}
