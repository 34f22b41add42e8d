/** The agreement in figures, with words for what they mean. */
import { useMemo, type ReactNode } from 'react';
import { formatCount, formatPercent } from '../format';
import { t } from '../i18n';
import { useStore } from '../state';
import { otherRow } from './load';
import { medianShift, overlapOfTop, ranksIn, spearman, type Aligned } from './measure';

/** Lengths of the best that are compared; those longer than half the tiles say nothing. */
const LENGTHS = [10, 100, 1000, 10_000];

function share(value: number): string {
  return Number.isFinite(value) ? `${Math.round(100 * value)} %` : '–';
}

/** How strong a rank correlation is, in a word. */
export function strength(rho: number): string {
  const size = Math.abs(rho);
  if (!Number.isFinite(rho)) {
    return t('not to be told');
  }
  if (size < 0.2) {
    return t('hardly related');
  }
  if (rho < 0) {
    return size < 0.6 ? t('rather opposite') : t('nearly opposite');
  }
  if (size < 0.5) {
    return t('weakly alike');
  }
  if (size < 0.8) {
    return t('rather alike');
  }
  return size < 0.99 ? t('nearly alike') : t('practically the same order');
}

function Figure({ name, value, more }: { name: string; value: ReactNode; more: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value}</span>
        <span className="figure-more">{more}</span>
      </dd>
    </div>
  );
}

/** Shared part of the best 10, 100, … as bars, with a tick where chance would be. */
function Lengths({ aligned }: { aligned: Aligned }) {
  const total = aligned.rows.length;
  const overlaps = useMemo(
    () => LENGTHS.filter((k) => k <= total / 2).map((k) => overlapOfTop(aligned, k)),
    [aligned, total],
  );
  return (
    <div className="figure figure-lengths">
      <dt>{t('Shared of the best …')}</dt>
      <dd>
        {overlaps.map(({ k, share: part, chance }) => (
          <div key={k} className="length" title={t('By chance {share}', { share: share(chance) })}>
            <span className="length-k">{formatCount(k)}</span>
            <span className="length-bar">
              <span className="length-fill" style={{ width: `${100 * part}%` }} />
              <span className="length-chance" style={{ left: `${100 * chance}%` }} />
            </span>
            <span className="length-share">{share(part)}</span>
          </div>
        ))}
      </dd>
    </div>
  );
}

function InLists() {
  const ours = useStore((state) => state.answer?.results);
  const theirs = useStore((state) => state.rival?.answer?.results);
  const pairing = useStore((state) => state.pairing);
  const ranks = useMemo(
    () =>
      ours && theirs && pairing ? ranksIn(ours, theirs, (row) => otherRow('main', row)) : null,
    [ours, theirs, pairing],
  );
  if (!ours || !ranks) {
    return null;
  }
  const both = [...ranks.values()].filter((rank) => rank !== null).length;
  const shift = medianShift(ours, ranks);
  return (
    <Figure
      name={t('In both lists')}
      value={t('{count} of {total}', { count: both, total: ours.length })}
      more={
        shift === null ? t('no tile in common') : t('half move {shift} ranks or less', { shift })
      }
    />
  );
}

function PairedWords({ aligned }: { aligned: Aligned }) {
  const pairing = useStore((state) => state.pairing);
  const rows = useStore((state) => (state.positions ? state.positions.length / 2 : 0));
  const count = formatCount(aligned.rows.length);
  if (pairing?.kind !== 'nearest') {
    return <p className="figures-note">{t('Compared over {count} tiles.', { count })}</p>;
  }
  const apart = pairing.apartKm < 0.05 ? '0' : pairing.apartKm.toFixed(1);
  return (
    <p className="figures-note">
      {t(
        'Compared over {count} of {total} tiles: those with a tile of the other set nearby, {km} km off on average.',
        { count, total: formatCount(rows), km: apart },
      )}
    </p>
  );
}

export function Figures({ aligned }: { aligned: Aligned }) {
  const percent = useStore((state) => state.percent);
  const rho = useMemo(() => spearman(aligned), [aligned]);
  const cut = useMemo(
    () => overlapOfTop(aligned, Math.max(1, Math.round((aligned.rows.length * percent) / 100))),
    [aligned, percent],
  );
  return (
    <section className="figures" aria-labelledby="figures-title">
      <h2 id="figures-title" className="compare-hidden">
        {t('Agreement of A and B')}
      </h2>
      <dl className="figures-list" aria-live="polite">
        <Figure
          name={t('Shared of the best {percent}', { percent: formatPercent(percent) })}
          value={share(cut.share)}
          more={t('Jaccard {jaccard} · by chance {chance}', {
            jaccard: cut.jaccard.toFixed(2),
            chance: share(cut.chance),
          })}
        />
        <Lengths aligned={aligned} />
        <Figure
          name={t('Rank correlation (Spearman)')}
          value={Number.isFinite(rho) ? rho.toFixed(2).replace('-', '−') : '–'}
          more={strength(rho)}
        />
        <InLists />
      </dl>
      <PairedWords aligned={aligned} />
    </section>
  );
}
