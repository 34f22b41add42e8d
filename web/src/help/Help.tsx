/** What the page does, its keys, what scores mean, its limits, whose data it shows. */
import { Button, CloseButton, Kbd, Switch } from '@mantine/core';
import { Fragment, useEffect, useRef, useState, type SyntheticEvent } from 'react';
import { openApiUrl } from '../api';
import { t } from '../i18n';
import { setState, useStore } from '../state';
import { setSingleKeys, SHORTCUTS, singleKeysOn } from './shortcuts';

function close({ currentTarget }: SyntheticEvent<HTMLDialogElement>): void {
  if (!currentTarget.open) {
    setState({ isHelpOpen: false });
  }
}

function Keys() {
  const [isOn, setOn] = useState(singleKeysOn);
  return (
    <section aria-labelledby="help-keys">
      <h3 id="help-keys">{t('Keys')}</h3>
      <dl className="help-keys">
        {SHORTCUTS.map(({ keys, what }) => (
          <Fragment key={keys}>
            <dt>
              <Kbd>{keys}</Kbd>
            </dt>
            <dd>{t(what)}</dd>
          </Fragment>
        ))}
      </dl>
      <p>{t('On the map, arrow keys move and plus and minus zoom. Escape closes what is open.')}</p>
      <Switch
        checked={isOn}
        label={t('Single keys, without Ctrl')}
        description={t('Switch them off if speech input or a slip of the hand sets them off.')}
        onChange={(event) => {
          setOn(event.currentTarget.checked);
          setSingleKeys(event.currentTarget.checked);
        }}
      />
    </section>
  );
}

function Scores() {
  return (
    <section aria-labelledby="help-scores">
      <h3 id="help-scores">{t('What a score means')}</h3>
      <p>
        {t(
          'A model turns the question and every tile into vectors; the score is the cosine between them, from −1 to 1. It orders tiles; it is no probability, and scores of two models or two questions cannot be compared with each other. “Best 5 %” is counted over all tiles of the set.',
        )}
      </p>
      <h3>{t('Comparing')}</h3>
      <p>
        {t(
          'Two questions or two sets stand side by side, with the same cut. The figures use ranks only: what part of the best tiles both sides share, how alike the order of all tiles is (Spearman), and by how many ranks listed tiles move. On the map of the difference, orange is ranked higher by A and blue by B.',
        )}
      </p>
      <h3>{t('Limits')}</h3>
      <p>
        {t(
          'A model finds what looks alike to it, which may be something else. Small things are lost in large tiles, pictures may be clouded or from another season, and what is rare may be missed. Look at the pictures before you rely on a map.',
        )}
      </p>
    </section>
  );
}

function Sources() {
  const info = useStore((state) => state.info);
  return (
    <section aria-labelledby="help-sources">
      <h3 id="help-sources">{t('Whose data and software')}</h3>
      {info?.attribution && <p>{info.attribution}</p>}
      <p>
        {t('Base map: Natural Earth (public domain). Grid of tiles: Major TOM.')}{' '}
        <a href="./THIRD_PARTY.txt">{t('Software notices')}</a>
      </p>
      <p>
        {t('Everything here can also be asked over HTTP:')}{' '}
        <a href={openApiUrl()}>{t('description of the API (OpenAPI)')}</a>
      </p>
    </section>
  );
}

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={close}>
      <div className="help-head">
        <h2 id="help-title">{t('Help')}</h2>
        <CloseButton aria-label={t('Close the help')} onClick={() => dialog.current?.close()} />
      </div>
      <div className="help-body">
        <section aria-labelledby="help-what">
          <h3 id="help-what">{t('What this page does')}</h3>
          <p>
            {t(
              'Ask for something in words, with a picture, a place, a drawn area or tiles that you like. Every tile of the set is scored; the map shows all scores, the list the best tiles with their pictures. Take answers away as files, mark tiles as right or wrong, and compare two models or two questions.',
            )}
          </p>
          <p>
            {t(
              'The address of the page holds all of it: question, filters, view and comparison. Send the link, and others see what you see.',
            )}
          </p>
        </section>
        <Keys />
        <Scores />
        <Sources />
      </div>
      <div className="help-foot">
        <Button size="sm" onClick={() => dialog.current?.close()}>
          {t('Close')}
        </Button>
      </div>
    </dialog>
  );
}
