/** Heatmaps: whether there can be one, and what its colours mean. */
import { t } from '../../i18n';
import type { Answer, SetInfo } from '../../types';

/** Viridis, as the server draws it, at nine even steps. */
const VIRIDIS = [
  '#440154', '#462c79', '#3b518a', '#2d728e', '#21918d', '#2bae7f', '#5fc861', '#acdb31',
  '#fde725',
]; // prettier-ignore

export const HEAT_GRADIENT = `linear-gradient(to right, ${VIRIDIS.join(', ')})`;

/** Why there is no heatmap of a set's tiles, in words; empty where there can be one. */
export function whyNoHeat(info: SetInfo | null, answer: Answer | null): string {
  if (info === null || answer === null) {
    return t('Ask something first: a heatmap shows where in the tile the query fits.');
  }
  if (info.pixels === '') {
    return t('No heatmap: this set does not say how pictures of its tiles are read.');
  }
  if (!info.heatmaps) {
    const model = info.model || t('unknown');
    return t(
      'No heatmap: the model of this set, {model}, compares tiles as a whole. Models of the CLIP, ' +
        'SigLIP and DINOv2 families can say where in a tile the query fits.',
      { model },
    );
  }
  return '';
}

/** What the two ends of the colours stand for, from the headers of the heatmap. */
export function limitsIn(headers: Headers): { kind: string; low: number; high: number } | null {
  const [low, high] = [headers.get('x-eex-min'), headers.get('x-eex-max')];
  if (low === null || high === null) {
    return null;
  }
  return { kind: headers.get('x-eex-kind') ?? '', low: Number(low), high: Number(high) };
}

/** Top, left, bottom, right in pixels of the whole tile. */
export type Box = [number, number, number, number];

/** The part of the whole tile that was embedded, as far as the tile says it. */
export function seenBox(properties: Record<string, unknown> | undefined): Box | null {
  const told = properties?.pixel_bbox;
  if (!Array.isArray(told) || told.length !== 4) {
    return null;
  }
  const box = told.map(Number);
  const [top, left, bottom, right] = box;
  const isBox = box.every(Number.isFinite) && bottom! > top! && right! > left!;
  return isBox ? (box as Box) : null;
}
