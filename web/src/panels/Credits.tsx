/** Whose data and software this is. */
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
        {info.licence ? `Licence: ${info.licence}.` : 'The set does not state its licence.'}{' '}
        {info.model && `Model: ${info.model}. `}Base map: Natural Earth.{' '}
        <a href="./THIRD_PARTY.txt">Software notices</a>
      </p>
    </footer>
  );
}
