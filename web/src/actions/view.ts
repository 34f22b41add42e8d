/** How the answer is shown: the map's looks, the cut, what is pointed at and chosen. */
import { speak, type Language } from '../i18n';
import { clampPercent, levelOfPercent, type ScoreField } from '../scores';
import { getState, setState, type Drawing } from '../state';
import type { Base, Camera, Layout, Names, Projection, Theme } from '../url';
import { writeUrl, writeUrlSoon } from './address';

export function setPercent(wanted: number): void {
  const percent = clampPercent(wanted);
  const { field, rival } = getState();
  const levelIn = (scores: ScoreField): number => levelOfPercent(scores, percent);
  setState({
    percent,
    ...(field ? { level: levelIn(field) } : {}),
    ...(rival?.field ? { rival: { ...rival, level: levelIn(rival.field) } } : {}),
  });
  writeUrlSoon();
}

export function setBase(base: Base): void {
  setState({ base });
  writeUrl('replace');
}

export function setProjection(projection: Projection): void {
  setState({ projection });
  writeUrl('replace');
}

export function setNames(names: Names): void {
  setState({ names });
  writeUrl('replace');
}

export function setTheme(theme: Theme): void {
  setState({ theme });
  writeUrl('replace');
}

export function setLanguage(lang: Language): void {
  speak(lang);
  document.documentElement.lang = lang;
  setState({ lang });
  writeUrl('replace');
}

export function setLayout(layout: Layout): void {
  setState({ layout });
  writeUrl('replace');
}

/** Where the map looks from now; null is where it starts. */
export function setCamera(camera: Camera | null): void {
  setState({ camera });
  writeUrlSoon();
}

export function setPicking(picking: boolean): void {
  setState({ picking, drawing: null });
}

/** Draw on the map, or stop. */
export function setDrawing(drawing: Drawing | null): void {
  setState({ drawing, picking: false });
}

export function pointAt(row: number | null): void {
  if (getState().pointed !== row) {
    setState({ pointed: row });
  }
}

let flights = 0;

export function showWholeWorld(): void {
  flights += 1;
  setState({ flight: { place: null, stamp: flights } });
}

export function flyThere(place: { lon: number; lat: number }): void {
  flights += 1;
  setState({ flight: { place, stamp: flights } });
}

/** Open the card of a tile, and fly there if asked. */
export function select(row: number, fly: boolean): void {
  const { positions } = getState();
  if (!positions) {
    return;
  }
  setState({ selected: row });
  writeUrlSoon();
  if (fly) {
    flyThere({ lon: positions[2 * row]!, lat: positions[2 * row + 1]! });
  }
}

export function closeTile(): void {
  setState({ selected: null });
  writeUrlSoon();
}
