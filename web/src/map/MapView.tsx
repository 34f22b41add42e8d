/** The map with its tooltip, controls, legend and what is said in place of an answer. */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useImperativeHandle, useRef, useState, type RefObject } from 'react';
import { DifferenceLegend } from '../compare/DifferenceLegend';
import { formatPercent } from '../format';
import { t } from '../i18n';
import { sideOf, useStore, type WhichSide } from '../state';
import type { MapController } from './controller';
import { baseOf } from './ground';
import type { Hover } from './hover';
import { HoverTip } from './HoverTip';
import { Legend } from './Legend';
import { MapSwitches } from './MapSwitches';
import { TileCard } from './TileCard';

/** The map is a large part of the page's code; the rest does not wait for it. */
const drawing = import('./controller');

type Hear = (hover: Hover | null) => void;

function useMap(which: WhichSide, hear: RefObject<Hear | null>) {
  const dark = useComputedColorScheme('dark') === 'dark';
  const box = useRef<HTMLDivElement>(null);
  const controller = useRef<MapController>(null);
  const isDark = useRef(dark);
  const [isBroken, setBroken] = useState(false);
  const [isGroundLost, setGroundLost] = useState(false);

  useEffect(() => {
    let isGone = false;
    const draw = async (): Promise<void> => {
      const { MapController: Controller } = await drawing;
      if (!isGone && box.current) {
        const tell: Hear = (hover) => hear.current?.(hover);
        controller.current = new Controller(box.current, isDark.current, tell, which);
        controller.current.onGround = setGroundLost;
      }
    };
    draw().catch(() => setBroken(true));
    return () => {
      isGone = true;
      controller.current?.destroy();
      controller.current = null;
    };
  }, [which, hear]);

  useEffect(() => {
    isDark.current = dark;
    controller.current?.setDark(dark);
  }, [dark]);
  return { box, isBroken, isGroundLost };
}

/** Follows the pointer by itself, so that nothing else is drawn anew at each of its moves. */
function Tip({ which, hear }: { which: WhichSide; hear: RefObject<Hear | null> }) {
  const [hover, setHover] = useState<Hover | null>(null);
  useImperativeHandle(hear, () => setHover, []);
  return hover && <HoverTip hover={hover} which={which} />;
}

function MapMessage({ isBroken, which }: { isBroken: boolean; which: WhichSide }) {
  const phase = useStore((state) => sideOf(state, which).phase);
  const hasAnswer = useStore((state) => sideOf(state, which).answer !== null);
  const progress = useStore((state) => state.progress);
  if (isBroken) {
    return (
      <div className="map-message floating" role="alert">
        {t('This browser cannot draw the map: it needs WebGL 2. Results are listed all the same.')}
      </div>
    );
  }
  if (phase === 'starting') {
    return (
      <div className="map-message map-message-late floating" role="status">
        {progress === null
          ? t('Preparing the tiles. The first time this takes about ten seconds.')
          : t('Loading the places of the tiles: {percent}', {
              percent: formatPercent(Math.max(1, 100 * progress)),
            })}
      </div>
    );
  }
  if (phase === 'failed' && !hasAnswer) {
    return (
      <div className="map-message floating">
        {t('There is no map for this query. Try one of the examples.')}
      </div>
    );
  }
  return null;
}

/** One side's map. Controls, legend and the card of the chosen tile are on the main one only. */
export function MapView({ which = 'main' }: { which?: WhichSide }) {
  const isMain = which === 'main';
  const isSearching = useStore((state) => sideOf(state, which).phase === 'searching');
  const base = useStore(baseOf);
  const hear = useRef<Hear>(null);
  const { box, isBroken, isGroundLost } = useMap(which, hear);
  return (
    <div className="map-frame" data-imagery={base !== 'vector' || undefined}>
      <div ref={box} className="map-canvas" data-testid={isMain ? 'map' : 'map-rival'} />
      {isSearching && <div className="busy-bar" />}
      <Tip which={which} hear={hear} />
      {isMain && <MapSwitches />}
      {which === 'difference' ? <DifferenceLegend /> : <Legend which={which} />}
      {isMain && <TileCard />}
      {isMain && isGroundLost && (
        <div className="map-note floating" role="status">
          {t('The map “{name}” does not answer; the tiles are drawn without it.', { name: base })}
        </div>
      )}
      <MapMessage isBroken={isBroken} which={which} />
    </div>
  );
}
