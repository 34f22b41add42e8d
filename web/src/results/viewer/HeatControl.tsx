/** Below the large picture: which part of the tile, and the heatmap with its opacity and legend. */
import { SegmentedControl, Slider, Switch } from '@mantine/core';
import { formatScore } from '../../format';
import { t } from '../../i18n';
import { HEAT_GRADIENT, limitsIn } from './heat';
import type { Image } from './useImage';

interface Props {
  /** Why there is no heatmap; empty where there can be one. */
  why: string;
  heat: Image;
  isOn: boolean;
  setOn: (isOn: boolean) => void;
  opacity: number;
  setOpacity: (opacity: number) => void;
  /** Whether pixels of the whole tile can be had. */
  isStored: boolean;
  isWhole: boolean;
  setWhole: (isWhole: boolean) => void;
}

function Legend({ headers }: { headers: Headers }) {
  const limits = limitsIn(headers);
  if (!limits) {
    return null;
  }
  return (
    <div className="heat-legend" role="group" aria-label={t('Colours of the heatmap')}>
      <span>{formatScore(limits.low)}</span>
      <span className="heat-bar" style={{ background: HEAT_GRADIENT }} />
      <span>{formatScore(limits.high)}</span>
      <span className="heat-kind">
        {t('{kind}; lowest and highest of this tile', { kind: t(limits.kind) })}
      </span>
    </div>
  );
}

export function HeatControl(props: Props) {
  const { why, heat, isOn, setOn, opacity, setOpacity, isStored, isWhole, setWhole } = props;
  const percent = Math.round(100 * opacity);
  return (
    <div className="heat-control">
      {isStored && (
        <SegmentedControl
          size="xs"
          aria-label={t('Part of the tile')}
          value={isWhole ? 'whole' : 'embedded'}
          data={[
            { value: 'embedded', label: t('What the model saw') },
            { value: 'whole', label: t('Whole tile') },
          ]}
          onChange={(value) => setWhole(value === 'whole')}
        />
      )}
      {why ? (
        <p className="heat-none">{why}</p>
      ) : (
        <>
          <Switch size="sm" label={t('Heatmap')} checked={isOn} onChange={() => setOn(!isOn)} />
          {isOn && (
            <div className="heat-opacity">
              <span id="heat-opacity">{t('Opacity {percent} %', { percent })}</span>
              <Slider
                className="heat-slider"
                size="sm"
                min={0}
                max={100}
                step={5}
                value={percent}
                label={null}
                thumbLabel={t('Opacity of the heatmap')}
                onChange={(value) => setOpacity(value / 100)}
              />
            </div>
          )}
          {isOn && heat.headers && <Legend headers={heat.headers} />}
        </>
      )}
    </div>
  );
}
