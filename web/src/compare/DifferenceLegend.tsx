/** What the colours of the difference mean, and what a tile's difference is. */
import { useComputedColorScheme } from '@mantine/core';
import { t } from '../i18n';
import { baseOf } from '../map/ground';
import { rampGradient } from '../map/ramp';
import { paletteOf } from '../map/style';
import { useStore } from '../state';

/** Points of a percentile: −34, 0, +12. */
export function formatPoints(share: number): string {
  const points = Math.round(100 * share);
  return points > 0 ? `+${points}` : String(points).replace('-', '−');
}

export function DifferenceLegend() {
  const dark = useComputedColorScheme('dark') === 'dark';
  const base = useStore(baseOf);
  const field = useStore((state) => state.difference?.field ?? null);
  if (!field) {
    return null;
  }
  const { ramp } = paletteOf(base, dark, true).tiles;
  return (
    <div className="legend floating" role="group" aria-label={t('Colour scale')}>
      <div className="legend-title">{t('Difference of percentiles')}</div>
      <div className="legend-bar" style={{ background: rampGradient(ramp) }} />
      <div className="legend-ends">
        <span>
          {formatPoints(field.min)} {t('B higher')}
        </span>
        <span>
          {t('A higher')} {formatPoints(field.max)}
        </span>
      </div>
    </div>
  );
}
