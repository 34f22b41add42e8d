/** Name, what is searched, dark or light; below it what this data is not. */
import {
  ActionIcon,
  Button,
  Menu,
  Text,
  Title,
  Tooltip,
  useComputedColorScheme,
} from '@mantine/core';
import { IconCheck, IconChevronDown, IconInfoCircle, IconMoon, IconSun } from '@tabler/icons-react';
import { chooseSet, setTheme } from '../actions';
import { formatCount } from '../format';
import { useStore } from '../state';
import { HeaderTools } from '../help/HeaderTools';
import { FileMenu } from './FileMenu';
import { Logo } from './Logo';

/** What is searched; where the server has several sets, a menu of them. */
function SetName() {
  const info = useStore((state) => state.info);
  const sets = useStore((state) => state.sets);
  const chosen = useStore((state) => state.set);
  const told = info ? `${formatCount(info.rows)} tiles · ${info.title}` : chosen;
  if (sets.length < 2) {
    return info ? (
      <Text className="header-set" size="sm" c="dimmed">
        {told}
      </Text>
    ) : null;
  }
  return (
    <Menu position="bottom-start" shadow="lg" withinPortal>
      <Menu.Target>
        <Button
          className="header-set header-sets"
          variant="subtle"
          color="gray"
          size="compact-sm"
          rightSection={<IconChevronDown size={14} />}
          aria-label={`Choose the set of tiles, now ${told}`}
        >
          {told}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className="sets-menu">
        {sets.map((set) => {
          const isChosen = set.name === info?.name;
          return (
            <Menu.Item
              key={set.name}
              aria-current={isChosen || undefined}
              leftSection={isChosen ? <IconCheck size={14} /> : <span className="menu-gap" />}
              onClick={() => void chooseSet(set.name)}
            >
              {set.title}
              <Text size="xs" c="dimmed">
                {set.name} · {formatCount(set.rows)} tiles{set.model && ` · ${set.model}`}
              </Text>
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

export function Header() {
  const dark = useComputedColorScheme('dark') === 'dark';
  const label = dark ? 'Switch to light colours' : 'Switch to dark colours';
  return (
    <header className="header">
      <Logo />
      <Title order={1} className="header-title">
        Earth Embedding Explorer
      </Title>
      <SetName />
      <FileMenu />
      <HeaderTools />
      <Tooltip label={label}>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={label}
          onClick={() => setTheme(dark ? 'light' : 'dark')}
        >
          {dark ? <IconSun size={18} /> : <IconMoon size={18} />}
        </ActionIcon>
      </Tooltip>
    </header>
  );
}

export function Banner() {
  const info = useStore((state) => state.info);
  const answer = useStore((state) => state.answer);
  const text = answer?.banner || info?.banner;
  if (!text) {
    return null;
  }
  return (
    <div className="banner" role="note">
      <IconInfoCircle size={16} aria-hidden="true" />
      <span>{text}</span>
    </div>
  );
}
