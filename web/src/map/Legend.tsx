/** What the colours mean, in scores. */
import { useComputedColorScheme } from '@mantine/core';
import { formatPercent, formatScore } from '../format';
import { t } from '../i18n';
import { scoreOfLevel } from '../scores';
import { sideOf, useStore, type WhichSide } from '../state';
import { rampGradient } from './ramp';
import { paletteOf } from './style';

export function Legend({ which }: { which: WhichSide }) {
  const dark = useComputedColorScheme('dark') === 'dark';
  const base = useStore((state) => state.base);
  const field = useStore((state) => sideOf(state, which).field);
  const level = useStore((state) => sideOf(state, which).level);
  const percent = useStore((state) => state.percent);
  const kind = useStore((state) => sideOf(state, which).answer?.score_kind);
  if (!field) {
    return null;
  }
  const { ramp } = paletteOf(base, dark).tiles;
  return (
    <div className="legend floating" role="group" aria-label={t('Colour scale')}>
      <div className="legend-title">
        {t('Score of the best {percent}', { percent: formatPercent(percent) })}
      </div>
      <div className="legend-bar" style={{ background: rampGradient(ramp) }} />
      <div className="legend-ends">
        <span>{formatScore(scoreOfLevel(field, level))}</span>
        <span>{formatScore(field.max)}</span>
      </div>
      {kind && kind !== 'cosine' && <div className="legend-kind">{kind}</div>}
    </div>
  );
}
