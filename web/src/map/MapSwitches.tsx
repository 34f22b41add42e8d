/** Which base map, flat or globe. */
import { ActionIcon, SegmentedControl, Tooltip } from '@mantine/core';
import { IconMap2, IconWorld, IconZoomReset } from '@tabler/icons-react';
import { setBase, setProjection, showWholeWorld } from '../actions';
import { useStore } from '../state';
import type { Base } from '../url';

const BASES = [
  { value: 'vector', label: 'Map' },
  { value: 'bluemarble', label: 'Blue Marble' },
];

export function MapSwitches() {
  const base = useStore((state) => state.base);
  const projection = useStore((state) => state.projection);
  const isGlobe = projection === 'globe';
  const label = isGlobe ? 'Show the flat map' : 'Show the globe';
  return (
    <div className="map-switches">
      <SegmentedControl
        className="floating"
        size="xs"
        data={BASES}
        value={base}
        onChange={(value) => setBase(value as Base)}
        aria-label="Base map"
      />
      <Tooltip label={label}>
        <ActionIcon
          className="floating"
          variant="default"
          size={32}
          aria-label={label}
          aria-pressed={isGlobe}
          onClick={() => setProjection(isGlobe ? 'mercator' : 'globe')}
        >
          {isGlobe ? <IconMap2 size={17} /> : <IconWorld size={17} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Show the whole world">
        <ActionIcon
          className="floating"
          variant="default"
          size={32}
          aria-label="Show the whole world"
          onClick={showWholeWorld}
        >
          <IconZoomReset size={17} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
