/** Every word of the page can be said in every language: read from the sources themselves. */
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { zh } from './zh';

const SOURCES = import.meta.glob<string>(['../**/*.ts', '../**/*.tsx', '!../**/*.test.*'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Functions whose first argument is English to be translated. */
const TRANSLATES = new Set(['t', 'later']);
/** Attributes that people see or hear. */
const HEARD = new Set([
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'aria-valuetext',
  'title',
  'alt',
  'label',
  'placeholder',
  'description',
  'thumbLabel',
]);
/** Names, codes and forms that are the same in every language. */
const SAME_EVERYWHERE =
  /^(Earth Embedding Explorer|Blue Marble|GeoJSON|CSV|KML|STAC|GeoParquet|GeoTIFF|PNG|ZIP|Python|curl|CQL2|OpenStreetMap|Copernicus Browser|km|ms|A|B|A − B|eex( \w+)?|lat > 45 AND .*|SHA-256|N|S|E|W)$/;

/** Names that come from the server and are said by `t(name)`: parts of a query, kinds of scores. */
const FROM_SERVER = new Set([
  'text',
  'image',
  'place',
  'row',
  'rows',
  'area',
  'vector',
  'cosine with the mean of the picture removed',
]);

interface Found {
  keys: Map<string, string>;
  bare: string[];
}

/** The texts that an expression can be: literals, joined ones, and both ways of a choice. */
function textsOf(node: ts.Expression): string[] | null {
  if (ts.isStringLiteralLike(node)) {
    return [node.text];
  }
  if (ts.isParenthesizedExpression(node)) {
    return textsOf(node.expression);
  }
  if (ts.isConditionalExpression(node)) {
    const [one, other] = [textsOf(node.whenTrue), textsOf(node.whenFalse)];
    return one && other && [...one, ...other];
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [one, other] = [textsOf(node.left), textsOf(node.right)];
    return one?.length === 1 && other?.length === 1 ? [one[0]! + other[0]!] : null;
  }
  return null;
}

function isWords(text: string): boolean {
  const said = text.replace(/&\w+;/g, ' ').trim();
  return /\p{L}{2,}/u.test(said) && !SAME_EVERYWHERE.test(said);
}

function look(path: string, source: string, found: Found): void {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const at = (node: ts.Node): string =>
    `${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const first = node.arguments[0];
      if (TRANSLATES.has(node.expression.text) && first) {
        textsOf(first)?.forEach((key) => found.keys.set(key, at(node)));
      }
    }
    if (ts.isJsxText(node) && isWords(node.text)) {
      found.bare.push(`${at(node)} ${node.text.trim()}`);
    }
    if (ts.isJsxAttribute(node) && HEARD.has(node.name.getText())) {
      const value = node.initializer;
      const inner = value && ts.isJsxExpression(value) ? value.expression : value;
      const texts = inner ? textsOf(inner as ts.Expression) : null;
      texts?.filter(isWords).forEach((text) => found.bare.push(`${at(node)} ${text}`));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}

const found: Found = { keys: new Map(), bare: [] };
for (const [path, source] of Object.entries(SOURCES)) {
  if (!path.includes('/zh/') && !path.endsWith('.gen.ts')) {
    look(path, source, found);
  }
}

const PARTS = import.meta.glob<Record<string, Record<string, string>>>(
  ['./zh/*.ts', '!./zh/index.ts'],
  { eager: true },
);

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted();
}

describe('Chinese', () => {
  it('is read from sources that are there', () => {
    expect(found.keys.size).toBeGreaterThan(100);
  });

  it('has every text of the page', () => {
    const missing = [...found.keys].filter(([key]) => !(key in zh));
    expect(missing.map(([key, place]) => `${place} ${key}`)).toEqual([]);
  });

  it('has no text that the page does not say', () => {
    expect(Object.keys(zh).filter((key) => !found.keys.has(key) && !FROM_SERVER.has(key))).toEqual(
      [],
    );
  });

  it('fills in the same values', () => {
    const different = Object.entries(zh).filter(
      ([english, chinese]) => placeholders(english).join() !== placeholders(chinese).join(),
    );
    expect(different).toEqual([]);
  });

  it('says each text once, in one part', () => {
    const texts = Object.values(PARTS).flatMap((part) =>
      Object.values(part).flatMap((words) => Object.keys(words)),
    );
    expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
  });

  it('is Chinese', () => {
    const others = Object.entries(zh).filter(
      ([, said]) => !/\p{Script=Han}|：/u.test(said) && !SAME_EVERYWHERE.test(said),
    );
    expect(others.map(([english]) => english)).toEqual([]);
  });
});

describe('components', () => {
  it('say nothing that is not translated', () => {
    expect(found.bare).toEqual([]);
  });
});
