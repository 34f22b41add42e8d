/** Ask with the labels: by which method, with random tiles or without. */
import { Button, SegmentedControl, Switch } from '@mantine/core';
import { IconAlertTriangle, IconWand } from '@tabler/icons-react';
import { useState } from 'react';
import { t } from '../i18n';
import { useStore } from '../state';
import type { Problem } from '../types';
import { askWithLabels, BACKGROUND, whatIsMissing } from './ask';
import { formatCount } from '../format';
import type { Method } from './session';

function methods(): { value: Method; label: string; about: string }[] {
  return [
    {
      value: 'rocchio',
      label: t('Question'),
      about: t('The question, moved towards right tiles and away from wrong ones (Rocchio).'),
    },
    {
      value: 'mean',
      label: t('Mean'),
      about: t('What right tiles have in common, less what wrong ones have; no question.'),
    },
    {
      value: 'logistic',
      label: t('Classifier'),
      about: t('Logistic regression: learns what tells right from wrong; needs labels of both.'),
    },
  ];
}

export function AskLabels() {
  const [chosen, setChosen] = useState<Method | null>(null);
  const [background, setBackground] = useState(true);
  const [problem, setProblem] = useState<Problem | null>(null);
  const hasParts = useStore((state) => state.parts.length > 0);
  const isSearching = useStore((state) => state.phase === 'searching');
  useStore((state) => state.labels); // what is missing depends on them
  const method = chosen ?? (hasParts ? 'rocchio' : 'mean');
  const missing = whatIsMissing(method);
  const about = methods().find(({ value }) => value === method)?.about;
  const ask = async (): Promise<void> => {
    setProblem(null);
    setProblem(await askWithLabels(method, background));
  };
  return (
    <div className="labels-ask">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t('How labels are asked with')}
        data={methods().map(({ value, label }) => ({ value, label }))}
        value={method}
        onChange={(value) => setChosen(value as Method)}
      />
      <p className="labels-about">{about}</p>
      {method === 'logistic' && (
        <Switch
          size="xs"
          checked={background}
          onChange={(event) => setBackground(event.currentTarget.checked)}
          label={t('{count} random tiles count as wrong too', { count: formatCount(BACKGROUND) })}
        />
      )}
      <Button
        size="compact-sm"
        leftSection={<IconWand size={15} />}
        disabled={missing !== ''}
        loading={isSearching}
        onClick={() => void ask()}
      >
        {t('Ask with the labels')}
      </Button>
      {missing && <p className="labels-about">{missing}</p>}
      {problem && (
        <div className="labels-problem" role="alert">
          <IconAlertTriangle size={16} aria-hidden="true" />
          <span>
            <strong>{problem.detail}</strong> {problem.hint}
          </span>
        </div>
      )}
    </div>
  );
}
