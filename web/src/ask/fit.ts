/** Which parts a set's model can take, and what to do about the others. */
import { t } from '../i18n';
import type { ModelInfo, Part, SetInfo } from '../types';

type Kind = Part['kind'];

/** Kinds that a model turns into vectors; all others are made of the set's own tiles. */
const OF_MODELS: readonly Kind[] = ['text', 'image', 'place'];

export function kindWords(kind: Kind): string {
  const words: Partial<Record<Kind, string>> = {
    text: t('words'),
    image: t('pictures'),
    place: t('places'),
  };
  return words[kind] ?? t('tiles');
}

export function kindsWords(kinds: readonly Kind[]): string {
  return kinds.map(kindWords).join(', ');
}

/** Kinds among the parts that the set cannot take; a part for another set does not count. */
export function lacking(set: Pick<SetInfo, 'name' | 'takes'>, parts: readonly Part[]): Kind[] {
  return OF_MODELS.filter(
    (kind) =>
      !set.takes.includes(kind) &&
      parts.some((part) => part.kind === kind && (!part.set || part.set === set.name)),
  );
}

export function modelOf(set: SetInfo, models: readonly ModelInfo[]): ModelInfo | undefined {
  return models.find(({ name }) => name === set.model);
}

/** Why a set cannot be asked with these kinds; empty if it can. */
export function reason(set: SetInfo, kinds: readonly Kind[], models: readonly ModelInfo[]): string {
  if (kinds.length === 0) {
    return '';
  }
  const model = modelOf(set, models);
  const lacks = kindsWords(kinds);
  if (!set.model || !model) {
    return t('Takes no {kinds}: its model is not known here.', { kinds: lacks });
  }
  const could = kinds.every((kind) => (model.modalities as Kind[]).includes(kind));
  return could && !model.installed
    ? t('Takes no {kinds} yet: its model is not on the server.', { kinds: lacks })
    : t('Its model takes no {kinds}.', { kinds: lacks });
}
