/**
 * Makes src/types.gen.ts, the server's records as TypeScript, of the API's own description.
 *
 *     node scripts/types.mjs [SCHEMA.json [OUT.ts]]
 *
 * Without a file the description comes from the server's code: EEX_PYTHON, by default the Python
 * in ../.venv, or python3.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const NAME = fileURLToPath(new URL('../src/types.gen.ts', import.meta.url));
const VENV = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

const HEAD = `/**
 * The server's records; made by \`npm run types\` from its OpenAPI description. Do not edit.
 */
`;

function description() {
  const python = process.env.EEX_PYTHON ?? (existsSync(VENV) ? VENV : 'python3');
  const told = { encoding: 'utf8', maxBuffer: 2 ** 26 };
  return execFileSync(python, ['-m', 'eex.server.openapi'], told);
}

const [given, out = NAME] = process.argv.slice(2);
const schema = JSON.parse(given ? readFileSync(given, 'utf8') : description());
const made = await openapiTS(schema, {
  alphabetize: true,
  arrayLength: true,
  defaultNonNullable: false,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
});
const options = await resolveConfig(NAME);
const text = await format(HEAD + astToString(made), { ...options, filepath: NAME });
writeFileSync(out, text);
