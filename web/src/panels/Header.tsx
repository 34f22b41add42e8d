/** Name, what is searched, dark or light; below it what this data is not. */
import { ActionIcon, Button, Title, Tooltip, useComputedColorScheme } from '@mantine/core';
import { IconChevronDown, IconInfoCircle, IconMoon, IconSun } from '@tabler/icons-react';
import { setTheme } from '../actions';
import { showSets } from '../ask/dialog';
import { formatCount } from '../format';
import { t } from '../i18n';
import { useStore } from '../state';
import { HeaderTools } from '../help/HeaderTools';
import { FileMenu } from './FileMenu';
import { Logo } from './Logo';

/** What is searched; opens the list of sets and models. */
function SetName() {
  const info = useStore((state) => state.info);
  const chosen = useStore((state) => state.set);
  const told = info
    ? `${t('{count} tiles', { count: formatCount(info.rows) })} · ${info.title}`
    : chosen;
  return (
    <Button
      className="header-set header-sets"
      variant="subtle"
      color="gray"
      size="compact-sm"
      rightSection={<IconChevronDown size={14} />}
      aria-label={t('Choose the set of tiles, now {told}', { told })}
      aria-haspopup="dialog"
      onClick={() => showSets(true)}
    >
      {told}
    </Button>
  );
}

export function Header() {
  const dark = useComputedColorScheme('dark') === 'dark';
  const label = dark ? t('Switch to light colours') : t('Switch to dark colours');
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
