/** Which base map, flat or globe, which names. */
import { ActionIcon, Button, Menu, SegmentedControl, Tooltip } from '@mantine/core';
import {
  IconCheck,
  IconChevronDown,
  IconMap2,
  IconTypography,
  IconWorld,
  IconZoomReset,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { setBase, setNames, setProjection, showWholeWorld } from '../actions';
import { t } from '../i18n';
import { useStore } from '../state';
import type { Names } from '../url';
import { baseOf } from './ground';

interface ChoiceProps {
  value: string;
  isChosen: boolean;
  choose: () => void;
  children: ReactNode;
}

function Choice({ value, isChosen, choose, children }: ChoiceProps) {
  return (
    <Menu.RadioItem
      value={value}
      checked={isChosen}
      checkIcon={<IconCheck size={14} />}
      closeMenuOnClick
      onChange={choose}
    >
      {children}
    </Menu.RadioItem>
  );
}

function NamesMenu() {
  const names = useStore((state) => state.names);
  const choices: [Names, string][] = [
    ['places', t('Seas, landscapes, cities')],
    ['countries', t('Countries too, as Natural Earth has them')],
    ['none', t('No names')],
  ];
  return (
    <Menu position="bottom-start" withinPortal withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          className="floating"
          variant="default"
          size={32}
          title={t('Names on the map')}
          aria-label={t('Names on the map')}
        >
          <IconTypography size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([value, label]) => (
          <Choice
            key={value}
            value={value}
            isChosen={value === names}
            choose={() => setNames(value)}
          >
            {label}
          </Choice>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Map and Blue Marble side by side; with maps of other hosts, a menu of all. */
function BaseSwitch() {
  const base = useStore(baseOf);
  const grounds = useStore((state) => state.grounds);
  const own = [
    { value: 'vector', label: t('Map') },
    { value: 'bluemarble', label: 'Blue Marble' },
  ];
  if (grounds.length === 0) {
    return (
      <SegmentedControl
        className="floating"
        size="xs"
        data={own}
        value={base}
        onChange={setBase}
        aria-label={t('Base map')}
      />
    );
  }
  const all = [
    ...own,
    ...grounds.map(({ name }) => ({
      value: name,
      label: t('{name} (from another host)', { name }),
    })),
  ];
  return (
    <Menu position="bottom-start" withinPortal withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          className="floating base-button"
          variant="default"
          size="compact-md"
          rightSection={<IconChevronDown size={14} />}
          aria-label={t('Base map')}
        >
          {all.find(({ value }) => value === base)?.label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {all.map(({ value, label }) => (
          <Choice key={value} value={value} isChosen={value === base} choose={() => setBase(value)}>
            {label}
          </Choice>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function MapSwitches() {
  const projection = useStore((state) => state.projection);
  const isGlobe = projection === 'globe';
  const label = isGlobe ? t('Show the flat map') : t('Show the globe');
  return (
    <div className="map-switches">
      <BaseSwitch />
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
