/** Ways to ask the same elsewhere: a link, code, a recipe. */
import { Button, Textarea, Title } from '@mantine/core';
import {
  IconBrandPython,
  IconDeviceFloppy,
  IconFileExport,
  IconFolderOpen,
  IconLink,
  IconTerminal2,
} from '@tabler/icons-react';
import { useState } from 'react';
import { formatCount } from '../format';
import { t } from '../i18n';
import { chooseAndOpen } from '../labels/open';
import { saveNow } from '../labels/save';
import { getState, useStore } from '../state';
import { copyText } from './clipboard';
import { fetchCode } from './fetchFile';
import { lacksOf, linkTo, MOST_LINK } from './link';
import { saveRecipe } from './recipe';
import type { Work } from './useTaking';

interface Props {
  run: (what: string, work: Work) => void;
  isBusy: boolean;
  close: () => void;
}

/** What the link and the code do not bring along. */
function notes(): string[] {
  const state = getState();
  const { pictures, labels, isLong } = lacksOf(state, linkTo(state));
  return [
    pictures &&
      t('Pictures do not fit into a link; code says where to put them. The recipe holds them.'),
    isLong &&
      t('The link would have over {count} characters, which many programs cut: save the recipe.', {
        count: formatCount(MOST_LINK),
      }),
    labels && t('Labels are not in the link: save the project.'),
  ].filter((note) => note !== false);
}

export function Share({ run, isBusy, close }: Props) {
  const [byHand, setByHand] = useState('');
  useStore((state) => state); // the link follows all that is seen
  const state = getState();
  const link = linkTo(state);
  const { isLong } = lacksOf(state, link);

  const copy = async (what: string, text: string): Promise<string> => {
    if (await copyText(text)) {
      setByHand('');
      return t('{what} is copied.', { what });
    }
    setByHand(text);
    return t('The browser does not let the page copy: take it from the field.');
  };
  const copyCode = (what: string, format: 'python' | 'curl'): void =>
    run(what, async (signal) => copy(what, await fetchCode(format, signal)));

  return (
    <>
      <Title order={3} className="take-title">
        {t('Ask the same elsewhere')}
      </Title>
      <div className="take-share">
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconLink size={15} />}
          disabled={isBusy || isLong}
          onClick={() => run(t('The link'), () => copy(t('The link'), link))}
        >
          {t('Copy link')}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconBrandPython size={15} />}
          disabled={isBusy}
          onClick={() => copyCode('Python', 'python')}
        >
          {t('Copy as Python')}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconTerminal2 size={15} />}
          disabled={isBusy}
          onClick={() => copyCode('curl', 'curl')}
        >
          {t('Copy as curl')}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconFileExport size={15} />}
          onClick={saveRecipe}
        >
          {t('Save the recipe')}
        </Button>
        {state.labels.size > 0 && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconDeviceFloppy size={15} />}
            onClick={saveNow}
          >
            {t('Save the project')}
          </Button>
        )}
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconFolderOpen size={15} />}
          onClick={() => chooseAndOpen(close)}
        >
          {t('Open a recipe or project …')}
        </Button>
      </div>
      {notes().map((note) => (
        <p key={note} className="take-note">
          {note}
        </p>
      ))}
      {byHand && (
        <Textarea
          readOnly
          autosize={false}
          rows={4}
          aria-label={t('Text to copy')}
          value={byHand}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  );
}
