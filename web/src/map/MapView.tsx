/** The map with its tooltip, controls, legend and what is said in place of an answer. */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useStore } from '../state';
import { MapController } from './controller';
import type { Hover } from './hover';
import { HoverTip } from './HoverTip';
import { Legend } from './Legend';
import { MapSwitches } from './MapSwitches';
import { TileCard } from './TileCard';

function useMap() {
  const dark = useComputedColorScheme('dark') === 'dark';
  const box = useRef<HTMLDivElement>(null);
  const controller = useRef<MapController>(null);
  const firstDark = useRef(dark);
  const [hover, setHover] = useState<Hover | null>(null);
  const [isBroken, setBroken] = useState(false);

  useEffect(() => {
    try {
      controller.current = new MapController(box.current!, firstDark.current, setHover);
    } catch {
      // oxlint-disable-next-line react/set-state-in-effect -- known only once it was tried
      setBroken(true);
    }
    return () => {
      controller.current?.destroy();
      controller.current = null;
    };
  }, []);

  useEffect(() => {
    controller.current?.setDark(dark);
  }, [dark]);
  return { box, hover, isBroken };
}

function MapMessage({ isBroken }: { isBroken: boolean }) {
  const phase = useStore((state) => state.phase);
  const hasAnswer = useStore((state) => state.answer !== null);
  if (isBroken) {
    return (
      <div className="map-message floating" role="alert">
        This browser cannot draw the map: it needs WebGL 2. Results are listed all the same.
      </div>
    );
  }
  if (phase === 'starting') {
    return (
      <div className="map-message map-message-late floating" role="status">
        Preparing the tiles. The first time this takes about ten seconds.
      </div>
    );
  }
  if (phase === 'failed' && !hasAnswer) {
    return (
      <div className="map-message floating">
        There is no map for this query. Try one of the examples.
      </div>
    );
  }
  return null;
}

export function MapView() {
  const isImagery = useStore((state) => state.base === 'bluemarble');
  const isSearching = useStore((state) => state.phase === 'searching');
  const { box, hover, isBroken } = useMap();
  return (
    <div className="map-frame" data-imagery={isImagery || undefined}>
      <div ref={box} className="map-canvas" data-testid="map" />
      {isSearching && <div className="busy-bar" />}
      {hover && <HoverTip hover={hover} />}
      <MapSwitches />
      <Legend />
      <TileCard />
      <MapMessage isBroken={isBroken} />
    </div>
  );
}
