import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SCRIPT = join(process.cwd(), 'scripts', 'budget.mjs');

/** Check a page that was built so; what is said, and whether it passes. */
function checked(html: string, assets: Record<string, string>) {
  const out = mkdtempSync(join(tmpdir(), 'budget-'));
  mkdirSync(join(out, 'assets'));
  writeFileSync(join(out, 'index.html'), html);
  for (const [name, text] of Object.entries(assets)) {
    writeFileSync(join(out, 'assets', name), text);
  }
  const env = { ...process.env, EEX_WEB_OUT: out };
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], {
    env,
    encoding: 'utf8',
  });
  return { passes: status === 0, stdout, stderr };
}

const HTML = '<script type="module" src="./assets/index-a.js"></script>';

describe('the check of what was built', () => {
  it('counts at the start what the first script imports, and not what it may import later', () => {
    const { passes, stdout } = checked(HTML, {
      'index-a.js': 'import{x}from"./part-b.js";import("./later-c.js")',
      'part-b.js': 'export const x=1',
      'later-c.js': 'export const y="a long part"',
    });
    expect(passes).toBe(true);
    expect(stdout).toMatch(/start\s+raw\s+65 of/);
    expect(stdout).toMatch(/all\s+raw\s+93 of/);
  });

  it('refuses what is too large', () => {
    const { passes, stderr } = checked(HTML, { 'index-a.js': ' '.repeat(1_200_000) });
    expect(passes).toBe(false);
    expect(stderr).toContain('start is 1200000 bytes raw');
  });

  it.each([
    ['index-a.js', 'fetch("https://tiles.example.org/1")', 'names tiles.example.org'],
    ['index-a.js', 'import("https://cdn.example.org/a.js")', 'loads from another host'],
    ['style-a.css', '@import "//fonts.example.org/a.css";', 'loads from another host'],
    ['style-a.css', 'a{background:url(https://w.example.org/a.png)}', 'loads from another host'],
  ])('refuses another host in %s: %s', (name, text, said) => {
    const { passes, stderr } = checked(HTML, { 'index-a.js': '', [name]: text });
    expect(passes).toBe(false);
    expect(stderr).toContain(said);
  });
});
