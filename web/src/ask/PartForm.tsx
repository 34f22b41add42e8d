/** One part of the query: its words or place, its sign and weight, where it is on the map. */
import { Button, SegmentedControl, Slider, Text, TextInput } from '@mantine/core';
import { IconFocus2 } from '@tabler/icons-react';
import { useState } from 'react';
import { changePart, flyThere, select } from '../actions';
import { parseArea } from '../filters/parse';
import { t } from '../i18n';
import { outlines } from '../map/areas';
import { middleOf } from '../map/drawn';
import { parsePlace } from '../places';
import { useStore } from '../state';
import type { Part } from '../types';
import { showSets } from './dialog';
import { kindWords, modelOf, reason } from './fit';

interface Form {
  part: Part;
  index: number;
  isOff: boolean;
  close: () => void;
}

function WeightForm({ part, change }: { part: Part; change: (weight: number) => void }) {
  const sign = part.weight < 0 ? -1 : 1;
  const [size, setSize] = useState(Math.abs(part.weight));
  const hasSigns = useStore((state) => state.fusion?.method === 'minimum');
  return (
    <>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t('Sign')}
        value={String(sign)}
        data={[
          { value: '1', label: t('More like it') },
          { value: '-1', label: t('Less like it') },
        ]}
        onChange={(value) => change(Number(value) * size)}
      />
      {!hasSigns && (
        <>
          <Text size="xs" mt="sm">
            {t('How much it counts: {size}', { size: size.toFixed(1) })}
          </Text>
          <Slider
            mt={4}
            min={0.1}
            max={Math.max(2, Math.ceil(Math.abs(part.weight)))}
            step={0.1}
            value={size}
            label={null}
            thumbLabel={t('How much it counts')}
            onChange={setSize}
            onChangeEnd={(value) => change(sign * Number(value.toFixed(1)))}
          />
        </>
      )}
    </>
  );
}

/** What can be typed in place of a part; null if it is nothing that is typed. */
function typedOf(part: Part): string | null {
  if (part.kind === 'text') {
    return part.text;
  }
  if (part.kind === 'place') {
    return `${part.lat}, ${part.lon}`;
  }
  return part.kind === 'area' && part.bbox ? part.bbox.join(', ') : null;
}

/** The part with what was typed, or what is wrong with it. */
function retyped(part: Part, typed: string): Part | string {
  if (part.kind === 'text') {
    return typed.trim() ? { ...part, text: typed.trim() } : t('Say what to look for.');
  }
  if (part.kind === 'place') {
    const read = parsePlace(typed);
    if (read.kind === 'place') {
      const { name: _, ...rest } = part;
      return { ...rest, lon: read.lon, lat: read.lat };
    }
    return read.kind === 'wrong' ? read.message : t('Latitude and longitude, such as 48.86, 2.35');
  }
  const read = parseArea(typed);
  return 'wrong' in read ? read.wrong : ({ ...part, bbox: null, ...read.shape } as Part);
}

function labelOf(part: Part): string {
  if (part.kind === 'text') {
    return t('Words');
  }
  return part.kind === 'place' ? t('Latitude, longitude') : t('West, south, east, north');
}

function TypedForm({ part, index, close }: Form) {
  const before = typedOf(part);
  const [typed, setTyped] = useState(before ?? '');
  const [wrong, setWrong] = useState('');
  if (before === null) {
    return null;
  }
  function use(): void {
    const next = retyped(part, typed);
    if (typeof next === 'string') {
      setWrong(next);
    } else {
      close();
      changePart(index, next);
    }
  }
  return (
    <div className="part-typed">
      <TextInput
        size="xs"
        label={labelOf(part)}
        value={typed}
        error={wrong || null}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong('');
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault();
            use();
          }
        }}
      />
      <Button size="xs" variant="default" disabled={typed === before} onClick={use}>
        {t('Change')}
      </Button>
    </div>
  );
}

/** Go to where a part is. */
function show(part: Part): void {
  if (part.kind === 'row') {
    select(part.row, true);
  } else if (part.kind === 'rows') {
    select(part.rows[0]!, true);
  } else if (part.kind === 'place') {
    flyThere(part);
  } else if (part.kind === 'area') {
    flyThere(middleOf(outlines(part)));
  }
}

function Off({ part, close }: { part: Part; close: () => void }) {
  const info = useStore((state) => state.info);
  const models = useStore((state) => state.models);
  if (!info) {
    return null;
  }
  const model = modelOf(info, models);
  return (
    <div className="part-off" role="note">
      <p>{reason(info, [part.kind], models)}</p>
      {model?.get && <code>{model.get}</code>}
      <p>{t('Take it out, or turn to a set that takes {kind}.', { kind: kindWords(part.kind) })}</p>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          close();
          showSets(true);
        }}
      >
        {t('Sets and models')}
      </Button>
    </div>
  );
}

export function PartForm({ part, index, isOff, close }: Form) {
  const isSomewhere = ['row', 'rows', 'place', 'area'].includes(part.kind);
  return (
    <div className="weight-form">
      {isOff && <Off part={part} close={close} />}
      {part.kind === 'image' && <img className="part-picture" src={part.data} alt={part.name} />}
      <TypedForm part={part} index={index} isOff={isOff} close={close} />
      <WeightForm part={part} change={(weight) => changePart(index, { ...part, weight })} />
      {isSomewhere && (
        <Button
          mt="sm"
          size="compact-xs"
          variant="subtle"
          leftSection={<IconFocus2 size={14} aria-hidden="true" />}
          onClick={() => show(part)}
        >
          {t('Show on the map')}
        </Button>
      )}
    </div>
  );
}
