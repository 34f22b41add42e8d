/** The labelled tiles, the latest first: what each is, a note, and the way to see it. */
import { TextInput, UnstyledButton } from '@mantine/core';
import { pointAt, select } from '../actions';
import { formatPlace } from '../format';
import { t } from '../i18n';
import { TilePicture } from '../panels/TilePicture';
import { useStore } from '../state';
import { LabelButtons } from './LabelButtons';
import { setNote } from './mark';
import { useSession } from './session';

/** Most labels that are listed; all of them are on the map and in the file. */
const LISTED = 100;

function LabelItem({ row }: { row: number }) {
  const positions = useStore((state) => state.positions);
  const note = useSession((session) => session.notes.get(row) ?? '');
  if (!positions || 2 * row >= positions.length) {
    return null;
  }
  const where = formatPlace(positions[2 * row]!, positions[2 * row + 1]!);
  return (
    <li className="label-item" data-row={row}>
      <UnstyledButton
        className="label-where"
        aria-label={t('Show tile {row} at {place}', { row, place: where })}
        onPointerEnter={() => pointAt(row)}
        onPointerLeave={() => pointAt(null)}
        onClick={() => select(row, true)}
      >
        <span className="label-picture">
          <TilePicture row={row} size={192} alt="" />
        </span>
        <span>{where}</span>
      </UnstyledButton>
      <TextInput
        className="label-note"
        size="xs"
        value={note}
        maxLength={200}
        placeholder={t('Note')}
        aria-label={t('Note on tile {row}', { row })}
        onChange={(event) => setNote(row, event.currentTarget.value)}
      />
      <LabelButtons row={row} compact />
    </li>
  );
}

export function LabelList() {
  const labels = useStore((state) => state.labels);
  if (labels.size === 0) {
    return null;
  }
  const rows = [...labels.keys()].toReversed();
  return (
    <>
      <ul className="label-list" aria-label={t('Labelled tiles')}>
        {rows.slice(0, LISTED).map((row) => (
          <LabelItem key={row} row={row} />
        ))}
      </ul>
      {rows.length > LISTED && (
        <p className="labels-hint">
          {t('The latest {count} are listed; all are on the map and in the file.', {
            count: LISTED,
          })}
        </p>
      )}
    </>
  );
}
