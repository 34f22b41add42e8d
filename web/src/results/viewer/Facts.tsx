/** All that is known of a tile: how it fits, where and when it is, what its record says. */
import { UnstyledButton } from '@mantine/core';
import { formatCount, formatPlace, formatScore } from '../../format';
import { t } from '../../i18n';
import { labelOfName } from '../../parts';
import { countAtLeast, scoreOfLevel } from '../../scores';
import { useStore } from '../../state';
import type { Result, TileInfo } from '../../types';
import { openTile } from '../actions';
import { formatDay, formatKm } from '../words';

/** A property of a tile in one line; records within it one by one. */
export function flat(properties: Record<string, unknown>, before = ''): [string, string][] {
  return Object.entries(properties).flatMap(([key, value]): [string, string][] => {
    if (value === null || value === undefined || value === '') {
      return [];
    }
    if (Array.isArray(value)) {
      return [[before + key, value.map(String).join(', ')]];
    }
    if (typeof value === 'object') {
      return flat(value as Record<string, unknown>, `${before}${key}.`);
    }
    const isFraction = typeof value === 'number' && !Number.isInteger(value);
    return [[before + key, isFraction ? String(Number(value.toFixed(5))) : String(value)]];
  });
}

function Line({ name, children }: { name: string; children: string }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Parts({ result }: { result: Result }) {
  const asked = useStore((state) => state.asked);
  const parts = Object.entries(result.parts ?? {});
  if (parts.length < 2) {
    return null;
  }
  return (
    <>
      <h3 className="facts-title">{t('Scores of the parts')}</h3>
      <ul className="part-bars">
        {parts.map(([name, score]) => (
          <li key={name}>
            <span className="part-name">{labelOfName(name, asked)}</span>
            <span className="part-score">{formatScore(score)}</span>
            <span className="part-bar" aria-hidden="true">
              <span style={{ width: `${100 * Math.min(1, Math.max(0, score))}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Repeats({ rows }: { rows: number[] }) {
  const shown = rows.slice(0, 12);
  return (
    <>
      <h3 className="facts-title">
        {t('{count} tiles that only repeat it', { count: formatCount(rows.length) })}
      </h3>
      <div className="repeats">
        {shown.map((row) => (
          <UnstyledButton key={row} className="pill" onClick={() => openTile(row)}>
            {t('Tile {row}', { row })}
          </UnstyledButton>
        ))}
        {rows.length > shown.length && <span>…</span>}
      </div>
    </>
  );
}

interface Props {
  row: number;
  lon: number;
  lat: number;
  result: Result | null;
  tile: TileInfo | null;
}

export function Facts({ row, lon, lat, result, tile }: Props) {
  const field = useStore((state) => state.field);
  const kind = useStore((state) => state.answer?.score_kind);
  const level = field?.raw[row] ?? 0;
  const score = result?.score ?? (field && level > 0 ? scoreOfLevel(field, level) : Number.NaN);
  const taken = result?.time ?? (tile?.properties.timestamp as string | undefined) ?? null;
  return (
    <div className="facts">
      <dl>
        {result?.near && <Line name={t('Place')}>{result.near}</Line>}
        <Line name={t('Coordinates')}>{formatPlace(lon, lat, 4)}</Line>
        {taken && <Line name={t('Date')}>{formatDay(taken)}</Line>}
        {Number.isFinite(score) && (
          <Line name={t('Score')}>
            {kind && kind !== 'cosine' ? `${formatScore(score)} (${kind})` : formatScore(score)}
          </Line>
        )}
        {field && level > 0 && (
          <Line name={t('Among all tiles')}>
            {t('{place} of {count}', {
              place: formatCount(countAtLeast(field, level)),
              count: formatCount(field.valid),
            })}
          </Line>
        )}
        {typeof result?.distance_km === 'number' && (
          <Line name={t('Distance')}>{formatKm(result.distance_km)}</Line>
        )}
      </dl>
      {result && <Parts result={result} />}
      {result?.repeats && result.repeats.length > 0 && <Repeats rows={result.repeats} />}
    </div>
  );
}

/** What the set says of the tile, all of it. */
export function TileRecord({ row, tile }: { row: number; tile: TileInfo | null }) {
  return (
    <div className="facts">
      <h3 className="facts-title">{t('Record of the tile')}</h3>
      <dl className="facts-record">
        <Line name={t('Row')}>{String(row)}</Line>
        {tile && <Line name="id">{tile.id}</Line>}
        {tile &&
          flat(tile.properties).map(([name, value]) => (
            <Line key={name} name={name}>
              {value}
            </Line>
          ))}
        {!tile && <Line name="…">{t('loading')}</Line>}
      </dl>
    </div>
  );
}
