/** How many of the best tiles are shown: the histogram of all scores, and the slider that cuts it. */
import { Text, Title, UnstyledButton } from '@mantine/core';
import { useState, type CSSProperties } from 'react';
import { setPercent } from '../actions';
import { formatCount, formatPercent, formatScore } from '../format';
import { t } from '../i18n';
import {
  countAtLeast,
  percentOfSlider,
  SLIDER_STEPS,
  sliderOfPercent,
  scoreOfLevel,
  type BarScale,
} from '../scores';
import { useStore } from '../state';
import { Histogram } from './Histogram';

const MARKS = [100, 10, 1, 0.1];

/** Which heights come next, and what they are called. */
const SCALES: Record<BarScale, { next: BarScale; name: string }> = {
  sqrt: { next: 'log', name: '√' },
  log: { next: 'linear', name: 'log' },
  linear: { next: 'sqrt', name: 'lin' },
};

function scaleLabel(scale: BarScale): string {
  switch (scale) {
    case 'sqrt':
      return t('Heights by the square root of counts');
    case 'log':
      return t('Heights by the logarithm of counts');
    case 'linear':
      return t('Heights by counts');
  }
}

function ScaleButton({ scale, choose }: { scale: BarScale; choose: (scale: BarScale) => void }) {
  const { next, name } = SCALES[scale];
  return (
    <UnstyledButton
      className="bar-scale"
      title={scaleLabel(scale)}
      aria-label={`${scaleLabel(scale)}. ${t('Change')}`}
      onClick={() => choose(next)}
    >
      {name}
    </UnstyledButton>
  );
}

export function ScorePanel() {
  const field = useStore((state) => state.field);
  const level = useStore((state) => state.level);
  const percent = useStore((state) => state.percent);
  const isStale = useStore((state) => state.phase === 'searching');
  const isGone = useStore(
    (state) => (state.phase === 'failed' || state.phase === 'ready') && !state.field,
  );
  const [scale, setScale] = useState<BarScale>('sqrt');
  const position = sliderOfPercent(percent);
  const count = field ? countAtLeast(field, level) : 0;
  if (isGone) {
    return null;
  }
  return (
    <section className="scores" aria-labelledby="scores-title" data-stale={isStale || undefined}>
      <div className="scores-head">
        <Title order={2} id="scores-title" className="section-title">
          {t('Best {percent} of tiles', { percent: formatPercent(percent) })}
        </Title>
        <output aria-live="polite" className="scores-count" data-testid="count">
          {field
            ? t('{count} of {total}', {
                count: formatCount(count),
                total: formatCount(field.valid),
              })
            : '…'}
        </output>
      </div>
      <div className="scores-bars">
        <Histogram scale={scale} />
        {field && <ScaleButton scale={scale} choose={setScale} />}
      </div>
      <input
        className="percent"
        type="range"
        min={0}
        max={SLIDER_STEPS}
        step={1}
        value={position}
        style={{ '--cut': `${(100 * position) / SLIDER_STEPS}%` } as CSSProperties}
        aria-label={t('Share of tiles shown in colour')}
        aria-valuetext={t('best {percent}, {count} tiles', {
          percent: formatPercent(percent),
          count: formatCount(count),
        })}
        disabled={!field}
        onChange={(event) => setPercent(percentOfSlider(Number(event.currentTarget.value)))}
      />
      <div className="percent-marks" aria-hidden="true">
        {MARKS.map((mark) => (
          <span key={mark} style={{ left: `${(100 * sliderOfPercent(mark)) / SLIDER_STEPS}%` }}>
            {formatPercent(mark)}
          </span>
        ))}
      </div>
      {field && (
        <Text size="xs" c="dimmed" className="scores-foot">
          {t('Score {level} and more · all from {least} to {most}', {
            level: formatScore(scoreOfLevel(field, level)),
            least: formatScore(field.min),
            most: formatScore(field.max),
          })}
        </Text>
      )}
    </section>
  );
}
