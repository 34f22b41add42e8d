/** The map with its tooltip, controls and legend. */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useStore } from '../state';
import { MapController, type Hover } from './controller';
import { HoverTip } from './HoverTip';
import { Legend } from './Legend';
import { MapSwitches } from './MapSwitches';
import { TileCard } from './TileCard';

export function MapView() {
  const dark = useComputedColorScheme('dark') === 'dark';
  const isImagery = useStore((state) => state.base === 'bluemarble');
  const isRefused = useStore((state) => state.phase === 'failed' && !state.answer);
  const box = useRef<HTMLDivElement>(null);
  const controller = useRef<MapController>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const firstDark = useRef(dark);

  useEffect(() => {
    const made = new MapController(box.current!, firstDark.current, setHover);
    controller.current = made;
    return () => {
      controller.current = null;
      made.destroy();
    };
  }, []);

  useEffect(() => controller.current?.setDark(dark), [dark]);

  return (
    <div className="map-frame" data-imagery={isImagery || undefined}>
      <div ref={box} className="map-canvas" data-testid="map" />
      {hover && <HoverTip hover={hover} />}
      <MapSwitches />
      <Legend />
      <TileCard />
      {isRefused && (
        <div className="map-empty floating">
          There is no map for this query. Try one of the examples or a known concept.
        </div>
      )}
    </div>
  );
}
