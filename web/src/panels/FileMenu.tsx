/** Files: open a recipe or a project, keep the question or the labels as one. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import {
  IconDeviceFloppy,
  IconDownload,
  IconFileExport,
  IconFolderOpen,
  IconMenu2,
} from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { t } from '../i18n';
import { chooseAndOpen } from '../labels/open';
import { saveNow } from '../labels/save';
import { useStore } from '../state';
import { LazyDialog } from '../take/LazyDialog';
import { saveRecipe } from '../take/recipe';

export function FileMenu() {
  const hasParts = useStore((state) => state.parts.length > 0);
  const hasLabels = useStore((state) => state.labels.size > 0);
  const hasAnswer = useStore((state) => state.answer !== null);
  const [isTaking, setTaking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Menu position="bottom-end" shadow="lg" withinPortal>
        <Menu.Target>
          <Tooltip label={t('Files')}>
            <ActionIcon ref={button} variant="default" size="lg" ml="auto" aria-label={t('Files')}>
              <IconMenu2 size={18} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFolderOpen size={16} />} onClick={() => chooseAndOpen()}>
            {t('Open a recipe or project …')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFileExport size={16} />}
            disabled={!hasParts}
            onClick={saveRecipe}
          >
            {t('Save the recipe')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDeviceFloppy size={16} />}
            disabled={!hasLabels}
            onClick={saveNow}
          >
            {t('Save the project')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDownload size={16} />}
            disabled={!hasAnswer}
            onClick={() => setTaking(true)}
          >
            {t('Export the answer …')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <LazyDialog isOpen={isTaking} close={() => setTaking(false)} opener={button} />
    </>
  );
}
