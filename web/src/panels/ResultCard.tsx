/** One of the best tiles: a click flies there, buttons ask for more or less like it or enlarge it. */
import { ActionIcon, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconArrowsMaximize, IconMinus, IconSparkles } from '@tabler/icons-react';
import { memo, type ReactNode } from 'react';
import { addRow, moreLikeThis, pointAt, select } from '../actions';
import { formatPlace, formatScore } from '../format';
import { t } from '../i18n';
import { LabelButtons } from '../labels/LabelButtons';
import { labelOfName } from '../parts';
import { openTile } from '../results/actions';
import { formatDay, formatKm } from '../results/words';
import { useStore } from '../state';
import type { Result } from '../types';
import { TilePicture } from './TilePicture';

interface Props {
  result: Result;
  /** Number of results in all, of which only some are in the page. */
  count: number;
  /** Whether the tab key comes to this card; arrow keys go to the others. */
  isActive: boolean;
  /** Names of the parts whose own scores are shown. */
  parts: string[];
  /** Whether there is no map to show the tile on: then a click enlarges it. */
  isMapHidden: boolean;
}

function Tool({
  label,
  name,
  isActive,
  act,
  children,
}: {
  label: string;
  name: string;
  isActive: boolean;
  act: () => void;
  children: ReactNode;
}) {
  return (
    <Tooltip label={label} position="left">
      <ActionIcon
        className="card-tool"
        variant="filled"
        size={26}
        aria-label={name}
        tabIndex={isActive ? 0 : -1}
        onClick={act}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Tools({ result: { row, rank }, isActive }: { result: Result; isActive: boolean }) {
  return (
    <div className="card-tools">
      <Tool
        label={t('More like this')}
        name={t('More like number {rank}', { rank })}
        isActive={isActive}
        act={() => moreLikeThis(row)}
      >
        <IconSparkles size={15} />
      </Tool>
      <Tool
        label={t('Less like this')}
        name={t('Less like number {rank}', { rank })}
        isActive={isActive}
        act={() => addRow(row, -1)}
      >
        <IconMinus size={15} />
      </Tool>
      <Tool
        label={t('Enlarge')}
        name={t('Enlarge number {rank}', { rank })}
        isActive={isActive}
        act={() => openTile(row)}
      >
        <IconArrowsMaximize size={15} />
      </Tool>
    </div>
  );
}

/** What stands below the picture: the place, then date and distance or where exactly it is. */
function lines(result: Result): [string, string] {
  const where = formatPlace(result.lon, result.lat);
  const more = [formatDay(result.time), formatKm(result.distance_km)].filter(Boolean).join(' · ');
  return result.near ? [result.near, more || where] : [where, more];
}

export const ResultCard = memo(function ResultCard(props: Props) {
  const { result, count, isActive, parts, isMapHidden } = props;
  const isSelected = useStore((state) => state.selected === result.row);
  const asked = useStore((state) => state.asked);
  useStore((state) => state.lang);
  const where = formatPlace(result.lon, result.lat);
  const [first, second] = lines(result);
  const score = formatScore(result.score);
  return (
    <li
      className="card"
      data-row={result.row}
      data-selected={isSelected || undefined}
      data-active={isActive || undefined}
      aria-posinset={result.rank}
      aria-setsize={count}
      onPointerEnter={() => pointAt(result.row)}
      onPointerLeave={() => pointAt(null)}
    >
      <div className="card-frame">
        <TilePicture
          row={result.row}
          size={192}
          alt={t('Satellite view at {where}', { where })}
          retry
        />
        <span className="card-rank" aria-hidden="true">
          {result.rank}
        </span>
        <span className="card-score" aria-hidden="true">
          {score}
        </span>
      </div>
      <UnstyledButton
        className="card-main"
        tabIndex={isActive ? 0 : -1}
        data-place={result.rank - 1}
        aria-current={isSelected || undefined}
        onFocus={() => pointAt(result.row)}
        onBlur={() => pointAt(null)}
        onClick={() => (isMapHidden ? openTile(result.row) : select(result.row, true))}
        onDoubleClick={() => openTile(result.row)}
      >
        <VisuallyHidden>
          {t('Number {rank}: Score {score},', { rank: result.rank, score })}{' '}
        </VisuallyHidden>
        <span className="card-near">{first}</span>
        <span className="card-where">{second || '\u00a0'}</span>
        {parts.map((name) => (
          <span key={name} className="card-part">
            <span>{labelOfName(name, asked)}</span>{' '}
            <b>{formatScore(result.parts?.[name] ?? Number.NaN)}</b>
          </span>
        ))}
      </UnstyledButton>
      <Tools result={result} isActive={isActive} />
      <div className="card-labels">
        <LabelButtons row={result.row} compact />
      </div>
    </li>
  );
});
