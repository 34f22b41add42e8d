// Checks what was built: no file larger than budget.json allows, and no host named that the page
// could load from. In: EEX_WEB_OUT or dist. Out: a table; status 1 and a sentence where it fails.
//
// `start` is what the page loads before it shows anything: the scripts and styles that index.html
// names, with all that they import at once. `map` is MapLibre and its worker, which come next, and
// `all` has what is loaded only when it is used, too.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = process.env.EEX_WEB_OUT ?? join(web, 'dist');
const budget = JSON.parse(readFileSync(join(web, 'budget.json'), 'utf8'));
const GZIP_LEVEL = 6;

const page = readFileSync(join(out, 'index.html'), 'utf8');
const names = readdirSync(join(out, 'assets')).filter((name) => /\.(js|css)$/.test(name));
const texts = new Map(names.map((name) => [name, readFileSync(join(out, 'assets', name), 'utf8')]));

/** The files that a script imports at once, not by import() later. */
function importsOf(name) {
  const found = texts.get(name)?.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g) ?? [];
  return [...found].map(([, imported]) => imported);
}

function atStart() {
  const wanted = [...page.matchAll(/assets\/([\w.-]+\.(?:js|css))/g)].map(([, name]) => name);
  const seen = new Set();
  while (wanted.length > 0) {
    const name = wanted.pop();
    if (!seen.has(name)) {
      seen.add(name);
      wanted.push(...importsOf(name));
    }
  }
  return [...seen];
}

function sizeOf(name) {
  const bytes = Buffer.from(texts.get(name));
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: GZIP_LEVEL }).length };
}

const sizes = new Map(names.map((name) => [name, sizeOf(name)]));

function sum(of) {
  const chosen = of.map((name) => sizes.get(name));
  return {
    raw: chosen.reduce((total, { raw }) => total + raw, 0),
    gzip: chosen.reduce((total, { gzip }) => total + gzip, 0),
  };
}

const most = (kind) => Math.max(...[...sizes.values()].map((size) => size[kind]));
const measured = {
  start: sum(atStart()),
  map: sum(names.filter((name) => name.startsWith('maplibre'))),
  all: sum(names),
  largest: { raw: most('raw'), gzip: most('gzip') },
};

const faults = [];
for (const [what, size] of Object.entries(measured)) {
  for (const kind of ['raw', 'gzip']) {
    const limit = budget[what][kind];
    console.log(`${what.padEnd(8)} ${kind.padEnd(5)} ${size[kind]} of ${limit} bytes`);
    if (size[kind] > limit) {
      faults.push(`${what} is ${size[kind]} bytes ${kind}; budget.json allows ${limit}.`);
    }
  }
}

/** Addresses that a browser would fetch by itself: in the page's elements and in styles. */
for (const [name, text] of [['index.html', page], ...texts]) {
  const fetched = name.endsWith('.js')
    ? /import\s*\(?\s*["'](?:https?:)?\/\//
    : /(?:src|href)\s*=\s*["']?(?:https?:)?\/\/|url\(\s*["']?(?:https?:)?\/\/|@import/i;
  if (fetched.test(text)) {
    faults.push(`${name} loads from another host.`);
  }
  for (const [, host] of text.matchAll(/https?:\/\/([\w-]+(?:\.[\w-]+)+)/g)) {
    if (!Object.hasOwn(budget.hosts, host)) {
      faults.push(`${name} names ${host}; say in budget.json why that is no address to load from.`);
    }
  }
}

for (const fault of new Set(faults)) {
  console.error(fault);
}
process.exitCode = faults.length > 0 ? 1 : 0;
