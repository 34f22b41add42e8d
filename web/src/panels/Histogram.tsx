/** All scores as bars, coloured as on the map from the cut on. Clicking or dragging moves the cut. */
import { useComputedColorScheme } from '@mantine/core';
import { useMemo, type PointerEvent } from 'react';
import { setPercent } from '../actions';
import { t } from '../i18n';
import { rampCss } from '../map/ramp';
import { paletteOf } from '../map/style';
import { binEdges, histogram, percentOfLevel, type ScoreField } from '../scores';
import { useStore } from '../state';

const BINS = 64;
const HEIGHT = 64;
const TOP_LEVEL = 65_535;

/** Bars are drawn by the square root, so that the few best tiles can be seen. */
function barHeights(field: ScoreField): number[] {
  const counts = histogram(field, BINS);
  const most = Math.max(1, ...counts);
  return counts.map((count) => (count === 0 ? 0 : Math.max(1.5, HEIGHT * Math.sqrt(count / most))));
}

export function Histogram() {
  const field = useStore((state) => state.field);
  const level = useStore((state) => state.level);
  const dark = useComputedColorScheme('dark') === 'dark';
  const base = useStore((state) => state.base);
  const { ramp } = paletteOf(base, dark).tiles;
  const heights = useMemo(() => (field ? barHeights(field) : null), [field]);
  const edges = useMemo(() => binEdges(BINS), []);
  if (!field || !heights) {
    return <div className="histogram" />;
  }

  function cutAt(event: PointerEvent<SVGSVGElement>): void {
    if (event.buttons !== 1) {
      return;
    }
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    setPercent(percentOfLevel(field!, Math.max(1, Math.round(share * TOP_LEVEL))));
  }

  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${BINS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={t('Histogram of the scores of all tiles')}
      onPointerDown={cutAt}
      onPointerMove={cutAt}
    >
      {heights.map((height, bin) => {
        const middle = (edges[bin]! + edges[bin + 1]!) / 2;
        const isShown = edges[bin + 1]! > level;
        const place = (middle - level) / Math.max(1, TOP_LEVEL - level);
        return (
          <rect
            key={edges[bin]}
            x={bin + 0.07}
            width={0.86}
            y={HEIGHT - height}
            height={height}
            className={isShown ? undefined : 'bar-rest'}
            fill={isShown ? rampCss(ramp, Math.max(0, place)) : undefined}
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
  );
}
