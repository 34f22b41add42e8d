/** Which base map, flat or globe, which names. */
import { ActionIcon, Menu, SegmentedControl, Tooltip } from '@mantine/core';
import { IconCheck, IconMap2, IconTypography, IconWorld, IconZoomReset } from '@tabler/icons-react';
import { setBase, setNames, setProjection, showWholeWorld } from '../actions';
import { t } from '../i18n';
import { useStore } from '../state';
import type { Names } from '../url';

function NamesMenu() {
  const names = useStore((state) => state.names);
  const choices: [Names, string][] = [
    ['places', t('Seas, landscapes, cities')],
    ['countries', t('Countries too')],
    ['none', t('No names')],
  ];
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Tooltip label={t('Names on the map')}>
          <ActionIcon
            className="floating"
            variant="default"
            size={32}
            aria-label={t('Names on the map')}
          >
            <IconTypography size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([value, label]) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={names === value}
            leftSection={names === value ? <IconCheck size={14} /> : <span className="menu-gap" />}
            onClick={() => setNames(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Label className="names-note">
          {t('Natural Earth, in English; country names as given there.')}
        </Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}

export function MapSwitches() {
  const base = useStore((state) => state.base);
  const projection = useStore((state) => state.projection);
  const isGlobe = projection === 'globe';
  const label = isGlobe ? t('Show the flat map') : t('Show the globe');
  const bases = [
    { value: 'vector', label: t('Map') },
    { value: 'bluemarble', label: 'Blue Marble' },
  ];
  return (
    <div className="map-switches">
      <SegmentedControl
        className="floating"
        size="xs"
        data={bases}
        value={base}
        onChange={setBase}
        aria-label={t('Base map')}
      />
      <NamesMenu />
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
      <Tooltip label={t('Show the whole world')}>
        <ActionIcon
          className="floating"
          variant="default"
          size={32}
          aria-label={t('Show the whole world')}
          onClick={showWholeWorld}
        >
          <IconZoomReset size={17} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
