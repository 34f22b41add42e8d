/** In the header: undo and redo, comparing, the language, help. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconHelp } from '@tabler/icons-react';
import { CompareMenu } from '../compare/CompareMenu';
import { t } from '../i18n';
import { setState, useStore } from '../state';
import { LanguageSwitch } from './LanguageSwitch';
import { redo, undo } from './steps';

function Steps() {
  const canUndo = useStore((state) => state.step > 0);
  const canRedo = useStore((state) => state.step < state.lastStep);
  return (
    <ActionIcon.Group className="header-steps">
      <Tooltip label={t('Undo: the question before')}>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t('Undo')}
          aria-disabled={!canUndo}
          data-disabled={!canUndo}
          onClick={undo}
        >
          <IconArrowBackUp size={18} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('Redo')}>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t('Redo')}
          aria-disabled={!canRedo}
          data-disabled={!canRedo}
          onClick={redo}
        >
          <IconArrowForwardUp size={18} />
        </ActionIcon>
      </Tooltip>
    </ActionIcon.Group>
  );
}

export function HeaderTools() {
  return (
    <div className="header-tools">
      <Steps />
      <CompareMenu />
      <LanguageSwitch />
      <Tooltip label={t('Help')}>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t('Help')}
          onClick={() => setState({ isHelpOpen: true })}
        >
          <IconHelp size={18} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
