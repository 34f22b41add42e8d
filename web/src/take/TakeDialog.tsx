/** The dialog of all that can be taken away, each with what it is for; and whose it is. */
import { Button, Modal, Title } from '@mantine/core';
import { IconAlertTriangle, IconDownload, IconPhoto } from '@tabler/icons-react';
import { saveAs, slug } from '../download';
import { formatCount } from '../format';
import { t } from '../i18n';
import { describeParts } from '../parts';
import { getState, useStore } from '../state';
import { fetchFile } from './fetchFile';
import { forms, type Form } from './formats';
import { Progress } from './Progress';
import { Share } from './Share';
import { creditOf, snapshot } from './snapshot';
import { useTaking } from './useTaking';

interface Row {
  title: string;
  use: string;
  isDisabled: boolean;
  icon: typeof IconDownload;
  label: string;
  take: () => void;
}

function FormRow({ title, use, isDisabled, icon: Icon, label, take }: Row) {
  return (
    <li className="take-row">
      <span className="take-what">
        <strong>{title}</strong>
        <span>{use}</span>
      </span>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<Icon size={15} />}
        disabled={isDisabled}
        aria-label={label}
        onClick={take}
      >
        {t('Save')}
      </Button>
    </li>
  );
}

function pictureName(): string {
  return `map-${slug(describeParts(getState().asked))}.png`;
}

export function TakeDialog({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const answer = useStore((state) => state.answer);
  const info = useStore((state) => state.info);
  const { run, cancel, ...taking } = useTaking();
  const isBusy = taking.what !== null;

  const takeForm = ({ name, title }: Form): void =>
    run(title, async (signal, arrived) => {
      const file = await fetchFile(name, signal, arrived);
      saveAs(file.content, file.name);
      return t('{name} is saved.', { name: file.name });
    });
  const takePicture = (): void =>
    run(t('Map as seen'), async () => {
      const name = pictureName();
      saveAs(await snapshot(), name);
      return t('{name} is saved.', { name });
    });

  return (
    <Modal
      opened={isOpen}
      onClose={close}
      size="lg"
      returnFocus={false}
      title={t('Take the answer away')}
      closeButtonProps={{ 'aria-label': t('Close') }}
      className="take"
    >
      <p className="take-about">
        {answer &&
          t('{count} best tiles of “{question}”.', {
            count: formatCount(answer.results.length),
            question: describeParts(getState().asked),
          })}
      </p>
      <Title order={3} className="take-title">
        {t('Files')}
      </Title>
      <ul className="take-rows">
        {forms().map((form) => {
          const hasNone = form.hasPixels === true && info?.pixels === '';
          return (
            <FormRow
              key={form.name}
              title={form.title}
              use={hasNone ? t('This set has no pixels of its tiles.') : form.use}
              isDisabled={isBusy || (hasNone && form.name === 'chips')}
              icon={IconDownload}
              label={t('Save as {form}', { form: form.title })}
              take={() => takeForm(form)}
            />
          );
        })}
        <FormRow
          title={t('Map as seen')}
          use={t('PNG of the map as it is on the screen, with title, scale and credit')}
          isDisabled={isBusy}
          icon={IconPhoto}
          label={t('Save as {form}', { form: t('Map as seen') })}
          take={takePicture}
        />
      </ul>
      <div className="take-state">
        {isBusy && <Progress taking={taking} cancel={() => cancel(t('Cancelled.'))} />}
        <p className="take-done" role="status">
          {taking.done}
        </p>
        {taking.wrong && (
          <p className="take-wrong" role="alert">
            <IconAlertTriangle size={16} aria-hidden="true" />
            <span>{taking.wrong}</span>
          </p>
        )}
      </div>
      <Share run={run} isBusy={isBusy} close={close} />
      <p className="take-credit">{creditOf()}</p>
    </Modal>
  );
}
