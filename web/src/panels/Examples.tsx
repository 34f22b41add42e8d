/** One click, one query. */
import { UnstyledButton } from '@mantine/core';
import { askExample } from '../actions';
import { t } from '../i18n';
import { useStore } from '../state';

export function Examples() {
  const info = useStore((state) => state.info);
  if (!info || info.examples.length === 0) {
    return null;
  }
  return (
    <div className="examples" role="group" aria-label={t('Examples')}>
      <span className="examples-title">{t('Try')}</span>
      {info.examples.map((example) => (
        <UnstyledButton key={example.title} className="pill" onClick={() => askExample(example)}>
          {example.title}
        </UnstyledButton>
      ))}
    </div>
  );
}
