/** Files: open a recipe, keep the question as one. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconDeviceFloppy, IconFileExport, IconFolderOpen, IconMenu2 } from '@tabler/icons-react';
import { useRef } from 'react';
import { saveAs } from '../download';
import { t } from '../i18n';
import { openFile } from '../labels/files';
import { saveNow } from '../labels/save';
import { queryIn, toRecord } from '../query';
import { getState, useStore } from '../state';

function saveRecipe(): void {
  const text = JSON.stringify(toRecord(queryIn(getState())), null, 2);
  saveAs(new Blob([text], { type: 'application/json' }), 'recipe.json');
}

export function FileMenu() {
  const hasParts = useStore((state) => state.parts.length > 0);
  const hasLabels = useStore((state) => state.labels.size > 0);
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={chooser}
        type="file"
        hidden
        accept=".json,.geojson,.csv,application/json"
        aria-label={t('Project or recipe file')}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file) {
            void openFile(file);
          }
        }}
      />
      <Menu position="bottom-end" shadow="lg" withinPortal>
        <Menu.Target>
          <Tooltip label={t('Files')}>
            <ActionIcon variant="default" size="lg" ml="auto" aria-label={t('Files')}>
              <IconMenu2 size={18} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconFolderOpen size={16} />}
            onClick={() => chooser.current?.click()}
          >
            {t('Open a project or recipe …')}
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
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
