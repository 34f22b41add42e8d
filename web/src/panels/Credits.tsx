/** Whose data and software this is. */
import { useStore } from '../state';

export function Credits() {
  const info = useStore((state) => state.info);
  if (!info) {
    return null;
  }
  return (
    <footer className="credits">
      <p>{info.attribution}.</p>
      <p>
        Licence: {info.licence}. Model: {info.model}. Base map: Natural Earth.{' '}
        <a href="./THIRD_PARTY.txt">Software notices</a>
      </p>
    </footer>
  );
}
