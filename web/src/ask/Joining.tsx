/** How two parts or more become one score: a quiet control with its explanation. */
import { Menu, Text, UnstyledButton } from '@mantine/core';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import { t } from '../i18n';
import { useStore } from '../state';
import { joinBy, methodName, METHODS, methodWords, usualMethod } from './join';

export function Joining() {
  const count = useStore((state) => state.parts.length);
  const also = useStore((state) => state.also);
  const fusion = useStore((state) => state.fusion);
  if (count < 2 && also.length === 0) {
    return null;
  }
  const method = fusion?.method ?? usualMethod(also);
  const calibration = fusion?.calibration;
  return (
    <div className="joining">
      <Menu position="bottom-start" shadow="lg" width={300} withinPortal>
        <Menu.Target>
          <UnstyledButton className="joining-button">
            <span className="joining-title">{t('Joined by')}</span> {methodName(method)}
            <IconChevronDown size={13} aria-hidden="true" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {METHODS.map((one) => (
            <Menu.Item
              key={one}
              aria-current={one === method || undefined}
              leftSection={one === method ? <IconCheck size={14} /> : <span className="menu-gap" />}
              onClick={() => joinBy(one)}
            >
              {methodName(one)}
              <Text size="xs" c="dimmed">
                {methodWords(one)}
              </Text>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <p className="joining-words">
        {methodWords(method)}
        {calibration && ` ${t('Calibration: {name}.', { name: calibration })}`}
      </p>
    </div>
  );
}
