/** The conditions: where, when, how cloudy, and any column. */
import { NativeSelect, Slider, Textarea, TextInput, UnstyledButton } from '@mantine/core';
import { useId, type ReactNode } from 'react';
import { t } from '../i18n';
import { useStore } from '../state';
import type { Filter } from '../types';
import { AreaEntry } from './AreaEntry';
import { useColumns } from './columns';
import { NearPicker } from './NearPicker';
import type { Shape } from './shape';
import type { Draft } from './useDraft';
import { monthName, monthsOf, seasonOf } from './words';

const MONTHS = Array.from({ length: 12 }, (_, index) => index + 1);
/** Columns offered below the field for conditions. */
const OFFERED = 12;
/** Longest condition that the server reads. */
const MAX_WHERE = 2000;

interface Part {
  title: string;
  children: ReactNode;
  /** Why there is nothing to choose. */
  lacks?: string | false;
}

function FieldGroup({ title, lacks, children }: Part) {
  const id = useId();
  return (
    <div className="filter-field" role="group" aria-labelledby={id}>
      <span id={id} className="filter-title">
        {title}
      </span>
      {lacks ? <p className="filter-lacks">{lacks}</p> : children}
    </div>
  );
}

function Dates({ draft }: { draft: Draft }) {
  const [first, last] = draft.filter.time ?? [null, null];
  function end(label: string, value: string | null, make: (text: string | null) => void) {
    return (
      <TextInput
        size="xs"
        aria-label={label}
        placeholder="2021-06-30"
        description={label}
        maxLength={40}
        value={value ?? ''}
        aria-invalid={Boolean(draft.wrong.time)}
        onChange={(event) => make(event.currentTarget.value || null)}
        onBlur={() => void draft.commit('time')}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            void draft.commit('time');
          }
        }}
      />
    );
  }
  function change(from: string | null, to: string | null): void {
    draft.change('time', { time: from || to ? [from, to] : null });
  }
  return (
    <>
      <div className="filter-pair">
        {end(t('First date'), first, (text) => change(text, last))}
        {end(t('Last date'), last, (text) => change(first, text))}
      </div>
      <Wrong words={draft.wrong.time} />
    </>
  );
}

function Season({ draft }: { draft: Draft }) {
  const months = monthsOf(draft.filter.season);
  const choices = MONTHS.map((month) => ({ value: String(month), label: monthName(month) }));
  function change(first: number, last: number): void {
    void draft.commit('season', { season: first && last ? seasonOf(first, last) : null });
  }
  return (
    <>
      <div className="filter-pair">
        <NativeSelect
          size="xs"
          aria-label={t('First month')}
          value={String(months?.[0] ?? 0)}
          data={[{ value: '0', label: t('any month') }, ...choices]}
          onChange={(event) => {
            const month = Number(event.currentTarget.value);
            change(month, month && (months?.[1] ?? month));
          }}
        />
        <NativeSelect
          size="xs"
          aria-label={t('Last month')}
          disabled={!months}
          value={String(months?.[1] ?? 0)}
          data={[{ value: '0', label: '–', disabled: true }, ...choices]}
          onChange={(event) => change(months![0], Number(event.currentTarget.value))}
        />
      </div>
      <Wrong words={draft.wrong.season} />
    </>
  );
}

function asFilter(percent: number): Filter {
  return { cloud: percent >= 100 ? null : percent };
}

function Clouds({ draft }: { draft: Draft }) {
  const value = draft.filter.cloud ?? 100;
  return (
    <div className="filter-slider">
      <Slider
        size="sm"
        min={0}
        max={100}
        step={1}
        value={value}
        label={null}
        thumbLabel={t('Greatest cloud cover in percent')}
        onChange={(percent) => draft.change('cloud', asFilter(percent))}
        onChangeEnd={(percent) => void draft.commit('cloud', asFilter(percent))}
      />
      <output>{value >= 100 ? t('any') : `≤ ${value} %`}</output>
    </div>
  );
}

function Where({ draft, columns }: { draft: Draft; columns: string[] }) {
  const where = draft.filter.where ?? '';
  return (
    <>
      <Textarea
        size="xs"
        className="filter-where"
        aria-label={t('Condition in CQL2')}
        placeholder="lat > 45 AND NOT lon BETWEEN 0 AND 30"
        rows={2}
        maxLength={MAX_WHERE}
        value={where}
        spellCheck={false}
        error={draft.wrong.where}
        onChange={(event) => draft.change('where', { where: event.currentTarget.value || null })}
        onBlur={() => void draft.commit('where')}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            void draft.commit('where');
          }
        }}
      />
      <div className="filter-columns">
        <span>{t('Columns')}</span>
        {columns.slice(0, OFFERED).map((name) => (
          <UnstyledButton
            key={name}
            className="pill"
            aria-label={t('Insert {name}', { name })}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              const written = /^[A-Za-z_][\w.]*$/.test(name) ? name : `"${name}"`;
              draft.change('where', { where: `${where}${where ? ' ' : ''}${written} ` });
            }}
          >
            {name}
          </UnstyledButton>
        ))}
      </div>
    </>
  );
}

function Wrong({ words }: { words: string | undefined }) {
  return words ? (
    <p className="filter-wrong" role="alert">
      {words}
    </p>
  ) : null;
}

export function FilterForm({ draft }: { draft: Draft }) {
  const set = useStore((state) => state.info?.name);
  const columns = useColumns(set);
  const takePlace = (shape: Shape): void => {
    void draft.commit('place', { bbox: null, area: null, near: null, ...shape });
  };
  return (
    <div className="filter-form" id="filter-form">
      <FieldGroup title={t('Area')}>
        <AreaEntry purpose="filter" take={takePlace} wrong={draft.wrong.place}>
          <NearPicker take={takePlace} />
        </AreaEntry>
      </FieldGroup>
      <FieldGroup
        title={t('Dates')}
        lacks={columns?.hasTimes === false && t('The tiles of this set have no dates.')}
      >
        <Dates draft={draft} />
      </FieldGroup>
      {columns?.hasTimes !== false && (
        <FieldGroup title={t('Season')}>
          <Season draft={draft} />
        </FieldGroup>
      )}
      {columns?.hasClouds && (
        <FieldGroup title={t('Clouds')}>
          <Clouds draft={draft} />
        </FieldGroup>
      )}
      <FieldGroup title={t('Condition')}>
        <Where draft={draft} columns={columns?.names ?? []} />
      </FieldGroup>
    </div>
  );
}
