/** What the other side of a comparison makes of a tile, beside what the main side does. */
import { formatCount, formatScore } from '../format';
import { t } from '../i18n';
import { countAtLeast, scoreOfLevel } from '../scores';
import { useStore } from '../state';
import { rivalRow } from './pairing';

export function RivalScore({ row }: { row: number }) {
  const field = useStore((state) => state.rival?.field ?? null);
  const pairing = useStore((state) => state.pairing);
  if (!field || !pairing) {
    return null;
  }
  const other = rivalRow(pairing, row);
  const level = other === null ? 0 : (field.raw[other] ?? 0);
  return (
    <div className="rival-score">
      {level === 0
        ? t('B has no score for it')
        : t('B: score {score} · place {place} of {total}', {
            score: formatScore(scoreOfLevel(field, level)),
            place: formatCount(countAtLeast(field, level)),
            total: formatCount(field.valid),
          })}
    </div>
  );
}
