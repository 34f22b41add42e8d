/** Where a comparison starts: the same question to another set, or other words to the same set. */
import {
  ActionIcon,
  Button,
  Popover,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { IconColumns2 } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { t } from '../i18n';
import { describeParts } from '../parts';
import { useStore } from '../state';
import { compareWithQuery, compareWithSet, compareWithWords, stopComparing } from './actions';

function Sets({ close }: { close: () => void }) {
  const sets = useStore((state) => state.sets);
  const chosen = useStore((state) => state.set);
  const others = sets.filter(({ name }) => name !== chosen);
  if (others.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {t('The server has no other set. “eex serve SET …” serves several.')}
      </Text>
    );
  }
  return (
    <ul className="compare-sets">
      {others.map(({ name, title, model }) => (
        <li key={name}>
          <UnstyledButton
            className="place-option"
            onClick={() => {
              close();
              void compareWithSet(name);
            }}
          >
            <span>{title}</span>
            <Text component="span" size="xs" c="dimmed">
              {model}
            </Text>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}

function Words({ close }: { close: () => void }) {
  const [typed, setTyped] = useState('');
  const takesText = useStore((state) => state.info?.takes.includes('text') ?? true);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (typed.trim()) {
      close();
      compareWithWords(typed);
    }
  }

  return (
    <form className="compare-start" onSubmit={submit}>
      <TextInput
        data-autofocus
        size="xs"
        label={t('Other words, same set')}
        placeholder={t('for example: snow')}
        disabled={!takesText}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" disabled={!typed.trim()}>
        {t('Compare')}
      </Button>
    </form>
  );
}

function Earlier({ close }: { close: () => void }) {
  const earlier = useStore((state) => state.earlier);
  if (!earlier) {
    return null;
  }
  return (
    <UnstyledButton
      className="place-option"
      onClick={() => {
        close();
        compareWithQuery(earlier);
      }}
    >
      <span>{t('The question before: {words}', { words: describeParts(earlier.parts) })}</span>
    </UnstyledButton>
  );
}

export function CompareMenu() {
  const [opened, setOpened] = useState(false);
  const isOn = useStore((state) => state.other !== null);
  const hasAnswer = useStore((state) => state.answer !== null);
  const close = (): void => setOpened(false);
  const label = isOn ? t('End the comparison') : t('Compare two answers');
  return (
    <Popover
      opened={opened && !isOn}
      onChange={setOpened}
      position="bottom-end"
      width={320}
      shadow="lg"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <Tooltip label={label}>
          <ActionIcon
            variant={isOn ? 'filled' : 'default'}
            size="lg"
            data-compare
            aria-label={label}
            aria-pressed={isOn}
            disabled={!isOn && !hasAnswer}
            onClick={() => (isOn ? stopComparing() : setOpened(!opened))}
          >
            <IconColumns2 size={18} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('Compare two answers')}>
        <Words close={close} />
        <Earlier close={close} />
        <Text size="xs" fw={600} mt="sm" mb={2}>
          {t('Same question, another set')}
        </Text>
        <Sets close={close} />
      </Popover.Dropdown>
    </Popover>
  );
}
