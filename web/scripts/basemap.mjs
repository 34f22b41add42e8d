// Natural Earth (public domain) out of the package world-atlas, as small GeoJSON files for the map.
// In: world-atlas topologies. Out: public/basemap/{land,borders}-{110m,50m}.geojson.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { feature, mesh } from 'topojson-client';

/** Decimal degrees kept per scale: a tenth of what the scale can show. */
const DECIMALS = { '110m': 2, '50m': 3 };

const require = createRequire(import.meta.url);
const target = join(dirname(fileURLToPath(import.meta.url)), '..', 'public', 'basemap');

/** world-atlas joins shapes across ±180°; let longitudes run on past it. */
function unwrapped(line) {
  let turn = 0;
  return line.map(([lon, lat], index) => {
    const before = index > 0 ? line[index - 1][0] : lon;
    turn += Math.abs(lon - before) > 180 ? -360 * Math.sign(lon - before) : 0;
    return [lon + turn, lat];
  });
}

/** A ring around a pole (Antarctica) does not close once unwrapped: lead it over the pole. */
function closed(ring) {
  const first = ring[0];
  const last = ring[ring.length - 1];
  if (Math.abs(last[0] - first[0]) < 1) {
    return ring;
  }
  const pole = Math.sign(first[1]) * 90;
  return [...ring, [last[0], pole], [first[0], pole], first];
}

function shifted(ring, by) {
  return ring.map(([lon, lat]) => [lon + by, lat]);
}

/** The part of a ring on one side of a meridian: side +1 is east of it, -1 west. */
function clipped(ring, meridian, side) {
  const out = [];
  const inside = ([lon]) => side * (lon - meridian) >= 0;
  for (let index = 0; index + 1 < ring.length; index += 1) {
    const [from, to] = [ring[index], ring[index + 1]];
    if (inside(from)) {
      out.push(from);
    }
    if (inside(from) !== inside(to)) {
      const share = (meridian - from[0]) / (to[0] - from[0]);
      out.push([meridian, from[1] + share * (to[1] - from[1])]);
    }
  }
  return out.length > 2 ? [...out, out[0]] : [];
}

/** One ring as rings within ±180°. */
function cut(ring) {
  const whole = closed(unwrapped(ring));
  const lons = whole.map(([lon]) => lon);
  const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
  const home = shifted(whole, -360 * Math.round(middle / 360));
  const east = clipped(home, 180, 1);
  const west = clipped(home, -180, -1);
  const inner = clipped(clipped(home, 180, -1), -180, 1);
  return [inner, shifted(east, -360), shifted(west, 360)].filter((part) => part.length > 3);
}

/** A polygon as polygons within ±180°; holes never reach that far. */
function cutPolygon([outer, ...holes]) {
  const [first, ...others] = cut(outer);
  return [[first, ...holes], ...others.map((ring) => [ring])];
}

function rounded(line, decimals) {
  return line.map((place) => place.map((degrees) => Number(degrees.toFixed(decimals))));
}

async function topology(name) {
  return JSON.parse(await readFile(require.resolve(`world-atlas/${name}.json`), 'utf8'));
}

async function write(name, type, coordinates) {
  const record = { type: 'Feature', properties: {}, geometry: { type, coordinates } };
  await writeFile(join(target, name), JSON.stringify(record));
}

await mkdir(target, { recursive: true });
for (const [scale, decimals] of Object.entries(DECIMALS)) {
  const land = await topology(`land-${scale}`);
  const countries = await topology(`countries-${scale}`);
  const outline = feature(land, land.objects.land.geometries[0]).geometry;
  const polygons = outline.coordinates
    .flatMap(cutPolygon)
    .map((rings) => rings.map((ring) => rounded(ring, decimals)));
  const borders = mesh(countries, countries.objects.countries, (a, b) => a !== b);
  const lines = borders.coordinates.map((line) => rounded(unwrapped(line), decimals));
  await write(`land-${scale}.geojson`, 'MultiPolygon', polygons);
  await write(`borders-${scale}.geojson`, 'MultiLineString', lines);
}
