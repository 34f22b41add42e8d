/** The labels: how many, which, undone and done again, asked with, saved. */
import { ActionIcon, Button, Menu, Title, Tooltip, VisuallyHidden } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconDeviceFloppy,
  IconDots,
  IconTrash,
} from '@tabler/icons-react';
import { useEffect } from 'react';
import { t } from '../i18n';
import { useStore } from '../state';
import { AskLabels } from './AskLabels';
import { keepCopies } from './keep';
import { useLabelKeys } from './keys';
import { LabelList } from './LabelList';
import { clearLabels, countsOf, redoLabels, undoLabels } from './mark';
import { Restore } from './Restore';
import { Rounds } from './Rounds';
import { saveNow } from './save';
import { useSession } from './session';

function Step({ undo }: { undo: boolean }) {
  const canStep = useSession(({ past, future }) => (undo ? past : future).length > 0);
  const label = undo ? t('Undo the last change of labels') : t('Redo the change of labels');
  const Icon = undo ? IconArrowBackUp : IconArrowForwardUp;
  return (
    <Tooltip label={`${label} (${undo ? 'Ctrl+Z' : 'Ctrl+Shift+Z'})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={label}
        aria-disabled={!canStep}
        {...(canStep ? {} : { 'data-disabled': true })}
        onClick={undo ? undoLabels : redoLabels}
      >
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

function More() {
  const isEmpty = useStore((state) => state.labels.size === 0);
  return (
    <Menu position="bottom-end" shadow="lg" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={26} aria-label={t('More with labels')}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconDeviceFloppy size={16} />}
          disabled={isEmpty}
          onClick={saveNow}
        >
          {t('Save the project')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTrash size={16} />}
          disabled={isEmpty}
          onClick={() => clearLabels()}
        >
          {t('Take all labels off')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function Labels() {
  const labels = useStore((state) => state.labels);
  const rounds = useSession((session) => session.rounds);
  const said = useSession((session) => session.said);
  const isSaved = useSession((session) => session.isSaved);
  useLabelKeys();
  useEffect(keepCopies, []);
  const isBegun = labels.size > 0 || rounds.length > 1;
  return (
    <section className="labels" aria-labelledby="labels-title">
      <div className="labels-head">
        <Title order={2} id="labels-title" className="section-title">
          {t('Labels')}
        </Title>
        <span className="labels-count" data-testid="label-count">
          {isBegun && countsOf(labels)}
        </span>
        <Step undo />
        <Step undo={false} />
        <More />
      </div>
      <Restore />
      {isBegun ? (
        <>
          <LabelList />
          <AskLabels />
          <Rounds />
          {!isSaved && labels.size > 0 && (
            <p className="labels-unsaved">
              <span>{t('Not saved to a file yet.')}</span>
              <Button variant="default" size="compact-xs" onClick={saveNow}>
                {t('Save the project')}
              </Button>
            </p>
          )}
        </>
      ) : (
        <p className="labels-hint">
          {t('Mark tiles as right or wrong, then ask with them: the answer learns what you mean.')}
        </p>
      )}
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </section>
  );
}
