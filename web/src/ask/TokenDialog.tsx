/** The server lets in only those who have its token: ask for it, then go on. */
import { Button, Modal, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { retry } from '../actions';
import { login, toProblem } from '../api';
import { t } from '../i18n';
import { useStore } from '../state';

function TokenForm({ close }: { close: () => void }) {
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState('');
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await login(token.trim());
      close();
      retry();
    } catch (error) {
      const { detail, hint } = toProblem(error);
      setWrong(`${detail} ${hint}`.trim());
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Text size="sm" mb="sm">
        {t('Who runs this server gave you a token. The browser keeps a cookie in its place.')}
      </Text>
      <TextInput
        data-autofocus
        type="password"
        autoComplete="current-password"
        label={t('Token')}
        value={token}
        error={wrong || null}
        onChange={(event) => {
          setToken(event.currentTarget.value);
          setWrong('');
        }}
      />
      <Button type="submit" mt="md" fullWidth loading={isBusy} disabled={!token.trim()}>
        {t('Go on')}
      </Button>
    </form>
  );
}

export function TokenDialog() {
  const problem = useStore((state) => state.problem);
  const [closedFor, setClosedFor] = useState<unknown>(null);
  const isNeeded = problem?.code === 'token-needed' && closedFor !== problem;
  const close = (): void => setClosedFor(problem);
  return (
    <Modal
      opened={isNeeded}
      onClose={close}
      title={t('This server asks for a token')}
      size="sm"
      closeButtonProps={{ 'aria-label': t('Close') }}
    >
      <TokenForm close={close} />
    </Modal>
  );
}
