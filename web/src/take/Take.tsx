/** Take the answer away: a button that opens all the ways there are. */
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { t } from '../i18n';
import { useStore } from '../state';

const TakeDialog = lazy(() =>
  import('./TakeDialog').then((module) => ({ default: module.TakeDialog })),
);

export function Take() {
  const hasAnswer = useStore((state) => state.answer !== null);
  const [isOpen, setOpen] = useState(false);
  const [wasOpen, setWasOpen] = useState(false);
  if (!hasAnswer) {
    return null;
  }
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconDownload size={15} />}
        aria-haspopup="dialog"
        aria-label={t('Export the answer')}
        onClick={() => {
          setOpen(true);
          setWasOpen(true);
        }}
      >
        {t('Export')}
      </Button>
      {wasOpen && (
        <Suspense>
          <TakeDialog isOpen={isOpen} close={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
