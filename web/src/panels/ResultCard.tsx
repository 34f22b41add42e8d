/** One of the best tiles: a click flies there, the button asks for more like it. */
import { ActionIcon, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useState } from 'react';
import { moreLikeThis, pointAt, select } from '../actions';
import { pictureUrl } from '../api';
import { formatPlace, formatScore } from '../format';
import { useStore } from '../state';
import type { Result } from '../types';

export function ResultCard({ result }: { result: Result }) {
  const set = useStore((state) => state.set);
  const isSelected = useStore((state) => state.selected === result.row);
  const [arrived, setArrived] = useState(false);
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
          <img
            className="card-picture"
            data-arrived={arrived || undefined}
            src={pictureUrl(set, result.row, 192)}
            alt={`Satellite view at ${where}`}
            loading="lazy"
            decoding="async"
            width={192}
            height={192}
            onLoad={() => setArrived(true)}
          />
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
