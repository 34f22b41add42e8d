/** One click, one query. */
import { UnstyledButton } from '@mantine/core';
import { askExample } from '../actions';
import { useStore } from '../state';

export function Examples() {
  const info = useStore((state) => state.info);
  if (!info || info.examples.length === 0) {
    return null;
  }
  return (
    <div className="examples" role="group" aria-label="Examples">
      <span className="examples-title">Try</span>
      {info.examples.map((example) => (
        <UnstyledButton key={example.title} className="pill" onClick={() => askExample(example)}>
          {example.title}
        </UnstyledButton>
      ))}
    </div>
  );
}
