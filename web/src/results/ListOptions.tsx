/** What is listed: how many, how far apart, how varied. Each change asks again. */
import {
  Button,
  NumberInput,
  Popover,
  SegmentedControl,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { IconAdjustmentsHorizontal, IconChevronDown } from '@tabler/icons-react';
import { useId, useState, type ReactNode } from 'react';
import { setOptions } from '../actions';
import { formatCount } from '../format';
import { t } from '../i18n';
import { BEST } from '../query';
import { useStore } from '../state';
import type { Options } from '../types';

const COUNTS = [24, 100, 1_000, 10_000, 50_000];
export const MOST = 50_000;
const FARTHEST_KM = 20_000;
/** What is offered at one click, kilometres. */
const CELLS_KM = 1_000;

type Name = 'k' | 'spread_km' | 'one_per_cell' | 'diversity' | 'repeats';

function change(options: Partial<Options>): void {
  setOptions(options);
}

interface FieldProps {
  name: Name;
  label: string;
  hint: string;
  unit?: string;
  min: number;
  max: number;
  step: number;
  digits?: number;
  /** What stands there when nothing is set. */
  usual?: string;
}

/** A number that is asked with once it is left or Enter is pressed; empty is as usual. */
function NumberField({ name, label, hint, unit, min, max, step, digits = 0, usual }: FieldProps) {
  const value = useStore((state) => state[name]);
  const [typed, setTyped] = useState<{ for: number | null; text: string | number } | null>(null);
  const shown = typed?.for === value ? typed.text : (value ?? '');
  const commit = () => {
    if (typed === null || typed.text === (value ?? '')) {
      return;
    }
    const number = typed.text === '' ? null : Math.min(max, Math.max(min, Number(typed.text)));
    setTyped(null);
    if (number !== value && (number === null || Number.isFinite(number))) {
      change({ [name]: number });
    }
  };
  return (
    <NumberInput
      size="xs"
      className="option-number"
      label={label}
      description={hint}
      value={shown}
      min={min}
      max={max}
      step={step}
      decimalScale={digits}
      clampBehavior="blur"
      thousandSeparator=","
      allowNegative={false}
      {...(usual ? { placeholder: usual } : {})}
      {...(unit ? { suffix: ` ${unit}` } : {})}
      onChange={(text) => setTyped({ for: value, text })}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          commit();
        }
      }}
    />
  );
}

function HowMany() {
  const k = useStore((state) => state.k) ?? BEST;
  const rows = useStore((state) => state.info?.rows ?? MOST);
  const counts = COUNTS.filter((_, at) => at === 0 || COUNTS[at - 1]! < rows);
  return (
    <div className="option">
      <Text size="xs" fw={500}>
        {t('How many')}
      </Text>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label={t('How many')}
        value={counts.includes(k) ? String(k) : ''}
        data={counts.map((count) => ({ value: String(count), label: formatCount(count) }))}
        onChange={(value) => change({ k: Number(value) === BEST ? null : Number(value) })}
      />
      <NumberField
        name="k"
        label={t('Or a number of your own')}
        hint={t('The best so many tiles are listed, at most 50,000.')}
        min={1}
        max={MOST}
        step={10}
        usual={String(BEST)}
      />
    </div>
  );
}

function Preset({ isOn, act, children }: { isOn: boolean; act: () => void; children: ReactNode }) {
  return (
    <UnstyledButton className="pill" aria-pressed={isOn} onClick={act}>
      {children}
    </UnstyledButton>
  );
}

function Spread() {
  const spread = useStore((state) => state.spread_km);
  const own = useStore((state) => state.info?.spread_km ?? 0);
  const usual = own > 0 ? t('{km} km', { km: formatCount(own) }) : t('off');
  return (
    <div className="option">
      <NumberField
        name="spread_km"
        label={t('Spread')}
        hint={t(
          'At most one tile within so many kilometres, so that neighbours do not fill the list.',
        )}
        unit="km"
        min={0}
        max={FARTHEST_KM}
        step={50}
        usual={usual}
      />
      <div className="option-presets" role="group" aria-label={t('Spread')}>
        <Preset isOn={spread === null} act={() => change({ spread_km: null })}>
          {t('As this set has it: {usual}', { usual })}
        </Preset>
        <Preset isOn={spread === 0} act={() => change({ spread_km: 0 })}>
          {t('Off')}
        </Preset>
      </div>
    </div>
  );
}

function More() {
  return (
    <div className="option-more">
      <NumberField
        name="one_per_cell"
        label={t('One per grid cell')}
        hint={t('At most one tile in each cell of an even grid over the Earth, as wide as this.')}
        unit="km"
        min={1}
        max={FARTHEST_KM}
        step={CELLS_KM / 10}
        digits={1}
        usual={t('off')}
      />
      <NumberField
        name="diversity"
        label={t('Diversity')}
        hint={t('From 0 to 1: how much a tile should differ from those above it (MMR).')}
        min={0}
        max={1}
        step={0.1}
        digits={2}
        usual={t('off')}
      />
      <NumberField
        name="repeats"
        label={t('Group repeats')}
        hint={t(
          'Tiles this alike (cosine, such as 0.98) join the better one in place of repeating it.',
        )}
        min={0}
        max={1}
        step={0.01}
        digits={3}
        usual={t('off')}
      />
    </div>
  );
}

/** What is set now, in a few words. */
function useSummary(): string {
  const k = useStore((state) => state.k);
  const spread = useStore((state) => state.spread_km ?? state.info?.spread_km ?? 0);
  const others = useStore(
    (state) =>
      [state.one_per_cell, state.diversity, state.repeats].filter((value) => value !== null).length,
  );
  const told = [t('{count} best', { count: formatCount(k ?? BEST) })];
  if (spread > 0) {
    told.push(t('{km} km apart', { km: formatCount(spread) }));
  }
  if (others > 0) {
    told.push(t('{count} more', { count: others }));
  }
  return told.join(' · ');
}

export function ListOptions() {
  const [opened, setOpened] = useState(false);
  const [isMore, setMore] = useState(false);
  const more = useId();
  const summary = useSummary();
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      width={330}
      position="top-end"
      shadow="lg"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          className="results-options"
          variant="default"
          size="compact-sm"
          leftSection={<IconAdjustmentsHorizontal size={15} />}
          rightSection={<IconChevronDown size={13} />}
          aria-label={t('What is listed: {summary}', { summary })}
          onClick={() => setOpened(!opened)}
        >
          {summary}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="options" aria-label={t('What is listed')}>
        <HowMany />
        <Spread />
        <UnstyledButton
          className="options-more"
          aria-expanded={isMore}
          aria-controls={more}
          onClick={() => setMore(!isMore)}
        >
          <IconChevronDown size={14} data-open={isMore || undefined} aria-hidden="true" />
          {t('More')}
        </UnstyledButton>
        <div id={more} hidden={!isMore}>
          {isMore && <More />}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
