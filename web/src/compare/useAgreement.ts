/** What the two answers have in common, once both are there and their tiles are paired. */
import { useEffect, useMemo } from 'react';
import { makeField } from '../scores';
import { NO_SIDE, setState, useStore, type Mark } from '../state';
import {
  align,
  differences,
  disagreements,
  type Aligned,
  type Disagreement,
  spanOf,
} from './measure';

/** Tiles listed for each side. */
const LISTED = 12;
/** Distance that listed tiles keep where the set's own results keep none, in tile widths. */
const APART_TILES = 3;

export interface Agreement {
  aligned: Aligned;
  /** Tiles that one side ranks most above the other. */
  higher: { main: Disagreement[]; rival: Disagreement[] };
}

/** Measure, and hand the maps what they show of it: the difference, and marks if those are wanted. */
export function useAgreement(wantsMarks: boolean): Agreement | null {
  const field = useStore((state) => state.field);
  const positions = useStore((state) => state.positions);
  const info = useStore((state) => state.info);
  const theirs = useStore((state) => state.rival?.field ?? null);
  const pairing = useStore((state) => state.pairing);

  const aligned = useMemo(
    () => (field && theirs && pairing && pairing.count > 0 ? align(field, theirs, pairing) : null),
    [field, theirs, pairing],
  );
  const agreement = useMemo(() => {
    if (!aligned || !positions || aligned.rows.length === 0) {
      return null;
    }
    const apartKm = Math.max(info?.spread_km ?? 0, APART_TILES * (info?.tile_km ?? 0));
    const listed = { count: LISTED, apartKm };
    const main = disagreements(aligned, positions, { ...listed, sign: 1 });
    const rival = disagreements(aligned, positions, { ...listed, sign: -1 });
    return { aligned, higher: { main, rival } };
  }, [aligned, positions, info]);

  useEffect(() => {
    if (!agreement || !positions) {
      setState({ difference: null });
      return;
    }
    const span = spanOf(agreement.aligned);
    const raw = differences(agreement.aligned, positions.length / 2, span);
    const scale = { url: '', count: 0, valid: 0, min: -span, max: span, dtype: 'uint16' as const };
    const made = makeField(raw, scale);
    const side = { ...NO_SIDE, info, positions, field: made, phase: 'done' as const };
    setState({ difference: side });
  }, [agreement, positions, info]);

  useEffect(() => {
    const higher = wantsMarks ? agreement?.higher : null;
    const marks = (['main', 'rival'] as const).flatMap((which) =>
      (higher?.[which] ?? []).map(({ lon, lat }): Mark => ({ lon, lat, higher: which })),
    );
    setState({ marks });
  }, [agreement, wantsMarks]);

  useEffect(() => () => setState({ difference: null, marks: [] }), []);
  return agreement;
}
