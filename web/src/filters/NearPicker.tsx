/** Around a place: how far, and of which place. */
import { Button, Popover, TextInput } from '@mantine/core';
import { IconCircleDashed } from '@tabler/icons-react';
import { useState } from 'react';
import { t } from '../i18n';
import { PlaceForm } from '../panels/PlacePicker';
import type { Shape } from './shape';

const USUAL_KM = 500;

export function NearPicker({ take }: { take: (shape: Shape) => void }) {
  const [opened, setOpened] = useState(false);
  const [km, setKm] = useState(String(USUAL_KM));
  const isFar = Number(km) > 0;
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      width={290}
      shadow="lg"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconCircleDashed size={14} aria-hidden="true" />}
          aria-label={t('Around a place')}
          onClick={() => setOpened(!opened)}
        >
          {t('Around')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <TextInput
          size="sm"
          mb="xs"
          type="number"
          min={1}
          label={t('At most so many kilometres')}
          value={km}
          error={isFar ? null : t('More than 0 km.')}
          onChange={(event) => setKm(event.currentTarget.value)}
        />
        <PlaceForm
          choose={({ lon, lat }) => {
            if (isFar) {
              setOpened(false);
              take({ near: { lon, lat, km: Number(km) } });
            }
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
