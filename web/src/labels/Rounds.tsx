/** The rounds that were asked: each can be gone back to, with its labels and its answer. */
import { UnstyledButton } from '@mantine/core';
import { t } from '../i18n';
import { goToRound } from './ask';
import { countsOf } from './mark';
import { useSession, type Method } from './session';

function nameOf(method: Method | null): string {
  switch (method) {
    case 'rocchio':
      return t('Question');
    case 'mean':
      return t('Mean');
    case 'logistic':
      return t('Classifier');
    case null:
      return t('not asked');
  }
}

export function Rounds() {
  const rounds = useSession((session) => session.rounds);
  const at = useSession((session) => session.at);
  if (rounds.length < 2) {
    return null;
  }
  return (
    <ol className="rounds" aria-label={t('Rounds')}>
      {rounds.map(({ labels, method }, number) => (
        // oxlint-disable-next-line react/no-array-index-key -- rounds are numbered
        <li key={number}>
          <UnstyledButton
            className="round"
            aria-current={number === at || undefined}
            onClick={() => void goToRound(number)}
          >
            <span className="round-number">{number}</span>
            <span>{number === 0 ? t('Before any label') : countsOf(labels)}</span>
            <span className="round-method">{number > 0 && nameOf(method)}</span>
          </UnstyledButton>
        </li>
      ))}
    </ol>
  );
}
