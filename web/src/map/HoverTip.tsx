/** What is known of the tile under the pointer. */
import { useStore } from '../state';
import { formatPercent, formatPlace, formatScore } from '../format';
import { percentOfLevel, scoreOfLevel } from '../scores';
import { useTile } from '../useTile';
import type { Hover } from './hover';

export function HoverTip({ hover }: { hover: Hover }) {
  const field = useStore((state) => state.field);
  const positions = useStore((state) => state.positions);
  const tile = useTile(hover.row);
  if (!field || !positions) {
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
    >
      <div className="hover-score">
        {formatScore(scoreOfLevel(field, level))}
        <span>best {formatPercent(percentOfLevel(field, level))}</span>
      </div>
      <div>{formatPlace(lon, lat)}</div>
      <div className="hover-id">{tile?.id ?? `row ${hover.row}`}</div>
    </div>
  );
}
