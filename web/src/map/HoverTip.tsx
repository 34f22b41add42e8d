/** What is known of the tile under the pointer. */
import { formatPoints } from '../compare/DifferenceLegend';
import { sideOf, useStore, type WhichSide } from '../state';
import { formatPercent, formatPlace, formatScore } from '../format';
import { t } from '../i18n';
import { percentOfLevel, scoreOfLevel } from '../scores';
import { useTile } from '../useTile';
import type { Hover } from './hover';

export function HoverTip({ hover, which }: { hover: Hover; which: WhichSide }) {
  const field = useStore((state) => sideOf(state, which).field);
  const positions = useStore((state) => sideOf(state, which).positions);
  const set = useStore((state) => sideOf(state, which).info?.name ?? state.set);
  const tile = useTile(hover.row, set);
  if (!field || !positions || hover.row >= field.raw.length) {
    return null;
  }
  const level = field.raw[hover.row]!;
  const lon = positions[2 * hover.row]!;
  const lat = positions[2 * hover.row + 1]!;
  return (
    <div
      className="hover-tip"
      aria-hidden="true"
      style={{ left: hover.x, top: hover.y }}
      data-left={hover.isRight || undefined}
      data-up={hover.isLow || undefined}
      data-far={hover.far || undefined}
    >
      <div className="hover-score">
        {which === 'difference' ? (
          t('{points} points', { points: formatPoints(scoreOfLevel(field, level)) })
        ) : (
          <>
            {formatScore(scoreOfLevel(field, level))}
            <span>
              {t('best {percent}', { percent: formatPercent(percentOfLevel(field, level)) })}
            </span>
          </>
        )}
      </div>
      <div>{formatPlace(lon, lat)}</div>
      <div className="hover-id">{tile?.id ?? t('row {row}', { row: hover.row })}</div>
    </div>
  );
}
