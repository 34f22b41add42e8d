/**
 * Words of the page in other languages. The English text is the key, so code reads as the page does
 * and a missing translation shows English; `zh/` has Chinese, one file for each part of the page.
 * What the server says (errors, notes) comes in English.
 */
import { zh } from './zh';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Names of the languages in themselves. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', zh: '中文' };

const WORDS: Record<Language, Record<string, string>> = { en: {}, zh };

/** The language that the browser asks for, if the page has it. */
export function preferredLanguage(asked: readonly string[] = navigator.languages): Language {
  for (const tag of asked) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language));
    if (found) {
      return found;
    }
  }
  return 'en';
}

let current: Language = 'en';

/** Choose the language of `t` from now on; only the store does this. */
export function speak(language: Language): void {
  current = language;
}

export function spoken(): Language {
  return current;
}

/** Words in a constant, which `t` says in the language that is chosen by then. */
export function later(english: string): string {
  return english;
}

/** A text in the chosen language; `{name}` is filled in from `values`. */
export function t(english: string, values: Record<string, string | number> = {}): string {
  const text = WORDS[current][english] ?? english;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
