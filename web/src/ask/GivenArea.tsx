/** A file of areas was dropped on the page: what for? */
import { Button, CloseButton } from '@mantine/core';
import { takeShape } from '../filters/shape';
import { t } from '../i18n';
import type { AreaGeometry } from '../types';

export interface Given {
  name: string;
  area: AreaGeometry;
}

export function GivenArea({ given, done }: { given: Given; done: () => void }) {
  function take(purpose: 'filter' | 'example'): void {
    done();
    takeShape({ area: given.area }, purpose);
  }
  return (
    <section className="add-form" role="status" aria-label={t('Area that was given')}>
      <CloseButton size="sm" className="add-close" aria-label={t('Cancel')} onClick={done} />
      <p className="add-words-about">{t('“{name}” holds an area.', { name: given.name })}</p>
      <div className="add-row">
        <Button size="compact-sm" onClick={() => take('filter')}>
          {t('Only tiles inside')}
        </Button>
        <Button variant="default" size="compact-sm" onClick={() => take('example')}>
          {t('Look for what is like it')}
        </Button>
      </div>
    </section>
  );
}
