/** Name, what is searched, dark or light; below it what this data is not. */
import { ActionIcon, Text, Title, Tooltip, useComputedColorScheme } from '@mantine/core';
import { IconInfoCircle, IconMoon, IconSun } from '@tabler/icons-react';
import { setTheme } from '../actions';
import { formatCount } from '../format';
import { useStore } from '../state';
import { Logo } from './Logo';

export function Header() {
  const info = useStore((state) => state.info);
  const dark = useComputedColorScheme('dark') === 'dark';
  const label = dark ? 'Switch to light colours' : 'Switch to dark colours';
  return (
    <header className="header">
      <Logo />
      <Title order={1} className="header-title">
        Earth Embedding Explorer
      </Title>
      {info && (
        <Text className="header-set" size="sm" c="dimmed">
          {formatCount(info.rows)} tiles · {info.title}
        </Text>
      )}
      <Tooltip label={label}>
        <ActionIcon
          variant="default"
          size="lg"
          ml="auto"
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
