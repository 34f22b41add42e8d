/** How parts are joined: what each way means, and turning to it. */
import { askWith, setOptions } from '../actions';
import { t } from '../i18n';
import { getState } from '../state';
import type { Fusion } from '../types';

export type Method = Fusion['method'];

export const METHODS: readonly Method[] = ['vector', 'sum', 'minimum', 'rrf'];

export function methodName(method: Method): string {
  return {
    vector: t('One direction'),
    sum: t('Sum of scores'),
    minimum: t('All must fit'),
    rrf: t('Sum of ranks'),
  }[method];
}

export function methodWords(method: Method): string {
  return {
    vector: t('Vector arithmetic: parts are added up, negative ones taken away.'),
    sum: t('Each part is scored by itself; calibrated scores are added up.'),
    minimum: t('The part that fits worst counts; negative ones must not fit.'),
    rrf: t('Ranks of each part are added up, for scores that cannot be compared.'),
  }[method];
}

/** What the server does if nothing is said. */
export function usualMethod(also: readonly string[]): Method {
  return also.length > 0 ? 'sum' : 'vector';
}

/** Join the parts this way from now on. */
export function joinBy(method: Method): void {
  const { also, parts } = getState();
  if (method === 'minimum') {
    const signs = parts.map((part) => ({ ...part, weight: part.weight < 0 ? -1 : 1 }));
    void askWith({ parts: signs, fusion: { method } });
  } else if (method === 'rrf') {
    setOptions({ fusion: { method }, top_percent: null });
  } else {
    setOptions({ fusion: method === usualMethod(also) ? null : { method } });
  }
}
