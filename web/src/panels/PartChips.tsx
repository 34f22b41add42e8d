/** The parts of the query as chips: what counts how much, what it is, and away with it. */
import { CloseButton, Popover, UnstyledButton, VisuallyHidden } from '@mantine/core';
import {
  IconAlertTriangle,
  IconGridDots,
  IconLetterCase,
  IconMapPin,
  IconPolygon,
  IconVector,
} from '@tabler/icons-react';
import { useState } from 'react';
import { removePart } from '../actions';
import { pictureUrl } from '../api';
import { lacking } from '../ask/fit';
import { PartForm } from '../ask/PartForm';
import { formatWeight } from '../format';
import { t } from '../i18n';
import { partKey, partLabel } from '../parts';
import { useStore } from '../state';
import type { Part } from '../types';

function PartIcon({ part }: { part: Part }) {
  const set = useStore((state) => state.set);
  const hasPictures = useStore((state) => state.info?.pixels !== '');
  const [lost, setLost] = useState(false);
  if (part.kind === 'image') {
    return <img className="chip-picture" src={part.data} alt="" />;
  }
  if (part.kind === 'row' && hasPictures && !lost) {
    const source = pictureUrl(set, part.row, 64);
    return <img className="chip-picture" src={source} alt="" onError={() => setLost(true)} />;
  }
  const icons = {
    text: IconLetterCase,
    place: IconMapPin,
    row: IconGridDots,
    rows: IconGridDots,
    area: IconPolygon,
    vector: IconVector,
  };
  const Icon = icons[part.kind];
  return <Icon size={15} aria-hidden="true" />;
}

function Chip({ part, index }: { part: Part; index: number }) {
  const [opened, setOpened] = useState(false);
  const info = useStore((state) => state.info);
  const label = partLabel(part);
  const isOff = info !== null && lacking(info, [part]).length > 0;
  return (
    <li className="chip" data-negative={part.weight < 0 || undefined} data-off={isOff || undefined}>
      <Popover opened={opened} onChange={setOpened} width={270} shadow="lg" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className="chip-main" onClick={() => setOpened(!opened)}>
            {isOff ? <IconAlertTriangle size={15} aria-hidden="true" /> : <PartIcon part={part} />}
            <span className="chip-label">{label}</span>
            <VisuallyHidden>
              {isOff && `, ${t('not taken by this set')}`}
              {t(', change it: ')}
            </VisuallyHidden>
            <span className="chip-weight">{formatWeight(part.weight)}</span>
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          <PartForm part={part} index={index} isOff={isOff} close={() => setOpened(false)} />
        </Popover.Dropdown>
      </Popover>
      <CloseButton
        size="xs"
        aria-label={t('Remove {label}', { label })}
        onClick={() => removePart(index)}
      />
    </li>
  );
}

export function PartChips() {
  const parts = useStore((state) => state.parts);
  const takesWords = useStore((state) => state.info?.takes.includes('text') ?? true);
  const isPlain = parts.length === 1 && parts[0]!.kind === 'text' && parts[0]!.weight === 1;
  if (parts.length === 0 || (isPlain && takesWords)) {
    return null;
  }
  return (
    <ul className="chips" aria-label={t('Parts of the query')}>
      {parts.map((part, index) => (
        <Chip key={partKey(part, index)} part={part} index={index} />
      ))}
    </ul>
  );
}
