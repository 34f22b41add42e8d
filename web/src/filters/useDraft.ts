/**
 * The filter while it is edited: how many tiles are inside is asked for as one types, and a
 * condition that the server does not take is told beside its field and never asked with.
 */
import { useEffect, useState } from 'react';
import { setFilter } from '../actions';
import { countInside, toProblem, wasAborted } from '../api';
import { bareFilter, hasFilter } from '../filter';
import { t } from '../i18n';
import { getState, useStore } from '../state';
import type { Filter } from '../types';

/** Fields of the form; `place` is any of box, area and circle. */
export type Field = 'place' | 'time' | 'season' | 'cloud' | 'where';

export interface Draft {
  /** What counts now, edits included. */
  filter: Filter;
  /** Tiles inside; null while unknown, or without any condition. */
  inside: number | null;
  wrong: Partial<Record<Field, string>>;
  /** Edit without asking yet. */
  change: (field: Field, change: Filter) => void;
  /** Ask with it, if the server takes it. */
  commit: (field: Field, change?: Filter) => Promise<void>;
  /** Say beside a field what is wrong. */
  refuse: (field: Field, words: string) => void;
}

/** Rest after an edit before tiles are counted. */
const REST_MS = 250;

function wordsOf(error: unknown): string {
  const { detail, hint } = toProblem(error);
  return [detail, hint].filter(Boolean).join(' ');
}

export function useDraft(): Draft {
  const set = useStore((state) => state.set);
  const applied = useStore((state) => state.filter);
  const [edits, setEdits] = useState<{ of: Filter; field: Field; change: Filter } | null>(null);
  const [counted, setCounted] = useState<{ key: string; inside: number } | null>(null);
  const [wrong, setWrong] = useState<Draft['wrong']>({});
  const isEdited = edits !== null && edits.of === applied;
  const filter = isEdited ? { ...applied, ...edits.change } : applied;
  const bare = JSON.stringify(bareFilter(filter));
  const key = `${set} ${bare}`;
  const field = isEdited ? edits.field : null;

  useEffect(() => {
    const asked = JSON.parse(bare) as Filter;
    if (!hasFilter(asked)) {
      return undefined;
    }
    const timer = window.setTimeout(() => {
      countInside(set, asked).then(
        (inside) => {
          setCounted({ key, inside });
          setWrong({});
        },
        (error: unknown) => {
          if (field && !wasAborted(error)) {
            setWrong({ [field]: wordsOf(error) });
          }
        },
      );
    }, REST_MS);
    return () => window.clearTimeout(timer);
  }, [key, bare, set, field]);

  async function commit(at: Field, change: Filter = {}): Promise<void> {
    const before = getState().filter;
    const next = bareFilter({ ...before, ...(isEdited ? edits.change : {}), ...change });
    if (JSON.stringify(next) === JSON.stringify(bareFilter(before))) {
      setEdits(null);
      return;
    }
    try {
      if (hasFilter(next)) {
        await countInside(getState().set, next, 'check');
      }
      setWrong({});
      setEdits(null);
      setFilter(next);
    } catch (error) {
      if (!wasAborted(error)) {
        setWrong({ [at]: wordsOf(error) || t('This cannot be asked.') });
      }
    }
  }

  return {
    filter,
    inside: counted && counted.key === key ? counted.inside : null,
    wrong,
    change: (at, change) => {
      const former = isEdited ? edits.change : {};
      setEdits({ of: applied, field: at, change: { ...former, ...change } });
      setWrong({});
    },
    commit,
    refuse: (at, words) => setWrong({ [at]: words }),
  };
}
