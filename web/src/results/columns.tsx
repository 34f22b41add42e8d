/** Columns of the table: what they are called, how wide they are, what stands in a cell. */
import type { ReactNode } from 'react';
import { formatCount, formatScore } from '../format';
import { t } from '../i18n';
import { TilePicture } from '../panels/TilePicture';
import { labelOfName } from '../parts';
import type { Part, Result } from '../types';
import { partColumn } from './order';
import { formatDay, formatKm } from './words';

export interface Column {
  key: string;
  title: string;
  /** The title as a whole, where that is longer. */
  full?: string;
  /** A track of a CSS grid. */
  width: string;
  isNumber?: boolean;
  /** Whether a click on the heading sorts by it. */
  isFixed?: boolean;
  cell: (result: Result) => ReactNode;
}

/** Longest heading, in characters; words that are asked with may be a whole text. */
const MOST_TITLE = 32;

function shortened(text: string): string {
  return text.length > MOST_TITLE ? `${text.slice(0, MOST_TITLE - 1).trimEnd()}…` : text;
}

function degrees(value: number): string {
  return value.toFixed(3);
}

/** All columns of an answer, in order; those that it has nothing for are left out. */
export function columnsOf(
  results: Result[],
  parts: string[],
  asked: readonly Part[] = [],
): Column[] {
  const hasTimes = results.some((result) => result.time);
  const hasDistances = results.some((result) => typeof result.distance_km === 'number');
  const told: (Column | false)[] = [
    {
      key: 'rank',
      title: t('Rank'),
      width: '64px',
      isNumber: true,
      cell: ({ rank }) => formatCount(rank),
    },
    {
      key: 'picture',
      title: t('Picture'),
      width: '52px',
      isFixed: true,
      cell: ({ row }) => <TilePicture row={row} size={64} alt="" />,
    },
    {
      key: 'near',
      title: t('Place'),
      width: 'minmax(130px, 2.2fr)',
      cell: ({ near }) => near ?? '',
    },
    {
      key: 'score',
      title: t('Score'),
      width: '76px',
      isNumber: true,
      cell: ({ score }) => formatScore(score),
    },
    ...parts.map((name) => ({
      key: partColumn(name),
      title: shortened(labelOfName(name, asked)),
      full: labelOfName(name, asked),
      width: 'minmax(84px, 0.8fr)',
      isNumber: true,
      cell: ({ parts: own }: Result) => formatScore(own?.[name] ?? Number.NaN),
    })),
    hasTimes && {
      key: 'time',
      title: t('Date'),
      width: '96px',
      cell: ({ time }) => formatDay(time),
    },
    hasDistances && {
      key: 'distance',
      title: t('Distance'),
      width: '92px',
      isNumber: true,
      cell: ({ distance_km: km }) => formatKm(km),
    },
    {
      key: 'lat',
      title: t('Latitude'),
      width: '84px',
      isNumber: true,
      cell: ({ lat }) => degrees(lat),
    },
    {
      key: 'lon',
      title: t('Longitude'),
      width: '92px',
      isNumber: true,
      cell: ({ lon }) => degrees(lon),
    },
    { key: 'id', title: t('Tile'), width: 'minmax(90px, 1fr)', cell: ({ id }) => id },
  ];
  return told.filter((column) => column !== false);
}

/** Columns that are left out unless asked for, on narrow tables. */
const FROM_WIDTH: Record<string, number> = {
  lat: 620,
  lon: 620,
  id: 720,
  time: 520,
  distance: 440,
};
/** Columns of parts come from this width on. */
const PARTS_FROM = 640;

/** Whether a table of this width shows a column of itself. */
export function isShownAt(key: string, width: number): boolean {
  return width >= (FROM_WIDTH[key] ?? (key.startsWith(partColumn('')) ? PARTS_FROM : 0));
}
