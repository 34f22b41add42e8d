/** Two answers side by side: headings, the second map, figures, and the tiles of both sides. */
import { Button, SegmentedControl } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { showWholeWorld } from '../actions';
import { t } from '../i18n';
import { MapView } from '../map/MapView';
import { getState, setState, useStore, type Mark } from '../state';
import { retryRival } from './actions';
import { Figures } from './Figures';
import { MainHead, RivalHead } from './Heads';
import { Lists, type Listing } from './Lists';
import { useAgreement } from './useAgreement';
import '../styles/compare.css';

/** What keeps the two sides from being compared, if anything does. */
function Trouble() {
  const problem = useStore((state) => state.rival?.problem ?? null);
  const phase = useStore((state) => state.rival?.phase ?? 'starting');
  const isMainLost = useStore((state) => state.phase === 'failed');
  const kind = useStore((state) => state.pairing?.kind ?? null);
  if (problem) {
    return (
      <div className="problem compare-problem" role="alert">
        <div className="problem-head">
          <IconAlertTriangle size={17} aria-hidden="true" />
          <strong>B: {problem.detail}</strong>
        </div>
        {problem.hint && <span>{problem.hint}</span>}
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRefresh size={14} />}
          onClick={retryRival}
        >
          {t('Try again')}
        </Button>
      </div>
    );
  }
  const words = told(phase, kind, isMainLost);
  return words ? (
    <p className="compare-trouble" role="status">
      {words}
    </p>
  ) : null;
}

function told(phase: string, kind: string | null, isMainLost: boolean): string | null {
  if (isMainLost) {
    return t('Side A has no answer to compare with.');
  }
  if (phase === 'ready') {
    return t('Nothing of this question can be asked of set B. Type words for it above.');
  }
  if (kind === 'none') {
    return t(
      'These sets have no tiles at the same places, so they cannot be compared tile by tile. The maps and the lists still can be looked at.',
    );
  }
  return kind === null && phase === 'done' ? t('Matching the tiles of both sets …') : null;
}

/** On narrow screens one side is shown at a time. */
function Tabs() {
  const front = useStore((state) => state.front);
  return (
    <SegmentedControl
      className="compare-tabs"
      fullWidth
      aria-label={t('Side shown')}
      value={front}
      data={[
        { value: 'main', label: t('Side A') },
        { value: 'rival', label: t('Side B') },
      ]}
      onChange={(value) => setState({ front: value as Mark['higher'] })}
    />
  );
}

/** Sets wider than this, in degrees, are looked at as a whole. */
const WHOLE = 50;
/** Frames that are waited for the map to be there. */
const PATIENCE = 1200;

/** A map that is suddenly half as wide shows the whole world again, unless a view was chosen. */
function fitAgain(patience = PATIENCE): void {
  const { camera, info, selected } = getState();
  const [west, , east] = info?.bbox ?? [-180, -90, 180, 90];
  if (camera !== null || selected !== null || Math.abs(east - west) < WHOLE) {
    return;
  }
  requestAnimationFrame(() => {
    if (document.body.dataset.ready === '1') {
      requestAnimationFrame(showWholeWorld);
    } else if (patience > 0) {
      fitAgain(patience - 1);
    }
  });
}

/** What stands above the maps. */
export function CompareTop() {
  const hasFigures = useStore((state) => state.difference !== null);
  useEffect(() => {
    if (hasFigures) {
      fitAgain(); // the figures take some of the map's height
    }
  }, [hasFigures]);
  useEffect(() => {
    fitAgain();
    return () => fitAgain();
  }, []);
  return (
    <>
      <Tabs />
      <MainHead />
      <RivalHead />
    </>
  );
}

/** The second map, and what stands below both. */
export function CompareBelow() {
  const isDifference = useStore(
    (state) => state.contrast === 'difference' && state.difference !== null,
  );
  const which = isDifference ? 'difference' : 'rival';
  const [chosen, choose] = useState<Listing | null>(null);
  const listing = chosen ?? (isDifference ? 'differ' : 'best');
  const agreement = useAgreement(listing === 'differ');
  return (
    <>
      <section
        className="map-area map-rival"
        aria-label={isDifference ? t('Map of the difference') : t('Map of B')}
      >
        <MapView key={which} which={which} />
      </section>
      <div className="compare-below">
        <Trouble />
        {agreement && <Figures aligned={agreement.aligned} />}
        <Lists agreement={agreement} listing={listing} choose={choose} />
      </div>
    </>
  );
}
