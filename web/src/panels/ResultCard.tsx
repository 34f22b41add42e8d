/** One of the best tiles: a click flies there, the button asks for more like it. */
import { ActionIcon, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { moreLikeThis, pointAt, select } from '../actions';
import { formatPlace, formatScore } from '../format';
import { useStore } from '../state';
import type { Result } from '../types';
import { TilePicture } from './TilePicture';

export function ResultCard({ result }: { result: Result }) {
  const isSelected = useStore((state) => state.selected === result.row);
  const where = formatPlace(result.lon, result.lat);
  return (
    <li className="card" data-row={result.row} data-selected={isSelected || undefined}>
      <UnstyledButton
        className="card-main"
        onPointerEnter={() => pointAt(result.row)}
        onPointerLeave={() => pointAt(null)}
        onFocus={() => pointAt(result.row)}
        onBlur={() => pointAt(null)}
        onClick={() => select(result.row, true)}
      >
        <span className="card-rank">
          <VisuallyHidden>Number </VisuallyHidden>
          {result.rank}
          <VisuallyHidden>: </VisuallyHidden>
        </span>
        <span className="card-frame">
          <TilePicture row={result.row} size={192} alt={`Satellite view at ${where}`} />
          <span className="card-score">
            <VisuallyHidden>Score </VisuallyHidden>
            {formatScore(result.score)}
          </span>
        </span>
        {result.near && <span className="card-near">{result.near}</span>}
        <span className="card-where">{where}</span>
      </UnstyledButton>
      <Tooltip label="More like this">
        <ActionIcon
          className="card-more"
          variant="filled"
          size="md"
          aria-label={`More like number ${result.rank}`}
          onClick={() => moreLikeThis(result.row)}
        >
          <IconSparkles size={16} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
