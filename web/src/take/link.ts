/** The link to what is seen: the question, how it is shown, and where the map looks. */
import type { State } from '../state';
import { writeView } from '../url';

/** Longer links are cut by many servers, chats and mail programs. */
export const MOST_LINK = 7500;

export function linkTo(state: State): string {
  const { origin, pathname } = window.location;
  return origin + pathname + writeView(state);
}

export interface Lacks {
  /** Pictures are not in the link. */
  pictures: boolean;
  /** Labels are not in the link. */
  labels: boolean;
  /** The link is longer than others take. */
  isLong: boolean;
}

/** What a link does not bring along. */
export function lacksOf(state: State, link: string): Lacks {
  const parts = [...state.parts, ...(state.other?.parts ?? [])];
  return {
    pictures: parts.some(({ kind }) => kind === 'image'),
    labels: state.labels.size > 0,
    isLong: link.length > MOST_LINK,
  };
}
