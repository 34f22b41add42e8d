/** The parts of the query as chips: what counts how much, and away with it. */
import {
  CloseButton,
  Popover,
  SegmentedControl,
  Slider,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import {
  IconGridDots,
  IconLetterCase,
  IconMapPin,
  IconPolygon,
  IconVector,
} from '@tabler/icons-react';
import { useState } from 'react';
import { changePart, removePart } from '../actions';
import { pictureUrl } from '../api';
import { formatWeight } from '../format';
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

function WeightForm({ part, change }: { part: Part; change: (weight: number) => void }) {
  const sign = part.weight < 0 ? -1 : 1;
  const [size, setSize] = useState(Math.abs(part.weight));
  return (
    <div className="weight-form">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Sign"
        value={String(sign)}
        data={[
          { value: '1', label: 'More like it' },
          { value: '-1', label: 'Less like it' },
        ]}
        onChange={(value) => change(Number(value) * size)}
      />
      <Text size="xs" mt="sm">
        How much it counts: {size.toFixed(1)}
      </Text>
      <Slider
        mt={4}
        min={0.1}
        max={2}
        step={0.1}
        value={size}
        label={null}
        thumbLabel="How much it counts"
        onChange={setSize}
        onChangeEnd={(value) => change(sign * Number(value.toFixed(1)))}
      />
    </div>
  );
}

function Chip({ part, index }: { part: Part; index: number }) {
  const [opened, setOpened] = useState(false);
  const label = partLabel(part);
  return (
    <li className="chip" data-negative={part.weight < 0 || undefined}>
      <Popover opened={opened} onChange={setOpened} width={240} shadow="lg" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className="chip-main" onClick={() => setOpened(!opened)}>
            <PartIcon part={part} />
            <span className="chip-label">{label}</span>
            <VisuallyHidden>, change the weight: </VisuallyHidden>
            <span className="chip-weight">{formatWeight(part.weight)}</span>
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          <WeightForm part={part} change={(weight) => changePart(index, { ...part, weight })} />
        </Popover.Dropdown>
      </Popover>
      <CloseButton size="xs" aria-label={`Remove ${label}`} onClick={() => removePart(index)} />
    </li>
  );
}

export function PartChips() {
  const parts = useStore((state) => state.parts);
  const isPlain = parts.length === 1 && parts[0]!.kind === 'text' && parts[0]!.weight === 1;
  if (parts.length === 0 || isPlain) {
    return null;
  }
  return (
    <ul className="chips" aria-label="Parts of the query">
      {parts.map((part, index) => (
        <Chip key={partKey(part, index)} part={part} index={index} />
      ))}
    </ul>
  );
}
