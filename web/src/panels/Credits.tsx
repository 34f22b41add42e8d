/** Whose data and software this is. */
import { t } from '../i18n';
import { useStore } from '../state';

export function Credits() {
  const info = useStore((state) => state.info);
  if (!info) {
    return null;
  }
  return (
    <footer className="credits">
      {info.attribution && <p>{info.attribution.replace(/\.$/, '')}.</p>}
      <p>
        {info.licence
          ? t('Licence: {licence}.', { licence: info.licence })
          : t('The set does not state its licence.')}{' '}
        {info.model && t('Model: {model}.', { model: info.model })} {t('Base map: Natural Earth.')}{' '}
        <a href="./THIRD_PARTY.txt">{t('Software notices')}</a>
      </p>
    </footer>
  );
}
