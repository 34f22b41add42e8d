/** Two buttons that say what a tile is: right or wrong; pressed again they say nothing. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { t } from '../i18n';
import { useStore } from '../state';
import { toggleMark } from './mark';
import type { Value } from './session';

interface One {
  row: number;
  value: Value;
  compact: boolean;
}

function words(row: number, value: Value): { label: string; short: string; key: string } {
  return value === 1
    ? { label: t('Tile {row} is right', { row }), short: t('Right'), key: 'R' }
    : { label: t('Tile {row} is wrong', { row }), short: t('Wrong'), key: 'W' };
}

function LabelButton({ row, value, compact }: One) {
  const isOn = useStore((state) => state.labels.get(row) === value);
  const { label, short, key } = words(row, value);
  const Icon = value === 1 ? IconCheck : IconX;
  const own = {
    className: 'label-button',
    'data-value': value,
    'data-on': isOn || undefined,
    'aria-pressed': isOn,
    'aria-label': label,
    'aria-keyshortcuts': key,
    onClick: () => toggleMark(row, value),
  };
  return (
    <Tooltip label={t('{word} (key {key})', { word: short, key })}>
      {compact ? (
        <ActionIcon variant="default" size={26} {...own}>
          <Icon size={15} stroke={2.4} />
        </ActionIcon>
      ) : (
        <Button variant="default" size="compact-sm" leftSection={<Icon size={15} />} {...own}>
          {short}
        </Button>
      )}
    </Tooltip>
  );
}

/** For cards and rows of a table `compact`, icons only; where there is room with words. */
export function LabelButtons({ row, compact = false }: { row: number; compact?: boolean }) {
  return (
    <span className="label-buttons" data-row={row} role="group" aria-label={t('Label')}>
      <LabelButton row={row} value={1} compact={compact} />
      <LabelButton row={row} value={-1} compact={compact} />
    </span>
  );
}
