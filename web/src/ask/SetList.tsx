/** Sets and models: what each takes and is good for, its licence, and how to get what is not here. */
import { ActionIcon, Button, CopyButton, Modal, Text, UnstyledButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { chooseSet } from '../actions';
import { formatCount } from '../format';
import { t } from '../i18n';
import { useStore } from '../state';
import type { ModelInfo, Part, SetInfo } from '../types';
import { showSets, useSetsOpen } from './dialog';
import { kindsWords, lacking, modelOf, reason } from './fit';

/** A paper as a link, where what is known of it says where it is. */
function Paper({ paper }: { paper: string }) {
  const arxiv = /arXiv[: ](\d{4}\.\d{4,5})/i.exec(paper)?.[1];
  const address = paper.startsWith('http') ? paper : arxiv && `https://arxiv.org/abs/${arxiv}`;
  if (!paper) {
    return null;
  }
  return address ? (
    <a href={address} target="_blank" rel="noreferrer" title={paper}>
      {t('Paper')}
    </a>
  ) : (
    <span>{paper}</span>
  );
}

function GetCommand({ model }: { model: ModelInfo }) {
  if (model.installed || !model.get) {
    return null;
  }
  return (
    <div className="get-command">
      <span>{t('Get it on the server:')}</span>
      <code>{model.get}</code>
      <CopyButton value={model.get}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="default"
            size={26}
            aria-label={copied ? t('Copied') : t('Copy {command}', { command: model.get })}
            onClick={copy}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
    </div>
  );
}

function Facts({ children }: { children: ReactNode }) {
  return <div className="set-facts">{children}</div>;
}

function ModelFacts({ model }: { model: ModelInfo }) {
  return (
    <>
      {model.good_for && <p className="set-good">{model.good_for}</p>}
      <Facts>
        <span>{t('Model {name}', { name: model.name })}</span>
        {model.licence && <span>{model.licence}</span>}
        <Paper paper={model.paper} />
      </Facts>
      <GetCommand model={model} />
    </>
  );
}

function choose(name: string): void {
  showSets(false);
  void chooseSet(name);
}

function SetEntry({ set }: { set: SetInfo }) {
  const chosen = useStore((state) => state.info?.name);
  const parts = useStore((state) => state.parts);
  const models = useStore((state) => state.models);
  const model = modelOf(set, models);
  const kinds = lacking(set, parts);
  const why = reason(set, kinds, models);
  const isChosen = set.name === chosen;
  const isLeft = kinds.length > 0 && !isChosen;
  const takes: Part['kind'][] = [...set.takes, 'row'];
  return (
    <li className="set-entry" data-chosen={isChosen || undefined} data-off={isLeft || undefined}>
      <UnstyledButton
        className="set-main"
        aria-current={isChosen || undefined}
        disabled={isLeft}
        onClick={() => choose(set.name)}
      >
        <span className="set-title">{set.title}</span>
        {isChosen && <IconCheck size={15} aria-label={t('chosen')} />}
      </UnstyledButton>
      <Facts>
        <span>{set.name}</span>
        <span>{t('{count} tiles', { count: formatCount(set.rows) })}</span>
        <span>{t('takes {kinds}', { kinds: kindsWords(takes) })}</span>
        {set.licence && <span>{set.licence}</span>}
      </Facts>
      {model ? (
        <ModelFacts model={model} />
      ) : (
        set.model && <Facts>{t('Model {name}', { name: set.model })}</Facts>
      )}
      {why && (
        <div className="set-why">
          <span>{why}</span>
          {isLeft && (
            <Button variant="default" size="compact-xs" onClick={() => choose(set.name)}>
              {t('Leave out {kinds} and turn to it', { kinds: kindsWords(kinds) })}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

/** Those that can take what is asked come first. */
function sorted(sets: SetInfo[], parts: Part[]): SetInfo[] {
  const isLacking = (set: SetInfo): number => Number(lacking(set, parts).length > 0);
  return sets.toSorted((one, other) => isLacking(one) - isLacking(other));
}

function Others() {
  const sets = useStore((state) => state.sets);
  const models = useStore((state) => state.models);
  const others = models.filter(({ name }) => !sets.some((set) => set.model === name));
  if (others.length === 0) {
    return null;
  }
  return (
    <section className="model-list" aria-labelledby="models-title">
      <h3 id="models-title">{t('Models without a set here')}</h3>
      <Text size="xs" c="dimmed">
        {t('A set of their vectors makes them ask:')} <code>eex sets</code>, <code>eex open</code>
      </Text>
      <ul>
        {others.map((model) => (
          <li key={model.name} className="set-entry">
            <span className="set-title">{model.title}</span>
            <Facts>
              <span>
                {t('takes {kinds}', { kinds: kindsWords(model.modalities as Part['kind'][]) })}
              </span>
            </Facts>
            <ModelFacts model={model} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function SetList() {
  const opened = useSetsOpen();
  const sets = useStore((state) => state.sets);
  const parts = useStore((state) => state.parts);
  return (
    <Modal
      opened={opened}
      onClose={() => showSets(false)}
      title={t('Sets and models')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('Close') }}
    >
      <ul className="set-list">
        {sorted(sets, parts).map((set) => (
          <SetEntry key={set.name} set={set} />
        ))}
      </ul>
      <Others />
    </Modal>
  );
}
