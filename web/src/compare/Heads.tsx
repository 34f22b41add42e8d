/** The headings of the two sides: what each was asked, and of which set; the other side's is a form. */
import { ActionIcon, CloseButton, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { t } from '../i18n';
import { describeParts, textOf } from '../parts';
import { useStore } from '../state';
import type { Contrast } from '../url';
import { changeRivalSet, changeRivalWords, setContrast, stopComparing, swapSides } from './actions';
import { Letter } from './Letter';

export function MainHead() {
  const asked = useStore((state) => state.asked);
  const title = useStore((state) => state.info?.title ?? state.set);
  return (
    <div className="compare-head compare-head-main">
      <Letter side="main" />
      <h2 className="compare-what">{asked.length > 0 ? describeParts(asked) : '…'}</h2>
      <span className="compare-set" title={title}>
        {title}
      </span>
    </div>
  );
}

/** Words of the other side; a part that is no words is told beside them. */
function Words() {
  const other = useStore((state) => state.other);
  const isSearching = useStore((state) => state.rival?.phase === 'searching');
  const [typed, setTyped] = useState<string | null>(null);
  const asked = textOf(other?.parts ?? []);
  const others = other?.parts.filter(({ kind }) => kind !== 'text') ?? [];

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (typed !== null) {
      changeRivalWords(typed);
      setTyped(null);
    }
  }

  return (
    <form className="compare-words" role="search" aria-label={t('Question B')} onSubmit={submit}>
      <TextInput
        size="xs"
        aria-label={t('Words of B')}
        aria-busy={isSearching}
        placeholder={others.length > 0 ? describeParts(others) : t('Words for the other side')}
        value={typed ?? asked}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => typed !== null && typed.trim() === asked && setTyped(null)}
      />
      {others.length > 0 && asked && (
        <span className="compare-others" title={describeParts(others)}>
          + {describeParts(others)}
        </span>
      )}
    </form>
  );
}

function Sets() {
  const sets = useStore((state) => state.sets);
  const chosen = useStore((state) => state.other?.set ?? '');
  const title = useStore((state) => state.rival?.info?.title ?? chosen);
  if (sets.length < 2) {
    return <span className="compare-set">{title}</span>;
  }
  return (
    <select
      className="compare-select"
      aria-label={t('Set of B')}
      value={chosen}
      onChange={(event) => void changeRivalSet(event.currentTarget.value)}
    >
      {!sets.some(({ name }) => name === chosen) && <option value={chosen}>{chosen}</option>}
      {sets.map(({ name, title: said }) => (
        <option key={name} value={name}>
          {said}
        </option>
      ))}
    </select>
  );
}

/** The button that started it has the focus again. */
function stop(): void {
  stopComparing();
  document.querySelector<HTMLElement>('[data-compare]')?.focus();
}

export function RivalHead() {
  const canContrast = useStore((state) => state.difference !== null);
  const contrast = useStore((state) => state.contrast);
  const isBusy = useStore(
    (state) => state.phase === 'searching' || state.rival?.phase === 'searching',
  );

  return (
    <div className="compare-head compare-head-rival">
      <Letter side="rival" />
      <h2 className="compare-hidden">{t('Side B')}</h2>
      <Words />
      <Sets />
      <SegmentedControl
        size="xs"
        className="compare-contrast"
        aria-label={t('Right map')}
        value={contrast}
        data={[
          { value: 'sides', label: 'B' },
          { value: 'difference', label: 'A − B', disabled: !canContrast },
        ]}
        onChange={(value) => setContrast(value as Contrast)}
      />
      <Tooltip label={t('Swap the sides')}>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t('Swap the sides')}
          aria-disabled={isBusy}
          onClick={swapSides}
        >
          <IconArrowsExchange size={17} />
        </ActionIcon>
      </Tooltip>
      <CloseButton size="md" aria-label={t('End the comparison')} onClick={stop} />
    </div>
  );
}
