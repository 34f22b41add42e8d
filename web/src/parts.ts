/** The parts of a query: how they join, and what they are called. */
import { bareFilter } from './filter';
import { formatCount, formatPlace } from './format';
import { t } from './i18n';
import type { LoosePart, LooseQuery, Part } from './types';

/** A part sent by the server, made whole; null if it is of no known kind or lacks what it needs. */
export function wholePart(loose: LoosePart): Part | null {
  const own = { weight: loose.weight ?? 1, ...(loose.set ? { set: loose.set } : {}) };
  if (loose.kind === 'text' && loose.text) {
    return { kind: 'text', text: loose.text, ...own };
  }
  if (loose.kind === 'place' && loose.lon !== undefined && loose.lat !== undefined) {
    const { lon, lat, name } = loose;
    return name ? { kind: 'place', lon, lat, name, ...own } : { kind: 'place', lon, lat, ...own };
  }
  if (loose.kind === 'row' && loose.row !== undefined) {
    return { kind: 'row', row: loose.row, ...own };
  }
  if (loose.kind === 'rows' && loose.rows) {
    return { kind: 'rows', rows: loose.rows, ...own };
  }
  if (loose.kind === 'vector' && loose.vector) {
    return { kind: 'vector', vector: loose.vector, ...own };
  }
  if (loose.kind === 'image' && loose.data) {
    const data = loose.data.startsWith('data:') ? loose.data : `data:;base64,${loose.data}`;
    return { kind: 'image', data, name: loose.name ?? t('picture'), ...own };
  }
  if (loose.kind === 'area') {
    const inside = bareFilter(loose);
    const isSomewhere = inside.bbox || inside.area || inside.near;
    return isSomewhere ? { kind: 'area', ...inside, ...own } : null;
  }
  return null;
}

/** The parts of a query in either of the server's forms. */
export function wholeParts({ parts, text, place, row, weights = {} }: LooseQuery): Part[] {
  const loose: LoosePart[] = [...(parts ?? [])];
  if (text) {
    loose.push({ kind: 'text', text, weight: weights.text ?? 1 });
  }
  if (place) {
    loose.push({ kind: 'place', lon: place[0], lat: place[1], weight: weights.place ?? 1 });
  }
  if (row !== undefined) {
    loose.push({ kind: 'row', row, weight: weights.row ?? 1 });
  }
  return loose.map(wholePart).filter((part) => part !== null);
}

/** Whether a new part takes the place of an old one: a tile that of itself, words of equal words. */
function replaces(added: Part, old: Part): boolean {
  if (added.kind === 'row') {
    return old.kind === 'row' && old.row === added.row && old.set === added.set;
  }
  if (added.kind === 'text') {
    return old.kind === 'text' && old.text === added.text;
  }
  return false;
}

/** Put a part into a query; it replaces its like. */
export function joinPart(parts: Part[], added: Part): Part[] {
  const at = parts.findIndex((old) => replaces(added, old));
  return at < 0 ? [...parts, added] : parts.map((old, index) => (index === at ? added : old));
}

/** Number of the part that the box of words shows: the first of words. */
export function boxedPart(parts: Part[]): number {
  return parts.findIndex((part) => part.kind === 'text');
}

export function textOf(parts: Part[]): string {
  return parts.find((part) => part.kind === 'text')?.text ?? '';
}

/** The query with other words in the box; empty words take that part out. */
export function withText(parts: Part[], typed: string): Part[] {
  const text = typed.trim();
  const at = boxedPart(parts);
  const old = parts[at];
  if (!text) {
    return parts.filter((_, index) => index !== at);
  }
  if (old?.kind !== 'text') {
    return [{ kind: 'text', text, weight: 1 }, ...parts];
  }
  return parts.map((part, index) => (index === at ? { ...old, text } : part));
}

/** What tells one part from the others; the number keeps equal ones apart. */
export function partKey(part: Part, index: number): string {
  return part.kind === 'row' ? `row-${part.row}` : `${part.kind}-${index}`;
}

/** What a chip says. */
export function partLabel(part: Part): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'image':
      return part.name;
    case 'place':
      return part.name ?? formatPlace(part.lon, part.lat, 2);
    case 'row':
      return t('Tile {row}', { row: part.row });
    case 'rows':
      return t('{count} tiles', { count: formatCount(part.rows.length) });
    case 'area':
      return t('Drawn area');
    case 'vector':
      return t('Vector of {count} numbers', { count: part.vector.length });
  }
}

/**
 * What a part is called whose own scores the server names by its kind: `text`, `text_2` where there
 * are several of the kind (2 is its place among all parts), `text_2@set` where several sets are asked.
 */
export function labelOfName(name: string, asked: readonly Part[]): string {
  const [, own = name, set = ''] = /^([^@]*)(?:@(.*))?$/s.exec(name) ?? [];
  const [, kind = own, place] = /^(.*)_(\d+)$/.exec(own) ?? [];
  const part = place ? asked[Number(place) - 1] : asked.find((one) => one.kind === kind);
  const label = part?.kind === kind ? partLabel(part) : t(own);
  const signed = part?.kind === kind && part.weight < 0 ? `− ${label}` : label;
  return set ? `${signed} @ ${set}` : signed;
}

/** A sentence for headings: "sand desert + Cairo − Tile 17". */
export function describeParts(parts: Part[]): string {
  return parts
    .map((part, index) => {
      const label = partLabel(part);
      if (index === 0) {
        return part.weight < 0 ? t('not {label}', { label }) : label;
      }
      return `${part.weight < 0 ? '−' : '+'} ${label}`;
    })
    .join(' ');
}
