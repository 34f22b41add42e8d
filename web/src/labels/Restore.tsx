/** Labels that were left the last time, offered once the set is there. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { formatCount } from '../format';
import { t } from '../i18n';
import { useStore } from '../state';
import { forgetKept, restore, takeOffer } from './keep';

export function Restore() {
  const info = useStore((state) => state.info);
  return info ? <Offer key={`${info.name} ${info.key}`} set={info.name} mark={info.key} /> : null;
}

function Offer({ set, mark }: { set: string; mark: string }) {
  const [kept, setKept] = useState(() => takeOffer(set, mark));
  if (!kept) {
    return null;
  }
  const count = formatCount(kept.labels.length);
  const when = new Date(kept.when).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return (
    <div className="labels-restore" role="note">
      <span>{t('Restore {count} labels of {when}?', { count, when })}</span>
      <span className="labels-restore-buttons">
        <Button
          size="compact-xs"
          onClick={() => {
            restore(kept, t('{count} labels are back.', { count }));
            setKept(null);
          }}
        >
          {t('Restore')}
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            forgetKept(set);
            setKept(null);
          }}
        >
          {t('Discard')}
        </Button>
      </span>
    </div>
  );
}
