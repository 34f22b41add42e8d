/** What the model has words for: a list to browse, each a query. */
import { TextInput, Title, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { askText } from '../actions';
import { t } from '../i18n';
import { useStore } from '../state';

/** Concepts shown while nothing is typed into the filter; the server lists the plainest first. */
const SHOWN = 44;

export function Concepts() {
  const concepts = useStore((state) => state.info?.concepts);
  const [filter, setFilter] = useState('');
  if (!concepts || concepts.length === 0) {
    return null;
  }
  const wanted = filter.trim().toLowerCase();
  const matching = concepts.filter(
    ({ name, examples }) =>
      name.toLowerCase().includes(wanted) ||
      examples.some((example) => example.toLowerCase().includes(wanted)),
  );
  const found = matching.slice(0, SHOWN);
  const more = matching.length - found.length;
  return (
    <section className="known" aria-labelledby="known-title">
      <div className="scores-head">
        <Title order={2} id="known-title" className="section-title">
          {t('What it knows')}
        </Title>
        <TextInput
          size="xs"
          className="known-filter"
          aria-label={t('Filter the concepts')}
          placeholder={t('Filter {count} concepts', { count: concepts.length })}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      <div className="known-list" role="group" aria-label={t('Known concepts')}>
        {found.map(({ name, examples, reliable }) => (
          <UnstyledButton
            key={name}
            className="pill"
            data-doubtful={reliable === false || undefined}
            title={
              reliable === false ? t('Not reliably visible in these pictures') : examples.join(', ')
            }
            onClick={() => askText(name)}
          >
            {name}
          </UnstyledButton>
        ))}
        {more > 0 && (
          <span className="known-none">{t('and {more} more: type to find them', { more })}</span>
        )}
        {found.length === 0 && <span className="known-none">{t('Nothing by that name.')}</span>}
      </div>
    </section>
  );
}
