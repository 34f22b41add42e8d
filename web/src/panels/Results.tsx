/** The best tiles, as pictures or as a table; as high as one likes. */
import {
  ActionIcon,
  Checkbox,
  Popover,
  SegmentedControl,
  Skeleton,
  Stack,
  Title,
  Tooltip,
} from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import {
  IconColumns3,
  IconLayoutGrid,
  IconMaximize,
  IconMinimize,
  IconTable,
} from '@tabler/icons-react';
import { useMemo, useRef, useState, type CSSProperties } from 'react';
import { setLayout } from '../actions';
import { formatCount } from '../format';
import { t } from '../i18n';
import { describeParts } from '../parts';
import { BEST } from '../query';
import { columnsOf, isShownAt, type Column } from '../results/columns';
import { Gallery } from '../results/Gallery';
import { ListOptions } from '../results/ListOptions';
import { partNames } from '../results/order';
import { Resizer } from '../results/Resizer';
import { ResultTable } from '../results/ResultTable';
import { useWidth } from '../results/useWidth';
import { useStore } from '../state';
import { Take } from '../take/Take';
import type { Answer } from '../types';

const WAITING = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function Waiting() {
  return (
    <ul className="gallery" aria-hidden="true">
      {WAITING.map((key) => (
        <li key={key} className="card">
          <Skeleton className="card-frame" />
          <Skeleton height={10} mt={8} width="70%" />
        </li>
      ))}
    </ul>
  );
}

/** How many there are, and why not more. */
function Count({ answer }: { answer: Answer }) {
  const asked = useStore((state) => state.asked);
  const wanted = useStore((state) => state.k ?? (state.top_percent === null ? BEST : 0));
  const count = answer.results.length;
  const told =
    count < wanted
      ? t('{count} tiles: no more fit what is set here', { count: formatCount(count) })
      : t('{count} tiles', { count: formatCount(count) });
  return (
    <span className="results-what">
      <span role="status">{told}</span>
      {` · ${describeParts(asked)} · ${Math.max(1, Math.round(answer.took_ms))} ms`}
    </span>
  );
}

/** Which columns are shown, where a person wants others than fit by themselves. */
function Columns({
  all,
  isShown,
  toggle,
}: {
  all: Column[];
  isShown: (key: string) => boolean;
  toggle: (key: string) => void;
}) {
  return (
    <Popover position="bottom-end" shadow="lg" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Tooltip label={t('Columns')}>
          <ActionIcon variant="default" size={26} aria-label={t('Choose the columns')}>
            <IconColumns3 size={16} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('Columns')}>
        <Stack gap={8}>
          {all.slice(1).map(({ key, title }) => (
            <Checkbox
              key={key}
              size="xs"
              label={title}
              checked={isShown(key)}
              onChange={() => toggle(key)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function useColumns(answer: Answer | null, width: number, parts: string[]) {
  const [chosen, setChosen] = useState<Record<string, boolean>>({});
  const lang = useStore((state) => state.lang);
  const asked = useStore((state) => state.asked);
  const results = answer?.results;
  const all = useMemo(
    () => (lang ? columnsOf(results ?? [], parts, asked) : []), // headings in the chosen language
    [results, parts, asked, lang],
  );
  const isShown = (key: string) => chosen[key] ?? isShownAt(key, width);
  const shown = all.map(({ key }) => key).filter(isShown);
  const kept = shown.join('\n');
  const columns = useMemo(() => {
    const keys = new Set(kept.split('\n'));
    return all.filter(({ key }) => keys.has(key));
  }, [all, kept]);
  const toggle = (key: string) => setChosen({ ...chosen, [key]: !isShown(key) });
  return { all, columns, isShown, toggle };
}

const NO_PARTS: string[] = [];

export function Results() {
  const answer = useStore((state) => state.answer);
  const phase = useStore((state) => state.phase);
  const layout = useStore((state) => state.layout);
  const [height, setHeight] = useState<number | null>(null);
  const [isMax, setMax] = useState(false);
  const [withParts, setWithParts] = useState(false);
  const section = useRef<HTMLElement>(null);
  const width = useWidth(section);
  const isNarrow = useMediaQuery('(max-width: 999px)') ?? false;
  const parts = useMemo(() => (answer ? partNames(answer.results) : NO_PARTS), [answer]);
  const { all, columns, isShown, toggle } = useColumns(answer, width, parts);
  const isWaiting = !answer && phase !== 'failed' && phase !== 'ready';
  const isTable = layout === 'table';
  const isViewing = useStore((state) => state.viewed !== null);
  useHotkeys(isMax && !isViewing ? [['Escape', () => setMax(false)]] : []);
  const MaxIcon = isMax ? IconMinimize : IconMaximize;
  const maxLabel = isMax ? t('Show the map again') : t('List over the whole page');
  return (
    <section
      ref={section}
      className="results"
      aria-labelledby="results-title"
      aria-busy={phase === 'searching'}
      data-stale={phase === 'searching' || undefined}
      data-layout={layout}
      data-max={isMax || undefined}
      style={height === null ? {} : ({ '--results-height': `${height}px` } as CSSProperties)}
    >
      {!isMax && <Resizer height={height} setHeight={setHeight} />}
      <div className="results-head">
        <Title order={2} id="results-title" className="section-title">
          {t('Best tiles')}
        </Title>
        {answer ? <Count answer={answer} /> : <span className="results-what" />}
        <div className="results-tools">
          {answer && <ListOptions />}
          {parts.length > 0 && !isTable && (
            <Checkbox
              size="xs"
              label={t('Scores by part')}
              checked={withParts}
              onChange={() => setWithParts(!withParts)}
            />
          )}
          {answer && isTable && <Columns all={all} isShown={isShown} toggle={toggle} />}
          <SegmentedControl
            size="xs"
            className="results-layout"
            aria-label={t('Show the tiles as')}
            value={layout}
            data={[
              {
                value: 'gallery',
                label: <LayoutLabel icon={IconLayoutGrid} label={t('Pictures')} />,
              },
              { value: 'table', label: <LayoutLabel icon={IconTable} label={t('Table')} /> },
            ]}
            onChange={setLayout}
          />
          <Take />
          <Tooltip label={maxLabel}>
            <ActionIcon
              variant="default"
              size={26}
              aria-label={maxLabel}
              aria-pressed={isMax}
              onClick={() => setMax(!isMax)}
            >
              <MaxIcon size={16} />
            </ActionIcon>
          </Tooltip>
        </div>
      </div>
      {!answer && !isWaiting && <p className="results-none">{t('Nothing to show yet.')}</p>}
      {isWaiting && <Waiting />}
      {answer && answer.results.length === 0 && (
        <p className="results-none">
          {t('No tile fits: widen the area or the dates, or take conditions away.')}
        </p>
      )}
      {answer && answer.results.length > 0 && !isTable && (
        <Gallery
          key={answer.id}
          answer={answer}
          parts={withParts ? parts.slice(0, 4) : NO_PARTS}
          isFree={height === null && !isMax && !isNarrow}
          isMapHidden={isMax}
        />
      )}
      {answer && answer.results.length > 0 && isTable && (
        <ResultTable key={answer.id} answer={answer} columns={columns} isMapHidden={isMax} />
      )}
    </section>
  );
}

function LayoutLabel({ icon: Icon, label }: { icon: typeof IconTable; label: string }) {
  return (
    <span className="layout-label">
      <Icon size={15} aria-hidden="true" />
      <span>{label}</span>
    </span>
  );
}
