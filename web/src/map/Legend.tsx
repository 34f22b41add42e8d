/** What the colours mean, in scores. */
import { useComputedColorScheme } from '@mantine/core';
import { formatPercent, formatScore } from '../format';
import { t } from '../i18n';
import { scoreOfLevel } from '../scores';
import { sideOf, useStore, type WhichSide } from '../state';
import { baseOf } from './ground';
import { rampGradient } from './ramp';
import { paletteOf } from './style';

/** Level of the best tile. */
const TOP_LEVEL = 65_535;

export function Legend({ which }: { which: WhichSide }) {
  const dark = useComputedColorScheme('dark') === 'dark';
  const base = useStore(baseOf);
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
        {[0, 0.5, 1].map((share) => (
          <span key={share}>
            {formatScore(scoreOfLevel(field, level + share * (TOP_LEVEL - level)))}
          </span>
        ))}
      </div>
      {kind && kind !== 'cosine' && <div className="legend-kind">{kind}</div>}
    </div>
  );
}
