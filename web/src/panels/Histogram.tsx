/**
 * All scores as bars, coloured as on the map from the cut on. Clicking or dragging moves the cut;
 * the pointer tells what is under it.
 */
import { useComputedColorScheme } from '@mantine/core';
import { useMemo, useState, type PointerEvent } from 'react';
import { setPercent } from '../actions';
import { formatCount, formatPercent, formatScore } from '../format';
import { t } from '../i18n';
import { baseOf } from '../map/ground';
import { rampCss } from '../map/ramp';
import { paletteOf } from '../map/style';
import {
  barHeights,
  binEdges,
  histogram,
  percentOfLevel,
  scoreOfLevel,
  type BarScale,
  type ScoreField,
} from '../scores';
import { useStore } from '../state';

const BINS = 64;
const HEIGHT = 64;
const TOP_LEVEL = 65_535;

/** What the bar under the pointer stands for. */
function BarValue({ field, bin }: { field: ScoreField; bin: number }) {
  const edges = binEdges(BINS);
  const [low, high] = [edges[bin]!, edges[bin + 1]!];
  const count = field.atLeast[low]! - field.atLeast[high]!;
  return (
    <div
      className="bar-value"
      aria-hidden="true"
      style={{ left: `${(100 * (bin + 0.5)) / BINS}%` }}
      data-left={bin > BINS / 2 || undefined}
    >
      <b>
        {t('{low} to {high}', {
          low: formatScore(scoreOfLevel(field, low)),
          high: formatScore(scoreOfLevel(field, Math.min(high, TOP_LEVEL))),
        })}
      </b>
      <span>
        {t('{count} tiles, best {percent}', {
          count: formatCount(count),
          percent: formatPercent(percentOfLevel(field, low)),
        })}
      </span>
    </div>
  );
}

export function Histogram({ scale }: { scale: BarScale }) {
  const field = useStore((state) => state.field);
  const level = useStore((state) => state.level);
  const base = useStore(baseOf);
  const dark = useComputedColorScheme('dark') === 'dark';
  const [pointed, setPointed] = useState<number | null>(null);
  const { ramp } = paletteOf(base, dark).tiles;
  const edges = useMemo(() => binEdges(BINS), []);
  const heights = useMemo(
    () => field && barHeights(histogram(field, BINS), scale, HEIGHT),
    [field, scale],
  );
  if (!field || !heights) {
    return <div className="histogram" />;
  }

  function follow(event: PointerEvent<SVGSVGElement>): void {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    setPointed(Math.min(BINS - 1, Math.floor(share * BINS)));
    if (event.buttons === 1) {
      setPercent(percentOfLevel(field!, Math.max(1, Math.round(share * TOP_LEVEL))));
    }
  }

  return (
    <div className="histogram-frame">
      <svg
        className="histogram"
        viewBox={`0 0 ${BINS} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('Histogram of the scores of all tiles')}
        onPointerDown={follow}
        onPointerMove={follow}
        onPointerLeave={() => setPointed(null)}
      >
        {heights.map((height, bin) => {
          const middle = (edges[bin]! + edges[bin + 1]!) / 2;
          const isShown = edges[bin + 1]! > level;
          const share = (middle - level) / Math.max(1, TOP_LEVEL - level);
          return (
            <rect
              key={edges[bin]}
              x={bin + 0.07}
              width={0.86}
              y={HEIGHT - height}
              height={height}
              className={isShown ? undefined : 'bar-rest'}
              fill={isShown ? rampCss(ramp, Math.max(0, share)) : undefined}
              opacity={pointed === null || pointed === bin ? 1 : 0.75}
            />
          );
        })}
        <line
          className="cut"
          x1={(level / TOP_LEVEL) * BINS}
          x2={(level / TOP_LEVEL) * BINS}
          y1={0}
          y2={HEIGHT}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      {pointed !== null && <BarValue field={field} bin={pointed} />}
    </div>
  );
}
