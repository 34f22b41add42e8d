/** How far a file is, and the way to stop it. */
import { Button, Progress as Bar } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { t } from '../i18n';
import type { Taking } from './useTaking';

const MB = 1_000_000;

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0);
}

export function Progress({ taking, cancel }: { taking: Taking; cancel: () => void }) {
  const { what, bytes, total } = taking;
  const part = total > 0 ? (100 * bytes) / total : 100;
  const told =
    total > 0
      ? t('{what}: {bytes} of {total} MB', {
          what: what ?? '',
          bytes: megabytes(bytes),
          total: megabytes(total),
        })
      : t('{what}: being made …', { what: what ?? '' });
  return (
    <div className="take-progress">
      <div className="take-bar">
        <span>{told}</span>
        <Bar
          value={part}
          size="sm"
          animated={total === 0}
          aria-label={t('Progress of {what}', { what: what ?? '' })}
        />
      </div>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconX size={14} />}
        onClick={cancel}
      >
        {t('Cancel')}
      </Button>
    </div>
  );
}
