/** What the model has words for: a list to browse, each a query. */
import { TextInput, Title, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { askText } from '../actions';
import { useStore } from '../state';

export function Concepts() {
  const concepts = useStore((state) => state.info?.concepts);
  const [filter, setFilter] = useState('');
  if (!concepts || concepts.length === 0) {
    return null;
  }
  const wanted = filter.trim().toLowerCase();
  const found = concepts.filter(
    ({ name, examples }) =>
      name.toLowerCase().includes(wanted) ||
      examples.some((example) => example.toLowerCase().includes(wanted)),
  );
  return (
    <section className="known" aria-labelledby="known-title">
      <div className="scores-head">
        <Title order={2} id="known-title" className="section-title">
          What it knows
        </Title>
        <TextInput
          size="xs"
          className="known-filter"
          aria-label="Filter the concepts"
          placeholder={`Filter ${concepts.length} concepts`}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      <div className="known-list" role="group" aria-label="Known concepts">
        {found.map(({ name, examples }) => (
          <UnstyledButton
            key={name}
            className="pill"
            title={examples.length > 0 ? `Also: ${examples.join(', ')}` : undefined}
            onClick={() => askText(name)}
          >
            {name}
          </UnstyledButton>
        ))}
        {found.length === 0 && <span className="known-none">Nothing by that name.</span>}
      </div>
    </section>
  );
}
