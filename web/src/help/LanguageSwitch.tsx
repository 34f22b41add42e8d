/** In which language the page speaks. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconCheck, IconLanguage } from '@tabler/icons-react';
import { setLanguage } from '../actions';
import { LANGUAGE_NAMES, LANGUAGES, t } from '../i18n';
import { useStore } from '../state';

export function LanguageSwitch() {
  const lang = useStore((state) => state.lang);
  const label = `${t('Language')} · Language · 语言`;
  return (
    <Menu position="bottom-end" shadow="lg" withinPortal>
      <Menu.Target>
        <Tooltip label={t('Language')}>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={lang === 'en' ? 'Language · 语言' : label}
          >
            <IconLanguage size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            aria-current={language === lang || undefined}
            leftSection={
              language === lang ? <IconCheck size={14} /> : <span className="menu-gap" />
            }
            onClick={() => setLanguage(language)}
          >
            {LANGUAGE_NAMES[language]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
