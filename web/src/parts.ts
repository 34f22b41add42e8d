/** The parts of a query: how they join, and what they are called. */
import { formatPlace } from './format';
import type { LoosePart, LooseQuery, Part } from './types';

/** A part sent by the server as an example, made whole; null if it is of no known kind. */
export function wholePart(loose: LoosePart): Part | null {
  const weight = loose.weight ?? 1;
  if (loose.kind === 'text' && loose.text) {
    return { kind: 'text', text: loose.text, weight };
  }
  if (loose.kind === 'place' && loose.lon !== undefined && loose.lat !== undefined) {
    const { lon, lat, name } = loose;
    return name ? { kind: 'place', lon, lat, name, weight } : { kind: 'place', lon, lat, weight };
  }
  if (loose.kind === 'row' && loose.row !== undefined) {
    return { kind: 'row', row: loose.row, weight };
  }
  return null;
}

/** The parts of a query in either of the server's forms. */
export function wholeParts({ parts = [], text, place, row, weights = {} }: LooseQuery): Part[] {
  const loose: LoosePart[] = [...parts];
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

/** Put a part into a query. Words and the picture are there once; a tile replaces itself. */
export function joinPart(parts: Part[], added: Part): Part[] {
  const others = parts.filter((part) => {
    if (added.kind === 'row') {
      return part.kind !== 'row' || part.row !== added.row;
    }
    return part.kind !== added.kind;
  });
  return added.kind === 'text' ? [added, ...others] : [...others, added];
}

export function textOf(parts: Part[]): string {
  return parts.find((part) => part.kind === 'text')?.text ?? '';
}

/** The query with other words; empty words take the text part out. */
export function withText(parts: Part[], typed: string): Part[] {
  const text = typed.trim();
  if (!text) {
    return parts.filter((part) => part.kind !== 'text');
  }
  const old = parts.find((part) => part.kind === 'text');
  return joinPart(parts, { kind: 'text', text, weight: old?.weight ?? 1 });
}

export function partKey(part: Part): string {
  return part.kind === 'row' ? `row-${part.row}` : part.kind;
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
      return `Tile ${part.row}`;
  }
}

/** A sentence for headings: "sand desert + Cairo − Tile 17". */
export function describeParts(parts: Part[]): string {
  return parts
    .map((part, index) => {
      const label = partLabel(part);
      if (index === 0) {
        return part.weight < 0 ? `not ${label}` : label;
      }
      return `${part.weight < 0 ? '−' : '+'} ${label}`;
    })
    .join(' ');
}
