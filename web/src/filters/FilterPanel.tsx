/** Filters: which tiles may be ranked at all, how many those are, and away with each. */
import { CloseButton, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconChevronDown, IconFilter } from '@tabler/icons-react';
import { useState } from 'react';
import { setFilter } from '../actions';
import { bareFilter, conditionsOf, type Condition } from '../filter';
import { formatCount } from '../format';
import { t } from '../i18n';
import { getState, useStore } from '../state';
import { FilterForm } from './FilterForm';
import { useDraft, type Draft } from './useDraft';
import { conditionWords } from './words';

function remove(condition: Condition): void {
  setFilter(bareFilter({ ...getState().filter, [condition]: null }));
}

function Chips() {
  const filter = useStore((state) => state.filter);
  const conditions = conditionsOf(filter);
  if (conditions.length === 0) {
    return null;
  }
  return (
    <ul className="chips filter-chips" aria-label={t('Active filters')}>
      {conditions.map((condition) => {
        const words = conditionWords(filter, condition);
        return (
          <li key={condition} className="chip filter-chip" data-kind={condition}>
            <span className="chip-label">{words}</span>
            <CloseButton
              size="xs"
              aria-label={t('Remove the filter {words}', { words })}
              onClick={() => remove(condition)}
            />
          </li>
        );
      })}
    </ul>
  );
}

function Inside({ draft }: { draft: Draft }) {
  const rows = useStore((state) => state.info?.rows ?? 0);
  const isFiltered = conditionsOf(draft.filter).length > 0;
  if (!isFiltered || !rows) {
    return <output className="filter-count" aria-live="polite" data-testid="inside" />;
  }
  return (
    <output
      className="filter-count"
      aria-live="polite"
      data-testid="inside"
      data-none={draft.inside === 0 || undefined}
    >
      {draft.inside === null
        ? '…'
        : t('{count} of {rows} tiles', {
            count: formatCount(draft.inside),
            rows: formatCount(rows),
          })}
    </output>
  );
}

export function FilterPanel() {
  const [opened, setOpened] = useState(false);
  const count = useStore((state) => conditionsOf(state.filter).length);
  const draft = useDraft();
  return (
    <section className="filters" aria-label={t('Filters')}>
      <div className="filters-head">
        <UnstyledButton
          className="filters-toggle"
          aria-expanded={opened}
          aria-controls="filter-form"
          onClick={() => setOpened(!opened)}
        >
          <IconFilter size={15} aria-hidden="true" />
          {t('Filters')}
          {count > 0 && (
            <span className="filters-number">
              {count}
              <VisuallyHidden> {t('active')}</VisuallyHidden>
            </span>
          )}
          <IconChevronDown className="filters-chevron" size={15} aria-hidden="true" />
        </UnstyledButton>
        <Inside draft={draft} />
        {count > 0 && (
          <UnstyledButton className="filters-clear" onClick={() => setFilter({})}>
            {t('Clear all')}
          </UnstyledButton>
        )}
      </div>
      <Chips />
      {opened && <FilterForm draft={draft} />}
    </section>
  );
}
