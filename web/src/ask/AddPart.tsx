/** Further parts: more words, words to avoid, an area as example. */
import {
  ActionIcon,
  Button,
  CloseButton,
  Menu,
  SegmentedControl,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';
import { IconLetterCase, IconLetterCaseToggle, IconPlus, IconPolygon } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { addPart } from '../actions';
import { AreaEntry } from '../filters/AreaEntry';
import { takeShape } from '../filters/shape';
import { t } from '../i18n';
import { getState, useStore } from '../state';

/** The server's own limit; longer words are cut while typing. */
const MAX_TEXT = 2000;

/** What is being added. */
export type Adding = 'like' | 'unlike' | 'area';

export function AddMenu({ add }: { add: (adding: Adding) => void }) {
  const takesText = useStore((state) => state.info?.takes.includes('text') ?? true);
  return (
    <Menu position="bottom-start" shadow="lg" withinPortal returnFocus={false}>
      <Menu.Target>
        <Tooltip label={t('Add another part')}>
          <ActionIcon variant="default" size={36} aria-label={t('Add another part')}>
            <IconPlus size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          disabled={!takesText}
          leftSection={<IconLetterCase size={16} />}
          onClick={() => add('like')}
        >
          {t('Further words')}
        </Menu.Item>
        <Menu.Item
          disabled={!takesText}
          leftSection={<IconLetterCaseToggle size={16} />}
          onClick={() => add('unlike')}
        >
          {t('Words to keep away from')}
        </Menu.Item>
        <Menu.Item leftSection={<IconPolygon size={16} />} onClick={() => add('area')}>
          {t('An area as example')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function WordsForm({ sign, done }: { sign: 1 | -1; done: () => void }) {
  const [text, setText] = useState('');
  const [weight, setWeight] = useState<1 | -1>(sign);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (text.trim()) {
      done();
      addPart({ kind: 'text', text: text.trim(), weight });
    }
  }

  return (
    <form className="add-words" onSubmit={submit}>
      <TextInput
        ref={(input) => input?.focus()}
        size="sm"
        aria-label={t('Further words')}
        placeholder={weight < 0 ? t('away from: mountains …') : t('and also: coast …')}
        value={text}
        maxLength={MAX_TEXT}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="add-row">
        <SegmentedControl
          size="xs"
          aria-label={t('Sign')}
          value={String(weight)}
          data={[
            { value: '1', label: t('More like it') },
            { value: '-1', label: t('Less like it') },
          ]}
          onChange={(value) => setWeight(value === '1' ? 1 : -1)}
        />
        <Button type="submit" size="xs" disabled={!text.trim()}>
          {t('Add')}
        </Button>
      </div>
    </form>
  );
}

export function AddForm({ adding, done }: { adding: Adding; done: () => void }) {
  useWindowEvent('keydown', ({ key }) => {
    if (key === 'Escape' && !getState().drawing) {
      done();
    }
  });
  return (
    <section className="add-form" aria-label={t('Add another part')}>
      <CloseButton size="sm" className="add-close" aria-label={t('Cancel')} onClick={done} />
      {adding === 'area' ? (
        <>
          <p className="add-words-about">{t('Look for what is like the tiles in this area:')}</p>
          <AreaEntry
            purpose="example"
            take={(shape) => {
              done();
              takeShape(shape, 'example');
            }}
          />
        </>
      ) : (
        <WordsForm key={adding} sign={adding === 'like' ? 1 : -1} done={done} />
      )}
    </section>
  );
}
