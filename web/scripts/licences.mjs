// The licence texts of every package that ends up in the bundle, gathered into one file beside it.
// In: package-lock.json and node_modules. Out: public/THIRD_PARTY.txt.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const lock = JSON.parse(readFileSync(join(web, 'package-lock.json'), 'utf8'));

/** Build-time packages whose data, not code, is shipped. */
const SHIPPED_DATA = new Set(['node_modules/world-atlas']);

function licenceText(folder) {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  return file ? readFileSync(join(folder, file), 'utf8').trim() : '';
}

const parts = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  const folder = join(web, path);
  const shipped = path !== '' && (!entry.dev || SHIPPED_DATA.has(path));
  if (!shipped || !existsSync(folder)) {
    continue;
  }
  const name = path.replace(/^.*node_modules\//, '');
  const text = licenceText(folder) || 'See the package for its licence text.';
  parts.push(`${name} ${entry.version} (${entry.license ?? 'see below'})\n\n${text}`);
}

const head = 'Third-party software and data in this web page, with their licences.\n';
const rule = `\n\n${'-'.repeat(78)}\n\n`;
mkdirSync(join(web, 'public'), { recursive: true });
writeFileSync(join(web, 'public', 'THIRD_PARTY.txt'), `${[head, ...parts].join(rule)}\n`);
