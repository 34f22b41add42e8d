/** The first stops of the Tab key: past the controls to what was found. */
import type { MouseEvent } from 'react';
import { t } from '../i18n';

function go(event: MouseEvent, selector: string): void {
  event.preventDefault();
  const target = document.querySelector<HTMLElement>(selector);
  if (target) {
    if (target.tabIndex < 0) {
      target.tabIndex = -1; // headings take the focus only when told to
    }
    target.scrollIntoView({ block: 'start' });
    target.focus();
  }
}

export function SkipLinks() {
  return (
    <nav className="skip" aria-label={t('Skip')}>
      <a href="#results-title" onClick={(event) => go(event, '#results-title, #lists-title')}>
        {t('Skip to the best tiles')}
      </a>
      <a href="#map" onClick={(event) => go(event, '.map-area canvas')}>
        {t('Skip to the map')}
      </a>
    </nav>
  );
}
