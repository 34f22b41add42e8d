/** Take the answer away: a button that opens all the ways there are. */
import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { exportUrl } from '../api';
import { t } from '../i18n';
import { useStore } from '../state';
import { forms } from './formats';

export function Take() {
  const id = useStore((state) => state.answer?.id);
  if (!id) {
    return null;
  }
  return (
    <Menu position="bottom-end" shadow="lg" withinPortal>
      <Menu.Target>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconDownload size={15} />}
          aria-label={t('Export the answer')}
        >
          {t('Export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {forms().map(({ name, title }) => (
          <Menu.Item key={name} component="a" href={exportUrl(id, name)} download>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
