/** What the words were read as, what the server wants said, and what went wrong. */
import { Button, Text, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconMapPin, IconRefresh } from '@tabler/icons-react';
import { askPlace, askText, retry } from '../actions';
import { t } from '../i18n';
import { useStore } from '../state';
import type { Place, Problem, ReadAs } from '../types';

/** Below this an answer is worth a second look at how it was read. */
const SURE = 0.999;

function ReadAsLine({ readings }: { readings: ReadAs[] }) {
  return (
    <p className="read-as">
      {t('Read as')}{' '}
      {readings.map(({ phrase, concept, similarity }, index) => (
        <span key={`${phrase} ${concept}`}>
          {index > 0 && ', '}
          <strong>{concept}</strong>
          {similarity < SURE && ` (${similarity.toFixed(2)})`}
        </span>
      ))}
    </p>
  );
}

function PlaceOffers({ places }: { places: Place[] }) {
  return (
    <div className="offers">
      {places.map((place) => (
        <Button
          key={`${place.name} ${place.lon} ${place.lat}`}
          variant="light"
          size="compact-sm"
          leftSection={<IconMapPin size={14} />}
          onClick={() => askPlace(place)}
        >
          {t('Search places like {name} instead', { name: place.name })}
        </Button>
      ))}
    </div>
  );
}

function ProblemBox({ problem }: { problem: Problem }) {
  const isUnknown = problem.code === 'not-understood';
  return (
    <div className="problem" role="alert">
      <div className="problem-head">
        <IconAlertTriangle size={17} aria-hidden="true" />
        <strong>{t(problem.detail)}</strong>
      </div>
      {problem.hint && <Text size="sm">{t(problem.hint)}</Text>}
      <PlaceOffers places={problem.places} />
      {problem.concepts.length > 0 && (
        <div className="concepts" role="group" aria-label={t('What this demo knows')}>
          {problem.concepts.map((concept) => (
            <UnstyledButton key={concept} className="pill" onClick={() => askText(concept)}>
              {concept}
            </UnstyledButton>
          ))}
        </div>
      )}
      {!isUnknown && (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRefresh size={14} />}
          onClick={retry}
        >
          {t('Try again')}
        </Button>
      )}
    </div>
  );
}

export function Notice() {
  const problem = useStore((state) => state.problem);
  const answer = useStore((state) => state.answer);
  if (problem) {
    return <ProblemBox problem={problem} />;
  }
  if (!answer) {
    return null;
  }
  return (
    <div className="notice" role="status">
      {answer.read_as.length > 0 && <ReadAsLine readings={answer.read_as} />}
      {answer.messages.map((message) => (
        <p key={message}>{message}</p>
      ))}
      <PlaceOffers places={answer.places} />
    </div>
  );
}
