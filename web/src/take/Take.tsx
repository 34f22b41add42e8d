/** Take the answer away: a button that opens all the ways there are. */
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { t } from '../i18n';
import { useStore } from '../state';
import { LazyDialog } from './LazyDialog';

export function Take() {
  const hasAnswer = useStore((state) => state.answer !== null);
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (!hasAnswer) {
    return null;
  }
  return (
    <>
      <Button
        ref={button}
        variant="default"
        size="compact-sm"
        leftSection={<IconDownload size={15} />}
        aria-haspopup="dialog"
        aria-label={t('Export the answer')}
        onClick={() => setOpen(true)}
      >
        {t('Export')}
      </Button>
      <LazyDialog isOpen={isOpen} close={() => setOpen(false)} opener={button} />
    </>
  );
}
