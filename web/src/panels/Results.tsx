/** The best tiles, each with its picture. */
import { Skeleton, Title } from '@mantine/core';
import { describeParts } from '../parts';
import { useStore } from '../state';
import { Take } from '../take/Take';
import { ResultCard } from './ResultCard';

const WAITING = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export function Results() {
  const answer = useStore((state) => state.answer);
  const asked = useStore((state) => state.asked);
  const phase = useStore((state) => state.phase);
  const info = useStore((state) => state.info);
  const isWaiting = !answer && phase !== 'failed' && phase !== 'ready';
  return (
    <section
      className="results"
      aria-labelledby="results-title"
      aria-busy={phase === 'searching'}
      data-stale={phase === 'searching' || undefined}
    >
      <div className="results-head">
        <Title order={2} id="results-title" className="section-title">
          Best tiles
        </Title>
        {answer && (
          <span className="results-what">
            {describeParts(asked)}
            {info && info.spread_km > 0 && ` · at least ${info.spread_km} km apart`}
            {` · ${Math.max(1, Math.round(answer.took_ms))} ms`}
          </span>
        )}
        <Take />
      </div>
      {!answer && !isWaiting && <p className="results-none">Nothing to show yet.</p>}
      <ul className="gallery" key={answer?.id}>
        {isWaiting &&
          WAITING.map((key) => (
            <li key={key} className="card">
              <Skeleton className="card-picture" />
              <Skeleton height={10} mt={8} width="70%" />
            </li>
          ))}
        {answer?.results.map((result) => (
          <ResultCard key={`${answer.id} ${result.row}`} result={result} />
        ))}
      </ul>
    </section>
  );
}
