/** Says to screen readers what a search brought and which tile was chosen; nothing is seen of it. */
import { VisuallyHidden } from '@mantine/core';
import { formatCount, formatPlace, formatScore } from '../format';
import { t } from '../i18n';
import { useStore, type State } from '../state';

function found({ answer, field, phase }: State): string {
  const best = answer?.results[0];
  if (phase === 'searching') {
    return t('Searching …');
  }
  if (phase !== 'done' || !answer || !field) {
    return '';
  }
  if (!best) {
    return t('No tile found.');
  }
  return t('{count} tiles found of {total}; the best has score {score}, {place}.', {
    count: formatCount(answer.results.length),
    total: formatCount(field.valid),
    score: formatScore(best.score),
    place: best.near ?? formatPlace(best.lon, best.lat),
  });
}

function chosen({ answer, selected }: State): string {
  // Asked at every change of the store: no search through 50,000 results where none is chosen.
  const result = selected === null ? null : answer?.results.find(({ row }) => row === selected);
  return result
    ? t('Number {rank}, score {score}, {place}', {
        rank: result.rank,
        score: formatScore(result.score),
        place: result.near ?? formatPlace(result.lon, result.lat),
      })
    : '';
}

export function Announcer() {
  const ofSearch = useStore(found);
  const ofTile = useStore(chosen);
  return (
    <VisuallyHidden>
      <div role="status" data-testid="announcer">
        {ofSearch}
      </div>
      <div role="status">{ofTile}</div>
    </VisuallyHidden>
  );
}
